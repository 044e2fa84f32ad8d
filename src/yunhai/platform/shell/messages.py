"""Translations: from `.po` texts in the tree to one `.mo` file, without any tool but Python.

Sources are English (`gettext` in code and templates); every app keeps `locale/zh_Hant/LC_MESSAGES/django.po`. What a running
process reads is one compiled file made of all of them (`build`), written again when a `.po` is newer, so that nothing binary
is kept in the tree and an installed package needs no gettext tools. A fuzzy or empty entry is not used.
"""

import ast
import os
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOCALE: Final = "zh_Hant"
PACKAGE: Final = Path(__file__).resolve().parents[2]
HEADER: Final = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=1; plural=0;\nLanguage: zh_Hant\n"
_MAGIC: Final = 0x950412DE


@dataclass(slots=True)
class Entry:
    """One message: `context` and `plural` None where it has none; `texts` by plural form."""

    id: str = ""
    context: str | None = None
    plural: str | None = None
    texts: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def key(self) -> str:
        """What the catalogue is searched by."""
        plural = "" if self.plural is None else f"\0{self.plural}"
        context = "" if self.context is None else f"{self.context}\x04"
        return f"{context}{self.id}{plural}"

    @property
    def translated(self) -> bool:
        return not self.fuzzy and bool(self.texts) and all(self.texts.values())


def parse(text: str) -> list[Entry]:
    """The entries of a `.po` file, its header left out. ValueError at a line that is none of it."""
    entries: list[Entry] = []
    entry = Entry()
    place = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("#"):
            if entry.texts:
                entries.append(entry)
                entry = Entry()
            entry.fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        if not line:
            if entry.texts:
                entries.append(entry)
                entry = Entry()
            continue
        word, _, rest = line.partition(" ")
        if word.startswith('"'):
            rest = line
        else:
            if entry.texts and word in ("msgctxt", "msgid"):
                entries.append(entry)
                entry = Entry()
            place = word
        try:
            piece = ast.literal_eval(rest)
        except (SyntaxError, ValueError):
            raise ValueError(f"line {number} is not understood: {line}") from None
        _put(entry, place, piece, number)
    if entry.texts:
        entries.append(entry)
    return [one for one in entries if one.id]


def _put(entry: Entry, place: str, piece: str, number: int) -> None:
    if place == "msgid":
        entry.id += piece
    elif place == "msgctxt":
        entry.context = (entry.context or "") + piece
    elif place == "msgid_plural":
        entry.plural = (entry.plural or "") + piece
    elif place == "msgstr" or place.startswith("msgstr["):
        form = int(place[7:-1]) if place != "msgstr" else 0
        entry.texts[form] = entry.texts.get(form, "") + piece
    else:
        raise ValueError(f"line {number} is not understood: {place}")


def compiled(entries: Iterable[Entry]) -> bytes:
    """A `.mo` file. Of two entries with one key the first is kept."""
    catalogue = {"": HEADER}
    for entry in entries:
        if entry.translated:
            catalogue.setdefault(entry.key, "\0".join(entry.texts[form] for form in sorted(entry.texts)))
    rows = sorted((key.encode(), text.encode()) for key, text in catalogue.items())
    head = 7 * 4
    first = head + len(rows) * 16
    keys = b"".join(key + b"\0" for key, _ in rows)
    texts = b"".join(text + b"\0" for _, text in rows)
    key_places, text_places = [], []
    key_at, text_at = first, first + len(keys)
    for key, text in rows:
        key_places += [len(key), key_at]
        text_places += [len(text), text_at]
        key_at += len(key) + 1
        text_at += len(text) + 1
    table = struct.pack(f"<{len(rows) * 4}I", *key_places, *text_places)
    return struct.pack("<7I", _MAGIC, 0, len(rows), head, head + len(rows) * 8, 0, first) + table + keys + texts


def sources(package: Path = PACKAGE) -> list[Path]:
    """Every `.po` of ours, in a fixed order."""
    return sorted(package.glob(f"*/*/locale/{LOCALE}/LC_MESSAGES/django.po"))


def build(folder: Path) -> Path:
    """Have `folder` hold the compiled texts, for Django's LOCALE_PATHS; written anew if any source is newer. OSError."""
    target = folder / LOCALE / "LC_MESSAGES" / "django.mo"
    files = sources()
    if target.is_file() and all(path.stat().st_mtime_ns <= target.stat().st_mtime_ns for path in files):
        return folder
    target.parent.mkdir(parents=True, exist_ok=True)
    content = compiled(entry for path in files for entry in parse(path.read_text(encoding="utf-8")))
    handle, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(target)
    return folder
