"""`yunhai books`: prove the books, import opening balances."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import set_up_django
from yunhai.apps.terminal import console
from yunhai.journal.files import read_up_to
from yunhai.kernel.limits import OPENING_FILE_BYTES_MAX

if TYPE_CHECKING:
    from yunhai.apps.cloud.books_check import Check, Proof
    from yunhai.services.ledger.opening import Fault

FAILED_CHECK: Final = 1
REFUSED: Final = 2
_HOME = click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 最後輸出一個 JSON 物件.")


@click.group("books")
def command() -> None:
    """The books 帳務: prove them 檢核, import opening balances 匯入期初餘額."""


@command.command("check")
@_HOME
@_JSON
def check(home: Path | None, as_json: bool) -> int:
    """Prove the books 檢核帳務.

    The tables against themselves, against the FILL records of the journal, and against books rebuilt from its first
    record. Exit code 1, and every difference named, if something does not hold 有不符時離開碼為 1.
    """
    places = Places.at(home)
    set_up_django(places, "reader")
    import psycopg

    from yunhai.apps.cloud.books_check import prove
    from yunhai.apps.cloud.database_url import connection_arguments
    from yunhai.apps.cloud.readers import RARELY

    gc.set_threshold(*RARELY)
    with _progress() as tell, psycopg.connect(**connection_arguments(places, "reader")) as connection:
        proof = prove(places.journal, connection, tell)
    out = console(stderr=as_json)
    for one in proof.checks:
        out.print(_line(one), markup=False, highlight=False)
        for text in one.named:
            out.print(f"    {text}", markup=False, highlight=False)
        if one.found > len(one.named):
            out.print(f"    … {one.found - len(one.named):,} more 另有", markup=False, highlight=False)
    verdict = "the books hold 帳務相符" if proof.holds else "DIFFERENCES 帳務不符"
    out.print(
        f"{'✓' if proof.holds else '✗'} {verdict}; sequence 序號 {proof.sequence:,}; postings 分錄 {proof.postings:,};"
        f" fills 成交 {proof.fills:,}; {proof.seconds:.1f} s 秒",
        highlight=False,
    )
    with suppress(OSError):  # the Control Room shows the last verdict; a check of a copy elsewhere keeps none
        (places.run / "books_check.json").write_text(json.dumps(_json(proof), ensure_ascii=False))
    if as_json:
        click.echo(json.dumps(_json(proof), ensure_ascii=False))
    return 0 if proof.holds else FAILED_CHECK


def _line(one: "Check") -> str:
    state = f"{one.compared:,}" if one.holds else f"{one.found:,} differ 不符 / {one.compared:,}"
    return f"{'✓' if one.holds else '✗'} {one.zh} {one.en}: {state}"


def _json(proof: "Proof") -> dict[str, Any]:
    return {
        "ok": proof.holds,
        "sequence": proof.sequence,
        "postings": proof.postings,
        "fills": proof.fills,
        "checks": [
            {
                "name": one.name,
                "ok": one.holds,
                "zh": one.zh,
                "en": one.en,
                "compared": one.compared,
                "differences": one.found,
                "named": one.named,
            }
            for one in proof.checks
        ],
        "seconds": round(proof.seconds, 3),
    }


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--batch", default="", help="Name of the import 批次名稱 (made of the file's content).")
@click.option("--dry-run", is_flag=True, help="Only check the file 只檢查.")
@_HOME
@_JSON
def import_(file: Path, batch: str, dry_run: bool, home: Path | None, as_json: bool) -> int:
    """Import opening balances from a CSV FILE 匯入期初餘額.

    Columns account,code,quantity_or_amount,cost; a row without a code is cash in NT$. Every row is checked first, and
    nothing is taken if one is wrong. The same file (or batch) again is taken once 重複匯入不會重複入帳.
    """
    places = Places.at(home)
    set_up_django(places, "reader")
    from yunhai.apps.cloud.books_import import import_file
    from yunhai.services.ledger.opening import refuse

    content = read_up_to(file, OPENING_FILE_BYTES_MAX)
    with _progress() as tell:
        done = import_file(places, content, batch=batch, dry_run=dry_run, progress=tell)
    out = console(stderr=as_json)
    if done.faults:
        _tell_faults(done.faults)
    else:
        word = "checked 檢查通過" if dry_run else "taken 已入帳"
        out.print(f"✓ {word}: {done.rows:,} rows 列, {done.parts} parts 部分, batch 批次 {done.batch}", highlight=False)
    if as_json:
        answer: dict[str, Any] = {
            "ok": not done.faults,
            "batch": done.batch,
            "rows": done.rows,
            "parts": done.parts,
            "taken": 0 if dry_run or done.faults else done.parts,
        }
        if done.faults:
            answer["error"] = refuse(list(done.faults)).as_json()
            answer["faults"] = [{"line": fault.line, "zh": fault.zh, "en": fault.en} for fault in done.faults]
        click.echo(json.dumps(answer, ensure_ascii=False))
    return REFUSED if done.faults else 0


def _tell_faults(faults: tuple["Fault", ...]) -> None:
    errors = console(stderr=True)
    for fault in faults:
        errors.print(f"✗ {fault.line}: {fault.zh} {fault.en}", markup=False, highlight=False)
    errors.print(f"✗ {len(faults):,} faults 處錯誤; nothing was taken 未匯入任何資料", highlight=False)


@contextmanager
def _progress() -> Iterator[Any]:
    screen = console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        whole = bar.add_task("check 檢核", total=1)

        def tell(what: str, done: int, of: int) -> None:
            """One bar for the replay, one for the rest, named by what is at hand."""
            if what.startswith(("replay", "send")):
                task = tasks.setdefault(what, bar.add_task(what, total=of)) if what not in tasks else tasks[what]
                bar.update(task, completed=done, total=of)
            else:
                bar.update(whole, description=what, completed=done, total=of)

        yield tell
