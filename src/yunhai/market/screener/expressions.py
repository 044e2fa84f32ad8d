"""A screen as written, and as a tree.

    close > 50 and change >= 3 and kd.k(9,3,3) > kd.d(9,3,3)
    and cross_above(sma(5), sma(20)) and revenue_growth > 20 and sum(foreign_net, 5) > 0

Grammar, loosest first: `or` · `and` · `not` · one comparison (< <= > >= = !=) · + - · * / · a sign · a number, a name, a
function, brackets. A name is a column of `yunhai.market.screener.names`, or an indicator of the registry with its first
output; `name.output(…)` another one. The same as a JSON tree: a number, a name, or [sign or function, argument, …].

Every node knows the character it began at, so that a refusal can say where (7457).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_CHARACTERS_MAX, SCREEN_DEPTH_MAX, SCREEN_INDICATORS_MAX, SCREEN_NODES_MAX
from yunhai.market.lake.errors import SCREEN_WRONG
from yunhai.market.screener.names import ALIASES, BOOLEAN, COLUMNS, CROSSES, FUNCTIONS, indicator_request

COMPARISONS: Final = ("<", "<=", ">", ">=", "=", "!=")
SUMS: Final = ("+", "-")
PRODUCTS: Final = ("*", "/")
_TOKEN: Final = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([^\W\d][\w.]*)|(<=|>=|!=|==|[<>=()+\-*/,]))")
_NUMBER_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    at: int

    def __str__(self) -> str:
        """Without an exponent, which the language has not."""
        return f"{Decimal(repr(self.value)).normalize():f}"


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str
    at: int

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an indicator. `name` in lower case; `arguments` of an indicator are numbers."""

    name: str
    arguments: tuple["Node", ...]
    at: int

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Sign:
    """A comparison, `and`, `or`, `not`, or arithmetic; `-` of one part is a sign."""

    sign: str
    parts: tuple["Node", ...]
    at: int

    def __str__(self) -> str:
        shown = [f"({part})" if isinstance(part, Sign) and part.sign != "not" else str(part) for part in self.parts]
        return f"{self.sign} {shown[0]}" if len(shown) == 1 else f" {self.sign} ".join(shown)


Node = Number | Name | Call | Sign


def refuse(at: int, english: str, chinese: str) -> YunhaiError:
    return YunhaiError(SCREEN_WRONG, at=at + 1, reason=english, reason_zh=chinese)


def parse(text: str) -> Node:
    """A screen from its text, checked. YunhaiError 7457, 7700-7702 (indicators)."""
    parser = _Parser(_tokens(text), len(text.rstrip()))
    return checked(parser.whole())


def conditions(text: str) -> tuple[str, ...]:
    """The conditions that `and` joins outside brackets, each as it is written. YunhaiError as `parse`."""
    parse(text)
    depth, cuts = 0, []
    for kind, word, at in _tokens(text):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if not depth and kind == "name" and word.lower() == "or":
            return (text.strip(),)
        if not depth and kind == "name" and word.lower() == "and":
            cuts.append(at)
    begins = [0, *(at + len("and") for at in cuts)]
    return tuple(text[begin:end].strip() for begin, end in zip(begins, [*cuts, len(text)], strict=True))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, word, where it begins) one after the other."""
    if len(text) > SCREEN_CHARACTERS_MAX:
        raise refuse(SCREEN_CHARACTERS_MAX, "too long", "過長")
    tokens: list[tuple[str, str, int]] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None:
            at += len(stripped[at:]) - len(stripped[at:].lstrip())
            raise refuse(at, f"{stripped[at : at + 8]!r} is no part of a screen", f"{stripped[at : at + 8]!r} 無法解讀")
        kind = ("number", "name", "sign")[(found.lastindex or 1) - 1]
        word = found[found.lastindex or 1]
        tokens.append((kind, word, found.start(found.lastindex or 1)))
        at = found.end()
    if len(tokens) > 4 * SCREEN_NODES_MAX:
        raise refuse(at, "too many parts", "條件過多")
    return tokens


class _Parser:
    """Recursive descent; one level of brackets or functions deeper at most `SCREEN_DEPTH_MAX` times."""

    def __init__(self, tokens: list[tuple[str, str, int]], end: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._end = end
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._place < len(self._tokens):
            _, word, at = self._tokens[self._place]
            raise refuse(at, f"{word!r} is one too many", f"{word!r} 多餘")
        return node

    def _peek(self, *words: str) -> str:
        if self._place < len(self._tokens):
            kind, word, _ = self._tokens[self._place]
            if kind != "number" and word.lower() in words:
                return word.lower()
        return ""

    def _at(self) -> int:
        return self._tokens[self._place][2] if self._place < len(self._tokens) else self._end

    def _take(self, word: str) -> None:
        if not self._peek(word):
            raise refuse(self._at(), f"{word!r} is missing", f"缺少 {word!r}")
        self._place += 1

    def _chain(self, words: tuple[str, ...], below: "type[object] | None", read: str) -> Node:
        node: Node = getattr(self, read)()
        links = 0
        while word := self._peek(*words):
            at = self._at()
            links += 1
            if 2 * links > SCREEN_NODES_MAX:  # more would be refused at the end, after a tree as deep was walked
                raise refuse(at, "too many parts", "條件過多")
            self._place += 1
            right: Node = getattr(self, read)()
            if isinstance(node, Sign) and node.sign == word and word in ("and", "or"):
                node = Sign(word, (*node.parts, right), node.at)
            else:
                node = Sign(word, (node, right), at)
        return node

    def _either(self) -> Node:
        return self._chain(("or",), None, "_both")

    def _both(self) -> Node:
        return self._chain(("and",), None, "_negated")

    def _negated(self) -> Node:
        if self._peek("not"):
            at = self._at()
            self._deeper()
            self._place += 1
            node = Sign("not", (self._negated(),), at)
            self._depth -= 1
            return node
        left = self._sum()
        word = self._peek("==", *COMPARISONS)
        if not word:
            return left
        at = self._at()
        self._place += 1
        right = self._sum()
        if self._peek("==", *COMPARISONS):
            raise refuse(self._at(), "one comparison at a time: use `and`", "一次只能一個比較，請用 and")
        return Sign("=" if word == "==" else word, (left, right), at)

    def _sum(self) -> Node:
        return self._chain(SUMS, None, "_product")

    def _product(self) -> Node:
        return self._chain(PRODUCTS, None, "_signed")

    def _signed(self) -> Node:
        if self._peek("-"):
            at = self._at()
            self._deeper()
            self._place += 1
            node = Sign("-", (self._signed(),), at)
            self._depth -= 1
            return node
        return self._value()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > SCREEN_DEPTH_MAX:
            raise refuse(self._at(), "too many brackets within brackets", "括號層數過多")

    def _value(self) -> Node:
        if self._place >= len(self._tokens):
            raise refuse(self._end, "something is missing at the end", "結尾不完整")
        kind, word, at = self._tokens[self._place]
        if self._peek("("):
            self._deeper()
            self._place += 1
            node = self._either()
            self._take(")")
            self._depth -= 1
            return node
        if kind == "sign" or word.lower() in ("and", "or", "not"):
            raise refuse(at, f"a value is wanted, not {word!r}", f"此處應為數值，不是 {word!r}")
        self._place += 1
        if kind == "number":
            return Number(float(word[:_NUMBER_DIGITS]), at)
        name = ALIASES.get(word, word.lower())
        if not self._peek("("):
            return Name(name, at)
        self._deeper()
        self._place += 1
        arguments: list[Node] = []
        while not self._peek(")"):
            if arguments:
                self._take(",")
            arguments.append(self._either())
        self._take(")")
        self._depth -= 1
        return Call(name, tuple(arguments), at)


def parse_tree(tree: object) -> Node:
    """A screen from a JSON tree, checked. YunhaiError 7457, 7700-7702."""
    return checked(_from_tree(tree, 0))


def _from_tree(tree: object, depth: int) -> Node:
    if depth > SCREEN_DEPTH_MAX:
        raise refuse(0, "too deep", "層數過多")
    match tree:
        case bool():
            pass
        case int() | float() if abs(tree) < 10**_NUMBER_DIGITS:
            return Number(float(tree), 0)
        case str():
            return Name(ALIASES.get(tree, tree.lower())[:SCREEN_CHARACTERS_MAX], 0)
        case [str(head), *rest] if len(rest) <= SCREEN_NODES_MAX:
            parts = tuple(_from_tree(part, depth + 1) for part in rest)
            word = "=" if head == "==" else head.lower()
            counts = {"not": (1, 1), "-": (1, 2), "+": (2, 2), "*": (2, 2), "/": (2, 2), "and": (2, 99), "or": (2, 99)}
            least, most = counts.get(word, (2, 2) if word in COMPARISONS else (-1, -1))
            if least >= 0:
                if not least <= len(parts) <= most:
                    raise refuse(0, f"{word!r} does not take {len(parts)} parts", f"{word!r} 的項數不對")
                return Sign(word, parts, 0)
            return Call(ALIASES.get(head, word), parts, 0)
        case _:
            pass
    raise refuse(0, "a number, a name or [sign, part, …] is wanted", "應為數字、名稱或 [符號, 項, …]")


def checked(node: Node) -> Node:
    """The tree, if every name is known, every function has its arguments and the whole is a condition. YunhaiError as `parse`."""
    if _count(node) > SCREEN_NODES_MAX:
        raise refuse(0, "too many parts", "條件過多")
    if not _is_condition(node):
        raise refuse(node.at, "a comparison is wanted", "此處應為比較")
    asked: dict[str, int] = {}
    for name, at in _indicators(node):
        asked.setdefault(name, at)
        if len(asked) > SCREEN_INDICATORS_MAX:
            raise refuse(at, f"more than {SCREEN_INDICATORS_MAX} indicators", f"指標超過 {SCREEN_INDICATORS_MAX} 個")
    return node


def _indicators(node: Node) -> Iterator[tuple[str, int]]:
    """Every indicator as it is written, and where; its outputs come from one computation."""
    match node:
        case Name(name, at) if name not in COLUMNS:
            yield name.partition(".")[0], at
        case Call(name, arguments, at) if name not in FUNCTIONS and name not in CROSSES:
            yield f"{name.partition('.')[0]}({', '.join(map(str, arguments))})", at
        case Call(_, parts, _) | Sign(_, parts, _):
            for part in parts:
                yield from _indicators(part)
        case _:
            pass


def _count(node: Node) -> int:
    parts = node.arguments if isinstance(node, Call) else node.parts if isinstance(node, Sign) else ()
    return 1 + sum(_count(part) for part in parts)


def _is_condition(node: Node) -> bool:
    """Whether a node is true or false; its parts are checked on the way."""
    match node:
        case Number():
            return False
        case Name(name, at):
            if name not in COLUMNS:
                indicator_request(name, (), at)
            return False
        case Call():
            return _checked_call(node)
        case Sign(sign, parts, _):
            wants_conditions = sign in ("and", "or", "not")
            for part in parts:
                if _is_condition(part) != wants_conditions:
                    if wants_conditions:
                        raise refuse(part.at, "a comparison is wanted", "此處應為比較")
                    raise refuse(part.at, "a value is wanted", "此處應為數值")
            return wants_conditions or sign in COMPARISONS
    raise AssertionError


def _checked_call(node: Call) -> bool:
    arguments = node.arguments
    if node.name in CROSSES:
        if len(arguments) != 2 or any(_is_condition(part) for part in arguments):
            raise refuse(node.at, f"{node.name} takes two values", f"{node.name} 需要兩個數值")
        return True
    if node.name in FUNCTIONS:
        if len(arguments) != 2 or _is_condition(arguments[0]) is not (node.name in BOOLEAN):
            raise refuse(node.at, f"{node.name} takes a value and sessions", f"{node.name} 需要一個數值與日數")
        whole(arguments[1])
        return node.name == "always"
    numbers = []
    for part in arguments:
        if not isinstance(part, Number):
            raise refuse(part.at, f"{node.name} takes numbers", f"{node.name} 的參數應為數字")
        numbers.append(part.value)
    indicator_request(node.name, tuple(numbers), node.at)
    return False


def whole(node: Node) -> int:
    """A number of sessions. YunhaiError 7457."""
    from yunhai.kernel.limits import SCREEN_PERIOD_MAX

    if not isinstance(node, Number) or node.value != int(node.value) or not 1 <= node.value <= SCREEN_PERIOD_MAX:
        raise refuse(node.at, f"sessions are 1 to {SCREEN_PERIOD_MAX}", f"日數為 1 至 {SCREEN_PERIOD_MAX}")
    return int(node.value)
