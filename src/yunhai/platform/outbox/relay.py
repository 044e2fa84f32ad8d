"""The relay: from the outbox to the core's inner socket, in order, each row once.

Runs in the reader process, as the reader's role. Rows are posted in order of id; the core takes a row's id once, so a
batch that was posted and not marked (the relay died between) is posted again and changes nothing. A core that is away is
waited for. A row that the core refuses for its shape is found by posting one at a time, marked with the refusal, and left
behind; nothing else is ever skipped.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import psycopg
import structlog
from psycopg.rows import namedtuple_row

from yunhai.kernel.limits import OUTBOX_BATCH_MAX, RELAY_PAUSE_SECONDS_MAX
from yunhai.trading.http.unix import unix_transport

FACTS_PATH: Final = "/facts"
PAUSE_SECONDS: Final = 0.2
TIMEOUT_SECONDS: Final = 30.0
_REFUSED_FOR_GOOD: Final = range(400, 500)
_NOT_NOW: Final = frozenset({401, 403, 404, 408, 409, 425, 429})
log = structlog.get_logger("outbox")

Post = Callable[[Sequence[dict[str, Any]]], "Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the core said to a batch: an HTTP status, 0 if it could not be reached, and its text."""

    status: int
    text: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused_for_good(self) -> bool:
        return self.status in _REFUSED_FOR_GOOD and self.status not in _NOT_NOW


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `reachable` False: the core did not answer, or not now."""

    sent: int = 0
    refused: int = 0
    reachable: bool = True


def poster(socket: str) -> Post:
    """Posts batches to the inner socket. Keeps its connection; not for two threads."""
    client = httpx.Client(
        transport=unix_transport(socket), base_url="http://core", timeout=TIMEOUT_SECONDS, trust_env=False
    )

    def post(batch: Sequence[dict[str, Any]]) -> Answer:
        try:
            answer = client.post(FACTS_PATH, json=list(batch))
        except httpx.TransportError as problem:
            return Answer(0, type(problem).__name__)
        return Answer(answer.status_code, answer.text[:300])

    return post


def relay_once(connection: "psycopg.Connection[Any]", post: Post, *, limit: int = OUTBOX_BATCH_MAX) -> Round:
    """Post what is unsent, at most `limit` rows, and mark it, in one transaction of `connection` (the reader's role)."""
    with connection.transaction(), connection.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(7002)")
        mine = cursor.fetchone()
        if mine is None or not mine[0]:  # another relay is at it: order is kept by there being one
            return Round()
        cursor.execute(
            "SELECT id, tenant, number, value FROM outbox_row WHERE sent_at IS NULL ORDER BY id LIMIT %s", [limit]
        )
        rows: list[Any] = cursor.fetchall()
        if not rows:
            return Round()
        answer = post([_item(row) for row in rows])
        if answer.taken:
            _mark(cursor, [row.id for row in rows])
            return Round(sent=len(rows))
        if not answer.refused_for_good:
            return Round(reachable=False)
        return _one_by_one(cursor, rows, post)


def _one_by_one(cursor: "psycopg.Cursor[Any]", rows: Sequence[Any], post: Post) -> Round:
    sent = refused = 0
    for row in rows:
        answer = post([_item(row)])
        if answer.taken:
            _mark(cursor, [row.id])
            sent += 1
        elif answer.refused_for_good:
            _mark(cursor, [row.id], refused=answer.text or str(answer.status))
            log.error("outbox row refused by the core", outbox=row.id, number=row.number, status=answer.status)
            refused += 1
        else:
            return Round(sent, refused, reachable=False)
    return Round(sent, refused)


def _item(row: Any) -> dict[str, Any]:
    return {"outbox": row.id, "number": row.number, "tenant": row.tenant, "value": row.value}


def _mark(cursor: "psycopg.Cursor[Any]", ids: list[int], refused: str = "") -> None:
    cursor.execute(
        "UPDATE outbox_row SET sent_at = %s, refused = %s WHERE id = ANY(%s)", [datetime.now(UTC), refused[:300], ids]
    )


def relay(connect: Callable[[], "psycopg.Connection[Any]"], post: Post, stop: threading.Event) -> None:
    """Relay until `stop`: at once while there is something, else every PAUSE_SECONDS; longer while the core is away or
    the database is."""
    pause = PAUSE_SECONDS
    connection: psycopg.Connection[Any] | None = None
    while not stop.is_set():
        try:
            if connection is None or connection.closed:
                connection = connect()
            done = relay_once(connection, post)
        except psycopg.OperationalError as problem:
            log.warning("outbox database away", kind=type(problem).__name__)
            connection = None
            done = Round(reachable=False)
        if done.reachable:
            pause = PAUSE_SECONDS
            if done.sent >= OUTBOX_BATCH_MAX:
                continue
        else:
            pause = min(pause * 2, RELAY_PAUSE_SECONDS_MAX)
        stop.wait(pause)
    if connection is not None:
        connection.close()
