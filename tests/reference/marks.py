"""Marks: names of rule branches, counted when a run goes through them.

A branch whose event looks like any other (which of two equally near prices won, where the band's centre came
from) says `mark("…")`. The agreement test reads every name from the source and asks that its seeds reached each.
"""

import re
from collections import Counter
from pathlib import Path

reached: Counter[str] = Counter()


def mark(name: str) -> None:
    """Count one passage through the branch called `name`."""
    reached[name] += 1


def known() -> set[str]:
    """Every name marked anywhere in the reference."""
    sources = Path(__file__).parent.glob("*.py")
    calls = [call for source in sources for call in re.findall(r"\bmark\(([^)]*)\)", source.read_text("utf-8"))]
    return {name for call in calls for name in re.findall(r'"([^"]+)"', call) if name != "…"}
