"""Paper orders in the hand-worked day of `replay_scene`, as a broker could check them with a pencil.

Its events of A by position: 2-5 orders 1 to 4 collected, 7 the auction (50 at 10.00), 11 order 5 buy 10.00 × 30, 13 order 1 cut by
20, 14-15 order 7 buys 300 at 10.10 from order 4 and rests with 100, 16 order 2 re-priced away, 19-21 order 9 sells 115: 100 to
order 7 at 10.10, 15 to order 1 at 10.00.
"""

from dataclasses import replace

import pytest

from tests.market.paper_scene import NT, fills, order, orders, random_source, refused, rules
from tests.market.replay_scene import NINE, small_source
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.market.paper.market import PaperMarket, evaluate, evaluate_all
from yunhai.market.paper.words import OrderState

SOURCE = small_source()

FILLED = {
    # in the auction at 10.00, where 50 are offered
    "first in the auction": (["2 buy 30 10.00"], ["1 30 10.00 auction"]),
    "first in the auction, more than is offered": (
        ["2 buy 80 10.00"],
        ["1 50 10.00 auction", "1 15 10.00 queue"],
    ),
    "behind 300 in the auction": (["4 buy 30 10.00"], []),
    "better price, auction's price": (["4 buy 30 10.05"], ["1 30 10.00 auction"]),
    "two of one account share what is offered": (
        ["2 buy 30 10.00", "2 buy 30 10.00"],
        ["1 30 10.00 auction", "2 20 10.00 auction", "2 10 10.00 queue"],
    ),
    "a seller finds 300 who buy": (["2 sell 200 10.00"], ["1 200 10.00 auction"]),
    "a seller who asks more": (["2 sell 20 10.05"], ["1 20 10.05 through"]),
    # in continuous trading: 10.00 bid, 10.10 asked for 300
    "takes what is shown": (["12 buy 5 10.10"], ["1 5 10.10 took"]),
    "takes at the better price": (["12 buy 5 10.15"], ["1 5 10.10 took"]),
    "between the prices, then a trade below": (["12 buy 40 10.05"], ["1 15 10.05 through"]),
    "in front of the seller of 300": (["5 sell 50 10.10"], ["1 50 10.10 queue"]),
    "behind the seller of 300: the buyer's rest": (["12 sell 50 10.10"], ["1 50 10.10 met"]),
    "behind him, more than the buyer's rest": (["12 sell 120 10.10"], ["1 100 10.10 met"]),
    "asks less than the seller of 300": (["12 sell 50 10.05"], ["1 50 10.05 through"]),
    "market": (["12 buy 200 market"], ["1 200 10.10 took"]),
    "market, the rest waits in front": (["12 buy 310 market"], ["1 300 10.10 took", "1 10 10.10 through"]),
    "IOC": (["12 buy 310 10.10 IOC"], ["1 300 10.10 took"]),
    "FOK that is there": (["12 buy 300 10.10 FOK"], ["1 300 10.10 took"]),
    "what was taken is gone": (
        ["12 buy 200 10.10 IOC", "12 buy 200 10.10 IOC"],
        ["1 200 10.10 took", "2 100 10.10 took"],
    ),
    "and its rest waits in front of order 7": (
        ["12 buy 200 10.10", "12 buy 200 10.10"],
        ["1 200 10.10 took", "2 100 10.10 took", "2 100 10.10 queue"],
    ),
    "sells to the bid": (["12 sell 60 10.00"], ["1 60 10.00 took"]),
    "walks the book down": (["16 sell 300 10.00"], ["1 100 10.10 took", "1 200 10.00 took"]),
    "at 10.00 only those in front are reached": (["12 buy 30 10.00"], []),
    # changes
    "re-priced up to the ask": (["12 buy 5 9.90", "13 reprice 1 10.10"], ["1 5 10.10 took"]),
    "re-priced to where it was: behind everyone": (["2 buy 30 9.95", "12 reprice 1 10.00"], []),
    "cut keeps its place": (["5 sell 50 10.10", "12 cut 1 20"], ["1 30 10.10 queue"]),
    "cancelled in time": (["5 sell 50 10.10", "12 cancel 1"], []),
}


@pytest.mark.parametrize("name", FILLED)
def test_fills(name: str) -> None:
    asked, expected = FILLED[name]
    result = evaluate(SOURCE, rules(), orders(*asked))
    assert (fills(result), refused(result)) == (expected, [])


REFUSED = {
    "off the tick": (["12 buy 5 10.02"], [(1, 1017)]),
    "above limit-up": (["12 buy 5 11.05"], [(1, 1015)]),
    "below limit-down": (["12 buy 5 8.95"], [(1, 1016)]),
    "no quantity": (["12 buy 0 10.00"], [(1, 1011)]),
    "above 499 lots, of one share here": (["12 buy 500 9.00"], [(1, 1013)]),
    "market order while an auction collects": (["3 buy 5 market"], [(1, 1010)]),
    "IOC while an auction collects": (["3 buy 5 10.00 IOC"], [(1, 1010)]),
    "before the session": (["0 buy 5 10.00"], [(1, 1004)]),
    "FOK that is not there": (["12 buy 301 10.10 FOK"], [(1, 1027)]),
    "IOC that finds nothing": (["12 buy 5 10.05 IOC"], [(1, 1027)]),
    "more shares than held": (["12 sell 301 10.10"], [(1, 7523)]),
    "shares that another order sells": (["12 sell 200 10.90", "12 sell 101 10.90"], [(2, 7523)]),
    "more than the cash": (["12 buy 399 10.00"], [(1, 7522)]),
    "cash that another order holds": (["12 buy 300 9.90", "12 buy 102 9.90"], [(2, 7522)]),
    "re-priced above the cash": (["12 buy 398 10.00", "13 reprice 1 10.05"], [(2, 7522)]),
    "unknown order": (["12 cancel 1"], [(1, 1021)]),
    "nothing left": (["12 buy 5 10.10", "13 cancel 1"], [(2, 1022)]),
    "cut to nothing asked": (["12 buy 5 9.90", "13 cut 1 0"], [(2, 1026)]),
    "re-price off the tick": (["12 buy 5 9.90", "13 reprice 1 10.02"], [(2, 1017)]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_changes_nothing(name: str) -> None:
    """With NT$ 4,000 and 300 shares."""
    asked, expected = REFUSED[name]
    told, few = orders(*asked), rules(cash=4_000 * NT, holdings=(("A", 300),))
    result = evaluate(SOURCE, few, told)
    assert refused(result) == expected
    without = evaluate(SOURCE, few, told[:-1])
    assert (result.cash, result.power, result.reserved, result.fills) == (
        without.cash,
        without.power,
        without.reserved,
        without.fills,
    )
    assert [one.leaves for one in result.orders][: len(without.orders)] == [one.leaves for one in without.orders]
    assert result.positions == without.positions
    for one in result.refusals:
        assert one.error().text("zh")


def test_a_security_that_is_not_offered() -> None:
    result = evaluate(SOURCE, rules(names=("A",)), [order("12 buy 1 20.00", name="B")])
    assert [(one.code, one.error().text()) for one in result.refusals] == [(7524, "B is not traded here")]


def test_the_place_in_the_queue() -> None:
    """Behind 1 and 2 in the auction; then 1 has 50 left, is cut to 30, 2 leaves, 1 sells 15: never farther back."""
    market = PaperMarket(SOURCE, rules())
    market.enter("a", orders("4 buy 30 10.00"))
    seen = {}
    for position in range(len(SOURCE) + 1):
        market.run(position)
        if position >= 5:
            (one,) = market.result("a").orders
            seen[position] = one.ahead
    assert (seen[5], seen[7]) == (300, 300)
    assert (seen[10], seen[12], seen[14], seen[17], seen[23]) == (250, 250, 230, 30, 15)
    places = [place for place in seen.values() if place is not None]
    assert places == sorted(places, reverse=True)


def test_money_to_the_dollar() -> None:
    """Buys 300 × 10.10 = 3,030 (commission 20, the least), sells 100 × 10.10 = 1,010."""
    result = evaluate(SOURCE, rules(holdings=()), orders("12 buy 300 10.10", "15 sell 100 10.10"))
    assert fills(result) == ["1 300 10.10 took", "2 100 10.10 took"]
    bought, sold = result.fills
    assert (bought.fee, bought.tax) == (20 * NT, 0)
    assert (sold.fee, sold.tax) == (20 * NT, 1 * NT)  # a day trade: 0.15 % of 1,010 is 1.5, dropped to 1
    assert result.cash == (100_000 - 3_030 - 20 + 1_010 - 20 - 1) * NT
    (held,) = result.positions
    assert (held.quantity, held.mark) == (200, 10 * NT)
    assert held.cost == 3_050 * NT * 2 // 3 + 1  # two thirds, what was sold rounded down
    assert result.equity == result.cash + 200 * 10 * NT
    assert (result.fees, result.taxes) == (40 * NT, NT)


def test_shares_held_before_pay_the_whole_tax() -> None:
    result = evaluate(SOURCE, rules(), orders("12 sell 300 10.00", "14 buy 10 10.10"))
    assert fills(result)[0] == "1 280 10.00 took"
    assert result.fills[0].tax == 8 * NT  # 0.3 % of 2,800 is 8.4


def test_the_commission_is_of_the_whole_order() -> None:
    """Three fills of one order pay 20 once, and what is above it when the value is."""
    charged = rules(commission_ppm=10_000)
    result = evaluate(SOURCE, charged, orders("16 sell 300 10.00"))
    assert [one.fee for one in result.fills] == [20 * NT, 10 * NT]  # 1 % of 1,010 is 10, of 3,010 is 30


def test_a_latency_is_waited_out() -> None:
    """Given at 09:00:05 and 2.5 s under way, order 7 has been at 09:00:07: nobody sells any more."""
    now = evaluate(SOURCE, rules(), orders("12 buy 5 10.10"))
    late = evaluate(SOURCE, rules(latency_ns=5 * SECOND // 2), orders("12 buy 5 10.10"))
    assert fills(now) == ["1 5 10.10 took"]
    assert (late.orders[0].entered, late.orders[0].entered_ns) == (16, NINE + 15 * SECOND // 2)
    behind = evaluate(SOURCE, rules(latency_ns=5 * SECOND // 2), orders("12 buy 5 10.10"), upto=17)
    assert (behind.orders[0].ahead, behind.orders[0].state) == (100, OrderState.RESTING)
    early = evaluate(SOURCE, rules(latency_ns=5 * SECOND // 2), orders("12 buy 5 10.10"), upto=15)
    assert early.orders[0].state is OrderState.PENDING


def test_an_order_amid_anothers_trades_waits_for_their_end() -> None:
    """Position 15 is between order 7's arrival and its trade: the 300 are not to be had any more."""
    result = evaluate(SOURCE, rules(), orders("15 buy 5 10.10"))
    assert (fills(result), result.orders[0].entered) == (["1 5 10.10 through"], 16)


def test_the_auction_does_not_wait_for_a_paper_order() -> None:
    """No market impact: a paper order makes no price, and nobody else gets less."""
    result = evaluate(SOURCE, rules(), orders("2 buy 400 11.00"))
    assert fills(result) == ["1 50 10.00 auction", "1 300 10.10 took", "1 50 11.00 through"]


def test_expired_at_the_close() -> None:
    source = random_source(3)
    result = evaluate(source, rules(), [order("300 buy 10 9.00")])
    (one,) = result.orders
    assert (one.state, one.removed, result.reserved) == (OrderState.GONE, 10, 0)


def test_numbers_and_positions_go_up() -> None:
    market = PaperMarket(SOURCE, rules())
    market.run(10)
    for told, code in (
        (order("12 buy 1 10.00", number=2), 7521),
        (order("9 buy 1 10.00"), 7521),
        (order("24 buy 1 10.00"), 7482),
        (order("12 buy 1 10.00", time=NINE), 7521),
    ):
        with pytest.raises(YunhaiError) as refusal:
            market.enter("a", [told])
        assert refusal.value.code == code
    market.enter("a", [order("12 buy 1 10.10")])
    market.run()
    assert fills(market.result("a")) == ["1 1 10.10 took"]


@pytest.mark.parametrize(
    "fields",
    [
        {"cash": -1},
        {"pack": None},
        {"holdings": (("C", 1),)},
        {"holdings": (("A", 0),)},
        {"latency_ns": 61 * SECOND},
        {"commission_ppm": 100_001},
        {"orders": 0},
    ],
    ids=lambda fields: next(iter(fields)) + str(next(iter(fields.values()))),
)
def test_rules_that_do_not_fit(fields: dict[str, object]) -> None:
    with pytest.raises(YunhaiError) as refusal:
        PaperMarket(SOURCE, rules(**fields))
    assert refusal.value.code == 7520


def test_a_day_that_grows() -> None:
    """What is durable is what there is; the result is as if the whole day had been there."""
    told = orders("5 sell 50 10.10", "12 buy 200 10.10", "17 buy 20 10.05")
    whole = evaluate(SOURCE, rules(), told)
    market = PaperMarket(replace(SOURCE, events=SOURCE.events[:0]), rules())
    waiting = list(told)
    for length in range(1, len(SOURCE) + 1):
        market.grow(replace(SOURCE, events=SOURCE.events[:length]))
        while waiting and waiting[0].position <= length:
            market.enter("a", [waiting.pop(0)])
        market.run()
    assert market.result("a") == whole
    other = SOURCE.events.copy()
    other["quantity"][20] += 1
    for events in (SOURCE.events[:-1], other):
        with pytest.raises(YunhaiError) as refusal:
            market.grow(replace(SOURCE, events=events))
        assert refusal.value.code == 7528


def test_short_selling_is_covered_by_the_highest_price() -> None:
    """Limit-up is 11.00: an order to sell short at 10.10 holds 0.90 a share and its charges, what is short 11.00 a share."""
    short = rules(holdings=(), cash=2_000 * NT, short_selling=True)
    (waiting,) = evaluate(SOURCE, short, orders("12 sell 100 10.10"), upto=13).orders
    assert waiting.reserved == (90 + 20 + 3 + 2) * NT  # commission, tax, and a dollar's step of each
    told = orders("12 sell 100 10.00", "14 buy 100 10.10")
    sold = evaluate(SOURCE, short, told[:1])
    assert fills(sold) == ["1 100 10.00 took"]
    assert (sold.positions[0].quantity, sold.reserved) == (-100, 1_100 * NT)
    assert sold.power == (2_000 + 1_000 - 20 - 3 - 1_100) * NT
    closed = evaluate(SOURCE, short, told)
    assert fills(closed) == ["1 100 10.00 took", "2 100 10.10 took"]
    assert (closed.positions[0].quantity, closed.reserved) == (0, 0)
    assert closed.cash == (2_000 + 1_000 - 20 - 3 - 1_010 - 20) * NT == closed.began + closed.positions[0].realised
    assert refused(evaluate(SOURCE, rules(holdings=()), told[:1])) == [(1, 7523)]
    few = rules(holdings=(), cash=500 * NT, short_selling=True)
    assert refused(evaluate(SOURCE, few, orders("12 sell 499 9.90"))) == [(1, 7522)]


def test_nobody_sees_another() -> None:
    told = {name: orders("12 buy 300 10.10") for name in ("b", "a", "c")}
    results = evaluate_all(SOURCE, rules(), told)
    alone = evaluate(SOURCE, rules(), told["a"])
    assert [results[name] for name in told] == [alone] * 3


def test_who_joins_late_has_been_there_from_the_start() -> None:
    """The curve of a day of minutes is whole, the shares held at their price of each minute."""
    events = SOURCE.events.copy()
    events["time"] = NINE + (events["time"] - NINE) * 60
    source = replace(SOURCE, events=events)
    market = PaperMarket(source, rules())
    market.run(16)
    market.enter("late", orders("17 sell 5 10.00"))
    market.run()
    result = market.result("late")
    assert result == evaluate(source, rules(), orders("17 sell 5 10.00"))
    assert len(result.curve) > 8
