"""Every check in order, with its seconds; a failing one shows what it found, and the rest still run."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tools.check import purity, tidy

ROOT = Path(__file__).resolve().parents[2]


def _program(*command: str) -> Callable[[], list[str]]:
    """A check that is another program: its output if it fails."""

    def run() -> list[str]:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        output = (result.stdout + result.stderr).strip()
        return [] if result.returncode == 0 else output.splitlines() or [f"exit code {result.returncode}"]

    return run


def checks() -> dict[str, Callable[[], list[str]]]:
    """Name to check; a check returns the lines of what is wrong."""
    python = sys.executable
    lint_imports = str(Path(python).with_name("lint-imports"))
    return {
        "format": _program(python, "-m", "ruff", "format", "--check", "--quiet", "--diff", "."),
        "lint": _program(python, "-m", "ruff", "check", "--output-format", "concise", "."),
        "types": _program(python, "-m", "mypy"),
        "imports": _program(lint_imports, "--no-cache"),
        "purity": lambda: purity.find(ROOT / "src" / "yunhai"),
        "tidy": lambda: tidy.find(ROOT, tidy.tracked_files(ROOT)),
        "errors": tidy.incomplete_errors,
    }


def main(arguments: list[str]) -> int:
    """Run all checks, or those named."""
    known = checks()
    parser = argparse.ArgumentParser(prog="./dev check", description="The rules of the house.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(known)}")
    names = parser.parse_args(arguments).names or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no check {', '.join(unknown)}; there are {', '.join(known)}")
    failed = []
    for name in names:
        started = time.monotonic()
        found = known[name]()
        print(f"{'✗' if found else '✓'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        for line in found:
            print(f"    {line}")
        if found:
            failed.append(name)
    print(f"{len(names) - len(failed)} checks hold, {len(failed)} do not{': ' + ', '.join(failed) if failed else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
