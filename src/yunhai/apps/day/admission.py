"""Whether a day may begin: everything that can be refused is refused here, before a folder is made or an order planned.

In this order: the rows of the report, by themselves and by the rules at once; the pack and the calendar on the report's
day; the stated references; the places to write to.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from yunhai.apps.day import failures
from yunhai.apps.day.bars import History, read_history
from yunhai.apps.day.data_folder import daily_bars_near
from yunhai.apps.day.failures import RowsRefusedError
from yunhai.apps.day.levels import levels_of
from yunhai.apps.day.report import Report, ReportRefusedError, read_report
from yunhai.apps.day.securities import hours_of, settle_securities
from yunhai.apps.day.session import Inputs
from yunhai.apps.reference_data import calendar_around, instruments
from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of

NOT_IN_FORCE: Final = 2011
CALENDAR_TOO_SHORT: Final = 2209
CALENDAR_UNTIL_YEAR: Final = 2048
"""The calendar library's tables of lunar holidays end in 2049; after them it would call the New Year a trading day."""
SATURDAY: Final = 5


def inputs_of(file: Path, pack: RulePack, *, bars: Path | None, references: Iterable[str], seed: int) -> Inputs:
    """A report with all that a day needs of it. `references` are `CODE=PRICE` words; without `bars` the data folder's.

    YunhaiError 4001-4007, 2011, 2209, 2210, 4032, 4036. Bad rows are told together with the good rows that the rules
    contradict.
    """
    stated = stated_references(references)
    try:
        report, refusal = read_report(file), None
    except ReportRefusedError as error:
        if error.rest is None:
            raise
        report, refusal = error.rest, error
    if refusal is None:
        require_in_force(pack, report.date)
    found = bars if bars is not None else daily_bars_near(file)
    history = {} if found is None else read_history(found, report.codes, report.date)
    if refusal is not None:
        raise _with_those_of_the_rules(refusal, pack, history, stated)
    require_trading_day(report.date, history)
    hours_of(pack, report.date)
    require_reported(stated, report)
    return Inputs(
        source=file.name,
        report=report,
        pack=pack,
        listings=instruments(report.date, pack=pack),
        history=history,
        stated=stated,
        seed=seed,
    )


def _with_those_of_the_rules(
    refusal: ReportRefusedError, pack: RulePack, history: Mapping[str, History], stated: Mapping[str, int]
) -> RowsRefusedError:
    """The refusal with the rows that are good by themselves and contradict the rules: one look is to be enough."""
    rest = refusal.rest
    if rest is None:
        return refusal
    try:
        settle_securities(
            rest,
            levels_of(rest),
            pack,
            listing_of=instruments(rest.date, pack=pack).get,
            history=history,
            stated=stated,
        )
    except RowsRefusedError as more:
        rows = sorted((*refusal.refused, *more.refused), key=lambda one: one.row)
        return RowsRefusedError(tuple(rows[: failures.ROWS_TOLD]), count=refusal.count + more.count)
    except YunhaiError:  # what is wrong with the options is told once the rows are right
        return refusal
    return refusal


def require_in_force(pack: RulePack, day: date) -> None:
    """YunhaiError 2011 if the pack does not run on that day."""
    if not pack.in_force(day):
        to = pack.effective_to.isoformat() if pack.effective_to else "…"
        raise YunhaiError(
            NOT_IN_FORCE, pack=pack.id, date=day.isoformat(), from_=pack.effective_from.isoformat(), to=to
        )


def require_trading_day(day: date, history: Mapping[str, History]) -> None:
    """YunhaiError 2210 if the market was shut, 2209 if the calendar does not reach.

    The calendar takes a second or two to load; on a weekday a daily bar of that day says as much at once.
    """
    if day.weekday() < SATURDAY and any(known.bar is not None for known in history.values()):
        return
    if day.year > CALENDAR_UNTIL_YEAR:
        raise YunhaiError(CALENDAR_TOO_SHORT, date=day.isoformat())
    calendar_around(day).require_open(day)


def stated_references(words: Iterable[str]) -> dict[str, int]:
    """`CODE=PRICE` words as prices in 1/10,000 NT$. YunhaiError 4032."""
    stated: dict[str, int] = {}
    for word in words:
        code, equals, price = word.partition("=")
        if not equals or not code:
            raise _bad_reference(f"{word}: not CODE=PRICE", f"{word}：格式不是 代號=價格")
        try:
            scaled = int(price_of(price))
        except YunhaiError as error:
            raise _bad_reference(f"{word}: not a price", f"{word}：不是價格") from error
        if scaled <= 0:
            raise _bad_reference(f"{word}: not above zero", f"{word}：須大於零")
        if code in stated:
            raise _bad_reference(f"{code} is stated twice", f"{code} 指定了兩次")
        stated[code] = scaled
    return stated


def require_reported(stated: Mapping[str, int], report: Report) -> None:
    """YunhaiError 4032 for a reference of a security that the report does not hold."""
    for code in stated:
        if code not in report.codes:
            raise _bad_reference(f"{code} is not in the report", f"報表沒有 {code}")


def _bad_reference(reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(failures.BAD_REFERENCE, reason=reason, reason_zh=reason_zh)


def require_journal_folder(folder: Path) -> None:
    """YunhaiError 4035 if the folder holds anything, 4037 if it is no folder or cannot be made."""
    if folder.is_dir():
        if any(folder.iterdir()):
            raise YunhaiError(failures.JOURNAL_NOT_EMPTY, path=folder)
    elif folder.exists():
        raise _unusable(folder, "it is a file, not a folder", "是檔案，不是資料夾")
    else:
        nearest = next(above for above in folder.absolute().parents if above.exists())
        _require_writable(nearest, folder)


def require_target(target: Path, *, inputs: Iterable[Path], journal: Path | None) -> None:
    """YunhaiError 4037 if a file to be written is one of those read or in the journal, or its folder is not there."""
    if target.is_dir():
        raise _unusable(target, "it is a folder", "是資料夾")
    for read in inputs:
        if target.exists() and read.exists() and target.samefile(read):
            raise _unusable(target, "it is the input", "這就是輸入檔")
    if journal is not None and journal.absolute() in target.absolute().parents:
        raise _unusable(target, "it is in the journal's folder", "位於日誌資料夾內")
    if not target.absolute().parent.is_dir():
        raise _unusable(target, "its folder does not exist", "所在資料夾不存在")
    _require_writable(target if target.exists() else target.absolute().parent, target)


def _require_writable(place: Path, target: Path) -> None:
    if place.is_file() and place != target:
        raise _unusable(target, f"{place} is a file", f"{place} 是檔案")
    if not os.access(place, os.W_OK):
        raise _unusable(target, "no permission", "權限不足")


def _unusable(path: Path, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(failures.TARGET_UNUSABLE, path=path, reason=reason, reason_zh=reason_zh)
