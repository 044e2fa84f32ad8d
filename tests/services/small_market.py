"""A small market day as a real journal: brokers, accounts, signed-looking instructions, a native venue, the closing steps.

What the gate decides is made here by hand (always accepted, reserved as the books demand), so that readings can be tested
with nothing of the order's path running. Everything random comes from the seed.
"""

import hashlib
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from yunhai.apps.cloud.snapshots import apply
from yunhai.apps.reference_data import pack_bytes, rule_pack
from yunhai.exchange.venue import Venue
from yunhai.journal import Fact, Reader, Writer
from yunhai.journal.facts import encode as fact_slots
from yunhai.kernel.records import RECORD, Kind, OrderType, Side
from yunhai.native import _book
from yunhai.trading.books.books import Books
from yunhai.trading.books.charges import commission
from yunhai.trading.books.state import Order
from yunhai.trading.books.steps import STEPS, settled
from yunhai.trading.core.packing import instruction_head, order_command, pieces, slots
from yunhai.trading.facts import (
    AccountSet,
    CashMoved,
    DayOpened,
    DayStep,
    Decided,
    Listed,
    Opening,
    PackPublished,
    TenantSet,
    encode,
)
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, REFUSED_FACT, canonical, instruction_of
from yunhai.trading.market import plan_of
from yunhai.trading.signatures import sign
from yunhai.trading.words import Action, Segment

PACK = "twse-2026"
DAY, SETTLES = "2026-08-21", "2026-08-25"
CODES = ("2330", "2317", "00878")
REFERENCES = {"2330": 1_000_000, "2317": 500_000, "00878": 200_000}
WALL = 1_780_000_000_000_000_000


class SmallMarket:
    """Tenants 1…, accounts `tenant × 100 + n`. `group` records share a commit group."""

    def __init__(self, folder: Path, *, seed: int = 1, tenants: int = 2, accounts: int = 3, signer: Any = None) -> None:
        self.folder = folder
        self._signer = signer
        self.random = random.Random(seed)
        self.writer = Writer(folder)
        self._reader = Reader(folder, follow=True)
        self.books = Books()
        self.time = 0
        self.accounts = [tenant * 100 + number for tenant in range(1, tenants + 1) for number in range(1, accounts + 1)]
        self.alive: list[int] = []
        self._venue: Venue | None = None
        self._number = 0
        self._waiting: list[Any] = []
        for tenant in range(1, tenants + 1):
            self.fact(TenantSet(tenant=tenant, code=f"T{tenant:03}"))
        for account in self.accounts:
            self.fact(AccountSet(account=account, tenant=account // 100, branch="B001", number=f"{account:07}"))
        pack = pack_bytes(PACK)
        assert pack is not None
        self.fact(PackPublished(pack=PACK, sha256=_sha256(pack), toml=pack))

    def close_journal(self) -> None:
        self.flush()
        self.writer.close()

    # -- facts ---------------------------------------------------------------------------------------------------------

    def fact(self, fact: Decided, *, tenant: int = 0) -> int:
        """Journal a fact and apply it; its sequence."""
        self.flush()
        number, content = encode(fact)
        return self._commit(fact_slots(Fact(number=number, tenant=tenant, time=self.time, content=content)))

    def endow(self, *, cash: int = 10**12, shares: int = 1_000_000) -> None:
        """Opening balances for every account, a batch a tenant."""
        for tenant in sorted({account // 100 for account in self.accounts}):
            mine = [account for account in self.accounts if account // 100 == tenant]
            rows = [(account, "", cash, 0) for account in mine]
            rows += [(account, code, shares, shares * REFERENCES[code] // 2) for account in mine for code in CODES]
            columns = tuple(zip(*rows, strict=True))
            self.fact(
                Opening(
                    batch="first", part=0, accounts=columns[0], codes=columns[1], amounts=columns[2], costs=columns[3]
                ),
                tenant=tenant,
            )

    def deposit(self, account: int, amount: int, reference: str) -> int:
        return self.fact(
            CashMoved(account=account, amount=amount, kind="deposit", reference=reference), tenant=account // 100
        )

    # -- the day -------------------------------------------------------------------------------------------------------

    def open_day(self, day: str = DAY, settles_on: str = SETTLES) -> None:
        pack = pack_bytes(PACK)
        assert pack is not None
        opened = DayOpened(
            date=day,
            pack=PACK,
            pack_sha256=_sha256(pack),
            settles_on=settles_on,
            listed=tuple(
                Listed(code=code, kind="stock", reference=REFERENCES[code], name=f"股 {code}") for code in CODES
            ),
            seed=7,
        )
        self.fact(opened)
        plan = plan_of(opened, rule_pack(PACK))
        engine = _book.Engine(order_capacity=1 << 17, first_order_id=self.books.number + 1, id_capacity=1 << 20)
        self._venue = Venue(plan, engine=engine, sink=lambda events: self._waiting.append(events.copy()))
        self.plan = plan
        self.to(9, 0, 5)

    def to(self, hour: int, minute: int, second: int = 0) -> None:
        """Let market time go on."""
        assert self._venue is not None
        self.time = self.plan.at(((hour * 60 + minute) * 60 + second) * 1_000_000_000)
        self._venue.advance(self.time)
        self.flush()

    def book(self, code: str, segment: Segment = Segment.BOARD) -> int:
        assert self._venue is not None
        return self._venue.book(code, segment.name_of)

    def order(
        self,
        account: int,
        code: str,
        side: Side,
        price: int,
        quantity: int,
        *,
        segment: Segment = Segment.BOARD,
        refused: int = 0,
    ) -> int:
        """A limit order; its id, 0 if the gate refuses it with `refused`."""
        record = self._record(Action.NEW, account, price, quantity, refused)
        record["security"], record["segment"], record["side"] = code.encode(), segment, side
        record["order_type"], record["book"] = OrderType.LIMIT, self.book(code, segment)
        if refused:
            self._journal(record)
            return 0
        tenant = self.books.tenants[account // 100]
        assert tenant.fact is not None
        assert self.books.day is not None
        ppm, minimum = self.books.schedule(self.books.accounts[account].fact, tenant.fact, segment)
        if side == Side.BUY:
            value = price * quantity
            record["reserved_cash"] = value + commission(value, ppm, minimum, self.books.day.commission_rounding)
        else:
            record["reserved_shares"] = quantity
        number = int(record["number"])
        record["order_number"] = f"A{number % 10_000:04}".encode()
        record["terminal"] = b"A"
        self._journal(record)
        self._command(Kind.NEW, record, number)
        self.alive.append(number)
        return number

    def change(self, kind: Kind, order: Order, *, price: int = 0, quantity: int = 0) -> None:
        """Cancel, cut, or re-price to something cheaper."""
        record = self._record(Action(int(kind)), order.account, price, quantity, 0)
        record["order_id"], record["book"], record["segment"] = order.order_id, order.book, order.segment
        record["security"], record["side"] = order.security.encode(), order.side
        self._journal(record)
        self._command(kind, record, order.order_id)

    def trade(self, orders: int, *, changes: float = 0.2) -> None:
        """Random orders around the reference, some cancelled, cut or re-priced."""
        for _ in range(orders):
            self.time += 1_000_000
            dice = self.random.random()
            living = self._living() if dice < changes else None
            if living is not None:
                self._random_change(living)
            else:
                self._random_order()
            if len(self._waiting) > 150:
                self.flush()
        self.flush()

    def _random_order(self) -> None:
        account, code = self.random.choice(self.accounts), self.random.choice(CODES)
        side = self.random.choice((Side.BUY, Side.SELL))
        step = 5_000 if code == "2330" else 1_000 if code == "2317" else 500
        price = REFERENCES[code] + self.random.randint(-8, 8) * step
        if self.random.random() < 0.05:
            self.order(account, code, side, price, 1_000, refused=6140)
        else:
            self.order(account, code, side, price, 1_000 * self.random.randint(1, 5))

    def _living(self) -> Order | None:
        for _ in range(5):
            if not self.alive:
                return None
            order = self.books.orders.get(self.random.choice(self.alive))
            if order is not None and order.leaves and not order.pending:
                return order
        return None

    def _random_change(self, order: Order) -> None:
        kind = self.random.choice((Kind.CANCEL, Kind.CUT, Kind.REPRICE))
        if kind == Kind.CUT and order.leaves > 1_000:
            self.change(kind, order, quantity=1_000)
        elif kind == Kind.REPRICE and order.side == Side.BUY:
            step = 5_000 if order.security == "2330" else 1_000 if order.security == "2317" else 500
            self.change(kind, order, price=order.price - step)
        else:
            self.change(Kind.CANCEL, order)

    def end_day(self, day: str = DAY) -> None:
        """The venue finishes, the closing steps are taken."""
        assert self._venue is not None
        self._venue.finish()
        self.time = max(self.time, self._venue.now)
        self.flush()
        self._venue = None
        self.alive.clear()
        for step in STEPS:
            self.fact(DayStep(date=day, step=step, by=5))

    def settle(self, due: str = SETTLES, day: str = DAY) -> None:
        self.fact(DayStep(date=day, step=settled(due), by=5))

    # -- how -----------------------------------------------------------------------------------------------------------

    def _record(self, action: Action, account: int, price: int, quantity: int, refused: int) -> Any:
        record = np.zeros(1, INSTRUCTION)[0]
        record["version"], record["action"], record["code"] = 1, action, refused
        record["mode"], record["channel"], record["key"], record["person"] = 1, 1, 11, account + 1_000
        record["tenant"], record["account"] = account // 100, account
        if not refused:
            self._number += 1
            record["number"] = record["order_id"] = self._number
        record["price"], record["quantity"] = price, quantity
        assert self.books.day is not None
        record["market_date"] = self.books.day.market_date
        record["signed_at"] = WALL // 1_000_000
        record["accepted_at"] = WALL + self.time % 10**12
        record["client_id"] = np.void(UUID(int=self.random.getrandbits(128), version=4).bytes)
        record["nonce"] = np.void(self.random.randbytes(16))
        return record

    def _journal(self, record: Any) -> None:
        if self._signer is not None:
            record["signature"] = np.void(sign(self._signer, canonical(instruction_of(record))))
        number = REFUSED_FACT if record["code"] else ACCEPTED_FACT
        self._waiting.append(slots([instruction_head(number, int(record["tenant"]), self.time), record.tobytes()]))

    def _command(self, kind: Kind, record: Any, order_id: int) -> None:
        assert self._venue is not None
        command = order_command(
            int(kind),
            tenant=int(record["tenant"]),
            time=self.time,
            order_id=order_id,
            book=int(record["book"]),
            price=int(record["price"]),
            quantity=int(record["quantity"]) if kind in (Kind.NEW, Kind.CUT) else 0,
            account=int(record["account"]),
            side=int(record["side"]) if kind == Kind.NEW else 0,
            order_type=int(record["order_type"]) if kind == Kind.NEW else 0,
            time_in_force=0,
            source=1,
        )
        self._venue.process(np.frombuffer(command, RECORD).copy())
        if kind != Kind.NEW or len(self._waiting) > 100:
            self.flush()

    def flush(self) -> None:
        """Commit what waits as one group and apply it to the books."""
        if not self._waiting:
            return
        whole = np.concatenate([part.view((np.void, 64)) for part in self._waiting]).view(RECORD)
        self._waiting.clear()
        self._commit(whole)

    def _commit(self, slots_of_records: Any) -> int:
        last = self.writer.submit(slots_of_records)
        self.writer.wait(last)
        while (group := self._reader.next()) is not None:
            for piece in pieces(group):
                apply(self.books, piece)
        assert self.books.sequence == last
        return last


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
