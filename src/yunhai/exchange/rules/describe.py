"""A rule pack as plain values and as labelled lines, for people, for JSON and for telling two packs apart."""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin

from yunhai.exchange.rules.pack import RulePack, Setting
from yunhai.kernel.clock import TimeOfDay, time_text
from yunhai.kernel.money import Money, Price, Rate, decimal_text, rate_text

Plain = Any
"""What JSON holds: dict, list, str, int, bool or None."""

LABELS: Mapping[str, str] = types.MappingProxyType(
    {
        "actions": "變更",
        "auction": "集合競價",
        "based_on": "依據",
        "board": "整股",
        "branch": "分公司",
        "broker_cash_by": "券商款項時限",
        "broker_securities_by": "券商證券時限",
        "centre": "中心價",
        "business_days": "營業日數",
        "collect": "收單",
        "commission": "手續費率",
        "confidence": "可信度",
        "continuous": "逐筆",
        "customer_by": "客戶時限",
        "cycles": "撮合間隔",
        "day_trade": "當沖",
        "day_trade_share": "當沖占比",
        "days": "日數",
        "deferral": "延緩撮合",
        "delay": "暫緩",
        "down": "跌幅",
        "effective_from": "生效",
        "effective_to": "失效",
        "fees": "費用",
        "first_match": "首次撮合",
        "fixed_price": "盤後定價",
        "halted": "暫停",
        "head_office": "總公司",
        "hedge": "權證避險",
        "id": "代號",
        "kinds": "種類",
        "limits": "漲跌幅",
        "longer": "延長",
        "lot": "交易單位",
        "market": "市場",
        "market_orders": "市價委託",
        "match": "撮合方式",
        "max_quantity": "單筆上限",
        "move": "幅度",
        "name_en": "英文名",
        "name_zh": "中文名",
        "new_listing": "初次上市",
        "odd_lot": "盤中零股",
        "odd_lot_after": "盤後零股",
        "order_caps": "委託額度管制",
        "orders": "委託種類",
        "phase": "時段",
        "rank": "優先順序",
        "rate": "稅率",
        "reference": "參考價",
        "rule": "規則",
        "segments": "交易時段",
        "setting": "所依設定",
        "settings": "設定",
        "settlement": "交割",
        "source": "來源",
        "spans": "時程",
        "start": "開始",
        "end": "結束",
        "steps": "級距",
        "taxes": "證交稅",
        "tick": "檔位",
        "ticks": "升降單位",
        "treatments": "處置與變更交易",
        "trial_from": "試撮開始",
        "trial_seconds": "試撮間隔",
        "until": "截止",
        "up": "漲幅",
        "value": "值",
        "version": "版本",
        "volatility": "瞬間價格穩定",
    }
)
"""Taiwan's term of a field; a field without one goes by its own name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two packs have differently; None = that pack lacks it."""

    path: str
    label: str
    first: str | None
    second: str | None


def plain(pack: RulePack) -> dict[str, Plain]:
    """The pack in the file's own spelling: decimals as strings, rates with %, times as HH:MM, words as words."""
    made = _plain(RulePack, pack)
    assert isinstance(made, dict)
    return made


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _plain(hint: Any, value: object) -> Plain:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        return _plain(hint, value)
    if isinstance(value, tuple):
        return [_plain(get_args(hint)[0], part) for part in value]
    if isinstance(value, Mapping):
        return {str(getattr(key, "value", key)): _plain(get_args(hint)[1], part) for key, part in value.items()}
    if is_dataclass(value):
        kind: type = type(value)
        hints = _hints(kind)
        inner = get_args(hint)[0] if isinstance(value, Setting) else None
        return {
            field.name: _plain(inner if isinstance(hints[field.name], typing.TypeVar) else hints[field.name], part)
            for field in fields(value)
            if (part := getattr(value, field.name)) is not None
        }
    return _scalar(hint, value)


def _scalar(hint: Any, value: object) -> Plain:
    if isinstance(hint, NewType) and isinstance(value, int):
        if hint is TimeOfDay:
            return time_text(value)
        if hint in (Price, Money):
            return decimal_text(value)
        return rate_text(value) if hint is Rate else value
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def on_day(values: dict[str, Plain], day: date) -> dict[str, Plain]:
    """The plain pack with its dated rows (taxes, cycles) cut to those in force on `day`."""
    text = day.isoformat()
    made = dict(values)
    made["taxes"] = [
        tax for tax in values["taxes"] if tax["since"] <= text and ("until" not in tax or text <= tax["until"])
    ]
    made["segments"] = {}
    for name, segment in values["segments"].items():
        spans = []
        for span in segment["spans"]:
            cycles = [cycle for cycle in span["cycles"] if cycle["since"] <= text]
            spans.append(span | {"cycles": cycles[-1:]})
        made["segments"][name] = segment | {"spans": spans}
    return made


def lines(values: Plain, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every field as (path, text). Rows of a table go by their name, first kind, edge or date, not by their place."""
    if isinstance(values, dict):
        for key, part in values.items():
            yield from lines(part, (*path, key))
    elif isinstance(values, list) and values and isinstance(values[0], dict):
        for place, part in enumerate(values):
            yield from lines(part, (*path, _row_name(part, place)))
    elif isinstance(values, list):
        yield path, ", ".join(str(part) for part in values)
    else:
        yield path, str(values)


def _row_name(row: dict[str, Plain], place: int) -> str:
    if "kinds" in row and "name" not in row:
        return str(row["kinds"][0])
    for key in ("name", "at", "since"):
        if key in row:
            return str(row[key])
    return str(place)


def label(path: tuple[str, ...]) -> str:
    """The path in Taiwan's terms."""
    return "．".join(LABELS.get(part, part) for part in path)


def differences(first: RulePack, second: RulePack) -> list[Difference]:
    """Field by field, in the first pack's order and then what only the second has."""
    one, two = dict(lines(plain(first))), dict(lines(plain(second)))
    paths = list(one) + [path for path in two if path not in one]
    return [
        Difference(".".join(path), label(path), one.get(path), two.get(path))
        for path in paths
        if one.get(path) != two.get(path)
    ]
