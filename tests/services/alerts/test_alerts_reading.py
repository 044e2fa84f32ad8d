"""The alerts reading over a small journal: once per crossing, the same firings wherever it is stopped, nothing of the past."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.small_market import SmallMarket
from yunhai.apps.cloud.readers import JournalReading
from yunhai.kernel.records import Side

ALERT = (
    "INSERT INTO alerts_alert (person_id, security, kind, threshold, state, repeat, note, expires_on, held, arming,"
    " fired_ns, watch, made_at) VALUES (%s, %s, %s, %s, 'armed', %s, '', %s, false, 1, 0, '', now()) RETURNING id"
)
CODE = "2330"


@pytest.fixture
def market(tmp_path: Path) -> Iterator[SmallMarket]:
    market = SmallMarket(tmp_path / "journal")
    market.endow()
    market.open_day()
    yield market
    market.close_journal()


def reading_of(market: SmallMarket, connection: Any) -> JournalReading:
    reading = JournalReading(market.folder, market.folder.parent / "snapshots", connection)
    reading.start()
    return reading


def read_all(reading: JournalReading) -> None:
    while reading.step():
        pass


def at(market: SmallMarket, *prices: int) -> None:
    """One trade of a lot at each price."""
    for price in prices:
        market.time += 1_000_000
        market.order(101, CODE, Side.SELL, price, 1_000)
        market.order(201, CODE, Side.BUY, price, 1_000)
    market.flush()


def alert(
    connection: Any, person: int, kind: str, threshold: int = 0, until: str | None = None, *, repeat: bool = False
) -> int:
    return int(connection.execute(ALERT, (person, CODE, kind, threshold, repeat, until)).fetchone()[0])


def fired(connection: Any) -> list[tuple[Any, ...]]:
    return list(connection.execute("SELECT alert_id, value, price, sequence FROM alerts_firing ORDER BY id").fetchall())


def states(connection: Any) -> list[str]:
    return [row[0] for row in connection.execute("SELECT state FROM alerts_alert ORDER BY id").fetchall()]


def arm_again(connection: Any, number: int) -> None:
    connection.execute(
        "UPDATE alerts_alert SET state = 'armed', from_sequence = NULL, arming = arming + 1 WHERE id = %s", (number,)
    )


def test_an_alert_fires_at_the_trade_that_crosses_and_once(market: SmallMarket, connection: Any, person: int) -> None:
    read_all(reading_of(market, connection))
    up = alert(connection, person, "price_up", 1_010_000)
    change = alert(connection, person, "change_down", -100)
    volume = alert(connection, person, "volume_up", 4_000)
    reading = reading_of(market, connection)
    at(market, 1_005_000, 1_010_000, 1_005_000, 1_015_000, 990_000)
    read_all(reading)
    assert [row[:3] for row in fired(connection)] == [
        (up, 1_010_000, 1_010_000),
        (volume, 4_000, 1_015_000),
        (change, -100, 990_000),
    ]
    assert states(connection) == ["fired"] * 3


def test_what_held_already_waits_for_the_next_crossing(market: SmallMarket, connection: Any, person: int) -> None:
    at(market, 1_010_000)
    read_all(reading_of(market, connection))
    number = alert(connection, person, "price_up", 1_010_000)
    reading = reading_of(market, connection)
    at(market, 1_015_000)
    read_all(reading)
    assert (fired(connection), states(connection)) == ([], ["armed"])
    at(market, 1_000_000, 1_010_000, 1_015_000)
    read_all(reading)
    (one,) = fired(connection)
    assert one[:2] == (number, 1_010_000)
    arm_again(connection, number)
    read_all(reading_of(market, connection))
    assert len(fired(connection)) == 1


@pytest.mark.parametrize(
    "stops", [(2, 3), pytest.param((1,), marks=pytest.mark.full), pytest.param((1, 2, 3, 4, 5), marks=pytest.mark.full)]
)
def test_stopped_anywhere_the_firings_are_the_same(
    market: SmallMarket, connection: Any, person: int, stops: tuple[int, ...]
) -> None:
    read_all(reading_of(market, connection))
    numbers = [alert(connection, person, "price_up", price) for price in (1_005_000, 1_010_000, 1_020_000)]
    alert(connection, person, "price_down", 985_000)
    reading = reading_of(market, connection)
    steps = [(1_000_000, 1_005_000), (1_010_000,), (1_000_000,), (1_010_000, 1_015_000), (1_020_000,), (990_000,)]
    for place, prices in enumerate(steps):
        at(market, *prices)
        if place in stops:  # taken, and not written: the process is gone
            group = reading._reader.next()  # type: ignore[union-attr]
            while group is not None:
                reading._take(group)
                group = reading._reader.next()  # type: ignore[union-attr]
            reading = reading_of(market, connection)
        read_all(reading)
    assert [row[:2] for row in fired(connection)] == list(zip(numbers, (1_005_000, 1_010_000, 1_020_000), strict=True))
    assert len({row[3] for row in fired(connection)}) == 3
    assert states(connection) == ["fired", "fired", "fired", "armed"]


@pytest.mark.full
def test_a_paused_alert_does_not_fire_though_the_reader_knew_it(
    market: SmallMarket, connection: Any, person: int
) -> None:
    alert(connection, person, "price_up", 1_010_000)
    reading = reading_of(market, connection)
    read_all(reading)
    connection.execute("UPDATE alerts_alert SET state = 'paused'")
    at(market, 1_010_000)
    read_all(reading)
    assert (fired(connection), states(connection)) == ([], ["paused"])


@pytest.mark.full
def test_a_new_day_ends_what_expired_and_begins_volume_anew(market: SmallMarket, connection: Any, person: int) -> None:
    read_all(reading_of(market, connection))
    alert(connection, person, "price_up", 1_050_000, "2026-08-21")
    volume = alert(connection, person, "volume_up", 3_000)
    reading = reading_of(market, connection)
    at(market, 1_000_000, 1_000_000)
    market.end_day()
    market.open_day("2026-08-24", "2026-08-26")
    at(market, 1_000_000, 1_000_000)
    read_all(reading)
    assert (fired(connection), states(connection)) == ([], ["expired", "armed"])
    at(market, 1_000_000)
    read_all(reading)
    assert [row[:2] for row in fired(connection)] == [(volume, 3_000)]


@pytest.mark.full
def test_the_limits_of_the_day_are_the_rules_own(market: SmallMarket, connection: Any, person: int) -> None:
    """100 up to 110; a restart in the middle of the day knows it too. Small steps with pauses, for 瞬間價格穩定."""
    up = alert(connection, person, "limit_up")
    alert(connection, person, "limit_down")
    reading = reading_of(market, connection)
    for price in (1_000_000, 1_030_000, 1_060_000, 1_090_000, 1_095_000):
        market.time += 400_000_000_000
        at(market, price)
    read_all(reading)
    assert fired(connection) == []
    reading = reading_of(market, connection)
    at(market, 1_100_000)
    read_all(reading)
    assert [row[:3] for row in fired(connection)] == [(up, 1_100_000, 1_100_000)]
    assert states(connection) == ["fired", "armed"]


@pytest.mark.full
def test_a_repeating_alert_tells_each_crossing_once_a_minute_at_most(
    market: SmallMarket, connection: Any, person: int
) -> None:
    alert(connection, person, "price_up", 1_010_000, repeat=True)
    for step, prices in enumerate([(1_000_000, 1_010_000, 1_015_000), (1_000_000, 1_020_000), (1_000_000,)]):
        reading = reading_of(market, connection)  # a restart changes nothing
        at(market, *prices)
        read_all(reading)
        assert (len(fired(connection)), states(connection)) == (1, ["armed"]), step
    market.time += 60_000_000_000
    at(market, 1_010_000)
    read_all(reading_of(market, connection))
    assert [row[1] for row in fired(connection)] == [1_010_000, 1_010_000]


@pytest.mark.full
def test_only_the_newest_firings_are_kept(
    market: SmallMarket, connection: Any, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yunhai.services.alerts import reader

    monkeypatch.setattr(reader, "ALERT_FIRINGS_KEPT_MAX", 2)
    for price in (1_005_000, 1_010_000, 1_015_000, 1_020_000):
        alert(connection, person, "price_up", price)
    reading = reading_of(market, connection)
    at(market, 1_000_000, 1_005_000, 1_010_000)
    read_all(reading)
    at(market, 1_020_000)
    read_all(reading)
    assert [row[1] for row in fired(connection)] == [1_020_000, 1_020_000]
