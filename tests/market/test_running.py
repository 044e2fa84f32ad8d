"""The running day's bars, asked for in between: always those of all trades so far, for the price of the new ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.test_bars import CUTS, OPENED, TRADES, made
from tests.market.test_following import AFTERNOON, MORNING, Scene
from yunhai.kernel.clock import TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.market.bars import running
from yunhai.market.bars.making import BAR, TICK, folded, rows_of
from yunhai.market.bars.running import RunningBars, Tape
from yunhai.market.bars.spans import SPANS
from yunhai.market.importers.following import LiveBars, bars_of, joined

SPAN_NAMES = [name for name, span in SPANS.items() if span.ns or name == "1d"]


def wanted(trades: np.ndarray, book: int, span: str) -> np.ndarray:
    bars = folded(rows_of(trades[trades["security"] == book], SPANS[span]))
    bars["security"] = 0
    return bars


@settings(max_examples=60, deadline=None)
@given(
    TRADES, CUTS, st.lists(st.tuples(st.integers(0, 3), st.sampled_from(SPAN_NAMES), st.integers(0, 20)), max_size=6)
)
def test_whatever_is_asked_when_is_the_bars_of_all_trades_so_far(
    rows: list[tuple[int, int, int, int]], cuts: list[int], asked: list[tuple[int, str, int]]
) -> None:
    trades = made(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "PIECE", 7)
        patch.setattr(running, "HISTORY_LIVE_SERIES_MAX", 2)
        tape = Tape()
        bars = RunningBars(tape, offset=TAIPEI_OFFSET)
        for piece in np.split(trades, sorted(min(cut, len(trades)) for cut in cuts)):
            tape.put(piece)
            sofar = trades[: len(tape)]
            assert tape.whole().tobytes() == sofar.tobytes()
            for book, span, back in asked:
                whole = wanted(sofar, book, span)
                assert bars.of(book, SPANS[span]).tobytes() == whole.tobytes()
                since = int(whole["start_ns"][-min(back, len(whole))]) if len(whole) and back else 0
                later = whole[whole["start_ns"] >= since]
                assert bars.of(book, SPANS[span], since_ns=since).tobytes() == later.tobytes()


def test_a_trade_that_goes_back_is_refused_each_time_and_nothing_is_kept_of_it() -> None:
    tape = Tape()
    bars = RunningBars(tape, offset=TAIPEI_OFFSET)
    trades = made([(1, 0, 100, 5), (1, 90 * 10**9, 101, 5), (2, 0, 50, 1)])
    tape.put(trades[1:])
    before = bars.of(1, SPANS["1m"]).tobytes()
    tape.put(trades[:1])
    for _ in range(2):
        with pytest.raises(YunhaiError) as refused:
            bars.of(1, SPANS["1m"])
        assert refused.value.code == 7458
    assert len(bars.of(2, SPANS["1m"])) == 1
    assert np.frombuffer(before, BAR)["close"].tolist() == [101]
    assert TICK.itemsize == 32, "what the pages say of the memory"


def test_answers_since_a_moment_are_joined_to_what_is_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    scene = Scene(tmp_path_factory.mktemp("running"))
    scene.trade(MORNING)
    scene.follow()

    def ask(span: str, known: LiveBars | None = None) -> LiveBars:
        asked = {} if known is None else {"date": known.date, "since_ns": int(bars_of(known)["start_ns"][-1])}
        found = scene.follower.live("2330", "board", span, **asked)  # type: ignore[arg-type]
        assert found is not None
        return found

    known = {span: ask(span) for span in SPAN_NAMES}
    scene.trade(AFTERNOON)
    scene.follow()
    for span, before in known.items():
        new, whole = ask(span, before), ask(span)
        assert (new.since_ns > 0, whole.since_ns) == (True, 0)
        assert joined(before, new) == whole
        assert ask(span, whole).bars == whole.bars[-BAR.itemsize :], "the last bar may still change, no other"
    other = scene.follower.live("2330", "board", "1m", date="1999-01-04", since_ns=1 << 62)
    assert other == ask("1m"), "of another day nothing is known yet"
    assert joined(LiveBars(date="1999-01-04", closed=True, bars=b""), ask("1m")) == ask("1m")
    assert ask("1m").date == OPENED.date
