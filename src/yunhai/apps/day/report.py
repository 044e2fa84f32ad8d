"""The exchange's broker-branch report 分點進出 (買賣日報表): what each branch bought and sold at each price.

One row is one branch at one price of one security: `date,stock,seq,broker_branch,price,buy_shares,sell_shares`, where
`broker_branch` is the four characters of the branch and its name (`102A合庫新竹`). UTF-8 and the exchange's own CP950
are read, plain or gzip. The report does not say in which session, against whom or at what time a share was traded.

A file is read whole or refused whole: every bad row is found and named by its line (`ReportRefusedError`).
"""

import csv
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from yunhai.apps import system_errors
from yunhai.apps.day import failures, text
from yunhai.apps.day.encodings import garbled_name
from yunhai.apps.day.failures import RefusedRow, RowsRefusedError
from yunhai.apps.day.unpacked import NO_ARCHIVE, bound_rows, read_bounded, too_large, unpacked
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    REPORT_BYTES_MAX,
    REPORT_HEADER_BYTES_MAX,
    REPORT_ROW_SHARES_MAX,
    REPORT_ROWS_MAX,
    REPORT_VALUE_MAX,
)
from yunhai.kernel.money import PRICE_MAX, decimal_text

COLUMNS: Final = ("date", "stock", "seq", "broker_branch", "price", "buy_shares", "sell_shares")
PRICE_DECIMALS: Final = 4
BRANCH_BYTES: Final = 64
UNSHOWABLE: Final = frozenset({"Cc", "Cf", "Cs"})
"""Unicode's control and format characters: no name holds one, and a terminal may obey it."""

FIRST_ROW: Final = 2
"""Line of the first row; the column names are line 1."""

QUOTED_COMMA: Final = "\x01"
"""Stands for a comma inside quotes until its row is refused; it is told as a comma."""

_BAD_NUMBER: Final = {
    text.NO_NUMBER: failures.NOT_A_NUMBER,
    text.TOO_FINE: failures.NOT_A_NUMBER,
    text.BELOW_ZERO: failures.NEGATIVE,
    text.OVERFLOW: failures.TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch 分點: its four characters, its name without filling spaces, and the report's own text for both."""

    code: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The rows as columns of equal length. Prices in 1/10,000 NT$, quantities in shares, `row` the line in the file."""

    date: datetime.date
    codes: tuple[str, ...]
    branches: tuple[Branch, ...]
    security: NDArray[np.int32]
    branch: NDArray[np.int32]
    price: NDArray[np.int32]
    bought: NDArray[np.int64]
    sold: NDArray[np.int64]
    row: NDArray[np.int32]


def read_report(path: Path) -> Report:
    """Read a file. YunhaiError 4001-4004, 4006 and 4008 for the file, ReportRefusedError (4005) for its rows."""
    try:
        packed = read_bounded(path, most=REPORT_BYTES_MAX)
    except OSError as error:
        raise YunhaiError(failures.FILE_UNREADABLE, path=path, **system_errors.reasons(error)) from error
    return parse_report(packed)


def parse_report(content: bytes) -> Report:
    """Read a report from the bytes of its file, gzip or plain; errors as `read_report`."""
    lines = _normal(_utf8(_unpacked(content)))
    if not lines:
        raise YunhaiError(failures.REPORT_EMPTY)
    head_end = lines.find(b"\n")
    order = _column_order(lines[:head_end] if head_end >= 0 else lines)
    if head_end < 0 or not lines[head_end + 1 :]:
        raise YunhaiError(failures.REPORT_EMPTY)
    report = _Reader(np.frombuffer(lines, np.uint8), head_end, order).report()
    if float(np.dot((report.bought + report.sold).astype(np.float64), report.price)) > REPORT_VALUE_MAX:
        raise too_large(f"{decimal_text(REPORT_VALUE_MAX)} NT$ in all", f"總額 {decimal_text(REPORT_VALUE_MAX)} 元")
    return report


def _unpacked(content: bytes) -> bytes:
    try:
        return unpacked(content, most=REPORT_BYTES_MAX)
    except NO_ARCHIVE as error:
        raise YunhaiError(
            failures.FILE_UNREADABLE, path="gzip", reason=str(error), reason_zh="壓縮檔損壞或不完整"
        ) from error


def _utf8(content: bytes) -> bytes:
    """The same text in UTF-8. 4003 names the row where the better of the two encodings failed; 4006."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
        return content
    except UnicodeDecodeError as error:
        reached = error.start
    try:
        read = content.decode("cp950")
        if (name := garbled_name(content, read)) is not None:
            raise YunhaiError(failures.GARBLED, name=name)
        return read.encode("utf-8")
    except UnicodeDecodeError as error:
        reached = max(reached, error.start)
    raise YunhaiError(failures.WRONG_ENCODING, row=content.count(b"\n", 0, reached) + 1)


def _normal(content: bytes) -> bytes:
    """Lines ended by one newline, no quotes, empty lines at the end dropped. 4008 if there are too many of anything."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    content = content.rstrip(b"\n")
    bound_rows(content, rows=REPORT_ROWS_MAX, columns=len(COLUMNS))
    if b'"' in content:
        content = _unquoted(content).rstrip(b"\n")
    return content + b"\n" if content else content


def _unquoted(content: bytes) -> bytes:
    """Quoted fields without their quotes; a comma or newline inside one becomes a control character, refused later."""
    lines = []
    for line in content.decode("utf-8").split("\n"):
        try:
            fields = next(csv.reader([line], strict=True), [])
        except csv.Error:
            fields = [line]
        lines.append(",".join(field.replace(",", QUOTED_COMMA) for field in fields))
    return "\n".join(lines).encode("utf-8")


def _column_order(header: bytes) -> tuple[int, ...]:
    """Where each of COLUMNS stands in the file. 4002 unless each is there once and nothing else is."""
    if len(header) > REPORT_HEADER_BYTES_MAX:
        raise too_large(
            f"{REPORT_HEADER_BYTES_MAX:,} bytes of column names", f"{REPORT_HEADER_BYTES_MAX:,} 位元組的欄名"
        )
    names = [name.strip() for name in header.decode("utf-8").split(",")]
    missing = [name for name in COLUMNS if name not in names]
    surplus = [name for place, name in enumerate(names) if name not in COLUMNS or name in names[:place]]
    if missing or surplus:
        raise YunhaiError(failures.COLUMN_MISSING, **_columns_told(missing, surplus))
    return tuple(names.index(name) for name in COLUMNS)


def _columns_told(missing: list[str], surplus: list[str]) -> dict[str, str]:
    """What is wrong with the column names; a file that has none of them is not quoted."""
    if len(missing) == len(COLUMNS):
        return {"columns": "none of the columns is there", "columns_zh": "一個欄位也沒有"}
    english, chinese = [], []
    if missing:
        english.append(f"missing {', '.join(missing)}")
        chinese.append(f"缺少 {'、'.join(missing)}")
    if surplus:
        english.append(f"too many {', '.join(surplus)}")
        chinese.append(f"多出 {'、'.join(surplus)}")
    return {"columns": "; ".join(english), "columns_zh": "；".join(chinese)}


class ReportRefusedError(RowsRefusedError):
    """4005, with the rows that are good by themselves, so that the rules can be asked about them too; None if none."""

    def __init__(self, refused: tuple[RefusedRow, ...], *, count: int, rest: Report | None) -> None:
        super().__init__(refused, count=count)
        self.rest = rest


class _Reader:
    """One pass over a normal file, collecting bad rows; `report` refuses the file if there is any."""

    def __init__(self, buffer: text.Buffer, head_end: int, order: tuple[int, ...]) -> None:
        self.buffer = buffer
        self.first_bad: dict[int, RefusedRow] = {}
        separators = np.flatnonzero((buffer == ord(",")) | (buffer == ord("\n")))
        separators = separators[separators > head_end]
        ends = buffer[separators] == ord("\n")
        line_of = np.cumsum(ends) - ends
        counts = np.bincount(line_of)
        self.bad = np.zeros(counts.size + FIRST_ROW, np.bool_)
        line_ends = separators[ends]
        line_starts = np.concatenate(([head_end], line_ends[:-1])) + 1
        width = len(COLUMNS)
        whole = counts == width
        broken = np.flatnonzero(~whole)
        self._note(broken + FIRST_ROW, line_starts[broken], line_ends[broken], failures.FIELD_COUNT, "row")
        table = separators[whole[line_of]].reshape(-1, width)
        starts = np.concatenate((line_starts[whole][:, None], table[:, :-1] + 1), axis=1)
        self.row = (np.flatnonzero(whole) + FIRST_ROW).astype(np.int32)
        self.start = {name: np.ascontiguousarray(starts[:, at]) for name, at in zip(COLUMNS, order, strict=True)}
        self.end = {name: np.ascontiguousarray(table[:, at]) for name, at in zip(COLUMNS, order, strict=True)}

    def report(self) -> Report:
        if not self.row.size:
            raise self._refusal(None)
        date = self._date()
        codes, security = self._securities()
        branches, branch = self._branches()
        self._number("seq", decimals=0, digits=9, most=10**9)
        price = self._number("price", decimals=PRICE_DECIMALS, digits=9, most=PRICE_MAX)
        self._refuse((price == 0) & self._good(), failures.PRICE_ZERO, "price")
        bought = self._number("buy_shares", decimals=0, digits=12, most=REPORT_ROW_SHARES_MAX)
        sold = self._number("sell_shares", decimals=0, digits=12, most=REPORT_ROW_SHARES_MAX)
        self._refuse((bought == 0) & (sold == 0), failures.NOTHING_TRADED, "buy_shares")
        self._repeated(security, branch, price)
        good = self._good()
        rest = None
        if date is not None and good.any():
            used, renumbered = np.unique(security[good], return_inverse=True)
            rest = Report(
                date,
                tuple(codes[at] for at in used),
                branches,
                renumbered.astype(np.int32),
                branch[good],
                price[good].astype(np.int32),
                bought[good],
                sold[good],
                self.row[good],
            )
        if self.first_bad or rest is None:
            raise self._refusal(rest)
        return rest

    def _refusal(self, rest: Report | None) -> ReportRefusedError:
        told = [self.first_bad[row] for row in sorted(self.first_bad)][: failures.ROWS_TOLD]
        return ReportRefusedError(tuple(told), count=int(self.bad.sum()), rest=rest)

    def _note(
        self, rows: NDArray[np.integer], starts: text.Positions, ends: text.Positions, code: int, field: str
    ) -> None:
        """Mark rows as bad, and remember what each said unless it is bad already; the first rows are enough to tell."""
        new = np.flatnonzero(~self.bad[rows])
        self.bad[rows] = True
        for at in new[: failures.ROWS_TOLD]:
            row, start = int(rows[at]), int(starts[at])
            shown = self.buffer[start : min(int(ends[at]), start + 80)].tobytes().decode("utf-8", "replace")
            shown = shown.replace(QUOTED_COMMA, ",")
            self.first_bad[row] = RefusedRow(row, code, field, shown)

    def _refuse(self, bad: NDArray[np.bool_], code: int, field: str) -> None:
        at = np.flatnonzero(bad)
        self._note(self.row[at], self.start[field][at], self.end[field][at], code, field)

    def _good(self) -> NDArray[np.bool_]:
        """Rows not already refused."""
        return ~self.bad[self.row]

    def _number(self, field: str, *, decimals: int, digits: int, most: int) -> NDArray[np.int64]:
        value, verdict = text.fixed_point(
            self.buffer, self.start[field], self.end[field], decimals=decimals, digits=digits
        )
        for fault, code in _BAD_NUMBER.items():
            too_fine = decimals and fault == text.TOO_FINE
            self._refuse(verdict == fault, failures.TOO_FINE if too_fine else code, field)
        self._refuse(value > most, failures.TOO_LARGE, field)
        return np.where(value > most, 0, value)

    def _date(self) -> datetime.date | None:
        """The day of the report: YYYYMMDD, the same in every row; None if the first row has no date."""
        start, width = self.start["date"], self.end["date"] - self.start["date"]
        value = text.packed(self.buffer, start, width=8)
        first = self.buffer[start[0] : self.end["date"][0]].tobytes().decode("utf-8", "replace")
        try:
            date = datetime.date.fromisoformat(first) if len(first) == 8 and first.isdecimal() else None
        except ValueError:
            date = None
        digits = np.zeros(256, np.bool_)
        digits[ord("0") : ord("9") + 1] = True
        shaped = (width == 8) & text.all_in(self.buffer, start, width=np.minimum(width, 9), allowed=digits)
        if date is None:
            shaped &= value != value[0]
        self._refuse(~shaped, failures.BAD_DATE, "date")
        if date is not None:
            self._refuse(shaped & (value != value[0]), failures.DATES_MIXED, "date")
        return date

    def _securities(self) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The codes in order of first appearance, and each row's index among them."""
        start, width = self.start["stock"], self.end["stock"] - self.start["stock"]
        allowed = np.zeros(256, np.bool_)
        allowed[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = True
        shaped = (width >= 4) & (width <= 6)
        shaped &= text.all_in(self.buffer, start, width=np.minimum(width, 6), allowed=allowed)
        self._refuse(~shaped, failures.BAD_SECURITY, "stock")
        packed = text.packed(self.buffer, start, width=np.clip(width, 0, 6))
        index, places = _indexed(packed)
        codes = tuple(
            self.buffer[start[at] : self.end["stock"][at]].tobytes().decode("utf-8", "replace") for at in places
        )
        return codes, index

    def _branches(self) -> tuple[tuple[Branch, ...], NDArray[np.int32]]:
        """The branches in order of first appearance, and each row's index among them."""
        start, end = self.start["broker_branch"], self.end["broker_branch"]
        width = end - start
        code_allowed = np.zeros(256, np.bool_)
        code_allowed[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = True
        printable = np.ones(256, np.bool_)
        printable[:32] = False
        printable[127] = False
        shaped = (width >= 4) & (width <= BRANCH_BYTES)
        shaped &= text.all_in(self.buffer, start, width=np.minimum(width, 4), allowed=code_allowed)
        shaped &= text.all_in(self.buffer, start, width=np.minimum(width, BRANCH_BYTES), allowed=printable)
        self._refuse(~shaped, failures.BAD_BRANCH, "broker_branch")
        index, places = _indexed(text.packed(self.buffer, start, width=4))
        model = places[index]
        same = text.same_bytes(
            self.buffer, start, start[model], width=np.minimum(width, BRANCH_BYTES), other_width=width[model]
        )
        self._refuse(shaped & shaped[model] & ~same, failures.BRANCH_RENAMED, "broker_branch")
        branches = []
        for at in places:
            whole = self.buffer[start[at] : end[at]].tobytes().decode("utf-8", "replace")
            if any(category(letter) in UNSHOWABLE for letter in whole):
                self._refuse(shaped & (model == at), failures.BAD_BRANCH, "broker_branch")
            branches.append(Branch(whole[:4], "".join(whole[4:].split()).lstrip("-") or whole[:4], whole))
        return tuple(branches), index

    def _repeated(self, security: NDArray[np.int32], branch: NDArray[np.int32], price: NDArray[np.int64]) -> None:
        order = np.lexsort((price, branch, security))
        order = order[self._good()[order]]
        same = np.ones(max(order.size - 1, 0), np.bool_)
        for column in (security, branch, price):
            same &= column[order][1:] == column[order][:-1]
        repeated = np.zeros(self.row.size, np.bool_)
        repeated[order[1:][same]] = True
        self._refuse(repeated, failures.ROW_REPEATED, "broker_branch")


def _indexed(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Each key's index among the distinct keys in order of first appearance, and where each appears first."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(order.size, np.int32)
    rank[order] = np.arange(order.size, dtype=np.int32)
    return rank[inverse], first[order]
