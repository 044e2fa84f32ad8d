"""What the Client Desk asks for before a client is opened, a record made, an order read back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunhai.kernel.errors import YunhaiError
from yunhai.services.desk.rules import (
    Reason,
    Spoken,
    checked_query,
    checked_reason,
    checked_record,
    masked,
    paper_quantity,
    read_back,
)
from yunhai.trading.words import InstructionKind

NOW = 1_780_000_000_000
ORDER = Spoken(client="王先生", account="1234567", side="buy", code="2330", name="台積電", quantity=2_000, price="600")


@pytest.mark.parametrize("reason", ["phone_order", "service"])
def test_a_plain_reason_needs_no_reference(reason: str) -> None:
    assert checked_reason(reason, "  ") == (Reason(reason), "")


@pytest.mark.parametrize("reason", ["complaint", "audit", "other"])
def test_a_reason_that_says_too_little_needs_one(reason: str) -> None:
    assert checked_reason(reason, " CASE  7 ") == (Reason(reason), "CASE 7")
    with pytest.raises(YunhaiError) as refused:
        checked_reason(reason, " ")
    assert refused.value.code == 7321


@pytest.mark.parametrize(
    ("reason", "reference", "code"),
    [("", "", 7320), ("curious", "", 7320), ("PHONE_ORDER", "", 7320), ("service", "x" * 41, 7321)],
)
def test_no_other_reason_opens_a_client(reason: str, reference: str, code: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        checked_reason(reason, reference)
    assert refused.value.code == code


@pytest.mark.parametrize("query", ["", " ", "王", "x" * 41])
def test_a_search_for_everybody_is_refused(query: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        checked_query(query)
    assert refused.value.code == 7326


def test_a_record_says_how_when_and_from_where() -> None:
    record = checked_record(
        kind="phone", record_id="REC-20261122/0001", at_ms=NOW - 5_000, caller="02-2381 0000", now_ms=NOW
    )
    assert (record.kind, record.record_id, record.caller) == (
        InstructionKind.PHONE,
        "REC-20261122/0001",
        "02-2381 0000",
    )


@pytest.mark.parametrize(
    ("kind", "record_id", "at_ms", "caller", "code"),
    [
        ("", "R1", NOW, "0223810000", 7322),
        ("none", "R1", NOW, "0223810000", 7322),
        ("Phone", "R1", NOW, "0223810000", 7322),
        ("telepathy", "R1", NOW, "0223810000", 7322),
        ("phone", "", NOW, "0223810000", 7323),
        ("phone", "R" * 33, NOW, "0223810000", 7323),
        ("phone", "錄音一", NOW, "0223810000", 7323),
        ("phone", "R1\n", NOW, "0223810000", 7323),
        ("phone", "R1", NOW + 60_001, "0223810000", 7324),
        ("phone", "R1", NOW - 86_400_001, "0223810000", 7324),
        ("phone", "R1", NOW, "", 7330),
        ("phone", "R1", NOW, "mother", 7330),
        ("written", "R1", NOW, "x", 7330),
    ],
)
def test_the_first_fault_of_a_record_is_named(kind: str, record_id: str, at_ms: int, caller: str, code: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        checked_record(kind=kind, record_id=record_id, at_ms=at_ms, caller=caller, now_ms=NOW)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", ["in_person", "written"])
def test_paper_has_no_caller(kind: str) -> None:
    assert checked_record(kind=kind, record_id="T-1", at_ms=NOW, caller="", now_ms=NOW).caller == ""


def test_an_order_is_read_back_in_words_and_digits() -> None:
    said = read_back(ORDER)
    assert said.zh == (
        "王先生，跟您複誦：帳號 1234567，買進 台積電（2 3 3 0）2 張（兩張），限價 600.00 元（六百元），"
        "當日有效，價金 1,200,000 元。請問正確嗎？"
    )
    assert said.en == (
        "王先生, let me read that back: account 1234567, buy 2 lots (2,000 shares) of 台積電 (2 3 3 0), "
        "at a limit of 600.00 dollars, good for the day, 1,200,000 dollars before charges. Is that correct?"
    )


def test_odd_shares_and_market_orders_are_said_as_such() -> None:
    odd = read_back(replace(ORDER, quantity=7, price="101.5", side="sell"))
    assert "賣出" in odd.zh
    assert "零股 7 股（七股）" in odd.zh
    assert "一百零一點五元" in odd.zh
    assert "價金 710.5 元" in odd.zh
    assert "7 odd shares" in odd.en
    market = read_back(replace(ORDER, price="", time_in_force="ioc"))
    assert "市價，立即成交，否則取消。" in market.zh
    assert "價金" not in market.zh


@pytest.mark.parametrize(
    "change",
    [
        {"side": ""},
        {"side": "hold"},
        {"code": ""},
        {"account": ""},
        {"quantity": 0},
        {"time_in_force": "gtc"},
        {"lot": 0},
    ],
)
def test_a_half_order_cannot_be_read_back(change: dict[str, object]) -> None:
    with pytest.raises(YunhaiError) as refused:
        read_back(replace(ORDER, **change))  # type: ignore[arg-type]
    assert refused.value.code == 7328


@given(
    one=st.tuples(st.integers(1, 499_000), st.integers(1, 9_999_999)),
    other=st.tuples(st.integers(1, 499_000), st.integers(1, 9_999_999)),
)
def test_two_orders_are_never_read_back_alike(one: tuple[int, int], other: tuple[int, int]) -> None:
    def said(quantity: int, hundredths: int) -> str:
        return read_back(replace(ORDER, quantity=quantity, price=f"{hundredths // 100}.{hundredths % 100:02}")).zh

    assert (said(*one) == said(*other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "shares"), [("3", 3_000), ("3張", 3_000), ("70s", 70), ("70 股", 70), ("1S", 1), ("1000股", 1_000)]
)
def test_a_ticket_writes_lots_or_shares(text: str, shares: int) -> None:
    assert paper_quantity(text) == shares


@pytest.mark.parametrize("text", ["", "-1", "1.5", "兩", "s", "3e2", "１"])
def test_a_quantity_is_plain_digits(text: str) -> None:
    with pytest.raises(YunhaiError):
        paper_quantity(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("林小雲", "林○雲"), ("王明", "王○"), ("歐陽大明", "歐○○明"), ("Lin Hsiao-Yun", "L. H."), ("", ""), ("陳", "陳○")],
)
def test_a_list_of_several_shows_no_whole_name(name: str, shown: str) -> None:
    assert masked(name) == shown
