"""How many shares are issued of each stock, and which industry it is of: dated tables that ship with the stream.

An index by capitalisation and boards by industry need both, and the journal has neither: it knows prices. A table is a CSV of
`tables/`, named by the date of which it is true, with its sources in its head. A day uses the newest table that is not
later than itself; a day before the first table uses that first one, and every answer says which (`dated`).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_TABLES: Final = files("yunhai.trading.stream") / "tables"
_PREFIX, _SUFFIX = "issues-", ".csv"

SECTORS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "01": ("水泥", "Cement"),
        "02": ("食品", "Food"),
        "03": ("塑膠", "Plastics"),
        "04": ("紡織纖維", "Textiles"),
        "05": ("電機機械", "Electric machinery"),
        "06": ("電器電纜", "Electrical and cable"),
        "08": ("玻璃陶瓷", "Glass and ceramics"),
        "09": ("造紙", "Paper and pulp"),
        "10": ("鋼鐵", "Iron and steel"),
        "11": ("橡膠", "Rubber"),
        "12": ("汽車", "Automobile"),
        "14": ("建材營造", "Building and construction"),
        "15": ("航運", "Shipping and transport"),
        "16": ("觀光餐旅", "Tourism and hospitality"),
        "17": ("金融保險", "Financial and insurance"),
        "18": ("貿易百貨", "Trading and consumer goods"),
        "20": ("其他", "Other"),
        "21": ("化學", "Chemical"),
        "22": ("生技醫療", "Biotechnology and medical care"),
        "23": ("油電燃氣", "Oil, gas and electricity"),
        "24": ("半導體", "Semiconductor"),
        "25": ("電腦及週邊", "Computer and peripheral"),
        "26": ("光電", "Optoelectronic"),
        "27": ("通信網路", "Communications and internet"),
        "28": ("電子零組件", "Electronic parts"),
        "29": ("電子通路", "Electronic distribution"),
        "30": ("資訊服務", "Information service"),
        "31": ("其他電子", "Other electronic"),
        "32": ("文化創意", "Cultural and creative"),
        "33": ("農業科技", "Agricultural technology"),
        "35": ("綠能環保", "Green energy and environment"),
        "36": ("數位雲端", "Digital and cloud"),
        "37": ("運動休閒", "Sports and leisure"),
        "38": ("居家生活", "Household"),
    }
)
"""The exchanges' industry numbers 產業別 with their names, zh and en."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One stock: its industry's number and the shares issued."""

    code: str
    sector: str
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """A table: the date of which it is true, and its rows by code."""

    dated: str
    rows: Mapping[str, Issue]


@cache
def dates() -> tuple[str, ...]:
    """Dates (YYYY-MM-DD) of the tables that ship, oldest first."""
    names = (one.name for one in _TABLES.iterdir())
    return tuple(sorted(name[len(_PREFIX) : -len(_SUFFIX)] for name in names if name.startswith(_PREFIX)))


def issues_of(date: str) -> Issues:
    """The table that a market day (YYYY-MM-DD) uses."""
    known = dates()
    return _table(max((one for one in known if one <= date), default=known[0]))


@cache
def _table(dated: str) -> Issues:
    text = (_TABLES / f"{_PREFIX}{dated}{_SUFFIX}").read_text("utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    next(rows)
    found = {code: Issue(code=code, sector=sector, shares=int(shares)) for code, sector, shares in rows}
    return Issues(dated=dated, rows=MappingProxyType(found))
