"""The demo's market clock as the stream tells it: right behind a snapshot, and after the core stood still."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from yunhai.kernel.clock import SECOND
from yunhai.trading.stream import following as module
from yunhai.trading.stream.following import Following

NINE = 9 * 3_600 * SECOND


@pytest.fixture
def following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Following:
    monkeypatch.setattr(Following, "clock", "demo")
    made = Following(tmp_path, tmp_path, wall=lambda: made.wall_now)  # type: ignore[attr-defined]
    return made


def read(following: Following, *, market: int, wall: int) -> int:
    """A group whose last record has a market time, written at a wall time (seconds); the clock then, in seconds."""
    following._group_time = 0
    following._seen_at(NINE + market * SECOND)
    following._set_clock(SimpleNamespace(wall_ns=wall * SECOND))  # type: ignore[arg-type]
    following.wall_now = wall * SECOND  # type: ignore[attr-defined]
    return (following.market_time() - NINE) // SECOND


def test_groups_read_again_behind_a_snapshot_do_not_put_the_clock_forward(following: Following) -> None:
    following._last_time = NINE + 600 * SECOND  # what the snapshot knows
    for second in range(0, 660, 5):
        said = read(following, market=second, wall=1_000 + second)
    assert said == 655


def test_after_the_core_stood_for_a_minute_the_clock_is_what_the_records_say(following: Following) -> None:
    for second in range(30):
        read(following, market=second, wall=1_000 + second)
    for second in range(30, 60):
        said = read(following, market=second, wall=1_060 + second)
    assert said == 59


def test_a_record_that_is_late_does_not_put_the_clock_back(following: Following) -> None:
    read(following, market=100, wall=1_000)
    assert read(following, market=99, wall=1_001) == 101
    assert module.CLOCK_WINDOW_NS >= 5 * SECOND
