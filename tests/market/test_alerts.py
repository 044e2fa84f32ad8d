"""Conditions as tables: which bars of a row of prices announce themselves, and which do not."""

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.indicator_bars import DAY_NS, walk
from yunhai.kernel.errors import YunhaiError
from yunhai.market.alerts import (
    Condition,
    Crosses,
    Level,
    Line,
    Moves,
    Price,
    Volume,
    Watch,
    Within,
    answers,
    checked,
    described,
    firings,
    look,
    step,
)
from yunhai.market.indicators import Columns, compute, request


def bars(prices, volumes=None, other=None) -> Columns:
    close = np.array(prices, float)
    return Columns(
        start_ns=np.arange(len(close)) * DAY_NS,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=np.full(len(close), 1_000.0) if volumes is None else np.array(volumes, float),
        other=None if other is None else np.array(other, float),
    )


def fired(condition: Condition, columns: Columns) -> list[int]:
    """The bars that fire, counted from 0."""
    return [firing.start_ns // DAY_NS for firing in firings(condition, columns)]


ABOVE_10 = Crosses(left=Price(), right=Level(10), direction="above")
BELOW_10 = Crosses(left=Price(), right=Level(10), direction="below")


@pytest.mark.parametrize(
    ("condition", "prices", "wanted"),
    [
        # A level: once per crossing, not where the price stood at first, not for a touch.
        (ABOVE_10, [9, 11, 12, 13], [1]),
        (ABOVE_10, [11, 12, 13], []),
        (ABOVE_10, [9, 10, 9, 10, 9], []),
        (ABOVE_10, [9, 10, 11], [2]),
        (ABOVE_10, [9, 11, 10, 11], [1]),
        (ABOVE_10, [9, 11, 9, 11], [1, 3]),
        (ABOVE_10, [10, 11, 9, 11], [3]),
        (ABOVE_10, [10, 10, 10], []),
        (BELOW_10, [9, 11, 12, 9, 8], [3]),
        (BELOW_10, [11, 10, 9, 10, 9], [2]),
        (BELOW_10, [9, 8], []),
        # A range, both ends included: also what holds at the first look.
        (Within(Price(), 10, 12), [9, 10, 11, 12, 13, 12], [1, 5]),
        (Within(Price(), 10, 12), [11, 11, 9, 11], [0, 3]),
        (Within(Price(), 10, 12), [9, 13, 9], []),
        (Within(Price(), 10, 12, outside=True), [11, 12, 12.05, 13, 11, 9], [2, 5]),
        # A move in percent from the bar before, from three before, from yesterday's close.
        (Moves(10), [100, 109.99, 121, 121, 108.9], [2, 4]),
        (Moves(10), [100, 110], [1]),
        (Moves(10, direction="up"), [100, 110, 99, 99, 120], [1, 4]),
        (Moves(10, direction="down"), [100, 110, 99, 99, 120], [2]),
        (Moves(5, bars=3), [100, 101, 102, 105, 106, 104], [3]),
        (Moves(5, bars=3), [100, 90, 80], []),
        (Moves(3, reference=100.0), [101, 103, 104, 102, 97, 96, 103], [1, 4]),
        (Moves(3, reference=100.0), [104, 104], [0]),
        (Moves(10), [0, 5, 6], [2]),
    ],
)
def test_prices(condition, prices, wanted):
    assert fired(checked(condition), bars(prices)) == wanted


@pytest.mark.parametrize(
    ("condition", "volumes", "wanted"),
    [
        (Volume(2, bars=2), [10, 10, 20, 10, 29, 39], [2, 5]),
        (Volume(2, bars=2), [10, 10, 19, 29], [3]),
        (Volume(2, bars=2), [99, 10], []),
        (Volume(2, bars=1), [10, 20, 40, 80, 10, 20], [1, 5]),
        (Volume(3, bars=2), [0, 0, 50, 100, 100], [3]),
        (Volume(1.1, bars=3), [10, 10, 10, 11], [3]),
        (Volume(4.35, bars=1), [100, 435], [1]),
    ],
)
def test_volumes(condition, volumes, wanted):
    """Against the average of the bars before; what has no average, or one of nothing, says nothing."""
    assert fired(checked(condition), bars([1] * len(volumes), volumes)) == wanted


def test_two_lines_cross():
    """Bars 0 … 4 and a line over them that the price passes twice."""
    columns = bars([1, 3, 3, 1, 3], other=[2, 2, 4, 4, 2.5])
    pair = {"left": Price("close"), "right": Price("other")}
    assert fired(Crosses(**pair, direction="above"), columns) == [1, 4]
    assert fired(Crosses(**pair, direction="below"), columns) == [2]


def test_a_golden_cross_fires_where_the_averages_change_places():
    columns = walk(8)
    short, long = Line("SMA", {"timeperiod": 5}), Line("SMA", {"timeperiod": 20})
    difference = (
        compute(request("SMA", {"timeperiod": 5}), columns).outputs["real"]
        - compute(request("SMA", {"timeperiod": 20}), columns).outputs["real"]
    )
    sides = [(bar, value > 0) for bar, value in enumerate(difference) if value and not np.isnan(value)]
    up = [bar for (_, before), (bar, now) in itertools.pairwise(sides) if now and not before]
    down = [bar for (_, before), (bar, now) in itertools.pairwise(sides) if before and not now]
    days = columns.start_ns.tolist()
    assert [firing.start_ns for firing in firings(Crosses(short, long, "above"), columns)] == [days[bar] for bar in up]
    assert [firing.start_ns for firing in firings(Crosses(short, long, "below"), columns)] == [
        days[bar] for bar in down
    ]
    assert len(up) > 2, "the walk has crossings"


def test_an_output_is_chosen_by_its_name_and_is_the_firing_s_value():
    columns = walk(8)
    found = firings(Crosses(Line("KD", output="k"), Line("KD", output="d"), "above"), columns)
    values = compute(request("KD"), columns).outputs
    assert found
    for firing in found:
        bar = columns.start_ns.tolist().index(firing.start_ns)
        assert firing.left == values["k"][bar] > values["d"][bar]
        assert values["k"][bar - 1] <= values["d"][bar - 1]


# --- The unfinished bar ---

LOOKS: list[tuple[str, list[tuple[int, float, bool]], list[int]]] = [
    ("fires once while it flickers", [(0, 9, True), (1, 11, False), (1, 9, False), (1, 12, False)], [0, 1, 0, 0]),
    ("and not again when it finishes", [(0, 9, True), (1, 11, False), (1, 11, True), (2, 12, True)], [0, 1, 0, 0]),
    ("finished below: the next may fire", [(0, 9, True), (1, 11, False), (1, 9, True), (2, 11, False)], [0, 1, 0, 1]),
    (
        "finished on the line: nothing passed",
        [(0, 9, True), (1, 11, False), (1, 10, True), (2, 11, True)],
        [0, 1, 0, 1],
    ),
    (
        "the first look is a side, finished or not",
        [(0, 9, False), (0, 11, False), (0, 11, True), (1, 12, True)],
        [0, 1, 0, 0],
    ),
    ("where it stood at first is no crossing", [(0, 11, False), (0, 12, True), (1, 13, True)], [0, 0, 0]),
    ("a first look on the line is no side", [(0, 10, False), (0, 9, False), (0, 11, False)], [0, 0, 1]),
    ("dips count when they finish", [(0, 11, True), (1, 9, False), (1, 11, True), (2, 12, True)], [0, 0, 0, 0]),
    (
        "a later bar finishes the one before",
        [(0, 9, False), (1, 9, False), (2, 11, False), (3, 12, False)],
        [0, 0, 1, 0],
    ),
    ("with the answer it had at the end", [(0, 9, True), (1, 11, False), (1, 9, False), (2, 11, False)], [0, 1, 0, 1]),
    ("a bar that was never looked at", [(0, 9, True), (3, 12, True)], [0, 1]),
]


@pytest.mark.parametrize(("looks", "wanted"), [row[1:] for row in LOOKS], ids=[row[0] for row in LOOKS])
def test_unfinished_bars(looks, wanted):
    """(bar, price, finished) one after another, and how often each look fires. A bar passed over stands at 9."""
    watch, said, prices = Watch(), [], []
    for bar, price, finished in looks:
        prices[bar:] = []
        prices += [9] * (bar - len(prices)) + [price]
        watch, found = look(ABOVE_10, watch, bars(prices), finished=finished)
        said.append(len(found))
        assert all((firing.start_ns, firing.left) == (bar * DAY_NS, price) for firing in found)
    assert said == wanted


def test_missed_bars_fire_late_and_in_order():
    watch, _ = look(ABOVE_10, Watch(), bars([9]), finished=True)
    watch, found = look(ABOVE_10, watch, bars([9, 11, 9, 12, 13]), finished=False)
    assert [(firing.start_ns // DAY_NS, firing.left) for firing in found] == [(1, 11.0), (3, 12.0)]
    assert look(ABOVE_10, watch, bars([9, 11, 9, 12, 13, 14]), finished=True)[1] == []


def test_a_new_watch_does_not_tell_what_was():
    history = bars([9, 11, 9, 12, 9, 11])
    assert look(ABOVE_10, Watch(), history, finished=False)[1] == []
    assert len(look(Within(Price(), 10, 12), Watch(), history, finished=False)[1]) == 1, "but what holds now"


@given(
    prices=st.lists(st.integers(8, 12), min_size=1, max_size=30),
    looked=st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_skipped_looks_lose_no_firing_of_a_finished_bar(prices, looked):
    """However many looks are left out, the finished bars' firings are those of all bars; unfinished looks may add their own."""
    columns, watch, said = bars(prices), Watch(), []
    watch, _ = look(ABOVE_10, watch, columns.head(1), finished=True)
    for count in range(2, len(columns) + 1):
        if looked[count - 1] or count == len(columns):
            watch, found = look(ABOVE_10, watch, columns.head(count), finished=True)
            said += found
    assert said == firings(ABOVE_10, columns)


CONDITIONS = [
    ABOVE_10,
    BELOW_10,
    Crosses(Line("SMA", {"timeperiod": 2}), Price("other"), "above"),
    Within(Price(), 9, 10),
    Within(Line("RSI", {"timeperiod": 3}), 0, 30),
    Moves(4),
    Volume(1.5, bars=3),
]


@given(
    prices=st.lists(st.integers(8, 12), min_size=1, max_size=30),
    volumes=st.lists(st.integers(0, 3), min_size=30, max_size=30),
    condition=st.sampled_from(CONDITIONS),
)
def test_bar_by_bar_is_the_same_as_all_at_once(prices, volumes, condition):
    columns = bars(prices, volumes[: len(prices)], other=[10] * len(prices))
    watch, said = Watch(), []
    for count in range(1, len(columns) + 1):
        watch, found = look(condition, watch, columns.head(count), finished=True)
        said += found
    assert said == firings(condition, columns)


@given(given=st.lists(st.sampled_from((-1, 0, 1)), max_size=40), condition=st.sampled_from(CONDITIONS))
def test_between_two_firings_it_was_otherwise(given, condition):
    """However the answers run, it fires only where they turn to +1, and never twice without a -1 between."""
    watch, armed = Watch(), not isinstance(condition, Crosses)
    for bar, answer in enumerate(given):
        watch, fires = step(condition, watch, answer, start_ns=bar, finished=True)
        assert fires == (armed and answer == 1)
        armed = answer == -1 or (armed and answer == 0)


def test_no_bars_say_nothing():
    assert look(ABOVE_10, Watch(), bars([]), finished=True) == (Watch(), [])
    assert firings(ABOVE_10, bars([])) == []
    assert answers(Volume(2), bars([])).tolist() == []


# --- What can be asked ---


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Within(Price(), 12, 10), 7730),
        (Within(Price(), float("nan"), 10), 7730),
        (Within(Price("typical"), 1, 2), 7730),
        (Crosses(Price(), Level(float("inf")), "above"), 7730),
        (Crosses(Line("KD", output="slowk"), Level(20), "above"), 7730),
        (Crosses(Line("MAGIC"), Level(20), "above"), 7700),
        (Crosses(Line("KD", {"period": 9}), Level(20), "above"), 7701),
        (Crosses(Line("KD", {"fastk_period": 0}), Level(20), "above"), 7702),
        (Moves(0), 7730),
        (Moves(-3), 7730),
        (Moves(3, bars=0), 7730),
        (Moves(3, reference=0.0), 7730),
        (Volume(0), 7730),
        (Volume(2, bars=100_000), 7730),
        (Volume(float("nan")), 7730),
    ],
)
def test_an_unfit_condition_is_refused(condition, code):
    with pytest.raises(YunhaiError) as refused:
        checked(condition)
    assert refused.value.code == code
    assert "?" not in refused.value.text("zh")


def test_bars_without_the_column_are_refused():
    with pytest.raises(YunhaiError, match="7706"):
        firings(Crosses(Price("other"), Level(1), "above"), bars([1, 2]))


@pytest.mark.parametrize("condition", [*CONDITIONS, Moves(3, reference=100.0)])
def test_a_condition_is_kept_as_json(condition):
    assert msgspec.json.decode(msgspec.json.encode(condition), type=Condition) == condition


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        (ABOVE_10, "收盤價向上突破 10", "close crosses above 10"),
        (
            Crosses(Line("KD", output="k"), Line("KD", output="d"), "below"),
            "KD(9,3,3) K向下跌破 KD(9,3,3) D",
            "KD(9,3,3) k crosses below KD(9,3,3) d",
        ),
        (Within(Price(), 590, 600.5), "收盤價進入 590 至 600.5", "close is within 590 to 600.5"),
        (Moves(5, direction="down", bars=3), "收盤價較前 3 根下跌 5%", "close down 5% in 3 bars"),
        (Moves(5, reference=100.0), "收盤價較 100 漲跌 5%", "close up or down 5% from 100"),
        (Volume(2), "成交量達前 5 根均量 2 倍", "volume is 2 times its average of 5 bars"),
    ],
)
def test_a_condition_in_words(condition, zh, en):
    said_zh, said_en = described(condition)
    assert said_zh.strip() == zh
    assert said_en == en
