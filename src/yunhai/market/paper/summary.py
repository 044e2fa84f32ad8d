"""What came of a paper account, in one look 總結: its score, what it paid, and which order earned or lost most.

A trade's gain is what closing shares brought over what they had cost on average, charges within, as `Holding` keeps it; the gains
of all orders together are what the positions say was realised.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from yunhai.market.paper.account import Holding
from yunhai.market.paper.score import Score, score
from yunhai.market.paper.words import BUY, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An order that closed shares. `quantity` closed, `gain` realised by them (1/10,000), `time` of its last fill."""

    number: int
    name: str
    side: int
    quantity: int
    gain: int
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`orders` given, `refused` of all instructions, `fills`; `fees`, `taxes` and `realised` 1/10,000; `won` and `lost`: trades
    that gained or lost; `best` and `worst`: None where nothing was closed."""

    score: Score
    orders: int
    refused: int
    fills: int
    fees: int
    taxes: int
    realised: int
    won: int
    lost: int
    best: Trade | None
    worst: Trade | None


def trades(result: Result, holdings: Iterable[tuple[str, int, int]] = ()) -> tuple[Trade, ...]:
    """Every order that closed shares, as they came. `holdings` (code, shares, cost): what the account began with."""
    held = {code: Holding(shares, cost) for code, shares, cost in holdings}
    found: dict[int, Trade] = {}
    for fill in result.fills:
        one = held.setdefault(fill.name.partition(":")[0], Holding())
        amount, before, closable = fill.price * fill.quantity, one.realised, one.quantity
        if fill.side == BUY:
            one.take_in(fill.quantity, amount + fill.fee)
            closed = min(fill.quantity, max(0, -closable))
        else:
            one.give_out(fill.quantity, amount - fill.fee - fill.tax)
            closed = min(fill.quantity, max(0, closable))
        if closed:
            was = found.get(fill.number)
            found[fill.number] = Trade(
                number=fill.number,
                name=fill.name,
                side=fill.side,
                quantity=closed + (was.quantity if was else 0),
                gain=one.realised - before + (was.gain if was else 0),
                time=fill.time,
            )
    return tuple(found.values())


def summary(result: Result, holdings: Iterable[tuple[str, int, int]] = ()) -> Summary:
    """The whole of a result. Of trades that gained the same the earlier order is named."""
    closed = trades(result, holdings)
    return Summary(
        score=score(result),
        orders=len(result.orders),
        refused=len(result.refusals),
        fills=len(result.fills),
        fees=result.fees,
        taxes=result.taxes,
        realised=sum(one.gain for one in closed),
        won=sum(one.gain > 0 for one in closed),
        lost=sum(one.gain < 0 for one in closed),
        best=max(closed, key=lambda one: (one.gain, -one.number), default=None),
        worst=min(closed, key=lambda one: (one.gain, one.number), default=None),
    )
