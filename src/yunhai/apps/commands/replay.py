"""`yunhai replay`: an exchange's published orders through our engine, and what came out the same; any moment of a day."""

import json
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from yunhai.apps.commands import replay_moments
from yunhai.apps.l3 import report
from yunhai.apps.reference_data import pack_named
from yunhai.apps.terminal import console
from yunhai.market.l3.engines import native_engine
from yunhai.market.l3.feed import Feed, days_of, read_feed
from yunhai.market.l3.replay import DayResult, Replay
from yunhai.market.l3.window import WindowReplay, read_window_feed

PACK_HELP = "Rule pack id or TOML file 規則包."
JSON_HELP = "Print one JSON object last 最後輸出一個 JSON 物件."


@click.group("replay")
def command() -> None:
    """Published order data through the engine 逐筆委託重播; any moment of a day 行情重播."""


for _moment in (replay_moments.sources, replay_moments.at, replay_moments.span, replay_moments.export):
    command.add_command(_moment)


@command.command("l3")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--pack", "pack_name", default="sse-2023", show_default=True, help=PACK_HELP)
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def l3(folders: tuple[Path, ...], pack_name: str, as_json: bool) -> int:
    """Replay order-by-order FOLDERs in sequence and compare every trade and book 逐筆重播並逐筆比對.

    A folder holds orders, trades and snapshots (.csv or .csv.gz). A folder that goes on where the one before
    ended belongs to the same day and keeps its book. Exit code 1 if anything differs.
    """
    started = time.perf_counter()
    pack = pack_named(pack_name)
    out = console(stderr=as_json)
    with _progress() as progress:
        days = days_of(_read(folders, progress))
        results = [_run(Replay(pack, day, native_engine), day, progress) for day in days]
    seconds = time.perf_counter() - started
    holds = all(result.holds for result in results)
    for result in results:
        out.print(report.day_table(result))
        _print_lines(out, report.day_lines(result))
    _verdict(out, holds, seconds, report.INPUTS, report.DECIDED)
    if as_json:
        answer = {
            "ok": holds,
            "pack": pack.id,
            "days": [report.day_json(result) for result in results],
            "total": report.total_json(results),
            "inputs": report.INPUTS,
            "decided_by_the_engine": report.DECIDED,
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
    return 0 if holds else 1


@command.command("lobster")
@click.argument("messages", type=click.Path(path_type=Path))
@click.argument("books", type=click.Path(path_type=Path))
@click.option("--pack", "pack_name", default="nasdaq-2012", show_default=True, help=PACK_HELP)
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def lobster(messages: Path, books: Path, pack_name: str, as_json: bool) -> int:
    """Rebuild every book of LOBSTER's MESSAGES file and compare it with its BOOKS file 由訊息重建委託簿.

    Exit code 1 if a book differs or an execution meets another resting order.
    """
    started = time.perf_counter()
    pack = pack_named(pack_name)
    out = console(stderr=as_json)
    with _progress() as progress:
        task = progress.add_task(f"replaying 重播 {messages.name}", total=100)
        replay = WindowReplay(pack, read_window_feed(messages, books), native_engine)
        result = replay.run(lambda part: progress.update(task, completed=round(part * 100)))
    seconds = time.perf_counter() - started
    out.print(report.score_table(result.name, result.scores()))
    _print_lines(out, report.difference_lines(result.scores()))
    _verdict(out, result.holds, seconds, report.WINDOW_INPUTS, report.WINDOW_DECIDED)
    if as_json:
        answer = {
            **report.window_json(result),
            "pack": pack.id,
            "inputs": report.WINDOW_INPUTS,
            "decided_by_the_engine": report.WINDOW_DECIDED,
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
    return 0 if result.holds else 1


def _print_lines(out: Console, told: list[str]) -> None:
    for line in told:
        out.print(line)


def _verdict(out: Console, holds: bool, seconds: float, inputs: tuple[str, ...], decided: tuple[str, ...]) -> None:
    verdict = "every comparison holds 全部相同" if holds else "DIFFERENCES 有差異"
    out.print(f"{'✓' if holds else '✗'} {verdict}; {seconds:.1f} s 秒")
    out.print("given 給定: " + "; ".join(inputs))
    out.print("decided by the engine 引擎決定: " + "; ".join(decided))


def _progress() -> Progress:
    screen = console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )


def _read(folders: tuple[Path, ...], progress: Progress) -> list[Feed]:
    task = progress.add_task("reading 讀取", total=len(folders))
    feeds = []
    for folder in folders:
        feeds.append(read_feed(folder))
        progress.advance(task)
    return feeds


def _run(replay: Replay, day: Feed, progress: Progress) -> DayResult:
    task = progress.add_task(f"replaying 重播 {' + '.join(day.folders)}", total=100)
    return replay.run(lambda part: progress.update(task, completed=round(part * 100)))
