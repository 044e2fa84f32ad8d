"""Every indicator that others have, held against their results for the same bars; and why they differ where they do.

The comparisons are those of the reference page (`tools.indicator_reference`), whose figures are measured there. A difference that
has no reason, or a reason that has no difference, is a failure. The reasons themselves are tried: where the peer's beginning is
another one, its own rule, written out here, gives its figures.
"""

import json
from collections import Counter

import numpy as np
import pytest
import talib

from tools import indicator_reference
from tools.indicator_peers import library_files, skender, taiwan_sample, tulip
from tools.indicator_peers.comparing import LIMIT, Ours, compared
from yunhai.market.indicators import Columns, catalogue

VERDICTS = {"equal", "equal later", "differs", "not offered"}


@pytest.fixture(scope="module")
def found(data_folder):
    if not (data_folder / "indicators").is_dir() or not (data_folder / "tw_daily").is_dir():
        pytest.skip("no results of other programs in the data folder")
    return indicator_reference.comparisons(data_folder)


def of(found, peer):
    return [one for one in found if one.peer == peer]


def test_no_difference_without_a_reason_and_no_reason_without_a_difference(found):
    assert [(one.peer, one.case, str(one.ours), one.worst) for one in found if one.verdict not in VERDICTS] == []


def test_every_function_of_the_library_equals_its_own_files(found):
    """All 201 functions, all 234 outputs, on every file: within 1e-8 at every bar, and missing at the same ones."""
    own = [one for one in of(found, library_files.PEER) if one.ours.name not in ("DMI", "VWAP_ANCHORED")]
    files = {one.case.split()[0] for one in own}
    assert len(files) >= 7
    assert len(own) == 234 * len(files)
    assert {one.ours.name for one in own} == {name for name, one in catalogue().items() if one.maker == "TA-Lib"}
    assert {one.verdict for one in own} == {"equal"}
    assert max(one.worst for one in own) <= LIMIT
    assert sum(one.values for one in own) > 100_000 * len(files)


def test_skender(found, data_folder):
    own = of(found, skender.PEER)
    files = {path.name.partition(".")[0] for path in (data_folder / "indicators/skender/results").glob("*.json")}
    assert {one.case.split(".")[0] for one in own} == files
    assert Counter(one.verdict for one in own)["equal"] >= 74
    assert {one.case for one in own if one.ours} == set(skender.SERIES)
    for series in (
        "rsi.rsi",
        "bb.upperBand",
        "atr.atr",
        "willr.williamsR",
        "mfi.mfi",
        "cci.cci",
        "vwap.vwap",
        "sma.sma",
    ):
        (one,) = (one for one in own if one.case == series)
        assert (one.verdict, one.worst <= 1e-10) == ("equal", True), series


def test_tulip(found):
    own = of(found, tulip.PEER)
    assert Counter(one.verdict for one in own)["equal"] >= 174
    named = {one.case.split()[1].partition(".")[0] for one in own if one.case.split()[0] in tulip.FILES and one.ours}
    assert named >= set(tulip.FUNCTIONS)
    crossings = [one for one in own if "cross" in one.case]
    assert len(crossings) == 6
    assert {one.verdict for one in crossings} == {"equal"}


def test_kd_is_what_a_taiwanese_project_computes(found):
    """From the ninth bar on, on every stock whose bars are those it was computed from."""
    for series in ("kd_k", "kd_d"):
        own = [one for one in of(found, taiwan_sample.PEER) if one.case.endswith(series)]
        assert len(own) >= 19
        clean = [one for one in own if not taiwan_sample.rounded(one.case)]
        assert {(one.equal_from, one.beyond) for one in clean} == {(8, 8)}
        assert all(one.equal_from for one in own), "and the others once their rounded bars have faded"
    clean = [one for one in of(found, taiwan_sample.PEER) if not taiwan_sample.rounded(one.case)]
    for series in ("ma5", "ma60", "vol_ma5", "bias20", "bb_mid", "bb_upper (n − 1)", "bb_lower (n − 1)"):
        assert {one.verdict for one in clean if one.case.partition(" ")[2] == series} == {"equal"}, series


def test_the_page_is_up_to_date(found, data_folder, monkeypatch):
    monkeypatch.setattr(indicator_reference, "comparisons", lambda folder: found)
    page = indicator_reference.page(data_folder)
    assert indicator_reference.PAGE.read_text(encoding="utf-8") == page, "run python -m tools.indicator_reference"


# --- The comparison itself can fail ---


def test_a_comparison_notices_what_is_not_equal():
    count = 60
    close = np.linspace(10, 20, count)
    columns = Columns(start_ns=np.arange(count), open=close, high=close, low=close, close=close, volume=np.ones(count))
    ours = Ours(name="SMA", parameters={"timeperiod": 5})
    theirs = talib.SMA(close, 5)
    assert compared("peer", "same", ours, columns, theirs).verdict == "equal"
    wrong = theirs.copy()
    wrong[30] += 2e-7 * wrong[30]
    off = compared("peer", "one bar", ours, columns, wrong)
    assert (off.verdict, off.beyond, off.equal_from) == ("WRONG", 1, None)
    assert off.worst == pytest.approx(2e-7, rel=1e-3)
    early = theirs.copy()
    early[3] = 11.0
    begun = compared("peer", "begins earlier", ours, columns, early)
    assert (begun.verdict, begun.worst, begun.equal_from) == ("WRONG", np.inf, 4)
    excused = Ours(name="SMA", parameters={"timeperiod": 5}, reason="because")
    assert compared("peer", "excused", excused, columns, early).verdict == "equal later"
    assert compared("peer", "excused in vain", excused, columns, theirs).verdict == "WRONG"
    late = theirs.copy()
    late[4] = np.nan
    assert compared("peer", "one way", ours, columns, late).verdict == "equal"
    assert compared("peer", "both ways", ours, columns, late, both_ways=True).verdict == "WRONG"


# --- The reasons: the peer's own rule gives the peer's figures ---


def average(row, n, start, first=None, weight=None):
    """An exponential average that has `first` (else the row's value) at `start` and goes on from there."""
    result = np.full(len(row), np.nan)
    result[start] = row[start] if first is None else first
    for bar in range(start + 1, len(row)):
        result[bar] = result[bar - 1] + (weight or 2 / (n + 1)) * (row[bar] - result[bar - 1])
    return result


def apart(ours, theirs):
    """The largest difference where the peer has a value; infinite where this has none."""
    asked = ~np.isnan(theirs)
    assert asked.sum() > 0
    difference = np.abs(ours[asked] - theirs[asked]) / np.maximum(1, np.abs(theirs[asked]))
    return np.inf if np.isnan(difference).any() else difference.max()


@pytest.fixture(scope="module")
def theirs(found, data_folder):
    """A series of Skender's as a row."""

    def row(file, key):
        rows = json.loads((data_folder / f"indicators/skender/results/{file}.standard.json").read_text())
        return np.array([np.nan if one.get(key) is None else one[key] for one in rows], float)

    return row


@pytest.fixture(scope="module")
def bars(found, data_folder):
    return skender.bars(data_folder / "indicators/skender")


def test_skender_s_macd_begins_each_average_at_its_own_first_bar(theirs, bars):
    macd = talib.EMA(bars.close, 12) - talib.EMA(bars.close, 26)
    signal = np.concatenate((np.full(25, np.nan), talib.EMA(macd[25:], 9)))
    assert apart(macd, theirs("macd", "macd")) <= LIMIT
    assert apart(signal, theirs("macd", "signal")) <= LIMIT


def test_skender_s_double_and_triple_averages_begin_all_at_once(theirs, bars):
    def averages(n):
        first = average(bars.close, n, n - 1, bars.close[:n].mean())
        second = average(first, n, n - 1)
        return first, second, average(second, n, n - 1)

    first, second, third = averages(14)
    assert apart(2 * first - second, theirs("dema", "dema")) <= LIMIT
    assert apart(third, theirs("trix", "ema3")) <= LIMIT
    change = np.concatenate(([np.nan], (third[1:] / third[:-1] - 1) * 100))
    assert apart(change, theirs("trix", "trix")) <= LIMIT
    first, second, third = averages(20)
    assert apart(3 * first - 3 * second + third, theirs("tema", "tema")) <= LIMIT


def test_skender_s_t3_and_smi_begin_with_their_first_value(theirs, bars):
    rows = [bars.close]
    for _ in range(6):
        rows.append(average(rows[-1], 5, 0))
    a = 0.7
    weights = (-(a**3), 3 * a**2 + 3 * a**3, -6 * a**2 - 3 * a - 3 * a**3, 1 + 3 * a + a**3 + 3 * a**2)
    t3 = sum(weight * row for weight, row in zip(weights, reversed(rows[3:]), strict=True))
    assert apart(t3, theirs("t3", "t3")) <= LIMIT
    high, low = talib.MAX(bars.high, 13), talib.MIN(bars.low, 13)
    off, span = (average(average(row, 25, 12), 2, 12) for row in (bars.close - (high + low) / 2, (high - low) / 2))
    assert apart(100 * off / span, theirs("smi", "smi")) <= LIMIT


def test_skender_s_sums_of_volume(theirs, bars):
    """Chaikin's averages begin with a mean; OBV begins with nothing."""
    line = talib.AD(bars.high, bars.low, bars.close, bars.volume)
    assert apart(talib.EMA(line, 3) - talib.EMA(line, 10), theirs("chaikin-osc", "oscillator")) <= LIMIT
    distance = talib.OBV(bars.close, bars.volume) - theirs("obv", "obv")
    assert set(distance) == {bars.volume[0]}


def test_skender_s_other_rules(theirs, bars):
    period = talib.HT_DCPERIOD((bars.high + bars.low) / 2)[200:]
    assert np.array_equal(np.floor(period + 0.5), theirs("htl", "dcPeriods")[200:]), "whole bars"
    doji = np.abs(bars.close / bars.open - 1) <= 0.001
    assert np.array_equal(doji, theirs("doji", "match") != 0)
    marubozu = np.abs(bars.close - bars.open) >= 0.95 * (bars.high - bars.low)
    assert np.array_equal(marubozu, theirs("marubozu", "match") != 0)
    intercept = theirs("slope", "intercept")[13:] + theirs("slope", "slope")[13:] * np.arange(1, 490)
    assert apart(intercept, talib.LINEARREG_INTERCEPT(bars.close, 14)[13:]) <= LIMIT, "at the first of all bars"


HAND_ROUNDED = {("extra", "natr"): 5}
"""Figures that were rounded on the way: by up to so many units of the last digit."""


def before(row, bars):
    return np.concatenate((np.full(bars, np.nan), row[: len(row) - bars]))


def tulip_tema(row, n):
    first = average(row, n, 0)
    second = average(first, n, n - 1)
    return 3 * first - 3 * second + average(second, n, 2 * n - 2)


def tulip_trix(row, n):
    third = average(average(average(row, n, 0), n, n - 1), n, 2 * n - 2)
    return (third - before(third, 1)) / third * 100


def tulip_macd(row, fast, slow):
    """The book's 12 and 26 are 0.15 and 0.075 in Tulip."""
    weights = (0.15, 0.075) if (fast, slow) == (12, 26) else (None, None)
    return average(row, fast, 0, weight=weights[0]) - average(row, slow, 0, weight=weights[1])


def tulip_cvi(spread, n):
    smooth = average(spread, n, 0)
    return (smooth / before(smooth, n) - 1) * 100


def tulip_zlema(row, n):
    lag = (n - 1) // 2
    return average(np.concatenate((row[:lag], 2 * row[lag:] - row[:-lag])), n, lag - 1)


def tulip_mass(spread, n):
    single = average(spread, 9, 0)
    ratio = single / average(single, 9, 8)
    return np.concatenate((np.full(15 + n, np.nan), np.convolve(ratio[16:], np.ones(n), "valid")))


def true_range(bars):
    last = before(bars.close, 1)
    return np.nanmax((bars.high - bars.low, np.abs(bars.high - last), np.abs(bars.low - last)), axis=0)


def tulip_atr(bars, n):
    ranges = true_range(bars)
    return average(ranges, n, n - 1, ranges[:n].mean(), 1 / n)


def tulip_dx(bars, n):
    plus, minus = talib.PLUS_DM(bars.high, bars.low, n), talib.MINUS_DM(bars.high, bars.low, n)
    return np.abs(plus - minus) / (plus + minus) * 100


def tulip_adx(bars, n):
    line = tulip_dx(bars, n)
    return average(line, n, 2 * n - 2, line[n - 1 : 2 * n - 1].mean(), 1 / n)


def tulip_sar(bars, step, top):
    high, low = bars.high, bars.low
    rising = high[0] + low[0] <= high[1] + low[1]
    extreme, stop = (high[0], low[0]) if rising else (low[0], high[0])
    speed, result = step, np.full(len(high), np.nan)
    for bar in range(1, len(high)):
        stop += (extreme - stop) * speed
        near = slice(max(bar - 2, 0), bar)
        stop = min(stop, low[near].min()) if rising else max(stop, high[near].max())
        if (high[bar] > extreme) if rising else (low[bar] < extreme):
            speed, extreme = min(speed + step, top), high[bar] if rising else low[bar]
        if (low[bar] < stop) if rising else (high[bar] > stop):
            rising, speed, stop = not rising, step, extreme
            extreme = high[bar] if rising else low[bar]
        result[bar] = stop
    return result


TULIP_RULES = {
    "ema": lambda bars, n: average(bars.close, n, 0),
    "dema": lambda bars, n: 2 * average(bars.close, n, 0) - average(average(bars.close, n, 0), n, n - 1),
    "tema": lambda bars, n: tulip_tema(bars.close, n),
    "trix": lambda bars, n: tulip_trix(bars.close, n),
    "apo": lambda bars, n, slow: average(bars.close, n, 0) - average(bars.close, slow, 0),
    "macd": lambda bars, n, slow, _: tulip_macd(bars.close, n, slow),
    "ppo": lambda bars, n, slow: (average(bars.close, n, 0) / average(bars.close, slow, 0) - 1) * 100,
    "cvi": lambda bars, n: tulip_cvi(bars.high - bars.low, n),
    "zlema": lambda bars, n: tulip_zlema(bars.close, n),
    "mass": lambda bars, n: tulip_mass(bars.high - bars.low, n),
    "tr": true_range,
    "atr": tulip_atr,
    "natr": lambda bars, n: tulip_atr(bars, n) / bars.close * 100,
    "dx": tulip_dx,
    "adx": tulip_adx,
    "adxr": lambda bars, n: (tulip_adx(bars, n) + before(tulip_adx(bars, n), n - 1)) / 2,
    "obv": lambda bars: talib.OBV(bars.close, bars.volume) - bars.volume[0],
    "psar": tulip_sar,
}


def test_tulip_s_rules_give_tulip_s_figures(found, data_folder):
    """Every block of a function that differs, by the rule that its reason names, within the digits printed."""
    tried = Counter()
    for file in tulip.FILES:
        for block in tulip.blocks(data_folder / f"indicators/tulip/{file}.txt"):
            if block.name in TULIP_RULES:
                columns = tulip.columns_of(block)
                digits = HAND_ROUNDED.get((file, block.name), 1)
                options = [int(one) if one == int(one) else one for one in block.options]
                texts = block.rows[len(tulip.FUNCTIONS[block.name].inputs)]
                if texts:
                    row = TULIP_RULES[block.name](columns, *options)[-len(texts) :]
                    for ours, text in zip(row, texts, strict=True):
                        assert abs(ours - float(text)) <= 1.001 * digits * tulip.unit(text), (
                            file,
                            block.name,
                            ours,
                            text,
                        )
                    tried[block.name] += 1
    assert set(tried) == set(TULIP_RULES)
    named = {reason.split()[-1] for reason in tulip.REASONS}
    assert named - set(TULIP_RULES) == {"di", "kama", "cmo"}


def test_the_taiwanese_project_s_rules(found, data_folder):
    """Averages from the first value, gains and losses from the first change."""
    samples = taiwan_sample.rows(data_folder / "tw_daily")
    for code in ("1101", "2330"):
        columns, sample = samples[code]
        close = columns.close
        dif = average(close, 12, 0) - average(close, 26, 0)
        assert apart(dif, sample["macd_dif"]) <= LIMIT
        assert apart(average(dif, 9, 0), sample["macd_macd"]) <= LIMIT
        change = np.diff(close)
        for n in (6, 12):
            up, down = (average(np.maximum(sign * change, 0), n, 0, weight=1 / n) for sign in (1, -1))
            rsi = 100 * up / np.where(up + down > 0, up + down, np.nan)
            assert apart(rsi[20:], sample[f"rsi{n}"][21:]) <= LIMIT
