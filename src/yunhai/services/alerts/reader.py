"""The alerts reading 警示讀面: armed alerts held against every trade of their securities, in the journal's order.

A firing is written in the transaction that moves the readings' offset, with the alert's state. So killed anywhere the same trade
neither fires twice nor is passed over: what was not written is read again from the offset, with the state as it was there.

An alert is armed between two batches, at the offset: what the journal brought before it is its past and never fires. What the
person changes meanwhile wins: a firing counts only if the alert is armed still, by the same arming. Alerts on day bars are
`daily.py`'s.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.venue_config import day_limits
from yunhai.kernel.limits import ALERT_FIRINGS_KEPT_MAX
from yunhai.services.alerts.rules import LIMITS, OF_A_DAY, TRADE_KINDS, SecurityNow, holds, told_again, value_of
from yunhai.trading.books.charges import traded
from yunhai.trading.facts import DayOpened, Listed
from yunhai.trading.words import Segment

FORGET_SECONDS: Final = 60.0
"""How often alerts that were paused or removed are looked for, to forget them."""
_KINDS: Final = list(TRADE_KINDS)
ARMED: Final = "state = 'armed' AND removed_at IS NULL"
_KNOWN: Final = (
    "SELECT id, arming, security, kind, threshold, expires_on, repeat, fired_ns, held FROM alerts_alert"  # noqa: S608 - own words
    f" WHERE {ARMED} AND kind = ANY(%s) AND from_sequence IS NOT NULL ORDER BY id"
)
_ARM: Final = (
    "SELECT id, arming, security, kind, threshold, expires_on, repeat FROM alerts_alert"  # noqa: S608 - own words
    f" WHERE {ARMED} AND kind = ANY(%s) AND from_sequence IS NULL ORDER BY id FOR UPDATE SKIP LOCKED"
)
_ARMED: Final = "UPDATE alerts_alert SET from_sequence = %s, held = %s, state = %s WHERE id = %s"
_HELD: Final = "UPDATE alerts_alert SET held = %s WHERE id = %s AND arming = %s"
EXPIRE: Final = f"UPDATE alerts_alert SET state = 'expired' WHERE id = %s AND arming = %s AND {ARMED}"  # noqa: S608 - own words
FIRE: Final = (
    "WITH fired AS (UPDATE alerts_alert SET state = CASE WHEN repeat THEN 'armed' ELSE 'fired' END, held = true,"  # noqa: S608 - own words
    f" fired_ns = %(market_ns)s WHERE id = %(id)s AND arming = %(arming)s AND {ARMED} RETURNING *)"
    " INSERT INTO alerts_firing"
    " (alert_id, person_id, security, kind, threshold, note, sequence, value, price, market_ns, day, seen)"
    " SELECT id, person_id, security, kind, threshold, note, %(sequence)s, %(value)s, %(price)s, %(market_ns)s, %(day)s,"
    " false FROM fired ON CONFLICT (alert_id, sequence, market_ns) DO NOTHING"
)
_FORGET: Final = (
    "DELETE FROM alerts_firing AS old USING (SELECT DISTINCT person_id FROM alerts_alert WHERE id = ANY(%s)) AS of"
    " WHERE old.person_id = of.person_id AND old.id <= (SELECT id FROM alerts_firing WHERE person_id = of.person_id"
    " ORDER BY id DESC OFFSET %s LIMIT 1)"
)


def forget_old(cursor: Cursor[Any], alerts: list[int]) -> None:
    """Of the people of these alerts only the newest firings are kept."""
    cursor.execute(_FORGET, (alerts, ALERT_FIRINGS_KEPT_MAX))


class Traded(Protocol):
    """A security of the running day, as the orders reading keeps it."""

    reference: int
    last: int
    shares: int


@dataclass(frozen=True, slots=True)
class _Day:
    """A market day as it was opened: its securities, and the rules that say their limits."""

    date: str
    listed: Mapping[str, Listed]
    pack: RulePack

    def limits(self, code: str) -> tuple[int, int]:
        """Limit-up and limit-down, 1/10,000 NT$; 0: none."""
        known = self.listed.get(code)
        if known is None:
            return 0, 0
        found = day_limits(self.pack, traded(known))
        return found.up or 0, found.down or 0


@dataclass(slots=True)
class _Watched:
    id: int
    arming: int
    security: str
    kind: str
    threshold: int
    expires_on: date | None
    repeat: bool
    fired_ns: int
    held: bool = False
    written: bool = False


class AlertsReading:
    """The armed alerts in memory, by security. Bounded by the people's own limits; trades of other securities cost one lookup
    a batch."""

    def __init__(self) -> None:
        self._alerts: dict[int, _Watched] = {}
        self._by_code: dict[str, list[_Watched]] = {}
        self._now: dict[str, SecurityNow] = {}
        self._opened: deque[_Day] = deque()
        self._day: _Day | None = None
        self._firings: list[dict[str, object]] = []
        self._expired: list[_Watched] = []
        self._forget_at = 0.0

    def restart(
        self, cursor: Cursor[Any], opened: tuple[DayOpened, RulePack] | None, securities: Mapping[str, Traded]
    ) -> None:
        """What is armed, as it stood at the offset, on the day that was `opened` last; None before the first."""
        for gathered in (self._alerts, self._by_code, self._now, self._opened, self._firings, self._expired):
            gathered.clear()
        self._day = _day_of(*opened) if opened else None
        cursor.execute(_KNOWN, (_KINDS,))
        for row in cursor.fetchall():
            known = _Watched(*row)
            known.written = known.held
            self._watch(known, securities)

    def arm(self, cursor: Cursor[Any], sequence: int, securities: Mapping[str, Traded]) -> None:
        """Take what was made or armed again; it counts from `sequence` on. Only where nothing is gathered."""
        cursor.execute(_ARM, (_KINDS,))
        for number, arming, code, kind, threshold, until, repeat in cursor.fetchall():
            self._drop(number)
            new = _Watched(number, arming, code, kind, threshold, until, repeat, 0)
            over = self._over(new)
            if not over:
                self._watch(new, securities)
                new.held = new.written = holds(new.kind, new.threshold, self._now[new.security])
            cursor.execute(_ARMED, (sequence, new.held, "expired" if over else "armed", new.id))
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_SECONDS
            cursor.execute(f"SELECT id FROM alerts_alert WHERE {ARMED}")  # noqa: S608 - own words
            for gone in self._alerts.keys() - {row[0] for row in cursor.fetchall()}:
                self._drop(gone)

    def _over(self, alert: _Watched) -> bool:
        return alert.expires_on is not None and self._day is not None and self._day.date > alert.expires_on.isoformat()

    def _watch(self, alert: _Watched, securities: Mapping[str, Traded]) -> None:
        self._alerts[alert.id] = alert
        self._by_code.setdefault(alert.security, []).append(alert)
        if alert.security not in self._now:
            of = securities.get(alert.security)
            self._now[alert.security] = SecurityNow(of.reference, of.last, of.shares) if of else SecurityNow(0)
        self._limit(alert)

    def _limit(self, alert: _Watched) -> None:
        """The day's limits, where an alert waits for one."""
        if alert.kind in LIMITS and self._day is not None:
            now = self._now[alert.security]
            now.limit_up, now.limit_down = self._day.limits(alert.security)

    def _drop(self, alert: int) -> None:
        known = self._alerts.pop(alert, None)
        if known is None:
            return
        rest = [one for one in self._by_code[known.security] if one is not known]
        if rest:
            self._by_code[known.security] = rest
        else:
            del self._by_code[known.security], self._now[known.security]

    def open_day(self, fact: DayOpened, pack: RulePack) -> None:
        """A market day begins; its trades come after it."""
        self._opened.append(_day_of(fact, pack))

    def take(
        self,
        trades: NDArray[np.void],
        at: NDArray[np.int64],
        books: Mapping[int, tuple[str, int]],
        begins: bool,
    ) -> None:
        """The trades of a batch on one day, with their sequences, which `begins` with them or goes on. Day by day, in the
        journal's order."""
        if begins:
            self._begin(self._opened.popleft())
        if not self._alerts or not len(trades):
            return
        watched = [
            book for book, (code, segment) in books.items() if segment == Segment.BOARD and code in self._by_code
        ]
        chosen = np.flatnonzero(np.isin(trades["book"], watched))
        for place in chosen.tolist():
            trade = trades[place]
            code = books[int(trade["book"])][0]
            now = self._now[code]
            now.last = int(trade["price"])
            now.shares += int(trade["quantity"])
            self._look(code, now, int(at[place]), int(trade["time"]))

    def _begin(self, day: _Day) -> None:
        self._day = day
        for code, now in self._now.items():
            known = day.listed.get(code)
            now.reference, now.last, now.shares = known.reference if known else 0, 0, 0
            now.limit_up = now.limit_down = 0
        over = [alert for alert in self._alerts.values() if self._over(alert)]
        self._expired += over
        for alert in over:
            self._drop(alert.id)
        for alert in self._alerts.values():
            self._limit(alert)
            if alert.kind in OF_A_DAY:
                alert.held = False

    def _look(self, code: str, now: SecurityNow, sequence: int, market_ns: int) -> None:
        for alert in tuple(self._by_code.get(code, ())):
            held, alert.held = alert.held, holds(alert.kind, alert.threshold, now)
            if not alert.held or held or not told_again(alert.repeat, alert.fired_ns, market_ns):
                continue
            alert.fired_ns = market_ns
            self._firings.append(
                {
                    "id": alert.id,
                    "arming": alert.arming,
                    "sequence": sequence,
                    "value": value_of(alert.kind, now),
                    "price": now.last,
                    "market_ns": market_ns,
                    "day": self._day.date if self._day else None,
                }
            )
            if not alert.repeat:
                self._alerts.pop(alert.id)
                self._by_code[code].remove(alert)

    def write(self, cursor: Cursor[Any]) -> None:
        """Firings, ends and states of what was taken. The caller's transaction decides whether it happened."""
        if self._firings:
            cursor.executemany(FIRE, self._firings)
            forget_old(cursor, [int(str(one["id"])) for one in self._firings])
            self._firings.clear()
        if self._expired:
            cursor.executemany(EXPIRE, [(one.id, one.arming) for one in self._expired])
            self._expired.clear()
        changed = [one for one in self._alerts.values() if one.held != one.written]
        if changed:
            cursor.executemany(_HELD, [(one.held, one.id, one.arming) for one in changed])
            for one in changed:
                one.written = one.held
        for code in [code for code, alerts in self._by_code.items() if not alerts]:
            del self._by_code[code], self._now[code]


def _day_of(fact: DayOpened, pack: RulePack) -> _Day:
    return _Day(fact.date, {one.code: one for one in fact.listed}, pack)
