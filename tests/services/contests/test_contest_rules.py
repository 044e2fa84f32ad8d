"""What a contest may be, which step follows which, the common clock, the ranking: as tables."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PAPER_FLOORS_KEPT_MAX
from yunhai.market.paper.score import Score
from yunhai.services.contests import rules
from yunhai.services.contests.floors import Floor, Floors
from yunhai.services.contests.rules import Ask, Clock, Draft, Weights

NT = 10_000
DRAFT = Draft(
    name=" 期中  競賽 ",
    text="",
    source="journal/2026-08-21",
    codes=("2330", " 2317", "2330"),
    odd_lots=False,
    cash=1_000_000 * NT,
    fee=True,
    kinds=("market-ioc", "limit-rod"),
    begins=1,
    ends=2,
    weights=Weights(),
)


def test_a_draft_has_one_normal_form() -> None:
    made = rules.checked(DRAFT)
    assert (made.name, made.codes, made.kinds) == ("期中 競賽", ("2330", "2317"), ("limit-rod", "market-ioc"))
    assert rules.checked(made) == made


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"name": "a\x00"},
        {"text": "x" * 2_001},
        {"codes": ()},
        {"codes": ("23 30",)},
        {"codes": tuple(f"{1000 + place}" for place in range(17))},
        {"kinds": ()},
        {"kinds": ("limit-rod", "stop")},
        {"cash": 0},
        {"cash": 10**15},
        {"begins": 2},
        {"weights": Weights(gain=60, drawdown=20, sharpe=21)},
        {"weights": Weights(gain=120, drawdown=-20, sharpe=0)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_no_contest_is(change: dict[str, object]) -> None:
    with pytest.raises(YunhaiError) as told:
        rules.checked(replace(DRAFT, **change))  # type: ignore[arg-type]
    assert told.value.code == 7544


@pytest.mark.parametrize(
    ("state", "do", "after"),
    [
        ("draft", "open", "open"),
        ("open", "freeze", "frozen"),
        ("frozen", "resume", "open"),
        ("open", "end", "ended"),
        ("frozen", "end", "ended"),
        ("draft", "end", ""),
        ("draft", "freeze", ""),
        ("open", "open", ""),
        ("ended", "open", ""),
        ("ended", "resume", ""),
        ("ended", "end", ""),
        ("open", "nothing", ""),
    ],
)
def test_which_step_follows_which(state: str, do: str, after: str) -> None:
    if after:
        assert rules.stepped(state, do)[0] == after
    else:
        with pytest.raises(YunhaiError) as told:
            rules.stepped(state, do)
        assert told.value.code == 7543


@pytest.mark.parametrize(
    ("text", "code"),
    [("k7m2-qx9a", "K7M2QX9A"), (" K7M2QX9A ", "K7M2QX9A"), ("K7M2QX9", ""), ("K7M2QX90", ""), ("'; --", ""), ("", "")],
)
def test_a_join_code_as_people_type_it(text: str, code: str) -> None:
    if code:
        assert rules.join_code(text) == code
    else:
        with pytest.raises(YunhaiError) as told:
            rules.join_code(text)
        assert told.value.code == 7542


# -- the clock ---------------------------------------------------------------------------------------------------------------

CLOCK = Clock(at=1_000 * SECOND, wall=0, speed=10_000, end=2_000 * SECOND)


@pytest.mark.parametrize(("wall", "now"), [(0, 1_000), (5, 1_050), (-3, 1_000), (100, 2_000), (1_000, 2_000)], ids=str)
def test_where_the_clock_stands(wall: int, now: int) -> None:
    assert CLOCK.now(wall * SECOND) == now * SECOND


def test_it_goes_forward_only() -> None:
    paused = CLOCK.set(5 * SECOND, speed=0)
    assert paused.now(500 * SECOND) == 1_050 * SECOND
    assert paused.set(600 * SECOND, speed=1_000).now(601 * SECOND) == 1_051 * SECOND
    assert CLOCK.set(5 * SECOND, to=1_500 * SECOND).now(6 * SECOND) == 1_510 * SECOND
    for change in ({"to": 1_049 * SECOND}, {"to": 2_001 * SECOND}, {"speed": 99}, {"speed": 1_000_001}, {"speed": -1}):
        with pytest.raises(YunhaiError) as told:
            CLOCK.set(5 * SECOND, **change)
        assert told.value.code == 7555


# -- a ticket ----------------------------------------------------------------------------------------------------------------

TICKET = Ask(code="2330", odd=False, side="buy", order_type="limit", time_in_force="rod", quantity=1_000, price="100.5")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"code": "2317"}, 7549),
        ({"code": "\x00"}, 7549),
        ({"order_type": "market"}, 7548),
        ({"time_in_force": "fok"}, 7548),
        ({"quantity": 0}, 7550),
        ({"quantity": 1 << 40}, 7550),
        ({"price": "0"}, 7550),
        ({"price": "ten"}, 2101),
        ({"order_type": "market", "time_in_force": "ioc", "price": "1"}, 7550),
    ],
    ids=lambda value: str(value).replace("\x00", "nul") if isinstance(value, dict) else str(value),
)
def test_a_ticket(change: dict[str, object], code: int) -> None:
    ask = replace(TICKET, **change)  # type: ignore[arg-type]
    if code:
        with pytest.raises(YunhaiError) as told:
            rules.asked(ask, names=("2330",), kinds=("limit-rod", "market-ioc"))
        assert told.value.code == code
    else:
        made = rules.asked(ask, names=("2330",), kinds=("limit-rod",))
        assert (made.side, made.order_type, made.time_in_force, made.price) == (1, 2, 0, 1_005_000)


# -- the ranking -------------------------------------------------------------------------------------------------------------


def scored(gain: int, drawdown: int = 0, ratio: int = 0, fees: int = 0, trades: int = 1) -> Score:
    return Score(
        gain=gain,
        return_ppm=gain,
        drawdown_ppm=drawdown,
        volatility_ppb=0,
        ratio=ratio,
        trades=trades,
        value=0,
        fees=fees,
    )


def places(scores: dict[int, Score], weights: Weights) -> list[tuple[int, int, int]]:
    return [(one.place, one.paper, one.points) for one in rules.ranking(scores, weights)]


def test_by_hand() -> None:
    scores = {1: scored(300, 90), 2: scored(100, 10), 3: scored(-50, 40)}
    assert places(scores, Weights(gain=100, drawdown=0, sharpe=0)) == [(1, 1, 100_000), (2, 2, 50_000), (3, 3, 0)]
    assert places(scores, Weights(gain=0, drawdown=100, sharpe=0)) == [(1, 2, 100_000), (2, 3, 50_000), (3, 1, 0)]
    # 60 % of (100, 50, 0), 20 % of (0, 100, 50), and nobody is before anybody by ratio: 20 % of 50 each
    assert places(scores, Weights()) == [(1, 1, 70_000), (2, 2, 60_000), (3, 3, 20_000)]


def test_equals_share_a_place_and_one_alone_is_first() -> None:
    assert places({7: scored(5), 4: scored(5), 9: scored(1)}, Weights()) == [
        (1, 4, 65_000),
        (1, 7, 65_000),
        (3, 9, 20_000),
    ]
    assert places({7: scored(-5)}, Weights()) == [(1, 7, 100_000)]
    assert places({}, Weights()) == []
    assert [one.paper for one in rules.ranking({1: scored(5, fees=9), 2: scored(5, fees=3)}, Weights())] == [2, 1]


figures = st.builds(scored, st.integers(-99, 99), st.integers(0, 9), st.integers(-9, 9), st.integers(0, 3))


@given(st.lists(figures, max_size=12), st.integers(0, 100), st.integers(0, 100))
def test_a_ranking_depends_on_nothing_but_the_scores(scores: list[Score], first: int, second: int) -> None:
    gain, drawdown = min(first, second), abs(first - second)
    weights = Weights(gain=gain, drawdown=drawdown, sharpe=100 - gain - drawdown)
    held = dict(enumerate(scores))
    found = rules.ranking(held, weights)
    assert rules.ranking(dict(reversed(held.items())), weights) == found
    assert sorted(one.paper for one in found) == sorted(held)
    assert all(0 <= one.points <= 100_000 for one in found)
    assert [one.points for one in found] == sorted((one.points for one in found), reverse=True)


def test_a_process_keeps_so_many_floors_and_drops_those_asked_for_least_recently() -> None:
    kept, made = Floors(), list[int]()

    def asked(key: int) -> None:
        def make() -> Floor:
            made.append(key)
            return Floor.__new__(Floor)

        kept.of(key, make)

    for key in range(PAPER_FLOORS_KEPT_MAX):
        asked(key)
    asked(0)
    assert made == list(range(PAPER_FLOORS_KEPT_MAX))
    asked(PAPER_FLOORS_KEPT_MAX)  # one more: 1 goes, 0 was asked for since
    asked(0)
    asked(1)
    assert made[PAPER_FLOORS_KEPT_MAX:] == [PAPER_FLOORS_KEPT_MAX, 1]


@pytest.mark.parametrize(("seconds", "told"), [(0, "09:00:00"), (1, "09:00:01"), (61, "09:01:01")])
def test_times_of_day_have_their_seconds(seconds: int, told: str) -> None:
    nine = 1_787_241_600 + 9 * 3_600
    assert rules.at_text((nine + seconds) * SECOND) == told
