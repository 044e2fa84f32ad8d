"""The words of screens as people choose them: columns with their unit and group, functions, and screens that are ready made.

`yunhai.market.screener.names` says what each word is worth; the Chinese name of a column is a word of the language too.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column. `unit`: NT$, %, shares, lots, NT$1,000 or none; `table`: where the lake keeps it."""

    name: str
    zh: str
    en: str
    group: str
    unit: str
    table: str = "bars-1d"


def _of(group: str, unit: str, *rows: tuple[str, str, str], table: str = "bars-1d") -> tuple[Field, ...]:
    return tuple(Field(name=name, zh=zh, en=en, group=group, unit=unit, table=table) for name, zh, en in rows)


FIELDS: Final[tuple[Field, ...]] = (
    *_of(
        "price",
        "NT$",
        ("close", "收盤價", "Close"),
        ("open", "開盤", "Open"),
        ("high", "最高", "High"),
        ("low", "最低", "Low"),
        ("reference", "參考價", "Reference"),
    ),
    *_of("price", "%", ("change", "漲跌幅", "Change")),
    *_of("volume", "shares", ("volume", "成交量", "Volume")),
    *_of("volume", "NT$", ("value", "成交金額", "Turnover")),
    *_of(
        "flows",
        "shares",
        ("foreign_net", "外資買賣超", "Foreign net buying"),
        ("trust_net", "投信買賣超", "Investment trusts' net buying"),
        ("dealer_net", "自營商買賣超", "Dealers' net buying"),
        ("total_net", "三大法人買賣超", "Institutions' net buying"),
        ("foreign_dealer_net", "外資自營商買賣超", "Foreign dealers' net buying"),
        table="flows",
    ),
    *_of(
        "margin",
        "lots",
        ("margin_balance", "融資餘額", "Margin balance"),
        ("margin_change", "融資增減", "Change of margin balance"),
        ("short_balance", "融券餘額", "Short balance"),
        ("short_change", "融券增減", "Change of short balance"),
        table="margin",
    ),
    *_of("revenue", "NT$1,000", ("revenue", "月營收", "Monthly revenue"), table="revenue"),
    *_of(
        "revenue",
        "%",
        ("revenue_growth", "營收年增率", "Revenue, year on year"),
        ("revenue_month_growth", "營收月增率", "Revenue, month on month"),
        ("revenue_to_date_growth", "累計營收年增率", "Revenue to date, year on year"),
        table="revenue",
    ),
)
"""Every column of a screen."""

BY_NAME: Final = {field.name: field for field in FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function over sessions, or a crossing. `written`: how it is called."""

    name: str
    written: str
    zh: str
    en: str


FUNCTIONS: Final = (
    Function(name="prev", written="prev(close, 1)", zh="前 n 日的值", en="the value n sessions before"),
    Function(name="mean", written="mean(volume, 5)", zh="n 日平均", en="mean of n sessions"),
    Function(name="sum", written="sum(foreign_net, 5)", zh="n 日合計", en="sum over n sessions"),
    Function(name="highest", written="highest(high, 20)", zh="n 日最高", en="highest of n sessions"),
    Function(name="lowest", written="lowest(low, 20)", zh="n 日最低", en="lowest of n sessions"),
    Function(name="always", written="always(foreign_net > 0, 3)", zh="連續 n 日成立", en="held in each of n sessions"),
    Function(name="cross_above", written="cross_above(sma(5), sma(20))", zh="向上穿越", en="crosses above"),
    Function(name="cross_below", written="cross_below(sma(5), sma(20))", zh="向下穿越", en="crosses below"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A ready-made screen. `zh`, `en` its name, `says_zh`, `says_en` what it looks for."""

    key: str
    zh: str
    en: str
    says_zh: str
    says_en: str
    text: str


EXAMPLES: Final = (
    Example(
        key="kd-golden-cross",
        zh="KD 低檔黃金交叉",
        en="KD golden cross from below",
        says_zh="K 值向上穿越 D 值，且前一日 K 值低於 30",
        says_en="K crosses above D, and K stood below 30 the day before",
        text="cross_above(kd.k(9,3,3), kd.d(9,3,3)) and prev(kd.k(9,3,3), 1) < 30",
    ),
    Example(
        key="volume-breakout",
        zh="帶量突破",
        en="Breakout on volume",
        says_zh="收盤創 20 日新高，成交量逾前 5 日均量 2 倍",
        says_en="Closes above the 20 days before it, on twice the volume of the 5 before",
        text="close > prev(highest(high, 20), 1) and volume > 2 * prev(mean(volume, 5), 1)",
    ),
    Example(
        key="foreign-buying",
        zh="外資連買 5 日",
        en="Foreign buying, 5 days",
        says_zh="外資連續 5 日買超",
        says_en="Foreign investors bought more than they sold on each of 5 days",
        text="always(foreign_net > 0, 5)",
    ),
    Example(
        key="trust-buying",
        zh="投信連買 3 日",
        en="Trusts buying, 3 days",
        says_zh="投信連續 3 日買超，股價在月線之上",
        says_en="Investment trusts bought on each of 3 days, the price above its 20-day average",
        text="always(trust_net > 0, 3) and close > sma(20)",
    ),
    Example(
        key="revenue-growth",
        zh="營收成長",
        en="Growing revenue",
        says_zh="月營收與累計營收年增率皆逾 20%",
        says_en="Month and year to date over 20% above the year before",
        text="revenue_growth > 20 and revenue_to_date_growth > 20",
    ),
    Example(
        key="margin-drop",
        zh="資減價漲",
        en="Margin down, price up",
        says_zh="融資餘額連續 3 日減少，股價 3 日上漲",
        says_en="The margin balance fell on each of 3 days while the price rose over them",
        text="always(margin_change < 0, 3) and close > prev(close, 3)",
    ),
    Example(
        key="averages-in-order",
        zh="均線多頭排列",
        en="Averages in rising order",
        says_zh="收盤價 > 5 日 > 20 日 > 60 日均線",
        says_en="Close above its 5-, 20- and 60-day averages, each above the next",
        text="close > sma(5) and sma(5) > sma(20) and sma(20) > sma(60)",
    ),
    Example(
        key="rsi-rebound",
        zh="RSI 超賣反彈",
        en="RSI rebound",
        says_zh="RSI(6) 由 20 以下向上穿越",
        says_en="RSI(6) crosses above 20",
        text="cross_above(rsi(6), 20)",
    ),
)
