"""`yunhai demo`: one trading day, at once: the real report where the data folder is, else a small one built in."""

import shlex
from pathlib import Path
from typing import Final

import click

from yunhai.apps.commands.day import DEFAULT_PACK, finish, progress_bars, rows_explained
from yunhai.apps.day.admission import inputs_of
from yunhai.apps.day.builtin import HISTORY, LABEL, builtin_report
from yunhai.apps.day.data_folder import REPORTS, data_folders, latest
from yunhai.apps.day.session import Inputs, Stages, run_session
from yunhai.apps.reference_data import instruments, rule_pack

SEED: Final = 1


@click.command("demo")
@click.option(
    "--once", is_flag=True, expose_value=False, help="End when the day has run (it does so anyway) 跑完即結束."
)
@click.option(
    "--builtin", "builtin_wanted", is_flag=True, help="Run the built-in day even if there is a report 內建示範."
)
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(builtin_wanted: bool, json_wanted: bool) -> int:
    """One trading day through exchange and journal 跑一個交易日.

    Runs the broker-branch report of the data folder (YUNHAI_DATA, else ../shared/data); without one, a small built-in
    day of real codes with made-up quantities.
    """
    file = None if builtin_wanted else latest(data_folders(), REPORTS)
    if file is None:
        click.echo(LABEL, err=True)
    with progress_bars() as watch:
        stages = Stages(watch)
        with stages.of("import"), rows_explained():
            inputs = _inputs(file)
        with rows_explained():
            result = run_session(inputs, None, stages, keep_fills=False)
    code = finish(result, json_wanted=json_wanted, more={"illustrative": file is None})
    _next_steps(file, result.journal, aside=json_wanted)
    return code


def _inputs(file: Path | None) -> Inputs:
    """Of the data folder's report, else of the built-in day."""
    pack = rule_pack(DEFAULT_PACK)
    if file is not None:
        return inputs_of(file, pack, bars=None, references=(), seed=SEED)
    report = builtin_report()
    return Inputs(
        source=LABEL,
        report=report,
        pack=pack,
        listings=instruments(report.date, pack=pack),
        history=dict(HISTORY),
        stated={},
        seed=SEED,
    )


def _next_steps(file: Path | None, journal: Path, *, aside: bool) -> None:
    """Commands that work from here; aside = on standard error, so that the JSON object stays last."""
    lines = [
        "",
        "The demo is done. Try next 示範結束，接著可以試：",
        f"  ./dev run yunhai journal verify {journal}",
        f"  ./dev run yunhai journal stats {journal}",
        "  ./dev run yunhai rules show --pack twse-2026",
        "  ./dev run yunhai rules diff twse-2013 twse-2026",
        "  ./dev test",
    ]
    if file is not None:
        fills = journal.parent / "fills.csv"
        lines.insert(2, f"  ./dev run yunhai day {shlex.quote(str(file))} --seed 2 --fills {fills}")
    click.echo("\n".join([*lines, f"The journal is yours to delete 日誌可自行刪除: {journal.parent}"]), err=aside)
