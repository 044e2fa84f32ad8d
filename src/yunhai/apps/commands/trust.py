"""`yunhai trust`: the process that opens the HSM; `yunhai trust probe`: the interfaces' negative tests against a running system."""

import json
import os
from pathlib import Path

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.sockets import socket_mode as listening_mode


@click.group("trust", invoke_without_command=True)
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option(
    "--origin",
    envvar="YUNHAI_ORIGIN",
    default="http://localhost:8600",
    show_default=True,
    help="Written into certificates 寫入憑證的位址.",
)
@listening_mode
@click.pass_context
def command(context: click.Context, home: Path | None, origin: str, socket_mode: str) -> None:
    """Run the trust process 信任程序.

    Issues certificates, signs hashes, answers CRL, OCSP and time stamps, by keys in the HSM (YUNHAI_PKCS11_MODULE, else
    SoftHSM2). run/trust.sock (mode 0600) inside, run/trust-public.sock for /pki/*. Goes on without the HSM. SIGTERM ends it.
    """
    if context.invoked_subcommand is not None:
        context.obj = home
        return
    from yunhai.apps.cloud.logs import configure
    from yunhai.apps.cloud.prepare import require_credential

    places = Places.at(home)
    places.make()
    configure("trust")
    require_credential(places, "activation.pub")  # the web's: without it nothing could be signed
    os.environ["YUNHAI_HOME"] = str(places.home)
    import uvloop

    from yunhai.apps.trust.folder import TrustPlaces
    from yunhai.apps.trust.process import keeper_of, serve
    from yunhai.trading.http.listening import unix_socket

    at = TrustPlaces(places)
    inner, public = unix_socket(at.socket, 0o600), unix_socket(at.public_socket, int(socket_mode, 8))

    async def run() -> None:
        await serve(keeper_of(places, origin=origin), inner, public)

    uvloop.run(run())


@command.command("probe")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8600, show_default=True, help="The origin's port 一般連接埠."
)
@click.option("--mutual", type=click.IntRange(1, 65535), required=True, help="The mutual TLS port 雙向 TLS 連接埠.")
@click.option("--line-wire", type=click.IntRange(1, 65535), help="The core's line server 線路伺服器連接埠.")
@click.option("--by", default="operator", show_default=True, help="Who runs it 執行者.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 末行輸出 JSON.")
def probe(home: Path | None, port: int, mutual: int, line_wire: int | None, by: str, as_json: bool) -> int:
    """Run the interfaces' negative tests against this machine's running cloud 介面反面測試.

    Issues a few certificates of the first two brokers, tries what must be refused, revokes them, and keeps the result for the
    conformance page. Exit code 1 if one try did not get its answer.
    """
    from yunhai.apps.cloud.prepare import set_up_django

    places = Places.at(home)
    set_up_django(places)
    from yunhai.apps.trust.probe import probe as run
    from yunhai.apps.trust.probe import told
    from yunhai.apps.trust.probe_target import target_of

    found = run(target_of(places, port=port, mutual=mutual, line_wire=line_wire or 0), by=by)
    for line in told(found):
        click.echo(line, err=as_json)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    return 0 if not found["failed"] else 1
