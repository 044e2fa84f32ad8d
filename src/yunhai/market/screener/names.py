"""The words of screens: columns, functions, indicators, and Chinese names for the usual ones.

| name | what |
| --- | --- |
| `open high low close` | the session's prices, NT$, as they were traded |
| `reference change` | the day's reference (close before, or an ex-right event's), and the close from it in % |
| `volume value` | shares; NT$ (0 where the source does not tell) |
| `foreign_net trust_net dealer_net total_net` | institutional net buying of the session, shares |
| `margin_balance short_balance margin_change short_change` | lots 張 at the session's end; from the session before |
| `revenue` | of the newest known month, NT$1,000 |
| `revenue_growth revenue_month_growth revenue_to_date_growth` | % from a year, a month, the year to date before |

A value that is not known makes its comparison false.
"""

from types import MappingProxyType
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.market.indicators import Request, indicator, request
from yunhai.market.lake.errors import SCREEN_WRONG

BAR_COLUMNS: Final = ("open", "high", "low", "close", "volume", "value")
FLOW_COLUMNS: Final = ("foreign_net", "foreign_dealer_net", "trust_net", "dealer_net", "total_net")
MARGIN_COLUMNS: Final = ("margin_balance", "short_balance", "margin_change", "short_change")
REVENUE_COLUMNS: Final = ("revenue", "revenue_growth", "revenue_month_growth", "revenue_to_date_growth")
DERIVED: Final = ("reference", "change")
COLUMNS: Final = frozenset((*BAR_COLUMNS, *FLOW_COLUMNS, *MARGIN_COLUMNS, *REVENUE_COLUMNS, *DERIVED))

FUNCTIONS: Final = frozenset({"prev", "mean", "sum", "highest", "lowest", "always"})
"""Of a value and a number of sessions: n sessions before; over the last n. `always`: a condition that held in each of them."""
BOOLEAN: Final = frozenset({"always"})
CROSSES: Final = frozenset({"cross_above", "cross_below"})
"""The first was not beyond the second one session before, and is now."""

ALIASES: Final = MappingProxyType(
    {
        "開盤": "open",
        "最高": "high",
        "最低": "low",
        "收盤": "close",
        "收盤價": "close",
        "參考價": "reference",
        "漲跌幅": "change",
        "成交量": "volume",
        "成交金額": "value",
        "外資買賣超": "foreign_net",
        "外資自營商買賣超": "foreign_dealer_net",
        "投信買賣超": "trust_net",
        "自營商買賣超": "dealer_net",
        "三大法人買賣超": "total_net",
        "融資餘額": "margin_balance",
        "融券餘額": "short_balance",
        "融資增減": "margin_change",
        "融券增減": "short_change",
        "月營收": "revenue",
        "營收年增率": "revenue_growth",
        "營收月增率": "revenue_month_growth",
        "累計營收年增率": "revenue_to_date_growth",
    }
)


def indicator_request(name: str, numbers: tuple[float, ...], at: int) -> tuple[Request, str]:
    """(request, output) of an indicator written as `name` or `name.output`, its parameters in the registry's order.

    YunhaiError 7457 no such name or too many parameters, 7701, 7702, 7709 as of the registry.
    """
    base, _, output = name.partition(".")
    try:
        known = indicator(base.upper())
    except YunhaiError:
        raise YunhaiError(SCREEN_WRONG, at=at + 1, reason=f"no name {name!r}", reason_zh=f"沒有名稱 {name!r}") from None
    outputs = {each.name.lower(): each.name for each in known.outputs}
    if output and output not in outputs:
        listed = ", ".join(outputs)
        raise YunhaiError(
            SCREEN_WRONG,
            at=at + 1,
            reason=f"{base} has {listed}, not {output}",
            reason_zh=f"{base} 只有 {listed}，沒有 {output}",
        )
    if len(numbers) > len(known.parameters):
        most = len(known.parameters)
        raise YunhaiError(
            SCREEN_WRONG, at=at + 1, reason=f"{base} takes {most} numbers", reason_zh=f"{base} 只有 {most} 個參數"
        )
    given: dict[str, object] = {}
    for parameter, value in zip(known.parameters, numbers, strict=False):
        given[parameter.name] = value if parameter.kind == "real" else int(value) if value == int(value) else value
    return request(known.name, given), outputs[output] if output else known.outputs[0].name
