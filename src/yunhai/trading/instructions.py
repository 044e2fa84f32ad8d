"""Instructions 委託指示: what is signed, how it is written for signing, and its fixed-layout record.

An instruction is a new order, a cancel, a cut or a change of price. Its **canonical text** is UTF-8 lines `name=value` in
the one order of `FIELDS`, each ended by LF; a field that does not apply is there and empty; numbers and prices are in
their only normal form. Whoever signs sees exactly this text, and no two instructions share one.

The signature is ECDSA P-256 with SHA-256 over the DER of the CMS **signed attributes** (RFC 5652 §5.4: contentType = data,
messageDigest = SHA-256 of the canonical text), so that the same signature can later stand in a CMS SignedData beside the
text. On the wire it is r ‖ s, 64 bytes, as WebCrypto makes it.

The record `INSTRUCTION` (256 bytes, the content of a journal fact 256 or 257) keeps everything the text is made of, so
that the text and its signature can be shown and checked as long as the journal is kept.
"""

import hashlib
from typing import Final
from uuid import UUID

import msgspec
import numpy as np

from yunhai.kernel.money import price_text
from yunhai.trading.words import Action, Channel, Credit, InstructionKind, Mode, Segment

VERSION_LINE: Final = "yunhai-instruction-1"

FIELDS: Final = (
    "action",
    "mode",
    "tenant",
    "account",
    "client_id",
    "date",
    "nonce",
    "signed_at",
    "key",
    "channel",
    "order",
    "code",
    "segment",
    "side",
    "order_type",
    "time_in_force",
    "credit",
    "price",
    "quantity",
    "instruction_kind",
    "instruction_id",
    "instruction_at",
)
"""The canonical text's lines, in order, after the version line."""

ACCEPTED_FACT: Final = 256
REFUSED_FACT: Final = 257
"""Numbers of the journal facts whose content is one `INSTRUCTION` record, not msgpack."""


class Instruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One instruction as it travels (JSON); types only, values are checked by `yunhai.trading.shape.checked`.

    `tenant` and `account` are ids; `client_id` a UUID in lower case with hyphens; `date` the market date
    (YYYY-MM-DD); `nonce` 32 lower-case hex digits; `signed_at` the signer's wall time, ms since 1970; `key` the
    registered key's id. Prices are decimal text ("101.5"), empty for market orders and where none is meant. `order` is
    the target of cancel, cut and reprice; `quantity` in shares: of a new order, or to cut. The last three are the
    customer's instruction to a clerk; `instruction_at` in ms.
    """

    action: str
    mode: str
    tenant: int
    account: int
    client_id: str
    date: str
    nonce: str
    signed_at: int
    key: int
    channel: str
    order: int = 0
    code: str = ""
    segment: str = ""
    side: str = ""
    order_type: str = ""
    time_in_force: str = ""
    credit: str = ""
    price: str = ""
    quantity: int = 0
    instruction_kind: str = ""
    instruction_id: str = ""
    instruction_at: int = 0


class SignedInstruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client sends: the instruction and its signature, base64url without padding, of 64 bytes."""

    instruction: Instruction
    signature: str


_TEXT: Final = "\n".join([VERSION_LINE, *(f"{name}=%s" for name in FIELDS), ""])


def canonical(instruction: Instruction) -> bytes:
    """The text that is signed. Zero numbers that do not apply are written empty."""
    i = instruction
    return (
        _TEXT
        % (
            i.action,
            i.mode,
            i.tenant or "",
            i.account or "",
            i.client_id,
            i.date,
            i.nonce,
            i.signed_at or "",
            i.key or "",
            i.channel,
            i.order or "",
            i.code,
            i.segment,
            i.side,
            i.order_type,
            i.time_in_force,
            i.credit,
            i.price,
            i.quantity or "",
            i.instruction_kind,
            i.instruction_id,
            i.instruction_at or "",
        )
    ).encode()


_ATTRIBUTES_HEAD: Final = bytes.fromhex(
    "314b"  # SET OF, 75 bytes
    "301806092a864886f70d010903310b06092a864886f70d010701"  # contentType: data
    "302f06092a864886f70d01090431220420"  # messageDigest: OCTET STRING of 32
)  # fmt: skip


def signed_attributes(text: bytes) -> bytes:
    """The DER SET OF attributes, 77 bytes, whose ECDSA-SHA-256 signature is the instruction's."""
    return _ATTRIBUTES_HEAD + hashlib.sha256(text).digest()


def _layout(fields: dict[str, tuple[int, str]], size: int) -> np.dtype:
    return np.dtype(
        {
            "names": list(fields),
            "offsets": [offset for offset, _ in fields.values()],
            "formats": [kind for _, kind in fields.values()],
            "itemsize": size,
        }
    )


INSTRUCTION_BYTES: Final = 256
INSTRUCTION: Final = _layout(
    {
        "version": (0, "u1"),
        "action": (1, "u1"),
        "code": (2, "<u2"),  # 0 accepted, else the refusal's number
        "mode": (4, "u1"),
        "channel": (5, "u1"),
        "segment": (6, "u1"),
        "side": (7, "u1"),
        "order_type": (8, "u1"),
        "time_in_force": (9, "u1"),
        "credit": (10, "u1"),
        "instruction_kind": (11, "u1"),
        "key": (12, "<u4"),
        "number": (16, "<u8"),  # this instruction's own number; of a new order its order id; 0 refused
        "order_id": (24, "<u8"),
        "tenant": (32, "<u4"),
        "account": (36, "<u4"),
        "person": (40, "<u4"),  # who signed
        "book": (44, "<u4"),  # the venue's book of the day
        "price": (48, "<i4"),  # 1/10,000 NT$; 0 = market or none
        "quantity": (52, "<u4"),
        "market_date": (56, "<u4"),  # days since 1970
        "reserved_shares": (60, "<u4"),
        "reserved_cash": (64, "<i8"),  # 1/10,000 NT$ held by this acceptance
        "signed_at": (72, "<i8"),  # ms
        "accepted_at": (80, "<i8"),  # wall ns
        "instruction_at": (88, "<i8"),  # ms
        "client_id": (96, "V16"),
        "nonce": (112, "V16"),
        "signature": (128, "V64"),
        "security": (192, "S12"),
        "order_number": (204, "S5"),  # 委託書編號: terminal and base-62 sequence; empty unless a new order
        "terminal": (209, "S2"),
        "instruction_id": (212, "S32"),
        "source": (244, "<u4"),  # the session or API client it came by
    },
    INSTRUCTION_BYTES,
)


def instruction_of(record: np.void) -> Instruction:
    """The instruction a record was made from, equal field by field, so that `canonical` gives the signed bytes again."""
    new = record["action"] == Action.NEW
    price = int(record["price"])
    kind = InstructionKind(int(record["instruction_kind"]))
    day = np.datetime64(int(record["market_date"]), "D")
    return Instruction(
        action=Action(int(record["action"])).word,
        mode=Mode(int(record["mode"])).word,
        tenant=int(record["tenant"]),
        account=int(record["account"]),
        client_id=str(UUID(bytes=record["client_id"].tobytes())),
        date=str(day),
        nonce=record["nonce"].tobytes().hex(),
        signed_at=int(record["signed_at"]),
        key=int(record["key"]),
        channel=Channel(int(record["channel"])).word,
        order=0 if new else int(record["order_id"]),
        code=record["security"].decode() if new else "",
        segment=Segment(int(record["segment"])).word if new else "",
        side={1: "buy", 2: "sell"}[int(record["side"])] if new else "",
        order_type={1: "market", 2: "limit"}[int(record["order_type"])] if new else "",
        time_in_force={0: "rod", 3: "ioc", 4: "fok"}[int(record["time_in_force"])] if new else "",
        credit=Credit(int(record["credit"])).word if new else "",
        price=price_text(price) if price else "",
        quantity=int(record["quantity"]),
        instruction_kind="" if kind is InstructionKind.NONE else kind.word,
        instruction_id=record["instruction_id"].decode(),
        instruction_at=int(record["instruction_at"]),
    )


assert INSTRUCTION.itemsize == INSTRUCTION_BYTES
assert len(signed_attributes(b"")) == 77
assert Instruction.__struct_fields__ == FIELDS, "an instruction's fields stand in the order of its text"
