"""A rule pack as plain values and as labelled lines, for people, for JSON and for telling two packs apart."""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Final, NewType, Union, get_args, get_origin

from yunhai.exchange.rules.pack import RulePack, Setting
from yunhai.kernel.clock import TimeOfDay, time_text
from yunhai.kernel.money import Money, Price, Rate, decimal_text, rate_text

Plain = Any
"""What JSON holds: dict, list, str, int, bool or None."""
EMPTY: Final = "none 無"
"""An empty list, which is something else than a field that is not there."""

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
        "altered": "變更交易方法",
        "altered-periodic": "全額分盤",
        "cancel": "取消",
        "cancelled": "取消占比",
        "code": "代碼",
        "collect_again_seconds": "再收單秒數",
        "better_filled": "較優價須全數成交",
        "closing": "收盤",
        "currency": "幣別",
        "cycle": "間隔",
        "default": "預設值",
        "delay_seconds": "暫緩秒數",
        "disposition-first": "第一次處置",
        "disposition-second": "第二次處置",
        "effective": "生效",
        "ex_decimals": "除權息小數位",
        "fields": "欄位",
        "halt_seconds": "暫停秒數",
        "makes_prices": "計入開高低收",
        "match_seconds": "撮合間隔秒數",
        "minimum_price": "最低適用價",
        "name": "名稱",
        "not_modelled": "未涵蓋",
        "opening": "開盤",
        "opening_until": "開盤價適用至",
        "prepay_all": "全數預收",
        "prepay_day_lots": "單日累計預收張數",
        "prepay_order_lots": "單筆預收張數",
        "price_basis": "價格依據",
        "reason": "理由",
        "resting_price": "掛單市價之價格",
        "seconds": "秒數",
        "session": "盤中",
        "since": "起日",
        "test_from": "測試起",
        "tie_break": "同量取價",
        "utc_offset_minutes": "與世界時差分鐘",
        "what": "項目",
        "window_seconds": "均價秒數",
        "regular": "一般時段",
        "morning": "上午",
        "afternoon": "下午",
        "equal_distance": "等距取價",
        "candidates": "候選價",
        "volatility_fallback": "無成交時之中心價",
        "nearest_tick_tie": "檔位正中取向",
        "put_off_seconds": "延緩秒數",
        "second_delayed_close": "再次暫緩收盤",
        "fixed_price_match": "盤後定價撮合時刻",
        "treated_opening_match": "分盤證券開盤撮合",
        "altered_match_seconds": "全額分盤間隔秒數",
        "full_delivery_match_seconds": "全額交割間隔秒數",
        "corporate_bond_limit": "公司債漲跌幅",
        "tdr_tax": "存託憑證稅率",
        "random_rank": "隨機順序",
        "delayed_open_base": "暫緩開盤基數",
        "first_watched_trial": "首次測試之試撮",
        "treated_odd_lots": "分盤證券之零股",
        "no_limit_multiple": "無漲跌幅倍數",
        "no_limit_prices": "無漲跌幅檔數",
        "commission_rounding": "手續費進位",
        "commission_minimum": "最低手續費",
        "commission_minimum_odd_lot": "零股最低手續費",
        "tax_rounding": "證交稅進位",
        "stock": "普通股",
        "preferred": "特別股",
        "tdr": "存託憑證",
        "closed-end-fund": "封閉式基金",
        "etf": "國內成分ETF",
        "etf-foreign": "國外成分ETF",
        "etf-leveraged": "槓桿反向ETF",
        "etf-bond": "債券ETF",
        "etn": "ETN",
        "etn-foreign": "國外標的ETN",
        "reit": "不動產投資信託",
        "warrant-call": "認購權證",
        "warrant-put": "認售權證",
        "subscription-warrant": "認股權憑證",
        "convertible": "可轉換公司債",
        "bond-with-warrant": "附認股權公司債",
        "corporate-bond": "公司債",
        "government-bond": "公債",
        "foreign-bond": "外國債券",
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
    """Every field as (path, text); a tick table's step is one of them.

    Rows of a table go by their name, first kind, edge or date, not by their place.
    """
    if isinstance(values, dict):
        for key, part in values.items():
            yield from lines(part, (*path, key))
    elif isinstance(values, list) and values and isinstance(values[0], dict):
        for place, part in enumerate(values):
            row = (*path, _row_name(part, place))
            yield from [(row, part["tick"])] if set(part) == {"at", "tick"} else lines(part, row)
    elif isinstance(values, list):
        yield path, ", ".join(str(part) for part in values) or EMPTY
    else:
        yield path, str(values).lower() if isinstance(values, bool) else str(values)


def _row_name(row: dict[str, Plain], place: int) -> str:
    if "kinds" in row and "name" not in row:
        return str(row["kinds"][0])
    for key in ("name", "at", "since", "what"):
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
