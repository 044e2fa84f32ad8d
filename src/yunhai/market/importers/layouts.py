"""What stands where in files of rows with a header: the exchange's, the depository's, third parties'.

A `Layout` names the columns of the file that a table's columns come from, how each is read, and what its rows must keep to
(`yunhai.market.importers.checks`). `known` says from which moment a row was known: the hour at which the source is
published, by rule and not by its file, since history is mostly fetched long after:

| rows | known |
| --- | --- |
| daily bars | 14:00 of the day |
| institutional flows | 17:00 of the day |
| margin balances | 22:00 of the day |
| branch reports | 18:00 of the day |
| ex-right results | 08:00 of the ex-date |
| monthly revenue | when it was first seen, at the latest when the legal deadline's day ends |
| holder tiers | noon of the day after |
| trades, displays, orders | their own moment |

The deadline of a month's revenue is the 10th of the following month, or the next market day if the market is shut on it
(Administrative Procedure Act Art. 48). Nothing is seen before its month has ended: such a moment is no moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from yunhai.kernel.clock import HOUR
from yunhai.market.lake.tables import LEVELS, TABLES, Table

Kind = Literal["code", "date", "month", "time", "moment", "number", "text"]
Check = Literal["bars", "market-days", "flows", "flow-totals", "margin", "branches", "prices", "futures"]

PRICE: Final = 4
"""Decimals of a price: 1/10,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of the file for a column of the table. `blank`: what a blank stands for; None: the row is incomplete.
    `cut`: how much of a text is kept. `source` names the column, or its (first, last) letters in a fixed layout."""

    source: str | tuple[int, int]
    kind: Kind = "number"
    decimals: int = 0
    blank: int | None = None
    cut: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of file. `version` grows whenever the same file would become other rows."""

    name: str
    version: int
    zh: str
    en: str
    table: Table
    fields: Mapping[str, Field]
    known: tuple[int, int] | Literal["revenue", "time"]
    checks: tuple[Check, ...] = ("market-days",)
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    whole: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    day_in_name: bool = False
    untraded_if_blank: bool = False
    length: int = 0
    """Letters of a row of a fixed layout; 0: rows are CSV."""

    def header(self) -> frozenset[str]:
        """The column names that a file of this layout has."""
        return frozenset(each.source for each in self.fields.values() if isinstance(each.source, str) and each.source)


def _price(source: str | tuple[int, int], *, blank: int | None = None) -> Field:
    return Field(source=source, decimals=PRICE, blank=blank)


def _bars_fields(code: str, day: str, names: tuple[str, str, str, str], volume: str) -> dict[str, Field]:
    prices = dict(zip(("open", "high", "low", "close"), names, strict=True))
    return (
        {"code": Field(source=code, kind="code"), "start_ns": Field(source=day, kind="date")}
        | {target: _price(source) for target, source in prices.items()}
        | {"volume": Field(source=volume)}
    )


_OHLC: Final = ("open", "high", "low", "close")
_BOARD: Final = MappingProxyType({"segment": "board"})
_NO_VALUE: Final = MappingProxyType({"value": 0, "trades": 0})

DAILY: Final = Layout(
    name="daily-bars",
    version=1,
    zh="日線（第三方 CSV）",
    en="daily bars (third party's CSV)",
    table=TABLES["bars-1d"],
    fields=_bars_fields("stock_code", "trade_date", _OHLC, "volume"),
    known=(0, 14 * HOUR),
    checks=("market-days", "bars"),
    texts=_BOARD,
    whole=_NO_VALUE,
)
LONG: Final = Layout(
    name="daily-bars-long",
    version=1,
    zh="長期日線（第三方 CSV，另有還原收盤）",
    en="long daily bars (third party's CSV with an adjusted close, which is not taken)",
    table=TABLES["bars-1d"],
    fields=_bars_fields("stock_code", "date", _OHLC, "volume") | {"_adjusted": _price("adj_close", blank=0)},
    known=(0, 14 * HOUR),
    checks=("market-days", "bars"),
    texts=_BOARD,
    whole=_NO_VALUE,
)
TPEX_DAILY: Final = Layout(
    name="tpex-daily",
    version=1,
    zh="櫃買中心每日收盤行情",
    en="TPEx daily quotes",
    table=TABLES["bars-1d"],
    fields=_bars_fields("代號", "", ("開盤", "最高", "最低", "收盤"), "成交股數")
    | {"value": _price("成交金額(元)"), "trades": Field(source="成交筆數")},
    known=(0, 14 * HOUR),
    checks=("market-days", "bars"),
    texts=_BOARD,
    day_in_name=True,
    untraded_if_blank=True,
)
FLOWS: Final = Layout(
    name="flows",
    version=1,
    zh="三大法人買賣超（第三方 CSV）",
    en="institutional net buying (third party's CSV)",
    table=TABLES["flows"],
    fields={"code": Field(source="stock_code", kind="code"), "start_ns": Field(source="trade_date", kind="date")}
    | {
        name: Field(source=name)
        for name in ("foreign_net", "foreign_dealer_net", "trust_net", "dealer_net", "total_net")
    },
    known=(0, 17 * HOUR),
    checks=("market-days", "flow-totals"),
)
T86: Final = Layout(
    name="twse-t86",
    version=1,
    zh="證交所三大法人買賣超日報 T86",
    en="TWSE T86, institutional trading by security",
    table=TABLES["flows"],
    fields={
        "code": Field(source="證券代號", kind="code"),
        "start_ns": Field(source="date", kind="date"),
        "foreign_net": Field(source="外陸資買賣超股數(不含外資自營商)"),
        "foreign_dealer_net": Field(source="外資自營商買賣超股數"),
        "trust_net": Field(source="投信買賣超股數"),
        "dealer_net": Field(source="自營商買賣超股數"),
        "total_net": Field(source="三大法人買賣超股數"),
        "_foreign_buy": Field(source="外陸資買進股數(不含外資自營商)"),
        "_foreign_sell": Field(source="外陸資賣出股數(不含外資自營商)"),
        "_trust_buy": Field(source="投信買進股數"),
        "_trust_sell": Field(source="投信賣出股數"),
    },
    known=(0, 17 * HOUR),
    checks=("market-days", "flows", "flow-totals"),
)
_MARGIN: Final = ("buy", "sell", "repay", "before", "balance", "quota")


def _margin(sources: tuple[str, ...]) -> dict[str, Field]:
    names = [f"{side}_{what}" for side in ("margin", "short") for what in _MARGIN]
    return {name: Field(source=source) for name, source in zip([*names, "offset_lots"], sources, strict=True)}


MI_MARGN: Final = Layout(
    name="twse-margin",
    version=1,
    zh="證交所融資融券餘額 MI_MARGN",
    en="TWSE margin balances",
    table=TABLES["margin"],
    fields={"code": Field(source="股票代號", kind="code"), "start_ns": Field(source="date", kind="date")}
    | _margin(
        (
            "融資買進", "融資賣出", "融資現金償還", "融資前日餘額", "融資今日餘額", "融資限額",
            "融券買進", "融券賣出", "融券現券償還", "融券前日餘額", "融券今日餘額", "融券限額", "資券互抵",
        )
    ),
    known=(0, 22 * HOUR),
    checks=("market-days", "margin"),
)  # fmt: skip
TPEX_MARGIN: Final = Layout(
    name="tpex-margin",
    version=1,
    zh="櫃買中心融資融券餘額",
    en="TPEx margin balances",
    table=TABLES["margin"],
    fields={"code": Field(source="代號", kind="code"), "start_ns": Field(source="", kind="date")}
    | _margin(
        (
            "資買", "資賣", "現償", "前資餘額(張)", "資餘額", "資限額",
            "券買", "券賣", "券償", "前券餘額(張)", "券餘額", "券限額", "資券相抵(張)",
        )
    ),
    known=(0, 22 * HOUR),
    checks=("market-days", "margin"),
    day_in_name=True,
)  # fmt: skip
REVENUE: Final = Layout(
    name="mops-revenue",
    version=2,
    zh="公開資訊觀測站每月營收",
    en="MOPS monthly revenue",
    table=TABLES["revenue"],
    fields={
        "code": Field(source="stock_code", kind="code"),
        "start_ns": Field(source="revenue_month", kind="month"),
        "revenue": Field(source="monthly_revenue_thousand_twd"),
        "month_before": Field(source="previous_month_revenue_thousand_twd", blank=0),
        "year_before": Field(source="last_year_month_revenue_thousand_twd", blank=0),
        "to_date": Field(source="ytd_revenue_thousand_twd", blank=0),
        "to_date_year_before": Field(source="last_year_ytd_revenue_thousand_twd", blank=0),
        "_seen": Field(source="first_seen_at", kind="moment"),
    },
    known="revenue",
    checks=(),
)
HOLDERS: Final = Layout(
    name="tdcc-holders",
    version=1,
    zh="集保戶股權分散表",
    en="TDCC holders by tier",
    table=TABLES["holders"],
    fields={
        "code": Field(source="stock_code", kind="code"),
        "start_ns": Field(source="data_date", kind="date"),
        "tier": Field(source="tier"),
        "holders": Field(source="holders"),
        "shares": Field(source="shares"),
        "share_bp": Field(source="pct", decimals=2),
    },
    known=(1, 12 * HOUR),
    checks=(),
)
TWT49U: Final = Layout(
    name="twse-exrights",
    version=1,
    zh="證交所除權除息計算結果 TWT49U",
    en="TWSE ex-right and ex-dividend results",
    table=TABLES["exrights"],
    fields={
        "code": Field(source="股票代號", kind="code"),
        "start_ns": Field(source="資料日期", kind="date"),
        "close_before": _price("除權息前收盤價"),
        "reference": _price("除權息參考價"),
        "rights_value": Field(source="權值+息值", decimals=6),
        "kind": Field(source="權/息", kind="text"),
        "limit_up": _price("漲停價格", blank=0),
        "limit_down": _price("跌停價格", blank=0),
        "opening_base": _price("開盤競價基準", blank=0),
    },
    known=(0, 8 * HOUR),
    checks=("prices",),
)
REFERENCE: Final = Layout(
    name="exright-references",
    version=1,
    zh="除權息參考價（第三方 CSV）",
    en="ex-right reference prices (third party's CSV)",
    table=TABLES["exrights"],
    fields={
        "code": Field(source="stock_code", kind="code"),
        "start_ns": Field(source="ex_date", kind="date"),
        "close_before": _price("close_before"),
        "reference": _price("reference_price"),
    },
    known=(0, 8 * HOUR),
    checks=("prices",),
    texts=MappingProxyType({"kind": ""}),
    whole=MappingProxyType(dict.fromkeys(("rights_value", "limit_up", "limit_down", "opening_base"), 0)),
)
BRANCHES: Final = Layout(
    name="branch-report",
    version=1,
    zh="券商分點進出",
    en="branch report",
    table=TABLES["branches"],
    fields={
        "code": Field(source="stock", kind="code"),
        "start_ns": Field(source="date", kind="date"),
        "branch": Field(source="broker_branch", kind="text", cut=4),
        "price": _price("price"),
        "bought": Field(source="buy_shares"),
        "sold": Field(source="sell_shares"),
    },
    known=(0, 18 * HOUR),
    checks=("market-days", "branches"),
)
TAIFEX: Final = Layout(
    name="taifex-trades",
    version=2,
    zh="期交所期貨每筆成交",
    en="TAIFEX trades of futures",
    table=TABLES["trades"],
    fields={
        "code": Field(source="商品代號", kind="text"),
        "_month": Field(source="到期月份(週別)", kind="text"),
        "start_ns": Field(source="成交日期", kind="date"),
        "time_ns": Field(source="成交時間", kind="time"),
        "price": _price("成交價格"),
        "quantity": Field(source="成交數量(B+S)"),
        "_auction": Field(source="開盤集合競價", kind="text"),
    },
    known="time",
    checks=("futures",),
)


def _fixed(name: str, zh: str, en: str, table: str, length: int, places: "_Places") -> Layout:
    """A fixed layout of (target, kind, width, decimals) side by side; "" is passed over."""
    fields: dict[str, Field] = {}
    at = 0
    for target, kind, width, decimals in places:
        if target:
            fields[target] = Field(source=(at, at + width), kind=kind, decimals=decimals)
        at += width
    assert at == length, f"{name}: {at} letters of {length}"
    missing = [target for target, kind in TABLES[table].columns.items() if kind == "VARCHAR" and target not in fields]
    return Layout(
        name=name,
        version=1,
        zh=zh,
        en=en,
        table=TABLES[table],
        fields=MappingProxyType(fields),
        known="time",
        checks=("market-days",),
        texts=MappingProxyType(dict.fromkeys(missing, "")),
        length=length,
    )


_Places = tuple[tuple[str, Kind, int, int], ...]


def _kind_of_order(time: int) -> _Places:
    """Market or limit, and how long: where the files before March 2020 (times of 8 letters) name the report's printer."""
    if time == _SHORT_TIME:
        return (("", "text", 4, 0),)
    return (("order_type", "text", 1, 0), ("time_in_force", "text", 1, 0), ("", "text", 2, 0))


_SHORT_TIME: Final = 8


def _trade_file(time: int) -> Layout:
    return _fixed(
        f"twse-mth-{55 + time}",
        "證交所成交檔 mth",
        "TWSE trade file, one row a side",
        "sides",
        55 + time,
        (
            ("start_ns", "date", 8, 0), ("code", "code", 6, 0), ("side", "text", 1, 0), ("trade_kind", "text", 1, 0),
            ("time_ns", "time", time, 0), ("trade", "number", 8, 0), ("order_number", "text", 5, 0),
            ("price", "number", 7, PRICE), ("quantity", "number", 9, 0), *_kind_of_order(time), ("credit", "text", 1, 0),
            ("investor", "text", 1, 0), ("broker", "text", 4, 0),
        ),
    )  # fmt: skip


def _order_file(time: int) -> Layout:
    return _fixed(
        f"twse-odr-{51 + time}",
        "證交所委託檔 odr",
        "TWSE order file",
        "orders",
        51 + time,
        (
            ("start_ns", "date", 8, 0), ("code", "code", 6, 0), ("side", "text", 1, 0), ("trade_kind", "text", 1, 0),
            ("time_ns", "time", time, 0), ("order_number", "text", 5, 0), ("change", "text", 1, 0),
            ("price", "number", 7, PRICE), ("quantity", "number", 11, 0), ("credit", "text", 1, 0),
            ("channel", "text", 1, 0), *_kind_of_order(time), ("investor", "text", 1, 0), ("broker", "text", 4, 0),
        ),
    )  # fmt: skip


def _display_file(time: int) -> Layout:
    levels: list[tuple[str, Kind, int, int]] = []
    for side in ("bid", "ask"):
        levels.append(("", "text", 2, 0))
        for level in range(1, LEVELS + 1):
            levels += [(f"{side}_price_{level}", "number", 6, 0), (f"{side}_lots_{level}", "number", 8, 0)]
    return _fixed(
        f"twse-dsp-{178 + time}",
        "證交所揭示檔 dsp",
        "TWSE display file, five levels",
        "quotes",
        178 + time,
        (
            ("code", "code", 6, 0), ("time_ns", "time", time, 0), ("remark", "text", 1, 0), ("trend", "text", 1, 0),
            ("matched", "text", 1, 0), ("", "text", 1, 0), ("price", "number", 6, 0), ("lots", "number", 8, 0), *levels,
            ("start_ns", "date", 8, 0), ("", "text", 2, 0),
        ),
    )  # fmt: skip


HUNDREDTHS: Final = frozenset(
    {"price", *(f"{side}_price_{level}" for side in ("bid", "ask") for level in range(1, LEVELS + 1))}
)
"""Prices of the display file are 9(4)V99: hundredths without a point."""

LAYOUTS: Final = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            DAILY, LONG, TPEX_DAILY, FLOWS, T86, MI_MARGN, TPEX_MARGIN, REVENUE, HOLDERS, TWT49U, REFERENCE, BRANCHES, TAIFEX,
            *(_trade_file(time) for time in (8, 12)), *(_order_file(time) for time in (8, 12)),
            *(_display_file(time) for time in (8, 12)),
        )
    }
)  # fmt: skip
