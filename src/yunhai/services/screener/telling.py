"""A screen in people's words: every condition and value in Chinese and English, with its unit."""

from typing import Final

from yunhai.market.indicators import indicator
from yunhai.market.screener.expressions import COMPARISONS, Call, Name, Node, Number, Sign
from yunhai.market.screener.names import CROSSES, FUNCTIONS, indicator_request
from yunhai.services.screener.fields import BY_NAME

Told = tuple[str, str]
"""In Chinese and in English."""
_SIGNS: Final = {"<=": "≤", ">=": "≥", "!=": "≠", "-": "−", "*": "×", "/": "÷"}
_WORDS: Final = {"and": (" 且 ", " and "), "or": (" 或 ", " or ")}
_OVER: Final = {
    "prev": ("{n} 日前{x}", "{x} {n} sessions ago"),
    "mean": ("{n} 日平均{x}", "{n}-session mean of {x}"),
    "sum": ("{n} 日合計{x}", "{n}-session sum of {x}"),
    "highest": ("{n} 日最高的{x}", "{n}-session highest {x}"),
    "lowest": ("{n} 日最低的{x}", "{n}-session lowest {x}"),
    "always": ("連續 {n} 日{x}", "{n} sessions running {x}"),
}
_CROSSES: Final = {
    "cross_above": ("{a} 向上穿越 {b}", "{a} crosses above {b}"),
    "cross_below": ("{a} 向下穿越 {b}", "{a} crosses below {b}"),
}


def told(node: Node) -> Told:
    """A checked node in words."""
    match node:
        case Number():
            return str(node), str(node)
        case Name(name, _) if name in BY_NAME:
            return BY_NAME[name].zh, BY_NAME[name].en
        case Call(name, (part, sessions), _) if name in FUNCTIONS:
            of = _closed(part)
            zh, en = (words.format(n=sessions, x=x) for words, x in zip(_OVER[name], of, strict=True))
            return zh, en
        case Call(name, (left, right), _) if name in CROSSES:
            pairs = zip(_CROSSES[name], told(left), told(right), strict=True)
            zh, en = (words.format(a=a, b=b) for words, a, b in pairs)
            return zh, en
        case Name() | Call():
            return _indicator(node)
        case Sign("not", (part,), _):
            zh, en = told(part)
            return f"不符「{zh}」", f"not ({en})"
        case Sign(sign, (part,), _):
            zh, en = _closed(part)
            return f"{_SIGNS[sign]}{zh}", f"{_SIGNS[sign]}{en}"
        case Sign(sign, parts, _):
            between = _WORDS.get(sign, (f" {_SIGNS.get(sign, sign)} ",) * 2)
            every = [_closed(part) if _nests(part, sign) else told(part) for part in parts]
            return between[0].join(zh for zh, _ in every), between[1].join(en for _, en in every)
    raise AssertionError(node)


def _nests(part: Node, within: str) -> bool:
    """Whether a part needs brackets: comparisons within `and` and `or` read well without."""
    return isinstance(part, Sign) and not (within in _WORDS and part.sign in COMPARISONS)


def _closed(part: Node) -> Told:
    zh, en = told(part)
    return (f"（{zh}）", f"({en})") if isinstance(part, Sign) and part.sign not in COMPARISONS else (zh, en)


def _indicator(node: Name | Call) -> Told:
    numbers = tuple(part.value for part in node.arguments if isinstance(part, Number)) if isinstance(node, Call) else ()
    asked, output = indicator_request(node.name, numbers, node.at)
    known = indicator(asked.name)
    given = ",".join(str(Number(float(value), 0)) for _, value in asked.parameters if not isinstance(value, str))
    label = f"{asked.name}({given})" if given else asked.name
    if len(known.outputs) == 1:
        return label, label
    zh = next(one.zh for one in known.outputs if one.name == output)
    return f"{label} {zh}", f"{label} {output.upper() if len(output) == 1 else output}"


def unit_of(node: Node) -> str:
    """A value's unit, "" of a pure number or an indicator."""
    match node:
        case Name(name, _) if name in BY_NAME:
            return BY_NAME[name].unit
        case Call(name, (part, _), _) if name in FUNCTIONS:
            return unit_of(part)
        case Sign("+" | "-", (part, *_), _):
            return unit_of(part)
        case _:
            return ""
