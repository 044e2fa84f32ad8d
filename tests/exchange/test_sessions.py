"""The timetable as steps: what happens at each moment, for each pack and kind of book."""

from dataclasses import replace
from datetime import date

import pytest

from tests.exchange.venue_days import BOARD, FIXED, ODD, ODD_AFTER, SegmentName, ns, pack_of
from yunhai.exchange.sessions import Act, Program, program_of
from yunhai.kernel.clock import market_time, time_of_day, time_text

TODAY = date(2026, 8, 21)


def said(program: Program) -> list[str]:
    """Every step but trials and all matches, in words."""
    rows = []
    for step in program.steps:
        if step.act in (Act.TRIAL, Act.MATCH):
            continue
        phase = f" {step.phase.name.lower()}" if step.act in (Act.ENTER, Act.OPEN, Act.CLOSE) else ""
        rows.append(f"{time_text(time_of_day(step.time))} {step.act.name.lower()}{phase}")
    return rows


def times(program: Program, act: Act, **want: bool) -> list[str]:
    return [
        time_text(time_of_day(step.time))
        for step in program.steps
        if step.act is act and all(getattr(step, name) == value for name, value in want.items())
    ]


BOARD_2026 = [
    "08:30 enter collect",
    "08:59 watch",
    "09:00 open continuous",
    "13:25 enter collect",
    "13:29 watch",
    "13:30 close after",
]


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (BOARD, BOARD_2026),
        (ODD, ["09:00 enter collect", "13:30 close after"]),
        (ODD_AFTER, ["13:40 enter collect", "14:30 close after"]),
        (FIXED, ["14:00 list", "14:00 enter collect", "14:30 close after"]),
    ],
)
def test_timetable_of_2026(segment: SegmentName, expected: list[str]) -> None:
    assert said(program_of(pack_of("twse-2026"), segment=segment, day=TODAY)) == expected


def test_trials_of_2026_every_five_seconds() -> None:
    board = program_of(pack_of("twse-2026"), segment=BOARD, day=TODAY)
    shown = times(board, Act.TRIAL, every_book=True)
    assert (shown[0], shown[1], shown[359], shown[360], shown[-1]) == (
        "08:30",
        "08:30:05",
        "08:59:55",
        "13:25",
        "13:29:55",
    )
    assert len(shown) == 360 + 60
    exceptional = times(board, Act.TRIAL, every_book=False)
    assert (exceptional[0], exceptional[-1]) == ("09:00", "13:32:55"), "interruptions, delays up to the late close"
    after = times(program_of(pack_of("twse-2026"), segment=ODD_AFTER, day=TODAY), Act.TRIAL)
    assert (after[0], after[-1], len(after)) == ("14:25", "14:29:55", 60)


def test_odd_lots_match_every_cycle_from_the_first_match() -> None:
    odd = program_of(pack_of("twse-2026"), segment=ODD, day=TODAY)
    matches = times(odd, Act.MATCH)
    assert (matches[0], matches[1], matches[-1], len(matches)) == ("09:10", "09:10:05", "13:29:55", 3120)
    assert times(odd, Act.MATCH, deferrable=True)[-1] == "13:24:55"
    assert times(odd, Act.TRIAL)[-1] == "09:09:55", "no trial where a match is"


@pytest.mark.parametrize(
    ("seconds", "first", "second", "last", "count"),
    [(300, "09:05", "09:10", "13:25", 53), (1200, "09:20", "09:40", "13:20", 13), (1800, "09:30", "10:00", "13:00", 8)],
)
def test_treated_securities_match_at_their_interval(
    seconds: int, first: str, second: str, last: str, count: int
) -> None:
    """Disposition 5 and 20 minutes, altered trading 30: collecting all day, opening and closing with the others."""
    program = program_of(pack_of("twse-2026"), segment=BOARD, day=TODAY, match_seconds=seconds)
    matches = times(program, Act.MATCH)
    assert (matches[0], matches[1], matches[-1], len(matches)) == (first, second, last, count)
    assert said(program) == [row.replace("open continuous", "open collect") for row in BOARD_2026]


@pytest.mark.parametrize(
    ("day", "second", "count"),
    [
        (date(2013, 6, 28), "09:00:20", 3 * 265),
        (date(2013, 7, 1), "09:00:15", 4 * 265),
        (date(2014, 2, 24), "09:00:10", 6 * 265),
        (date(2014, 12, 29), "09:00:05", 12 * 265),
    ],
)
def test_2013_matches_all_day_at_the_cycle_of_the_date(day: date, second: str, count: int) -> None:
    """Call auctions from the opening to 13:25 every 20, 15, 10, then 5 seconds; no trial before 13:25; no odd lots."""
    pack = pack_of("twse-2013")
    program = program_of(pack, segment=BOARD, day=day)
    matches = times(program, Act.MATCH)
    assert (matches[0], matches[-1], len(matches)) == (second, "13:25", count)
    assert times(program, Act.TRIAL)[0] == "13:25:05"
    assert said(program) == [
        "08:30 enter collect",
        "09:00 open collect",
        "13:25 enter collect",
        "13:29 watch",
        "13:30 close after",
    ]
    assert ODD not in pack.segments
    assert said(program_of(pack, segment=ODD_AFTER, day=day)) == ["13:40 enter collect", "14:30 close after"]


def test_treated_securities_without_an_opening_match() -> None:
    pack = pack_of("twse-2026")
    setting = replace(pack.settings.treated_opening_match, value=False)
    pack = replace(pack, settings=replace(pack.settings, treated_opening_match=setting))
    program = program_of(pack, segment=BOARD, day=TODAY, match_seconds=300)
    assert "09:00 enter collect" in said(program)
    assert "09:00 open collect" not in said(program)


def test_fixed_price_may_be_matched_after_its_last_order() -> None:
    pack = pack_of("twse-2026")
    setting = replace(pack.settings.fixed_price_match, value=ns("14:35:00"))
    pack = replace(pack, settings=replace(pack.settings, fixed_price_match=setting))
    assert said(program_of(pack, segment=FIXED, day=TODAY))[-2:] == ["14:30 enter halted", "14:35 close after"]


def test_a_day_with_breaks() -> None:
    """An opening auction ahead of the session and a lunch break, from the pack alone."""
    assert said(program_of(pack_of("sse-2023"), segment=BOARD, day=date(2023, 2, 7)))[:6] == [
        "09:15 enter collect",
        "09:25 open before",
        "09:30 enter continuous",
        "11:30 enter before",
        "13:00 enter continuous",
        "14:57 enter collect",
    ]


def test_steps_ascend_and_begin_on_the_market_date() -> None:
    for segment in (BOARD, ODD, ODD_AFTER, FIXED):
        steps = program_of(pack_of("twse-2026"), segment=segment, day=TODAY).steps
        keys = [(step.time, step.act) for step in steps]
        assert keys == sorted(keys)
        assert steps[0].time >= market_time(TODAY)
