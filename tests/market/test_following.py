"""Market days come into the lake by themselves when they close; the running day's bars are the bars that are imported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.market.lake_scene import DAILY, WEEK, take, write
from tests.market.test_bars import OPENED, SmallDay
from yunhai.apps.cli import main
from yunhai.market.bars import BAR
from yunhai.market.bars.spans import SPANS
from yunhai.market.importers.following import NAME, DaysFollower, bars_of, load_state
from yunhai.market.importers.own_journal import import_journal
from yunhai.market.lake.manifest import load
from yunhai.market.lake.reading import HISTORY_BAR, Lake
from yunhai.market.lake.writing import locked
from yunhai.trading.facts import DayStep

NOW = 1_790_000_000_000_000_000
INTRADAY = [name for name, span in SPANS.items() if span.ns]
MORNING = (("08:45:00", 40, "board", 1), ("09:11:00", 40, "odd_lot", 1_000))
AFTERNOON = (("10:00:00", 60, "board", 2_000), ("13:26:00", 40, "board", 3_000))


class Scene:
    """A journal that is being written, a lake and the follower between them."""

    def __init__(self, folder: Path) -> None:
        self.journal, self.lake = folder / "journal", folder / "lake"
        self.day = SmallDay(self.journal)
        self.follower = self.begin()

    def begin(self) -> DaysFollower:
        return DaysFollower(self.lake, self.journal, clock=lambda: NOW)

    def trade(self, parts: tuple[tuple[str, int, str, int], ...]) -> None:
        for clock, count, segment, first in parts:
            self.day.trade(clock, count, segment=segment, first=first)
        self.commit()

    def commit(self) -> None:
        self.day.writer.commit()
        self.day.writer.flush()

    def follow(self) -> None:
        while self.follower.round():
            pass

    def finish(self) -> None:
        self.day.venue.finish()
        self.day.tell(DayStep(date=OPENED.date, step="closed"))
        self.commit()

    def live(self, code: str, span: str, segment: str = "board") -> np.ndarray:
        found = self.follower.live(code, segment, span)
        assert found is not None
        assert found.date == OPENED.date
        return bars_of(found)

    def imported(self, code: str, span: str, segment: str = "board") -> np.ndarray:
        with Lake(self.lake) as lake:
            return lake.bars(code, span, segment=segment)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def same(live: np.ndarray, history: np.ndarray) -> None:
    assert len(live) == len(history) > 0
    for name in HISTORY_BAR.names or ():
        assert live[name].tolist() == history[name].tolist(), name


def test_a_day_that_closes_is_history_and_its_live_bars_are_the_imported_ones(scene: Scene) -> None:
    assert scene.follower.live("2330", "board", "1m") is None
    scene.trade(MORNING)
    scene.follow()
    morning = {span: scene.live("2330", span) for span in INTRADAY}
    assert all(len(bars) for bars in morning.values())
    assert load(scene.lake).imports == ()
    assert load_state(scene.lake).running == OPENED.date
    scene.trade(AFTERNOON)
    scene.follow()
    scene.finish()
    before = scene.live("2330", "1m")
    scene.follow()
    same(before, scene.live("2330", "1m")[: len(before)])
    for code, segment in (("2330", "board"), ("0050", "board"), ("2330", "odd_lot")):
        for span in [*INTRADAY, "1d"]:
            same(scene.live(code, span, segment), scene.imported(code, span, segment))
    state = load_state(scene.lake)
    assert (state.imported, state.running, state.failed) == (OPENED.date, "", "")
    assert state.trades > 0
    assert scene.follower.live("9999", "board", "1m").bars == b""  # type: ignore[union-attr]


def test_the_list_tells_how_far_it_is(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    def told() -> dict[str, Any]:
        capsys.readouterr()
        assert main(["history", "list", "--lake", str(scene.lake), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    assert told()["journal"] is None
    scene.trade(MORNING)
    scene.follow()
    assert (told()["journal"]["running"], told()["journal"]["imported"]) == (OPENED.date, "")
    scene.finish()
    scene.follow()
    assert (told()["journal"]["running"], told()["journal"]["imported"]) == ("", OPENED.date)
    assert {one["table"] for one in told()["tables"]} == {"bars-1s", "bars-1m", "bars-1d"}


def test_killed_anywhere_it_goes_on_and_imports_nothing_twice(scene: Scene) -> None:
    scene.trade(MORNING)
    scene.follow()
    scene.follower = scene.begin()
    scene.trade(AFTERNOON)
    scene.finish()
    scene.follow()
    revision = load(scene.lake).revision
    kept = load_state(scene.lake)
    scene.follower = scene.begin()
    scene.follow()
    assert (load(scene.lake).revision, load_state(scene.lake)) == (revision, kept)
    (scene.lake / NAME).unlink()  # between the import and the keeping of the place
    scene.follower = scene.begin()
    scene.follow()
    assert (load(scene.lake).revision, load_state(scene.lake).imported) == (revision, OPENED.date)
    ((_, again),) = import_journal(scene.lake, scene.journal, now_ns=NOW)
    assert again is not None
    assert again.again, "by hand it is the same import"


def test_a_lake_that_cannot_be_written_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.trade(MORNING)
    scene.finish()
    with locked(scene.lake):
        scene.follow()
        assert load_state(scene.lake).failed == "7452"
        assert load(scene.lake).imports == ()
        assert len(scene.live("2330", "1m")) > 0
    monkeypatch.setattr(scene.follower, "_retry_at", 0.0)
    scene.follow()
    assert (load_state(scene.lake).failed, load_state(scene.lake).imported) == ("", OPENED.date)
    same(scene.live("2330", "1s"), scene.imported("2330", "1s"))


def test_a_damaged_lake_is_no_end_of_following(scene: Scene, tmp_path: Path) -> None:
    """The reader's other threads live on: the day waits until the file is taken from a backup."""
    take(scene.lake, write(tmp_path / "week.csv", DAILY, *WEEK))
    (file,) = load(scene.lake).files
    whole = (scene.lake / file.path).read_bytes()
    (scene.lake / file.path).write_bytes(b"PAR1")
    scene.trade(MORNING)
    scene.finish()
    scene.follow()
    assert (load_state(scene.lake).failed, load_state(scene.lake).imported) == ("7451", "")
    (scene.lake / file.path).write_bytes(whole)
    scene.follower = scene.begin()
    scene.follow()
    assert (load_state(scene.lake).failed, load_state(scene.lake).imported) == ("", OPENED.date)


def test_a_place_of_another_journal_is_no_place(scene: Scene) -> None:
    scene.lake.mkdir()
    (scene.lake / NAME).write_text(
        '{"journal": "ff", "sequence": 9, "group": 1, "chain": "00", "imported": "1999-01-04"}'
    )
    scene.trade(MORNING)
    scene.finish()
    scene.follow()
    assert load_state(scene.lake).imported == OPENED.date
    (scene.lake / NAME).write_text("{")
    assert load_state(scene.lake).journal == ""
    assert BAR.itemsize == 68
