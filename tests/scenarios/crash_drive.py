"""A day of two securities through the whole cloud while its processes are killed, again and again.

`python -m tests.scenarios.crash_drive REPORT --kills 10` runs the day twice, undisturbed and then with so many `kill -9` of each of
core, reader, stream, web and PostgreSQL at random moments of the trading, and holds the two against each other: every
balance of the ledger, every filled row of the report, `yunhai books check`. One JSON object last.

The supervisor's growing pauses are set back after each kill: what is tried is the recovery, not the patience.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yunhai.apps.cloud.database import PART as DATABASE
from yunhai.apps.cloud.supervisor import FIRST_PAUSE, Supervisor
from yunhai.apps.day.admission import inputs_of
from yunhai.apps.day.cloud import CloudDay
from yunhai.apps.day.session import Stages
from yunhai.apps.reference_data import pack_bytes, pack_named

PACK = "twse-2026"
PARTS = ("core", "reader", "stream", "web", DATABASE)
BETWEEN_S = (0.2, 1.6)
LAST_KILLS_S = 120
"""For those that the trading was too short for: they come at its end."""


@dataclass
class Killer:
    """Kills parts of a running day in a random order, each so many times; a part that is down is left to come up first.

    While it does, PostgreSQL is kept by a supervisor as `yunhai up` keeps it; `hand_back` gives it back to the day.
    """

    day: CloudDay
    kills: int
    seed: int
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    database: Supervisor | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _killed: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Take the database over and start killing, in a thread. Nothing where nothing is to be killed."""
        if self.kills:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def hand_back(self) -> None:
        """The kills still due first; then the database is the day's own again."""
        if self._thread is None:
            return
        self._killed.wait(LAST_KILLS_S)
        self._stop.set()
        self._thread.join()
        assert self.day.server is not None
        self.day.server.start()

    def _run(self) -> None:
        assert self.day.server is not None
        places = self.day.places
        part = self.day.server.part(places.logs / "postgres.log")
        self.database = Supervisor([part], places.run / "database.json", lambda _part, _what: None)
        self.database.start()
        keeping = threading.Thread(target=self.database.keep, daemon=True)
        keeping.start()
        self._kill_all()
        self._stop.wait()
        self.database.request_stop()
        keeping.join()
        self.database.stop()

    def _kill_all(self) -> None:
        chance = random.Random(self.seed)
        left = [part for part in PARTS for _ in range(self.kills)]
        chance.shuffle(left)
        while left and not self._stop.wait(chance.uniform(*BETWEEN_S)):
            for at, part in enumerate(left):
                if self._kill(part):
                    self.done[part] += 1
                    del left[at]
                    break
        self._killed.set()

    def _kill(self, name: str) -> bool:
        supervisors = [one for one in (self.day.supervisor, self.database) if one is not None]
        for kept in (kept for supervisor in supervisors for kept in supervisor.kept):
            if kept.part.name == name and kept.process is not None and kept.state == "ready":
                os.kill(kept.process.pid, signal.SIGKILL)
                kept.pause = FIRST_PAUSE
                return True
        return False


def run_day(report: Path, home: Path, kills: int, seed: int) -> dict[str, Any]:
    """One run, in this process. What it came to."""
    stages = Stages(lambda stage, part: None)
    inputs = inputs_of(report, pack_named(PACK), bars=None, references=(), seed=1)
    day = CloudDay(inputs, pack_bytes(PACK) or b"", home, stages, lambda part, what: None, everything=kills > 0)
    killer = Killer(day, kills, seed)
    books: dict[str, str] = {}

    def settled() -> None:
        killer.hand_back()
        books.update(ledger=ledger_of(day))

    finished = day.run(trading=killer.begin, settled=settled)
    return {
        "equal": finished.sound,
        "books": day.facts.sound,
        "ledger": books["ledger"],
        "orders": finished.tape.orders,
        "fills": finished.tape.fills,
        "value": finished.tape.value,
        "kills": killer.done,
        "reconnections": day.facts.driven.reconnections,
        "restarts": day.facts.restarts,
        "seconds": round(stages.total(), 1),
        "trade_seconds": round(stages.seconds["trade"], 1),
        "problems": [one for one in (day.facts.books or {}).get("checks", []) if not one.get("ok")],
    }


def ledger_of(day: CloudDay) -> str:
    """A hash of every balance: tenant, account, bucket, asset, amount."""
    import psycopg

    assert day.server is not None
    with psycopg.connect(**day.server.superuser("yunhai")) as connection:
        rows = connection.execute(
            "SELECT tenant_id, account, bucket, asset, balance FROM ledger_balance WHERE balance <> 0 ORDER BY 1, 2, 3, 4"
        ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _apart(report: Path, home: Path, kills: int, seed: int, answers: Any) -> None:
    answers.put(run_day(report, home, kills, seed))


def in_a_process(report: Path, kills: int, seed: int) -> dict[str, Any]:
    """`run_day` in a process of its own: Django is set up for one home in each."""
    above = Path(tempfile.mkdtemp(prefix="yunhai-crash-"))
    above.chmod(0o711)
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_apart, args=(report, above / "home", kills, seed, answers))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the run failed, see {above}")
    found: dict[str, Any] = answers.get(timeout=10)
    if found["books"]:
        shutil.rmtree(above, ignore_errors=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    quiet = in_a_process(asked.report, 0, asked.seed)
    crashed = in_a_process(asked.report, asked.kills, asked.seed)
    same = all(quiet[name] == crashed[name] for name in ("ledger", "orders", "fills", "value"))
    right = all(one["equal"] and one["books"] for one in (quiet, crashed))
    print(json.dumps({"same": same, "right": right, "quiet": quiet, "crashed": crashed}, ensure_ascii=False))
    return 0 if same and right else 1


if __name__ == "__main__":
    sys.exit(main())
