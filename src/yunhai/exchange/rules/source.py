"""A TOML document from bytes, or a refusal with its line (errors 2001-2003)."""

import re
import tomllib
from typing import Any

from yunhai.exchange.rules.reasons import syntax_in_chinese
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PACK_KEY_PARTS_MAX, PACK_NESTING_MAX

_PLACE = re.compile(r"\(at line (\d+), column \d+\)$")
_DEEP = re.compile(rf"[\[\]{{}}]|(?:[^.\n]{{0,80}}\.){{{PACK_KEY_PARTS_MAX}}}")


def toml_document(data: bytes, *, limit: int) -> tuple[dict[str, Any], str]:
    """The document and its text. YunhaiError 2001 not TOML, 2002 not UTF-8, 2003 above `limit` bytes."""
    if len(data) > limit:
        raise YunhaiError(2003, bytes=len(data), limit=limit)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YunhaiError(2002, line=data.count(b"\n", 0, error.start) + 1) from None
    _refuse_nesting(text)
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        place = _PLACE.search(reason)
        line = int(place[1]) if place else text.count("\n") + 1
        raise YunhaiError(2001, line=line, reason=reason, reason_zh=syntax_in_chinese(reason)) from None


def _refuse_nesting(text: str) -> None:
    """Refuse brackets and dotted keys too deep before a parser recurses into them.

    Counted without minding strings and comments: no honest pack has so many brackets open, quoted or not.
    """
    depth = 0
    for place in _DEEP.finditer(text):
        mark = place[0]
        depth += 1 if mark in "[{" else -1 if mark in "]}" else 4 * PACK_NESTING_MAX
        depth = max(depth, 0)
        if depth > 2 * PACK_NESTING_MAX:
            line = text.count("\n", 0, place.start()) + 1
            raise YunhaiError(
                2001, line=line, reason="brackets or keys nested too deep", reason_zh="括號或鍵的層數過深"
            )
