"""A running cloud's market day closes, and is history without anybody's hand: bars, the command's list, the chart's API."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.cloud import UP_S, Cloud, up
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import Places

pytestmark = pytest.mark.full
CODE = "2330"
WAIT_S = 120


@pytest.fixture(scope="module")
def closing() -> Iterator[Cloud]:
    """A cloud of this file's own, for its day is closed."""
    home = Path(tempfile.gettempdir()) / f"yunhai-history-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        with up(home) as origin:
            plant = [sys.executable, "-m", "tests.browser.plant", str(home)]
            planted = subprocess.run(plant, capture_output=True, text=True, timeout=UP_S)
            assert planted.returncode == 0, planted.stderr[-2000:]
            yield Cloud(origin, home, json.loads(planted.stdout))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def listed(home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "yunhai.apps.cli", "history", "list", "--home", str(home), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=UP_S, check=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def until(what: Any) -> Any:
    end = time.monotonic() + WAIT_S
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.3)
    return found


def test_a_day_that_closes_is_history(closing: Cloud) -> None:
    seat, other = closing.seat(1), closing.seat(2)
    reference = closing.reference(CODE)
    text = f"{reference // 10_000}.{reference % 10_000:04}"[:-2]
    for quantity in (1000, 3000):
        seat.place("sell", CODE, price=text, quantity=quantity)
        other.place("buy", CODE, price=text, quantity=quantity)
    date = closing.plan["date"]

    with httpx.Client(base_url=closing.origin, follow_redirects=True, timeout=60) as investor:
        investor.get(closing.link("investor").removeprefix(closing.origin))

        def bars(span: str) -> Any:
            answer = investor.get(f"/api/v1/charts/{CODE}/bars", params={"span": span})
            assert answer.status_code == 200
            return answer.json()

        running = until(lambda: sum((found := bars("1m"))["volume"]) >= 4000 and found)
        assert (running["live"], bars("1d")["time"]) == (date, [])
        assert listed(closing.home)["journal"]["running"] == date
        Inner(Places.at(closing.home).inner_socket).close_day(date)
        told = until(lambda: (found := listed(closing.home))["journal"]["imported"] and found)
        assert (told["journal"]["imported"], told["journal"]["failed"]) == (date, "")
        assert {table["table"] for table in told["tables"]} == {"bars-1s", "bars-1m", "bars-1d"}
        day = bars("1d")
        assert len(day["time"]) == 1
        minutes = bars("1m")
        assert (sum(minutes["volume"]), minutes["close"][-1]) == (day["volume"][0], day["close"][0])
        assert minutes["live"] == ""
