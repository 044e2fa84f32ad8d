"""`yunhai ca`: the key ceremony, and what the certification authority is doing."""

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from yunhai.apps.cloud.places import Places
from yunhai.kernel.limits import RENEW_CA_DAYS

TIMEOUT_S: Final = 10.0


@click.group("ca")
def command() -> None:
    """The certification authority: ceremony, renewal, status 憑證機構."""


@command.command("ceremony")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--witness", "witnesses", multiple=True, required=True, help="Two names 兩位見證人（給兩次）.")
@click.option(
    "--safe",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder on a medium for the safe 保險箱媒體上的資料夾.",
)
@click.option(
    "--halves",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Write the pass phrase's halves there 通行碼兩半存放處.",
)
@click.option("--demo", is_flag=True, help="Throw the root's key away 示範：拋棄根金鑰.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def ceremony(
    home: Path | None, witnesses: tuple[str, ...], safe: Path | None, halves: Path | None, demo: bool, as_json: bool
) -> int:
    """Hold the key ceremony, once 金鑰儀式.

    The issuing key is made in the HSM; the root's key is made in memory, signs twice and leaves encrypted to --safe, its pass
    phrase in two halves, shown to one witness each. See docs/guides/key-ceremony.md.
    """
    from yunhai.apps.trust.ceremony import Plan
    from yunhai.apps.trust.folder import TrustPlaces

    if demo == (safe is not None):
        raise click.UsageError("--safe FOLDER, or --demo: one of them")
    places = Places.at(home)
    places.make()
    at = TrustPlaces(places)
    held = hold_ceremony(
        at, Plan(witnesses=witnesses, safe=safe), say=lambda text: click.echo(f"· {text}", err=as_json)
    )
    if held.halves and halves is not None:
        from yunhai.apps.trust.ca import write

        for number, half in enumerate(held.halves, 1):
            write(halves / f"half-{number}.txt", half.encode(), 0o400)
    elif held.halves:
        for name, half in zip(witnesses, held.halves, strict=True):
            _show(name, half)
    found = {
        "root_sha256": hashlib.sha256(held.root).hexdigest(),
        "issuing_sha256": hashlib.sha256(held.issuing).hexdigest(),
        "minutes": str(at.minutes),
        "minutes_sha256": hashlib.sha256(at.minutes.read_bytes()).hexdigest(),
        "software_hsm": held.token.software,
    }
    click.echo(f"✓ Root 根憑證     {found['root_sha256']}", err=as_json)
    click.echo(f"✓ Issuing 簽發   {found['issuing_sha256']}", err=as_json)
    click.echo(f"✓ Minutes 紀錄   {at.minutes}  {found['minutes_sha256']}", err=as_json)
    if held.token.software:
        click.echo("! Software HSM: for tests and demonstrations only 軟體 HSM，僅供測試與示範", err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    return 0


def hold_ceremony(at: Any, plan: Any, *, say: Any) -> Any:
    """The ceremony in this process, with a session of its own. The errors of `ceremony.hold`."""
    from yunhai.apps.trust.ceremony import hold
    from yunhai.apps.trust.process import hsm_of

    async def held() -> Any:
        hsm = hsm_of(at, make=True)
        try:
            return await hold(at, hsm, plan, say=say)
        finally:
            await hsm.close()

    return asyncio.run(held())


@command.command("renew")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    required=True,
    help="Two names, in the ceremony's order 兩位見證人（依首次儀式之順序，給兩次）.",
)
@click.option(
    "--safe",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder on the medium from the safe 保險箱媒體上的資料夾.",
)
@click.option(
    "--halves",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Read the pass phrase's halves there: half-1.txt, half-2.txt 自檔案讀取通行碼兩半.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def renew(home: Path | None, witnesses: tuple[str, ...], safe: Path, halves: Path | None, as_json: bool) -> int:
    """Renew the issuing CA under the root from the safe 更新簽發憑證.

    The root's key is opened by both witnesses' halves, signs a new certificate over the same key in the HSM, and is kept nowhere.
    The one before stays right, as whatever was issued under it. See docs/guides/key-ceremony.md.
    """
    from yunhai.apps.trust.folder import TrustPlaces
    from yunhai.apps.trust.renewal import Plan

    given = tuple(_half(name, at, halves) for at, name in enumerate(witnesses, 1))
    plan = Plan(witnesses=witnesses, safe=safe, halves=given)
    places = TrustPlaces(Places.at(home))
    made = hold_renewal(places, plan, say=lambda text: click.echo(f"· {text}", err=as_json))
    found = {
        "before_sha256": hashlib.sha256(made.before).hexdigest(),
        "issuing_sha256": hashlib.sha256(made.issuing).hexdigest(),
        "kept": str(made.kept),
        "minutes": str(made.file),
        "minutes_sha256": hashlib.sha256(made.file.read_bytes()).hexdigest(),
    }
    click.echo(f"✓ Before 前         {found['before_sha256']}  {made.kept}", err=as_json)
    click.echo(f"✓ Issuing 新簽發    {found['issuing_sha256']}", err=as_json)
    click.echo(f"✓ Minutes 紀錄      {made.file}  {found['minutes_sha256']}", err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    return 0


def _half(name: str, number: int, folder: Path | None) -> str:
    """A witness's half of the pass phrase: from its file, or typed, unseen."""
    if folder is not None:
        return (folder / f"half-{number}.txt").read_text().strip()
    return str(click.prompt(f"{name}: come alone, type your half 請單獨輸入您的一半", hide_input=True, err=True))


def hold_renewal(at: Any, plan: Any, *, say: Any) -> Any:
    """The renewal in this process, with a session of its own. The errors of `renewal.renew`."""
    from yunhai.apps.trust.process import hsm_of
    from yunhai.apps.trust.renewal import renew

    async def held() -> Any:
        hsm = hsm_of(at)
        try:
            return await renew(at, hsm, plan, say=say)
        finally:
            await hsm.close()

    return asyncio.run(held())


def _show(name: str, half: str) -> None:
    """One half to one witness, then off the screen."""
    click.pause(f"\n{name}: come alone to the screen, then press a key 請單獨到螢幕前，按任意鍵", err=True)
    click.echo(f"\n    {half}\n", err=True)
    click.pause("Write it down, then press a key 抄寫後按任意鍵", err=True)
    click.clear()


@command.command("status")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def status(home: Path | None, as_json: bool) -> int:
    """What the CA, the HSM, CRL, OCSP and TSA are doing 憑證機構狀態. Exit code 1 if something is not as it should be."""
    import httpx

    from yunhai.apps.cloud.errors import NOT_UP
    from yunhai.apps.trust.folder import TrustPlaces
    from yunhai.kernel.errors import YunhaiError
    from yunhai.trading.http.unix import unix_transport

    at = TrustPlaces(Places.at(home))
    transport = unix_transport(at.socket)
    try:
        with httpx.Client(transport=transport, timeout=TIMEOUT_S, trust_env=False) as client:
            found = client.get("http://trust/status").raise_for_status().json()
    except httpx.HTTPError:
        raise YunhaiError(NOT_UP) from None
    for line in _lines(found):
        click.echo(line, err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    fit = found["made"] and found["hsm"]["state"] == "open" and found["crl"] is not None and not found["crl"]["behind"]
    return 0 if fit else 1


def _lines(found: dict[str, Any]) -> list[str]:
    hsm = found["hsm"]
    kind = " (software HSM 軟體 HSM)" if hsm["software"] else ""
    lines = [f"HSM       {hsm['state']}{kind}  {hsm['token'] or hsm['failure_en']}"]
    if not found["made"]:
        return [*lines, "CA        no ceremony yet 尚未舉行金鑰儀式"]
    for name, word in (("root", "root 根"), ("issuing", "CA 簽發")):
        soon = found[name]["not_after"] - time.time() * 1_000 < RENEW_CA_DAYS * 86_400_000
        due = "  RENEW 應更新 (yunhai ca renew)" if soon and name == "issuing" else ""
        lines.append(f"{word:<9} until {_day(found[name]['not_after'])}  {found[name]['subject']}{due}")
    lines += [f"{one['profile']:<9} until {_day(one['not_after'])}  {one['key']}" for one in found["own"]]
    if (crl := found["crl"]) is not None:
        late = "  BEHIND 未含最新變更" if crl["behind"] else ""
        lines.append(
            f"CRL       number {crl['number']}, {crl['entries']} entries, until {_minute(crl['next_update'])}{late}"
        )
    for profile, by_status in found["certificates"].items():
        lines.append(f"{profile:<9} " + ", ".join(f"{count} {state}" for state, count in by_status.items()))
    lines.append(f"OCSP      {found['ocsp']} answers, {found['ocsp_behind']} not signed")
    lines.append(f"TSA       {found['tsa']} stamps, {found['tsa_behind']} not made")
    return lines


def _day(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1_000, UTC):%Y-%m-%d}"


def _minute(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC).astimezone().isoformat(timespec="minutes")
