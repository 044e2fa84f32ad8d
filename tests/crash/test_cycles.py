"""Acknowledged is durable; and the harness that says so finds every planted mistake."""

import pytest

from tests.crash.cycles import Lost, run_cycles

PLANTS = {
    "acknowledge before sync": 1,
    "no sync": 2,
    "tail not cut": 3,
    "folder not synced": 4,
    "failed sync retried": 5,
    "last group not rewritten on opening": 6,
    "goes on after a failure": 7,
    "short write ignored": 10,
    "cuts only what it sees of a torn end": 11,
}


def test_nothing_acknowledged_is_lost() -> None:
    tally = run_cycles(300, first_seed=1_000_000)
    assert tally.crashes >= 300
    assert tally.acknowledged > 3_000
    assert (
        min(tally.torn, tally.crashes_while_opening, tally.rollovers, tally.failed_calls, tally.kept_unacknowledged) > 0
    )


@pytest.mark.full
def test_nothing_acknowledged_is_lost_in_ten_thousand_crashes() -> None:
    tally = run_cycles(10_000)
    assert tally.crashes >= 10_000
    assert tally.rollovers > 10_000
    assert tally.torn > 200


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_mistake_is_found(plant: int) -> None:
    with pytest.raises(Lost):
        run_cycles(3_000, first_seed=110, plant=plant)
