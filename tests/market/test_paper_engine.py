"""A paper order against the real thing: the same small order given to the engine among everybody's, and its fills compared.

One share has next to no impact, so the engine's fill and the paper fill should be the same trade; where they are not, the one
share has moved somebody's fate after all, and the test says how often.
"""

import random
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.market.paper_scene import FINE, ONE, random_commands, rules
from tests.market.replay_scene import NINE, engine_events, price, source_of
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind, Phase
from yunhai.market.paper.market import evaluate_all
from yunhai.market.paper.words import PaperOrder

ID = 90_000


def injected(commands: NDArray[np.void], place: int, order: PaperOrder, time: int) -> list[tuple[int, int, int]]:
    """(time, price, shares) that the engine gives the order when it comes at `time` before the command at `place`."""
    one = np.zeros(1, RECORD)
    one["version"], one["kind"], one["order_id"] = VERSION, Kind.NEW, ID
    one["time"] = time
    one["side"], one["price"], one["quantity"] = order.side, order.price, order.quantity
    one["order_type"], one["time_in_force"] = order.order_type, order.time_in_force
    events = engine_events(np.concatenate([commands[:place], one, commands[place:]]), FINE)
    trades = events[events["kind"] == Kind.TRADE].view(TRADE)
    own = trades[(trades["buy_id"] == ID) | (trades["sell_id"] == ID)]
    return list(zip(own["time"].tolist(), own["price"].tolist(), own["quantity"].tolist(), strict=True))


def compared(seed: int, tries: int) -> Counter[str]:
    """How tiny orders at random places of a random day come out, on paper and in the engine."""
    rng = random.Random(seed)
    commands = random_commands(seed, 400)
    events = engine_events(commands, FINE)
    source = source_of(events, ONE)
    # of each accepted command its place among the commands and the number of public events before it
    accepted = np.flatnonzero((events["kind"] < Kind.TRADE) & (events["state"] != 0))
    order_of = np.cumsum(events["kind"] < Kind.TRADE) - 1
    heads = np.flatnonzero(source.events["kind"] < Kind.TRADE)
    assert len(accepted) == len(heads)
    asked: dict[str, tuple[int, PaperOrder]] = {}
    for count in range(tries):
        at = rng.randrange(2, len(heads))
        asked[str(count)] = (
            int(order_of[accepted[at]]),
            PaperOrder(
                number=1,
                position=int(heads[at]),
                name="A",
                side=rng.choice((1, 2)),
                quantity=1,
                price=price(10 + 0.05 * rng.randrange(-6, 9)),
            ),
        )
    results = evaluate_all(source, rules(), {name: [order] for name, (_, order) in asked.items()})
    told: Counter[str] = Counter()
    for name, (place, order) in asked.items():
        paper = [(one.time, one.price, one.quantity) for one in results[name].fills]
        real = injected(commands, place, order, source.time_of(order.position))
        if paper == real:
            told["filled alike" if real else "unfilled alike"] += 1
        else:
            told[f"{'filled' if paper else 'unfilled'} on paper, {'filled' if real else 'unfilled'} in the engine"] += 1
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_a_share_on_paper_gets_what_the_engine_gives_it(seed: int) -> None:
    told = compared(seed, 60)
    alike = told["filled alike"] + told["unfilled alike"]
    assert told["filled alike"] > 20
    assert alike >= 57, told


@pytest.mark.full
def test_a_thousand_shares_on_paper_and_in_the_engine() -> None:
    told: Counter[str] = Counter()
    for seed in range(100, 120):
        told += compared(seed, 50)
    print(dict(told))
    assert told["filled alike"] + told["unfilled alike"] >= 970, told


def test_the_day_it_is_tried_on_has_everything() -> None:
    source = source_of(engine_events(random_commands(1, 400), FINE), ONE)
    kinds = set(source.events["kind"].tolist())
    assert {Kind.NEW, Kind.CANCEL, Kind.CUT, Kind.REPRICE, Kind.TRADE, Kind.UNCROSS} <= kinds
    assert int(source.events["time"][0]) == NINE
    assert Phase.AFTER in source.events["side"][source.events["kind"] == Kind.PHASE]
