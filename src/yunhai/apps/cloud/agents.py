"""The demo's traders: programs that make the quotes move, through the public API like anybody else.

Every broker has one. It trades for its own account, with its own registered key, over one WebSocket, and politely: a few
orders a second, far below its broker's two lines. Makers hold a ladder of limit orders around a price that wanders;
takers cross the spread now and then, sometimes in odd lots. The wandering is random and means nothing.

What to do is decided purely (`Maker`, `Taker`: the market's phase and a seeded generator in, wishes out); `Agent` sends it.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from yunhai.client import Ack, AsyncClient, Draft, OrderSocket, Refused, Signer
from yunhai.client.origin import Origin
from yunhai.client.tokens import Tokens
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import daily_limits, ladder
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of, price_text
from yunhai.trading.facts import Listed
from yunhai.trading.http.structs import Market
from yunhai.trading.instructions import Instruction

LEVELS: Final = 5
"""Prices a maker quotes on each side."""
SPREAD_TICKS: Final = 1
DRIFT_TICKS: Final = 12
"""How far from the reference a price likes to wander before it turns back, in ticks."""
TAKER_REACH_TICKS: Final = 3
ODD_LOT_SHARE: Final = 0.3
MAKER_PAUSE_S: Final = 0.7
TAKER_PAUSE_S: Final = 1.0
RECONNECT_S: Final = 1.0
REFUSED_PAUSE_S: Final = 1.0
MARKET_EVERY_S: Final = 3.0
ONE_CODE: Final = ("2330",)
"""The market is asked for its phases; one security is enough."""
BOARD: Final = "board"
ODD_LOT: Final = "odd_lot"
_COLLECT: Final = "collect"
_CONTINUOUS: Final = "continuous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order somebody would like to send. `price` in 1/10,000 NT$, `quantity` in shares."""

    code: str
    side: str
    price: int
    quantity: int
    segment: str = BOARD
    time_in_force: str = "rod"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketNow:
    """As much of `GET /trade/v1/market` as a trader needs. `phases`: segment to phase word."""

    date: str
    phases: Mapping[str, str]

    def open_for(self, segment: str) -> bool:
        return self.phases.get(segment) in (_COLLECT, _CONTINUOUS)

    @property
    def continuous(self) -> bool:
        return self.phases.get(BOARD) == _CONTINUOUS


class Walk:
    """One security's price on its own grid, wandering around the day's reference; every trader of a seed sees the same
    one. `begin` moves it to another day."""

    def __init__(self, listed: Listed, pack: RulePack) -> None:
        self.code = listed.code
        self._listed, self._pack = listed, pack
        self._date = ""
        self._around(listed.reference)

    def begin(self, date: str, reference: int) -> None:
        """Go on around a day's own reference (1/10,000 NT$); the first trader that sees the day says so, the others
        change nothing."""
        if date != self._date:
            self._date = date
            self._around(reference)

    def _around(self, reference: int) -> None:
        listed, kind = self._listed, SecurityKind(self._listed.kind)
        limits = daily_limits(self._pack, kind, reference, multiple=listed.multiple, unlimited=listed.unlimited)
        low, high = limits.down or reference // 2, limits.up or reference * 2
        self.prices = [int(price) for price in ladder(self._pack, kind, low, high)]
        self.home = min(range(len(self.prices)), key=lambda at: abs(self.prices[at] - reference))
        self.at = self.home

    def step(self, chance: random.Random) -> None:
        """Go one tick up or down or stay, leaning home."""
        pull = (self.home - self.at) / DRIFT_TICKS
        self.at += 1 if chance.random() < 0.35 + 0.1 * pull else 0
        self.at -= 1 if chance.random() < 0.35 - 0.1 * pull else 0
        self.at = min(max(self.at, LEVELS + SPREAD_TICKS), len(self.prices) - 1 - LEVELS - SPREAD_TICKS)

    def price(self, ticks: int) -> int:
        """The price so many ticks from where it is, within the day's limits."""
        return self.prices[min(max(self.at + ticks, 0), len(self.prices) - 1)]


class Trader(Protocol):
    """Decides. `pause_s` between two turns; `keeps`: orders left open per security before the oldest is withdrawn."""

    pause_s: float
    keeps: int

    def wishes(self, market: MarketNow) -> list[Wish]: ...

    def begin(self, date: str, references: Mapping[str, int]) -> None:
        """A new market day; `references` by code, 1/10,000 NT$."""


class _OnWalks:
    """What both kinds of trader do with their prices."""

    def __init__(self, walks: Sequence[Walk], *, seed: int) -> None:
        self._walks = walks
        self._chance = random.Random(seed)

    def begin(self, date: str, references: Mapping[str, int]) -> None:
        for walk in self._walks:
            if walk.code in references:
                walk.begin(date, references[walk.code])


class Maker(_OnWalks):
    """Quotes one security a turn, both sides, board and odd lots by turns."""

    pause_s = MAKER_PAUSE_S
    keeps = 4 * LEVELS

    def __init__(self, walks: Sequence[Walk], *, seed: int) -> None:
        super().__init__(walks, seed=seed)
        self._turn = self._chance.randrange(len(walks))

    def wishes(self, market: MarketNow) -> list[Wish]:
        self._turn += 1
        walk = self._walks[self._turn % len(self._walks)]
        walk.step(self._chance)
        segment = ODD_LOT if self._chance.random() < ODD_LOT_SHARE else BOARD
        if not market.open_for(segment):
            return []
        level = self._chance.randrange(LEVELS)
        size = self._chance.randrange(1, 6) * 1_000 if segment == BOARD else self._chance.randrange(50, 900)
        return [
            Wish(code=walk.code, side="buy", price=walk.price(-SPREAD_TICKS - level), quantity=size, segment=segment),
            Wish(code=walk.code, side="sell", price=walk.price(SPREAD_TICKS + level), quantity=size, segment=segment),
        ]


class Taker(_OnWalks):
    """Now and then buys or sells a little at a price that should be met at once."""

    pause_s = TAKER_PAUSE_S
    keeps = 4

    def wishes(self, market: MarketNow) -> list[Wish]:
        walk = self._chance.choice(self._walks)
        odd = self._chance.random() < ODD_LOT_SHARE
        segment = ODD_LOT if odd else BOARD
        if not market.open_for(segment):
            return []
        side = self._chance.choice(("buy", "sell"))
        reach = self._chance.randrange(1, TAKER_REACH_TICKS + 1) * (1 if side == "buy" else -1)
        return [
            Wish(
                code=walk.code,
                side=side,
                price=walk.price(reach),
                quantity=self._chance.randrange(1, 500) if odd else self._chance.randrange(1, 4) * 1_000,
                segment=segment,
                time_in_force="ioc" if market.continuous and not odd else "rod",
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where an agent sits: its broker, its account, its registered key, its way to tokens."""

    tenant: int
    account: int
    signer: Signer
    tokens: Tokens


@dataclass(slots=True)
class Counts:
    """What an agent did; `refused` by number."""

    sent: int = 0
    accepted: int = 0
    cancelled: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    reconnections: int = 0


class Agent:
    """Sends one trader's wishes, for ever; a broken connection or a closed market only makes it wait."""

    def __init__(self, origin: "str | Origin", seat: Seat, trader: Trader) -> None:
        self._origin = Origin.of(origin)
        self._seat = seat
        self._trader = trader
        self._open: dict[str, deque[int]] = {}
        self._date = ""
        self.counts = Counts()

    async def run(self) -> None:
        """Trade until cancelled."""
        while True:
            with contextlib.suppress(YunhaiError, Refused):
                async with (
                    AsyncClient(self._origin, self._seat.tokens) as client,
                    OrderSocket(self._origin, self._seat.tokens) as orders,
                ):
                    await self._trade(client, orders)
            self.counts.reconnections += 1
            await asyncio.sleep(RECONNECT_S)

    async def _trade(self, client: AsyncClient, orders: OrderSocket) -> None:
        asked, market = 0.0, MarketNow(date="", phases={})
        while True:
            if time.monotonic() - asked > MARKET_EVERY_S:
                market, asked = market_now(await client.market(ONE_CODE)), time.monotonic()
                if market.date != self._date:
                    await self._begin(client)
            draft = Draft(
                tenant=self._seat.tenant, account=self._seat.account, date=market.date, key=self._seat.signer.key
            )
            for wish in self._trader.wishes(market):
                await self._make_room(orders, draft, wish.code)
                instruction = draft.new(
                    wish.side,
                    wish.code,
                    price=price_text(wish.price),
                    quantity=wish.quantity,
                    segment=wish.segment,
                    time_in_force=wish.time_in_force,
                )
                ack = await self._place(orders, instruction)
                if ack is not None and wish.time_in_force == "rod":
                    self._open.setdefault(wish.code, deque()).append(ack.order_id)
            await asyncio.sleep(self._trader.pause_s)

    async def _begin(self, client: AsyncClient) -> None:
        """A day not seen before: its own references, none of the orders of the day before."""
        today = await client.market()
        self._trader.begin(today.date, {one.code: int(price_of(one.reference)) for one in today.securities})
        self._open.clear()
        self._date = today.date

    async def _make_room(self, orders: OrderSocket, draft: Draft, code: str) -> None:
        """Withdraw the oldest order of a security if there are enough of them; it may be gone already."""
        waiting = self._open.get(code, deque())
        while len(waiting) >= self._trader.keeps:
            if await self._place(orders, draft.cancel(waiting.popleft())) is not None:
                self.counts.cancelled += 1

    async def _place(self, orders: OrderSocket, instruction: Instruction) -> Ack | None:
        """The acknowledgement; None, counted and waited for, if it was refused."""
        self.counts.sent += 1
        try:
            ack = await orders.place(self._seat.signer.sign(instruction))
        except Refused as refusal:
            self.counts.refused[refusal.code] = self.counts.refused.get(refusal.code, 0) + 1
            if instruction.action == "new":
                await asyncio.sleep(REFUSED_PAUSE_S)
            return None
        self.counts.accepted += 1
        return ack


def market_now(answer: Market) -> MarketNow:
    """Of the API's answer."""
    return MarketNow(date=answer.date, phases=answer.phases)


def traders(listed: Sequence[Listed], pack: RulePack, count: int, *, makers: int, seed: int) -> list[Trader]:
    """`count` traders over the same wandering prices, the first `makers` of them makers."""
    walks = [Walk(one, pack) for one in listed]
    return [Maker(walks, seed=seed + at) if at < makers else Taker(walks, seed=seed + at) for at in range(count)]
