"""`yunhai restore FILE --home NEW`: an installation made of a backup, its journal proven, its books checked."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click

from yunhai.apps.cloud.backup import restore
from yunhai.apps.cloud.database import Server
from yunhai.apps.cloud.places import HOME_VARIABLE, Places


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--home", type=click.Path(path_type=Path), required=True, help="New folder 新的安裝資料夾.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(file: Path, home: Path, json_wanted: bool) -> int:
    """Make an installation of the backup FILE, prove it 還原並查驗.

    The journal is verified against what the backup tells of it and `yunhai books check` is run over the tables; what the
    journal holds beyond them the readers read at the next `yunhai up`. Exit code 1 if the books do not agree.
    """
    places = Places.at(home)
    manifest = restore(file, places, progress=lambda step: click.echo(f"… {step}", err=True))
    code = 0
    if manifest.database:
        click.echo("… books 帳務", err=True)
        try:
            code = _check_books(places, aside=json_wanted)
        finally:
            Server.of(places).stop()
    click.echo(
        f"✓ journal verified to record {manifest.sequence} 日誌已驗至第 {manifest.sequence} 筆: {home}\n"
        f"  yunhai up --home {home}",
        err=json_wanted,
    )
    if json_wanted:
        result = {"home": str(home), "books": "right" if code == 0 else "wrong", **asdict(manifest)}
        click.echo(json.dumps(result, ensure_ascii=False))
    return code


def _check_books(places: Places, *, aside: bool) -> int:
    """The exit code of `yunhai books check`, in a process of its own: Django is set up for this home there."""
    done = subprocess.run(
        [sys.executable, "-m", "yunhai.apps.cli", "books", "check"],
        env=os.environ | {HOME_VARIABLE: str(places.home)},
        stdout=sys.stderr if aside else None,
        check=False,
    )
    return done.returncode
