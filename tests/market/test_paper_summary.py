"""What a summary says of a paper account: a hand-made row of fills, and days of seeded orders against the account itself."""

import pytest

from tests.market.paper_scene import NT, Rules, random_source
from tests.market.test_paper_properties import PLAIN, SHORT, crowd
from yunhai.market.paper.market import evaluate_all
from yunhai.market.paper.score import score
from yunhai.market.paper.summary import summary, trades
from yunhai.market.paper.words import BUY, SELL, Fill, How, Result

COST = 10 * NT  # what a share is worth before the day: the reference


def fill(number: int, side: int, quantity: int, price: int, *, fee: int = 0, tax: int = 0, name: str = "A") -> Fill:
    return Fill(
        number=number, name=name, side=side, price=price * NT, quantity=quantity, position=number, time=number,
        how=How.TOOK, fee=fee * NT, tax=tax * NT,
    )  # fmt: skip


def result(*fills: Fill) -> Result:
    return Result(
        position=9, time=9, began=1_000 * NT, cash=0, reserved=0, power=0, equity=1_000 * NT,
        fees=sum(one.fee for one in fills), taxes=sum(one.tax for one in fills), positions=(), orders=(), fills=fills,
        refusals=(), curve=(), digest="",
    )  # fmt: skip


def test_gains_order_by_order() -> None:
    """100 at 10 and 100 at 12 are 200 at 11, with 20 of fees 11.10. 50 of them at 13 win 50 × 1.90 less 5, in two fills of one
    order; 50 at 10 lose 55. Odd lots are the same shares. What is bought closes nothing."""
    told = result(
        fill(1, BUY, 100, 10, fee=10),
        fill(2, BUY, 100, 12, fee=10),
        fill(3, SELL, 30, 13, fee=2, tax=1),
        fill(3, SELL, 20, 13, tax=2),
        fill(4, SELL, 50, 10, name="A:odd_lot"),
        fill(5, BUY, 10, 9),
    )
    found = summary(told)
    assert [(one.number, one.quantity, one.gain) for one in trades(told)] == [(3, 50, 90 * NT), (4, 50, -55 * NT)]
    assert (found.best, found.worst) == trades(told)
    assert (found.realised, found.won, found.lost, found.fills) == (35 * NT, 1, 1, 6)
    assert (found.fees, found.taxes, found.score) == (22 * NT, 3 * NT, score(told))


def test_nothing_closed_is_no_best_trade() -> None:
    for told in (result(), result(fill(1, BUY, 100, 10))):
        found = summary(told)
        assert (found.best, found.worst, found.realised, found.won, found.lost) == (None, None, 0, 0, 0)


def test_of_equal_gains_the_earlier_order_is_named() -> None:
    found = summary(result(fill(1, BUY, 2, 10), fill(2, SELL, 1, 11), fill(3, SELL, 1, 11)))
    assert (found.best and found.best.number, found.worst and found.worst.number) == (2, 2)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 12))])
@pytest.mark.parametrize("rules", [PLAIN, SHORT], ids=["plain", "short"])
def test_gains_are_what_the_account_realised(seed: int, rules: Rules) -> None:
    source = random_source(seed, 300)
    began = [(code, shares, shares * COST) for code, shares in rules.holdings]
    closed = 0
    for told in evaluate_all(source, rules, crowd(seed, source, accounts=4)).values():
        found = summary(told, began)
        assert found.realised == sum(one.realised for one in told.positions)
        assert found.won + found.lost <= found.orders
        closed += len(trades(told, began))
    assert closed > 5
