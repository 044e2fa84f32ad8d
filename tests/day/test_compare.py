"""The comparison must be able to fail: fills lost, doubled, moved to another branch, price or side are all seen."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.day.days import Ran, report_bytes, run_day
from yunhai.apps.day.compare import TapeReader, compare
from yunhai.apps.day.plan import branch_number
from yunhai.kernel.records import FILL, Kind

ROWS = [
    ("2330", "1020合庫", "2200.00", 3500, 0),
    ("2330", "9217凱基松山", "2200.00", 0, 3500),
    ("2330", "9217凱基松山", "2205.00", 1200, 0),
    ("2330", "1020合庫", "2205.00", 0, 1200),
    ("2317", "1020合庫", "240.50", 1000, 1000),
]


@pytest.fixture(scope="module")
def ran() -> Ran:
    return run_day(report_bytes(ROWS))


def equal(ran: Ran, events: NDArray[np.void]) -> dict[str, bool]:
    day = ran.day
    reader = TapeReader(day.report, day.plan.levels, day.book_codes(), keep_fills=False)
    for part in np.array_split(events, 7):
        reader.add(part)
    results = compare(day.report, day.plan.levels, day.plan.cuts, reader.tape)
    return {one.code: one.equal for one in results}


def test_the_true_events_are_equal(ran: Ran) -> None:
    assert equal(ran, ran.events) == {"2330": True, "2317": True}


def _first_fill(ran: Ran) -> tuple[NDArray[np.void], int]:
    events = ran.events.copy()
    at = np.flatnonzero((events["kind"] == Kind.FILL) & (events["book"] == 0))
    return events, int(at[0])


def _lost(events: NDArray[np.void], at: int) -> NDArray[np.void]:
    return np.delete(events, at)


def _doubled(events: NDArray[np.void], at: int) -> NDArray[np.void]:
    return np.concatenate((events, events[at : at + 1]))


def _set(field: str, value: int) -> Callable[[NDArray[np.void], int], NDArray[np.void]]:
    def change(events: NDArray[np.void], at: int) -> NDArray[np.void]:
        events.view(FILL)[field][at] = value
        return events

    return change


def _other_side(events: NDArray[np.void], at: int) -> NDArray[np.void]:
    fills = events.view(FILL)
    fills["side"][at] = 3 - fills["side"][at]
    return events


@pytest.mark.parametrize(
    "change",
    [
        _lost,
        _doubled,
        _set("account", branch_number("9A00")),
        _set("price", 22_050_000),
        _set("price", 22_100_000),
        _set("quantity", 7),
        _set("book", 10_000),
        _other_side,
    ],
    ids=["lost", "doubled", "another branch", "another price", "unknown price", "quantity", "unknown book", "side"],
)
def test_one_wrong_fill_makes_its_security_unequal(
    ran: Ran, change: Callable[[NDArray[np.void], int], NDArray[np.void]]
) -> None:
    events, at = _first_fill(ran)
    assert equal(ran, change(events, at)) == {"2330": False, "2317": True}


def test_a_fill_in_another_security_makes_both_unequal(ran: Ran) -> None:
    events, at = _first_fill(ran)
    other = ran.day.book_codes().index("2317")
    events["book"][at] = other
    assert equal(ran, events) == {"2330": False, "2317": False}
