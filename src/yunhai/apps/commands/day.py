"""`yunhai day FILE`: a broker-branch report made into a day of orders and run through the exchange."""

import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from yunhai.apps.day.admission import (
    inputs_of,
    require_in_force,
    require_journal_folder,
    require_reported,
    require_target,
    stated_references,
)
from yunhai.apps.day.builtin import HISTORY, LABEL, builtin_report
from yunhai.apps.day.data_folder import REPORTS, data_folders, latest
from yunhai.apps.day.day_files import require_folder, write_day_files
from yunhai.apps.day.failures import RowsRefusedError
from yunhai.apps.day.output import FinishedDay, as_json, show, write_fills
from yunhai.apps.day.session import STAGES, Inputs, Stages, Watch, run_session
from yunhai.apps.reference_data import instruments, pack_named, pack_toml
from yunhai.apps.terminal import console
from yunhai.exchange.rules.pack import RulePack

DEFAULT_PACK: Final = "twse-2026"
ROWS_SHOWN: Final = 20


@click.command("day")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--pack", "pack_name", default=DEFAULT_PACK, show_default=True, help="Rule pack, id or TOML 規則包.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Seed of the plan 亂數種子."
)
@click.option("--journal", "journal", type=click.Path(path_type=Path), help="New folder for the journal 日誌資料夾.")
@click.option("--fills", "fills", type=click.Path(path_type=Path), help="Write every fill as CSV 成交明細.")
@click.option(
    "--files",
    "day_files",
    type=click.Path(path_type=Path),
    help="Folder for quotes, T30, C06, C07 當日檔案.",
)
@click.option(
    "--bars", "bars", type=click.Path(path_type=Path), help="Daily bars, CSV 日線檔 [default: the data folder's]."
)
@click.option("--cloud", is_flag=True, help="Through gate, lines and ledger 經整個雲端.")
@click.option("--home", type=click.Path(path_type=Path), help="New folder for --cloud 雲端資料夾.")
@click.option("--reference", "references", multiple=True, metavar="CODE=PRICE", help="State a reference price 參考價.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(
    file: Path | None,
    pack_name: str,
    seed: int,
    journal: Path | None,
    fills: Path | None,
    day_files: Path | None,
    bars: Path | None,
    cloud: bool,
    home: Path | None,
    references: tuple[str, ...],
    json_wanted: bool,
) -> int:
    """Make a day of orders from the broker-branch report FILE, trade it, and compare every branch 分點報表重現一日.

    FILE (CSV or CSV.gz, UTF-8 or CP950) has the columns date, stock, seq, broker_branch, price, buy_shares,
    sell_shares; without it, the newest report of the data folder (YUNHAI_DATA, else ../shared/data) or a small built-in
    day of real codes with made-up quantities is run. Exit code 1 if any branch's shares at any price differ from the report.

    With --cloud every firm is a tenant and every branch an account of a cloud made in --home: each order is signed, goes
    through gate and lines, and is booked; exit code 1 too if `yunhai books check` is not clean.
    """
    if cloud and (journal or day_files):
        raise click.UsageError("--cloud keeps its journal in --home; it takes no --journal and no --files")
    if home is not None and not cloud:
        raise click.UsageError("--home is for --cloud")
    read = file or latest(data_folders(), REPORTS)
    if read is None:
        click.echo(LABEL, err=True)
    with progress_bars() as watch:
        stages = Stages(watch)
        with stages.of("import"), rows_explained():
            if journal is not None:
                require_journal_folder(journal)
            if fills is not None:
                require_target(fills, inputs=[each for each in (read, bars) if each is not None], journal=journal)
            if day_files is not None:
                require_folder(day_files)
            pack = pack_named(pack_name)
            if read is None:
                inputs = builtin_inputs(pack, references, seed)
            else:
                inputs = inputs_of(read, pack, bars=bars, references=references, seed=seed)
        if cloud:
            return run_cloud(inputs, pack_name, home, fills, stages, json_wanted=json_wanted)
        with rows_explained():
            result = run_session(inputs, journal, stages, keep_fills=bool(fills or day_files))
        if day_files is not None:
            with stages.of("files") as progress:
                written = write_day_files(result, day_files, progress=progress)
            result = replace(result, files=written, stages=dict(stages.seconds), seconds=stages.total())
    if fills is not None:
        write_fills(result, fills)
    code = finish(result, json_wanted=json_wanted, more={"illustrative": read is None})
    if file is None:
        next_steps(read, result.journal, aside=json_wanted)
    return code


def builtin_inputs(pack: RulePack, references: tuple[str, ...], seed: int) -> Inputs:
    """The built-in day. YunhaiError 2011, 4032."""
    report = builtin_report()
    require_in_force(pack, report.date)
    stated = stated_references(references)
    require_reported(stated, report)
    return Inputs(
        source=LABEL,
        report=report,
        pack=pack,
        listings=instruments(report.date, pack=pack),
        history=dict(HISTORY),
        stated=stated,
        seed=seed,
    )


def next_steps(file: Path | None, journal: Path, *, aside: bool) -> None:
    """Commands that work from here; aside = on standard error, so that the JSON object stays last."""
    lines = [
        "",
        "Try next 接著可以試：",
        f"  ./dev run yunhai journal verify {journal}",
        f"  ./dev run yunhai journal stats {journal}",
        "  ./dev run yunhai rules show --pack twse-2026",
        "  ./dev run yunhai rules diff twse-2013 twse-2026",
    ]
    if file is not None:
        fills = journal.parent / "fills.csv"
        lines.insert(2, f"  ./dev run yunhai day {shlex.quote(str(file))} --seed 2 --fills {fills}")
    click.echo("\n".join([*lines, f"The journal is yours to delete 日誌可自行刪除: {journal.parent}"]), err=aside)


def run_cloud(
    inputs: Inputs, pack_name: str, home: Path | None, fills: Path | None, stages: Stages, *, json_wanted: bool
) -> int:
    """The day through the cloud; the exit code."""
    from yunhai.apps.day.cloud import CloudDay
    from yunhai.apps.day.cloud_output import show_cloud

    run = CloudDay(inputs, pack_toml(pack_name), home or new_home(), stages, _quiet)
    with rows_explained():
        result = run.run(keep_fills=fills is not None)
    if fills is not None:
        write_fills(result, fills)
    show_cloud(run.facts, console(stderr=json_wanted))
    code = finish(result, json_wanted=json_wanted, more={"cloud": run.facts.as_json()})
    return code or (0 if run.facts.sound else 1)


def _quiet(_part: str, _what: str) -> None:
    """The bars of progress say enough."""


def new_home() -> Path:
    """A place for a cloud that nobody named: the database's own user must be able to walk to it."""
    above = Path(tempfile.mkdtemp(prefix="yunhai-cloud-day-"))
    above.chmod(0o711)
    return above / "home"


def finish(result: FinishedDay, *, json_wanted: bool, more: Mapping[str, Any] | None = None) -> int:
    """Tell the result; the exit code."""
    show(result, console(stderr=json_wanted))
    if json_wanted:
        click.echo(json.dumps({**as_json(result), **(more or {})}, ensure_ascii=False))
    return 0 if result.sound else 1


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
    if not sys.stderr.isatty():
        yield lambda _stage, _part: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        tasks = {}

        def watch(stage: str, part: float) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(STAGES[stage], total=1.0)
            progress.update(tasks[stage], completed=part)

        yield watch
