"""A contest over a real morning's published orders: a hundred simulated students through the API, ranked in two processes.

The orders are those that `market.paper.students` give when they play the morning by the engine alone; each is placed when the
contest's clock shows the moment at which its student gave it. So what the service ranks must be what the engine says.
"""

import heapq
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform import factories as make
from tests.services.contests.classroom import Classroom, ask, join
from tests.services.contests.other_process import Other
from yunhai.kernel.clock import MINUTE
from yunhai.market.paper.market import evaluate_all
from yunhai.market.paper.students import play, students
from yunhai.market.paper.words import Change, Instruction, PaperOrder
from yunhai.market.replay.source import Source

pytestmark = pytest.mark.full

CODE, DAY = "600519", "2023-02-07"
SOURCE = f"l3/sse-2023/{CODE}/{DAY}"
STUDENTS = 100
MINUTES = 20
LOOKS = 4
FORCES = {0: "rod", 3: "ioc", 4: "fok"}


@pytest.fixture
def home(committed_db: Any, data_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """An installation whose catalogue has the morning."""
    from django.conf import settings

    real = data_folder / "l3_orders" / "sse_600519"
    if not real.is_dir():
        pytest.skip(f"no real morning at {real}")
    laid = tmp_path / "replay" / "l3" / "sse-2023" / CODE
    laid.mkdir(parents=True)
    (laid / DAY).symlink_to(real, target_is_directory=True)
    (tmp_path / "journal").mkdir()
    before = settings.PLACES
    settings.PLACES = type(before)(tmp_path)
    yield tmp_path
    settings.PLACES = before


@pytest.fixture
def other(committed_db: Any, home: Path, room: Classroom) -> Iterator[Other]:
    """A second process with nothing but the database and the morning's file."""
    made = Other(committed_db, home, make.BROKER, room.leader.pk)
    yield made
    made.close()


@pytest.fixture
def room(home: Path, monkeypatch: Any) -> Classroom:
    from django.db import transaction

    with transaction.atomic():
        return Classroom(monkeypatch)


def placed(browser: Any, paper: int, one: Instruction) -> None:
    """An instruction by the API, numbered as the student numbered it."""
    if isinstance(one, PaperOrder):
        ticket = {"code": CODE, "side": "buy" if one.side == 1 else "sell", "quantity": one.quantity}
        ticket |= {"price": f"{one.price / 10_000:.2f}", "time_in_force": FORCES[one.time_in_force]}
        answer = ask(browser, "POST", f"/papers/{paper}/orders", ticket)
    else:
        assert one.change is Change.CANCEL
        answer = ask(browser, "DELETE", f"/papers/{paper}/orders/{one.order}")
    assert answer.json().get("number") == one.number, answer.content


def crowd(source: Source, rules: Any, ends: int) -> dict[str, list[Instruction]]:
    """What a hundred students give until a moment of the morning."""
    given = play(source, rules, students(STUDENTS)).orders
    return {name: [one for one in told if source.time_of(one.position) < ends] for name, told in given.items()}


def test_a_hundred_students_over_the_real_morning_rank_the_same_in_two_processes(room: Classroom, other: Other) -> None:
    from django.db import transaction

    from yunhai.services.contests import sources
    from yunhai.services.contests.floors import floors

    contest = room.opened(
        source=SOURCE,
        codes=[CODE],
        cash="10000000",
        begins="09:15:00",
        ends=f"09:{30 + MINUTES}:00",
        kinds=["limit-rod", "limit-ioc", "limit-fok"],
    )
    source = sources.opened(SOURCE)
    rules = sources.rules_of(source, cash=10**11, codes=(CODE,), fee=True, odd_lots=False)
    begins, ends = (
        int(source.time_of(len(source))) // (1_440 * MINUTE) * 1_440 * MINUTE + (60 + at) * MINUTE
        for at in (15, 30 + MINUTES)
    )
    given = crowd(source, rules, ends)
    with transaction.atomic():
        people = {name: room.student() for name in given}
    papers = {name: join(browser, contest, name) for name, browser in people.items()}
    assert room.clock(contest, speed="1").status_code == 200
    started = room.wall
    queue = [(source.time_of(one.position), name, one.number) for name, told in given.items() for one in told]
    heapq.heapify(queue)
    count, begun, looks = len(queue), time.monotonic(), 0
    while queue:
        moment, name, number = heapq.heappop(queue)
        room.wall = started + (moment - begins)
        placed(people[name], papers[name], given[name][number - 1])
        if len(queue) % (count // LOOKS) == 0 and queue:  # both processes look on while orders come, at one moment
            room.clock(contest, speed="0")
            mine = ask(room.teacher, "GET", f"/{contest['id']}/ranking").json()
            theirs = other.ask(str(contest["id"]))
            assert (theirs["hash"], theirs["position"]) == (mine["hash"], mine["position"])
            started, begins = room.wall, moment
            room.clock(contest, speed="1")
            looks += 1
    taken = time.monotonic() - begun
    assert looks >= LOOKS - 1
    room.wall = started + (ends - begins) + 2 * MINUTE
    path = f"/{contest['id']}/ranking"
    live = ask(room.teacher, "GET", path).json()
    assert other.ask("forget") == {}
    final = room.end(contest)
    kept = ask(room.teacher, "GET", path).json()
    assert kept["rows"] == live["rows"]
    floors.clear()  # a restart: only the rows are left
    assert ask(room.teacher, "POST", path + "/verify").json() == {"same": True, "hash": final["final_hash"]}
    theirs = other.ask(f"verify {contest['id']}")
    assert (theirs["same"], theirs["hash"]) == (True, final["final_hash"])
    digests = {one["name"]: one["digest"] for one in kept["rows"]}
    engine = evaluate_all(source, rules, given, upto=kept["position"])
    assert digests == {name: result.digest for name, result in engine.items()}  # the service ranks what the engine says
    assert len(set(digests.values())) > STUDENTS // 2
    fills = sum(len(result.fills) for result in engine.values())
    assert fills > 1_000
    print(
        f"{STUDENTS} students, {count} instructions by the API in {taken:.1f} s, {fills} fills, hash {final['final_hash'][:16]}; "
        f"another process from nothing {theirs['seconds']} s, {theirs['megabytes']} MB"
    )
