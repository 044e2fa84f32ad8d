"""The shape of an instruction: its one normal form, parsed; and its 256-byte record.

`checked` takes an `Instruction` as it came and gives its values as numbers, or refuses the first wrong field with that
field's own code (6202-6223, in the order of the text's lines). Only the one normal form of each value passes (a price
exactly as `price_text` writes it, a UUID in lower case), and a field that does not apply to the action must be empty: so
text, `Checked` and record say the same, and none of them can be written in two ways.

`record_of` packs the INSTRUCTION record of a `Checked`, `unpack` reads one. Both use `struct`, which is several times
faster here than NumPy's fields; a test holds the two layouts equal. `fingerprint` is the digest of what was signed, as
it stands in a record: two instructions with one fingerprint have one text.
"""

import re
import struct
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from typing import Final, NamedTuple

import msgspec

from yunhai.kernel.clock import EPOCH
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CODE_CHARACTERS_MAX,
    INSTRUCTION_ID_CHARACTERS_MAX,
    PRICE_MAX,
    QUANTITY_MAX,
    U64_MAX,
    WALL_MS_MAX,
)
from yunhai.kernel.money import price_text
from yunhai.trading.gate.errors import REGISTERED
from yunhai.trading.instructions import INSTRUCTION_BYTES, Instruction
from yunhai.trading.words import Action, Channel, Credit, InstructionKind, Mode, Segment

assert REGISTERED

NEW: Final = int(Action.NEW)
CUT: Final = int(Action.CUT)
REPRICE: Final = int(Action.REPRICE)
MARKET: Final = 1
LIMIT: Final = 2
BUY: Final = 1
SELL: Final = 2

_U32: Final = 2**32 - 1

_ACTIONS: Final = {word.word: int(word) for word in Action}
_MODES: Final = {word.word: int(word) for word in Mode}
_CHANNELS: Final = {word.word: int(word) for word in Channel}
_SEGMENTS: Final = {word.word: int(word) for word in Segment}
_SIDES: Final = {"buy": BUY, "sell": SELL}
_ORDER_TYPES: Final = {"market": MARKET, "limit": LIMIT}
_TIMES_IN_FORCE: Final = {"rod": 0, "ioc": 3, "fok": 4}
_CREDITS: Final = {word.word: int(word) for word in Credit}
_KINDS: Final = {
    words: tuple(table[word] for table, word in zip(tables, words, strict=True))
    for tables in [(_SEGMENTS, _SIDES, _ORDER_TYPES, _TIMES_IN_FORCE, _CREDITS)]
    for words in product(*tables)
}
"""The five words of an order's kind, all at once, as their numbers."""
_INSTRUCTION_KINDS: Final = {word.word: int(word) for word in InstructionKind if word}
_CLERKS: Final = frozenset(int(channel) for channel in Channel if channel.by_clerk)

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII).fullmatch
_NONCE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
_CODE: Final = re.compile(rf"[0-9A-Z]{{1,{CODE_CHARACTERS_MAX}}}", re.ASCII).fullmatch
_PRICE: Final = re.compile(r"(0|[1-9][0-9]{0,4})\.([0-9]{2,4})", re.ASCII).fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII).fullmatch
_INSTRUCTION_ID: Final = re.compile(rf"[0-9A-Za-z._:/-]{{1,{INSTRUCTION_ID_CHARACTERS_MAX}}}", re.ASCII).fullmatch


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction in its normal form. Numbers as in the INSTRUCTION record; what does not apply is 0 or empty.

    `client_id` and `nonce` 16 bytes; `market_date` days since 1970; `price` 1/10,000 NT$ (0: market or none);
    `quantity` shares; `signed_at`, `instruction_at` ms since 1970.
    """

    action: int
    mode: int
    tenant: int
    account: int
    client_id: bytes
    date: str
    market_date: int
    nonce: bytes
    signed_at: int
    key: int
    channel: int
    order: int
    code: str
    segment: int
    side: int
    order_type: int
    time_in_force: int
    credit: int
    price: int
    quantity: int
    instruction_kind: int
    instruction_id: str
    instruction_at: int

    @property
    def new(self) -> bool:
        return self.action == NEW

    @property
    def by_clerk(self) -> bool:
        return self.channel in _CLERKS


@lru_cache(maxsize=64)
def _days(text: str) -> int:
    if not _DATE(text):
        raise YunhaiError(6207, value=text)
    try:
        days = (date.fromisoformat(text) - EPOCH).days
    except ValueError:
        raise YunhaiError(6207, value=text) from None
    if not 0 <= days <= _U32:
        raise YunhaiError(6207, value=text)
    return days


@lru_cache(maxsize=1 << 16)
def _price(text: str) -> int:
    found = _PRICE(text)
    if found is None:
        raise YunhaiError(6219, value=text)
    whole, part = found.groups()
    if len(part) > 2 and part[-1] == "0":
        raise YunhaiError(6219, value=text)
    price = int(whole) * 10_000 + int(part.ljust(4, "0"))
    if not 0 < price <= PRICE_MAX:
        raise YunhaiError(6219, value=text)
    return price


def _word(words: dict[str, int], value: str, code: int) -> int:
    number = words.get(value)
    if number is None:
        raise YunhaiError(code, value=value, known=", ".join(words))
    return number


def _number(value: int, most: int, code: int) -> int:
    if type(value) is not int or not 0 < value <= most:
        raise YunhaiError(code, value=value)
    return value


def _empty(value: object, code: int) -> None:
    if value:
        raise YunhaiError(code, value=value)


def checked(instruction: Instruction) -> Checked:
    """The instruction's values. YunhaiError 6202-6223: the first field, in the order of the text, not in normal form."""
    i = instruction
    action = _ACTIONS.get(i.action) or _word(_ACTIONS, i.action, 6202)
    mode = _MODES.get(i.mode) or _word(_MODES, i.mode, 6203)
    tenant = _number(i.tenant, _U32, 6204)
    account = _number(i.account, _U32, 6205)
    if not _UUID(i.client_id):
        raise YunhaiError(6206, value=i.client_id)
    market_date = _days(i.date)
    if not _NONCE(i.nonce):
        raise YunhaiError(6208, value=i.nonce)
    signed_at = _number(i.signed_at, WALL_MS_MAX, 6209)
    key = _number(i.key, _U32, 6210)
    channel = _CHANNELS.get(i.channel) or _word(_CHANNELS, i.channel, 6211)
    segment = side = order_type = time_in_force = credit = price = quantity = 0
    if action == NEW:
        if i.order:
            _empty(i.order, 6212)
        if not _CODE(i.code):
            raise YunhaiError(6213, value=i.code)
        kinds = _KINDS.get((i.segment, i.side, i.order_type, i.time_in_force, i.credit))
        if kinds is None:  # the first that is no word refuses
            _word(_SEGMENTS, i.segment, 6214)
            _word(_SIDES, i.side, 6215)
            _word(_ORDER_TYPES, i.order_type, 6216)
            _word(_TIMES_IN_FORCE, i.time_in_force, 6217)
            _word(_CREDITS, i.credit, 6218)
            raise AssertionError("every combination of the words is known")
        segment, side, order_type, time_in_force, credit = kinds
        if order_type == LIMIT:
            price = _price(i.price)
        else:
            _empty(i.price, 6219)
        quantity = _number(i.quantity, QUANTITY_MAX, 6220)
    else:
        _number(i.order, U64_MAX, 6212)
        if i.code or i.segment or i.side or i.order_type or i.time_in_force or i.credit:
            for code, value in enumerate((i.code, i.segment, i.side, i.order_type, i.time_in_force, i.credit), 6213):
                _empty(value, code)
        if action == REPRICE:
            price = _price(i.price)
        else:
            _empty(i.price, 6219)
        if action == CUT:
            quantity = _number(i.quantity, QUANTITY_MAX, 6220)
        else:
            _empty(i.quantity, 6220)
    kind, told_at = _told(i, channel)
    return Checked(
        action=action,
        mode=mode,
        tenant=tenant,
        account=account,
        client_id=bytes.fromhex(i.client_id.replace("-", "")),
        date=i.date,
        market_date=market_date,
        nonce=bytes.fromhex(i.nonce),
        signed_at=signed_at,
        key=key,
        channel=channel,
        order=i.order,
        code=i.code,
        segment=segment,
        side=side,
        order_type=order_type,
        time_in_force=time_in_force,
        credit=credit,
        price=price,
        quantity=quantity,
        instruction_kind=kind,
        instruction_id=i.instruction_id,
        instruction_at=told_at,
    )


def _told(i: Instruction, channel: int) -> tuple[int, int]:
    """Kind and time of the customer's instruction to a clerk. That it must be there is the gate's check."""
    if not (i.instruction_kind or i.instruction_id or i.instruction_at):
        return 0, 0
    if channel not in _CLERKS:
        _empty(i.instruction_kind, 6221)
        _empty(i.instruction_id, 6222)
        _empty(i.instruction_at, 6223)
        return 0, 0
    kind = _word(_INSTRUCTION_KINDS, i.instruction_kind, 6221) if i.instruction_kind else 0
    if i.instruction_id and not _INSTRUCTION_ID(i.instruction_id):
        raise YunhaiError(6222, value=i.instruction_id)
    return kind, _number(i.instruction_at, WALL_MS_MAX, 6223) if i.instruction_at else 0


_RECORD: Final = struct.Struct("<BBHBBBBBBBBIQQIIIIiIIIqqqq16s16s64s12s5s2sx32sI8x")
_LAYOUT_VERSION: Final = 1
_new = tuple.__new__


class Packed(NamedTuple):
    """An INSTRUCTION record's fields, in its order; text fields without their padding."""

    version: int
    action: int
    code: int
    mode: int
    channel: int
    segment: int
    side: int
    order_type: int
    time_in_force: int
    credit: int
    instruction_kind: int
    key: int
    number: int
    order_id: int
    tenant: int
    account: int
    person: int
    book: int
    price: int
    quantity: int
    market_date: int
    reserved_shares: int
    reserved_cash: int
    signed_at: int
    accepted_at: int
    instruction_at: int
    client_id: bytes
    nonce: bytes
    signature: bytes
    security: bytes
    order_number: bytes
    terminal: bytes
    instruction_id: bytes
    source: int


def record_of(
    checked: Checked,
    *,
    code: int = 0,
    number: int = 0,
    order_id: int | None = None,
    person: int = 0,
    book: int = 0,
    reserved_shares: int = 0,
    reserved_cash: int = 0,
    accepted_at: int = 0,
    signature: bytes = b"",
    order_number: str = "",
    terminal: str = "",
    source: int = 0,
) -> bytes:
    """The 256 bytes. `order_id`: of a new order its number; else the target, which is the default."""
    return _RECORD.pack(
        _LAYOUT_VERSION,
        checked.action,
        code,
        checked.mode,
        checked.channel,
        checked.segment,
        checked.side,
        checked.order_type,
        checked.time_in_force,
        checked.credit,
        checked.instruction_kind,
        checked.key,
        number,
        checked.order if order_id is None else order_id,
        checked.tenant,
        checked.account,
        person,
        book,
        checked.price,
        checked.quantity,
        checked.market_date,
        reserved_shares,
        reserved_cash,
        checked.signed_at,
        accepted_at,
        checked.instruction_at,
        checked.client_id,
        checked.nonce,
        signature,
        checked.code.encode(),
        order_number.encode(),
        terminal.encode(),
        checked.instruction_id.encode(),
        source,
    )


def unpack(record: bytes) -> Packed:
    """A record's fields. YunhaiError 6440 if it is no such record."""
    if len(record) != INSTRUCTION_BYTES or record[0] != _LAYOUT_VERSION:
        raise YunhaiError(6440, reason=f"no instruction record: {len(record)} bytes")
    return _new(Packed, _RECORD.unpack(record))


def text_of(padded: bytes) -> str:
    """A text field of a record."""
    return padded.rstrip(b"\0").decode("ascii")


def fingerprint(record: bytes) -> bytes:
    """16 bytes that tell the signed text of a record: equal for two records of one text, whatever became of them."""
    signed = [record[1:2], record[4:16], record[32:40], record[48:60], record[72:80], record[88:128], record[192:204]]
    if record[1] != NEW:
        signed.append(record[24:32])
    signed.append(record[212:244])
    return blake2b(b"".join(signed), digest_size=16).digest()


assert _RECORD.size == INSTRUCTION_BYTES
assert price_text(1_015_000) == "101.50"
