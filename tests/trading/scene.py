"""A small market with books, gate and a real venue in one process: what the tests of the order's path stand on.

Two brokers, three accounts, two shares and a fund under the pack twse-2026, with fewer trial matches and odd-lot auctions
than the real one has, so that a day takes milliseconds. What is sent is signed, goes through the gate,
and (unless the line is held) straight to the venue; every record is kept, so that a test can replay it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

import yunhai.exchange.rules
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.venue import Venue, commands
from yunhai.exchange.venue_config import DayPlan
from yunhai.kernel.money import price_text
from yunhai.kernel.records import RECORD
from yunhai.native import _book
from yunhai.trading import signatures
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Known, Posting
from yunhai.trading.facts import (
    AccountSet,
    CellSet,
    DayOpened,
    DayStep,
    Decided,
    GrantSet,
    KeySet,
    Listed,
    Opening,
    PackPublished,
    TenantSet,
    TerminalSet,
)
from yunhai.trading.gate.asked import Asker
from yunhai.trading.gate.gate import Decision, Gate
from yunhai.trading.instructions import Instruction, canonical
from yunhai.trading.market import Market, plan_of
from yunhai.trading.shape import Packed, checked, unpack

NT = 10_000
DATE = "2026-08-21"
SETTLES = "2026-08-25"
PACK_BYTES = (
    (Path(yunhai.exchange.rules.__path__[0]) / "packs" / "twse-2026.toml")
    .read_bytes()
    .replace(b"trial_seconds = 5", b"trial_seconds = 1800")
    .replace(b"seconds = 5 }", b"seconds = 600 }")
)
PACK_HASH = hashlib.sha256(PACK_BYTES).digest()
WALL = 1_790_000_000_000_000_000
LISTED = (
    Listed(code="2330", kind="stock", reference=100 * NT, day_trade="both"),
    Listed(code="1101", kind="stock", reference=42 * NT),
    Listed(code="0050", kind="etf", reference=60 * NT, day_trade="buy_first"),
)
OPENED = DayOpened(
    date=DATE, pack="twse-2026", pack_sha256=PACK_HASH, settles_on=SETTLES, listed=LISTED, seed=3, wall_ns=WALL
)
EAST, WEST = 7, 8
"""Brokers. East charges 0.1425 % and at least NT$20 (NT$1 for odd lots); West 0.06 % and at least NT$1."""
ANNE, BEN, CARL = 70, 71, 80
"""Accounts: Anne and Ben at East, Carl at West. Anne may day-trade."""
PERSON = {ANNE: 1, BEN: 2, CARL: 3}
CLERK, KEYIN = 4, 5
"""A sales rep and a key-in clerk of East."""


@cache
def pack() -> RulePack:
    return load_pack(PACK_BYTES)


@cache
def day_plan() -> DayPlan:
    return plan_of(OPENED, pack())


@cache
def key_of(person: int) -> Any:
    return signatures.key_from_seed(str(person).encode())


def setting_up() -> list[tuple[int, Decided]]:
    """(tenant, fact): everything before the day's first order."""
    facts: list[tuple[int, Decided]] = [
        (0, PackPublished(pack="twse-2026", sha256=PACK_HASH, toml=PACK_BYTES)),
        (EAST, TenantSet(tenant=EAST, code="9A00")),
        (
            WEST,
            TenantSet(
                tenant=WEST, code="8B00", commission_ppm=600, commission_minimum=NT, commission_minimum_odd_lot=NT
            ),
        ),
        (EAST, AccountSet(account=ANNE, tenant=EAST, branch="9A01", number="0000011", day_trade="buy_first")),
        (EAST, AccountSet(account=BEN, tenant=EAST, branch="9A02", number="0000022")),
        (WEST, AccountSet(account=CARL, tenant=WEST, branch="8B01", number="0000033")),
    ]
    for service in ("1.1", "1.2", "1.3"):
        facts.append((0, CellSet(service=service, column="brokerage", level="full")))
    for account, person in PERSON.items():
        tenant = WEST if account == CARL else EAST
        facts.append((tenant, GrantSet(person=person, tenant=tenant, role="investor", account=account)))
    facts.append((EAST, GrantSet(person=CLERK, tenant=EAST, role="sales")))
    facts.append((EAST, GrantSet(person=KEYIN, tenant=EAST, role="keyin")))
    for person in (*PERSON.values(), CLERK, KEYIN):
        facts.append((0, KeySet(key=100 + person, person=person, public=signatures.point_of(key_of(person)))))
    for channel, terminal in (("web", "W"), ("api", "W"), ("desk", "D1"), ("keyin", "K")):
        facts.append((EAST, TerminalSet(tenant=EAST, channel=channel, terminal=terminal)))
        facts.append((WEST, TerminalSet(tenant=WEST, channel=channel, terminal=terminal)))
    codes = tuple(listed.code for listed in LISTED)
    for tenant, accounts in ((EAST, (ANNE, BEN)), (WEST, (CARL,))):
        rows = [(account, code) for account in accounts for code in ("", *codes)]
        facts.append(
            (
                tenant,
                Opening(
                    batch="first",
                    part=0,
                    accounts=tuple(account for account, _ in rows),
                    codes=tuple(code for _, code in rows),
                    amounts=tuple(5_000 if code else 2_000_000 * NT for _, code in rows),
                    costs=tuple(5_000 * 50 * NT if code else 0 for _, code in rows),
                ),
            )
        )
    facts.append((0, OPENED))
    return facts


@cache
def opened_state() -> bytes:
    """The books' state when the day has just been opened."""
    books = Books()
    for sequence, (tenant, fact) in enumerate(setting_up(), 1):
        books.apply_fact(sequence, 0, tenant, fact)
    return books.state()


@dataclass(frozen=True)
class Applied:
    """One thing the books were given."""

    what: str
    sequence: int
    time: int
    tenant: int
    content: Any


@dataclass
class Scene:
    """See the module. `held`: instructions wait (in `waiting`) until `dispatch` is called."""

    books: Books
    postings: list[Posting] = field(default_factory=list)
    log: list[Applied] = field(default_factory=list)
    waiting: list[Packed] = field(default_factory=list)
    events: list[NDArray[np.void]] = field(default_factory=list)
    held: bool = False
    wall: int = WALL
    counter: int = 0
    heard: Callable[[Packed], None] | None = None

    def __post_init__(self) -> None:
        engine = _book.Engine(order_capacity=1 << 12, first_order_id=1, id_capacity=1 << 14, event_capacity=1 << 12)
        self.engine = engine
        self.venue = Venue(day_plan(), engine=engine, sink=self._take)
        self.market = Market(day_plan(), OPENED, phase_of=self.phase_of, close_of=self.close_of)
        self.gate = Gate(self.books, self.market)

    @classmethod
    def open(cls, *, at: str = "09:05") -> "Scene":
        """The day is open and it is `at`."""
        scene = cls(Books.restore(opened_state()))
        scene.books.posted = scene.postings.append
        scene.advance(at)
        return scene

    def phase_of(self, book: int) -> int:
        try:
            return int(self.engine.phase(book))
        except (IndexError, ValueError):
            return 0

    def close_of(self, code: str) -> int:
        return self.venue.closing_prices().get(code, 0)

    def replace_books(self, books: Books) -> None:
        """Go on with other books, as after a restart."""
        self.books = books
        books.posted = self.postings.append
        self.gate = Gate(books, self.market)

    # -- what happens ------------------------------------------------------------------------------------------------

    def _take(self, events: NDArray[np.void]) -> None:
        if not len(events):
            return
        kept = events.copy()
        self.events.append(kept)
        first = self.books.sequence + 1
        self.log.append(Applied("events", first, 0, 0, kept))
        self.books.apply_events(first, kept)

    def advance(self, at: str) -> None:
        hour, minute = (int(part) for part in at.split(":"))
        moment = day_plan().at((hour * 60 + minute) * 60_000_000_000)
        if moment > self.venue.now:
            self.venue.advance(moment)

    def fact(self, fact: Decided, tenant: int = 0) -> None:
        sequence, time = self.books.sequence + 1, self.venue.now
        self.log.append(Applied("fact", sequence, time, tenant, fact))
        self.books.apply_fact(sequence, time, tenant, fact)

    def step(self, step: str, on: str = DATE) -> None:
        self.fact(DayStep(date=on, step=step))

    def instruction(self, account: int = ANNE, **fields: Any) -> Instruction:
        """A new buy of 1,000 of 2330 at 100, or what `fields` say instead; prices as numbers of 1/10,000 NT$."""
        self.counter += 1
        person = fields.pop("person", PERSON.get(account, 1))
        action = fields.setdefault("action", "new")
        values: dict[str, Any] = {
            "mode": "simulated",
            "tenant": WEST if account == CARL else EAST,
            "account": account,
            "client_id": str(UUID(int=self.counter)),
            "date": DATE,
            "nonce": f"{self.counter:032x}",
            "signed_at": self.wall // 1_000_000,
            "key": 100 + person,
            "channel": "web",
        }
        if action == "new":
            values |= {
                "code": "2330",
                "segment": "board",
                "side": "buy",
                "order_type": "limit",
                "time_in_force": "rod",
                "credit": "cash",
                "price": 100 * NT,
                "quantity": 1000,
            }
        values |= fields
        if isinstance(values.get("price"), int):
            values["price"] = price_text(values["price"])
        return Instruction(**values)

    def decide(
        self,
        instruction: Instruction,
        *,
        person: int | None = None,
        mfa: bool = True,
        role: str = "",
        signature: bytes | None = None,
    ) -> Decision:
        """Through shape and gate; the books are not touched."""
        wanted = checked(instruction)
        text = canonical(instruction)
        who = PERSON.get(instruction.account, 1) if person is None else person
        signed = signatures.sign(key_of(instruction.key - 100), text) if signature is None else signature
        return self.gate.decide(wanted, text, signed, asker=Asker(who, mfa, role=role), wall_ns=self.wall)

    def apply(self, decision: Decision) -> None:
        """As the core does with what it has journaled."""
        sequence, time = self.books.sequence + 1, self.venue.now
        self.log.append(Applied("instruction", sequence, time, 0, decision.record))
        self.books.apply_instruction(sequence, time, decision.record)
        if decision.accepted:
            packed = unpack(decision.record)
            if self.heard is not None:
                self.heard(packed)
            self.waiting.append(packed)
            if not self.held:
                self.dispatch()

    def send(self, instruction: Instruction, **how: Any) -> Decision:
        """The whole way. One that was seen before is not decided again."""
        known = self.gate.known(checked(instruction))
        assert known is None, "use known() for what is sent twice"
        decision = self.decide(instruction, **how)
        self.apply(decision)
        return decision

    def new(self, account: int = ANNE, **fields: Any) -> int:
        """A new order that must be accepted; its id."""
        decision = self.send(self.instruction(account, **fields))
        assert decision.accepted, decision.error()
        return decision.order_id

    def change(self, action: str, order: int, account: int = ANNE, **fields: Any) -> Decision:
        return self.send(self.instruction(account, action=action, order=order, **fields))

    def known(self, instruction: Instruction) -> Known | None:
        return self.gate.known(checked(instruction))

    def dispatch(self, count: int | None = None) -> None:
        """Hand waiting instructions to the venue, oldest first."""
        count = len(self.waiting) if count is None else min(count, len(self.waiting))
        for packed in self.waiting[:count]:
            self.venue.process(command_of(packed, self.venue.now))
        del self.waiting[:count]

    def close(self) -> None:
        """The rest of the day, and its closing steps."""
        self.venue.finish()
        for step in ("closed", "expired", "day_trade_tax"):
            self.step(step)

    def replayed(self, *, state: bytes | None = None, start: int = 0) -> Books:
        """Fresh books, given all that these were given, from `state` and the `start`-th entry of the log on."""
        books = Books.restore(opened_state() if state is None else state)
        self.replay_into(books, start=start)
        return books

    def replay_into(self, books: Books, *, start: int = 0) -> None:
        """All that these books were given, from the `start`-th entry of the log on."""
        for entry in self.log[start:]:
            if entry.what == "fact":
                books.apply_fact(entry.sequence, entry.time, entry.tenant, entry.content)
            elif entry.what == "instruction":
                books.apply_instruction(entry.sequence, entry.time, entry.content)
            else:
                books.apply_events(entry.sequence, entry.content)


def command_of(packed: Packed, time: int) -> NDArray[np.void]:
    """The venue's command of an accepted instruction."""
    one = commands(1)
    one["kind"] = packed.action
    one["tenant"] = packed.tenant
    one["time"] = time
    one["order_id"] = packed.order_id
    one["book"] = packed.book
    one["price"] = packed.price
    one["quantity"] = packed.quantity
    one["account"] = packed.account
    one["side"] = packed.side
    one["order_type"] = packed.order_type
    one["time_in_force"] = packed.time_in_force
    return one


def settlement_dates() -> tuple[date, date]:
    return date.fromisoformat(DATE), date.fromisoformat(SETTLES)


assert RECORD.itemsize == 64
