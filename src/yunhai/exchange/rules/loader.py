"""Reads a rule pack from bytes, strictly.

The file's tables must have exactly the fields of the dataclasses in `pack`: an unknown key, a missing one, a wrong
type or a value outside its choice is refused with the line it stands on (errors 2001-2009), and `check` then refuses
what contradicts itself. Nothing is guessed and nothing is ignored.

A pack may say `based_on = "other"` and then states only its differences: tables are merged key by key, arrays and
values replaced, and the paths listed in `omit` are taken out of the base first.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, time
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin

from yunhai.exchange.rules.check import check_pack
from yunhai.exchange.rules.lines import Path, Places
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.reasons import refusal
from yunhai.exchange.rules.source import toml_document
from yunhai.kernel.clock import FIRST_DATE, LAST_DATE, TimeOfDay, ns_of
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    PACK_BASES_MAX,
    PACK_BYTES_MAX,
    PACK_INTEGER_MAX,
    PACK_ROWS_MAX,
    PACK_TEXT_CHARACTERS_MAX,
    QUANTITY_MAX,
)
from yunhai.kernel.money import Money, Price, Quantity, Rate, money_of, price_of, rate_of

Base = Callable[[str], bytes | None]
"""Gives the bytes of the pack with that id, None if there is none."""


def load_pack(data: bytes, *, base: Base | None = None) -> RulePack:
    """A checked pack from a file's bytes. YunhaiError 2001-2009 with `line` and `reason`."""
    document, text = toml_document(data, limit=PACK_BYTES_MAX)
    places = Places(text)
    merged = _with_base(document, places, base, depth=0)
    decoder = _Decoder(places)
    pack = decoder.table(RulePack, merged, ())
    assert isinstance(pack, RulePack)
    check_pack(pack, places.line)
    return pack


def _with_base(document: dict[str, Any], places: Places, base: Base | None, *, depth: int) -> dict[str, Any]:
    name = document.get("based_on")
    omitted = document.pop("omit", [])
    if not isinstance(omitted, list) or not all(isinstance(path, str) for path in omitted):
        raise refusal(2006, line=places.line(("omit",)), key="omit", reason="an array of strings is wanted")
    if name is None:
        if omitted:
            raise refusal(2008, line=places.line(("omit",)), key="omit", reason="there is no based_on")
        return document
    line = places.line(("based_on",))
    if not isinstance(name, str):
        raise refusal(2006, line=line, key="based_on", reason="a string is wanted")
    data = base(name) if base else None
    if data is None or depth >= PACK_BASES_MAX:
        raise YunhaiError(2009, line=line, base=name)
    below, text = toml_document(data, limit=PACK_BYTES_MAX)
    below = _with_base(below, Places(text), base, depth=depth + 1)
    for path in omitted:
        _remove(below, path, places.line(("omit",)))
    return _merged(below, document)


def _remove(document: dict[str, Any], path: str, line: int) -> None:
    *above, last = path.split(".")
    table: Any = document
    for part in above:
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        raise refusal(2007, line=line, key="omit", reason=f"the base has no {path}")
    del table[last]


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


class _Decoder:
    """Turns plain TOML values into the dataclasses, following their type hints."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def refuse(self, code: int, path: Path, reason: str = "") -> YunhaiError:
        key = ".".join(str(part) for part in path)
        line = self.places.line(path)
        return refusal(code, line=line, key=key, reason=reason) if reason else YunhaiError(code, line=line, key=key)

    def table(self, kind: type, value: object, path: Path, hint: object = None) -> object:
        if not isinstance(value, dict):
            raise self.refuse(2006, path, "a table is wanted")
        hints = _hints(kind)
        parameter = get_args(hint)[0] if hint is not None and get_args(hint) else None
        known = {field.name for field in fields(kind)}
        for key in value:
            if key not in known:
                raise self.refuse(2004, (*path, key))
        made = {}
        for field in fields(kind):
            place = (*path, field.name)
            if field.name in value:
                wanted = parameter if isinstance(hints[field.name], typing.TypeVar) else hints[field.name]
                made[field.name] = self.value(wanted, value[field.name], place)
            elif field.default is MISSING:
                raise self.refuse(2005, place)
        return kind(**made)

    def value(self, hint: Any, value: object, path: Path) -> object:
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            (hint,) = (part for part in get_args(hint) if part is not type(None))
            return self.value(hint, value, path)
        if origin is tuple:
            if not isinstance(value, list):
                raise self.refuse(2006, path, "an array is wanted")
            if len(value) > PACK_ROWS_MAX:
                raise self.refuse(2007, path, f"more than {PACK_ROWS_MAX} elements")
            return tuple(self.value(get_args(hint)[0], part, (*path, place)) for place, part in enumerate(value))
        if origin is Mapping:
            return self.mapping(hint, value, path)
        if isinstance(origin, type) and is_dataclass(origin):
            return self.table(origin, value, path, hint)
        if isinstance(hint, type) and is_dataclass(hint):
            return self.table(hint, value, path)
        return self.scalar(hint, value, path)

    def mapping(self, hint: Any, value: object, path: Path) -> Mapping[object, object]:
        if not isinstance(value, dict):
            raise self.refuse(2006, path, "a table of tables is wanted")
        key_hint, value_hint = get_args(hint)
        made: dict[object, object] = {}
        for key, part in value.items():
            place = (*path, key)
            try:
                name = key_hint(key) if issubclass(key_hint, Enum) else key
            except ValueError:
                raise self.refuse(2004, place) from None
            made[name] = self.value(value_hint, part, place)
        return types.MappingProxyType(made)

    def scalar(self, hint: Any, value: object, path: Path) -> object:
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self.word(hint, value, path)
        if isinstance(hint, NewType):
            return self.number(hint, value, path)
        if type(value) is not hint:
            raise self.refuse(2006, path, f"{_WANTED[hint]} is wanted")
        if isinstance(value, date) and not FIRST_DATE <= value <= LAST_DATE:
            raise self.refuse(2007, path, f"a date from {FIRST_DATE} to {LAST_DATE} is wanted")
        long = isinstance(value, str) and len(value) > PACK_TEXT_CHARACTERS_MAX
        if isinstance(value, str) and (long or not value.strip() or not value.isprintable()):
            raise self.refuse(2007, path, f"1 to {PACK_TEXT_CHARACTERS_MAX} printable characters are wanted")
        if type(value) is int and not 0 <= value <= PACK_INTEGER_MAX:
            raise self.refuse(2007, path, "the number is out of bounds")
        return value

    def word(self, hint: type[Enum], value: object, path: Path) -> Enum:
        choices = ", ".join(str(word.value) for word in hint)
        if not isinstance(value, str):
            raise self.refuse(2006, path, f"one of {choices} is wanted")
        try:
            return hint(value)
        except ValueError:
            raise self.refuse(2007, path, f"one of {choices} is wanted") from None

    def number(self, hint: NewType, value: object, path: Path) -> int:
        if hint is TimeOfDay:
            if type(value) is not time or value.tzinfo is not None:
                raise self.refuse(2006, path, "a local time such as 09:00:00 is wanted")
            return ns_of(value)
        if hint is Quantity:
            if type(value) is not int:
                raise self.refuse(2006, path, "a whole number is wanted")
            if not 0 <= value <= QUANTITY_MAX:
                raise self.refuse(2007, path, "the number is out of bounds")
            return value
        read, wanted = _DECIMALS[hint]
        if not isinstance(value, str):
            raise self.refuse(2006, path, f"{wanted} is wanted, as a string")
        try:
            return read(value)
        except YunhaiError as error:
            raise self.refuse(2007, path, error.text()) from None


_WANTED: Mapping[object, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    date: "a date such as 2026-01-02",
}
_DECIMALS: Mapping[object, tuple[Callable[[str], int], str]] = {
    Price: (price_of, 'a price such as "101.5"'),
    Money: (money_of, 'an amount such as "20"'),
    Rate: (rate_of, 'a percentage such as "3.5%"'),
}
