"""Alerts on day bars over a small lake: at the close, once, late rather than never, where `market.alerts` says."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.market.lake_scene import DAILY, take, write
from tests.services.alerts.test_alerts_reading import alert, arm_again, states
from yunhai.services.alerts.daily import DayLook

CODE = "2330"
FIRST = date(2026, 6, 1)
RISING = [*range(150, 118, -1), *range(118, 150)]
"""Down for 32 days, then up for 32: the averages cross once after the turn."""


@pytest.fixture
def days(tmp_path: Path) -> "Days":
    return Days(tmp_path)


class Days:
    """A lake that gets one day after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.day = FIRST
        self.dates: list[date] = []

    def bring(self, *closes: float) -> None:
        lines = []
        for close in closes:
            while self.day.weekday() > 4:
                self.day += timedelta(days=1)
            lines.append(f"{CODE},{self.day},{close},{close},{close},{close},1000")
            self.dates.append(self.day)
            self.day += timedelta(days=1)
        self.count += 1
        take(self.folder / "lake", write(self.folder / f"{self.count}.csv", DAILY, *lines))

    def looking(self) -> DayLook:
        return DayLook(self.folder / "lake")


def fired(connection: Any) -> list[tuple[Any, ...]]:
    query = "SELECT alert_id, day, sequence, price, value FROM alerts_firing ORDER BY id"
    return list(connection.execute(query).fetchall())


def test_an_average_is_crossed_at_a_close_and_once(connection: Any, person: int, days: Days) -> None:
    up, down = alert(connection, person, "over_ma", 5), alert(connection, person, "under_ma", 5)
    days.bring(100, 100, 100, 100, 100, 99, 101)
    looking = days.looking()
    assert looking.round(connection) == 1
    assert (looking.round(connection), fired(connection)) == (0, []), "what was is not told"
    days.bring(102)
    looking.round(connection)
    assert (fired(connection), states(connection)) == ([], ["armed", "armed"])
    days.bring(90)
    looking.round(connection)
    assert fired(connection) == [(down, days.dates[-1], 0, 900_000, 900_000)]
    days.bring(120, 80, 130)
    days.looking().round(connection)
    assert fired(connection)[1:] == [(up, days.dates[-3], 0, 1_200_000, 1_200_000)]
    assert states(connection) == ["fired", "fired"]


@pytest.mark.full
@pytest.mark.parametrize("kind", ["ma_up", "kd_up"])
def test_bar_by_bar_is_as_all_at_once_and_restarts_change_nothing(
    connection: Any,
    person: int,
    days: Days,
    kind: str,
) -> None:
    alert(connection, person, kind, repeat=True)
    days.bring(*RISING[:30])
    days.looking().round(connection)
    days.bring(*RISING[30:40])  # whoever was away
    days.looking().round(connection)
    for close in RISING[40:46]:
        days.bring(close)
        days.looking().round(connection)
    days.bring(*RISING[46:])
    days.looking().round(connection)
    (one,) = fired(connection)
    assert (one[2], RISING.index(118, 1) < days.dates.index(one[1])) == (0, True)
    assert states(connection) == ["armed"]


@pytest.mark.full
def test_one_that_is_over_says_nothing_more_and_one_armed_again_begins_anew(
    connection: Any,
    person: int,
    days: Days,
) -> None:
    days.bring(100, 100, 99)
    ends = alert(connection, person, "over_ma", 2, str(days.day))
    again = alert(connection, person, "over_ma", 2)
    days.looking().round(connection)
    days.bring(98)
    days.bring(120)
    days.looking().round(connection)
    assert [row[0] for row in fired(connection)] == [again]
    assert states(connection) == ["expired", "fired"]
    connection.execute("UPDATE alerts_alert SET watch = '' WHERE id = %s", (again,))
    arm_again(connection, again)
    days.looking().round(connection)
    days.bring(90, 130)
    days.looking().round(connection)
    assert [row[0] for row in fired(connection)] == [again, again]
    assert ends not in [row[0] for row in fired(connection)]


@pytest.mark.full
def test_paused_removed_and_other_kinds_are_left_alone(connection: Any, person: int, days: Days) -> None:
    days.bring(100, 100, 99)
    for kind in ("over_ma", "over_ma", "price_up"):
        alert(connection, person, kind, 2)
    days.looking().round(connection)
    rows = [row[0] for row in connection.execute("SELECT id FROM alerts_alert ORDER BY id").fetchall()]
    connection.execute("UPDATE alerts_alert SET state = 'paused' WHERE id = %s", (rows[0],))
    connection.execute("UPDATE alerts_alert SET removed_at = now() WHERE id = %s", (rows[1],))
    days.bring(120)
    days.looking().round(connection)
    assert (fired(connection), states(connection)) == ([], ["paused", "armed", "armed"])
