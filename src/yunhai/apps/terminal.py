"""Where human output goes: one way to make a console, so that data is never read as markup and no terminal can crash it."""

import sys
from typing import Final, TextIO

from rich.console import Console

WIDTH_OF_A_FILE: Final = 160
"""Columns when output is not a terminal: wide enough that no hash or row is cut."""


def forgive(stream: TextIO | None) -> None:
    """Let a stream print `?` for what its encoding lacks (a CP950 terminal has no ✓) instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def console(*, stderr: bool = False) -> Console:
    """A console for data: brackets are brackets, and what the terminal's encoding cannot print becomes `?`."""
    forgive(sys.stderr if stderr else sys.stdout)
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDTH_OF_A_FILE
    return made
