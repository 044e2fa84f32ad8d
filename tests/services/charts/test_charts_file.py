"""Bars taken away as files: the numbers of the JSON, as they were known at a moment."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.services.charts.days import bring, days

pytestmark = pytest.mark.usefixtures("db")

LAST = date(2026, 8, 21)
MADE = days(60, last=LAST)
ASKED = {"indicators": "kd(9,3,3),ma(5)", "limit": 30}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("charts-file")
    bring(home / "lake", home, "2330", MADE)
    return home


@pytest.fixture
def client(lake: Path, db: None) -> Iterator[Any]:
    from django.conf import settings

    from tests.platform import factories as make

    before = settings.PLACES
    settings.PLACES = type(before)(lake)
    make.tenant(make.BROKER)
    yield make.browser(make.place("investor", account=99), number=make.BROKER)
    settings.PLACES = before


def asked(client: Any, what: str, **more: Any) -> Any:
    return client.get(f"/api/v1/charts/2330/{what}", ASKED | more)


def expected(said: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The JSON's rows: start in ns, prices and value in NT$, counts, indicators."""
    tenths = [[Decimal(number) / said["scale"] for number in said[name]] for name in ("open", "high", "low", "close")]
    value = [Decimal(number) / said["scale"] for number in said["value"]]
    outputs = [output["values"] for one in said["indicators"] for output in one["outputs"]]
    starts = [second * 1_000_000_000 for second in said["time"]]
    return list(zip(starts, *tenths, said["volume"], value, said["trades"], *outputs, strict=True))


@pytest.mark.parametrize("more", [{}, {"as_of": "2026-08-03"}, {"span": "1w"}], ids=["now", "then", "weeks"])
def test_the_files_hold_the_numbers_of_the_json(client: Any, tmp_path: Path, more: dict[str, str]) -> None:
    rows = expected(asked(client, "bars", **more).json())
    assert rows
    answer = asked(client, "file", form="parquet", **more)
    assert answer.status_code == 200
    path = tmp_path / "taken.parquet"
    path.write_bytes(answer.content)
    with duckdb.connect() as database:
        found = database.execute("SELECT * EXCLUDE (code, start_local) FROM read_parquet(?)", [str(path)]).fetchall()
        names = [one[0] for one in database.description]
        about = dict(
            database.execute("SELECT key::VARCHAR, value::VARCHAR FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
        )
    assert found == rows
    assert names[-4:] == ["KD(9,3,3).k", "KD(9,3,3).d", "KD(9,3,3).j", "MA(5)"]
    assert (about["code"], about["span"], about["adjusted"]) == ("2330", more.get("span", "1d"), "raw")

    answer = asked(client, "file", **more)
    assert answer["Content-Disposition"] == f'attachment; filename="2330-{more.get("span", "1d")}.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [Decimal(one["close"]) for one in lines] == [row[4] for row in rows]
    assert [one["MA(5)"] for one in lines] == ["" if row[-1] is None else str(row[-1]) for row in rows]
    assert lines[-1]["start_local"].endswith(" 00:00:00.000000")


def test_a_chart_as_known_then_ends_there_whatever_is_told_of_the_running_day(client: Any) -> None:
    """A day's bar is known at 14:00: just before, the day before is the last; `latest` is knowledge of now."""
    latest = "2026-08-24,600,610,590,605,1000000"
    before = asked(client, "bars", as_of="2026-08-20T13:59", latest=latest).json()
    at = asked(client, "bars", as_of="2026-08-20T14:00", latest=latest).json()
    midnights = {date(2026, 8, 19): 1_787_068_800, date(2026, 8, 20): 1_787_155_200}
    assert (before["time"][-1], at["time"][-1]) == tuple(midnights.values())
    whole = asked(client, "bars", to="2026-08-20").json()
    assert at["indicators"] == whole["indicators"], "the same bars give the same values"
    assert asked(client, "bars", latest=latest).json()["time"][-1] > at["time"][-1]


def test_a_file_of_nothing_has_its_columns(client: Any) -> None:
    answer = client.get("/api/v1/charts/9999/file", {"indicators": "rsi(14)"})
    assert answer.content.decode().splitlines() == [
        "code,start_ns,start_local,open,high,low,close,volume,value,trades,RSI(14)"
    ]
    assert client.get("/api/v1/charts/2330%20/file").status_code == 422
