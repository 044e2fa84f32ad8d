"""Taking events away by the web: the same rows as on the command line, for those only to whom row 3.1 is open in full."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.market.disk import full_after
from tests.services.conftest import Read
from tests.services.replay.test_replay_service import RUNNING, code, investor
from yunhai.services.replay import api as replay
from yunhai.services.replay import viewing

API = "/api/v1/replay/export"
pytestmark = pytest.mark.usefixtures("db")


def test_the_events_of_a_span_in_both_forms(read_market: Read, tmp_path: Path) -> None:
    owner = investor(1, 101)
    source = viewing.catalogue().open(RUNNING)[0]
    name = source.listings[0].name
    book = source.listings[0].book
    asked = {"source": RUNNING, "codes": name, "first": 0, "last": len(source)}
    answer = owner.get(API, asked)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == 'attachment; filename="replay-journal-2026-08-24.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [int(one["position"]) for one in rows] == [int(place) + 1 for place in source.places_of(book)]
    assert {one["code"] for one in rows} == {source.listings[0].code}
    whole = owner.get(API, asked | {"last": 0, "form": "parquet"})
    assert whole["Content-Type"] == "application/vnd.apache.parquet"
    path = tmp_path / "events.parquet"
    path.write_bytes(whole.content)
    assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(len(rows),)]


def test_what_is_not_given(read_market: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """level of row 3.1 · what is asked · refused with"""
    source = viewing.catalogue().open(RUNNING)[0]
    good = {"source": RUNNING, "codes": source.listings[0].name}
    owner = investor(1, 101)
    rows = [
        (good | {"source": "journal/1999-01-01"}, (404, 7480)),
        (good | {"source": "x\x00"}, (422, 7104)),
        (good | {"codes": ""}, (422, 7486)),
        (good | {"codes": "NOSUCH"}, (422, 7486)),
        (good | {"first": 9, "last": 3}, (422, 7491)),
        (good | {"last": 2**62}, (422, 7488)),
        (good | {"first": len(source)}, (422, 7491)),
    ]
    for asked, refused in rows:
        assert code(owner.get(API, asked)) == refused, asked
    assert owner.get(API, good | {"form": "xlsx"}).status_code == 422
    monkeypatch.setattr(replay, "REPLAY_PAGE_EXPORT_EVENTS_MAX", len(source) - 1)
    assert code(owner.get(API, good)) == (422, 7488)
    monkeypatch.undo()
    assert code(investor(2, 201, "partial").get(API, good)) == (403, 7492)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_full_disk_is_said_and_leaves_nothing_behind(
    read_market: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = viewing.catalogue().open(RUNNING)[0]
    asked = {"source": RUNNING, "codes": source.listings[0].name, "form": form}
    owner, write = investor(1, 101), replay.export

    def on_a_full_disk(*asked_for: Any) -> int:
        with full_after(64):
            return write(*asked_for)

    monkeypatch.setattr(replay, "export", on_a_full_disk)
    answer = owner.get(API, asked)
    assert code(answer) == (503, 7498)
    assert str(tmp_path) not in answer.content.decode()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(replay, "export", write)
    assert owner.get(API, asked).status_code == 200
