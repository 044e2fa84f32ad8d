"""What holds of every account on every day: money and shares conserved, nothing from nowhere, places that only get better, and
the same result whichever way it is worked out."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest

from tests.market.paper_scene import NT, Rules, random_source, rules
from tests.market.replay_scene import BUY, SELL, price
from yunhai.kernel.records import Kind, Phase
from yunhai.market.paper.market import PaperMarket, evaluate, evaluate_all
from yunhai.market.paper.showing import digest_of
from yunhai.market.paper.words import Change, Instruction, OrderView, PaperChange, PaperOrder, Result
from yunhai.market.replay.book import QueueBook
from yunhai.market.replay.events import rows_of
from yunhai.market.replay.source import Source

DAYS = [pytest.param(seed, marks=[pytest.mark.full] if seed > 2 else []) for seed in range(1, 30)]
PLAIN = rules(cash=9_000 * NT, holdings=(("A", 300),))
SHORT = rules(cash=9_000 * NT, holdings=(("A", 100),), short_selling=True)


def random_orders(rng: random.Random, source: Source, count: int) -> list[Instruction]:
    """Orders and changes at random places, most of them sensible."""
    made: list[Instruction] = []
    for number, position in enumerate(sorted(rng.randrange(len(source) + 1) for _ in range(count)), start=1):
        if made and rng.random() < 0.3:
            change = rng.choice(list(Change))
            made.append(
                PaperChange(
                    number=number,
                    position=position,
                    order=rng.randrange(1, number),
                    change=change,
                    quantity=rng.randrange(1, 30) if change is Change.CUT else 0,
                    price=price(10 + 0.05 * rng.randrange(-8, 9)) if change is Change.REPRICE else 0,
                )
            )
            continue
        market = rng.random() < 0.1
        made.append(
            PaperOrder(
                number=number,
                position=position,
                name="A",
                side=rng.choice((1, 2)),
                quantity=rng.randrange(1, 150),
                price=0 if market else price(10 + 0.05 * rng.randrange(-8, 9)),
                order_type=1 if market else 2,
                time_in_force=rng.choice((0, 0, 0, 3, 4)),
            )
        )
    return made


def crowd(seed: int, source: Source, accounts: int = 8, count: int = 40) -> dict[str, list[Instruction]]:
    return {str(name): random_orders(random.Random(seed * 1_000 + name), source, count) for name in range(accounts)}


def check_money(result: Result, held: Rules) -> None:
    """Cash and shares from the fills alone."""
    cash, shares, charged = held.cash, dict(held.holdings).get("A", 0), 0
    for one in result.fills:
        sign = 1 if one.side == BUY else -1
        cash -= sign * one.price * one.quantity + one.fee + one.tax
        shares += sign * one.quantity
        charged += one.fee + one.tax
        assert one.quantity > 0
        assert min(one.fee, one.tax) >= 0
        assert cash >= 0
        assert shares >= 0 or held.short_selling
    assert (cash, charged) == (result.cash, result.fees + result.taxes)
    (position,) = result.positions or (None,)
    assert shares == (position.quantity if position else dict(held.holdings).get("A", 0))
    assert 0 <= result.power == result.cash - result.reserved
    if position:
        worth = position.value - position.cost if position.quantity >= 0 else position.cost + position.value
        assert result.equity - result.began == position.realised + worth
        assert position.selling == sum(one.leaves for one in waiting(result) if one.side == SELL)
    assert result.reserved >= sum(one.reserved for one in result.orders)
    for order in result.orders:
        own = [one for one in result.fills if one.number == order.number]
        assert order.filled == sum(one.quantity for one in own) <= order.quantity
        assert order.value == sum(one.quantity * one.price for one in own)
        assert order.leaves >= 0
        assert (order.fee, order.tax) == (sum(one.fee for one in own), sum(one.tax for one in own))


def waiting(result: Result) -> list[OrderView]:
    return [one for one in result.orders if one.state == "resting"]


@pytest.mark.parametrize("seed", DAYS)
@pytest.mark.parametrize("held", [PLAIN, SHORT], ids=["plain", "short"])
def test_money_and_shares_are_conserved_at_every_step(seed: int, held: Rules) -> None:
    source = random_source(seed, 300)
    market = PaperMarket(source, held)
    told = crowd(seed, source, accounts=4)
    for name, instructions in told.items():
        market.enter(name, instructions)
    for position in range(0, len(source) + 1, 7):
        market.run(position)
        for name in told:
            check_money(market.result(name), held)
    market.run()
    results = [market.result(name) for name in told]
    for result in results:
        check_money(result, held)
    assert sum(len(result.fills) for result in results) > 40
    assert any(result.refusals for result in results)


@pytest.mark.parametrize("seed", DAYS)
def test_one_go_steps_any_order_and_alone_are_the_same_bytes(seed: int) -> None:
    source = random_source(seed, 300)
    held = rules(latency_ns=random.Random(seed).choice((0, 150_000_000)))
    told = crowd(seed, source)
    together = evaluate_all(source, held, told)
    backwards = evaluate_all(source, held, dict(reversed(told.items())))
    stepped = PaperMarket(source, held)
    rest = {name: list(instructions) for name, instructions in told.items()}
    rng = random.Random(seed)
    while stepped.position < len(source):
        to = min(len(source), stepped.position + rng.randrange(1, 20))
        for name, instructions in rest.items():
            due = [one for one in instructions if one.position <= to]
            rest[name] = instructions[len(due) :]
            stepped.enter(name, due)
        stepped.run(to)
        cut = source.before(source.time_of(to))
        if len(cut) == to:  # what is not there yet has no say
            name = rng.choice(list(told))
            assert evaluate(cut, held, [one for one in told[name] if one.position <= to]) == stepped.result(name)
    for name in told:
        alone = evaluate(source, held, told[name])
        assert together[name] == backwards[name] == stepped.result(name) == alone
        assert len({together[name].digest, backwards[name].digest, stepped.result(name).digest, alone.digest}) == 1
        assert digest_of(alone) == alone.digest


@pytest.mark.parametrize("seed", DAYS)
def test_a_place_never_gets_worse_and_an_earlier_one_is_better(seed: int) -> None:
    source = random_source(seed, 300)
    market = PaperMarket(source, rules())
    told = crowd(seed, source, accounts=3)
    for name, instructions in told.items():
        market.enter(name, instructions)
    last: dict[tuple[str, int, int], int] = {}
    improved = 0
    for position in range(0, len(source) + 1, 3):
        market.run(position)
        for name in told:
            for one in waiting(market.result(name)):
                key = name, one.number, one.price
                assert one.ahead is not None
                if key in last:
                    repriced = any(
                        isinstance(other, PaperChange) and other.order == one.number and other.position <= position
                        for other in told[name]
                    )
                    assert one.ahead <= last[key] or repriced
                    improved += one.ahead < last[key]
                last[key] = one.ahead
    assert improved > 0


@pytest.mark.parametrize("seed", DAYS)
def test_no_fill_exceeds_what_there_was(seed: int) -> None:
    """Shares of an order: at most what traded at its price or through it while it was there, what the other side showed when
    it came, and what came to rest against it."""
    source = random_source(seed, 300)
    told: dict[str, list[Instruction]] = {}
    for name, instructions in crowd(seed, source).items():
        only = [one for one in instructions if isinstance(one, PaperOrder)]
        told[name] = [replace(one, number=number) for number, one in enumerate(only, start=1)]
    results = evaluate_all(source, rules(), told)
    there = 0
    for result in results.values():
        for order in result.orders:
            if order.filled and order.price:
                there += 1
                assert order.filled <= reachable(source, order, max(f.position for f in result.fills))
    assert there > 20


def reachable(source: Source, order: OrderView, last: int) -> int:
    """Counted from the events and a book of its own."""
    book = QueueBook(source.listings[0])
    sign = 1 if order.side == BUY else -1
    other = SELL if order.side == BUY else BUY
    total = 0
    for place, row in enumerate(rows_of(source.events[:last])):
        if place == order.entered or (place > order.entered and row[0] == Kind.PHASE and row[4] == Phase.CONTINUOUS):
            total += sum(one.quantity for one in book.levels(other, 1_000) if sign * one.price <= sign * order.price)
        book.apply(row)
        if place < order.entered:
            continue
        if row[0] == Kind.TRADE and sign * row[2] <= sign * order.price:
            total += row[3]
        elif row[0] in (Kind.NEW, Kind.REPRICE):
            real = book.waiting(row[1])
            rests = row[8] if row[6] == 1 else 0
            if (real[0] if real else row[4]) == other and sign * row[2] <= sign * order.price:
                total += rests
        elif row[0] == Kind.UNCROSS and row[2] and sign * row[2] <= sign * order.price:
            total += sum(one.quantity for one in book.levels(other, 1_000) if sign * one.price <= sign * row[2])
    if last == order.entered:
        total += sum(one.quantity for one in book.levels(other, 1_000) if sign * one.price <= sign * order.price)
    return total


@pytest.mark.parametrize("seed", DAYS)
def test_an_account_never_takes_a_real_order_twice(seed: int) -> None:
    """Many orders of one account take the whole side again and again: together at most what was ever shown or traded."""
    source = random_source(seed, 300)
    rng = random.Random(seed)
    greedy = [
        PaperOrder(number=number, position=position, name="A", side=1, quantity=400, price=price(11))
        for number, position in enumerate(sorted(rng.randrange(60, len(source)) for _ in range(30)), start=1)
    ]
    result = evaluate(source, rules(cash=10**7 * NT), greedy)
    shown: dict[int, int] = defaultdict(int)
    book = QueueBook(source.listings[0])
    for row in rows_of(source.events):
        book.apply(row)
        if row[0] == Kind.NEW and row[4] == SELL:
            shown[row[1]] = row[3]
    assert 0 < sum(one.quantity for one in result.fills) <= sum(shown.values())
