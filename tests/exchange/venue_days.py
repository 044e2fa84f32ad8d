"""Small market days for the venue's tests: orders written as a broker would say them, events read back as rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import yunhai.exchange.rules
from tests.reference.engine import ReferenceEngine
from yunhai.exchange.books import Engine
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue import Venue, commands
from yunhai.exchange.venue_config import DayPlan, TradedToday, plan_day
from yunhai.kernel.clock import SECOND, TimeOfDay, time_of_day, time_text
from yunhai.kernel.records import RECORD, Kind, OrderType, Phase, Side, TimeInForce
from yunhai.native import _book

BOARD, ODD = SegmentName.BOARD, SegmentName.ODD_LOT
ODD_AFTER, FIXED = SegmentName.ODD_LOT_AFTER, SegmentName.FIXED_PRICE
PACKS = Path(yunhai.exchange.rules.__file__).parent / "packs"
MakeEngine = Callable[[], Engine]


def pack_bytes(name: str) -> bytes:
    return (PACKS / f"{name}.toml").read_bytes()


@cache
def pack_of(name: str) -> RulePack:
    return load_pack(pack_bytes(name), base=pack_bytes)


def native_engine() -> Engine:
    return _book.Engine(order_capacity=1 << 17, first_order_id=1, id_capacity=1 << 17, event_capacity=1 << 16)


def reference_engine() -> Engine:
    return ReferenceEngine(order_capacity=1 << 17, first_order_id=1, id_capacity=1 << 17, event_capacity=1 << 16)


def stock(code: str, reference: str = "100", **more: object) -> TradedToday:
    return TradedToday(code=code, kind=SecurityKind.STOCK, reference=int(Decimal(reference) * 10_000), **more)  # type: ignore[arg-type]


def ns(text: str) -> TimeOfDay:
    """ "09:00:00.5" as ns since midnight."""
    hour, minute, second = text.split(":")
    return TimeOfDay((int(hour) * 3600 + int(minute) * 60) * SECOND + int(Decimal(second) * SECOND))


def price(text: str) -> int:
    return int(Decimal(text) * 10_000)


@dataclass
class Day:
    """A plan, an engine and the orders to come. `play` runs them and keeps the events."""

    plan: DayPlan
    engine: Engine
    venue: Venue = field(init=False)
    orders: list[np.void] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    next_id: int = 1

    def __post_init__(self) -> None:
        self.venue = Venue(self.plan, engine=self.engine, sink=lambda events: self.chunks.append(events.tobytes()))

    # -- orders

    def _command(self, kind: Kind, at: str, code: str, segment: SegmentName) -> np.void:
        record = commands(1)[0]
        record["kind"] = kind
        record["time"] = self.plan.at(ns(at))
        record["book"] = self.venue.book(code, segment)
        record["tenant"] = 1
        record["account"] = 1
        self.orders.append(record)
        return record

    def new(
        self,
        at: str,
        side: Side,
        quantity: int,
        limit: str = "",
        *,
        code: str = "2330",
        segment: SegmentName = BOARD,
        tif: TimeInForce = TimeInForce.ROD,
    ) -> int:
        """A new order of `quantity` shares; no limit = market. Returns its id."""
        record = self._command(Kind.NEW, at, code, segment)
        record["order_id"] = self.next_id
        record["side"] = side
        record["order_type"] = OrderType.LIMIT if limit else OrderType.MARKET
        record["price"] = price(limit) if limit else 0
        record["quantity"] = quantity
        record["time_in_force"] = tif
        self.next_id += 1
        return self.next_id - 1

    def buy(self, at: str, lots: int, limit: str = "", **more: object) -> int:
        return self.new(at, Side.BUY, lots * 1000, limit, **more)  # type: ignore[arg-type]

    def sell(self, at: str, lots: int, limit: str = "", **more: object) -> int:
        return self.new(at, Side.SELL, lots * 1000, limit, **more)  # type: ignore[arg-type]

    def change(
        self, kind: Kind, at: str, order: int, *, code: str = "2330", quantity: int = 0, limit: str = ""
    ) -> None:
        record = self._command(kind, at, code, BOARD)
        record["order_id"] = order
        record["quantity"] = quantity
        record["price"] = price(limit) if limit else 0

    def order_array(self) -> NDArray[np.void]:
        array = np.array(self.orders, RECORD) if self.orders else np.empty(0, RECORD)
        return array[np.argsort(array["time"], kind="stable")]

    def play(self, until: str | None = None) -> NDArray[np.void]:
        """Run the orders written so far, then the clock to `until` or to the end. Returns all events so far."""
        self.venue.process(self.order_array())
        self.orders.clear()
        if until:
            self.venue.advance(self.plan.at(ns(until)))
        else:
            self.venue.finish()
        return self.events()

    # -- what happened

    def events(self) -> NDArray[np.void]:
        return np.frombuffer(b"".join(self.chunks), RECORD)

    def clock(self, time: int) -> str:
        return time_text(time_of_day(int(time))).ljust(8, "0") if time else ""

    def controls(
        self, code: str = "2330", segment: SegmentName = BOARD, *, trials: bool = False, since: str = "00:00:00"
    ) -> list[tuple[str, str]]:
        """(time, what) of the book's control commands: "collect", "uncross 100.00 x 5000", "expire", …"""
        book = self.venue.book(code, segment)
        rows = []
        for record in self.events():
            if record["book"] != book or not Kind.PHASE <= record["kind"] <= Kind.EXPIRE:
                continue
            if record["time"] < self.plan.at(ns(since)) or (record["kind"] == Kind.TRIAL and not trials):
                continue
            rows.append((_hms(int(record["time"])), _said(record)))
        return rows

    def outcomes(self) -> dict[int, int]:
        """Outcome code of each NEW by order id."""
        events = self.events()
        return {int(r["order_id"]): int(r["code"]) for r in events[events["kind"] == Kind.NEW]}

    def trades(self, code: str = "2330", segment: SegmentName = BOARD) -> list[tuple[str, str, int]]:
        events = self.events()
        chosen = events[(events["kind"] == Kind.TRADE) & (events["book"] == self.venue.book(code, segment))]
        return [(_hms(int(r["time"])), _nt(int(r["price"])), int(r["quantity"])) for r in chosen]

    def kinds(self, kind: Kind, code: str = "2330", segment: SegmentName = BOARD) -> list[tuple[str, str]]:
        events = self.events()
        chosen = events[(events["kind"] == kind) & (events["book"] == self.venue.book(code, segment))]
        return [(_hms(int(r["time"])), _nt(int(r["price"]))) for r in chosen]


def _hms(time: int) -> str:
    seconds, fraction = divmod(time_of_day(time), SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:09d}".rstrip("0") if fraction else text


def _nt(value: int) -> str:
    return f"{Decimal(value) / 10_000:.2f}"


def _said(record: np.void) -> str:
    if record["kind"] == Kind.PHASE:
        said = Phase(int(record["side"])).name.lower()
    elif record["kind"] == Kind.EXPIRE:
        said = "expire"
    else:
        name = "trial" if record["kind"] == Kind.TRIAL else "uncross"
        said = f"{name} {_nt(int(record['price']))} x {int(record['order_id'])}" if record["price"] else name
    return f"{said} ({int(record['code'])})" if record["code"] else said


def day_of(
    *instruments: TradedToday,
    pack: RulePack | None = None,
    day: date = date(2026, 8, 21),
    seed: int = 7,
    engine: MakeEngine = native_engine,
    segments: Iterable[SegmentName] | None = None,
) -> Day:
    """A day of `instruments` (default: 2330 at 100) under `pack` (default: twse-2026), or of some segments of it."""
    rules = pack or pack_of("twse-2026")
    if segments is not None:
        rules = replace(rules, segments={name: rules.segments[name] for name in segments})
    plan = plan_day(pack=rules, day=day, instruments=instruments or (stock("2330"),), seed=seed)
    return Day(plan=plan, engine=engine())
