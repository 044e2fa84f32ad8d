"""Scores and ranks 成績與排名: return and risk of a result, in whole numbers, so that they are the same everywhere.

A rate is in parts per million. The curve's points are minutes in which something happened; the figures are of these minutes and of
this source alone, nothing is scaled up to a year.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import isqrt
from typing import Final

from yunhai.kernel.money import MILLION
from yunhai.market.paper.words import Result

_BILLION: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`gain` 1/10,000; `return_ppm` of the starting equity; `drawdown_ppm`: the largest fall from an earlier high;
    `volatility_ppb`: standard deviation of the minutes' returns, in thousand-millionths; `ratio`: mean of the minutes' returns
    over their deviation, times the root of their number, in thousandths (like a Sharpe ratio of the stretch, interest 0), 0
    where nothing moved; `trades`: orders with a fill; `value`: what was traded."""

    gain: int
    return_ppm: int
    drawdown_ppm: int
    volatility_ppb: int
    ratio: int
    trades: int
    value: int
    fees: int


class RankBy(StrEnum):
    """What a contest is decided by."""

    RETURN = "return"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """A participant's place: 1 is first; those equal in everything share one."""

    place: int
    name: str
    score: Score


def score(result: Result) -> Score:
    """The figures of a result."""
    worth = [result.began, *(point.equity for point in result.curve)]
    gain = result.equity - result.began
    mean, deviation, count = _returns(worth)
    return Score(
        gain=gain,
        return_ppm=gain * MILLION // result.began if result.began > 0 else 0,
        drawdown_ppm=_drawdown(worth),
        volatility_ppb=deviation,
        ratio=mean * isqrt(count * MILLION) // deviation if deviation else 0,
        trades=sum(1 for order in result.orders if order.filled),
        value=sum(order.value for order in result.orders),
        fees=result.fees + result.taxes,
    )


def _returns(worth: list[int]) -> tuple[int, int, int]:
    """(mean, standard deviation, number) of the steps' returns in thousand-millionths."""
    returns = [(now - before) * _BILLION // before for before, now in pairwise(worth) if before > 0]
    count = len(returns)
    if count < 2:
        return 0, 0, count
    total = sum(returns)
    squares = count * sum(one * one for one in returns) - total * total
    return total // count, isqrt(squares // (count * (count - 1))), count


def _drawdown(worth: list[int]) -> int:
    high, most = worth[0], 0
    for now in worth:
        high = max(high, now)
        if high > 0:
            most = max(most, (high - now) * MILLION // high)
    return most


def rank(results: Mapping[str, Result], by: RankBy = RankBy.RETURN) -> tuple[Placing, ...]:
    """Best first. By return: the higher gain relative to the start, then the smaller drawdown, then the higher ratio, then the
    lower charges, then fewer orders traded. By ratio: the higher ratio, then return and the rest. Who is equal in all of it
    shares a place; they are listed by name."""
    scores = {name: score(result) for name, result in results.items()}

    def key(name: str) -> tuple[int, ...]:
        one = scores[name]
        rest = (one.drawdown_ppm, -one.ratio, one.fees, one.trades)
        return (-one.ratio, -one.return_ppm, *rest) if by is RankBy.RATIO else (-one.return_ppm, *rest)

    placings: list[Placing] = []
    for count, name in enumerate(sorted(scores, key=lambda one: (key(one), one)), start=1):
        same = placings and key(placings[-1].name) == key(name)
        placings.append(Placing(place=placings[-1].place if same else count, name=name, score=scores[name]))
    return tuple(placings)
