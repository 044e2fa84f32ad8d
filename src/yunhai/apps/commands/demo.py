"""`yunhai demo`: the whole cloud with ten made-up brokers and a market that trades, whatever the hour."""

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from yunhai.apps.cloud import demo_errors
from yunhai.apps.cloud.demo_setup import CREDENTIAL, Link
from yunhai.apps.cloud.places import LINE_WIRE_VARIABLE, Places
from yunhai.kernel.errors import YunhaiError

CLOCK_VARIABLE: Final = "YUNHAI_CLOCK"
PORT: Final = 8600


@click.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="On localhost 本機連接埠.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="The demo's folder 示範資料夾.")
@click.option("--mutual", type=click.IntRange(1, 65535), help="A second port: client certificates 雙向 TLS 連接埠.")
@click.option(
    "--line-wire",
    type=click.IntRange(1, 65535),
    envvar=LINE_WIRE_VARIABLE,
    help="Lines over TLS on this loopback port 線路走 TLS 的連接埠.",
)
@click.option("--once", is_flag=True, help="Try the whole path in a folder of its own, and end 走一遍即結束.")
@click.option("--links", "links_wanted", is_flag=True, help="New sign-in links of the running demo 重發登入連結.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def command(
    port: int,
    home: Path | None,
    mutual: int | None,
    line_wire: int | None,
    once: bool,
    links_wanted: bool,
    json_wanted: bool,
) -> int:
    """Ten brokers, their people, a running market 十家示範券商與運轉中的市場.

    Starts the cloud on this machine, plants made-up brokers and people, trades real codes at made-up prices in market
    time, and prints a one-use sign-in link for each room. Ctrl-C stops it; the next start goes on. Mail is written to files.
    With --once a visitor's path is tried (sign in, buy, change, cancel, books, timeline): exit code 2 if it does not hold.
    """
    from yunhai.apps.cloud.demo import demo_home

    if links_wanted:
        return _tell_links(Places.at(home or demo_home()), json_wanted=json_wanted)
    with _home(home, once=once) as folder:
        places = Places.at(folder)
        if any(places.journal.glob("*.yj")) and not places.credential_path(CREDENTIAL).exists():
            raise YunhaiError(demo_errors.OTHER_HOME, home=folder)
        result = run(places, port, mutual=mutual or 0, line_wire=line_wire or 0, once=once, aside=json_wanted)
    if json_wanted:
        click.echo(json.dumps(result, ensure_ascii=False))
    return 0


def run(places: Places, port: int, *, mutual: int = 0, line_wire: int = 0, once: bool, aside: bool) -> dict[str, Any]:
    """Run the demo until it is stopped, or checked. What was seen. YunhaiError 7660, 7661, and those of `yunhai up`."""
    from yunhai.apps.cloud.demo import Demo, run_live
    from yunhai.apps.cloud.demo_check import Check
    from yunhai.apps.commands import up

    began = time.monotonic()
    origin = f"http://localhost:{port}"
    os.environ[CLOCK_VARIABLE] = "demo"
    demo = Demo(places=places, origin=origin, say=up.said)
    stop = threading.Event()
    result: dict[str, Any] = {"origin": origin, "home": str(places.home)}

    def ready(supervisor: Any) -> None:
        """Everything that happens while the parts are looked after, in a thread of its own."""
        try:
            demo.begin()
            living = threading.Thread(target=run_live, args=(demo, stop), name="market", daemon=True)
            living.start()
            result["ready_seconds"] = round(time.monotonic() - began, 1)
            _tell(origin, places, demo.links, seconds=result["ready_seconds"], aside=aside)
            if once:
                result["seen"] = Check(origin=origin, places=places, links=demo.links, say=up.said).run()
        except BaseException as problem:  # noqa: BLE001 - told by whoever started the demo
            demo.failure = problem
        finally:
            if once or demo.failure is not None:
                stop.set()
                supervisor.request_stop()

    try:
        _ceremony(places)
        up.run(places, origin=origin, mutual=mutual, line_wire=line_wire, demo=True, ready=ready)
    finally:
        stop.set()
    if demo.failure is not None:
        raise demo.failure
    result["seconds"] = round(time.monotonic() - began, 1)
    orders = {"sent": sum(one.sent for one in demo.counts), "accepted": sum(one.accepted for one in demo.counts)}
    result["agents"] = orders
    if once:
        click.echo(f"✓ The demo holds 示範完整 ({result['seconds']} s)", err=aside)
    return result


def _ceremony(places: Places) -> None:
    """The demo's key ceremony, once, with a software HSM; without SoftHSM2 there are no certificates, and the rest goes on."""
    from yunhai.apps.commands import up
    from yunhai.apps.commands.ca import hold_ceremony
    from yunhai.apps.trust.ceremony import Plan
    from yunhai.apps.trust.folder import TrustPlaces
    from yunhai.apps.trust.hsm import module_path

    at = TrustPlaces(places)
    if at.root.exists():
        return
    if module_path() is None:
        up.said("trust", "no SoftHSM2 沒有 SoftHSM2: no certificates, no cloud signing 不能簽發憑證與雲端簽章")
        return
    places.make()
    plan = Plan(witnesses=("示範見證人甲 Demo witness A", "示範見證人乙 Demo witness B"), safe=None)
    hold_ceremony(at, plan, say=lambda _: None)
    up.said("trust", "key ceremony held with a software HSM, for the demo only 已以軟體 HSM 舉行金鑰儀式，僅供示範")


def _tell(origin: str, places: Places, links: tuple[Link, ...], *, seconds: float, aside: bool) -> None:
    """Where to go. A link works once, on this machine."""
    lines = ["", f"Yunhai 雲海 is up at 已啟動：{origin}   ({seconds} s)", ""]
    lines.append("Sign in by one click; each link works once, on this machine 點一下即登入；每個連結限用一次、限本機：")
    for link in links:
        lines += [f"  {link.room_zh} {link.room_en} · {link.name_zh} {link.name_en}", f"    {origin}{link.path}"]
    lines += [
        "",
        "Brokers, people and trades are made up; codes are real 券商、人物與成交皆為虛構，證券代號為真",
        f"Mail 郵件 {places.mail} · logs 日誌 {places.logs}",
        f"New links 重發連結  yunhai demo --links --home {places.home}",
        f"Back up 備份        yunhai backup FILE --home {places.home}",
        "Stop 停止           Ctrl-C",
    ]
    click.echo("\n".join(lines), err=aside)


def _tell_links(places: Places, *, json_wanted: bool) -> int:
    """Fresh links, for a demo that runs."""
    from dataclasses import asdict

    from yunhai.apps.cloud.demo import set_up_apart
    from yunhai.apps.cloud.errors import NOT_UP

    try:
        origin = json.loads(places.status.read_text())["origin"]
    except (OSError, ValueError, KeyError):
        raise YunhaiError(NOT_UP) from None
    links = set_up_apart(places).links
    for link in links:
        click.echo(f"{link.room_zh} {link.room_en}  {origin}{link.path}", err=json_wanted)
    if json_wanted:
        click.echo(json.dumps({"links": [asdict(link) for link in links]}, ensure_ascii=False))
    return 0


@contextmanager
def _home(given: Path | None, *, once: bool) -> Iterator[Path]:
    """The folder: as given, or the demo's own; with --once a new one that is removed afterwards."""
    from yunhai.apps.cloud.demo import demo_home

    if given is not None or not once:
        yield given or demo_home()
        return
    above = Path(tempfile.mkdtemp(prefix="yunhai-demo-"))
    above.chmod(0o711)  # the database's own user must be able to walk through
    try:
        yield above / "home"
    finally:
        shutil.rmtree(above, ignore_errors=True)
