"""The catalogue by API and as pages: what an import of a dirty file left, told again; rows as they were known; files; bounds."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.services.charts.days import HEADER, NOW_NS, days
from yunhai.market.importers.importing import import_file
from yunhai.market.lake.manifest import load
from yunhai.market.lake.tables import TABLES

pytestmark = pytest.mark.usefixtures("db")

LAST = date(2026, 8, 21)
MADE = days(120, last=LAST)
BAD = (
    ("2330,2026-08-24,600,590,610,605,1000", 7466, "high below low"),
    ("2330,2026-08-25,0,610,590,605,1000", 7464, "a price of 0"),
    ("2330,2026-08-26,600,610,,605,1000", 7473, "a blank"),
    ("2330,2026-08-27,600,610,590,605", 7460, "too few fields"),
    ("2330,soon,600,610,590,605,1000", 7462, "no date"),
)
CORRECTED = MADE[-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose lake has one dirty import of 2330, another of 2317, and a correction of 2330's last day."""
    folder = tmp_path_factory.mktemp("data")
    first = folder / "dirty.csv"
    first.write_text("\n".join([HEADER, *(day.row("2330") for day in MADE), *(text for text, _, _ in BAD)]) + "\n")
    second = folder / "clean.csv"
    second.write_text("\n".join([HEADER, *(day.row("2317") for day in MADE)]) + "\n")
    third = folder / "later.csv"
    third.write_text(f"{HEADER}\n{CORRECTED.row('2330').rpartition(',')[0]},777000\n")
    for at, path in enumerate((first, second, third)):
        import_file(folder / "lake", path, now_ns=NOW_NS + at)
    return folder


def _client(home: Path) -> Iterator[Any]:
    from django.conf import settings

    from tests.platform import factories as make

    before = settings.PLACES
    settings.PLACES = type(before)(home)
    make.tenant(make.BROKER)
    yield make.browser(make.place("investor", account=99), number=make.BROKER)
    settings.PLACES = before


@pytest.fixture
def client(home: Path, db: None) -> Iterator[Any]:
    yield from _client(home)


@pytest.fixture
def empty(tmp_path: Path, db: None) -> Iterator[Any]:
    yield from _client(tmp_path)


def get(client: Any, path: str, **asked: Any) -> Any:
    return client.get(f"/api/v1/data/{path}", asked)


def code_of(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


def test_nobody_and_a_tenant_without_the_service_get_nothing(client: Any) -> None:
    from django.test import Client

    from tests.platform import factories as make

    assert get(Client(), "datasets").status_code == 401
    make.tenant(make.OTHER_BROKER, columns=["proprietary"])
    without = make.browser(make.place("sales", make.OTHER_BROKER), number=make.OTHER_BROKER)
    answer = get(without, "datasets")
    assert (answer.status_code, code_of(answer)) == (403, 7103)


def test_an_empty_lake_has_every_dataset_without_rows(empty: Any) -> None:
    said = get(empty, "datasets").json()
    assert [one["name"] for one in said] == list(TABLES)
    assert all((one["rows"], one["first"], one["imported_at"]) == (0, "", "") for one in said)
    assert get(empty, "imports").json() == []
    assert get(empty, "datasets/bars-1d/rows", code="2330").json()["rows"] == []
    page = empty.get("/lab/data/")
    assert page.status_code == 200
    assert b'id="data-empty"' in page.content
    assert b'id="dataset-empty"' in empty.get("/lab/data/flows/").content


def test_the_catalogue_counts_what_is_stored_and_what_was_refused(client: Any, home: Path) -> None:
    bars = next(one for one in get(client, "datasets").json() if one["name"] == "bars-1d")
    manifest = load(home / "lake")
    wanted = {
        "first": MADE[0].on.isoformat(),
        "last": LAST.isoformat(),
        "days": 120,
        "codes": 2,
        "rows": 241,
        "refused": len(BAD),
        "marked": 1,
        "imports": 3,
        "files": len(manifest.of("bars-1d")),
    }
    assert {name: bars[name] for name in wanted} == wanted
    whole = get(client, "datasets/bars-1d").json()
    assert {one["path"]: one["sha256"] for one in whole["files"]} == {one.path: one.sha256 for one in manifest.files}
    assert [one["name"] for one in whole["columns"]] == list(TABLES["bars-1d"].all_columns())
    assert all(one["zh"] and one["en"] for one in whole["columns"])


def test_imports_tell_their_source_and_reasons(client: Any) -> None:
    newest, clean, dirty = get(client, "imports").json()
    assert [one["source"] for one in (dirty, clean, newest)] == ["dirty.csv", "clean.csv", "later.csv"]
    assert (dirty["read"], dirty["rows"], dirty["refused"], dirty["marked"]) == (125, 120, 5, 0)
    assert {one["code"]: (one["rows"], one["kind"]) for one in dirty["reasons"]} == {
        reason: (1, "refused") for _, reason, _ in BAD
    }
    assert [(one["code"], one["kind"]) for one in newest["reasons"]] == [(7476, "mark")]
    assert (clean["reasons"], len(clean["source_sha256"])) == ([], 64)
    assert get(client, f"imports/{dirty['number']}").json() == dirty
    assert [one["number"] for one in get(client, "imports", before=clean["number"]).json()] == [dirty["number"]]
    assert get(client, "imports", dataset="flows").json() == []


def test_a_report_is_told_in_pages_by_reason_and_by_text(client: Any) -> None:
    wanted = [(121 + at + 1, reason, text) for at, (text, reason, _) in enumerate(BAD)]
    rows, after = [], 0
    for _ in range(len(BAD)):
        said = get(client, "imports/1/report", after=after, limit=2).json()
        rows += said["rows"]
        after = said["next"]
        if not after:
            break
    assert [(one["line"], one["code"], one["text"]) for one in rows] == wanted
    of_one = get(client, "imports/1/report", reason=7466).json()
    assert ([one["text"] for one in of_one["rows"]], of_one["next"]) == ([BAD[0][0]], 0)
    assert [one["code"] for one in get(client, "imports/1/report", text="soon").json()["rows"]] == [7462]
    beyond = get(client, "imports/1/report", after=1 << 40).json()
    assert beyond == {"rows": [], "next": 0}
    within = get(client, "imports/1/report", after=3).json()
    assert [one["line"] for one in within["rows"]] == [line for line, _, _ in wanted[1:]], "from the next whole line"
    assert get(client, "imports/2/report").json() == {"rows": [], "next": 0}


def test_rows_come_newest_first_and_as_they_were_known(client: Any) -> None:
    said = get(client, "datasets/bars-1d/rows", code="2330", limit=3).json()
    names = [one["name"] for one in said["columns"]]
    first = dict(zip(names, said["rows"][0], strict=True))
    assert (first["start_ns"][:10], first["volume"], first["mark"]) == (LAST.isoformat(), 777_000, 7476)
    assert Decimal(first["close"]) == Decimal(CORRECTED.close) / 100
    assert (first["known_ns"][-6:], said["more"]) == ("+08:00", True)
    then = get(client, "datasets/bars-1d/rows", code="2330", limit=1, as_of=LAST.isoformat()).json()
    assert dict(zip(names, then["rows"][0], strict=True))["volume"] == CORRECTED.volume, "before the correction"
    following = get(client, "datasets/bars-1d/rows", code="2330", limit=3, after=2).json()
    assert following["rows"][0] == said["rows"][2]
    some = get(
        client, "datasets/bars-1d/rows", code="2330", **{"from": MADE[5].on.isoformat(), "to": MADE[7].on.isoformat()}
    )
    assert [row[names.index("start_ns")][:10] for row in some.json()["rows"]] == [
        day.on.isoformat() for day in reversed(MADE[5:8])
    ]
    assert get(client, "datasets/bars-1d/rows", code="2330", segment="odd_lot").json()["rows"] == []


def test_a_file_holds_the_rows_of_the_preview(client: Any, tmp_path: Path) -> None:
    said = get(client, "datasets/bars-1d/rows", code="2317", limit=500).json()
    names = [one["name"] for one in said["columns"]]
    closes = [row[names.index("close")] for row in reversed(said["rows"])]
    lines = list(csv.DictReader(io.StringIO(get(client, "datasets/bars-1d/file", code="2317").content.decode())))
    assert [Decimal(one["close"]) for one in lines] == [Decimal(text) for text in closes]
    path = tmp_path / "bars.parquet"
    answer = get(client, "datasets/bars-1d/file", code="2317", form="parquet")
    assert answer["Content-Disposition"] == 'attachment; filename="bars-1d-2317.parquet"'
    path.write_bytes(answer.content)
    with duckdb.connect() as database:
        found = database.execute("SELECT close, origin FROM read_parquet(?)", [str(path)]).fetchall()
    assert found == [(Decimal(text), 2) for text in closes]


def test_more_rows_than_a_file_may_hold_are_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunhai.services.data.api.DATA_FILE_ROWS_MAX", 100)
    answer = get(client, "datasets/bars-1d/file", code="2317")
    assert (answer.status_code, code_of(answer)) == (422, 7593)
    fewer = get(client, "datasets/bars-1d/file", code="2317", **{"from": MADE[-100].on.isoformat()})
    assert fewer.status_code == 200


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("datasets/nothing", {}, 404, 7590),
        ("datasets/nothing/rows", {"code": "2330"}, 404, 7590),
        ("datasets/bars-1d/rows", {"code": "台積電"}, 422, 7592),
        ("datasets/bars-1d/rows", {"code": ""}, 422, 7592),
        ("datasets/bars-1d/rows", {"code": "2330", "from": "2026-01-02", "to": "2026-01-01"}, 422, 7592),
        ("datasets/bars-1d/rows", {"code": "2330", "from": "soon"}, 422, 7335),
        ("datasets/bars-1d/rows", {"code": "2330", "limit": 501}, 422, 7104),
        ("datasets/bars-1d/rows", {"code": "2330", "after": 200_001}, 422, 7104),
        ("datasets/bars-1d/file", {"code": "2330", "form": "xml"}, 422, 7104),
        ("imports", {"dataset": "nothing"}, 404, 7590),
        ("imports/99", {}, 404, 7591),
        ("imports/99/report", {}, 404, 7591),
        ("imports/1/report", {"reason": 7470}, 422, 7592),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_refused_by_number(
    client: Any, path: str, asked: dict[str, Any], status: int, code: int
) -> None:
    answer = get(client, path, **asked)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_the_pages_show_the_same(client: Any) -> None:
    catalogue = client.get("/lab/data/").content.decode()
    assert 'data-dataset="bars-1d"' in catalogue
    assert "dirty.csv" in catalogue
    rows = client.get("/lab/data/bars-1d/?code=2330&as_of=2026-08-21T13:59").content.decode()
    assert "2026-08-20" in rows.split('id="rows"')[1].split("</table>")[0]
    assert (
        "<td"
        not in client.get("/lab/data/bars-1d/?code=9999")
        .content.decode()
        .split('id="columns"')[0]
        .split("rows-title")[-1]
    )
    assert client.get("/lab/data/bars-1d/?code=2330&from=soon").status_code == 422
    report = client.get("/lab/data/imports/1/?reason=7466").content.decode()
    assert BAD[0][0] in report
    assert BAD[1][0] not in report
    for absent in ("/lab/data/nothing/", "/lab/data/imports/99/"):
        assert client.get(absent).status_code == 404


def test_the_room_is_there_while_the_matrix_says_so(client: Any) -> None:
    from tests.platform import factories as make

    assert client.get("/lab/").headers["Location"] == "/lab/chart/"
    page = client.get("/lab/chart/").content.decode()
    menu = page.split('<ul class="menu">')[1].split("</ul>")[0]
    assert "/lab/chart/" in menu
    assert "/lab/data/" in menu
    assert "/pocket/orders/" not in menu
    assert 'data-room="lab"' in page
    make.tenant(make.OTHER_BROKER, columns=["proprietary"])
    without = make.browser(make.place("investor", make.OTHER_BROKER, account=98), number=make.OTHER_BROKER)
    assert without.get("/lab/chart/").status_code == 404
    assert b'href="/lab/' not in without.get("/account/devices/").content
