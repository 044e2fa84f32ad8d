"""Plain CSV: any file with a header becomes rows of a table by saying which of its columns stands for which.

    code=symbol,start_ns=day,open=o,high=h,low=l,close=c,volume=v

Dates as YYYY-MM-DD, YYYYMMDD or of the Republic's years, prices in NT$, quantities in shares (lots where the table says lots).
"""

from types import MappingProxyType
from typing import Final

from yunhai.kernel.clock import HOUR
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import MAPPING_CHARACTERS_MAX
from yunhai.market.importers.layouts import PRICE, Check, Field, Layout
from yunhai.market.importers.texts import is_code
from yunhai.market.lake.errors import MAPPING_WRONG
from yunhai.market.lake.tables import TABLES, TEXT

_PRICES: Final = frozenset(
    {
        "open",
        "high",
        "low",
        "close",
        "price",
        "close_before",
        "reference",
        "limit_up",
        "limit_down",
        "opening_base",
        "value",
    }
)
_OPTIONAL: Final = frozenset(
    {"value", "trades", "segment", "kind", "rights_value", "limit_up", "limit_down", "opening_base", "month_before",
     "year_before", "to_date", "to_date_year_before", "foreign_dealer_net", "margin_quota", "short_quota", "offset_lots"}
)  # fmt: skip
_KNOWN: Final = {
    "bars-1d": (0, 14 * HOUR),
    "flows": (0, 17 * HOUR),
    "margin": (0, 22 * HOUR),
    "exrights": (0, 8 * HOUR),
    "holders": (1, 12 * HOUR),
    "branches": (0, 18 * HOUR),
}
_CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "bars-1d": ("market-days", "bars"),
    "flows": ("market-days", "flow-totals"),
    "margin": ("market-days", "margin"),
    "exrights": ("prices",),
    "branches": ("market-days", "branches"),
}
MAPPED: Final = ("bars-1d", "flows", "margin", "revenue", "exrights", "holders", "branches")
"""Tables that a mapping may fill."""


def mapped(table: str, text: str, *, code: str = "") -> tuple[Layout, str]:
    """(layout, its options) of a mapping `target=column,…`. `code`: the security of a file that holds one and does not say.

    YunhaiError 7459.
    """
    if table not in MAPPED:
        raise _wrong(f"no table {table!r}, but {', '.join(MAPPED)}", f"沒有 {table!r}，只有 {', '.join(MAPPED)}")
    if len(text) > MAPPING_CHARACTERS_MAX:
        raise _wrong("too long", "過長")
    known = TABLES[table].columns
    fields: dict[str, Field] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        target, sign, column = (part.strip() for part in pair.partition("="))
        if not sign or not column or target not in known or target in fields:
            raise _wrong(
                f"{pair!r}: target=column, of {', '.join(known)}",
                f"{pair!r}：應為 目標=欄名，目標為 {', '.join(known)}",
            )
        fields[target] = _field(table, target, column, is_text=known[target] == TEXT)
    texts = {name: "" for name, kind in known.items() if name in _OPTIONAL and kind == TEXT and name not in fields}
    whole = {name: 0 for name, kind in known.items() if name in _OPTIONAL and kind != TEXT and name not in fields}
    if "segment" in texts:
        texts["segment"] = "board"
    if code:
        if not is_code(code) or "code" in fields:
            raise _wrong("the code is no code, or mapped as well", "代號不合格式，或已有對應")
        texts["code"] = code
    missing = [name for name in known if name not in fields and name not in texts and name not in whole]
    if missing:
        raise _wrong(f"nothing for {', '.join(missing)}", f"缺少 {', '.join(missing)}")
    layout = Layout(
        name="csv",
        version=1,
        zh="一般 CSV",
        en="plain CSV",
        table=TABLES[table],
        fields=MappingProxyType(fields),
        known="revenue" if table == "revenue" else _KNOWN[table],
        checks=_CHECKS.get(table, ()),
        texts=MappingProxyType(texts),
        whole=MappingProxyType(whole),
    )
    options = ",".join([table, *sorted(f"{target}={field.source}" for target, field in fields.items()), f"code={code}"])
    return layout, options


def _field(table: str, target: str, column: str, *, is_text: bool) -> Field:
    if target == "code":
        return Field(source=column, kind="code")
    if target == "start_ns":
        return Field(source=column, kind="month" if table == "revenue" else "date")
    if is_text:
        return Field(source=column, kind="text")
    decimals = PRICE if target in _PRICES else {"rights_value": 6, "share_bp": 2}.get(target, 0)
    return Field(source=column, decimals=decimals, blank=0 if target in _OPTIONAL else None)


def _wrong(english: str, chinese: str) -> YunhaiError:
    return YunhaiError(MAPPING_WRONG, reason=english, reason_zh=chinese)
