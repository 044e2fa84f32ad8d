"""The live object says at every bar, bit by bit, what the batch function says over the same bars."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.indicator_bars import walk
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import INDICATORS_A_CHART_MAX
from yunhai.market.indicators import Candle, LiveIndicators, catalogue, compute, compute_or_missing, request

ALL = tuple(request(name) for name in catalogue())


def parts(size: int) -> list[tuple]:
    return [ALL[begin : begin + size] for begin in range(0, len(ALL), size)]


def half(candle: Candle, share: float) -> Candle:
    """The bar while it is still being made: its close somewhere in its range, part of its volume."""
    close = candle.low + (candle.high - candle.low) * share
    return dataclasses.replace(candle, close=close, volume=candle.volume * share, value=(candle.value or 0) * share)


@pytest.mark.parametrize("requests", parts(INDICATORS_A_CHART_MAX), ids=lambda part: part[0].name)
def test_every_indicator_at_every_bar(requests):
    """Loaded with 100 bars, then bar by bar, each first unfinished twice: always the batch value of the bars so far, and in the
    end the batch values of the whole, which were final all along."""
    columns = walk(21, 190)
    live = LiveIndicators(columns.head(100), requests)
    whole = {asked: list(compute_or_missing(asked, columns).outputs.values()) for asked in requests}
    for bar in range(100, len(columns)):
        candle = columns.candle(bar)
        if bar % 10 == 0:
            for share in (0.0, 0.7):
                said = live.put(half(candle, share))
                loaded = live.columns()
                assert loaded.close[-1] == half(candle, share).close
                for asked, found in said.items():
                    assert np.array_equal(found, compute_or_missing(asked, loaded).last(), equal_nan=True)
        said = live.put(candle)
        assert len(live) == bar + 1
        for asked, found in said.items():
            final = [row[bar] for row in whole[asked]]
            assert np.array_equal(found, final, equal_nan=True), f"{asked} at {bar}"
    for asked in requests:
        for row, final in zip(live.values(asked).outputs.values(), whole[asked], strict=True):
            assert np.array_equal(row, final, equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(list(catalogue())),
    loaded=st.integers(0, 60),
    puts=st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40),
)
def test_any_order_of_new_and_changed_bars(seed, name, loaded, puts):
    columns = walk(seed, 120)
    asked = request(name)
    live = LiveIndicators(columns.head(loaded), [asked])
    at = loaded
    for fresh, share in puts:
        at += fresh or at == 0
        said = live.put(half(columns.candle(at - 1), share))
        assert np.array_equal(said[asked], compute_or_missing(asked, live.columns()).last(), equal_nan=True)
        assert len(live) == at


def test_before_there_are_enough_bars_a_chart_shows_nothing():
    columns = walk(1)
    live = LiveIndicators(columns.head(0), [request("KD")])
    said = [live.put(columns.candle(bar))[request("KD")] for bar in range(10)]
    assert np.isnan(said[:8]).all()
    assert np.isfinite(said[8:]).all()


def test_values_depend_on_the_loaded_bars_and_are_those_of_the_batch():
    """A recursive average that begins later is another number: live and batch over the same bars agree on it."""
    columns = walk(2)
    asked = request("EMA", {"timeperiod": 50})
    late = columns.tail(100)
    live = LiveIndicators(late.head(99), [asked])
    said = live.put(late.candle(99))[asked][0]
    assert said == compute(asked, late).outputs["real"][-1]
    assert said != compute(asked, columns).outputs["real"][-1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"start_ns": 0}, 7707),
        ({"close": float("nan")}, 7705),
        ({"volume": -1.0}, 7705),
        ({"value": None}, 7706),
        ({"other": None}, 7706),
    ],
)
@pytest.mark.parametrize("new", [True, False])
def test_a_refused_bar_changes_nothing(change, code, new):
    columns = walk(4, 60)
    live = LiveIndicators(columns.head(50), [request("KD")])
    before, values = live.columns(), live.values(request("KD")).outputs["k"].copy()
    with pytest.raises(YunhaiError) as refused:
        live.put(dataclasses.replace(columns.candle(50 if new else 49), **change))
    assert refused.value.code == code
    assert len(live) == 50
    assert np.array_equal(live.columns().close, before.close)
    assert np.array_equal(live.values(request("KD")).outputs["k"], values, equal_nan=True)
    assert live.put(columns.candle(50))


def test_indicators_are_added_and_removed_and_bounded():
    live = LiveIndicators(walk(4, 60))
    for period in range(1, INDICATORS_A_CHART_MAX + 1):
        live.add(request("SMA", {"timeperiod": period}))
    live.add(request("SMA", {"timeperiod": 1}))
    with pytest.raises(YunhaiError, match="7708"):
        live.add(request("KD"))
    live.remove(request("SMA", {"timeperiod": 2}))
    assert np.isfinite(live.add(request("KD")).last()).all()
    with pytest.raises(KeyError):
        live.values(request("SMA", {"timeperiod": 2}))


def test_a_chart_s_bars_are_its_own():
    columns = walk(4, 60)
    live = LiveIndicators(columns, [request("SMA")])
    live.columns().close[:] = 0
    columns.close[:] = 0
    assert live.columns().close.min() > 0
