"""`./dev soak`: the native book against the reference on seeds that no run has had before, until the time is up.

The first seed is drawn anew each time and printed; `--seed` runs it again. A difference ends the run with its seed.
"""

import argparse
import multiprocessing
import os
import secrets
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import count

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.reference.agreement import Disagreement, agree


def run(minutes: float, first: int, commands: int, processes: int) -> tuple[int, int]:
    """Compare seeds from `first` on until the time is up. Returns how many seeds and commands agreed."""
    seeds = done = 0
    finish = time.monotonic() + minutes * 60
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    context = multiprocessing.get_context("spawn")
    with Progress(*columns, console=Console(stderr=True)) as progress, context.Pool(processes) as pool:
        task = progress.add_task("", total=minutes * 60)
        for group in _rounds(first, processes):
            for result in pool.imap_unordered(partial(agree, count=commands), group):
                seeds, done = seeds + 1, done + result.commands
            left = max(finish - time.monotonic(), 0)
            progress.update(
                task, completed=minutes * 60 - left, description=f"{seeds:,} seeds, {done:,} commands agree"
            )
            if not left:
                break
    return seeds, done


def _rounds(first: int, processes: int) -> Iterator[range]:
    """Seeds in groups small enough that the time is looked at often."""
    for start in count(first, processes * 2):
        yield range(start, start + processes * 2)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, help="first seed (drawn anew)")
    parser.add_argument("--commands", type=int, default=5_000, help="commands a seed (5,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at once (all processors)")
    options = parser.parse_args()
    first = secrets.randbelow(1 << 40) if options.seed is None else options.seed
    print(f"first seed {first}", file=sys.stderr)
    try:
        seeds, commands = run(options.minutes, first, options.commands, options.processes)
    except Disagreement as difference:
        print(f"✗ {difference}", file=sys.stderr)
        return 1
    print(f"{seeds:,} seeds from {first}, {commands:,} commands: native and reference agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
