"""The numbered list of everything that can be refused, and the one exception that carries a number.

An error is a number with a name, texts in zh-Hant and English and what to do about it. Code raises
`YunhaiError(2003, line=12, reason="…")`; pages, commands and the exchange's answers read everything else from
the registry, so that a number means one thing everywhere and no text is written twice.

Areas own ranges: 1xxx the book and its engine (numbers fixed in docs/reference/records.md), 2xxx rules and
instruments (both below), 3xxx journal, 4xxx day and replay importers, 5xxx the command line. An area outside this
file adds its own at import with `register(ErrorEntry(...), ...)`; a number or name used twice cannot be registered.

Texts may hold `{key}` places, filled from the details; details without a place are appended as `key=value`. A detail
`key_zh` is the Chinese of the detail `key` and stands in its place in the Chinese text.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from yunhai.kernel.limits import DETAIL_CHARACTERS_MAX

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One row of the catalogue.

    `status` is the exchange's own two-digit answer (狀態碼; docs/reference/records.md §4), `None` where the exchange
    has no say. `http` is what a web answer carries: 422 wrong shape, 404 not there, 409 not now, 500 our own fault.
    """

    code: int
    name: str
    http: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    status: int | None = None


_by_code: dict[int, ErrorEntry] = {}
_by_name: dict[str, ErrorEntry] = {}


def register(*entries: ErrorEntry) -> None:
    """Add rows to the catalogue. ValueError, and nothing added, if a number or name is taken or a text is empty."""
    codes = [*_by_code, *(entry.code for entry in entries)]
    names = [*_by_name, *(entry.name for entry in entries)]
    if len(set(codes)) != len(codes) or len(set(names)) != len(names):
        raise ValueError(f"an error number or name is used twice: {[(e.code, e.name) for e in entries]}")
    for entry in entries:
        texts = (entry.name, entry.zh, entry.en, entry.remedy_zh, entry.remedy_en)
        if not 1000 <= entry.code <= 9999 or not all(text.strip() for text in texts):
            raise ValueError(f"error {entry.code} lacks a text or is out of range")
    for entry in entries:
        _by_code[entry.code] = entry
        _by_name[entry.name] = entry


def catalogue() -> Mapping[int, ErrorEntry]:
    """Every registered error by number, ascending, read-only."""
    return MappingProxyType(dict(sorted(_by_code.items())))


def entry_of(code: int) -> ErrorEntry:
    """The row of a number; KeyError if there is none."""
    return _by_code[code]


def status_of(code: int) -> int:
    """The exchange's status number of an outcome code: 0 for success, else as registered (99 if it has none)."""
    if code == 0:
        return 0
    status = _by_code[code].status
    return 99 if status is None else status


class _Filler(string.Formatter):
    """Fills `{key}` from the details and remembers which were used; an absent key shows as `?`."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def get_value(self, key: int | str, args: object, kwargs: object) -> str:
        self.used.add(str(key))
        return _shown(kwargs[key]) if isinstance(kwargs, Mapping) and key in kwargs else "?"


def _shown(value: object) -> str:
    text = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in str(value))
    return text if len(text) <= DETAIL_CHARACTERS_MAX else text[: DETAIL_CHARACTERS_MAX - 1] + "…"


class YunhaiError(Exception):
    """A refusal with a number of the catalogue. Whoever raises it has changed nothing.

    An unregistered number is a mistake in the program: KeyError at once.
    """

    def __init__(self, code: int, /, **details: object) -> None:
        self.entry: ErrorEntry = _by_code[code]
        self.code: int = code
        self.details: Mapping[str, object] = MappingProxyType(dict(details))
        super().__init__(code, details)

    def text(self, language: Language = "en") -> str:
        """The message with its details, without the number."""
        filler = _Filler()
        template = self.entry.zh if language == "zh" else self.entry.en
        details = {
            key: self.details.get(f"{key}_zh", value) if language == "zh" else value
            for key, value in self.details.items()
            if not key.endswith("_zh")
        }
        message = filler.vformat(template, (), details)
        rest = ", ".join(f"{key}={_shown(value)}" for key, value in details.items() if key not in filler.used)
        return f"{message} ({rest})" if rest else message

    def remedy(self, language: Language = "en") -> str:
        return self.entry.remedy_zh if language == "zh" else self.entry.remedy_en

    def as_json(self) -> dict[str, object]:
        """What a `--json` answer or a web answer carries."""
        return {
            "code": self.code,
            "name": self.entry.name,
            "en": self.text("en"),
            "zh": self.text("zh"),
            "remedy_en": self.entry.remedy_en,
            "remedy_zh": self.entry.remedy_zh,
            "details": {
                key: value if isinstance(value, int | str | bool | None) else _shown(value)
                for key, value in self.details.items()
            },
        }

    def __str__(self) -> str:
        return f"{self.code} {self.entry.name}: {self.text('en')}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.code, dict(self.details))


def _rebuild(code: int, details: dict[str, object]) -> YunhaiError:
    return YunhaiError(code, **details)


Row = tuple[int, str, int | None, int, str, str, str, str]


def rows(*table: Row) -> Iterable[ErrorEntry]:
    """Rows written compactly: (code, name, status, http, zh, en, remedy zh, remedy en)."""
    for code, name, status, http, zh, en, remedy_zh, remedy_en in table:
        yield ErrorEntry(
            code=code, name=name, status=status, http=http, zh=zh, en=en, remedy_zh=remedy_zh, remedy_en=remedy_en
        )
