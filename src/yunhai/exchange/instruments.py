"""What can be traded: one `Instrument` per security, its kind told from its code, and the dated overlay.

The code lists that ship with the `twstock` package carry 46,000 securities but neither what came after them nor what a
price list knows of a fund (a foreign component means no daily limit). Both stand in an overlay, TOML with the date from
which each statement holds. Reading the files is `yunhai.apps.reference_data`'s part; here are only rows and rules.

Codes 證券代號: stock 1000-9999, preferred = stock + letter, convertible = stock + one or two digits, ETF 00xx,
00xxx and 00xxxx with a last letter for its sort, ETN 02xxxx, REIT 01xxxT, TDR 91xx and 91xxxx, warrants
03xxxx-08xxxx and 70xxxx-73xxxx, government bonds A….
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from yunhai.exchange.rules.pack import NewListing
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CODE_CHARACTERS_MAX
from yunhai.kernel.money import Money, Price, Quantity

_LETTERS: Final = re.compile(rf"[0-9A-Z]{{4,{CODE_CHARACTERS_MAX}}}")

_SHAPES: Final[tuple[tuple[re.Pattern[str], SecurityKind], ...]] = tuple(
    (re.compile(shape), kind)
    for shape, kind in (
        (r"91\d\d(\d\d)?", SecurityKind.TDR),
        (r"[1-9]\d{3}", SecurityKind.STOCK),
        (r"00\d{3}[BCD]", SecurityKind.ETF_BOND),
        (r"00\d{3}[LMRS]", SecurityKind.ETF_LEVERAGED),
        (r"00\d{3}[KUV]", SecurityKind.ETF_FOREIGN),
        (r"00\d\d|00\d{3}[AT]?|00\d{4}", SecurityKind.ETF),
        (r"02\d{3}[0-9A-Z]", SecurityKind.ETN),
        (r"01\d{3}T", SecurityKind.REIT),
        (r"(0[3-8]|7[0-3])\d{3}[PUTBYQ]", SecurityKind.WARRANT_PUT),
        (r"(0[3-8]|7[0-3])\d{3}[0-9CXF]", SecurityKind.WARRANT_CALL),
        (r"[1-9]\d{3}[A-Z]\d?", SecurityKind.PREFERRED),
        (r"[1-9]\d{3}[1-9]\d?", SecurityKind.CONVERTIBLE),
        (r"A\d{5}", SecurityKind.GOVERNMENT_BOND),
    )
)

_TYPES: Final[Mapping[str, SecurityKind]] = MappingProxyType(
    {
        "股票": SecurityKind.STOCK,
        "創新板": SecurityKind.STOCK,
        "特別股": SecurityKind.PREFERRED,
        "臺灣存託憑證(TDR)": SecurityKind.TDR,
        "受益證券-不動產投資信託": SecurityKind.REIT,
    }
)
"""Type column of the exchange's ISIN list, where it decides the kind alone."""

_FUNDS: Final = (SecurityKind.ETF, SecurityKind.ETF_FOREIGN, SecurityKind.ETF_LEVERAGED, SecurityKind.ETF_BOND)
_NOTES: Final = (SecurityKind.ETN, SecurityKind.ETN_FOREIGN)

COARSE: Final[Mapping[str, tuple[SecurityKind, ...]]] = MappingProxyType(
    {
        "etf": _FUNDS,
        "fund": (*_FUNDS, SecurityKind.REIT, SecurityKind.CLOSED_END_FUND),
        "etn": _NOTES,
        "note": _NOTES,
        "warrant": (SecurityKind.WARRANT_CALL, SecurityKind.WARRANT_PUT),
    }
)
"""Words for a family of kinds; the code and the overlay tell which one it is, the first if they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One security on one day. `reference` None = not known; `treatment` names a row of the pack's treatments."""

    code: str
    name: str
    market: str
    """TWSE 上市 or TPEX 上櫃."""
    kind: SecurityKind
    isin: str = ""
    listed: date | None = None
    reference: Price | None = None
    multiple: int = 1
    """Of a leveraged or inverse fund."""
    no_limit: bool = False
    treatment: str | None = None
    suspended: bool = False
    par: Money | None = None
    lot: Quantity | None = None
    """Trading unit where it differs from the pack's."""


NEW_LISTING: Final = "new-listing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitException:
    """Why a security's limits of a day are not its reference's: the rule's name and what it says."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What the code lists lack. Every part is already cut to one day."""

    instruments: Mapping[str, Instrument]
    foreign: frozenset[str]
    """Funds and notes with a foreign component: no daily limit."""
    foreign_words: tuple[str, ...]
    """Words in a fund's name that say as much where no list does."""
    domestic: frozenset[str]
    """Funds whose name has such a word and which have limits all the same."""
    exceptions: Mapping[str, LimitException]
    """Securities whose limits of the day do not follow from their auction reference alone."""


NO_OVERLAY: Final = Overlay(
    instruments=MappingProxyType({}),
    foreign=frozenset(),
    foreign_words=(),
    domestic=frozenset(),
    exceptions=MappingProxyType({}),
)


def classify(code: str, *, type_name: str = "", name: str = "", overlay: Overlay = NO_OVERLAY) -> SecurityKind:
    """The kind of a security from its code, the ISIN list's type if known, and the overlay.

    YunhaiError 2204 if the code has no known shape.
    """
    if type_name in _TYPES:
        return _TYPES[type_name]
    if code in overlay.instruments:
        return overlay.instruments[code].kind
    kind = next((kind for shape, kind in _SHAPES if shape.fullmatch(code)), None) if _LETTERS.fullmatch(code) else None
    if kind is None:
        raise YunhaiError(2204, code=code)
    if kind in (SecurityKind.ETF, SecurityKind.ETF_LEVERAGED, SecurityKind.ETN) and _is_foreign(code, name, overlay):
        return SecurityKind.ETN_FOREIGN if kind is SecurityKind.ETN else SecurityKind.ETF_FOREIGN
    return kind


def _is_foreign(code: str, name: str, overlay: Overlay) -> bool:
    if code in overlay.foreign:
        return True
    return code not in overlay.domestic and any(word in name for word in overlay.foreign_words)


def kind_of(word: str, code: str, *, name: str = "", overlay: Overlay = NO_OVERLAY) -> SecurityKind:
    """The kind a row states: nothing = by code, a family (`COARSE`) = which of it the code is, else the word itself.

    The ISIN list's own Chinese types (股票, 特別股, …) are words too. What is stated holds whatever the code looks like.
    YunhaiError 2203 unknown word; 2204 nothing stated and a code of no known shape.
    """
    if not word:
        return classify(code, name=name, overlay=overlay)
    if word in _TYPES:
        return _TYPES[word]
    if word in COARSE:
        try:
            kind = classify(code, name=name, overlay=overlay)
        except YunhaiError:
            return COARSE[word][0]
        return kind if kind in COARSE[word] else COARSE[word][0]
    try:
        return SecurityKind(word)
    except ValueError:
        raise YunhaiError(2203, kind=word) from None


def multiple_of(code: str) -> int:
    """A leveraged fund's multiple by its last letter: L and M twice, R and S once inverse."""
    return 2 if code[-1:] in ("L", "M") else 1


def is_new_listing(rule: NewListing, instrument: Instrument, day: date, trading_days: tuple[date, ...]) -> bool:
    """Whether `day` is one of the first trading days without limits of a new listing 初次上市普通股.

    `trading_days` ascending, covering `listed` to `day`.
    """
    if instrument.listed is None or instrument.kind not in rule.kinds or day < instrument.listed:
        return False
    since = [each for each in trading_days if instrument.listed <= each <= day]
    return 0 < len(since) <= rule.days


def from_row(row: tuple[str, ...], *, market: str, overlay: Overlay) -> Instrument | None:
    """An instrument from a row of the code list (type, code, name, ISIN, start, …); None for what has no market."""
    type_name, code, name, isin, start = row[:5]
    try:
        kind = classify(code, type_name=type_name, name=name, overlay=overlay)
    except YunhaiError:
        return None
    year, month, day = (int(part) for part in start.split("/"))
    return Instrument(
        code=code,
        name=name,
        market=market,
        kind=kind,
        isin=isin,
        listed=date(year, month, day),
        multiple=multiple_of(code) if kind is SecurityKind.ETF_LEVERAGED else 1,
    )
