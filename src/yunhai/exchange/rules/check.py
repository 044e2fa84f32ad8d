"""Refuses a rule pack that contradicts itself (errors 2007 and 2008, each with its line)."""

from collections.abc import Callable

from yunhai.exchange.rules.lines import Path
from yunhai.exchange.rules.pack import RulePack


def check_pack(pack: RulePack, line: Callable[[Path], int]) -> None:
    """YunhaiError 2007 or 2008 for the first contradiction; `line` places a key path in the file."""
