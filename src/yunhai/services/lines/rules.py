"""What a broker may see of a pool it shares with others, purely.

Its own lines and its own queue are shown whole. Of everybody else there is one anonymous sum: how many they are, what they
send and how much waits; never who, never one by one. With fewer than two others even a sum would be somebody's figure,
so it is left out. The exchange's operators see all of it.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

OTHERS_LEAST: Final = 2
"""Brokers that an anonymous sum must be made of."""
CLASSES: Final = ("cancel", "reprice", "new")


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line now: messages of the last second against its cap; `lent` of them for others than its owner."""

    line: str
    tenant: int
    cap: int
    state: str
    rate: int = 0
    lent: int = 0
    in_flight: int = 0


class BrokerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A broker in the pool now; `queued` by class (cancel, reprice, new)."""

    tenant: int
    pool: str = ""
    guarantee: int = 0
    weight: int = 1
    rate: int = 0
    burst: int = 0
    queued: tuple[int, int, int] = (0, 0, 0)
    held: int = 0
    in_flight: int = 0
    wait_p50_ns: int = 0
    wait_p99_ns: int = 0
    sent: int = 0
    reason: str = ""


class PoolView(msgspec.Struct, frozen=True, kw_only=True):
    """The core's answer to `GET /pool`, as far as rooms read it."""

    capacity: int = 0
    rate: int = 0
    uncapped: bool = False
    lines: tuple[LineRow, ...] = ()
    brokers: tuple[BrokerRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Everybody else of the pool as one: `lines` up of `lines_all`, messages a second, what waits."""

    brokers: int
    lines: int
    lines_all: int
    rate: int
    queued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one room is shown. `others` None where there are too few to be anonymous, or where all are shown by name."""

    pool: str
    capacity: int
    pool_rate: int
    uncapped: bool
    guarantee: int
    rate: int
    burst: int
    queued: dict[str, int]
    held: int
    in_flight: int
    wait_p50_ms: float
    wait_p99_ms: float
    sent: int
    reason: str
    lines: tuple[LineRow, ...]
    others: Others | None
    brokers: tuple[BrokerRow, ...] = ()


def pool_view(value: Any) -> PoolView:
    """The core's JSON as a view, bare or under `pool`. msgspec.ValidationError for another shape."""
    inside = value.get("pool", value) if isinstance(value, dict) else value
    return msgspec.convert(inside, PoolView, strict=False)


def seen_by(view: PoolView, tenant: int) -> Seen:
    """A broker's own part of the pool, and the others as one anonymous sum."""
    own = next((row for row in view.brokers if row.tenant == tenant), BrokerRow(tenant=tenant))
    rest = [row for row in view.brokers if row.tenant != tenant and row.pool == own.pool]
    members = {row.tenant for row in rest}
    their_lines = [line for line in view.lines if line.tenant in members]
    mine = tuple(line for line in view.lines if line.tenant == tenant)
    together = {tenant, *members}
    up = [line for line in view.lines if line.tenant in together and line.state == "up"]
    others = None
    if len(rest) >= OTHERS_LEAST:
        others = Others(
            brokers=len(rest),
            lines=sum(1 for line in their_lines if line.state == "up"),
            lines_all=len(their_lines),
            rate=sum(row.rate for row in rest),
            queued=sum(sum(row.queued) + row.held for row in rest),
        )
    return Seen(
        pool=own.pool,
        capacity=sum(line.cap for line in up) if others else sum(line.cap for line in mine if line.state == "up"),
        pool_rate=own.rate + (others.rate if others else 0),
        uncapped=view.uncapped,
        guarantee=own.guarantee,
        rate=own.rate,
        burst=own.burst,
        queued=dict(zip(CLASSES, own.queued, strict=True)),
        held=own.held,
        in_flight=own.in_flight,
        wait_p50_ms=round(own.wait_p50_ns / 1e6, 1),
        wait_p99_ms=round(own.wait_p99_ns / 1e6, 1),
        sent=own.sent,
        reason=own.reason,
        lines=mine,
        others=others,
    )


def seen_whole(view: PoolView) -> Seen:
    """All of every pool, for the exchange's operators."""
    queued = [sum(row.queued[place] for row in view.brokers) for place in range(len(CLASSES))]
    return Seen(
        pool="",
        capacity=view.capacity,
        pool_rate=view.rate,
        uncapped=view.uncapped,
        guarantee=sum(row.guarantee for row in view.brokers),
        rate=view.rate,
        burst=sum(row.burst for row in view.brokers),
        queued=dict(zip(CLASSES, queued, strict=True)),
        held=sum(row.held for row in view.brokers),
        in_flight=sum(row.in_flight for row in view.brokers),
        wait_p50_ms=round(max((row.wait_p50_ns for row in view.brokers), default=0) / 1e6, 1),
        wait_p99_ms=round(max((row.wait_p99_ns for row in view.brokers), default=0) / 1e6, 1),
        sent=sum(row.sent for row in view.brokers),
        reason="",
        lines=view.lines,
        others=None,
        brokers=view.brokers,
    )
