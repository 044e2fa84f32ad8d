"""From report to fills, as tables: what lots and odd lots are made, what is cut, and that every branch comes out equal."""

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.day.days import DAY, Ran, Row, quick_pack, report_bytes, run_day, wanted
from yunhai.apps.day import failures
from yunhai.apps.day.bars import History
from yunhai.apps.day.failures import RowsRefusedError
from yunhai.apps.day.levels import Cut
from yunhai.apps.day.path import Bar, PathSource
from yunhai.apps.day.plan import branch_number, firm_code
from yunhai.apps.reference_data import instruments
from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.money import Quantity
from yunhai.kernel.records import Side

A, B, C = "1020合　　庫", "9217凱基松山", "126i宏遠光隆"

BALANCED: dict[str, list[Row]] = {
    "one lot": [("2330", A, "2200.00", 1000, 0), ("2330", B, "2200.00", 0, 1000)],
    "one row, both sides its own": [("2330", A, "2200.00", 5000, 5000)],
    "one share": [("2330", A, "2200.00", 1, 0), ("2330", B, "2200.00", 0, 1)],
    "odd lots only": [("2330", A, "2200.00", 999, 0), ("2330", B, "2200.00", 0, 500), ("2330", C, "2200.00", 0, 499)],
    "a lot broken on the buying side": [
        ("2330", A, "2200.00", 1000, 0),
        ("2330", B, "2200.00", 0, 400),
        ("2330", C, "2200.00", 0, 600),
    ],
    "a lot broken on the selling side": [
        ("2330", A, "2200.00", 400, 0),
        ("2330", C, "2200.00", 600, 0),
        ("2330", B, "2200.00", 0, 1000),
    ],
    "several lots broken": [
        *[("2330", f"10{number:02d}庫", "2200.00", 990, 0) for number in range(50)],
        ("2330", B, "2200.00", 0, 49_000),
        ("2330", C, "2200.00", 0, 500),
    ],
    "more than one order's lots": [("2330", A, "2200.00", 1_700_000, 0), ("2330", B, "2200.00", 0, 1_700_000)],
    "many prices": [
        row
        for tick in range(30)
        for row in (
            ("2330", A, f"{2200 + 5 * tick}", 3000 + tick, 10),
            ("2330", B, f"{2200 + 5 * tick}", 10, 3000 + tick),
        )
    ],
    "prices too far apart for continuous trading": [
        ("2330", A, "2050", 2500, 0),
        ("2330", B, "2050", 0, 2500),
        ("2330", A, "2200", 2600, 0),
        ("2330", C, "2200", 0, 2600),
        ("2330", B, "2400", 2700, 0),
        ("2330", C, "2400", 0, 2700),
    ],
    "two securities and a fund": [
        ("2317", A, "240.50", 1234, 0),
        ("2317", B, "240.50", 0, 1234),
        ("0050", A, "97.15", 10_001, 1),
        ("0050", C, "97.15", 0, 10_000),
    ],
}


@cache
def ran_table(name: str) -> Ran:
    return run_day(report_bytes(BALANCED[name]))


@pytest.mark.parametrize("name", BALANCED)
def test_every_branch_price_and_side_comes_out_as_reported(name: str) -> None:
    ran, rows = ran_table(name), BALANCED[name]
    assert ran.filled() == wanted(rows)
    assert all(one.balanced and one.equal and not one.differences for one in ran.results)
    assert ran.tape.refused == 0
    assert ran.day.plan.cuts == ()
    assert ran.tape.value == sum(count * price for (_, _, price, side), count in wanted(rows).items() if side == "buy")


@pytest.mark.parametrize("name", BALANCED)
def test_orders_obey_the_lots_and_ascend(name: str) -> None:
    ran = ran_table(name)
    orders = ran.orders()
    odd = [number for number, book in enumerate(ran.day.books.books) if book.program.segment is SegmentName.ODD_LOT]
    is_odd = np.isin(orders["book"], odd)
    assert (orders["quantity"][~is_odd] % 1000 == 0).all()
    assert (orders["quantity"][~is_odd] <= 499_000).all()
    assert (orders["quantity"][is_odd] <= 999).all()
    assert (orders["quantity"] > 0).all()
    assert orders["order_id"].tolist() == list(range(1, orders.size + 1))
    assert (np.diff(orders["time"]) >= 0).all()


def quantities(rows: list[Row], segment: SegmentName) -> Counter[tuple[str, int]]:
    """(side and branch, quantity) of the orders on one segment's books."""
    ran = run_day(report_bytes(rows))
    books = {number for number, book in enumerate(ran.day.books.books) if book.program.segment is segment}
    return Counter(
        (f"{Side(int(order['side'])).name} {int(order['account']).to_bytes(4, 'big').decode()}", int(order["quantity"]))
        for order in ran.orders()
        if int(order["book"]) in books
    )


def test_where_odd_rests_differ_whole_lots_of_the_largest_row_are_broken() -> None:
    rows: list[Row] = [
        ("2330", A, "2200", 3000, 0),
        ("2330", C, "2200", 5000, 0),
        ("2330", B, "2200", 0, 7400),
        ("2330", "1030土銀", "2200", 0, 600),
    ]
    odd = quantities(rows, SegmentName.ODD_LOT)
    assert sum(shares * count for (who, shares), count in odd.items() if who == "BUY 126i") == 1000
    assert not [who for who, _ in odd if who == "BUY 1020"]
    assert sum(shares * count for (who, shares), count in odd.items() if who.startswith("SELL")) == 1000


def test_an_order_carries_at_most_499_lots() -> None:
    rows: list[Row] = [("2330", A, "2200", 1_000_000, 0), ("2330", B, "2200", 0, 1_000_000)]
    board = quantities(rows, SegmentName.BOARD)
    assert max(shares for _, shares in board) <= 499_000
    assert sum(shares * count for (who, shares), count in board.items() if who == "BUY 1020") == 1_000_000


UNBALANCED: list[Row] = [
    ("2330", A, "2200", 3000, 0),
    ("2330", C, "2200", 700, 0),
    ("2330", B, "2200", 0, 2500),
    ("2330", A, "2205", 100, 0),
    ("2330", B, "2205", 0, 130),
    ("2330", C, "2205", 0, 5),
    ("2317", A, "240.5", 10, 10),
]


def test_a_pack_without_a_cap_does_not_cut_into_one_lot_orders() -> None:
    pack = quick_pack()
    board = replace(pack.board, max_quantity=Quantity(0))
    rows = [("2330", A, "2200.00", 1_700_000, 0), ("2330", B, "2200.00", 0, 1_700_000)]
    ran = run_day(report_bytes(rows), pack=replace(pack, segments={**pack.segments, SegmentName.BOARD: board}))
    assert min(ran.orders()["quantity"].tolist()) > 1000
    assert ran.filled() == wanted(rows)


@pytest.mark.parametrize(
    ("change", "lot", "odd"),
    [
        ({}, 1000, 234),
        ({"lot": 100}, 100, 34),
        ({"lot": 1}, 1, 0),
        ({"treatment": "disposition-second"}, 1000, 234),
        ({"suspended": True}, 1000, 234),
    ],
)
def test_a_trading_unit_holds_and_a_mark_of_the_list_does_not_stop_what_was_traded(
    change: dict[str, object], lot: int, odd: int
) -> None:
    rows = [("2330", A, "2200.00", 1234, 0), ("2330", B, "2200.00", 0, 1234), ("2330", C, "2205.00", 3000, 3000)]
    listing = replace(instruments(DAY)["2330"], **change)  # type: ignore[arg-type]
    ran = run_day(report_bytes(rows), listings={"2330": listing})
    assert ran.filled() == wanted(rows)
    orders = ran.orders()
    assert not orders["code"].any()
    plans = ran.day.books.books
    on_board = np.array([plans[book].program.segment is SegmentName.BOARD for book in orders["book"].tolist()])
    assert on_board.any()
    assert not (orders["quantity"][on_board] % lot).any()
    assert int(orders["quantity"][~on_board].sum()) == 2 * odd


def test_the_surplus_is_cut_from_the_last_rows_and_every_cut_is_listed() -> None:
    ran = run_day(report_bytes(UNBALANCED))
    assert ran.day.plan.cuts == (
        Cut(row=2, code="2330", branch="1020", side=Side.BUY, price=22_000_000, shares=500),
        Cut(row=3, code="2330", branch="126i", side=Side.BUY, price=22_000_000, shares=700),
        Cut(row=6, code="2330", branch="9217", side=Side.SELL, price=22_050_000, shares=30),
        Cut(row=7, code="2330", branch="126i", side=Side.SELL, price=22_050_000, shares=5),
    )
    result = ran.of("2330")
    assert [(one.price, one.bought, one.sold) for one in result.differences] == [
        (22_000_000, 3700, 2500),
        (22_050_000, 100, 135),
    ]
    assert (result.balanced, result.equal, result.cut_shares) == (False, True, 1235)
    left = wanted(UNBALANCED)
    for cut in ran.day.plan.cuts:
        left[cut.code, cut.branch, cut.price, "buy" if cut.side == Side.BUY else "sell"] -= cut.shares
    assert ran.filled() == +left
    assert ran.of("2317").balanced
    assert ran.of("2317").equal


def test_a_price_with_one_side_only_trades_nothing() -> None:
    ran = run_day(report_bytes([("2330", A, "2200", 1500, 0)]))
    assert ran.filled() == Counter()
    assert ran.of("2330").cut_shares == 1500
    assert ran.of("2330").equal


def test_the_day_opens_and_closes_where_the_bar_says() -> None:
    rows = BALANCED["many prices"]
    bar = Bar(open=22_500_000, high=23_450_000, low=22_000_000, close=22_050_000)
    ran = run_day(report_bytes(rows), history={"2330": History(bar, 22_400_000)})
    trades = ran.events[(ran.events["kind"] == 32) & (ran.events["book"] == 0)]
    assert ran.day.plan.securities[0].ends is not None
    assert ran.day.plan.securities[0].ends.source is PathSource.BAR
    assert (trades["price"][0], trades["price"][-1]) == (bar.open, bar.close)
    assert (trades["price"].max(), trades["price"].min()) == (bar.high, bar.low)


def test_a_bar_that_contradicts_the_report_is_not_used() -> None:
    bar = Bar(open=22_500_000, high=24_000_000, low=22_000_000, close=22_050_000)
    ran = run_day(report_bytes(BALANCED["many prices"]), history={"2330": History(bar, 22_400_000)})
    assert ran.day.plan.securities[0].ends is not None
    assert ran.day.plan.securities[0].ends.source is PathSource.REPORT
    assert ran.of("2330").equal


def test_wide_steps_are_interrupted_and_still_come_out() -> None:
    rows = BALANCED["prices too far apart for continuous trading"]
    ran = run_day(report_bytes(rows), pack="twse-2026")
    assert ran.filled() == wanted(rows)
    assert ran.tape.interruptions > 0
    assert ran.tape.put_off > 0
    assert ran.day.plan.securities[0].risky > 0


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    content = report_bytes(BALANCED["many prices"])
    first, again, other = ran_table("many prices"), run_day(content), run_day(content, seed=8)
    assert first.events.tobytes() == again.events.tobytes()
    assert first.events.tobytes() != other.events.tobytes()
    assert other.filled() == first.filled()


@pytest.mark.parametrize(
    ("branch", "firm"),
    [("1020", "1020"), ("102A", "1020"), ("126i", "1260"), ("9217", "9200"), ("9A8F", "9A00"), ("9B2z", "9B00"),
     ("5602", "5600"), ("5660", "5660"), ("7035", "7030")],
)  # fmt: skip
def test_a_branch_belongs_to_its_head_office(branch: str, firm: str) -> None:
    assert firm_code(branch) == firm


def test_tenant_and_account_are_the_codes_own_characters() -> None:
    ran = ran_table("one lot")
    pairs = {(int(order["tenant"]), int(order["account"])) for order in ran.orders()}
    assert pairs == {(branch_number("1020"),) * 2, (branch_number("9200"), branch_number("9217"))}
    assert branch_number("102A") == 0x31303241


def test_an_assumed_reference_has_limits_that_contain_the_prices() -> None:
    rows: list[Row] = [("00403A", A, "8.00", 1000, 0), ("00403A", B, "8.00", 0, 1000)]
    rows += [("00403A", A, "9.60", 1000, 0), ("00403A", B, "9.60", 0, 1000)]
    ran = run_day(report_bytes(rows))
    security = ran.day.securities[0]
    assert security.source.value == "assumed"
    assert security.limits.down is not None
    assert security.limits.up is not None
    assert security.limits.down <= 80_000
    assert security.limits.up >= 96_000
    assert ran.of("00403A").equal


@pytest.mark.parametrize("last", ["0.80", "90000.00"])
def test_prices_that_no_limits_contain_are_refused_by_their_rows(last: str) -> None:
    rows: list[Row] = [
        ("00403A", A, "8.00", 5000, 5000),
        ("00403A", A, "8.05", 5000, 5000),
        ("00403A", A, "80.00", 1000, 1000),
        ("00403A", A, last, 1000, 1000),
    ]
    with pytest.raises(RowsRefusedError) as refusal:
        run_day(report_bytes(rows))
    assert [(one.row, one.code) for one in refusal.value.refused] == [
        (4, failures.OUTSIDE_LIMITS),
        (5, failures.OUTSIDE_LIMITS),
    ]


@st.composite
def balanced_reports(draw: st.DrawFn) -> list[Row]:
    """Any trades between branches at prices of a few securities, added up into rows; every report balances."""
    branches = ["1020合庫", "102A合庫新竹", "9217凱基松山", "9800元大", "126i宏遠光隆"]
    grids = {"2330": (2200, 5, 20), "2317": (231, 0.5, 18), "0050": (95, 0.05, 60), "2883": (17.5, 0.05, 20)}
    trades = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(grids)),
                st.integers(0, 59),
                st.sampled_from(branches),
                st.sampled_from(branches),
                st.one_of(st.integers(1, 999), st.integers(1, 40).map(lambda lots: lots * 1000), st.integers(1, 2_000_000)),
            ),
            min_size=1,
            max_size=40,
        )
    )  # fmt: skip
    rows: Counter[tuple[str, str, str, str]] = Counter()
    for code, step, buyer, seller, shares in trades:
        start, tick, steps = grids[code]
        price = f"{start + tick * (step % steps):.2f}"
        rows[code, buyer, price, "buy"] += shares
        rows[code, seller, price, "sell"] += shares
    places = sorted({key[:3] for key in rows})
    return [(*place, rows[(*place, "buy")], rows[(*place, "sell")]) for place in places]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(rows=balanced_reports(), seed=st.integers(0, 2**32))
def test_any_balanced_report_comes_out_exactly(rows: list[Row], seed: int) -> None:
    ran = run_day(report_bytes(rows), seed=seed)
    assert ran.filled() == wanted(rows)
    assert all(one.balanced and one.equal for one in ran.results)


@pytest.mark.full
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=balanced_reports(), seed=st.integers(0, 2**32))
def test_any_balanced_report_comes_out_exactly_often(rows: list[Row], seed: int) -> None:
    ran = run_day(report_bytes(rows), seed=seed)
    assert ran.filled() == wanted(rows)
    assert all(one.balanced and one.equal for one in ran.results)


def test_the_reader_of_the_code_list_knows_the_day() -> None:
    ran = run_day(report_bytes([("00403A", A, "8.36", 1000, 1000)]))
    assert ran.day.report.date == date(2026, 7, 29)
    assert ran.day.securities[0].listing.name == "主動統一升級50"
