"""A report's day through the whole cloud: every firm a tenant, every branch an account, every order signed.

What runs is what runs in earnest: PostgreSQL, the core with its gate, lines and venue, the reader that writes the ledger; only
the lines' caps and the rate limits are lifted, because a day's orders are sent in minutes. The clock is driven: each order
names its market time, and the core does whatever the timetable has due before it. Orders go in the plan's order over one
connection of the inner socket; the gate verifies every signature.

The verdict is read from the journal after everything has stopped: the fills against the report, and the ledger by
`yunhai books check`.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.cloud.database import Server
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import HOME_VARIABLE, Places
from yunhai.apps.cloud.prepare import make_credentials
from yunhai.apps.cloud.seed import PlantedDay, plant_day, set_up
from yunhai.apps.cloud.supervisor import Part, Supervisor
from yunhai.apps.day import cloud_failures, failures
from yunhai.apps.day.cloud_drive import Drive, Driven
from yunhai.apps.day.cloud_plan import CloudPlan, plan_cloud_day
from yunhai.apps.day.cloud_signing import SigningOrder, SigningProcess, new_mark
from yunhai.apps.day.compare import TapeReader, compare
from yunhai.apps.day.output import FinishedDay
from yunhai.apps.day.run import Day, Progress, prepare
from yunhai.apps.day.session import RECORDS_AT_ONCE, Inputs, Stages
from yunhai.apps.reference_data import calendar_around, pack_bytes
from yunhai.client import OrderSocket
from yunhai.exchange.rules.charges import settlement_date
from yunhai.exchange.rules.loader import load_pack
from yunhai.journal.facts import FACT_KIND
from yunhai.journal.reader import Reader
from yunhai.journal.verify import verify
from yunhai.kernel.errors import YunhaiError, entry_of

CLOCK_VARIABLE: Final = "YUNHAI_CLOCK"
BATCH: Final = "day"
READY_S: Final = 60.0
FACTS_S: Final = 120.0
READER_S: Final = 900.0
SOCKET_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.1
READING: Final = "books"
"""The reading whose offset says how far the ledger is."""

Say = Callable[[str, str], None]


@dataclass(slots=True)
class CloudFacts:
    """What the run itself did, beside the verdict. `books` None: not checked."""

    home: Path
    tenants: int = 0
    accounts: int = 0
    driven: Driven = field(default_factory=Driven)
    sequence: int = 0
    postings: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    books: dict[str, Any] | None = None
    lag_seconds: float = 0.0
    """How long the readers took to finish after the last order was acknowledged and the day was closed."""

    @property
    def sound(self) -> bool:
        return self.books is not None and bool(self.books.get("right"))

    def as_json(self) -> dict[str, Any]:
        return {
            "home": str(self.home),
            "tenants": self.tenants,
            "accounts": self.accounts,
            "accepted": self.driven.accepted,
            "reconnections": self.driven.reconnections,
            "drive_seconds": round(self.driven.seconds, 3),
            "orders_per_second": round(self.driven.accepted / max(self.driven.seconds, 1e-9)),
            "journal_sequence": self.sequence,
            "postings": self.postings,
            "reader_lag_seconds": round(self.lag_seconds, 3),
            "restarts": self.restarts,
            "books": self.books,
        }


class CloudDay:
    """One run in one home. `run` does everything; the parts are there to be killed by tests meanwhile (`supervisor`)."""

    def __init__(
        self, inputs: Inputs, pack_toml: bytes, home: Path, stages: Stages, say: Say, *, everything: bool = False
    ) -> None:
        """`pack_toml`: the file of the inputs' pack, for the core to be told. `everything`: stream and web run too."""
        self._everything = everything
        self._inputs = inputs
        self._pack_toml = pack_toml
        self._stages = stages
        self._say = say
        self.places = Places.at(home)
        self.facts = CloudFacts(self.places.home)
        self.supervisor: Supervisor | None = None
        self.server: Server | None = None

    def run(
        self,
        *,
        keep_fills: bool = False,
        trading: Callable[[], None] = lambda: None,
        settled: Callable[[], None] = lambda: None,
    ) -> FinishedDay:
        """YunhaiError 4005, 4031-4035, 7600-7604, those of the pack and the parts. `trading` is called at the first
        answers, `settled` when the ledger is whole and the database still runs."""
        with self._stages.of("plan"):
            day = self._prepared()
            plan = plan_cloud_day(day, batch=BATCH)
        self.facts.tenants, self.facts.accounts = len(plan.firms), len(plan.accounts)
        with self._running():
            with self._stages.of("tenants"):
                planted = self._plant(plan)
            with self._stages.of("opening") as progress:
                self._open(day, plan, planted, progress)
            with self._stages.of("trade") as progress:
                begun = _Once(trading)

                def moved(part: float) -> None:
                    begun()
                    progress(part)

                self.facts.driven = asyncio.run(self._drive(day, plan, planted, moved))
            with self._stages.of("close"), self._inner() as inner:
                if not inner.wait_ready(READY_S):
                    raise YunhaiError(cloud_failures.NOT_RECOVERED, seconds=READY_S)
                inner.close_day()
                self.facts.sequence = inner.status().durable
            with self._stages.of("books") as progress:
                began = time.perf_counter()
                self.facts.postings = self._wait_for_reader(self.facts.sequence, progress)
                self.facts.lag_seconds = time.perf_counter() - began
            settled()
            self._note_restarts()
            self._stop_parts()
            with self._stages.of("check"):
                self.facts.books = check_books(self.places)
        with self._stages.of("verify") as progress:
            return self._compared(day, plan, keep_fills=keep_fills, progress=progress)

    # --- before -----------------------------------------------------------------------------------------------------

    def _prepared(self) -> Day:
        inputs = self._inputs
        return prepare(
            inputs.report,
            inputs.pack,
            listing_of=inputs.listings.get,
            history=inputs.history,
            stated=inputs.stated,
            seed=inputs.seed,
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        """PostgreSQL, core and reader, kept up; stopped at the end whatever happens."""
        places = self.places
        if places.home.exists() and any(places.home.iterdir()):
            raise YunhaiError(failures.JOURNAL_NOT_EMPTY, path=places.home)
        with self._stages.of("start"):
            places.make()
            make_credentials(places)
            self.server = Server.of(places)
            self.server.start()
        try:
            with self._stages.of("start"):
                self._migrate()
                self.supervisor = Supervisor(self._parts(), places.status, self._say)
                self.supervisor.start()
            threading.Thread(target=self.supervisor.keep, name="keep", daemon=True).start()
            yield
        finally:
            self._stop_parts()
            self.server.stop()

    def _migrate(self) -> None:
        code = (
            "from yunhai.apps.cloud.places import Places; from yunhai.apps.cloud.prepare import migrate; "
            "migrate(Places.at())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _refused("start", (done.stderr.strip().splitlines() or ["migrate"])[-1])

    def _parts(self) -> list[Part]:
        places, environment = self.places, {HOME_VARIABLE: str(self.places.home), CLOCK_VARIABLE: "driven"}

        def part(name: str, socket: Path, *options: str) -> Part:
            command = (sys.executable, "-m", "yunhai.apps.cli", name, "--home", str(places.home), *options)
            return Part(
                name=name, command=command, log=places.logs / f"{name}.log", socket=socket, environment=environment
            )

        parts = [
            part("core", places.core_socket, "--lift-line-caps", "--lift-rates"),
            part("reader", places.reader_socket),
        ]
        if self._everything:
            parts += [part("stream", places.stream_socket), part("web", places.web_socket)]
        return parts

    def _environment(self) -> dict[str, str]:
        return os.environ | {HOME_VARIABLE: str(self.places.home)}

    def _plant(self, plan: CloudPlan) -> PlantedDay:
        """Rows and their facts, and the core has them all."""
        set_up(self.places, demo=False)
        planted = plant_day(plan, self._pack_toml)
        wait_for_outbox(FACTS_S)
        return planted

    def _open(self, day: Day, plan: CloudPlan, planted: PlantedDay, progress: Progress) -> None:
        with self._inner() as inner:
            for line in planted.lines:
                inner.login(line)
            for at, (tenant, part) in enumerate(plan.openings):
                inner.opening(tenant, part)
                progress(at / len(plan.openings))
            date = day.report.date
            inner.open_day(
                date=date.isoformat(),
                pack=load_pack(self._pack_toml, base=pack_bytes).id,
                settles_on=settlement_date(day.pack, date, calendar_around(date).days).isoformat(),
                listed=plan.listed,
                seed=day.seed,
            )

    # --- trading ----------------------------------------------------------------------------------------------------

    async def _drive(self, day: Day, plan: CloudPlan, planted: PlantedDay, progress: Progress) -> Driven:
        order = SigningOrder(plan=plan, date=day.report.date.isoformat(), keys=planted.keys, mark=new_mark())
        signing = SigningProcess(order)
        try:
            drive = Drive(self._socket, signing, total=plan.orders.size, progress=progress)
            return await drive.run()
        finally:
            signing.stop()

    def _socket(self) -> OrderSocket:
        return OrderSocket(f"unix:{self.places.inner_socket}", timeout_s=SOCKET_TIMEOUT_S)

    def _inner(self) -> Inner:
        return Inner(self.places.inner_socket)

    # --- after ------------------------------------------------------------------------------------------------------

    def _wait_for_reader(self, sequence: int, progress: Progress) -> int:
        """The number of postings once the readers have read to `sequence`. YunhaiError 7602."""
        until = time.monotonic() + READER_S
        first = at = _read_to()[0]
        while time.monotonic() < until:
            at, postings = _read_to()
            if at >= sequence:
                return postings
            progress((at - first) / max(sequence - first, 1))
            time.sleep(_POLL_S)
        raise YunhaiError(cloud_failures.READER_BEHIND, sequence=sequence, seconds=READER_S, at=at)

    def _note_restarts(self) -> None:
        if self.supervisor is not None:
            self.facts.restarts = {kept.part.name: kept.restarts for kept in self.supervisor.kept}

    def _stop_parts(self) -> None:
        if self.supervisor is not None:
            self.supervisor.request_stop()
            self.supervisor.stop()
            self.supervisor = None

    def _compared(self, day: Day, plan: CloudPlan, *, keep_fills: bool, progress: Progress) -> FinishedDay:
        verdict = verify(self.places.journal)
        if not verdict.right:
            problems = "; ".join(str(problem) for problem in verdict.problems)
            raise YunhaiError(failures.NOT_VERIFIED, reason=problems, reason_zh=f"{len(verdict.problems)} 處損壞")
        tape, events = self._read_back(day, plan, verdict.sequence, keep_fills=keep_fills, progress=progress)
        return FinishedDay(
            day=day,
            tape=tape.tape,
            securities=compare(day.report, day.plan.levels, day.plan.cuts, tape.tape),
            source=self._inputs.source,
            journal=self.places.journal,
            journal_hash=verdict.chain,
            events_hash=events,
            records=verdict.sequence,
            venue=None,
            stages=dict(self._stages.seconds),
            seconds=self._stages.total(),
        )

    def _read_back(
        self, day: Day, plan: CloudPlan, records: int, *, keep_fills: bool, progress: Progress
    ) -> tuple[TapeReader, str]:
        """The fills of the journal, accounts turned back into branches, and a hash of all events."""
        tape = TapeReader(day.report, day.plan.levels, plan.book_codes, keep_fills=keep_fills)
        digest = hashlib.sha256()
        held: list[NDArray[np.void]] = []
        waiting = 0

        def take() -> None:
            events = np.concatenate(held)
            digest.update(events.view(np.uint8).data)
            events["account"] = plan.as_reported(events["account"])
            tape.add(events)

        for group in Reader(self.places.journal):
            heads = group.records()
            events = heads[heads["kind"] != FACT_KIND]
            if events.size:
                held.append(events)
                waiting += events.size
            if waiting >= RECORDS_AT_ONCE:
                take()
                held, waiting = [], 0
                progress(group.last_sequence / max(records, 1))
        if held:
            take()
        if tape.tape.first_refusal is not None:
            order, code = tape.tape.first_refusal
            entry = entry_of(code)
            raise YunhaiError(
                failures.ORDER_REFUSED, order=order, reason=f"{code} {entry.en}", reason_zh=f"{code} {entry.zh}"
            )
        return tape, digest.hexdigest()


class _Once:
    """Calls something the first time it is called."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what: Callable[[], None] | None = what

    def __call__(self) -> None:
        what, self._what = self._what, None
        if what is not None:
            what()


def wait_for_outbox(seconds: float) -> None:
    """Until the core has taken every decision. YunhaiError 7604 if it refused one or does not come to an end."""
    from yunhai.platform.outbox.models import Row

    until = time.monotonic() + seconds
    while Row.objects.filter(sent_at__isnull=True).exists():
        if time.monotonic() > until:
            raise _refused("tenants", f"the outbox is not empty after {seconds:g} s")
        time.sleep(_POLL_S)
    refused = Row.objects.exclude(refused="").first()
    if refused is not None:
        raise _refused("tenants", f"fact {refused.number}: {refused.refused}")


def _read_to() -> tuple[int, int]:
    """The sequence to which the ledger has read, and the postings it has written; (0, 0) while the database is away."""
    from django.db import Error, connection

    from yunhai.services.ledger.models import Offset

    try:
        offset = Offset.objects.filter(name=READING).first()
    except Error:
        connection.close()
        return 0, 0
    return (offset.sequence, offset.postings) if offset is not None else (0, 0)


def check_books(places: Places) -> dict[str, Any]:
    """What `yunhai books check` says of a home, with `right`."""
    done = subprocess.run(
        [sys.executable, "-m", "yunhai.apps.cli", "books", "check", "--json"],
        env=os.environ | {HOME_VARIABLE: str(places.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        told = {"error": done.stderr.strip()[-400:]}
    return {**told, "right": done.returncode == 0}


def _refused(stage: str, reason: str) -> YunhaiError:
    return YunhaiError(cloud_failures.STAGE_REFUSED, stage=stage, reason=reason, reason_zh=reason)
