"""What the lake keeps: each table's columns, key, folder and partitions.

Prices are integers of 1/10,000 NT$, quantities shares unless a column says lots 張. `start_ns` is the beginning of what a row
is about (a bar's span, a fact's day or month) as market time. Every table ends with the same four columns:

- `mark` 0, or the number of the row reason it was imported with (docs/reference/errors.md, 7470, 7475, 7476);
- `venue` "" for imported market data, "journal" for what our own venue traded: of the same key, the journal's row is read;
- `known_ns` the moment from which the row was known;
- `origin` the number of the import in the manifest that brought it, and so the source file's hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.clock import TAIPEI_OFFSET

_DAY: Final = 86_400_000_000_000

Width = Literal["year", "month", "date"]

TEXT: Final = "VARCHAR"
WHOLE: Final = "BIGINT"
SMALL: Final = "USMALLINT"
TAIL: Final = MappingProxyType({"mark": SMALL, "venue": TEXT, "known_ns": WHOLE, "origin": "UINTEGER"})
JOURNAL: Final = "journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One kind of rows. `order`: how rows lie in a file; `width`: the span of time of a partition."""

    name: str
    folder: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    order: tuple[str, ...]
    width: Width
    zh: str
    en: str

    def all_columns(self) -> dict[str, str]:
        return {**self.columns, **TAIL}

    def parts(self, start_ns: NDArray[np.int64], *, offset: int = TAIPEI_OFFSET) -> NDArray[np.str_]:
        """Each row's partition, such as "2026", "2026-08" or "2026-08-21"."""
        days = ((start_ns + offset) // _DAY).astype("datetime64[D]")
        unit = {"year": "Y", "month": "M", "date": "D"}[self.width]
        known, places = np.unique(days.astype(f"datetime64[{unit}]"), return_inverse=True)
        return known.astype(str)[places]

    def part_folder(self, part: str) -> str:
        return f"{self.folder}/{self.width}={part}"


def _bars(span: str, width: Width, zh: str) -> Table:
    return Table(
        name=f"bars-{span}",
        folder=f"bars/span={span}",
        columns=MappingProxyType(
            {"code": TEXT, "segment": TEXT}
            | dict.fromkeys(("start_ns", "open", "high", "low", "close", "volume", "value", "trades"), WHOLE)
        ),
        key=("code", "segment", "start_ns"),
        order=("code", "segment", "start_ns"),
        width=width,
        zh=zh,
        en=f"bars of {span}",
    )


def _fact(
    name: str, zh: str, en: str, *, whole: tuple[str, ...], text: tuple[str, ...] = (), key: tuple[str, ...] = ()
) -> Table:
    return Table(
        name=name,
        folder=f"facts/kind={name}",
        columns=MappingProxyType(
            {"code": TEXT, "start_ns": WHOLE} | dict.fromkeys(text, TEXT) | dict.fromkeys(whole, WHOLE)
        ),
        key=("code", "start_ns", *key),
        order=("code", "start_ns", *key),
        width="year",
        zh=zh,
        en=en,
    )


def _tape(name: str, zh: str, en: str, *, whole: tuple[str, ...], text: tuple[str, ...]) -> Table:
    return Table(
        name=name,
        folder=name,
        columns=MappingProxyType(
            {"code": TEXT, "start_ns": WHOLE, "time_ns": WHOLE, "place": WHOLE}
            | dict.fromkeys(text, TEXT)
            | dict.fromkeys(whole, WHOLE)
        ),
        key=("code", "start_ns", "place"),
        order=("code", "place"),
        width="date",
        zh=zh,
        en=en,
    )


LEVELS: Final = 5
_LEVEL_COLUMNS: Final = tuple(
    f"{side}_{what}_{level}" for side in ("bid", "ask") for level in range(1, LEVELS + 1) for what in ("price", "lots")
)

TABLES: Final = MappingProxyType(
    {
        table.name: table
        for table in (
            _bars("1s", "date", "秒線"),
            _bars("1m", "month", "分線"),
            _bars("1d", "year", "日線"),
            _fact(
                "revenue",
                "每月營收（千元）",
                "monthly revenue (NT$1,000)",
                whole=("revenue", "month_before", "year_before", "to_date", "to_date_year_before"),
            ),
            _fact(
                "flows",
                "三大法人買賣超（股）",
                "institutional net buying (shares)",
                whole=("foreign_net", "foreign_dealer_net", "trust_net", "dealer_net", "total_net"),
            ),
            _fact(
                "margin",
                "融資融券餘額（張）",
                "margin balances (lots)",
                whole=(
                    *(f"margin_{what}" for what in ("buy", "sell", "repay", "before", "balance", "quota")),
                    *(f"short_{what}" for what in ("buy", "sell", "repay", "before", "balance", "quota")),
                    "offset_lots",
                ),
            ),
            _fact(
                "holders",
                "集保股權分散",
                "holders by tier of shares held",
                whole=("tier", "holders", "shares", "share_bp"),
                key=("tier",),
            ),
            _fact(
                "exrights",
                "除權除息計算結果",
                "ex-right and ex-dividend results",
                text=("kind",),
                whole=("close_before", "reference", "rights_value", "limit_up", "limit_down", "opening_base"),
            ),
            _fact(
                "branches",
                "分點進出",
                "branch reports: shares by branch and price",
                text=("branch",),
                whole=("price", "bought", "sold"),
                key=("branch", "price"),
            ),
            _tape(
                "trades",
                "逐筆成交",
                "trades, one by one",
                text=("segment",),
                whole=("price", "quantity", "auction"),
            ),
            _tape(
                "sides",
                "成交檔（買賣方）",
                "the exchange's trade file: one row a side",
                text=("side", "trade_kind", "order_type", "time_in_force", "credit", "investor", "broker", "order_number"),
                whole=("trade", "price", "quantity"),
            ),
            _tape(
                "orders",
                "委託檔",
                "the exchange's order file",
                text=(
                    "side", "trade_kind", "change", "order_type", "time_in_force", "credit", "channel", "investor", "broker",
                    "order_number",
                ),
                whole=("price", "quantity"),
            ),
            _tape(
                "quotes",
                "揭示檔（五檔）",
                "displays with five levels (lots)",
                text=("remark", "trend", "matched"),
                whole=("price", "lots", *_LEVEL_COLUMNS),
            ),
        )
    }
)  # fmt: skip
