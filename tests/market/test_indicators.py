"""What every indicator promises, held for all of them; and those of Taiwan by hand."""

import itertools

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.indicator_bars import DAY_NS, flat, walk
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import INDICATOR_BARS_MAX, INDICATOR_PERIOD_MAX
from yunhai.market.indicators import (
    Candle,
    Columns,
    catalogue,
    columns_of_candles,
    columns_of_integers,
    compute,
    compute_or_missing,
    lookback,
    request,
)
from yunhai.market.indicators.talib_names import GROUPS, NAMES
from yunhai.market.indicators.words import Indicator, Parameter

ALL = tuple(catalogue())


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return np.array_equal(left, right, equal_nan=True)


def closes(*prices: float, volume: float = 1_000.0) -> Columns:
    """Bars that open, close and stay at one price each."""
    row = np.array(prices, float)
    times = np.arange(len(prices)) * DAY_NS
    return Columns(
        start_ns=times, open=row, high=row, low=row, close=row, volume=np.full(len(prices), volume), value=row * volume
    )


# --- The catalogue ---


def test_every_function_of_the_library_is_offered_and_described():
    assert (
        set(talib.get_functions()) == set(NAMES) == {one.name for one in catalogue().values() if one.maker == "TA-Lib"}
    )
    assert len(NAMES) == 201
    groups = {one.group for one in catalogue().values()}
    assert groups == set(GROUPS)
    for one in catalogue().values():
        assert one.zh, one.en
        assert all(output.zh and output.pane in ("price", "own") for output in one.outputs)


def test_names_in_chinese_tell_indicators_apart():
    names = [one.zh for one in catalogue().values()]
    assert [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(
    ("name", "panes"),
    [
        ("SMA", ("price",)),
        ("BBANDS", ("price", "price", "price")),
        ("SAR", ("price",)),
        ("SUPERTREND", ("price", "own")),
        ("VWAP_SESSION", ("price",)),
        ("KD", ("own", "own", "own")),
        ("MACD", ("own", "own", "own")),
        ("RSI", ("own",)),
        ("AVGDEV", ("own",)),
        ("CDLDOJI", ("price",)),
    ],
)
def test_where_an_indicator_is_drawn(name, panes):
    assert catalogue()[name].panes(request(name)) == panes


def test_an_average_of_volume_lies_with_the_volume():
    assert catalogue()["SMA"].panes(request("SMA", {"source": "volume"})) == ("own",)


def test_bounds_are_those_of_the_library():
    """One below the lowest whole parameter is refused by TA-Lib itself; the lowest is taken."""
    columns = walk(3)
    inputs = {name: getattr(columns, name) for name in ("open", "high", "low", "close", "volume")}
    for name in talib.get_functions():
        known = catalogue()[name]
        function = talib.abstract.Function(name)
        for parameter in known.parameters:
            if parameter.kind == "int":
                periods = {"periods": columns.other} if name == "MAVP" else {}
                function(inputs | periods, **{parameter.name: int(parameter.lowest)})
                with pytest.raises(Exception, match=r"Bad Parameter|TA_BAD_PARAM"):
                    function(inputs | periods, **{parameter.name: int(parameter.lowest) - 1})
                function.parameters = {parameter.name: parameter.default}


# --- What every indicator keeps ---


def kept_promises(one: Indicator, asked, columns: Columns) -> None:
    """As long as the bars; NaN before the lookback; finite after it unless `gaps` says otherwise; nothing written to the bars."""
    before = {name: getattr(columns, name).copy() for name in ("open", "high", "low", "close", "volume")}
    values = compute(asked, columns)
    bars = lookback(asked)
    assert tuple(values.outputs) == tuple(output.name for output in one.outputs)
    for name, row in values.outputs.items():
        assert row.shape == (len(columns),), name
        assert row.dtype == np.float64
        assert np.isnan(row[:bars]).all(), f"{asked} {name}: a value before the lookback of {bars}"
        assert not np.isinf(row).any()
        if not one.gaps:
            assert np.isfinite(row[bars:]).all(), (
                f"{asked} {name}: missing at {np.flatnonzero(np.isnan(row[bars:]))[:5]}"
            )
    assert all(same(getattr(columns, name), row) for name, row in before.items())


@pytest.mark.parametrize("seed", range(4))
def test_every_indicator_by_its_defaults(seed):
    for name, one in catalogue().items():
        kept_promises(one, request(name), walk(seed))


@pytest.mark.parametrize(
    "bars", [flat(260), flat(260, volume=0.0), flat(260, price=0.0)], ids=["still", "untraded", "free"]
)
def test_bars_that_never_move_break_nothing(bars):
    for name, one in catalogue().items():
        kept_promises(one, request(name), bars)


@pytest.mark.parametrize("seed", range(3))
def test_a_later_bar_changes_no_value(seed):
    """Bit by bit: over the first bars alone, every indicator says what it says over all of them."""
    columns = walk(seed, 230)
    cuts = [1, 2, 9, 10, 34, 35, 100, *np.random.default_rng(seed).integers(101, 230, 6).tolist(), 229]
    heads = [columns.head(count) for count in cuts]
    for name in ALL:
        asked = request(name)
        whole = compute(asked, columns).outputs
        for count, head in zip(cuts, heads, strict=True):
            part = compute_or_missing(asked, head).outputs
            assert all(same(whole[output][:count], part[output]) for output in whole), f"{name} repaints at {count}"


def value_of(parameter: Parameter) -> st.SearchStrategy:
    if parameter.kind == "choice":
        return st.sampled_from(parameter.choices)
    if parameter.kind == "int":
        return st.integers(int(parameter.lowest), min(int(parameter.lowest) + 30, int(parameter.highest)))
    return st.floats(parameter.lowest, min(parameter.highest, 5.0))


def refusal(name: str, given: dict, columns: Columns) -> int:
    """The number of the refusal, which can only be too few bars or values that do not go together; 0 if computed."""
    try:
        compute(request(name, given), columns)
    except YunhaiError as refused:
        if refused.code not in (7703, 7709):
            raise
        return refused.code
    return 0


@settings(max_examples=150, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1_000))
def test_any_parameters_within_the_bounds_keep_the_promises(data, seed):
    one = data.draw(st.sampled_from([catalogue()[name] for name in ALL if catalogue()[name].parameters]))
    given = {parameter.name: data.draw(value_of(parameter), parameter.name) for parameter in one.parameters}
    columns = walk(seed, 320)
    if refusal(one.name, given, columns):
        return
    asked = request(one.name, given)
    kept_promises(one, asked, columns)
    count = data.draw(st.integers(lookback(asked) + 1, 320))
    whole, part = compute(asked, columns).outputs, compute(asked, columns.head(count)).outputs
    assert all(same(whole[output][:count], part[output]) for output in whole)


def test_how_long_a_beginning_is_felt():
    """Bars that begin 300 later: `window` says the same at once, `fading` another thing at first and the same in the end (within
    1e-8), `cumulative` another thing for ever."""
    columns = walk(1, 1_600)
    for name, one in catalogue().items():
        if name == "MAVP" or name.startswith("HT_TRENDMODE"):
            continue  # periods out of bounds come and go; a mode that may happen to agree at once
        asked = request(name)
        whole, late = compute(asked, columns).outputs, compute(asked, columns.tail(1_300)).outputs
        apart = np.zeros(1_300, bool)
        for output, row in late.items():
            early = whole[output][300:]
            apart |= ~np.isnan(row) & (np.abs(early - row) > 1e-8 * np.maximum(1, np.abs(early)))
        felt = {"window": not apart.any(), "fading": apart.any() and not apart[-300:].any(), "cumulative": apart[-1]}
        assert felt[one.starts], (
            f"{name} is not {one.starts}: {apart.sum()} bars apart, last {np.flatnonzero(apart)[-1:]}"
        )


# --- Refusals ---


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("MAGIC", {}, 7700),
        ("kd", {}, 7700),
        ("KD", {"period": 9}, 7701),
        ("OBV", {"timeperiod": 9}, 7701),
        ("KD", {"fastk_period": 1}, 7702),
        ("KD", {"fastk_period": 9.0}, 7702),
        ("KD", {"fastk_period": True}, 7702),
        ("KD", {"fastk_period": "9"}, 7702),
        ("SMA", {"timeperiod": 0}, 7702),
        ("SMA", {"timeperiod": INDICATOR_PERIOD_MAX + 1}, 7702),
        ("SMA", {"source": "typical"}, 7702),
        ("MA", {"matype": 0}, 7702),
        ("MA", {"matype": "DISABLED"}, 7702),
        ("BBANDS", {"nbdevup": float("nan")}, 7702),
        ("BBANDS", {"nbdevup": -1.0}, 7702),
        ("VWAP_SESSION", {"session_minute": 1_440}, 7702),
    ],
)
def test_a_bad_request_is_refused_by_number(name, given, code):
    with pytest.raises(YunhaiError) as refused:
        request(name, given)
    assert refused.value.code == code
    assert "{" not in refused.value.text("zh") + refused.value.text("en")
    assert "?" not in refused.value.text("zh") + refused.value.text("en")


def test_equal_requests_are_equal():
    assert request("KD") == request("KD", {"slowd_period": 3}) != request("KD", {"slowd_period": 4})
    assert request("BBANDS", {"nbdevup": 2}) == request("BBANDS", {"nbdevup": 2.0})
    assert len({request("KD"), request("KD", {"fastk_period": 9})}) == 1
    assert str(request("KD")) == "KD(fastk_period=9, slowk_period=3, slowd_period=3)"


def test_too_few_bars_are_refused_with_the_number_needed():
    with pytest.raises(YunhaiError) as refused:
        compute(request("MACD"), walk(1).head(33))
    assert refused.value.code == 7703
    assert refused.value.details["needed"] == 34
    assert refused.value.details["given"] == 33
    assert np.isfinite(compute(request("MACD"), walk(1).head(34)).last()).all()
    with pytest.raises(YunhaiError, match="7703"):
        compute(request("SMA", {"timeperiod": 1}), walk(1).head(0))


def test_a_missing_column_is_refused():
    bars = walk(1, other=False)
    for asked in (request("MAVP"), request("SMA", {"source": "other"}), request("BETA", {"source1": "other"})):
        with pytest.raises(YunhaiError, match="7706"):
            compute(asked, bars)
    unvalued = Columns(
        start_ns=bars.start_ns, open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=bars.volume
    )
    with pytest.raises(YunhaiError, match="7706"):
        compute(request("VWAP_SESSION", {"basis": "traded"}), unvalued)
    assert np.isfinite(compute(request("VWAP_SESSION"), bars).outputs["real"]).any()


def candle(start_ns: int = 0, **changed: object) -> Candle:
    row: dict = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "volume": 1_000.0}
    return Candle(start_ns=start_ns, **{**row, **changed})


@pytest.mark.parametrize(
    ("bars", "why"),
    [
        ([candle(), candle()], "do not ascend"),
        ([candle(5), candle(4)], "do not ascend"),
        ([candle(), candle(1, close=float("nan"))], "close is nan"),
        ([candle(), candle(1, high=float("inf"))], "high is inf"),
        ([candle(), candle(1, volume=-1.0)], "volume is negative"),
        ([candle(), candle(1, open=1e19)], "open is 1e\\+19"),
    ],
)
def test_what_is_no_bar_is_refused_with_its_row(bars, why):
    with pytest.raises(YunhaiError, match=f"7705.*{why}.*bar 1"):
        columns_of_candles(bars)


def test_too_many_bars_are_refused():
    count = INDICATOR_BARS_MAX + 1
    row = np.zeros(count)
    with pytest.raises(YunhaiError, match="7704"):
        Columns(start_ns=np.arange(count), open=row, high=row, low=row, close=row, volume=row)


def test_the_house_s_integers_become_the_nearest_binary64():
    whole = np.array([5_950_000, 1, 9_999_999])
    made = columns_of_integers(
        np.arange(3), prices=(whole, whole, whole, whole), volume=np.array([1_000, 0, 7]), value=whole
    )
    assert made.close.tolist() == [595.0, 0.0001, 999.9999]
    assert made.value is not None
    assert made.value.tolist() == [595.0, 0.0001, 999.9999]
    assert made.volume.tolist() == [1_000.0, 0.0, 7.0]
    assert made.other is None


# --- Taiwan's own, by hand ---


def test_kd_by_hand():
    """Nine bars from 1 to 9, then 10, 1 and 5.5: RSV 100, 100, 0, 50; K and D from 50 by thirds."""
    values = compute(request("KD"), closes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 5.5)).outputs
    assert np.isnan(values["k"][:8]).all()
    k9 = 50 * 2 / 3 + 100 / 3  # 66.67
    k10 = k9 * 2 / 3 + 100 / 3  # 77.78
    k11 = k10 * 2 / 3 + 0 / 3  # 51.85
    k12 = k11 * 2 / 3 + 50 / 3  # 51.23
    d9 = 50 * 2 / 3 + k9 / 3
    d10 = d9 * 2 / 3 + k10 / 3
    d11 = d10 * 2 / 3 + k11 / 3
    d12 = d11 * 2 / 3 + k12 / 3
    assert values["k"][8:] == pytest.approx([k9, k10, k11, k12], abs=1e-12)
    assert values["d"][8:] == pytest.approx([d9, d10, d11, d12], abs=1e-12)
    assert values["j"] == pytest.approx(3 * values["k"] - 2 * values["d"], abs=1e-12, nan_ok=True)
    assert [round(value, 2) for value in values["k"][8:]] == [66.67, 77.78, 51.85, 51.23]


def test_kd_by_the_rule_written_out():
    """The recursion in plain Python, over other periods too."""
    columns = walk(11)
    for fastk, slowk, slowd in itertools.product((2, 5, 9, 14), (1, 3, 5), (1, 3, 6)):
        asked = request("KD", {"fastk_period": fastk, "slowk_period": slowk, "slowd_period": slowd})
        k = d = rsv = 50.0
        found = compute(asked, columns).outputs
        for bar in range(fastk - 1, len(columns)):
            low = columns.low[bar - fastk + 1 : bar + 1].min()
            high = columns.high[bar - fastk + 1 : bar + 1].max()
            if high > low:
                rsv = (columns.close[bar] - low) / (high - low) * 100
            k += (rsv - k) / slowk
            d += (k - d) / slowd
            assert found["k"][bar] == pytest.approx(k, abs=1e-9)
            assert found["d"][bar] == pytest.approx(d, abs=1e-9)


def test_kd_of_a_locked_stock_keeps_the_last_place():
    """Before any range RSV is 50; a lock at the top keeps 100 there."""
    still = compute(request("KD"), flat(30)).outputs
    assert still["k"][8:].tolist() == still["d"][8:].tolist() == [50.0] * 22
    locked = compute(request("KD"), closes(*range(1, 10), *[9] * 20)).outputs["k"]
    assert (np.diff(locked[8:]) > 0).all()
    assert locked[-1] == pytest.approx(100, abs=0.02)


@pytest.mark.parametrize(
    ("name", "given", "bars", "wanted"),
    [
        ("BIAS", {"timeperiod": 2}, closes(10, 12, 9), [np.nan, (12 - 11) / 11 * 100, (9 - 10.5) / 10.5 * 100]),
        ("BIAS", {"timeperiod": 2}, closes(0, 0, 5), [np.nan, np.nan, 100.0]),
        ("PSY", {"timeperiod": 4}, closes(1, 2, 2, 3, 1, 2, 3), [np.nan] * 4 + [50.0, 50.0, 75.0]),
        ("PSY", {"timeperiod": 1}, closes(1, 2, 2), [np.nan, 100.0, 0.0]),
        ("SMA", {"timeperiod": 2, "source": "volume"}, closes(1, 2, 3, volume=6.0), [np.nan, 6.0, 6.0]),
        ("SMA", {"timeperiod": 2, "source": "hlcc4"}, closes(1, 2, 3), [np.nan, 1.5, 2.5]),
        ("WMA", {"timeperiod": 2}, closes(3, 6, 9), [np.nan, 5.0, 8.0]),
        ("EMA", {"timeperiod": 3}, closes(1, 2, 3, 6), [np.nan, np.nan, 2.0, 4.0]),
        ("OBV", {}, closes(1, 2, 2, 1, volume=5.0), [5.0, 10.0, 10.0, 5.0]),
    ],
)
def test_small_ones_by_hand(name, given, bars, wanted):
    (row,) = compute(request(name, given), bars).outputs.values()
    assert row == pytest.approx(np.array(wanted), abs=1e-12, nan_ok=True)


def test_dmi_is_the_library_s_three():
    columns = walk(5)
    values = compute(request("DMI", {"timeperiod": 10}), columns).outputs
    for output, name in (("plus_di", "PLUS_DI"), ("minus_di", "MINUS_DI"), ("adx", "ADX")):
        alone = compute(request(name, {"timeperiod": 10}), columns).outputs["real"]
        assert same(values[output][19:], alone[19:])


def minutes(*bars: tuple[int, float, float, float]) -> Columns:
    """(minute of market time in UTC, price, volume, value)."""
    times, price, volume, value = (np.array(column) for column in zip(*bars, strict=True))
    price = price.astype(float)
    return Columns(
        start_ns=times.astype(np.int64) * 60_000_000_000,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=volume.astype(float),
        value=value.astype(float),
    )


DAY = 1_440
TWO_DAYS = minutes(
    (60, 10, 100, 1_010),  # 09:00 in Taipei
    (61, 20, 300, 5_990),
    (DAY + 60, 40, 0, 0),  # the next morning: nothing traded yet
    (DAY + 61, 50, 10, 505),
)


def test_the_session_s_average_begins_anew_each_day():
    typical = compute(request("VWAP_SESSION"), TWO_DAYS).outputs["real"]
    assert typical == pytest.approx([10.0, 17.5, np.nan, 50.0], nan_ok=True)
    traded = compute(request("VWAP_SESSION", {"basis": "traded"}), TWO_DAYS).outputs["real"]
    assert traded == pytest.approx([10.1, 17.5, np.nan, 50.5], nan_ok=True)


def test_the_session_s_average_is_the_library_s_of_each_day_alone():
    random = np.random.default_rng(4)
    bars = minutes(
        *[
            (day * DAY + 60 + minute, 100 + random.normal(), random.integers(1, 50), 0)
            for day in range(5)
            for minute in range(270)
        ]
    )
    whole = compute(request("VWAP_SESSION"), bars).outputs["real"]
    for begins in range(0, len(bars), 270):
        alone = bars.tail(len(bars) - begins).head(270)
        assert whole[begins : begins + 270] == pytest.approx(compute(request("VWAP"), alone).outputs["real"], rel=1e-12)


def test_psy_is_a_share_of_risen_bars():
    columns = walk(6)
    risen = (np.diff(columns.close, prepend=columns.close[0]) > 0).astype(float)
    share = talib.SUM(risen, 12) * 100 / 12
    assert compute(request("PSY"), columns).outputs["real"][12:] == pytest.approx(share[12:], abs=1e-9)


def test_the_futures_day_begins_with_the_night_session():
    """15:00 and 00:30 in Taipei belong to the day that ends at 13:45; with the stock market's day they are apart."""
    night = minutes((420, 10, 1, 10), (990, 20, 1, 20), (DAY + 60, 30, 2, 60), (DAY + 420, 99, 1, 99))
    futures = compute(request("VWAP_SESSION", {"session_minute": 900}), night).outputs["real"]
    assert futures == pytest.approx([10.0, 15.0, 22.5, 99.0])
    stocks = compute(request("VWAP_SESSION"), night).outputs["real"]
    assert stocks == pytest.approx([10.0, 20.0, (20 + 60) / 3, (20 + 60 + 99) / 4])


def test_an_anchored_average():
    anchor = int(TWO_DAYS.start_ns[1])
    for at, wanted in ((0, [10, 17.5, 17.5, 8_000 / 410 - 500 / 410]), (anchor, [np.nan, 20, 20, 6_500 / 310])):
        row = compute(request("VWAP_ANCHORED", {"anchor_ns": at}), TWO_DAYS).outputs["real"]
        assert row == pytest.approx(np.array(wanted, float), nan_ok=True), at
    library = compute(request("VWAP"), TWO_DAYS).outputs["real"]
    assert compute(request("VWAP_ANCHORED"), TWO_DAYS).outputs["real"] == pytest.approx(library)
    later = compute(request("VWAP_ANCHORED", {"anchor_ns": anchor * 100}), TWO_DAYS).outputs["real"]
    assert np.isnan(later).all()
