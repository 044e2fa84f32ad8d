"""The native book and the readable reference are one program in two languages: event by event, byte by byte.

Seeded commands (tests/reference/generator.py) go through both; docs/concepts/matching.md is what both obey.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.reference import agreement, coverage, marks
from tests.reference.agreement import Disagreement, Run, agree
from tests.reference.generator import Generator, Plan
from tests.reference.wire import ORDERS, RECORD, STATUS, TRADE, Command
from yunhai.exchange.books import BookConfig, Engine
from yunhai.kernel.records import Kind

pytest.importorskip("yunhai.native._book", reason="the native book is not built")

SEEDS, COMMANDS = range(200), 1_000
FULL_SEEDS, FULL_COMMANDS = range(1_000), 5_000
PROCESSES = max(1, min(os.cpu_count() or 1, 8))


def _agree_on_all_seeds() -> Run:
    total = Run(seed=-1)
    for seed in SEEDS:
        total.add(agree(seed, COMMANDS))
    return total


def test_native_and_reference_agree_event_by_event_on_every_outcome() -> None:
    run = _agree_on_all_seeds()
    assert run.commands == len(SEEDS) * COMMANDS
    assert run.events > run.commands * 3 // 2, "the commands cause too little"
    _assert_covered(run)


def test_every_command_and_code_is_reached_or_said_to_be_unreachable() -> None:
    commands = ("unknown", "NEW", *coverage.CHANGES, *coverage.CONTROL_NAMES)
    every = {(command, code) for command in commands for code in STATUS}
    reachable = coverage.commands_and_codes(coverage.expected())
    unreachable = [
        (name, code) for names, codes, reason in coverage.UNREACHABLE for name in names for code in codes if reason
    ]
    assert len(unreachable) == len(set(unreachable))
    assert reachable.isdisjoint(unreachable)
    assert reachable | set(unreachable) == every
    assert {code for _, code in reachable} == set(STATUS), "every code is some command's answer"


def test_the_same_seed_gives_the_same_bytes_again() -> None:
    for seed in (3, 7):
        assert agree(seed, 600).digest == agree(seed, 600).digest
    assert agree(3, 600).digest != agree(7, 600).digest


PLANTED: dict[str, Callable[[BookConfig], BookConfig]] = {
    "equal distance": lambda config: replace(config, equal_distance=1 - config.equal_distance),
    "tie-break": lambda config: replace(config, tie_break=1 - config.tie_break),
    "better-priced orders filled": lambda config: replace(config, better_filled=not config.better_filled),
    "candidates": lambda config: replace(config, candidates=1 - config.candidates),
    "market price rule": lambda config: replace(config, market_price_rule=1 - config.market_price_rule),
    "band fallback": lambda config: replace(config, band_fallback=1 - config.band_fallback),
    "seed": lambda config: replace(config, seed=config.seed ^ 1),
    "halt one ns longer": lambda config: replace(config, halt_ns=config.halt_ns + 1),
    "band a millionth wider": lambda config: replace(config, band_ppm=min(config.band_ppm + 1, 1_000_000)),
    "window one second shorter": lambda config: replace(config, band_window_s=max(config.band_window_s - 1, 1)),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_difference_is_caught(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build = agreement.native_engine

    def build_wrongly(plan: Plan, *, event_capacity: int = 1 << 16) -> Engine:
        wrong = tuple(PLANTED[planted](config) for config in plan.books)
        return build(replace(plan, books=wrong), event_capacity=event_capacity)

    monkeypatch.setattr(agreement, "native_engine", build_wrongly)
    with pytest.raises(Disagreement):
        _agree_on_all_seeds()


def test_a_wrong_event_is_shown_with_its_command() -> None:
    generator = Generator(1)
    commands = b"".join(_step(generator) for _ in range(3))
    ours, theirs = commands, commands[:70] + b"\xff" + commands[71:]
    text = agreement._first_difference(1, 0, commands, ours, theirs, [1, 2, 3])
    assert text.startswith("seed 1, command 1: {'kind'")


SINGLE_CALL_SEEDS = [seed for seed in range(24) if Generator(seed).plan.first_order_id < 2**62]


@pytest.mark.parametrize("seed", SINGLE_CALL_SEEDS[:8])
def test_one_call_a_command_reports_what_the_events_say(seed: int) -> None:
    """`submit` answers (code, order id, filled, leaves, fills) and leaves the same state as the records do."""
    generator = Generator(seed)
    native: Any = agreement.native_engine(generator.plan)
    for _ in range(800):
        command = Command(*RECORD.unpack(generator.command()))
        command.order_id = min(command.order_id, 2**63 - 1)  # as much as one call takes
        events = generator.engine.step(command.pack())
        report = native.submit(
            command.book, command.kind, command.order_id, command.side, command.price, command.quantity, command.time,
            command.order_type, command.time_in_force, command.tenant, command.account,
        )  # fmt: skip
        own = Command(*RECORD.unpack(events[0]))
        if command.kind in ORDERS:
            assert report[:4] == (own.code, own.order_id, own.filled, own.leaves)
            assert list(report[4]) == [_fill_of(command.order_id, row) for row in _trades(events)]
    assert native.state() == generator.engine.state()


def _fill_of(own_id: int, trade: tuple[int, ...]) -> tuple[int, int, int]:
    """(price, quantity, the other order) of a TRADE as one of its orders sees it."""
    buy_id, sell_id = trade[10], trade[11]
    return trade[7], trade[8], sell_id if buy_id == own_id else buy_id


def _trades(events: list[bytes]) -> list[tuple[int, ...]]:
    return [TRADE.unpack(event) for event in events if event[0] == Kind.TRADE]


def _step(generator: Generator) -> bytes:
    command = generator.command()
    generator.engine.step(command)
    return command


@pytest.mark.full
def test_a_thousand_seeds_of_five_thousand_commands_agree(capfd: pytest.CaptureFixture[str]) -> None:
    total, started = Run(seed=-1), time.monotonic()
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        runs = pool.map(partial(agree, count=FULL_COMMANDS), FULL_SEEDS, chunksize=5)
        for done, run in enumerate(runs, start=1):
            total.add(run)
            if done % 25 == 0:
                with capfd.disabled():
                    _show_progress(done, total, time.monotonic() - started)
    with capfd.disabled():
        sys.stderr.write("\n" + coverage.table(total.outcomes) + "\n")
    assert total.commands == len(FULL_SEEDS) * FULL_COMMANDS
    _assert_covered(total)


def _show_progress(done: int, total: Run, seconds: float) -> None:
    rate = total.commands / seconds
    sys.stderr.write(
        f"\rreference and native agree: {done:,}/{len(FULL_SEEDS):,} seeds, {total.commands:,} commands, "
        f"{total.events:,} events, {rate:,.0f} commands/s, {seconds:,.0f} s"
    )
    sys.stderr.flush()


def _assert_covered(run: Run) -> None:
    """Exactly the outcomes that the rules allow, and every marked branch of the reference."""
    reached, expected = set(run.outcomes), coverage.expected()
    assert sorted(reached - expected) == [], "outcomes that the rules do not allow"
    assert sorted(expected - reached) == [], "outcomes never reached"
    assert marks.known() == set(run.marks)
