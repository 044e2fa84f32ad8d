"""`yunhai trust`: the process that opens the HSM; `yunhai trust probe`: the interfaces' negative tests against a running system."""

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
    from yunhai.apps.cloud.prepare import make_credentials

    places = Places.at(home)
    places.make()
    configure("trust")
    make_credentials(places)
    os.environ["YUNHAI_HOME"] = str(places.home)
    import uvloop

    from yunhai.apps.trust.folder import TrustPlaces
    from yunhai.apps.trust.listening import unix_socket
    from yunhai.apps.trust.process import keeper_of, serve

    at = TrustPlaces(places)
    inner, public = unix_socket(at.socket, 0o600), unix_socket(at.public_socket, int(socket_mode, 8))

    async def run() -> None:
        await serve(keeper_of(places, origin=origin), inner, public)

    uvloop.run(run())
