"""Reads the overlays of instruments and of closures from bytes (errors 2001-2003 and 2302, with the line)."""

from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

from yunhai.exchange.calendar import Closure
from yunhai.exchange.instruments import Instrument, LimitException, Overlay, multiple_of
from yunhai.exchange.rules.lines import Path, Places
from yunhai.exchange.rules.source import toml_document
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import OVERLAY_BYTES_MAX

_MARKETS = ("TWSE", "TPEX")


class _Reader:
    def __init__(self, data: bytes, tables: tuple[str, ...]) -> None:
        self.document, text = toml_document(data, limit=OVERLAY_BYTES_MAX)
        self.places = Places(text)
        for key in self.document:
            if key not in tables:
                raise self.refuse((key,), f"unknown table {key}")

    def refuse(self, path: Path, reason: str) -> YunhaiError:
        return YunhaiError(2302, line=self.places.line(path), reason=reason)

    def tables(self, name: str, fields: dict[str, type]) -> Iterator[tuple[Path, dict[str, Any]]]:
        tables = self.document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.refuse((name,), f"[[{name}]] tables are wanted")
        for place, table in enumerate(tables):
            path = (name, place)
            for key in table:
                if key not in fields:
                    raise self.refuse((*path, key), f"unknown key {key}")
            for key, kind in fields.items():
                if type(table.get(key)) is not kind:
                    raise self.refuse((*path, key), f"{key} is missing or not of type {kind.__name__}")
            yield path, table

    def texts(self, path: Path, values: list[Any]) -> list[str]:
        for place, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise self.refuse((*path, place), "a text is wanted")
        return values


def load_overlay(data: bytes, day: date) -> Overlay:
    """What the overlay says of `day`: statements dated later are left out."""
    reader = _Reader(data, ("instruments", "foreign", "exceptions"))
    instruments: dict[str, Instrument] = {}
    for path, table in reader.tables("instruments", {"since": date, "market": str, "rows": list}):
        if table["market"] not in _MARKETS:
            raise reader.refuse((*path, "market"), f"one of {', '.join(_MARKETS)} is wanted")
        for place, row in enumerate(table["rows"]):
            made = _instrument(reader, (*path, "rows", place), row, table["market"])
            if made.code in instruments:
                raise reader.refuse((*path, "rows", place), f"{made.code} stands twice")
            if table["since"] <= day:
                instruments[made.code] = made
    foreign: set[str] = set()
    words: list[str] = []
    domestic: set[str] = set()
    for path, table in reader.tables("foreign", {"since": date, "codes": list, "words": list, "domestic": list}):
        parts = [reader.texts((*path, key), table[key]) for key in ("codes", "words", "domestic")]
        if table["since"] <= day:
            foreign.update(parts[0])
            words.extend(parts[1])
            domestic.update(parts[2])
    exceptions: dict[str, LimitException] = {}
    for path, table in reader.tables("exceptions", {"day": date, "rule": str, "codes": list, "reason": str}):
        for code in reader.texts((*path, "codes"), table["codes"]):
            if table["day"] == day:
                exceptions[code] = LimitException(rule=table["rule"], reason=table["reason"])
    return Overlay(
        instruments=MappingProxyType(instruments),
        foreign=frozenset(foreign),
        foreign_words=tuple(words),
        domestic=frozenset(domestic),
        exceptions=MappingProxyType(exceptions),
    )


def _instrument(reader: _Reader, path: Path, row: object, market: str) -> Instrument:
    if not isinstance(row, list) or len(row) != 3:
        raise reader.refuse(path, "a row of code, name and kind is wanted")
    code, name, kind = reader.texts(path, row)
    try:
        return Instrument(code=code, name=name, market=market, kind=SecurityKind(kind), multiple=multiple_of(code))
    except ValueError:
        raise reader.refuse(path, f"{kind} is not a kind of security") from None


def load_closures(data: bytes) -> tuple[Closure, ...]:
    """The closures, as they stand in the file."""
    reader = _Reader(data, ("closed",))
    return tuple(
        Closure(day=table["day"], reason=table["reason"])
        for _, table in reader.tables("closed", {"day": date, "reason": str})
    )
