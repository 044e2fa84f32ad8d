"""`yunhai operator`: who works the platform. The first one can be made by nobody in a browser, so the machine's owner does."""

import json
from pathlib import Path
from typing import Final

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import require_whole_address, set_up_django

ORIGIN_VARIABLE: Final = "YUNHAI_ORIGIN"
USUAL_ORIGIN: Final = "http://localhost:8600"


@click.group("operator")
def command() -> None:
    """Who works the platform 平台管理者."""


@command.command("add")
@click.argument("email")
@click.option("--name-zh", default="", help="Name in Chinese 姓名.")
@click.option("--name-en", default="", help="Name in English 英文姓名.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--origin", envvar=ORIGIN_VARIABLE, help="The public address 對外位址.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def add(email: str, name_zh: str, name_en: str, home: Path | None, origin: str | None, as_json: bool) -> int:
    """Let somebody work the platform, and print their link 新增平台管理者.

    The link is good once, to choose a password; then they sign in, and set up a second factor before their first act in the
    Console. The database must be up (yunhai up). Again for the same address: another link, until a password is chosen.
    """
    places = Places.at(home)
    require_whole_address()
    set_up_django(places, "migrator")
    from django.core.exceptions import ValidationError

    from yunhai.apps.cloud.operators import add_operator

    try:
        made = add_operator(email, name_zh=name_zh, name_en=name_en)
    except ValidationError:
        raise click.BadParameter(f"no e-mail address 不是電子郵件位址: {email}") from None
    link = f"{(origin or _origin(places)).rstrip('/')}{made.link}" if made.link else ""
    click.echo(f"✓ {email} works the platform 已為平台管理者", err=as_json)
    if link:
        click.echo(f"  once, within {made.days} days 限用一次，{made.days} 日內: {link}", err=as_json)
    else:
        click.echo("  They have a password 已有密碼，請直接登入.", err=as_json)
    if as_json:
        click.echo(json.dumps({"person": made.person, "tenant": made.tenant, "link": link, "days": made.days}))
    return 0


def _origin(places: Places) -> str:
    """What `yunhai up` serves at this home, else the usual."""
    try:
        said = json.loads(places.status.read_text("utf-8"))
    except (OSError, ValueError):
        return USUAL_ORIGIN
    return str(said.get("origin") or USUAL_ORIGIN)
