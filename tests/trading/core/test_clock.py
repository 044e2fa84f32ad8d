"""The three clocks."""

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.clock import MarketClock

SECOND = 10**9


class Wall:
    def __init__(self) -> None:
        self.ns = 1_000 * SECOND

    def __call__(self) -> int:
        return self.ns


def test_live_is_wall_time_and_cannot_be_moved() -> None:
    wall = Wall()
    clock = MarketClock("live", wall)
    assert clock.now() == wall.ns
    wall.ns += SECOND
    assert clock.now() == wall.ns
    wall.ns -= 5 * SECOND
    assert clock.now() == wall.ns + 5 * SECOND, "it never goes back"
    with pytest.raises(YunhaiError) as refused:
        clock.to(clock.now() + 1)
    assert refused.value.code == 6506


def test_demo_runs_from_where_it_was_put_and_goes_on_from_the_journal() -> None:
    wall = Wall()
    clock = MarketClock("demo", wall)
    wall.ns += SECOND
    assert clock.now() == 0, "it stands until a day is opened"
    clock.to(5_000 * SECOND)
    wall.ns += 3 * SECOND
    assert clock.now() == 5_003 * SECOND
    wall.ns += 86_400 * SECOND
    again = MarketClock("demo", wall, last=5_003 * SECOND)
    assert again.now() == 5_003 * SECOND
    wall.ns += SECOND
    assert again.now() == 5_004 * SECOND
    assert again.until(5_010 * SECOND) == 6.0
    with pytest.raises(YunhaiError) as refused:
        again.to(5_000 * SECOND)
    assert refused.value.code == 6507


def test_driven_stands_until_it_is_moved() -> None:
    wall = Wall()
    clock = MarketClock("driven", wall, last=7)
    wall.ns += SECOND
    assert clock.now() == 7
    clock.to(9)
    clock.forward(8)
    assert clock.now() == 9
    assert not clock.runs
