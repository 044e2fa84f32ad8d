"""The screener: how screens are read and refused, what each word is worth on stocks worked by hand, point in time, all stocks."""

import math
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.lake_scene import DAILY, day, take, write
from yunhai.kernel.clock import DAY, HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_CHARACTERS_MAX, SCREEN_DEPTH_MAX, SCREEN_NODES_MAX, SCREEN_PERIOD_MAX
from yunhai.market.indicators import columns_of_integers, compute, indicator, request
from yunhai.market.lake.reading import Lake
from yunhai.market.screener import Screened, parse, parse_tree, screen


def weekdays_to(last: date, count: int) -> list[str]:
    """So many weekdays up to `last`, ascending."""
    found: list[str] = []
    on = last
    while len(found) < count:
        if on.weekday() < 5:
            found.append(on.isoformat())
        on -= timedelta(days=1)
    return found[::-1]


DAYS = weekdays_to(date(2026, 8, 21), 60)
LAST = day(DAYS[-1])


def close_of(code: str, at: int) -> float:
    """Closes by rule, within the daily limit: 1111 rises, 2222 falls, the others fall and turn on the last day but one."""
    match code:
        case "1111":
            return 50 + at * 0.5
        case "2222":
            return 100 - at * 0.5
        case _:
            return 80 - at * 0.5 if at < 58 else 80 - 57 * 0.5 + (at - 57) * 4


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Three stocks over sixty sessions, a fourth that has not traded on the last one, flows, margin, revenue, one ex-right."""
    folder = tmp_path_factory.mktemp("screens")
    bars = []
    for code in ("1111", "2222", "3333", "4444"):
        for at, on in enumerate(DAYS[: 59 if code == "4444" else 60]):
            close = close_of(code, at)
            bars.append(f"{code},{on},{close},{close + 0.25:g},{close - 0.25:g},{close},{1000 * (at + 1)}")
    take(folder / "lake", write(folder / "bars.csv", DAILY, *bars))
    flows = [f"1111,{on},{100 * (at - 57)},0,7,-7,{100 * (at - 57)}" for at, on in enumerate(DAYS)]
    take(
        folder / "lake",
        write(
            folder / "flows.csv",
            "stock_code,trade_date,foreign_net,foreign_dealer_net,trust_net,dealer_net,total_net",
            *flows,
            f"2222,{DAYS[-1]},-5,0,0,0,-5",
        ),
    )
    margin = [f"1111,{DAYS[-2]},100,90,9,20,25", f"1111,{DAYS[-1]},90,140,9,25,24", f"3333,{DAYS[-1]},10,5,1,0,0"]
    rows = []
    for line in margin:
        code, on, before, now, quota, short_before, short_now = line.split(",")
        up, down = max(int(now) - int(before), 0), max(int(before) - int(now), 0)
        sold, bought = max(int(short_now) - int(short_before), 0), max(int(short_before) - int(short_now), 0)
        rows.append(
            f"{on.replace('-', '')},{code},x,{up},{down},0,{before},{now},{quota},{bought},{sold},0,{short_before},{short_now},9,0,"
        )
    header = (
        "date,股票代號,股票名稱,融資買進,融資賣出,融資現金償還,融資前日餘額,融資今日餘額,融資限額,融券買進,融券賣出,"
        "融券現券償還,融券前日餘額,融券今日餘額,融券限額,資券互抵,註記"
    )
    take(folder / "lake", write(folder / "margin.csv", header, *rows))
    take(
        folder / "lake",
        write(
            folder / "revenue.csv",
            "revenue_month,stock_code,monthly_revenue_thousand_twd,previous_month_revenue_thousand_twd,"
            "last_year_month_revenue_thousand_twd,ytd_revenue_thousand_twd,last_year_ytd_revenue_thousand_twd,first_seen_at",
            "202606,1111,900,800,1000,,,",
            "202607,1111,1300,900,1000,6000,5000,",
            "202607,2222,500,500,0,1,0,",
            "202601,3333,500,400,100,1,1,",
        ),
    )
    events = write(folder / "ex.csv", "ex_date,stock_code,close_before,reference_price", f"{DAYS[-1]},2222,71,70")
    take(folder / "lake", events)
    made = Lake(folder / "lake")
    yield made
    made.close()


def found(lake: Lake, text: str, **how: object) -> list[str]:
    return [match.code for match in screen(lake, parse(text), **how).matches]  # type: ignore[arg-type]


def value_of(lake: Lake, words: str, code: str, **how: object) -> float:
    """What a value is for a stock."""
    answer = screen(lake, parse(f"{words} > 1000000000"), explain=(code,), **how)  # type: ignore[arg-type]
    (match,) = answer.matches
    return match.reasons[0].values[0][1]


# -- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "value"),
    [
        ("close", "1111", 79.5), ("open", "1111", 79.5), ("high", "1111", 79.75), ("low", "1111", 79.25),
        ("volume", "1111", 60_000), ("value", "1111", 0),
        ("prev(close, 1)", "1111", 79.0), ("prev(close, 59)", "1111", 50.0), ("prev(close, 60)", "1111", math.nan),
        ("mean(close, 3)", "1111", 79.0), ("sum(volume, 2)", "1111", 119_000), ("highest(high, 60)", "2222", 100.25),
        ("lowest(low, 60)", "2222", 70.25), ("highest(close, 61)", "1111", math.nan),
        ("sma(5)", "1111", 78.5), ("sma(5) - mean(close, 5)", "3333", 0.0), ("prev(sma(5), 1)", "1111", 78.0),
        ("reference", "1111", 79.0), ("reference", "2222", 70.0), ("change", "2222", (70.5 / 70 - 1) * 100),
        ("foreign_net", "1111", 200), ("sum(foreign_net, 3)", "1111", 300), ("trust_net", "1111", 7),
        ("dealer_net", "1111", -7), ("total_net", "2222", -5), ("foreign_net", "3333", math.nan),
        ("sum(total_net, 2)", "2222", math.nan),
        ("margin_balance", "1111", 140), ("margin_change", "1111", 50), ("short_change", "1111", -1),
        ("prev(margin_balance, 1)", "1111", 90), ("margin_balance", "2222", math.nan),
        ("revenue", "1111", 1_300), ("revenue_growth", "1111", 30), ("revenue_month_growth", "1111", 400 / 9),
        ("revenue_to_date_growth", "1111", 20), ("revenue_growth", "2222", math.nan), ("revenue", "3333", math.nan),
        ("close / (high - low)", "1111", 159), ("close / 0", "1111", math.nan), ("-close", "1111", -79.5),
        ("2 + 3 * 4 - 6 / 2", "1111", 11), ("(2 + 3) * 4", "1111", 20), ("8 - 4 - 2", "1111", 2), ("收盤價", "1111", 79.5),
    ],
)  # fmt: skip
def test_what_words_are_worth(lake: Lake, words: str, code: str, value: float) -> None:
    assert value_of(lake, words, code) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("words", ["kd.k(9,3,3)", "kd.d", "rsi(6)", "macd.macdhist", "adx(14)", "bbands.upperband(20)"])
def test_indicators_are_the_registrys_over_all_of_a_stocks_sessions(lake: Lake, words: str) -> None:
    name, _, rest = words.partition("(")
    base, _, output = name.partition(".")
    numbers = [int(number) for number in rest.strip(")").split(",") if number]
    given_parameters = dict(zip([one.name for one in indicator(base.upper()).parameters], numbers, strict=False))
    bars = lake.bars("3333")
    columns = columns_of_integers(
        bars["start_ns"],
        prices=(bars["open"], bars["high"], bars["low"], bars["close"]),
        volume=bars["volume"],
        value=bars["value"],
    )
    values = compute(request(base.upper(), given_parameters), columns).outputs
    wanted = values[output] if output else next(iter(values.values()))
    assert value_of(lake, words, "3333") == wanted[-1]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("close > 60", ["1111", "2222"]),
        ("close > 60 and change > 0", ["1111", "2222"]),
        ("change < 0 or close < 60", ["3333"]),
        ("not close > 60", ["3333"]),
        ("close >= 79.5 and close <= 79.5", ["1111"]),
        ("close = 79.5 or close == 70.5", ["1111", "2222"]),
        ("close != 79.5", ["2222", "3333"]),
        ("foreign_net > 0", ["1111"]),
        ("foreign_net <= 0", ["2222"]),  # 3333 has none: no comparison with it holds
        ("not foreign_net > 0", ["2222", "3333"]),
        ("always(close > prev(close, 1), 3)", ["1111"]),
        ("always(close > prev(close, 1), 2)", ["1111", "3333"]),
        ("cross_above(close, sma(5))", []),
        ("cross_above(close, sma(20))", ["3333"]),
        ("cross_below(sma(20), close)", ["3333"]),
        ("cross_below(close, 71)", ["2222"]),
        ("cross_below(close, 71.2)", []),
        ("cross_below(close, 70.9)", ["2222"]),
        ("close > 50 and kd.k > kd.d and foreign_net > 0 and revenue_growth > 20 and margin_change > 0", ["1111"]),
        ("((((close > 60))))", ["1111", "2222"]),
        ("CLOSE > 60 AND Foreign_Net > 0", ["1111"]),
    ],
)
def test_screens(lake: Lake, text: str, codes: list[str]) -> None:
    assert found(lake, text) == codes


def test_an_answer_says_why_and_over_what(lake: Lake) -> None:
    answer = screen(lake, parse("close > 60 and (revenue_growth > 20 or foreign_net > 0)"), explain=("3333",))
    assert (answer.session, answer.stocks, answer.absent, answer.rows) == (LAST, 3, 1, 239)
    one, three = answer.matches
    assert (one.code, [reason.holds for reason in one.reasons]) == ("1111", [True, True])
    assert [reason.condition for reason in one.reasons] == ["close > 60", "(revenue_growth > 20) or (foreign_net > 0)"]
    assert dict(one.reasons[1].values) == {"revenue_growth": pytest.approx(30.0), "foreign_net": 200.0}
    assert (three.code, [reason.holds for reason in three.reasons]) == ("3333", [False, False])


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ([">", "close", 60], "close > 60"),
        (["and", [">", "close", 60], ["not", ["<", ["rsi", 14], 30]], ["<", "change", 2]], None),
        (["cross_above", "close", ["sma", 20]], "cross_above(close, sma(20))"),
        ([">", ["sum", "foreign_net", 3], ["-", 5]], "sum(foreign_net, 3) > -5"),
        (["always", [">", "close", ["prev", "close", 1]], 3], "always(close > prev(close, 1), 3)"),
    ],
)
def test_a_tree_is_the_same_screen(lake: Lake, tree: object, text: str | None) -> None:
    node = parse_tree(tree)
    again = parse(str(node)) if text is None else parse(text)
    assert screen(lake, node).matches == screen(lake, again).matches


# -- refusals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 1), ("close", 1), ("close >", 8), ("close > 5 and", 14), ("close > 5 and volume", 15), ("(close > 5", 11),
        ("close > 5)", 10), ("nothing > 5", 1), ("close > nothing(3)", 9), ("close > 5 > 4", 11), ("close ; drop", 7),
        ("close > 5 or or close < 3", 14), ("sum(close) > 3", 1), ("sum(close, 0) > 3", 12), ("sum(close, 2.5) > 3", 12),
        (f"sum(close, {SCREEN_PERIOD_MAX + 1}) > 3", 12), ("sum(close, volume) > 3", 12), ("sum(close > 2, 3) > 3", 1),
        ("always(close, 3)", 1), ("always(close > 3, 3) > 2", 1), ("close > (3 > 2)", 12), ("kd.x > 3", 1),
        ("kd(9,3,3,3) > 3", 1), ("rsi(close) > 3", 5), ("cross_above(close) ", 1), ("not 3", 5), ("__import__('os')", 12),
        ("close > 5 -- x", 14), ("select > 3", 1), ("'2330' > 3", 1),
    ],
)  # fmt: skip
def test_what_is_no_screen_is_refused_where_it_is_wrong(text: str, at: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        parse(text)
    assert (refused.value.code, refused.value.details["at"]) == (7457, at)


@pytest.mark.parametrize(
    "text",
    [
        "close > " + "1" * SCREEN_CHARACTERS_MAX,
        "(" * (SCREEN_DEPTH_MAX + 2) + "close" + ")" * (SCREEN_DEPTH_MAX + 2) + " > 1",
        "-" * (SCREEN_DEPTH_MAX + 2) + "close > 1",
        "not " * (SCREEN_DEPTH_MAX + 2) + "close > 1",
        "+".join(["1"] * SCREEN_NODES_MAX) + " > 1",
    ],
)
def test_bounds(text: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        parse(text)
    assert refused.value.code == 7457


@pytest.mark.parametrize(
    "tree",
    [
        None, True, {}, [], [[]], [">", 1], [">", 1, 2, 3], ["and", [">", 1, 2]], ["nothing", 1], [">", "close", None],
        [">", "close", "1; DROP"], ["sum", "close", 3], [">", ["sum", "close", True], 3],
    ],
)  # fmt: skip
def test_what_is_no_tree(tree: object) -> None:
    with pytest.raises(YunhaiError) as refused:
        parse_tree(tree)
    assert refused.value.code == 7457


def test_a_tree_too_deep_is_refused() -> None:
    tree: object = 1
    for _ in range(10_000):
        tree = ["-", tree]
    with pytest.raises(YunhaiError) as refused:
        parse_tree([">", tree, 1])
    assert refused.value.code == 7457


def test_functions_of_functions_are_bounded(lake: Lake) -> None:
    with pytest.raises(YunhaiError) as refused:
        screen(lake, parse("sum(sum(sum(close, 100), 100), 100) > 1"))
    assert refused.value.code == 7457


PIECES = st.sampled_from(
    [
        "close",
        "volume",
        "(",
        ")",
        ">",
        "<=",
        "=",
        "and",
        "or",
        "not",
        "+",
        "-",
        "*",
        "/",
        "3",
        "14",
        "rsi",
        "sum",
        ",",
        "kd.k",
        "'",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_screen_or_refused(text: str) -> None:
    known = (7457, 7701, 7702, 7709)
    try:
        node = parse(text)
    except YunhaiError as refused:
        if refused.code not in known:
            raise
        return
    assert str(parse(str(node))) == str(node)


# -- point in time -----------------------------------------------------------------------------------------------------------


def test_of_a_past_session_only_what_was_known_by_its_end(lake: Lake) -> None:
    """July's revenue came by August 10th; before that June's is the newest."""
    session = day(next(on for on in DAYS if on >= "2026-08-05"))
    assert value_of(lake, "revenue_growth", "1111", session=session) == pytest.approx(-10.0)
    assert value_of(lake, "revenue_growth", "1111", session=session, as_of=LAST + DAY) == pytest.approx(-10.0 + 40.0)
    assert value_of(lake, "close", "1111", session=day(DAYS[10])) == 55.0


def test_as_of_an_hour_flows_are_not_out_yet(lake: Lake) -> None:
    assert found(lake, "close > 60", as_of=LAST + 15 * HOUR) == ["1111", "2222"]
    assert found(lake, "foreign_net > 0", as_of=LAST + 15 * HOUR) == []
    assert found(lake, "foreign_net > 0", as_of=LAST + 17 * HOUR) == ["1111"]
    before_close = screen(lake, parse("close > 1"), as_of=LAST + 13 * HOUR)
    assert before_close.session == day(DAYS[-2])
    assert [match.code for match in before_close.matches] == ["1111", "2222", "3333", "4444"]


def test_nothing_was_known_then(lake: Lake, tmp_path: Path) -> None:
    for where, how in (
        (lake, {"as_of": day("2020-01-02")}),
        (Lake(tmp_path), {}),
        (lake, {"session": day("2020-01-02")}),
    ):
        with pytest.raises(YunhaiError) as refused:
            screen(where, parse("close > 1"), **how)  # type: ignore[arg-type]
        assert refused.value.code == 7456


# -- all stocks ----------------------------------------------------------------------------------------------------------------

FIVE = "close > 50 and change >= 1 and kd.k(9,3,3) > kd.d(9,3,3) and revenue_growth > 20 and sum(foreign_net, 5) > 0"


@pytest.fixture(scope="module")
def whole_market(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("whole") / "lake"
    for name in (
        "tw_official/twse_TWT49U_exright_results_2025-11_2026-08.csv.gz",
        "tw_official/mops_monthly_revenue_twse_202401_on.csv.gz",
        "tw_daily/tw_institutional_by_stock_2024-07_2026-06.csv.gz",
        "tw_daily/tw_all_daily_ohlcv_2024-07_2026-08.csv.gz",
        "tw_daily/tw_longhist_40stocks_2000_2015.csv.gz",
    ):
        take(folder, data_folder / name)
    made = Lake(folder)
    yield made
    made.close()


@pytest.mark.full
def test_all_stocks_on_five_conditions_within_ten_seconds(whole_market: Lake) -> None:
    """Quiet: under 1 s (docs/guides/history.md); ten times as much of processor time, which a busy machine leaves as it is."""
    seconds: list[float] = []
    answers: list[Screened] = []
    for _ in range(3):
        begun = time.process_time()
        answers.append(screen(whole_market, parse(FIVE), session=day("2026-05-29")))
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 10
    assert len({answer.matches for answer in answers}) == 1
    assert answers[0].stocks > 1_900
    assert answers[0].rows > 800_000
    assert 20 < len(answers[0].matches) < 200
    for match in answers[0].matches:
        values = [dict(reason.values) for reason in match.reasons]
        assert values[0]["close"] > 50
        assert values[3]["revenue_growth"] > 20


@pytest.mark.full
def test_twenty_years_of_a_stock_within_a_second(whole_market: Lake) -> None:
    """Quiet: under 100 ms. Of processor time, so that a busy machine slows nobody."""
    begun = time.process_time()
    bars = whole_market.bars("2330", adjust="backward")
    assert time.process_time() - begun < 1
    assert len(bars) > 4_000
    assert (np.diff(bars["start_ns"]) > 0).all()
