"""A write of the lake that is cut short, by an error or by a kill, leaves the lake as it was, or as it would have become."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.market.lake_scene import DAILY, NOW, closes, lake_of_a_week, take, write
from yunhai.kernel.clock import HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.market.lake import checking, manifest, placing, writing
from yunhai.market.lake.reading import Lake

OTHER = ("2330,2025-12-31,90,91,89,90,5", "2330,2026-08-14,95,96,94,95,5")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("of", "name", "call"),
    [(writing, "write_file", 2), (placing, "sync_folder", 2), (placing, "save", 1), (manifest, "whole_file", 1)],
    ids=["between-two-files", "placed-in-part", "all-placed", "the-manifest-itself"],
)
def test_an_import_that_fails_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: object, name: str, call: int
) -> None:
    lake = lake_of_a_week(tmp_path)
    before, seen = files(lake.folder), closes(lake, "2330")
    real, calls = getattr(of, name), []

    def dying(*words: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == call:
            raise OSError(28, "No space left on device")
        return real(*words, **more)

    other = write(tmp_path / "more.csv", DAILY, *OTHER)
    monkeypatch.setattr(of, name, dying)
    with pytest.raises(OSError, match="No space"):
        take(lake.folder, other)
    monkeypatch.undo()
    assert files(lake.folder) == before
    assert closes(Lake(lake.folder), "2330") == seen
    verdict = checking.verify(lake.folder)
    assert (verdict.right, verdict.strangers, verdict.unfinished) == (True, (), ())
    assert not take(lake.folder, other).again
    assert len(closes(Lake(lake.folder), "2330")) == 7


def test_what_an_earlier_write_left_is_named_and_goes_with_the_next(tmp_path: Path) -> None:
    lake = lake_of_a_week(tmp_path)
    part = lake.folder / "bars/span=1d/year=2026/part-0123456789abcdef.parquet"
    part.write_bytes(b"PAR1")
    listed = [
        str(part.relative_to(lake.folder)),
        "bars/span=1d/year=2026/part-gone.parquet",
        lake.manifest().files[0].path,
    ]
    aside = lake.folder / manifest.ASIDE
    aside.mkdir(exist_ok=True)
    (aside / placing.PLACING).write_text(json.dumps([*listed, "../outside"]))
    (tmp_path / "outside").write_text("stays")
    stranger = lake.folder / "notes.txt"
    stranger.write_text("of nobody")
    verdict = checking.verify(lake.folder)
    assert (verdict.right, verdict.strangers) == (True, ("notes.txt",))
    assert verdict.unfinished == (f"{manifest.ASIDE}/{placing.PLACING}", listed[0])
    take(lake.folder, write(tmp_path / "more.csv", DAILY, *OTHER))
    verdict = checking.verify(lake.folder)
    assert (verdict.right, verdict.strangers, verdict.unfinished) == (True, ("notes.txt",), ())
    assert (tmp_path / "outside").exists()
    assert len(closes(Lake(lake.folder), "2330")) == 7


def test_a_manifest_that_is_lost_takes_no_file_with_it(tmp_path: Path) -> None:
    """Nothing is imported beside files that nobody names, and none of them is deleted: the manifest may come from a backup."""
    lake = lake_of_a_week(tmp_path)
    kept = (lake.folder / manifest.NAME).read_bytes()
    (lake.folder / manifest.NAME).unlink()
    before = files(lake.folder)
    other = write(tmp_path / "more.csv", DAILY, *OTHER)
    with pytest.raises(YunhaiError) as refused:
        take(lake.folder, other)
    assert refused.value.code == 7453
    assert files(lake.folder) == before
    (lake.folder / manifest.NAME).write_bytes(kept)
    take(lake.folder, other)
    assert len(closes(Lake(lake.folder), "2330")) == 7


def test_a_compaction_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_of_a_week(tmp_path)
    take(lake.folder, write(tmp_path / "more.csv", DAILY, OTHER[1]))
    before = files(lake.folder)

    def dying(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "save", dying)
    with pytest.raises(OSError, match="No space"):
        checking.compact(lake.folder, now_ns=NOW + HOUR)
    assert files(lake.folder) == before


@pytest.mark.full
@pytest.mark.parametrize("kind", ["import", "compact"])
def test_a_writer_that_is_killed_at_any_step(tmp_path: Path, repository: Path, kind: str) -> None:
    """After SIGKILL before each step that changes the disk: readers see the lake as before or as after, a proof finds nothing
    wrong and no stranger, clearing leaves nothing over, and the same write again gives what it would have given."""
    command = [sys.executable, "-m", "tests.market.lake_killed", str(tmp_path), kind, "2"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["wrong"] == {}
    assert answer["steps"] > 20
    assert answer["changed"] is (kind == "import")
