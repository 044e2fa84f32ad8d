"""What the demo's traders wish for is something the exchange would take, and they keep quotes on both sides."""

from collections import Counter
from datetime import date

import pytest

from yunhai.apps.cloud.agents import BOARD, LEVELS, ODD_LOT, Maker, MarketNow, Taker, Walk, Wish, traders
from yunhai.apps.cloud.demo_market import PACK, DemoDay, demo_day
from yunhai.apps.reference_data import rule_pack
from yunhai.exchange.rules.prices import daily_limits, is_on_grid
from yunhai.exchange.rules.words import SecurityKind

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
