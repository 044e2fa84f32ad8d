"""A seeded mutator with a time budget, for readers of hostile bytes.

`run(fuzz, corpus, seconds=)` feeds `fuzz` mutations of the corpus until the time is up. The target may raise
YunhaiError and nothing else, and no case may keep it busy (processor time) longer than a bound, nor for ten seconds
in all: an alarm ends a hang. A failing case is written to a file whose
name the failure tells, so that it becomes a row of an ordinary test. `YUNHAI_FUZZ_SECONDS` overrides the budget.
"""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import FUZZ_CASE_MS

INTERESTING = (
    b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b'"', b"'", b'"""', b"[", b"]", b"[[",
    b"{", b"}", b"=", b".", b",", b"#", b"-", b"+", b"1e999", b"nan", b"inf", b"0x", b"9" * 40, b"-1", b"0", b"2026-02-30",
    b"24:00:00", b"\\u0000", b"\\", "雲海".encode(), "１".encode(), b" " * 64, b"[" * 64, b"{a=" * 32, b"a." * 40,
)  # fmt: skip


HANG_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: cases, how many were refused by name, the slowest case."""

    cases: int
    refused: int
    slowest_ms: float


def run(
    fuzz: Callable[[bytes], None],
    corpus: Sequence[bytes],
    *,
    seconds: float,
    seed: int = 1,
    case_ms: float = FUZZ_CASE_MS,
    max_bytes: int = 65_536,
    least: int = 0,
) -> Outcome:
    """Fuzz until the budget is spent and `least` cases were tried; AssertionError on another exception or on a case that is slow
    three times."""
    budget = float(os.environ.get("YUNHAI_FUZZ_SECONDS", seconds))
    rng = random.Random(seed)
    pool = [bytes(item) for item in corpus]
    signal.signal(signal.SIGALRM, _hang)
    until = time.monotonic() + budget
    cases = refused = 0
    slowest = 0.0
    while cases < max(len(corpus), least) or time.monotonic() < until:
        data = pool[cases] if cases < len(corpus) else _mutated(rng, pool, max_bytes)
        cases += 1
        took, was_refused = _once(fuzz, data)
        if took > case_ms:
            # A collection of garbage or a cold cache is not the case's doing: slow is what is slow three times.
            took = min([took] + [_once(fuzz, data)[0] for _ in range(2)])
            if took > case_ms:
                raise AssertionError(f"a case took {took:.0f} ms, bound {case_ms:.0f} ms: {_kept(data)}")
        slowest = max(slowest, took)
        refused += was_refused
        if not was_refused and len(pool) < 4096:
            pool.append(data)  # what is still accepted is worth mutating further
    return Outcome(cases, refused, slowest)


def _once(fuzz: Callable[[bytes], None], data: bytes) -> tuple[float, bool]:
    """Milliseconds of processor time, so that a busy machine slows no case, and whether it was refused."""
    refused = False
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    started = time.thread_time()
    try:
        fuzz(data)
    except YunhaiError:
        refused = True
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__}: {error}; case {_kept(data)}") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return (time.thread_time() - started) * 1000, refused


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {HANG_SECONDS} s")


def _kept(data: bytes) -> Path:
    with tempfile.NamedTemporaryFile(prefix="yunhai-fuzz-", suffix=".bin", delete=False) as file:
        file.write(data)
    return Path(file.name)


def _mutated(rng: random.Random, pool: Sequence[bytes], max_bytes: int) -> bytes:
    data = bytearray(rng.choice(pool))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](rng, data, pool)
    return bytes(data[:max_bytes])


def _place(rng: random.Random, data: bytearray) -> int:
    return rng.randrange(len(data) + 1)


def _flip(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _insert(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    place = _place(rng, data)
    data[place:place] = rng.choice(INTERESTING)


def _replace(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    place = _place(rng, data)
    data[place : place + rng.randrange(1, 9)] = rng.choice(INTERESTING)


def _cut(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    place = _place(rng, data)
    del data[place : place + rng.choice((1, 4, 64, 1024))]


def _truncate(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    del data[_place(rng, data) :]


def _repeat(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    place = _place(rng, data)
    part = bytes(data[place : place + rng.choice((1, 16, 256))])
    data[place:place] = part * rng.choice((1, 2, 16))


def _splice(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    other = rng.choice(pool)
    start = rng.randrange(len(other) + 1)
    place = _place(rng, data)
    data[place : place + rng.randrange(256)] = other[start : start + rng.randrange(1024)]


def _swap_lines(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    lines = bytes(data).split(b"\n")
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    data[:] = b"\n".join(lines)


def _digit(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> None:
    digits = [place for place, value in enumerate(data) if 48 <= value < 58]
    if digits:
        data[rng.choice(digits)] = rng.randrange(48, 58)


_MUTATIONS = (_flip, _byte, _insert, _replace, _cut, _truncate, _repeat, _splice, _swap_lines, _digit, _digit)
