"""`yunhai backup FILE`: one file of everything, taken while the cloud runs."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from yunhai.apps.cloud.backup import back_up
from yunhai.apps.cloud.places import Places


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--home", type=click.Path(path_type=Path), help="The installation 安裝資料夾 [default: YUNHAI_HOME].")
@click.option("--credentials", is_flag=True, help="Keys and passwords too; guard the file 連同金鑰與密碼.")
@click.option("--journal-only", is_flag=True, help="Leave the database out 不含資料庫.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(file: Path, home: Path | None, credentials: bool, journal_only: bool, json_wanted: bool) -> int:
    """Back the cloud up into FILE while it runs 備份.

    FILE holds the database, the journal and its checkpoints, and with --credentials the keys; `yunhai restore` makes an
    installation of it. It holds personal data: keep it as safe as the installation.
    """
    manifest = back_up(
        Places.at(home),
        file,
        credentials=credentials,
        journal_only=journal_only,
        progress=lambda step: click.echo(f"… {step}", err=True),
    )
    size = file.stat().st_size
    click.echo(
        f"✓ {file} ({size:,} bytes): journal to record {manifest.sequence} 日誌至第 {manifest.sequence} 筆",
        err=json_wanted,
    )
    if json_wanted:
        click.echo(json.dumps({"file": str(file), "bytes": size, **asdict(manifest)}, ensure_ascii=False))
    return 0
