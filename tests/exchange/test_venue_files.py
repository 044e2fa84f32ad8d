"""The day's files: exact bytes of small days."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.exchange.venue_days import BOARD, FIXED, ODD, ODD_AFTER, Day, day_of, pack_of, price, stock
from yunhai.exchange.files import (
    daily_quotes,
    fill_details,
    fill_totals,
    order_number,
    quotes_csv,
    security_file,
)
from yunhai.exchange.rules.prices import Limits
from yunhai.exchange.venue_config import TradedToday
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX
from yunhai.kernel.records import FILL, RECORD, Kind, Side


def packed(text: str) -> bytes:
    """Fields set apart by blanks, a blank inside a field written `_`."""
    return text.replace(" ", "").replace("_", " ").encode("cp950")


def brokers(tenant: int) -> str:
    return {1: "9800", 2: "1020"}[tenant]


@pytest.fixture
def day() -> Day:
    day = day_of(stock("2330", name="台積電"), stock("2317", "200", name='鴻"海'))
    day.buy("08:40:00", 3, "101")
    day.sell("08:40:00", 2, "100.5")
    day.orders[-1]["tenant"] = 2
    day.new("09:01:00", Side.BUY, 10, "99", segment=ODD)
    day.new("09:01:00", Side.SELL, 10, "99", segment=ODD)
    day.buy("13:26:00", 1, "202", code="2317")
    day.play()
    return day


def test_quotes(day: Day) -> None:
    lines = quotes_csv(day.venue).decode().split("\r\n")
    assert lines == [
        "code,name,open,high,low,close,shares,value,trades,best_bid,best_ask,reference,next_reference",
        '2330,"台積電",101.00,101.00,101.00,101.00,2000,202000,1,,,100.00,101.00',
        '2317,"鴻""海",,,,,0,0,0,202.00,,200.00,202.00',
        "",
    ]


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        (Side.BUY, "101", "101"),  # best bid above the old reference
        (Side.BUY, "99", "100"),
        (Side.SELL, "99", "99"),  # best ask below it
        (Side.SELL, "101", "100"),
        (None, "", "100"),
    ],
)
def test_next_reference_without_a_close(side: Side | None, limit: str, expected: str) -> None:
    day = day_of(segments=(BOARD, FIXED))
    if side:
        day.new("13:26:00", side, 1000, limit)
    day.play()
    assert [quote.next_reference for quote in daily_quotes(day.venue)] == [price(expected)]


def test_securities_of_the_day() -> None:
    day = day_of(
        stock("2330", "953", name="台積電"),
        stock("1101", "46.9", name="一二三四五六七八九", treatment="disposition-second"),
        stock("2888", "10", treatment="altered-periodic", match_seconds=2700),
        stock("6999", "30", unlimited=True),
        stock("5536", "1045", limits=Limits(price("1145"), price("941"))),  # type: ignore[arg-type]
    )
    records = list(security_file(day.plan))
    assert [len(record) for record in records] == [100] * 5
    assert records[0] == packed(
        "2330__ 010450000 009530000 008580000 ________ 0 ________ 台積電__________"
        " 000 000000 000000 000 ________________"
    )
    assert records[1][6:33] == b"000515000000469000000422500"
    assert records[1][41:43] == b"02"
    assert records[1][50:66].decode("cp950") == "一二三四五六七八", "never half a character"
    assert records[1][66:84] == b"020000000000000100"
    assert (records[2][41:42], records[2][66:69]) == (b"2", b"045")
    assert records[3][6:33] == b"999999999000300000000000100", "no limit: the field's maximum and 0.01"
    assert records[4][6:33] == b"011450000010450000009410000"


def test_fills_one_by_one(day: Day) -> None:
    records = list(fill_details(day.venue, [day.events()], broker_of=brokers))
    assert [len(record) for record in records] == [66] * 4
    assert records[:2] == [
        packed("2330__ 00002000 001010000 090000000 0 B 00001 0000001 0 000001 9800 00000001 _"),
        packed("2330__ 00002000 001010000 090000000 0 S 00002 0000001 0 000001 1020 00000002 _"),
    ]
    assert [record[32:34] for record in records[2:]] == [b"2B", b"2S"], "odd lots"
    assert records[2][23:32] == b"091000000"


def test_totals_balance_with_the_fills_however_cut(day: Day) -> None:
    events = day.events()

    def totals(parts: list[NDArray[np.void]]) -> list[bytes]:
        return list(fill_totals(day.venue, parts, broker_of=brokers))

    assert totals([events]) == [
        packed("1020 2330__ S 00000001 00000000002000 000000002020000000"),
        packed("9800 2330__ B 00000002 00000000002010 000000002029900000"),
        packed("9800 2330__ S 00000001 00000000000010 000000000009900000"),
    ]
    assert totals(np.array_split(events, 17)) == totals([events])
    assert totals([events[events["kind"] != Kind.FILL]]) == []


def test_the_exchange_code_is_one_coding_for_all_segments() -> None:
    """交易別: 0 regular and fixed price, 2 odd lots in the session and after it."""
    day = day_of()
    for segment, at, shares in ((BOARD, "10:00:00", 1000), (ODD, "10:00:00", 1), (ODD_AFTER, "13:45:00", 1)):
        day.new(at, Side.BUY, shares, "100", segment=segment)
        day.new(at, Side.SELL, shares, "100", segment=segment)
    day.new("14:10:00", Side.BUY, 1000, "100", segment=FIXED)
    day.new("14:10:00", Side.SELL, 1000, "100", segment=FIXED)
    day.play()
    records = [record.decode() for record in fill_details(day.venue, [day.events()], broker_of=brokers)]
    assert sorted((record[23:27], record[32]) for record in records) == sorted(
        [("1000", "0"), ("1000", "2"), ("1430", "2"), ("1430", "0")] * 2
    )


@pytest.mark.parametrize(
    ("treatment", "marks"),
    [
        ("disposition-first", b"01"),
        ("disposition-second", b"02"),
        ("altered", b"1 "),
        ("altered-periodic", b"2 "),
        ("ours-for-ten-days", b"01"),
        ("ours-until-lifted", b"2 "),
        (None, b"0 "),
    ],
)
def test_settlement_type_and_mark_come_from_what_the_pack_says(treatment: str | None, marks: bytes) -> None:
    """Not from what it calls the treatment."""
    pack = pack_of("twse-2026")
    known = pack.treatments
    own = {"ours-for-ten-days": known["disposition-first"], "ours-until-lifted": known["altered-periodic"]}
    day = day_of(stock("2330", treatment=treatment), pack=replace(pack, treatments={**known, **own}))
    assert next(security_file(day.plan))[41:43] == marks


@pytest.mark.parametrize(
    ("security", "field"),
    [
        (stock("ABCDEFG"), "code"),
        (stock("2330", match_seconds=90), "match interval"),
        (stock("2330", match_seconds=60_000), "match interval"),
    ],
)
def test_a_security_that_the_layout_cannot_say_is_refused(security: TradedToday, field: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        list(security_file(day_of(security).plan))
    assert (refused.value.code, refused.value.details["field"]) == (2521, field)


def fill(**fields: int) -> NDArray[np.void]:
    one = np.zeros(1, FILL)
    one["kind"], one["tenant"], one["price"], one["quantity"], one["side"] = Kind.FILL, 1, price("100"), 1000, Side.BUY
    for name, value in fields.items():
        one[name] = value
    return one.view(RECORD)


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [({"quantity": 10**8}, "quantity", 10**8), ({"account": 10**7}, "account", 10**7)],
)
def test_a_fill_that_the_layout_cannot_say_is_refused(fields: dict[str, int], field: str, value: int) -> None:
    venue = day_of().venue
    largest = dict.fromkeys(fields, value - 1)
    assert len(list(fill_details(venue, [fill(**largest)], broker_of=brokers))) == 1
    with pytest.raises(YunhaiError) as refused:
        list(fill_details(venue, [fill(**fields)], broker_of=brokers))
    assert (refused.value.code, refused.value.details["field"], refused.value.details["value"]) == (2521, field, value)


def test_a_broker_of_other_than_four_characters_is_refused() -> None:
    venue = day_of().venue
    for write in (fill_details, fill_totals):
        with pytest.raises(YunhaiError) as refused:
            list(write(venue, [fill()], broker_of=lambda _: "98000"))  # type: ignore[operator]
        assert (refused.value.code, refused.value.details["field"]) == (2521, "broker")


def test_totals_neither_wrap_nor_are_cut() -> None:
    """One such fill is worth 4.3e15 of the 1e18 that the layout holds; three would pass 2^63 if prices were larger."""
    venue = day_of().venue
    small = np.concatenate([fill(price=1_000_000, quantity=QUANTITY_MAX)] * 200)
    (total,) = fill_totals(venue, [small], broker_of=brokers)
    assert int(total[33:]) == 200 * 1_000_000 * QUANTITY_MAX
    with pytest.raises(YunhaiError) as refused:
        list(
            fill_totals(venue, [np.concatenate([fill(price=PRICE_MAX, quantity=QUANTITY_MAX)] * 5)], broker_of=brokers)
        )
    assert (refused.value.code, refused.value.details["value"]) == (2521, 5 * PRICE_MAX * QUANTITY_MAX)


def test_order_numbers_are_base_62() -> None:
    assert [order_number(n) for n in (0, 61, 62, 62**5 - 1, 62**5)] == ["00000", "0000z", "00010", "zzzzz", "00000"]


def test_every_segment_of_the_pack_has_an_exchange_code() -> None:
    assert set(pack_of("twse-2026").segments) == {BOARD, ODD, ODD_AFTER, FIXED}
