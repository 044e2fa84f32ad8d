"""What a finished day tells: an object for programs, tables for people, a file of fills for whoever checks it."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from yunhai.apps.day.compare import FirmResult, SecurityResult, Tape
from yunhai.apps.day.path import PathSource
from yunhai.apps.day.plan import firm_code
from yunhai.apps.day.report import Branch
from yunhai.apps.day.run import Day
from yunhai.apps.day.securities import ReferenceSource
from yunhai.exchange.venue import Venue
from yunhai.kernel.money import DECIMALS, MILLION, decimal_text
from yunhai.kernel.records import Side

FIRMS_SHOWN: Final = 20
CUTS_SHOWN: Final = 20
NO_SESSIONS: Final = (
    "The report states no sessions: auctions, continuous trading and odd lots were assigned here"
    " 報表未載明交易時段，時段由本程式指派"
)
STAGE_WORDS: Final = {
    "import": "import 匯入",
    "plan": "plan 排單",
    "trade": "trade 撮合",
    "verify": "verify 查驗",
    "files": "files 當日檔案",
    "start": "start 啟動",
    "tenants": "tenants 建券商",
    "opening": "opening 期初",
    "close": "close 收盤",
    "books": "books 帳務",
    "check": "check 勾稽",
}
SIDES_TOLD: Final = {Side.BUY: "buy 買", Side.SELL: "sell 賣"}
SIDE_WORDS: Final = {Side.BUY: "buy", Side.SELL: "sell"}
FILL_COLUMNS: Final = ("security", "branch", "side", "price", "shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedDay:
    """A finished and compared day. `seconds` whole, `stages` by name; `journal_hash` is the head of the hash chain
    (a journal has an identity and wall times, so each run's differs); `events_hash` is the same for the same input."""

    day: Day
    tape: Tape
    securities: tuple[SecurityResult, ...]
    source: str
    journal: Path
    journal_hash: str
    events_hash: str
    records: int
    venue: Venue | None
    """After its close: what each book has traded. None where it stood in another process (the cloud's core)."""
    stages: dict[str, float]
    seconds: float
    files: Mapping[str, Path] = field(default_factory=dict)
    """The day's files by name, if they were written."""

    @property
    def branches_equal(self) -> bool:
        """Every balanced security equal in every branch, price and side."""
        return all(one.equal for one in self.securities if one.balanced)

    @property
    def sound(self) -> bool:
        """As `branches_equal`, and the others equal to the report less what was cut."""
        return all(one.equal for one in self.securities) and not self.tape.refused


def number(scaled: int, *, decimals: int = DECIMALS) -> int | float:
    """A scaled integer as a JSON number."""
    unit: int = 10**decimals
    whole, part = divmod(int(scaled), unit)
    return whole if not part else int(scaled) / unit


def firms(result: FinishedDay) -> list[FirmResult]:
    """What each firm traded by the fills, the largest value first."""
    report, tape = result.day.report, result.tape
    names = _firm_names(report.branches)
    code_of_branch = [firm_code(branch.code) for branch in report.branches]
    place = {code: at for at, code in enumerate(sorted(set(code_of_branch)))}
    firm = np.array([place[code] for code in code_of_branch], np.int64)[report.branch]
    sums = np.zeros((4, len(place)), np.int64)
    columns = (tape.bought, tape.sold, tape.bought * report.price, tape.sold * report.price)
    for row, column in zip(sums, columns, strict=True):
        np.add.at(row, firm, column)
    rows = [
        FirmResult(
            code=code,
            name=names[code],
            bought=int(sums[0, at]),
            sold=int(sums[1, at]),
            bought_value=int(sums[2, at]),
            sold_value=int(sums[3, at]),
        )
        for code, at in place.items()
    ]
    return sorted(rows, key=lambda one: (-(one.bought_value + one.sold_value), one.code))


def _firm_names(branches: Sequence[Branch]) -> dict[str, str]:
    """The head office's name if it is in the report, else what its branches' names begin with, else its code."""
    own = {branch.code: branch.name for branch in branches}
    members: dict[str, list[str]] = {}
    for branch in branches:
        members.setdefault(firm_code(branch.code), []).append(branch.name)
    return {code: own.get(code) or _beginning(names) or code for code, names in members.items()}


def _beginning(names: Sequence[str]) -> str:
    """What all names begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)


def assumptions(result: FinishedDay) -> list[str]:
    """What the report does not say and was therefore decided here."""
    day = result.day
    lines = [NO_SESSIONS]
    for security in day.securities:
        if security.source is not ReferenceSource.PREVIOUS_CLOSE:
            word = "assumed 假設" if security.source is ReferenceSource.ASSUMED else "stated 指定"
            lines.append(f"{security.listing.code}: reference 參考價 {_price(security.reference)} {word}")
    for security, laid in zip(day.securities, day.plan.securities, strict=True):
        if laid.ends is not None and laid.ends.source is PathSource.REPORT:
            lines.append(
                f"{security.listing.code}: open and close chosen from the report (no daily bar that fits)"
                " 開收盤價取自報表"
            )
        if security.listing.treatment:
            lines.append(
                f"{security.listing.code}: matched like any other, though marked {security.listing.treatment} 未按處置撮合"
            )
        if laid.risky:
            lines.append(
                f"{security.listing.code}: {laid.risky} price steps so wide that trading may be interrupted 價差過大"
            )
    return lines


def as_json(result: FinishedDay) -> dict[str, Any]:
    """The object of `yunhai day --json`. Prices and values in NT$, quantities in shares."""
    day, tape = result.day, result.tape
    return {
        "file": result.source,
        "date": day.report.date.isoformat(),
        "pack": day.pack.id,
        "seed": day.seed,
        "rows": int(day.report.row.size),
        "securities": list(_securities_json(result)),
        "securities_balanced": sum(one.balanced for one in result.securities),
        "branches_equal": result.branches_equal,
        "equal_after_cuts": result.sound,
        "cuts": [
            {
                "row": cut.row,
                "security": cut.code,
                "branch": cut.branch,
                "side": SIDE_WORDS[cut.side],
                "price": number(cut.price),
                "shares": cut.shares,
            }
            for cut in day.plan.cuts
        ],
        "orders": tape.orders,
        "refused": tape.refused,
        "fills": tape.fills,
        "trades": tape.trades,
        "shares": tape.shares,
        "turnover": number(tape.value),
        "orders_per_second": round(tape.orders / max(result.stages.get("trade", 0.0), 1e-9)),
        "interruptions": tape.interruptions,
        "delayed_opens": tape.delayed_opens,
        "delayed_closes": tape.delayed_closes,
        "put_off_odd_lot_auctions": tape.put_off,
        "firms": [
            {
                "firm": firm.code,
                "name": firm.name,
                "bought": firm.bought,
                "sold": firm.sold,
                "bought_value": number(firm.bought_value),
                "sold_value": number(firm.sold_value),
            }
            for firm in firms(result)
        ],
        "assumptions": assumptions(result),
        "journal": str(result.journal),
        "journal_records": result.records,
        "journal_hash": result.journal_hash,
        "events_hash": result.events_hash,
        "files": {name: str(path) for name, path in result.files.items()},
        "stages": {name: round(seconds, 3) for name, seconds in result.stages.items()},
        "seconds": round(result.seconds, 3),
    }


def _securities_json(result: FinishedDay) -> Iterator[dict[str, Any]]:
    day = result.day
    for one, security, laid in zip(result.securities, day.securities, day.plan.securities, strict=True):
        limits = security.limits
        yield {
            "code": one.code,
            "name": security.listing.name,
            "balanced": one.balanced,
            "equal": one.equal,
            "differences": [
                {
                    "price": number(each.price),
                    "bought": each.bought,
                    "sold": each.sold,
                    "difference": each.bought - each.sold,
                }
                for each in one.differences
            ],
            "cut_shares": one.cut_shares,
            "rows": one.rows,
            "branches": one.branches,
            "shares": one.shares,
            "value": number(one.value),
            "reference": number(security.reference),
            "reference_source": security.source.value,
            "limit_up": None if limits.up is None else number(limits.up),
            "limit_down": None if limits.down is None else number(limits.down),
            "path": None if laid.ends is None else laid.ends.source.value,
        }


def write_fills(result: FinishedDay, path: Path) -> None:
    """Every fill as one line: `branch` is the report's own text, `price` with its two decimals. UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FILL_COLUMNS)
        codes = result.day.book_codes()
        starts = _line_starts(result)
        for fills, rows in result.tape.kept:
            sides, shares = fills["side"].tolist(), fills["quantity"].tolist()
            known = (
                starts[side - 1][row] + str(quantity)
                for row, side, quantity in zip(rows.tolist(), sides, shares, strict=True)
                if row >= 0
            )
            file.writelines(f"{line}\n" for line in known)
            for fill in fills[rows < 0]:
                branch = int(fill["account"]).to_bytes(4, "big").decode("ascii", "replace")
                side, price = SIDE_WORDS[Side(fill["side"])], _price(int(fill["price"]))
                writer.writerow((codes[int(fill["book"])], branch, side, price, int(fill["quantity"])))


def _line_starts(result: FinishedDay) -> tuple[list[str], list[str]]:
    """The beginning of a fill's line for each report row, buys and sells."""
    report = result.day.report
    texts = [_quoted(branch.text) for branch in report.branches]
    prices = {price: _price(price) for price in np.unique(report.price).tolist()}
    columns = (report.security.tolist(), report.branch.tolist(), report.price.tolist())
    starts: tuple[list[str], list[str]] = ([], [])
    for security, branch, price in zip(*columns, strict=True):
        head, tail = f"{report.codes[security]},{texts[branch]},", f",{prices[price]},"
        starts[0].append(f"{head}buy{tail}")
        starts[1].append(f"{head}sell{tail}")
    return starts


def _quoted(text: str) -> str:
    """A CSV field; the reader of reports lets no comma or line end through."""
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def _price(price: int) -> str:
    return decimal_text(price, places=2)


def show(result: FinishedDay, console: Console) -> None:
    """Tables and lines for people, 80 columns wide."""
    day, tape = result.day, result.tape
    console.print(f"{result.source} · {day.report.date} · {day.report.row.size:,} rows 列 · {day.pack.id}")
    console.print(_security_table(result))
    console.print(_firm_table(firms(result)))
    _show_gaps(result, console)
    for line in assumptions(result):
        console.print(f"· {line}")
    console.print(_verdict(result), style="bold")
    if not result.sound:
        console.print("some security differs even after the cuts 扣除後仍有不符", style="bold")
    speed = f"{tape.orders / max(result.stages.get('trade', 0.0), 1e-9):,.0f} orders/s 筆/秒"
    trades = f"trades 成交 {tape.trades:,} 筆 (fills 雙邊 {tape.fills:,})"
    stages = " · ".join(f"{STAGE_WORDS.get(name, name)} {seconds:.2f}" for name, seconds in result.stages.items())
    for line in (
        f"orders 委託 {tape.orders:,} · {trades} · {speed}",
        f"volume 成交股數 {tape.shares:,} · turnover 成交金額 NT$ {_dollars(tape.value)}",
        f"interruptions 瞬間價格穩定 {tape.interruptions} · odd-lot auctions put off 零股延緩 {tape.put_off}",
        f"delayed opens 暫緩開盤 {tape.delayed_opens} · delayed closes 暫緩收盤 {tape.delayed_closes}",
        f"journal 日誌 {result.journal}",
        f"  {result.records:,} records, synced and proven 筆紀錄，已落盤並驗證",
        f"  hash 雜湊 {result.journal_hash}",
        f"  events 事件 {result.events_hash}",
        "  (events: the same for the same report, pack and seed 輸入相同則事件雜湊相同)",
        *(f"{name} 當日檔案 {path}" for name, path in result.files.items()),
        f"{result.seconds:.2f} s 秒: {stages}",
    ):
        console.print(line, soft_wrap=True)


def _verdict(result: FinishedDay) -> str:
    """What may be said of the comparison: nothing is called equal where nothing was compared."""
    balanced = sum(one.balanced for one in result.securities)
    if not result.tape.trades:
        return "nothing was traded, so nothing was compared 沒有任何成交，無從比對"
    if not balanced:
        return "no security of the report balances, so none was compared whole 報表沒有買賣平衡的證券，無從完整比對"
    equal = "equal 相符" if result.branches_equal else "NOT EQUAL 不符"
    return f"branches, prices, sides of balanced securities 分點逐價買賣: {equal} ({balanced})"


def _show_gaps(result: FinishedDay, console: Console) -> None:
    """What the report's own sides lack, and what was cut for it: all prices, the first cuts."""
    for one in result.securities:
        for each in one.differences:
            console.print(
                f"! {one.code} {_price(each.price)}: the report bought 買 {each.bought:,}, sold 賣 {each.sold:,},"
                f" difference 差 {each.bought - each.sold:+,}",
                soft_wrap=True,
            )
    cuts = result.day.plan.cuts
    for cut in cuts[:CUTS_SHOWN]:
        console.print(
            f"! cut 扣除 {cut.code} {cut.branch} {SIDES_TOLD[cut.side]} {_price(cut.price)}:"
            f" {cut.shares:,} shares 股 (row 第 {cut.row} 列)"
        )
    if len(cuts) > CUTS_SHOWN:
        console.print(f"! and {len(cuts) - CUTS_SHOWN} more cut rows; all with --json 其餘見 --json")


def _dollars(value: int) -> str:
    """An exact amount in NT$ with thousands separated."""
    whole, _, part = decimal_text(value).partition(".")
    return f"{int(whole):,}" + (f".{part}" if part else "")


def _millions(value: int) -> str:
    return f"{value / 10**DECIMALS / MILLION:,.1f}"


def _table(title: str, left: Sequence[str], right: Sequence[str], last: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, no_wrap=True, justify="right")
    if last:
        table.add_column(last)
    return table


def _security_table(result: FinishedDay) -> Table:
    table = _table("", ("code", "名稱 name"), ("股數 shares", "百萬元 NT$M", "參考價 ref."), "分點 branches")
    for one, security in zip(result.securities, result.day.securities, strict=True):
        assumed = "*" if security.source is ReferenceSource.ASSUMED else ""
        verdict = "equal 相符" if one.balanced else f"cut 扣除 {one.cut_shares:,}"
        if not one.shares:
            verdict = "no trade 無成交"
        table.add_row(
            one.code,
            security.listing.name[:10],
            f"{one.shares:,}",
            _millions(one.value),
            _price(security.reference) + assumed,
            f"{one.branches} {verdict if one.equal else 'NOT EQUAL 不符'}",
        )
    return table


def _firm_table(rows: Sequence[FirmResult]) -> Table:
    title = f"firms 券商 {min(len(rows), FIRMS_SHOWN)} of {len(rows)} (all with --json 全部見 --json)"
    table = _table(title, ("code", "券商 firm"), ("買進 bought", "賣出 sold", "買進 NT$M", "賣出 NT$M"), "")
    for firm in rows[:FIRMS_SHOWN]:
        values = (_millions(firm.bought_value), _millions(firm.sold_value))
        table.add_row(firm.code, firm.name[:10], f"{firm.bought:,}", f"{firm.sold:,}", *values)
    return table
