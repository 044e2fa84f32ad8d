"""Alerts on day bars 日線警示: KD and moving averages, held against each finished day by `market.alerts`.

Looked at when the lake has got something new (the running day is in it a moment after its close) and when one is armed: its
first look is at the newest bar, so that nothing of the past fires. What it remembers is written in the transaction of its
firings: killed anywhere no bar fires twice, and whoever was away fires late, not never. Bars are raw prices, all that the
lake has, so that a value is the chart's.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
import structlog

from yunhai.kernel.clock import HOUR, MINUTE, date_of, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.market.alerts import Watch, look
from yunhai.market.indicators import Columns, columns_of_integers
from yunhai.market.lake.reading import Lake
from yunhai.services.alerts.reader import ARMED, EXPIRE, FIRE, forget_old
from yunhai.services.alerts.rules import DAY_KINDS, condition_of, day_value

IDLE_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 10.0
MEMORY_MB: Final = 64
"""Of the lake's engine in the reader's process."""
CLOSE_NS: Final = 13 * HOUR + 30 * MINUTE
"""When a day's bar is finished: the board lots' last match."""
_DUE: Final = (
    "SELECT DISTINCT security FROM alerts_alert"  # noqa: S608 - own words
    f" WHERE {ARMED} AND kind = ANY(%s) AND (%s OR from_sequence IS NULL) ORDER BY security"
)
_ALERTS: Final = (
    "SELECT id, arming, kind, threshold, expires_on, repeat, watch FROM alerts_alert"  # noqa: S608 - own words
    f" WHERE {ARMED} AND kind = ANY(%s) AND security = %s ORDER BY id FOR UPDATE"
)
_LOOKED: Final = "UPDATE alerts_alert SET watch = %s, held = %s, from_sequence = 0 WHERE id = %s"
_log = structlog.get_logger("alerts")


class DayLook:
    """The lake in a folder, and how far the alerts of a database have been held against it."""

    def __init__(self, lake: Path) -> None:
        self._lake = Lake(lake, memory_mb=MEMORY_MB)
        self._looked: object = None

    def round(self, connection: "psycopg.Connection[Any]") -> int:
        """Hold what is due against its bars; how many securities were. `connection` in autocommit. YunhaiError 7450, 7453."""
        revision = self._lake.manifest().revision
        due = connection.execute(_DUE, (list(DAY_KINDS), revision != self._looked)).fetchall()
        for (code,) in due:
            columns = self._columns(code)
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(_ALERTS, (list(DAY_KINDS), code))
                for row in cursor.fetchall():
                    _look(cursor, columns, *row)
        self._looked = revision
        return len(due)

    def _columns(self, code: str) -> Columns:
        rows = self._lake.bars(code)
        opened, high, low, close = (rows[name] for name in ("open", "high", "low", "close"))
        return columns_of_integers(rows["start_ns"], prices=(opened, high, low, close), volume=rows["volume"])

    def run(self, connect: "Callable[[], psycopg.Connection[Any]]", stop: threading.Event) -> None:
        """Look until `stop`; a database that is away and a lake that cannot be read are waited for."""
        while not stop.is_set():
            try:
                with connect() as connection:
                    while not stop.is_set():
                        self.round(connection)
                        stop.wait(IDLE_SECONDS)
            except (YunhaiError, psycopg.OperationalError, OSError) as problem:
                _log.warning("day bars not looked at", kind=type(problem).__name__, reason=str(problem)[:200])
                stop.wait(RETRY_SECONDS)


def _look(
    cursor: "psycopg.Cursor[Any]",
    columns: Columns,
    number: int,
    arming: int,
    kind: str,
    threshold: int,
    expires_on: Any,
    repeat: bool,
    known: str,
) -> None:
    """One alert over the bars that it has not seen."""
    watch = msgspec.json.decode(known, type=Watch) if known else Watch()
    last = market_time(expires_on, CLOSE_NS) if expires_on is not None else None
    seen = columns if last is None else columns.head(int(np.searchsorted(columns.start_ns, last, "right")))
    watch, found = look(condition_of(kind, threshold), watch, seen, finished=True)
    for one in found if repeat else found[:1]:
        day = date_of(one.start_ns)
        place = int(np.searchsorted(seen.start_ns, one.start_ns))
        fired = {
            "id": number,
            "arming": arming,
            "sequence": 0,
            "value": day_value(kind, one.left),
            "price": round(float(seen.close[place]) * 10_000),
            "market_ns": market_time(day, CLOSE_NS),
            "day": day,
        }
        cursor.execute(FIRE, fired)
    if found:
        forget_old(cursor, [number])
    cursor.execute(_LOOKED, (msgspec.json.encode(watch).decode(), watch.answer > 0, number))
    if last is not None and len(columns) > len(seen):
        cursor.execute(EXPIRE, (number, arming))
