"""A contest of a hundred simulated students ranks the same on every run: on a day of our own engine and on the real morning. And
trades without a book, by the simpler rule."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.market.paper_scene import fills, order, random_source, rules
from tests.market.replay_scene import DAY, NINE, NT, price
from tests.market.test_paper_properties import check_money
from yunhai.apps.reference_data import pack_named
from yunhai.kernel.clock import SECOND, TAIPEI_OFFSET
from yunhai.kernel.records import RECORD, TRADE, VERSION, Kind
from yunhai.market.l3.feed import read_feed
from yunhai.market.paper.market import PaperMarket, evaluate, evaluate_all
from yunhai.market.paper.score import Placing, RankBy, rank, score
from yunhai.market.paper.students import KINDS, Played, play, students
from yunhai.market.paper.words import Instruction, PaperOrder, Rules
from yunhai.market.replay.published import published_source
from yunhai.market.replay.source import Listing, Source, SourceKind

HELD = rules(cash=50_000 * NT, holdings=())


def ranked(
    source: Source, held: Rules, by: RankBy = RankBy.RETURN, *, seed: int = 1
) -> tuple[tuple[Placing, ...], Played]:
    """A contest of a hundred; every kind of student has traded."""
    played = play(source, held, students(100, seed))
    placings = rank(played.results, by)
    for kind in KINDS:
        own = [result for name, result in played.results.items() if name.startswith(kind.kind)]
        assert len(own) == 20
        assert any(result.fills for result in own), kind.kind
    return placings, played


def check_again(source: Source, held: Rules, placings: tuple[Placing, ...], played: Played) -> None:
    """A second run, and the orders alone in another order of students, give the same bytes and ranks."""
    again, repeated = ranked(source, held)
    assert again == placings
    names = list(played.orders)
    random.Random(5).shuffle(names)
    results = evaluate_all(source, held, {name: played.orders[name] for name in names})
    assert {name: result.digest for name, result in results.items()} == {
        name: result.digest for name, result in played.results.items()
    }
    assert results == played.results == repeated.results
    assert rank(results) == placings


def test_a_hundred_students_rank_the_same_on_every_run() -> None:
    """Forty seconds and 400 commands of our own engine, stretched to forty minutes, so that the students wake often."""
    source = stretched(random_source(7, 400), 60)
    placings, played = ranked(source, HELD)
    check_again(source, HELD, placings, played)
    assert [one.place for one in placings] == sorted(one.place for one in placings)
    assert placings[0].place == 1
    assert len({one.score.return_ppm for one in placings}) > 20
    for name, result in played.results.items():
        if result.positions:
            check_money(result, HELD)
        alone = evaluate(source, HELD, played.orders[name]) if name.endswith(("000", "051", "082")) else result
        assert alone == result
    by_ratio = rank(played.results, RankBy.RATIO)
    assert {one.name for one in by_ratio} == {one.name for one in placings}
    assert [one.score.ratio for one in by_ratio] == sorted((one.score.ratio for one in by_ratio), reverse=True)


def stretched(source: Source, times: int) -> Source:
    """The same day `times` slower."""
    events = source.events.copy()
    first = int(events["time"][0])
    events["time"] = first + (events["time"] - first) * times
    return replace(source, events=events)


@pytest.mark.full
def test_another_seed_is_another_contest() -> None:
    source = stretched(random_source(7, 400), 60)
    one, _ = ranked(source, HELD, seed=1)
    other, _ = ranked(source, HELD, seed=2)
    assert [place.score for place in one] != [place.score for place in other]


def test_scores_are_whole_numbers_of_a_curve_by_hand() -> None:
    """Nobody trades: return 0, everyone shares the first place, listed by name."""
    source = random_source(3, 200)
    results = evaluate_all(source, HELD, {"b": [], "a": []})
    placings = rank(results)
    assert [(one.place, one.name) for one in placings] == [(1, "a"), (1, "b")]
    assert score(results["a"]) == placings[0].score
    assert (placings[0].score.ratio, placings[0].score.drawdown_ppm, placings[0].score.volatility_ppb) == (0, 0, 0)


@pytest.mark.full
def test_a_hundred_students_over_the_real_morning(data_folder: Path) -> None:
    feed = read_feed(data_folder / "l3_orders" / "sse_600519")
    source = published_source(
        "l3/sse-2023/600519/2023-02-07", date(2023, 2, 7), pack_named("sse-2023"), [("600519", feed)]
    )
    held = Rules(pack=pack_named("sse-2023"), cash=10_000_000 * NT, commission_ppm=250, latency_ns=SECOND // 10)
    placings, played = ranked(source, held)
    check_again(source, held, placings, played)
    assert len({one.score.return_ppm for one in placings}) > 60
    for result in played.results.values():
        assert result.power >= 0
    stepped = PaperMarket(source, held)
    for name, told in played.orders.items():
        stepped.join(name)
        stepped.enter(name, told)
    for position in range(0, len(source), 997):
        stepped.run(position)
    stepped.run()
    assert {name: stepped.result(name).digest for name in played.orders} == {
        name: result.digest for name, result in played.results.items()
    }


def tape(*trades: tuple[float, int]) -> Source:
    """Trades of one contract a second apart."""
    events = np.zeros(len(trades), RECORD)
    events["kind"], events["version"] = Kind.TRADE, VERSION
    events["time"] = NINE + SECOND * np.arange(len(trades))
    events["price"] = [price(at) for at, _ in trades]
    events["quantity"] = [shares for _, shares in trades]
    return Source(
        id="test/tape",
        kind=SourceKind.TRADES,
        day=DAY,
        offset=TAIPEI_OFFSET,
        listings=(Listing(book=0, code="F"),),
        events=events,
    )


def test_trades_without_a_book() -> None:
    """A waiting order is filled by trades strictly beyond its limit, at its limit; one at or beyond the last trade when it came
    takes part in trades within its limit, at their price; no trade twice by one account."""
    source = tape((100, 5), (101, 5), (99, 2), (98, 3), (102, 4), (97, 9))
    held = Rules(pack=None, cash=10_000 * NT, commission_ppm=20)

    def outcome(*texts: str) -> list[str]:
        return fills(evaluate(source, held, [order(text, number=n, name="F") for n, text in enumerate(texts, 1)]))

    assert outcome("1 buy 3 99") == ["1 3 99.00 tape"]  # not by the trade at 99, by that at 98
    assert outcome("1 buy 3 101") == ["1 3 101.00 tape"]  # came above the last trade: takes part at once
    assert outcome("1 buy 7 100") == ["1 2 99.00 tape", "1 3 98.00 tape", "1 2 97.00 tape"]
    assert outcome("2 buy 4 99", "2 buy 9 98.5") == ["1 3 99.00 tape", "1 1 99.00 tape", "2 8 98.50 tape"]
    assert outcome("1 buy 6 market") == ["1 5 101.00 tape", "1 1 99.00 tape"]
    assert outcome("0 buy 6 market") == []
    assert outcome("6 buy 6 market") == []
    early = evaluate(source, held, [order("0 buy 6 market", name="F")])
    assert [one.code for one in early.refusals] == [7525]
    assert [one.code for one in evaluate(source, held, [order("1 buy 1 99 IOC", name="F")]).refusals] == [1010]


@pytest.mark.full
def test_in_front_of_and_behind_the_real_orders_of_the_morning(data_folder: Path) -> None:
    """A paper order given just before a real one, with its price and shares, has at every moment at least what that one got;
    one given just after it gets nothing at that price as long as the real one waits."""
    feed = read_feed(data_folder / "l3_orders" / "sse_600519")
    source = published_source("test/morning", date(2023, 2, 7), pack_named("sse-2023"), [("600519", feed)])
    held = Rules(pack=pack_named("sse-2023"), cash=10**12 * NT, holdings=(("600519", 10**9),))
    events, trades = source.events, source.events.view(TRADE)
    got: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place in source.trades_of(0).tolist():
        for number in (int(trades[place]["buy_id"]), int(trades[place]["sell_id"])):
            got[number].append((place + 1, int(trades[place]["quantity"])))
    ended = {int(events[place]["order_id"]): int(place) for place in np.flatnonzero(events["kind"] == Kind.CANCEL)}
    rested = np.flatnonzero((events["kind"] == Kind.NEW) & (events["state"] == 1)).tolist()
    chosen = random.Random(2).sample(rested, 400)
    told: dict[str, list[Instruction]] = {}
    for place in chosen:
        real = events[place]
        for name, position in ((f"front-{place}", place), (f"back-{place}", place + 1)):
            told[name] = [
                PaperOrder(
                    number=1,
                    position=position,
                    name="600519",
                    side=int(real["side"]),
                    quantity=int(real["quantity"]),
                    price=int(real["price"]),
                )
            ]
    results = evaluate_all(source, held, told)
    filled = waited = 0
    for place in chosen:
        number, quantity = int(events[place]["order_id"]), int(events[place]["quantity"])
        front = [(one.position, one.quantity) for one in results[f"front-{place}"].fills]
        for position, _ in got[number]:
            real_got = sum(shares for at, shares in got[number] if at <= position)
            assert sum(shares for at, shares in front if at <= position) >= real_got
            filled += 1
        whole = sum(shares for _, shares in got[number]) == quantity
        end = got[number][-1][0] if whole else ended.get(number, len(source))
        for one in results[f"back-{place}"].fills:  # an auction's trades are told one by one, all of its moment
            assert one.position >= end or (one.how == "auction" and one.time == int(source.times[end - 1]))
        waited += 1
    assert (waited, filled > 100) == (400, True)
