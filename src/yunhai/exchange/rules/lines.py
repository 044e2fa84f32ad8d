"""Where each key of a TOML document stands.

`tomllib` gives values without places; a refusal must name the line. This scanner walks a document that `tomllib` has
already accepted, so it need only know where keys, strings and brackets begin and end, and can trust that they match.
"""

from typing import Final

Path = tuple[str | int, ...]

_BARE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class Places:
    """The lines of a valid document's keys, found when the first is asked for: most documents are not refused."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] | None = None

    def lines(self) -> dict[Path, int]:
        """Line (from 1) of every key path; array elements are paths with their index."""
        if self._lines is None:
            scanner = _Scanner(self._text.replace("\r\n", "\n"))
            scanner.document()
            self._lines = scanner.lines
        return self._lines

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest enclosing one; 1 if nothing encloses it."""
        lines = self.lines()
        while path:
            if path in lines:
                return lines[path]
            path = path[:-1]
        return 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.rows: dict[Path, int] = {}

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def step(self, length: int = 1) -> None:
        self.line += self.text.count("\n", self.at, self.at + length)
        self.at += length

    def blank(self, *, newlines: bool) -> None:
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter in " \t" or (newlines and letter == "\n"):
                self.step()
            else:
                return

    def document(self) -> None:
        table: Path = ()
        while True:
            self.blank(newlines=True)
            if self.at >= len(self.text):
                return
            if self.peek() == "[":
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Path:
        many = self.peek(2) == "[["
        line = self.line
        self.step(2 if many else 1)
        path: Path = ()
        parts = self.key()
        for place, part in enumerate(parts):
            path = (*path, part)
            self.lines.setdefault(path, line)
            last = place == len(parts) - 1
            if last and many:
                self.rows[path] = self.rows.get(path, -1) + 1
            if path in self.rows:
                path = (*path, self.rows[path])
                self.lines.setdefault(path, line)
        self.step(2 if many else 1)
        return path

    def key(self) -> list[str]:
        parts = []
        while True:
            self.blank(newlines=False)
            if self.peek() in ('"', "'"):
                parts.append(self.string())
            else:
                start = self.at
                while self.peek() and self.text[self.at] in _BARE:
                    self.at += 1
                parts.append(self.text[start : self.at])
            self.blank(newlines=False)
            if self.peek() != ".":
                return parts
            self.step()

    def pair(self, table: Path) -> None:
        line = self.line
        path = table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.step()  # the equals sign
        self.blank(newlines=False)
        self.value(path)

    def value(self, path: Path) -> None:
        letter = self.peek()
        if letter in ('"', "'"):
            self.string()
        elif letter == "[":
            self.array(path)
        elif letter == "{":
            self.inline(path)
        else:
            while self.peek() and self.text[self.at] not in ",]}\n#":
                self.at += 1

    def array(self, path: Path) -> None:
        self.step()
        index = 0
        while True:
            self.blank(newlines=True)
            if self.peek() in ("]", ""):
                self.step()
                return
            self.lines[*path, index] = self.line
            self.value((*path, index))
            index += 1
            self.blank(newlines=True)
            if self.peek() == ",":
                self.step()

    def inline(self, path: Path) -> None:
        self.step()
        while True:
            self.blank(newlines=False)
            if self.peek() in ("}", ""):
                self.step()
                return
            self.pair(path)
            self.blank(newlines=False)
            if self.peek() == ",":
                self.step()

    def string(self) -> str:
        """Skip a string of any of the four kinds; its text, for quoted keys."""
        quote = self.peek()
        if self.peek(3) == quote * 3:
            return self.long_string(quote * 3)
        self.step()
        parts = []
        while self.peek() not in (quote, ""):
            if quote == '"' and self.peek() == "\\":
                parts.append(self.escape())
            else:
                parts.append(self.peek())
                self.at += 1
        self.step()
        return "".join(parts)

    def escape(self) -> str:
        letter = self.peek(2)[1:]
        width = {"u": 4, "U": 8}.get(letter, 0)
        digits = self.text[self.at + 2 : self.at + 2 + width]
        self.at += 2 + width
        return chr(int(digits, 16)) if width else _ESCAPES.get(letter, letter)

    def long_string(self, fence: str) -> str:
        self.step(3)
        while self.peek(3) != fence and self.peek():
            self.step(2 if fence == '"""' and self.peek() == "\\" else 1)
        # Up to two quotes may stand before the closing fence and belong to the text.
        self.step(3)
        while self.peek() == fence[0]:
            self.step()
        return ""
