"""What the person at the terminal sees while things are set up: a line and its seconds a step; the log if it fails."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class SetupError(Exception):
    """Something the program cannot put right by itself. The message says exactly what is missing and what to type."""


def say(text: str) -> None:
    """One line on standard error: standard output belongs to the command that follows."""
    print(text, file=sys.stderr, flush=True)


def _counted(log: Path | None) -> str:
    """The build's last `[3/36]` in the end of its log."""
    if log is None or not log.exists():
        return ""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - 8192))
        found = re.findall(rb"^\[\d+/\d+\]", source.read(), re.MULTILINE)
    return found[-1].decode() if found else ""


@contextmanager
def step(title: str, log: Path | None = None) -> Iterator[None]:
    """Announce `title`, tick every ten seconds with what `log` last counted, and close with the seconds it took."""
    say(f"▸ {title} …")
    started = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(10):
            say(f"  … {time.monotonic() - started:.0f} s {_counted(log)}")

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
    say(f"  done in {time.monotonic() - started:.1f} s")


def run_quietly(
    command: Sequence[str | Path], *, log: Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Run `command` with its output appended to `log`; on failure show the log's end and raise SetupError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as sink:
        sink.write(f"$ {' '.join(map(str, command))}\n")
        sink.flush()
        start = sink.tell()
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            check=False,
        )
    if result.returncode == 0:
        return
    with log.open("rb") as source:
        source.seek(start)
        lines = source.read().decode("utf-8", "replace").splitlines()
    for line in lines[-60:]:
        say(f"  │ {line}")
    raise SetupError(f"`{command[0]}` ended with code {result.returncode}. The whole log: {log}")
