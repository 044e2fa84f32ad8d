"""Run one seed through the reference and the native engine and say where they first part.

The same commands are run five ways: reference; native in batches beside it; native again one command a call;
native again with a buffer so small that batches are cut short; native from the state taken half-way.
"""

import hashlib
import importlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tests.reference import marks
from tests.reference.coverage import Outcome, outcome_of
from tests.reference.engine import ReferenceEngine
from tests.reference.generator import Generator, Plan
from yunhai.exchange.books import Engine
from yunhai.kernel.records import RECORD

BATCH = 250


class Disagreement(AssertionError):
    """Two engines, or two runs of one, parted."""


@dataclass(slots=True)
class Run:
    """What one seed did."""

    seed: int
    commands: int = 0
    events: int = 0
    digest: str = ""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Run") -> None:
        self.commands += other.commands
        self.events += other.events
        self.outcomes += other.outcomes
        self.marks += other.marks


def native_engine(plan: Plan, *, event_capacity: int = 1 << 16) -> Engine:
    """A native engine with the plan's books."""
    module = importlib.import_module("yunhai.native._book")
    engine = cast(Engine, module.Engine(**plan.engine_settings(), event_capacity=event_capacity))
    for config in plan.books:
        engine.add_book(config)
    return engine


def events_of(engine: Engine, commands: NDArray[np.void]) -> bytes:
    """All the events of a batch, in as many calls as the engine's buffer asks for."""
    parts, done = [], 0
    while done < len(commands):
        events, consumed = engine.process(commands[done:])
        if not consumed:
            raise Disagreement("the engine consumed nothing")
        parts.append(events.tobytes())
        done += consumed
    return b"".join(parts)


def agree(seed: int, count: int) -> Run:
    """Compare both engines over `count` commands of `seed`; raises Disagreement at the first difference."""
    marks.reached.clear()
    generator = Generator(seed)
    run = Run(seed)
    native = native_engine(generator.plan)
    all_commands, all_events = bytearray(), bytearray()
    middle = (0, 0, b"")
    while run.commands < count:
        commands, events, ends = _reference_batch(generator, min(BATCH, count - run.commands), run)
        answer = events_of(native, np.frombuffer(commands, dtype=RECORD))
        if answer != events:
            raise Disagreement(_first_difference(seed, run.commands, commands, events, answer, ends))
        _same_state(seed, run.commands, generator.engine, native)
        run.commands += len(commands) // 64
        all_commands += commands
        all_events += events
        if not middle[2] and run.commands >= count // 2:
            middle = (len(all_commands), len(all_events), native.state())
    run.events = len(all_events) // 64
    run.digest = hashlib.sha256(all_events).hexdigest()
    run.marks = Counter(marks.reached)
    final = generator.engine.state()
    for how, again, events in _other_ways(generator.plan, bytes(all_commands), bytes(all_events), middle):
        if again != events:
            raise Disagreement(f"seed {seed}: {how}: other events than the first native run")
        if how.state() != final:
            raise Disagreement(f"seed {seed}: {how}: another state than the first native run")
    return run


def _reference_batch(generator: Generator, count: int, run: Run) -> tuple[bytes, bytes, list[int]]:
    """Commands made and answered one by one; `ends` are the positions of the commands' last events."""
    commands, events, ends = [], [], []
    books = generator.engine.books
    for _ in range(count):
        command = generator.command()
        number = int.from_bytes(command[24:28], "little")
        book = books[number] if number < len(books) else None
        phase = book.phase if book else 0
        answer = generator.engine.step(command)
        run.outcomes[outcome_of(answer[0], book, phase)] += 1
        commands.append(command)
        events += answer
        ends.append(len(events))
    return b"".join(commands), b"".join(events), ends


def _same_state(seed: int, at: int, reference: ReferenceEngine, native: Engine) -> None:
    one, other = reference.state(), native.state()
    if one != other:
        place = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
        lengths = f"{len(one)} and {len(other)} bytes, first difference at byte {place}"
        raise Disagreement(f"seed {seed}: states differ after the batch from command {at}: {lengths}")
    if hashlib.sha256(one).digest() != native.state_hash():
        raise Disagreement(f"seed {seed}: state hash is not the SHA-256 of the state")
    for number in range(len(reference.books)):
        for ours, theirs in zip(reference.depth(number, 5), native.depth(number, 5), strict=True):
            for name in ("price", "quantity", "orders"):
                if not np.array_equal(getattr(ours, name), getattr(theirs, name)):
                    raise Disagreement(f"seed {seed}: depth of book {number} differs in {name} after command {at}")
        for name in ("phase", "last_price", "open_price"):
            if getattr(reference, name)(number) != getattr(native, name)(number):
                raise Disagreement(f"seed {seed}: {name} of book {number} differs after command {at}")


def _other_ways(
    plan: Plan, commands: bytes, events: bytes, middle: tuple[int, int, bytes]
) -> Iterator[tuple[Engine, bytes, bytes]]:
    """The same commands run in other ways: (engine after, its events, what they should be)."""
    records = np.frombuffer(commands, dtype=RECORD)
    single = native_engine(plan)
    yield single, b"".join(single.process(records[i : i + 1])[0].tobytes() for i in range(len(records))), events
    small = native_engine(plan, event_capacity=1)
    yield small, events_of(small, records), events
    resumed = native_engine(plan)
    at_command, at_event, state = middle
    resumed.restore(state)
    if resumed.state() != state:
        raise Disagreement("a restored engine dumps another state than it was given")
    yield resumed, events_of(resumed, records[at_command // 64 :]), events[at_event:]


def _first_difference(seed: int, at: int, commands: bytes, ours: bytes, theirs: bytes, ends: list[int]) -> str:
    """Both answers to the first command that was answered differently, field by field."""
    place = next(
        (i for i in range(0, max(len(ours), len(theirs)), 64) if ours[i : i + 64] != theirs[i : i + 64]), len(ours)
    )
    index = next((i for i, end in enumerate(ends) if end > place // 64), len(ends) - 1)
    start = ends[index - 1] if index else 0
    command = np.frombuffer(commands[index * 64 : index * 64 + 64], dtype=RECORD)[0]
    return "\n".join(
        [
            f"seed {seed}, command {at + index}: {dict(zip(RECORD.names or (), command, strict=True))}",
            *(f"  reference {_show(ours, i)}" for i in range(start, ends[index])),
            *(f"  native    {_show(theirs, i)}" for i in range(start, min(ends[index] + 2, len(theirs) // 64))),
        ]
    )


def _show(events: bytes, index: int) -> str:
    row = np.frombuffer(events[index * 64 : index * 64 + 64], dtype=RECORD)[0]
    return str({name: int(value) for name, value in zip(RECORD.names or (), row, strict=True) if value})
