"""`yunhai day FILE`: a broker-branch report made into a day of orders and run through the exchange."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from yunhai.apps.day import failures
from yunhai.apps.day.bars import History, read_history
from yunhai.apps.day.data_folder import daily_bars_near
from yunhai.apps.day.failures import RowsRefusedError
from yunhai.apps.day.output import FinishedDay, as_json, show, write_fills
from yunhai.apps.day.report import Report, read_report
from yunhai.apps.day.session import STAGES, Inputs, Stages, Watch, run_session
from yunhai.apps.reference_data import instruments, pack_named
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of

DEFAULT_PACK: Final = "twse-2026"
ROWS_SHOWN: Final = 20


@click.command("day")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pack", "pack_name", default=DEFAULT_PACK, show_default=True, help="Rule pack id or TOML file 規則包.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Seed of the plan 亂數種子."
)
@click.option("--journal", "journal", type=click.Path(path_type=Path), help="New folder for the journal 日誌資料夾.")
@click.option("--fills", "fills", type=click.Path(path_type=Path), help="Write every fill as CSV 成交明細.")
@click.option(
    "--bars", "bars", type=click.Path(path_type=Path), help="Daily bars, CSV 日線檔 [default: the data folder's]."
)
@click.option("--reference", "references", multiple=True, metavar="CODE=PRICE", help="State a reference price 參考價.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last.")
def command(
    file: Path,
    pack_name: str,
    seed: int,
    journal: Path | None,
    fills: Path | None,
    bars: Path | None,
    references: tuple[str, ...],
    json_wanted: bool,
) -> int:
    """Make a day of orders from the broker-branch report FILE, trade it, and compare every branch 分點報表重現一日.

    FILE (CSV or CSV.gz, UTF-8 or CP950) has the columns date, stock, seq, broker_branch, price, buy_shares,
    sell_shares. Exit code 1 if any branch's shares at any price differ from the report.
    """
    with progress_bars() as watch:
        stages = Stages(watch)
        with stages.of("import"), rows_explained():
            pack = pack_named(pack_name)
            report = read_report(file)
            history = _history(file, bars, report)
            inputs = Inputs(
                source=file.name,
                report=report,
                pack=pack,
                listings=instruments(report.date, pack=pack),
                history=history,
                stated=_stated(references),
                seed=seed,
            )
        with rows_explained():
            result = run_session(inputs, journal_folder(journal, inputs), stages, keep_fills=fills is not None)
    if fills is not None:
        write_fills(result, fills)
    return finish(result, json_wanted=json_wanted)


def finish(result: FinishedDay, *, json_wanted: bool, more: Mapping[str, Any] | None = None) -> int:
    """Tell the result; the exit code."""
    show(result, Console(stderr=json_wanted, highlight=False))
    if json_wanted:
        click.echo(json.dumps({**as_json(result), **(more or {})}, ensure_ascii=False))
    return 0 if result.sound else 1


def _history(file: Path, bars: Path | None, report: Report) -> dict[str, History]:
    found = bars if bars is not None else daily_bars_near(file)
    return {} if found is None else read_history(found, report.codes, report.date)


def _stated(references: tuple[str, ...]) -> dict[str, int]:
    """`CODE=PRICE` words as prices in 1/10,000 NT$. YunhaiError 4032."""
    stated = {}
    for word in references:
        code, equals, price = word.partition("=")
        try:
            stated[code] = int(price_of(price))
        except YunhaiError as error:
            raise YunhaiError(failures.BAD_REFERENCE, reason=word) from error
        if not equals or not code or stated[code] <= 0:
            raise YunhaiError(failures.BAD_REFERENCE, reason=word)
    return stated


def journal_folder(asked: Path | None, inputs: Inputs) -> Path:
    """The folder asked for, else a new one for temporary files; the output names it."""
    if asked is not None:
        return asked
    return Path(tempfile.mkdtemp(prefix=f"yunhai-day-{inputs.report.date:%Y%m%d}-")) / "journal"


@contextmanager
def rows_explained() -> Iterator[None]:
    """Print the bad rows one by one before the refusal itself is told."""
    try:
        yield
    except RowsRefusedError as refusal:
        for row in refusal.refused[:ROWS_SHOWN]:
            click.echo(f"row 第 {row.row} 列: {row.code} {row.reason('en')} {row.reason('zh')}", err=True)
        if refusal.count > ROWS_SHOWN:
            click.echo(f"and {refusal.count - ROWS_SHOWN} more, {refusal.count} in all 共 {refusal.count} 列", err=True)
        raise


@contextmanager
def progress_bars() -> Iterator[Watch]:
    """One bar per stage on standard error."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        tasks = {}

        def watch(stage: str, part: float) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(STAGES[stage], total=1.0)
            progress.update(tasks[stage], completed=part)

        yield watch
