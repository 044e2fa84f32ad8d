"""The reader process: the readings, the outbox's relay, the background jobs, the follower that makes evidence and the one that
takes market days into the lake, the alerts on day bars, each a thread, and a socket to ask it on.

One of them failing for good (the journal is not the tables' own, a record does not fit) ends the process with its
error; `yunhai up` starts it again with growing pauses. A database that is away is waited for.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
import psycopg
import structlog
from prometheus_client import Counter, Gauge

from yunhai.apps.cloud.asked import AskServer
from yunhai.apps.cloud.database_url import connection_arguments
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.readers import JournalReading, hold_lock
from yunhai.kernel.errors import YunhaiError
from yunhai.market.importers.following import DaysFollower
from yunhai.platform.outbox.relay import poster, relay
from yunhai.services.alerts.daily import DayLook

AWAY_SECONDS: Final = 1.0
_log = structlog.get_logger("reader")
_SEQUENCE = Gauge("yunhai_reader_sequence", "Journal sequence that the tables are true at")
_POSTINGS = Counter("yunhai_reader_postings", "Postings written by this process")


class ReaderProcess:
    """Runs until `stop` is set, by a signal or by a part that cannot go on; then `failure` says why."""

    def __init__(self, places: Places, *, jobs: bool = True) -> None:
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self.reading: JournalReading | None = None
        self._places = places
        self._jobs = jobs
        self._days = DaysFollower(places.home / "lake", places.journal)

    def run(self) -> None:
        """Start the parts and wait; every thread has ended when it returns. Raises what made it stop, if anything did."""
        parts: list[tuple[str, Callable[[], None]]] = [("read", self._read), ("relay", self._relay)]
        if self._jobs:
            parts += [
                ("jobs", self._work),
                ("evidence", self._seal),
                ("history", self._follow_days),
                ("alerts", self._look_at_days),
            ]
        server = AskServer(self._places.reader_socket, "reader", self.state, more=self.live)
        threads = [threading.Thread(target=self._guarded, args=part, name=part[0]) for part in parts]
        asked = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        for thread in (*threads, asked):
            thread.start()
        while not self.stop.wait(0.5):
            self._measure()
        for thread in threads:
            thread.join()
        server.shutdown()
        server.server_close()
        if self.failure is not None:
            raise self.failure

    def state(self) -> dict[str, Any]:
        """What `/ready` answers."""
        reading = self.reading
        started = reading is not None and reading.started
        return {
            "part": "reader",
            "ready": started and not self.stop.is_set(),
            "sequence": reading.mark.sequence if reading is not None else 0,
        }

    def live(self, path: str) -> bytes | None:
        """`/bars?code=2330&segment=board&span=1m`: the running day's bars (`LiveBars`), with `date` and `since` (ns) only those
        from then on, if it is still that day; None: no day, or another path."""
        asked = urlsplit(path)
        if asked.path != "/bars":
            return None
        query = dict(parse_qsl(asked.query))
        since = query.get("since", "0")
        try:
            found = self._days.live(
                query.get("code", ""),
                query.get("segment", "board"),
                query.get("span", "1m"),
                date=query.get("date", ""),
                since_ns=int(since) if since.isdecimal() else 0,
            )
        except YunhaiError:
            return None
        return None if found is None else msgspec.msgpack.encode(found)

    def _measure(self) -> None:
        reading = self.reading
        if reading is not None:
            _SEQUENCE.set(reading.mark.sequence)
            _POSTINGS.inc(reading.take_count())

    def _guarded(self, name: str, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception as problem:  # noqa: BLE001 - kept, and raised by `run`
            _log.error("part stopped", part_of_reader=name, kind=type(problem).__name__, reason=str(problem))
            self.failure = self.failure or problem
        self.stop.set()

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(**connection_arguments(self._places, "reader"), autocommit=True)

    def _read(self) -> None:
        while not self.stop.is_set():
            try:
                with self._connect() as connection:
                    if not hold_lock(connection, self.stop, lambda: None):
                        return
                    self.reading = JournalReading(self._places.journal, self._places.snapshots, connection)
                    self.reading.run(self.stop)
            except psycopg.OperationalError as problem:
                _log.warning("database away", kind=type(problem).__name__)
                self.stop.wait(AWAY_SECONDS)

    def _relay(self) -> None:
        relay(self._connect, poster(str(self._places.inner_socket)), self.stop)

    def _seal(self) -> None:
        """Evidence of what was accepted, after the acknowledgement; whatever it needs and cannot have is waited for."""
        from yunhai.services.trust.follower import follow

        follow(
            self._places.journal,
            self._connect,
            self._places.run / "trust.sock",
            poster(str(self._places.inner_socket)),
            self.stop,
        )

    def _follow_days(self) -> None:
        """Closed market days into the lake, the running one's bars in memory."""
        self._days.run(self.stop)

    def _look_at_days(self) -> None:
        """Alerts on day bars, when the lake has got a day."""
        DayLook(self._places.home / "lake").run(self._connect, self.stop)

    def _work(self) -> None:
        """Background jobs of the web's transactions (procrastinate), on an event loop of this thread's own."""
        asyncio.run(self._worker())

    async def _worker(self) -> None:
        from procrastinate.contrib.django import app

        worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
        while not self.stop.is_set():
            async with worker_app.open_async():
                task = asyncio.ensure_future(worker_app.run_worker_async(install_signal_handlers=False, concurrency=1))
                while not self.stop.is_set() and not task.done():
                    await asyncio.wait({task}, timeout=0.2)
                if not task.done():
                    task.cancel()
                result = (await asyncio.gather(task, return_exceptions=True))[0]
                if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
                    _log.warning("jobs paused", kind=type(result).__name__)
                    await asyncio.sleep(AWAY_SECONDS)
