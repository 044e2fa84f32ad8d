"""What a watchlist may hold, purely: names and codes in one normal form, and what an import adds."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CODE_CHARACTERS_MAX,
    WATCHLIST_CODES_MAX,
    WATCHLIST_NAME_CHARACTERS_MAX,
)
from yunhai.services.quotes.errors import CODE_MALFORMED, NAME_MALFORMED, TOO_MANY_CODES

_CODE: Final = re.compile(rf"[0-9A-Z]{{4,{CODE_CHARACTERS_MAX}}}")


def checked_name(name: str) -> str:
    """A list's name without needless blanks. NAME_MALFORMED."""
    found = " ".join(name.split())
    if not 0 < len(found) <= WATCHLIST_NAME_CHARACTERS_MAX or not found.isprintable():
        raise YunhaiError(NAME_MALFORMED, most=WATCHLIST_NAME_CHARACTERS_MAX)
    return found


def checked_codes(codes: Iterable[str]) -> list[str]:
    """Codes in their order, each once. CODE_MALFORMED, TOO_MANY_CODES. Whether one is listed today is not asked: a list outlives a
    suspension and a delisting."""
    found = list(dict.fromkeys(codes))
    for code in found:
        if _CODE.fullmatch(code) is None:
            raise YunhaiError(CODE_MALFORMED, code=code[:24])
    if len(found) > WATCHLIST_CODES_MAX:
        raise YunhaiError(TOO_MANY_CODES, most=WATCHLIST_CODES_MAX)
    return found


def new_codes(brought: Sequence[str], kept: Iterable[Sequence[str]]) -> list[str]:
    """Of the codes that a browser brings, in their order, those that are in none of the lists kept here; what is no code, or too
    much, is left out: an old browser's memory is nobody's mistake."""
    known = {code for codes in kept for code in codes}
    fit = (code for code in dict.fromkeys(brought) if _CODE.fullmatch(code) is not None and code not in known)
    return list(fit)[:WATCHLIST_CODES_MAX]


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with the first number that makes it new."""
    known = set(taken)
    if wanted not in known:
        return wanted
    return next(name for number in range(2, len(known) + 3) if (name := f"{wanted} {number}") not in known)
