"""What the demo's traders wish for is something the exchange would take, and they keep quotes on both sides."""

import asyncio
from collections import Counter
from datetime import date
from typing import cast

import pytest

from yunhai.apps.cloud.agents import (
    BOARD,
    LEVELS,
    ODD_LOT,
    Agent,
    Maker,
    MarketNow,
    Seat,
    Taker,
    Walk,
    Wish,
    traders,
)
from yunhai.apps.cloud.demo_market import PACK, DemoDay, demo_day
from yunhai.apps.reference_data import rule_pack
from yunhai.client import AsyncClient, FixedToken, Signer
from yunhai.exchange.rules.prices import daily_limits, is_on_grid
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.money import price_text
from yunhai.trading.http.structs import Market, SecuritySaid

OPEN = MarketNow(date="2026-11-23", phases={BOARD: "continuous", ODD_LOT: "collect"})
TURNS = 2_000


@pytest.fixture(scope="module")
def day() -> DemoDay:
    return demo_day(date(2026, 11, 23))


def wishes(trader: Maker | Taker, market: MarketNow = OPEN, turns: int = TURNS) -> list[Wish]:
    return [wish for _ in range(turns) for wish in trader.wishes(market)]


@pytest.mark.parametrize("trader_kind", [Maker, Taker])
def test_every_wish_is_on_tick_within_limits_and_of_whole_lots(day: DemoDay, trader_kind: type[Maker | Taker]) -> None:
    pack = rule_pack(PACK)
    listed = {one.code: one for one in day.listed}
    walks = [Walk(one, pack) for one in day.listed]
    made = wishes(trader_kind(walks, seed=3))
    assert {wish.code for wish in made} == set(listed)
    assert {wish.segment for wish in made} == {BOARD, ODD_LOT}
    for wish in made:
        one = listed[wish.code]
        kind = SecurityKind(one.kind)
        limits = daily_limits(pack, kind, one.reference)
        assert limits.down is not None
        assert limits.up is not None
        assert is_on_grid(pack, kind, wish.price)
        assert limits.down <= wish.price <= limits.up
        assert wish.quantity % 1_000 == 0 if wish.segment == BOARD else 0 < wish.quantity < 1_000
        assert wish.segment == BOARD or wish.time_in_force == "rod", "odd lots take ROD only"


def test_a_maker_quotes_both_sides_of_every_security_around_its_price(day: DemoDay) -> None:
    walks = [Walk(one, rule_pack(PACK)) for one in day.listed]
    for bid, ask in zip(*[iter(wishes(Maker(walks, seed=5)))] * 2, strict=True):
        assert (bid.side, ask.side, bid.code, bid.quantity) == ("buy", "sell", ask.code, ask.quantity)
        assert bid.price < ask.price
    sides = Counter(wish.side for wish in wishes(Taker(walks, seed=5)))
    assert min(sides.values()) > TURNS * 0.3, "takers do both"


def test_nobody_wishes_for_what_is_shut(day: DemoDay) -> None:
    walks = [Walk(one, rule_pack(PACK)) for one in day.listed]
    shut = MarketNow(date="2026-11-23", phases={BOARD: "after", ODD_LOT: "after"})
    assert not wishes(Maker(walks, seed=1), shut)
    assert not wishes(Taker(walks, seed=1), shut)
    collecting = MarketNow(date="2026-11-23", phases={BOARD: "collect"})
    assert {wish.time_in_force for wish in wishes(Taker(walks, seed=1), collecting)} == {"rod"}


def test_prices_wander_and_come_back(day: DemoDay) -> None:
    """Over many turns a price leaves the reference and still ends near it: nobody is carried to a limit."""
    (walk, *_), far = [Walk(one, rule_pack(PACK)) for one in day.listed], set()
    maker = Maker([walk], seed=11)
    for _ in range(20_000):
        maker.wishes(OPEN)
        far.add(walk.at - walk.home)
    assert len(far) > 2 * LEVELS
    assert max(map(abs, far)) < len(walk.prices) // 4


def test_the_same_seed_makes_the_same_traders(day: DemoDay) -> None:
    first, second = (traders(day.listed, rule_pack(PACK), 4, makers=2, seed=9) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert [one.wishes(OPEN) for _ in range(50)] == [other.wishes(OPEN) for _ in range(50)]


def test_the_demo_day_lists_real_codes_with_a_settlement_day_behind_it(day: DemoDay) -> None:
    assert (day.date, day.settles_on) == ("2026-11-23", "2026-11-25")
    assert len(day.listed) >= 20
    assert {one.code: one.name for one in day.listed}["2330"] == "台積電"


def at_limit_up(day: DemoDay) -> dict[str, int]:
    """The references of a day after one on which everything closed as high as it may."""
    pack = rule_pack(PACK)
    moved = {one.code: daily_limits(pack, SecurityKind(one.kind), one.reference).up for one in day.listed}
    return {code: price for code, price in moved.items() if price is not None}


def test_on_another_day_prices_wander_around_its_own_reference(day: DemoDay) -> None:
    """By the first day's references half of what is wished for would be refused."""
    pack = rule_pack(PACK)
    walks = [Walk(one, pack) for one in day.listed]
    maker, taker = Maker(walks, seed=3), Taker(walks, seed=4)
    wishes(maker, turns=200)
    references = at_limit_up(day)
    for trader in (maker, taker):
        trader.begin("2026-11-24", references)
    for wish in [*wishes(maker), *wishes(taker)]:
        kind = next(SecurityKind(one.kind) for one in day.listed if one.code == wish.code)
        limits = daily_limits(pack, kind, references[wish.code])
        assert limits.down is not None
        assert limits.up is not None
        assert limits.down <= wish.price <= limits.up
        assert is_on_grid(pack, kind, wish.price)


def test_the_second_trader_that_sees_a_day_does_not_begin_it_again(day: DemoDay) -> None:
    walk = Walk(day.listed[0], rule_pack(PACK))
    walk.begin("2026-11-24", day.listed[0].reference)
    walk.at += 3
    walk.begin("2026-11-24", day.listed[0].reference)
    assert walk.at == walk.home + 3
    walk.begin("2026-11-25", day.listed[0].reference)
    assert walk.at == walk.home


class Days:
    """As much of a client as an agent asks at a new day."""

    def __init__(self, market: Market) -> None:
        self._market = market

    async def market(self) -> Market:
        return self._market


def test_an_agent_takes_a_new_days_references_from_the_market(day: DemoDay) -> None:
    walks, references = [Walk(one, rule_pack(PACK)) for one in day.listed], at_limit_up(day)
    seat = Seat(tenant=11, account=1, signer=Signer.generate(), tokens=FixedToken(""))
    agent = Agent("http://localhost:1", seat, Maker(walks, seed=1))
    securities = tuple(
        SecuritySaid(
            code=one.code,
            name=one.name,
            kind=one.kind,
            reference=price_text(references[one.code]),
            limit_up="",
            limit_down="",
            lot=1_000,
            day_trade="none",
            suspended=False,
            segments=(BOARD,),
            ticks=(),
        )
        for one in day.listed
    )
    market = Market(
        mode="simulated",
        date="2026-11-24",
        market_time="",
        clock="demo",
        pack=PACK,
        settles_on="",
        phases={},
        securities=securities,
    )
    asyncio.run(agent._begin(cast(AsyncClient, Days(market))))
    assert {walk.prices[walk.home] for walk in walks} == set(references.values())
