"""Keeping the parts up: start in order, wait until each is ready, start again what dies, stop all in the reverse order.

A part is a program of its own, `yunhai core`, `yunhai stream` and so on. It is started with its output in a log file, asked
for `/ready` on its socket, and watched. One that dies is started again after a pause that doubles with each death, from half
a second to RESTART_PAUSE_SECONDS_MAX, and falls back once it has stayed up for a minute. What is so is kept in
`run/status.json`, replaced whole, so that `yunhai up --status` needs nobody's leave to read it.
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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from yunhai.apps.cloud.errors import PART_NOT_READY
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LOG_BYTES_MAX, RESTART_PAUSE_SECONDS_MAX

FIRST_PAUSE: Final = 0.5
STEADY_SECONDS: Final = 60
READY_SECONDS: Final = 60
STOP_SECONDS: Final = 20
TICK_SECONDS: Final = 0.2
PROBE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program to keep up. `socket` answers `/ready`; None: it is ready when it runs."""

    name: str
    command: tuple[str, ...]
    log: Path
    socket: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    probe: Callable[[], bool] | None = None


@dataclass(slots=True)
class Kept:
    """A part as it is now."""

    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    state: str = "stopped"  # starting, ready, unready, waiting, stopped
    started: float = 0.0
    restarts: int = 0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0
    probed: float = 0.0
    last_exit: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What status.json says of it."""
        return {
            "state": self.state,
            "pid": self.process.pid if self.process is not None and self.process.poll() is None else None,
            "restarts": self.restarts,
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

    def start(self) -> bool:
        """Start every part, each when the one before is ready. False if asked to stop meanwhile. PART_NOT_READY, after
        stopping all."""
        for kept in self.kept:
            self._launch(kept)
            if not self._wait_ready(kept):
                if self._stop.is_set():
                    return False
                tail = last_line(kept.part.log)
                self.stop()
                raise YunhaiError(
                    PART_NOT_READY, part=kept.part.name, seconds=READY_SECONDS, reason=tail, log=str(kept.part.log)
                )
            self.say(kept.part.name, "ready")
        return not self._stop.is_set()

    def keep(self) -> None:
        """Watch until `request_stop`."""
        written = 0.0
        while not self._stop.wait(TICK_SECONDS):
            for kept in self.kept:
                self._look_after(kept)
            if time.monotonic() - written >= 1:
                written = time.monotonic()
                self._write()

    def request_stop(self) -> None:
        """Have `keep` (or `start`) return; safe in a signal handler."""
        self._stop.set()

    def stop(self) -> None:
        """Stop all parts, last first: asked, waited for, killed after STOP_SECONDS."""
        self._stop.set()
        for kept in reversed(self.kept):
            self._end(kept)
        self._write()

    # --- how ---

    def _launch(self, kept: Kept) -> None:
        part = kept.part
        if part.socket is not None:
            part.socket.unlink(missing_ok=True)
        part.log.parent.mkdir(parents=True, exist_ok=True)
        if part.log.exists() and part.log.stat().st_size > LOG_BYTES_MAX:
            part.log.replace(part.log.with_suffix(".log.1"))
        with part.log.open("ab") as log:
            kept.process = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | part.environment,
                start_new_session=True,  # a Ctrl-C is ours to pass on, in order
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call of libc's, which takes no lock
            )
        kept.started = time.time()
        kept.state = "starting"
        kept.probed = 0.0
        self._write()

    def _wait_ready(self, kept: Kept) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and not self._stop.is_set():
            if kept.process is None or kept.process.poll() is not None:
                return False
            if self._ready(kept):
                kept.state = "ready"
                self._write()
                return True
            time.sleep(TICK_SECONDS)
        return False

    def _look_after(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.process is not None and kept.process.poll() is not None:
            self._buried(kept, now)
        elif kept.process is None:
            if now >= kept.again_at:
                kept.restarts += 1
                self.say(kept.part.name, f"restarting ({kept.restarts})")
                self._launch(kept)
        elif now - kept.probed >= (PROBE_SECONDS if kept.state == "ready" else 0):
            kept.probed = now
            was, fit = kept.state, self._ready(kept)
            kept.state = "ready" if fit else ("starting" if was == "starting" else "unready")
            if kept.state != was:
                self.say(kept.part.name, kept.state)
            if fit and time.time() - kept.started > STEADY_SECONDS:
                kept.pause = FIRST_PAUSE

    def _buried(self, kept: Kept, now: float) -> None:
        assert kept.process is not None
        kept.last_exit = kept.process.returncode
        _kill_group(kept.process.pid)  # what it left behind must not answer beside its successor
        kept.process = None
        kept.state = "waiting"
        kept.again_at = now + kept.pause
        self.say(kept.part.name, f"ended with {kept.last_exit}; again in {kept.pause:g} s")
        kept.pause = min(kept.pause * 2, RESTART_PAUSE_SECONDS_MAX)

    def _ready(self, kept: Kept) -> bool:
        if kept.part.probe is not None:
            return kept.part.probe()
        if kept.part.socket is None:
            return True
        return answers(kept.part.socket)

    def _end(self, kept: Kept) -> None:
        process = kept.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.say(kept.part.name, "killed: it did not stop")
                process.kill()
                process.wait()
            self.say(kept.part.name, "stopped")
        if process is not None:
            kept.last_exit = process.returncode
            _kill_group(process.pid)
        kept.process = None
        kept.state = "stopped"

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


def _end_with_parent() -> None:
    """Have the kernel ask this process to stop when the supervisor is gone, however it went (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def answers(socket: Path, path: str = "/ready", *, timeout: float = 2.0) -> bool:
    """Whether the part behind a Unix socket says 200 to a path."""
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=timeout, trust_env=False) as client:
            return client.get(f"http://localhost{path}").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
