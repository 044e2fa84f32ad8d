"""A venue under load, written into a journal: what a core writes, at a set rate, without the core.

Two thousand securities and four accounts of two brokers. Orders and cancels are accepted by hand (an INSTRUCTION record each,
reserved as the books demand, unsigned) and go to the day's own venue; its events follow in the same commit group, so that a
reader has exactly what a core would give it. Market time runs with wall time, and the venue issues its timetable's controls: the
odd-lot auctions of two thousand books every five seconds are part of the load.

`run` is a process's main function; it speaks over a pipe: "ready", then after "go" and "stop" a `Fed`.
"""

import random
import secrets
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.load.flow import DATE, SETTLES
from yunhai.apps.reference_data import pack_bytes, rule_pack
from yunhai.journal import Fact, Writer
from yunhai.journal.facts import FACT_KIND
from yunhai.kernel.records import FILL as _FILL
from yunhai.kernel.records import RECORD, SIZE, VERSION, Kind, OrderType, Side, State, TimeInForce
from yunhai.trading import facts
from yunhai.trading.books.changes import sha256
from yunhai.trading.books.charges import commission
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.facts import AccountSet, DayOpened, Decided, Listed, Opening, PackPublished, TenantSet
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, INSTRUCTION_BYTES
from yunhai.trading.stream.quotes import Board
from yunhai.trading.words import Action, Segment

SECURITIES: Final = 2_000
FIRST_CODE: Final = 1_101
REFERENCE: Final = 2_000_000  # NT$200, one tick is NT$0.5
TICK: Final = 5_000
STEPS: Final = 2
LOT: Final = 1_000
OPENS: Final = "09:05"
CASH: Final = 10**15
SHARES: Final = 10**9
ACCOUNTS: Final = ((1, 101), (1, 102), (2, 201), (2, 202))
CANCELS: Final = 0.3
PAUSE_S: Final = 0.005
MOST_AT_ONCE: Final = 400
GROUP_SLOTS: Final = 8_000
_SLOT: Final = np.dtype((np.void, SIZE))
_PER_INSTRUCTION: Final = 1 + INSTRUCTION_BYTES // SIZE
_UP: Final = 2  # a place in books.charges.ROUNDINGS: what is reserved is never too little
PPM, MINIMUM = 1425, 200_000


def codes() -> list[str]:
    return [str(FIRST_CODE + place) for place in range(SECURITIES)]


@dataclass(frozen=True, slots=True)
class Fed:
    """What was written: venue records and instructions, seconds, the last sequence; by "code segment" every book's number and
    its quote at the end."""

    events: int
    instructions: int
    seconds: float
    sequence: int
    books: dict[str, int]
    quotes: dict[str, Any]


@dataclass(slots=True)
class _Order:
    account: int
    tenant: int
    book: int


@dataclass
class Feeder:
    """The journal of `home` with its day open."""

    home: Path
    events: int = 0
    number: int = 0
    alive: dict[int, _Order] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(5)
        self.writer = Writer(self.home / "journal")
        self.opened = self._prepare()
        self.day = OpenDay(self.opened, rule_pack("twse-2026"), first_number=1)
        self.board = Board(self.day)
        self.books = [self.board.books[code][Segment.BOARD.word] for code in codes()]
        self.market_date = np.datetime64(DATE, "D").astype(np.int64)
        self.time = self.day.at(OPENS)
        self.day.venue.advance(self.time)
        self.flush(np.empty(0, RECORD))
        self.events = 0

    # -- before the first order ----------------------------------------------------------------------------------------

    def fact(self, fact: Decided, tenant: int = 0) -> None:
        number, content = facts.encode(fact)
        self.writer.submit_fact(Fact(number=number, tenant=tenant, time=0, content=content))

    def _prepare(self) -> DayOpened:
        toml = pack_bytes("twse-2026") or b""
        self.fact(PackPublished(pack="twse-2026", sha256=sha256(toml), toml=toml))
        for tenant in (1, 2):
            self.fact(TenantSet(tenant=tenant, code=f"9{tenant:03d}"), tenant)
        for tenant, account in ACCOUNTS:
            self.fact(AccountSet(account=account, tenant=tenant, branch="0001", number=f"{account:07d}"), tenant)
            names = ("", *codes())
            opening = Opening(
                batch=f"bench{account}",
                part=0,
                accounts=(account,) * len(names),
                codes=names,
                amounts=(CASH, *(SHARES for _ in codes())),
                costs=(0, *(SHARES * 200 for _ in codes())),
            )
            self.fact(opening, tenant)
        listed = tuple(
            Listed(code=code, kind="stock", reference=REFERENCE, name=f"證券{code}", day_trade="both")
            for code in codes()
        )
        opened = DayOpened(
            date=DATE,
            pack="twse-2026",
            pack_sha256=sha256(toml),
            settles_on=SETTLES,
            listed=listed,
            seed=11,
            clock="demo",
        )
        self.fact(opened)
        return opened

    # -- orders ----------------------------------------------------------------------------------------------------------

    def send(self, count: int, moment: int) -> None:
        """`count` instructions at a market time, with what the venue says, as one group."""
        rows = np.zeros(count, INSTRUCTION)
        orders = np.zeros(count, RECORD)
        for place in range(count):
            if self.alive and self.random.random() < CANCELS:
                self._cancel(rows[place], orders[place])
            else:
                self._new(rows[place], orders[place])
        rows["version"], rows["mode"], rows["channel"], rows["key"] = 1, 1, 1, 1
        rows["segment"] = int(Segment.BOARD)
        rows["number"] = np.arange(self.number + 1, self.number + count + 1)
        rows["market_date"] = self.market_date
        rows["accepted_at"] = time.time_ns()
        rows["client_id"] = np.frombuffer(secrets.token_bytes(16 * count), "V16")
        rows["nonce"] = np.frombuffer(secrets.token_bytes(16 * count), "V16")
        self.number += count
        orders["version"], orders["time"], orders["source"] = VERSION, moment, 1
        self.day.venue.process(orders)
        heads = np.zeros(count, RECORD)
        heads["kind"], heads["version"], heads["code"] = FACT_KIND, VERSION, ACCEPTED_FACT
        heads["tenant"], heads["time"], heads["order_id"] = rows["tenant"], moment, INSTRUCTION_BYTES
        slots = np.empty((count, _PER_INSTRUCTION), _SLOT)
        slots[:, 0] = heads.view(_SLOT)
        slots[:, 1:] = rows.view(_SLOT).reshape(count, -1)
        self.flush(slots.reshape(-1).view(RECORD))

    def _new(self, row: Any, order: Any) -> None:
        tenant, account = self.random.choice(ACCOUNTS)
        place = self.random.randrange(SECURITIES)
        buys = self.random.random() < 0.5
        step = self.random.randint(-STEPS, 1) if buys else self.random.randint(-1, STEPS)
        price, quantity = REFERENCE + step * TICK, LOT * self.random.randint(1, 5)
        number = self.number + 1 + len(self._sent)
        self._sent.append(number)
        self.alive[number] = _Order(account, tenant, self.books[place])
        side = int(Side.BUY if buys else Side.SELL)
        row["action"], row["order_id"] = int(Action.NEW), number
        row["tenant"], row["account"], row["person"] = tenant, account, account
        row["book"], row["price"], row["quantity"], row["side"] = self.books[place], price, quantity, side
        row["order_type"], row["time_in_force"] = int(OrderType.LIMIT), int(TimeInForce.ROD)
        row["security"], row["terminal"], row["order_number"] = codes_bytes[place], b"A", b"A0000"
        value = price * quantity
        row["reserved_cash"] = value + commission(value, PPM, MINIMUM, _UP) if buys else 0
        row["reserved_shares"] = 0 if buys else quantity
        order["kind"], order["order_id"], order["book"] = int(Kind.NEW), number, self.books[place]
        order["price"], order["quantity"], order["side"] = price, quantity, side
        order["order_type"], order["time_in_force"] = int(OrderType.LIMIT), int(TimeInForce.ROD)
        order["tenant"], order["account"] = tenant, account

    def _cancel(self, row: Any, order: Any) -> None:
        number = next(iter(self.alive))  # the oldest that rests
        held = self.alive.pop(number)
        self._sent.append(number)
        row["action"], row["order_id"] = int(Action.CANCEL), number
        row["tenant"], row["account"], row["person"], row["book"] = held.tenant, held.account, held.account, held.book
        order["kind"], order["order_id"], order["book"] = int(Kind.CANCEL), number, held.book
        order["tenant"], order["account"] = held.tenant, held.account

    _sent: list[int] = field(default_factory=list)

    def flush(self, before: NDArray[np.void]) -> None:
        """Journal instructions and everything the venue has said since the last call."""
        self._sent.clear()
        events = self.day.taken()
        self.events += len(events)
        self.board.take(events)
        self._forget(events)
        whole = np.concatenate([before.view(_SLOT), events.view(_SLOT)]).view(RECORD)
        for begin in range(0, len(whole), GROUP_SLOTS):
            self.writer.submit(np.ascontiguousarray(whole[begin : begin + GROUP_SLOTS]))
        self.writer.commit()

    def _forget(self, events: NDArray[np.void]) -> None:
        """Orders that do not rest any more."""
        kinds = events["kind"]
        gone = events["order_id"][(kinds == Kind.NEW) & (events["state"] != State.RESTING)].tolist()
        fills = events[kinds == Kind.FILL]
        gone += fills["order_id"][fills.view(_FILL)["leaves"] == 0].tolist()
        for number in gone:
            self.alive.pop(number, None)

    # -- the run ---------------------------------------------------------------------------------------------------------

    def feed(self, rate: float, stop: Connection) -> Fed:
        """`rate` venue records a second until something comes over `stop`."""
        begun, sent_before = time.monotonic(), self.number
        each = 2.0
        while not stop.poll():
            elapsed = time.monotonic() - begun
            moment = self.time + int(elapsed * 1e9)
            missing = rate * elapsed - self.events
            if missing >= 1:
                before = self.events
                count = min(MOST_AT_ONCE, max(1, round(missing / each)))
                self.send(count, moment)
                each += 0.05 * ((self.events - before) / count - each)
            else:
                self.day.venue.advance(moment)
                self.flush(np.empty(0, RECORD))
            time.sleep(PAUSE_S)
        seconds = time.monotonic() - begun
        self.writer.wait(self.writer.submitted())
        names = self.names()
        quotes = {name: msgspec.to_builtins(self.board.quote(book)) for name, book in names.items()}
        return Fed(self.events, self.number - sent_before, seconds, self.writer.submitted(), names, quotes)

    def names(self) -> dict[str, int]:
        """Every book's number at this venue by "code segment"."""
        return {
            f"{code} {segment}": book
            for code, segments in self.board.books.items()
            for segment, book in segments.items()
        }


codes_bytes: Final = [code.encode() for code in codes()]


def run(home: Path, rate: float, pipe: Connection) -> None:
    """A process's main: prepare, say "ready", and feed from the next message to the one after it."""
    feeder = Feeder(home)
    pipe.send("ready")
    pipe.recv()
    fed = feeder.feed(rate, pipe)
    pipe.recv()
    pipe.send(fed)
    feeder.writer.close()
