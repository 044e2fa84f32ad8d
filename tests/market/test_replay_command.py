"""`yunhai replay sources | at | span | export` on files in a home."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.market.test_replay_sources import written
from tests.replay.small_feed import morning
from yunhai.apps.cli import main

SOURCE = "l3/sse-2023/600519/2023-02-07"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "replay"
    (folder / "trades" / "TX").mkdir(parents=True)
    written(folder / "trades" / "TX" / "2021-07-26.csv")
    (folder / "l3" / "sse-2023" / "600519").mkdir(parents=True)
    morning().write(folder / "l3" / "sse-2023" / "600519" / "2023-02-07")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["replay", *arguments]) == code
    return capsys.readouterr().out


def test_a_moment_its_link_and_the_same_moment_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ("--home", str(home))
    sources = json.loads(said(capsys, "sources", "--json", *places))["sources"]
    assert [one["source"] for one in sources] == [SOURCE, "trades/TX/2021-07-26"]
    assert SOURCE in said(capsys, "sources", *places)
    state: dict[str, Any] = json.loads(said(capsys, "at", SOURCE, "--time", "09:31", "--json", *places))
    assert state["time"] == "2023-02-07T09:31:00.000000000"
    assert state["trades"]
    again = json.loads(said(capsys, "at", state["link"], "--json", *places))
    assert (again["position"], again["books"], again["hash"]) == (state["position"], state["books"], state["hash"])
    assert state["link"] in said(capsys, "at", SOURCE, "--position", str(state["position"]), *places)
    assert "bid 買" in said(capsys, "at", SOURCE, "--time", "09:24", *places)
    assert "TX202108" in said(capsys, "at", "trades/TX/2021-07-26", "--position", "1", *places)


def test_a_span_and_an_export(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ("--home", str(home))
    whole = json.loads(said(capsys, "span", SOURCE, "--code", "600519", "--json", *places))
    end = json.loads(said(capsys, "at", SOURCE, "--time", "11:30", "--json", *places))
    assert whole["volume"] == sum(one["quantity"] for one in end["trades"])
    early = json.loads(said(capsys, "span", SOURCE, "--code", "600519", "--to", "09:25:01", "--json", *places))
    assert 0 < early["volume"] < whole["volume"]
    for name in ("day.csv", "day.parquet"):
        path = tmp_path / name
        told = json.loads(said(capsys, "export", SOURCE, str(path), "--json", *places))
        assert (told["last"], told["hash"]) == (end["position"], end["hash"])
        ((sold,),) = duckdb.sql(f"SELECT sum(quantity) FROM '{path}' WHERE event = 'trade'").fetchall()
        assert int(sold) == whole["volume"]
    assert f"{whole['volume']:,}" in said(capsys, "span", SOURCE, "--code", "600519", *places)


@pytest.mark.parametrize(
    "arguments",
    [
        ("at", "journal/2026-08-21"),
        ("at", SOURCE, "--time", "noon"),
        ("at", SOURCE, "--order", "4711"),
        ("at", "source=x"),
        ("span", SOURCE, "--code", "600519", "--from", "11:00", "--to", "10:00"),
    ],
)
def test_what_is_not_there_is_said(home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert main(["replay", *arguments, "--home", str(home)]) == 2
    assert "74" in capsys.readouterr().err
