"""What of a running day is shown to whom, as a table: real time, twenty minutes late, and the moments of one's own order."""

from dataclasses import replace

import pytest

from tests.market.replay_scene import NINE, small_source
from yunhai.kernel.clock import MINUTE, SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import Kind
from yunhai.market.replay.own import concerning
from yunhai.market.replay.showing import DELAY_NS, own_moment, shown
from yunhai.market.replay.source import Source, SourceKind

DAY = replace(small_source(), id="journal/2026-08-21", kind=SourceKind.JOURNAL)
FILE = small_source()
END = len(DAY)
FIVE = DAY.position_at(NINE + 5 * SECOND)
"""Events up to 09:00:05."""


def late(seconds: int) -> int:
    """The market's clock at which 09:00:`seconds` is just twenty minutes old."""
    return NINE + seconds * SECOND + DELAY_NS


@pytest.mark.parametrize(
    ("source", "undelayed", "now", "events"),
    [
        (DAY, True, NINE, END),
        (DAY, False, NINE, 0),
        (DAY, False, NINE + 20 * MINUTE - 1, 0),
        (DAY, False, late(5), FIVE),
        (DAY, False, late(5) - 1, DAY.position_at(NINE + 5 * SECOND - 1)),
        (DAY, False, NINE + 60 * MINUTE, END),
        (FILE, False, 0, END),
        (FILE, True, 0, END),
    ],
)
def test_how_much_is_shown(source: Source, undelayed: bool, now: int, events: int) -> None:
    seen = shown(source, undelayed=undelayed, now=now)
    assert len(seen) == events
    assert seen.hash_at(events) == source.hash_at(events)
    assert [one.name for one in seen.listings] == ["A", "B"]
    if events < len(source):
        with pytest.raises(YunhaiError) as refused:
            seen.hash_at(events + 1)
        assert refused.value.code == 7497
        with pytest.raises(YunhaiError) as refused:
            seen.hash_at(len(source) + 1)
        assert refused.value.code == 7482


@pytest.mark.parametrize("order", [1, 2, 7, 6, 9])
def test_ones_own_order_is_shown_to_its_last_trade_and_nothing_else_is(order: int) -> None:
    """Or to its entry: cancels, cuts and re-pricings of one's own open nothing."""
    listing = DAY.listing_of(order)
    about = concerning(DAY, DAY.places_of(listing.book), {order})
    last = max(int(place) for place in about if DAY.events["kind"][place] in (Kind.NEW, Kind.TRADE))
    seen = own_moment(DAY, order, undelayed=False, now=NINE + MINUTE)
    assert len(seen) == last + 1
    assert [one.name for one in seen.listings] == [listing.name]
    assert seen.hash_at(last + 1) == DAY.hash_at(last + 1)
    with pytest.raises(YunhaiError) as refused:
        seen.listing("A" if listing.name == "B" else "B")
    assert refused.value.code == 7486
    if last + 1 < END:
        with pytest.raises(YunhaiError) as refused:
            seen.require(last + 2)
        assert refused.value.code == 7497


@pytest.mark.parametrize(
    ("order", "second", "why"),
    [
        (1, 10, "its last trade; the cut at 09:00:06 is before"),
        (2, 1, "its entry: its auction passed it by, and the re-pricing at 09:00:08 opens nothing"),
        (3, 4, "its trade in the auction"),
        (5, 5, "its entry: it never traded, and its cancel at 09:00:11 opens nothing"),
        (7, 10, "its last trade, which another began"),
        (8, 9, "its trade on arrival"),
    ],
)
def test_the_moment_up_to_which_ones_own_order_opens_its_security(order: int, second: int, why: str) -> None:
    seen = own_moment(DAY, order, undelayed=False, now=NINE + MINUTE)
    assert seen.time_of(len(seen)) == NINE + second * SECOND, why


@pytest.mark.parametrize(("undelayed", "now"), [(True, NINE), (False, NINE + 60 * MINUTE)])
def test_where_more_is_open_the_owner_sees_that(undelayed: bool, now: int) -> None:
    seen = own_moment(DAY, 1, undelayed=undelayed, now=now)
    assert (len(seen), [one.name for one in seen.listings]) == (END, ["A", "B"])


def test_an_order_that_is_none_shows_nothing() -> None:
    with pytest.raises(YunhaiError) as refused:
        own_moment(DAY, 99, undelayed=False, now=NINE)
    assert refused.value.code == 7483
