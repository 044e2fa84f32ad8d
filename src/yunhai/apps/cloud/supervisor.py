"""Keeping the parts up: start in order, wait until each is ready, start again what dies or hangs, stop all in reverse.

A part is a program of its own: PostgreSQL, `yunhai core`, `yunhai stream` and so on. It is started with its output in a log
file, asked whether it is ready, and watched.

- One that dies is started again after a pause that doubles with each time, from half a second to
  RESTART_PAUSE_SECONDS_MAX, and falls back once it has stayed ready for a minute.
- One that lives and is not ready, whether it says so or says nothing, is given PART_UNREADY_SECONDS_MAX to come round
  (when it starts, `start_seconds`), then it is ended and counts as dead. While something that it needs is not ready
  itself it is left alone: to start the web again does not bring back the database.
- One without a command is somebody else's: it is asked, told of and never started.

Asking happens in threads, so that a part that hangs delays nobody. What is so is kept in `run/status.json`, replaced
whole, so that `yunhai up --status` needs nobody's leave to read it; metrics count restarts by part and cause.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client import Counter, Gauge

from yunhai.apps.cloud.asked import Answer, ask
from yunhai.apps.cloud.errors import PART_NOT_READY
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    LOG_BYTES_MAX,
    PART_START_SECONDS_MAX,
    PART_UNREADY_SECONDS_MAX,
    RESTART_PAUSE_SECONDS_MAX,
)

FIRST_PAUSE: Final = 0.5
STEADY_SECONDS: Final = 60
UNREADY_SECONDS: float = PART_UNREADY_SECONDS_MAX
STOP_SECONDS: Final = 20
GIVEN_UP_SECONDS: float = 10
"""How long a part that is ended for not being ready may take over it before it is killed."""
TICK_SECONDS: Final = 0.2
PROBE_SECONDS: Final = 5
UNREADY_PROBE_SECONDS: Final = 0.5

_READY = Gauge("yunhai_up_part_ready", "1: the part says that it can serve", ("part",))
_RESTARTS = Counter("yunhai_up_restarts", "Parts started again, by what was wrong: ended, unready", ("part", "cause"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program to keep up. `socket` answers `/ready`, unless `probe` finds out otherwise; with neither it is ready when
    it runs. `command` empty: run by somebody else, only watched."""

    name: str
    command: tuple[str, ...]
    log: Path
    socket: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False
    """`environment` is all that it gets, not added to one's own."""
    user: tuple[int, int] | None = None
    """User and group that it runs as."""
    probe: Callable[[], Answer] | None = None
    needs: tuple[str, ...] = ()
    """Parts without which it cannot be ready."""
    then: Callable[[], None] | None = None
    """Called once, when it is ready for the first time and before the next part starts."""
    start_seconds: float = PART_START_SECONDS_MAX
    start_tries: int = 1
    """How often it may end before it is ready for the first time."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = STOP_SECONDS


@dataclass(slots=True)
class Kept:
    """A part as it is now."""

    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    state: str = "stopped"  # starting, ready, unready, ending, waiting, stopped
    started: float = 0.0
    restarts: int = 0
    given_up: int = 0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0
    probed: float = 0.0
    asked: "Future[Answer] | None" = None
    unready_since: float | None = None
    kill_at: float = 0.0
    reason: str = ""
    last_exit: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What status.json says of it. `given_up`: how often it was ended because it was not ready."""
        return {
            "state": self.state,
            "pid": self.process.pid if self.process is not None and self.process.poll() is None else None,
            "restarts": self.restarts,
            "given_up": self.given_up,
            "reason": self.reason,
            "last_exit": self.last_exit,
            "up_seconds": round(time.time() - self.started, 1) if self.started else 0,
            "log": str(self.part.log),
        }


class Supervisor:
    """Keeps parts up until told to stop. `say` is told what happens, in the order it happens."""

    def __init__(self, parts: Iterable[Part], status: Path, say: Callable[[str, str], None]) -> None:
        self.kept = [Kept(part) for part in parts]
        self.status = status
        self.say = say
        self.facts: dict[str, Any] = {}
        self._stop = threading.Event()
        self._round = threading.Lock()  # `stop` waits for a round that goes on
        self._asking = ThreadPoolExecutor(max_workers=len(self.kept) or 1, thread_name_prefix="ask")
        # Parts end with the thread that started them (`_end_with_parent`): it must outlive whoever calls `keep`.
        self._starting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="start")

    def start(self) -> bool:
        """Start every part, each when the one before is ready. False if asked to stop meanwhile. PART_NOT_READY, or what
        a part's `then` raised, after stopping all."""
        try:
            for kept in self.kept:
                if not self._begin(kept):
                    return False
        except BaseException:
            self.stop()
            raise
        return not self._stop.is_set()

    def keep(self) -> None:
        """Watch until `request_stop`."""
        written = 0.0
        while not self._stop.wait(TICK_SECONDS):
            with self._round:
                for kept in self.kept if not self._stop.is_set() else ():
                    self._look_after(kept)
            if time.monotonic() - written >= 1:
                written = time.monotonic()
                self._write()

    def request_stop(self) -> None:
        """Have `keep` (or `start`) return; safe in a signal handler."""
        self._stop.set()

    def stop(self) -> None:
        """Stop all parts, last first: asked, waited for, killed after their `stop_seconds`."""
        self._stop.set()
        with self._round:
            for kept in reversed(self.kept):
                self._end(kept)
        self._asking.shutdown(wait=False, cancel_futures=True)
        self._starting.shutdown(wait=False)
        self._write()

    def all_ready(self) -> bool:
        """Whether every part can serve."""
        return all(kept.state == "ready" for kept in self.kept)

    # --- starting ---

    def _begin(self, kept: Kept) -> bool:
        """Launch a part for the first time and wait for it. False if asked to stop."""
        if self._stop.is_set():
            return False
        for tries_left in reversed(range(kept.part.start_tries)):
            self._launch(kept)
            if self._wait_ready(kept):
                break
            if self._stop.is_set():
                return False
            if not tries_left or kept.process is None or kept.process.poll() is None:
                reason = last_line(kept.part.log) or kept.reason
                raise YunhaiError(
                    PART_NOT_READY,
                    part=kept.part.name,
                    seconds=kept.part.start_seconds,
                    reason=reason,
                    log=str(kept.part.log),
                )
            time.sleep(FIRST_PAUSE)
        self.say(kept.part.name, "ready")
        if kept.part.then is not None:
            kept.part.then()
        return True

    def _launch(self, kept: Kept) -> None:
        part = kept.part
        if part.socket is not None:
            part.socket.unlink(missing_ok=True)
        if part.command:
            part.log.parent.mkdir(parents=True, exist_ok=True)
            if part.log.exists() and part.log.stat().st_size > LOG_BYTES_MAX:
                part.log.replace(part.log.with_suffix(".log.1"))
            kept.process = self._starting.submit(_started, part).result()
        kept.started = time.time()
        kept.unready_since = time.monotonic()
        kept.probed = 0.0
        kept.asked = None
        self._enter(kept, "starting")
        self._write()

    def _wait_ready(self, kept: Kept) -> bool:
        deadline = time.monotonic() + kept.part.start_seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            if kept.process is not None and kept.process.poll() is not None:
                return False
            found = self._answer(kept.part)
            kept.reason = found.said
            if found.fit:
                kept.unready_since = None
                self._enter(kept, "ready")
                self._write()
                return True
            time.sleep(TICK_SECONDS)
        return False

    # --- keeping ---

    def _look_after(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.state == "waiting":
            if now >= kept.again_at:
                kept.restarts += 1
                self.say(kept.part.name, f"restarting ({kept.restarts})")
                self._launch(kept)
        elif kept.process is not None and kept.process.poll() is not None:
            self._buried(kept, now)
        elif kept.state == "ending":
            if now >= kept.kill_at and kept.process is not None:
                _kill_group(kept.process.pid)
        else:
            self._ask(kept, now)
            self._judge(kept, now)

    def _ask(self, kept: Kept, now: float) -> None:
        """Have the part asked when it is time, and hear what came of it."""
        if kept.asked is not None:
            if kept.asked.done():
                found, kept.asked = kept.asked.result(), None
                self._hear(kept, found, now)
            return
        pause = {"ready": PROBE_SECONDS, "unready": UNREADY_PROBE_SECONDS}.get(kept.state, 0)
        if now - kept.probed >= pause:
            kept.probed = now
            kept.asked = self._asking.submit(self._answer, kept.part)

    def _hear(self, kept: Kept, found: Answer, now: float) -> None:
        was = kept.state
        if found.fit:
            self._enter(kept, "ready")
            kept.reason, kept.unready_since = "", None
            if time.time() - kept.started > STEADY_SECONDS:
                kept.pause = FIRST_PAUSE
        else:
            kept.reason = found.said
            if kept.unready_since is None:
                kept.unready_since = now
            if was == "ready":
                self._enter(kept, "unready")
        if kept.state != was:
            self.say(kept.part.name, kept.state + (f": {kept.reason}" if kept.reason else ""))

    def _judge(self, kept: Kept, now: float) -> None:
        """End a part that has not been ready for too long through no other's fault."""
        if kept.unready_since is None or kept.process is None:
            return
        if any(other.state != "ready" for other in self.kept if other.part.name in kept.part.needs):
            kept.unready_since = now  # its time begins when what it needs is back
            return
        patience = kept.part.start_seconds if kept.state == "starting" else UNREADY_SECONDS
        if now - kept.unready_since < patience:
            return
        self.say(kept.part.name, f"not ready for {patience:g} s, ending it: {kept.reason}")
        kept.given_up += 1
        kept.kill_at = now + GIVEN_UP_SECONDS
        kept.process.send_signal(kept.part.stop_signal)
        self._enter(kept, "ending")

    def _buried(self, kept: Kept, now: float) -> None:
        assert kept.process is not None
        kept.last_exit = kept.process.returncode
        _kill_group(kept.process.pid)  # what it left behind must not answer beside its successor
        _RESTARTS.labels(kept.part.name, "unready" if kept.state == "ending" else "ended").inc()
        kept.process = None
        self._enter(kept, "waiting")
        kept.again_at = now + kept.pause
        self.say(kept.part.name, f"ended with {kept.last_exit}; again in {kept.pause:g} s")
        kept.pause = min(kept.pause * 2, RESTART_PAUSE_SECONDS_MAX)

    # --- how ---

    def _enter(self, kept: Kept, state: str) -> None:
        kept.state = state
        _READY.labels(kept.part.name).set(state == "ready")

    def _answer(self, part: Part) -> Answer:
        if part.probe is not None:
            return part.probe()
        if part.socket is None:
            return Answer(True)
        return ask(part.socket)

    def _end(self, kept: Kept) -> None:
        process = kept.process
        if process is not None and process.poll() is None:
            process.send_signal(kept.part.stop_signal)
            try:
                process.wait(kept.part.stop_seconds)
            except subprocess.TimeoutExpired:
                self.say(kept.part.name, "killed: it did not stop")
                process.kill()
                process.wait()
            self.say(kept.part.name, "stopped")
        if process is not None:
            kept.last_exit = process.returncode
            _kill_group(process.pid)
        kept.process = None
        self._enter(kept, "stopped")

    def _write(self) -> None:
        content = {
            "pid": os.getpid(),
            "written_at": time.time(),
            **self.facts,
            "parts": {kept.part.name: kept.as_json() for kept in self.kept},
        }
        fresh = self.status.with_suffix(".new")
        fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1))
        fresh.replace(self.status)


def _started(part: Part) -> "subprocess.Popen[bytes]":
    identity: dict[str, Any] = {}
    if part.user is not None:
        identity = {"user": part.user[0], "group": part.user[1], "extra_groups": []}
    with part.log.open("ab") as log:
        return subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/" if part.bare else None,
            env=dict(part.environment) if part.bare else os.environ | part.environment,
            start_new_session=True,  # a Ctrl-C is ours to pass on, in order
            preexec_fn=partial(_end_with_parent, part.stop_signal),  # noqa: PLW1509 - one call of libc's, which takes no lock
            **identity,
        )


def _end_with_parent(asked: signal.Signals) -> None:
    """Have the kernel ask this process to stop when the supervisor is gone, however it went (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, asked)  # PR_SET_PDEATHSIG


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
