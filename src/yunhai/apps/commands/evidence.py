"""`yunhai evidence`: the evidence file of an order."""

import json
from pathlib import Path

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import set_up_django
from yunhai.apps.terminal import console
from yunhai.journal.files import whole_file

_HOME = click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")


@click.group("evidence")
def command() -> None:
    """Evidence 證據: what proves an order without us."""


@command.command("export")
@click.argument("orders", metavar="ORDER...", type=click.IntRange(1), nargs=-1, required=True)
@_HOME
@click.option("--out", type=click.Path(path_type=Path), help="A file, or a folder for several 檔案或資料夾.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 最後輸出一個 JSON 物件.")
def export(orders: tuple[int, ...], home: Path | None, out: Path | None, as_json: bool) -> int:
    """Write the evidence file of orders 匯出證據檔.

    ORDER is an order's id, or the number of any instruction. One file each (`yunhai-ORDER.yhe`), which
    `yunhai verify` checks without a server 每筆一檔，可離線驗證.
    """
    places = Places.at(home)
    set_up_django(places, "reader")
    import psycopg

    from yunhai.apps.cloud.database_url import connection_arguments
    from yunhai.services.trust.evidence import exported, file_name

    folder = out if out is not None and (out.is_dir() or len(orders) > 1) else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    with psycopg.connect(**connection_arguments(places, "reader")) as connection, connection.cursor() as cursor:
        for order in orders:
            content = exported(cursor, order, places.journal)
            path = folder / file_name(order) if folder is not None else out or Path(file_name(order))
            with whole_file(path) as file:
                file.write(content)
            written.append({"order": order, "file": str(path), "bytes": len(content)})
            console(stderr=as_json).print(f"✓ {order}: {path} ({len(content):,} bytes)", markup=False, highlight=False)
    if as_json:
        click.echo(json.dumps({"ok": True, "files": written}, ensure_ascii=False))
    return 0
