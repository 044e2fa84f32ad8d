"""`yunhai reader` as a process: killed at random moments while the market goes on, it leaves neither gap nor double."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.services.ledger.test_reader import assert_tables_are_the_books
from tests.services.small_market import SmallMarket
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.readers import JournalReading
from yunhai.trading.http.unix import unix_transport


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short name, for its sockets."""
    with tempfile.TemporaryDirectory(prefix="yh-") as folder:
        yield Path(folder)


def url(arguments: dict[str, Any]) -> str:
    return (
        f"postgresql://{arguments['user']}:{quote(arguments['password'])}@/{arguments['dbname']}"
        f"?host={quote(arguments['host'], safe='')}"
    )


def start(home: Path, server: Any) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"YUNHAI_READER_URL": url(server.connection("reader"))}
    command = [sys.executable, "-m", "yunhai.apps.cli", "reader", "--home", str(home), "--no-jobs"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def ready(places: Places) -> dict[str, Any]:
    try:
        transport = unix_transport(places.reader_socket)
        with httpx.Client(transport=transport, base_url="http://reader", timeout=2) as client:
            return dict(client.get("/ready").json())
    except httpx.TransportError:
        return {}


def wait_for(places: Places, sequence: int) -> None:
    until = time.monotonic() + 120
    while ready(places).get("sequence") != sequence:
        assert time.monotonic() < until, "the reader does not get there"
        time.sleep(0.05)


@pytest.mark.full
@pytest.mark.parametrize("kills", [2, 12])
def test_kill_nine_leaves_neither_gap_nor_double(home: Path, committed_db: Any, kills: int) -> None:
    places = Places(home)
    places.make()
    chance = random.Random(kills)
    market = SmallMarket(places.journal)
    market.endow(cash=10**16, shares=10**9)
    market.open_day()
    for _ in range(kills):
        process = start(home, committed_db)
        until = time.monotonic() + 1.0 + chance.random()
        while time.monotonic() < until:
            market.trade(10)
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = start(home, committed_db)
    market.end_day()
    wait_for(places, market.books.sequence)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        reading = JournalReading(places.journal, places.snapshots, connection)
        assert_tables_are_the_books(reading, market)
    market.close_journal()


@pytest.mark.full
def test_two_readers_are_one(home: Path, committed_db: Any) -> None:
    """The second waits for the first's lock, and goes on when that dies."""
    places = Places(home)
    places.make()
    market = SmallMarket(places.journal)
    market.endow()
    first = start(home, committed_db)
    wait_for(places, market.books.sequence)
    second = start(home, committed_db)
    until = time.monotonic() + 120
    while ready(places).get("ready") is not False:  # the second has the socket, and waits for the lock
        assert time.monotonic() < until, "the second does not begin"
        time.sleep(0.05)
    first.kill()
    first.wait()
    last = market.deposit(101, 7_000, "after")
    wait_for(places, last)
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    market.close_journal()
