"""Writes docs/reference/benchmarks.md from bench/results/*.json: `python -m tools.benchmark_page [--check]`.

The figures are whatever `./dev bench NAME` last wrote, with its commit, command and machine; nothing is typed in.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/benchmarks.md"
HEAD = """# Benchmarks 效能量測

Generated from `bench/results` by `python -m tools.benchmark_page`; do not edit. Absolute figures are of one machine on
one day, and a shared one varies by a third; what counts are ratios taken within one run. Each is repeated by its command.

What each figure leaves out: `engine` and `peers` measure one book in one process, no network, no gate, no disk.
`durable` acknowledges a group of 1,024 commands after the fdatasync that covers it, on that machine's disk, again
without a network. `recover` reads one warm journal.
"""
TITLES = {
    "engine": "The engine on the pinned 1,000,000 commands",
    "peers": "One Python call a command, beside other books",
    "durable": "Durable before the acknowledgement",
    "recover": "From the journal to the same state",
}
OWN = ("bench", "commit", "command", "date", "machine")


def shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def section(name: str, result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [
        f"\n## {TITLES[name]}\n",
        f"`{result['command']}` · {result['date']} · commit {result['commit']} · {machine['cpu']}, {machine['cores']} cores,",
    ]
    lines += [f"Python {machine['python']}\n", "| figure | value |", "| --- | --- |"]
    lines += [f"| {key.replace('_', ' ')} | {shown(value)} |" for key, value in result.items() if key not in OWN]
    return "\n".join(lines) + "\n"


def page() -> str:
    results = {name: json.loads((ROOT / "bench/results" / f"{name}.json").read_text()) for name in TITLES}
    return HEAD + "".join(section(name, result) for name, result in results.items())


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text() != text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
