"""The shape of an instruction: one normal form a value, a code a field, and the record that keeps it all."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.scene import ANNE, NT, Scene
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.gate.errors import SHAPE_CODES
from yunhai.trading.instructions import INSTRUCTION, Instruction, canonical, instruction_of
from yunhai.trading.shape import Packed, checked, fingerprint, record_of, unpack

NEW: dict[str, Any] = {
    "action": "new",
    "mode": "simulated",
    "tenant": 7,
    "account": 70,
    "client_id": "0b0e7a5e-1111-4222-8333-444455556666",
    "date": "2026-08-21",
    "nonce": "00112233445566778899aabbccddeeff",
    "signed_at": 1_790_000_000_000,
    "key": 101,
    "channel": "web",
    "code": "2330",
    "segment": "board",
    "side": "buy",
    "order_type": "limit",
    "time_in_force": "rod",
    "credit": "cash",
    "price": "101.50",
    "quantity": 1000,
}
HEAD = {name: NEW[name] for name in list(NEW)[:10]}
CANCEL = HEAD | {"action": "cancel", "order": 5}
CUT = HEAD | {"action": "cut", "order": 5, "quantity": 1000}
REPRICE = HEAD | {"action": "reprice", "order": 5, "price": "100.00"}
DESK = NEW | {
    "channel": "desk",
    "instruction_kind": "phone",
    "instruction_id": "R-2026/08.21:1",
    "instruction_at": 1_789_999_999_000,
}
BASES = {"new": NEW, "cancel": CANCEL, "cut": CUT, "reprice": REPRICE, "desk": DESK}

WRONG = [
    (6202, "new", "action", ["NEW", "buy", "", "new "]),
    (6203, "new", "mode", ["", "SIMULATED", "test"]),
    (6204, "new", "tenant", [0, -1, 2**32, True]),
    (6205, "new", "account", [0, -1, 2**32]),
    (
        6206,
        "new",
        "client_id",
        [
            "",
            "0B0E7A5E-1111-4222-8333-444455556666",
            "0b0e7a5e111142228333444455556666",
            "0b0e7a5e-1111-4222-8333-44445555666",
            "0b0e7a5e-1111-4222-8333-44445555666６",
            "0b0e7a5e-1111-4222-8333-444455556666\n",
        ],
    ),
    (
        6207,
        "new",
        "date",
        ["", "2026-8-21", "20260821", "2026-02-30", "2026-W34-5", "2026/08/21", "２０26-08-21", "1969-12-31"],
    ),
    (6208, "new", "nonce", ["", "00112233445566778899AABBCCDDEEFF", "0" * 31, "0" * 33, "g" * 32]),
    (6209, "new", "signed_at", [0, -1, 2**62]),
    (6210, "new", "key", [0, 2**32]),
    (6211, "new", "channel", ["", "phone", "WEB"]),
    (6212, "new", "order", [1, -1]),
    (6212, "cancel", "order", [0, -1, 2**64]),
    (6213, "new", "code", ["", "2330 ", "ab", "A" * 13, "２３３０", "2330\n"]),
    (6213, "cancel", "code", ["2330"]),
    (6214, "new", "segment", ["", "BOARD", "block"]),
    (6214, "cut", "segment", ["board"]),
    (6215, "new", "side", ["", "b", "both"]),
    (6215, "reprice", "side", ["buy"]),
    (6216, "new", "order_type", ["", "stop"]),
    (6216, "cancel", "order_type", ["limit"]),
    (6217, "new", "time_in_force", ["", "gtc"]),
    (6217, "cancel", "time_in_force", ["rod"]),
    (6218, "new", "credit", ["", "0"]),
    (6218, "cancel", "credit", ["cash"]),
    (
        6219,
        "new",
        "price",
        [
            "",
            "0",
            "0.00",
            "101.5",
            "101.500",
            "0101.50",
            "101.5000",
            "+101.50",
            "-1.00",
            "1e2",
            "NaN",
            "１０1.50",
            "101,50",
            "100000.00",
            "1.12345",
            " 1.00",
            "1.00\n",
            "_1.00",
        ],
    ),
    (6219, "cancel", "price", ["100.00"]),
    (6219, "cut", "price", ["100.00"]),
    (6219, "reprice", "price", ["", "0.00"]),
    (6220, "new", "quantity", [0, -1, 2**32]),
    (6220, "cancel", "quantity", [1]),
    (6220, "reprice", "quantity", [1]),
    (6220, "cut", "quantity", [0]),
    (6221, "new", "instruction_kind", ["phone"]),
    (6221, "desk", "instruction_kind", ["fax", "none", "PHONE"]),
    (6222, "new", "instruction_id", ["R1"]),
    (6222, "desk", "instruction_id", ["a b", "錄音", "x" * 33, "a=b", "a\n"]),
    (6223, "new", "instruction_at", [1]),
    (6223, "desk", "instruction_at", [-1, 2**62]),
]


@pytest.mark.parametrize("base", BASES)
def test_a_normal_form_passes(base: str) -> None:
    instruction = Instruction(**BASES[base])
    value = checked(instruction)
    assert value.price == {"new": 1_015_000, "desk": 1_015_000, "reprice": 1_000_000}.get(base, 0)
    assert value.market_date == np.datetime64("2026-08-21").astype(int)
    assert value.by_clerk == (base == "desk")


@pytest.mark.parametrize(("code", "base", "name", "values"), WRONG)
def test_each_wrong_field_has_its_code(code: int, base: str, name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(YunhaiError) as caught:
            checked(Instruction(**(BASES[base] | {name: value})))
        assert caught.value.code == code, value
        assert caught.value.entry.http == 422


def test_every_code_of_a_field_is_tried() -> None:
    assert {code for code, *_ in WRONG} == set(SHAPE_CODES) - {6201}


def test_a_market_order_has_no_price() -> None:
    assert checked(Instruction(**(NEW | {"order_type": "market", "price": ""}))).price == 0
    with pytest.raises(YunhaiError, match=r"^6219"):
        checked(Instruction(**(NEW | {"order_type": "market", "price": "0.00"})))


def test_the_first_wrong_field_in_the_texts_order_decides() -> None:
    wrong = NEW | {"quantity": 0, "nonce": "", "side": "", "account": 0}
    for name, code in (("account", 6205), ("nonce", 6208), ("side", 6215), ("quantity", 6220)):
        with pytest.raises(YunhaiError, match=rf"^{code}"):
            checked(Instruction(**wrong))
        wrong[name] = NEW[name]


def test_the_record_is_laid_out_as_the_dtype_says() -> None:
    offsets = {name: INSTRUCTION.fields[name][1] for name in INSTRUCTION.names or ()}  # type: ignore[index]
    assert list(offsets) == sorted(offsets, key=offsets.__getitem__)
    for place, name in enumerate(Packed._fields):
        dtype_name = name
        values: list[Any] = [
            b"" if isinstance(value, bytes) else 0 for value in unpack(record_of(checked(Instruction(**NEW))))
        ]
        kind = INSTRUCTION[dtype_name]
        values[place] = b"A" * kind.itemsize if kind.kind in "SV" else 1
        values[0] = 1
        from yunhai.trading import shape

        record = np.frombuffer(shape._RECORD.pack(*values), INSTRUCTION)[0]
        found = record[dtype_name]
        plain = found.tobytes() if kind.kind == "V" else found
        assert plain == values[place], name


texts = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(("simulated", "live")),
        "tenant": st.integers(1, 2**32 - 1),
        "account": st.integers(1, 2**32 - 1),
        "client_id": st.uuids().map(str),
        "date": st.dates(min_value=date(1970, 1, 2)).map(str),
        "nonce": st.binary(min_size=16, max_size=16).map(bytes.hex),
        "signed_at": st.integers(1, 2**43),
        "key": st.integers(1, 2**32 - 1),
    }
)
new_orders = st.fixed_dictionaries(
    {
        "action": st.just("new"),
        "code": st.text("0123456789ABCXYZ", min_size=1, max_size=12),
        "segment": st.sampled_from(("board", "odd_lot", "odd_lot_after", "fixed_price")),
        "side": st.sampled_from(("buy", "sell")),
        "time_in_force": st.sampled_from(("rod", "ioc", "fok")),
        "credit": st.sampled_from(("cash", "margin", "short")),
        "quantity": st.integers(1, 2**32 - 1),
        "priced": st.integers(0, 999_999_999),
    }
)
later_changes = st.fixed_dictionaries(
    {
        "action": st.sampled_from(("cancel", "cut", "reprice")),
        "order": st.integers(1, 2**64 - 1),
        "quantity": st.integers(1, 2**32 - 1),
        "priced": st.integers(1, 999_999_999),
    }
)
channels = st.one_of(
    st.sampled_from(("web", "mobile", "api", "condition", "program", "fix")).map(lambda name: {"channel": name}),
    st.fixed_dictionaries(
        {
            "channel": st.sampled_from(("desk", "keyin")),
            "instruction_kind": st.sampled_from(("", "phone", "in_person", "written")),
            "instruction_id": st.text("abcXYZ019._:/-", max_size=32),
            "instruction_at": st.integers(0, 2**43),
        }
    ),
)


def _instruction(head: dict[str, Any], body: dict[str, Any], channel: dict[str, Any]) -> Instruction:
    from yunhai.kernel.money import price_text

    fields = head | channel | body
    priced = fields.pop("priced")
    if fields["action"] == "new":
        fields |= {"order_type": "limit" if priced else "market"}
    if fields["action"] in ("new", "reprice") and priced:
        fields["price"] = price_text(priced)
    if fields["action"] in ("cancel", "reprice"):
        fields["quantity"] = 0
    return Instruction(**fields)


@given(texts, st.one_of(new_orders, later_changes), channels, st.integers(1, 2**63))
def test_the_record_gives_the_signed_text_again(
    head: dict[str, Any], body: dict[str, Any], channel: dict[str, Any], number: int
) -> None:
    instruction = _instruction(head, body, channel)
    value = checked(instruction)
    order_id = number if value.new else None
    content = record_of(
        value, number=number, order_id=order_id, person=3, signature=b"\xff" * 64, order_number="W0001", terminal="W"
    )
    record = np.frombuffer(content, INSTRUCTION)[0]
    assert canonical(instruction_of(record)) == canonical(instruction)
    assert unpack(content).signature == b"\xff" * 64
    assert fingerprint(content) == fingerprint(record_of(value, code=6103, accepted_at=5))


@given(texts, new_orders, later_changes, channels, st.data())
def test_another_text_has_another_fingerprint(
    head: dict[str, Any], new: dict[str, Any], change: dict[str, Any], channel: dict[str, Any], data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from((new, change)))
    one = _instruction(head, body, channel)
    other = _instruction(head, body | {"priced": body["priced"] % 999_999_998 + 1}, channel)
    other = _instruction(
        head | {"account": head["account"] % (2**32 - 2) + 1}, body, channel
    ) if canonical(one) == canonical(other) else other  # fmt: skip
    same = canonical(one) == canonical(other)
    assert (fingerprint(record_of(checked(one))) == fingerprint(record_of(checked(other)))) == same


@pytest.mark.parametrize("content", [b"", b"\x01" * 255, b"\x02" + bytes(255), bytes(256)])
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(YunhaiError, match=r"^6440"):
        unpack(content)


def test_the_scenes_instructions_are_in_normal_form() -> None:
    scene = Scene.open(at="08:40")
    assert checked(scene.instruction(ANNE, price=99 * NT)).price == 99 * NT
