"""Writes of the lake that are killed at every step at which the disk changes: a program, run by `test_lake_cut_short`.

`python -m tests.market.lake_killed FOLDER KIND EACH` makes a lake in FOLDER, then forks a child a step: the child does the
write and kills itself (SIGKILL) before the step; `EACH` takes only every so many steps. Prints one JSON object: how many
steps there are, and what was wrong after any of them.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.market.lake_scene import DAILY, NOW, WEEK, closes, take, write
from yunhai.kernel.clock import HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.market.lake import checking
from yunhai.market.lake.reading import Lake
from yunhai.market.lake.writing import recover

MORE = ("2330,2025-12-31,90,91,89,90,5", "2330,2026-08-14,95,96,94,95,5", "2330,2026-08-20,101,103,101,102.5,4000", "x")
"""Two partitions, a correction and a row for the report."""


def steps(kill_at: int) -> Callable[[], int]:
    """Count the steps that change the disk, and die before one of them; how many there were."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*words: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*words, **more)

        return step

    os.fsync, os.open, os.unlink = counted(os.fsync), counted(os.open), counted(os.unlink)
    Path.replace, Path.unlink, Path.open = (  # type: ignore[method-assign]
        counted(Path.replace), counted(Path.unlink), counted(Path.open)
    )  # fmt: skip
    return lambda: count


def imported(lake: Path) -> None:
    take(lake, lake.parent / "more.csv", now_ns=NOW + HOUR)


def compacted(lake: Path) -> None:
    checking.compact(lake, now_ns=NOW + 9 * HOUR)


KINDS = {"import": imported, "compact": compacted}


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """(the signal that ended it, what it gave) of some work in a child of its own: engines start threads."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        content = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a child failed")
    return (os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0), json.loads(content or b"null")


def state(lake: Path) -> dict[str, Any]:
    """What readers see, and what a proof finds."""
    verdict = checking.verify(lake)
    with Lake(lake) as opened:
        seen = {code: closes(opened, code) for code in ("2330", "1101", "2317")}
    return {"seen": seen, "right": verdict.right, "strangers": verdict.strangers, "unfinished": len(verdict.unfinished)}


def wrong_after(lake: Path, work: Callable[[Path], None], before: Any, after: Any) -> list[str]:
    """What is not as it should be in a lake whose writer was killed."""
    found = []
    killed = state(lake)
    if not killed["right"] or killed["strangers"]:
        found.append(f"damaged: {killed}")
    if killed["seen"] not in (before, after):
        found.append("neither as before nor as after")
    recover(lake)
    cleared = state(lake)
    if not cleared["right"] or cleared["strangers"] or cleared["unfinished"] or cleared["seen"] != killed["seen"]:
        found.append(f"not cleared: {cleared}")
    work(lake)
    again = state(lake)
    if not again["right"] or again["strangers"] or again["unfinished"] or again["seen"] != after:
        found.append(f"not made again: {again}")
    return found


def run(folder: Path, kind: str, each: int) -> dict[str, Any]:
    work = KINDS[kind]
    whole = folder / "lake"

    def made() -> None:
        take(whole, write(folder / "week.csv", DAILY, *WEEK))
        take(whole, write(folder / "other.csv", DAILY, "2317,2026-08-20,200,201,199,200,9"))
        write(folder / "more.csv", DAILY, *MORE)

    forked(made)
    _, before = forked(lambda: state(whole)["seen"])
    copied = folder / "copied" / "lake"

    def copy() -> None:
        shutil.rmtree(copied.parent, ignore_errors=True)
        shutil.copytree(whole, copied)
        shutil.copy(folder / "more.csv", copied.parent)

    def counted() -> int:
        count = steps(0)
        work(copied)
        return count()

    copy()
    _, total = forked(counted)
    _, after = forked(lambda: state(copied)["seen"])
    wrong: dict[int, list[str]] = {}
    for step in range(1, total + 1, each):
        copy()
        ended, _ = forked(lambda step=step: (steps(step), work(copied), 0)[2])  # type: ignore[misc]
        if ended != signal.SIGKILL:
            wrong[step] = [f"was not killed: {ended}"]
            continue
        _, found = forked(lambda: wrong_after(copied, work, before, after))
        if found:
            wrong[step] = found
    return {"steps": total, "changed": before != after, "wrong": wrong}


if __name__ == "__main__":
    try:
        print(json.dumps(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
    except YunhaiError as error:
        raise SystemExit(str(error)) from error
