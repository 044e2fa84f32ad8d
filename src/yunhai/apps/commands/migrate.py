"""`yunhai migrate`: bring the database to this version, as the migrator, and gather the static files."""

import json
from pathlib import Path

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import collect_static, migrate, require_whole_address


@click.command("migrate")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(home: Path | None, as_json: bool) -> int:
    """Migrate the database and renew its roles' privileges 更新資料庫.

    yunhai up does this itself; where the parts are run one by one, run it before them. The database must be up.
    """
    places = Places.at(home)
    places.make()
    require_whole_address()
    count = migrate(places)
    collect_static(places)
    click.echo(f"✓ {count} migrations run 已執行 {count} 個遷移", err=as_json)
    if as_json:
        click.echo(json.dumps({"migrations": count, "static": str(places.static)}))
    return 0
