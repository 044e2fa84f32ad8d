"""The way to the HSM: one worker process with one PKCS#11 session, watched, given up when it is slow, started again.

`Hsm` is used in one event loop. Every operation has a deadline; when it passes, or the session fails, the worker is killed
and the next operation starts a new one, so a token that comes back is used again without anybody's help. While the HSM is
away, operations fail at once between two tries (`RETRY_S`). Reading-like operations and signatures are tried a second
time on a fresh session; a key is never made twice.

Operations take their turn, first come, first served. Of those that wait, only a few may be of `outside` (stamps and statuses
that anybody asks for): so what signs and issues waits behind these few at most, however many addresses ask.

Errors are those of the HSM (6820-6825); whoever asks makes 6806 or 6807 of them.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from yunhai.apps.trust.token_words import LENGTH_BYTES, Ask, Fault, Info, Open, framed
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HSM_FRAME_BYTES_MAX, HSM_OUTSIDE_WAITING_MAX, HSM_SECONDS_MAX, HSM_WAITING_MAX
from yunhai.trading.trust.process_errors import (
    HSM_BUSY,
    HSM_FAILED,
    HSM_SLOW,
    KEY_UNKNOWN,
    MODULE_MISSING,
    PIN_WRONG,
    TOKEN_MISSING,
)

MODULE_VARIABLE: Final = "YUNHAI_PKCS11_MODULE"
LABEL: Final = "yunhai"
outside: Final[ContextVar[bool]] = ContextVar("outside", default=False)
"""Whether what runs is for somebody outside, so that it has the small share of the HSM's queue."""
OPEN_SECONDS: Final = 10.0
RETRY_S: Final = 1.0
_BESIDE: Final = Path(sys.prefix) / "softhsm" / "usr" / "lib"
_USUAL: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/{machine}/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
_KINDS: Final = {
    "NoSuchToken": TOKEN_MISSING,
    "TokenNotPresent": TOKEN_MISSING,
    "PinIncorrect": PIN_WRONG,
    "PinLocked": PIN_WRONG,
    "PinLenRange": PIN_WRONG,
    "NoSuchKey": KEY_UNKNOWN,
}


def module_path() -> Path | None:
    """The PKCS#11 module: `YUNHAI_PKCS11_MODULE`, else SoftHSM2 where Debian (or `./dev setup`) puts it; None without one."""
    given = os.environ.get(MODULE_VARIABLE)
    if given:
        return Path(given) if Path(given).is_file() else None
    machine = f"{os.uname().machine}-linux-gnu"
    usual = [Path(one.format(machine=machine)) for one in _USUAL]
    beside = [_BESIDE / "softhsm" / "libsofthsm2.so", _BESIDE / machine / "softhsm" / "libsofthsm2.so"]
    return next((one for one in (*usual, *beside) if one.is_file()), None)


def software(module: Path) -> bool:
    """Whether a module is SoftHSM's, by its name."""
    return "softhsm" in module.name


@dataclass(slots=True)
class _Running:
    process: asyncio.subprocess.Process
    source: asyncio.StreamReader
    sink: asyncio.StreamWriter
    info: Info


@dataclass(slots=True)
class Counts:
    """What the HSM did since this process began."""

    signatures: int = 0
    keys: int = 0
    failures: int = 0
    starts: int = 0
    times: list[float] = field(default_factory=list)


class Hsm:
    """`pin` is asked each time a session is opened, so that a changed credential is taken. `officer_pin`: make the token of a
    software HSM if it is not there. `seconds` each operation may take."""

    def __init__(
        self,
        module: Path | None,
        *,
        pin: Callable[[], str],
        label: str = LABEL,
        officer_pin: str = "",
        environment: Mapping[str, str] | None = None,
        seconds: float = HSM_SECONDS_MAX,
    ) -> None:
        self.module = module
        self.label = label
        self.counts = Counts()
        self.failure: YunhaiError | None = None
        self._pin = pin
        self._officer_pin = officer_pin
        self._environment = dict(environment or {})
        self._seconds = seconds
        self._running: _Running | None = None
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._waiting_outside = 0
        self._failed_at = -RETRY_S

    @property
    def info(self) -> Info | None:
        """The token, while a session with it is open."""
        return self._running.info if self._running is not None else None

    @property
    def worker_pid(self) -> int | None:
        return self._running.process.pid if self._running is not None else None

    # -- operations --------------------------------------------------------------------------------------------------

    async def sign(self, label: str, hashes: Sequence[bytes]) -> list[bytes]:
        """Raw r ‖ s over each hash. KEY_UNKNOWN, or one of the HSM's errors."""
        found: list[bytes] = await self._ask(Ask(do="sign", label=label, hashes=tuple(hashes)))
        self.counts.signatures += len(found)
        return found

    async def make(self, label: str) -> bytes:
        """Make a P-256 key of a label that no other key has; its point, 65 bytes."""
        point: bytes = await self._ask(Ask(do="make", label=label), again=False)
        self.counts.keys += 1
        return point

    async def point(self, label: str) -> bytes:
        """A key's public point, 65 bytes. KEY_UNKNOWN."""
        found: bytes = await self._ask(Ask(do="point", label=label))
        return found

    async def labels(self) -> dict[str, int]:
        """How many keys there are: of people by kind, of the system by label."""
        found: dict[str, int] = await self._ask(Ask(do="labels"))
        return found

    async def sealed(self, label: str) -> bool:
        """Whether the token says that it made the key itself and never gives it out."""
        return bool(await self._ask(Ask(do="sealed", label=label)))

    async def ping(self) -> Info:
        """Have a session open; what the token calls itself."""
        await self._ask(Ask(do="ping"))
        assert self._running is not None
        return self._running.info

    async def close(self) -> None:
        """End the session and its worker."""
        async with self._lock:
            await self._end()

    # -- how ---------------------------------------------------------------------------------------------------------

    async def _ask(self, ask: Ask, *, again: bool = True) -> Any:
        public = outside.get()
        if self._waiting >= HSM_WAITING_MAX or (public and self._waiting_outside >= HSM_OUTSIDE_WAITING_MAX):
            raise YunhaiError(HSM_BUSY)
        self._count(public, 1)
        turn = asyncio.ensure_future(self._turn(ask, again=again))
        turn.add_done_callback(lambda _: self._count(public, -1))  # not when its asker goes: it still takes its turn
        return await asyncio.shield(turn)

    def _count(self, public: bool, change: int) -> None:
        self._waiting += change
        self._waiting_outside += change * public

    async def _turn(self, ask: Ask, *, again: bool) -> Any:
        """One operation, alone. Shielded from its asker's going: half a frame must not stay on the pipe."""
        async with self._lock:
            fresh = self._running is None
            try:
                return await self._do(ask)
            except YunhaiError as problem:
                if problem.code != HSM_FAILED or fresh or not again:
                    raise
            return await self._do(ask)

    async def _do(self, ask: Ask) -> Any:
        running = self._running or await self._start()
        began = time.perf_counter()
        try:
            running.sink.write(framed(msgspec.msgpack.encode(ask)))
            said = await asyncio.wait_for(_frame(running.source), self._seconds)
        except TimeoutError:
            raise await self._lost(YunhaiError(HSM_SLOW, seconds=self._seconds)) from None
        except (OSError, asyncio.IncompleteReadError, ValueError):
            reason = "its worker ended"
            raise await self._lost(YunhaiError(HSM_FAILED, reason=reason, reason_zh="作業程序已終止")) from None
        answer = msgspec.msgpack.decode(said)
        if answer.get("type") == "fault":
            fault = msgspec.convert(answer, Fault)
            problem = self._problem(fault)
            raise (await self._lost(problem)) if fault.fatal else problem
        self.failure = None
        del self.counts.times[:-1_000]
        self.counts.times.append(time.perf_counter() - began)
        return answer["value"]

    async def _start(self) -> _Running:
        """A new worker with an open session. Fails at once for `RETRY_S` after a failure."""
        if self.failure is not None and time.monotonic() - self._failed_at < RETRY_S:
            raise self.failure
        if self.module is None or not self.module.is_file():
            raise self._failed(YunhaiError(MODULE_MISSING))
        self.counts.starts += 1
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "yunhai.apps.trust.token_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | self._environment,
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said = Open(module=str(self.module), label=self.label, pin=self._pin(), officer_pin=self._officer_pin)
            process.stdin.write(framed(msgspec.msgpack.encode(said)))
            answer = msgspec.msgpack.decode(await asyncio.wait_for(_frame(process.stdout), OPEN_SECONDS))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as problem:
            await _kill(process)
            text = type(problem).__name__
            raise self._failed(YunhaiError(HSM_FAILED, reason=text, reason_zh=text)) from None
        if answer.get("type") == "fault":
            await _kill(process)
            raise self._failed(self._problem(msgspec.convert(answer, Fault)))
        self._running = _Running(process, process.stdout, process.stdin, msgspec.convert(answer, Info))
        self.failure = None
        return self._running

    def _problem(self, fault: Fault) -> YunhaiError:
        reason = f"{fault.kind} {fault.text}".strip()
        code = _KINDS.get(fault.kind, HSM_FAILED)
        details = {TOKEN_MISSING: {"label": self.label}, HSM_FAILED: {"reason": reason, "reason_zh": reason}}
        return YunhaiError(code, **details.get(code, {}))

    def _failed(self, problem: YunhaiError) -> YunhaiError:
        self.failure = problem
        self._failed_at = time.monotonic()
        self.counts.failures += 1
        return problem

    async def _lost(self, problem: YunhaiError) -> YunhaiError:
        """Give the worker up. The next operation may try at once: only a failed start is waited out."""
        await self._end()
        self._failed(problem)
        self._failed_at -= RETRY_S
        return problem

    async def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.sink.close()
            await _kill(running.process)


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _frame(source: asyncio.StreamReader) -> bytes:
    length = int.from_bytes(await source.readexactly(LENGTH_BYTES), "big")
    if length > HSM_FRAME_BYTES_MAX:
        raise ValueError("a frame is too long")
    return await source.readexactly(length)
