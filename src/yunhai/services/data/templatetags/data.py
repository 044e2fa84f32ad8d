"""How the catalogue writes what is told in both languages, sizes and moments."""

from collections.abc import Sequence
from typing import Any, Final

from django import template

from yunhai.platform.shell.context import english
from yunhai.platform.shell.templatetags.shell import grouped

register = template.Library()
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_STEP: Final = 1_000


@register.filter
def said(one: Any) -> str:
    """Of something with `zh` and `en` the one that is read."""
    return str(one.en if english() else one.zh)


@register.filter
def unit(column: Any) -> str:
    """What a column is counted in, "" of what is not."""
    return str(column.unit_en if english() else column.unit_zh)


@register.filter
def size(number: int) -> str:
    """Bytes as read: "1.3 MB"."""
    value, at = float(number), 0
    while value >= _STEP and at < len(_UNITS) - 1:
        value, at = value / _STEP, at + 1
    return f"{value:.0f} {_UNITS[at]}" if at == 0 else f"{value:.1f} {_UNITS[at]}"


@register.filter
def when(iso: str) -> str:
    """An ISO moment to the minute: "2026-08-21 14:00"; "–" for none."""
    return iso[:16].replace("T", " ") or "–"


@register.filter
def cells(row: Sequence[int | str], columns: Sequence[Any]) -> list[tuple[str, bool]]:
    """A row as it is read, each with whether it is a number: moments without their offset, and without a time of day of midnight;
    amounts of two places at least; what is counted in something is grouped."""
    return [
        (_cell(value, column), column.kind in ("whole", "amount")) for value, column in zip(row, columns, strict=True)
    ]


def _cell(value: int | str, column: Any) -> str:
    if column.kind == "moment":
        return str(value).removesuffix("+08:00").removesuffix("T00:00").replace("T", " ")
    if column.kind == "amount":
        whole, _, part = str(value).lstrip("-").partition(".")
        return f"{'-' if str(value).startswith('-') else ''}{grouped(whole)}.{part.ljust(2, '0')}"
    return f"{value:,}" if column.unit_en and isinstance(value, int) else str(value)
