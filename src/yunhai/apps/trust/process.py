"""The trust process put together: HSM, CA, responder, stamper on two Unix sockets, until SIGTERM."""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from yunhai.apps.cloud.places import Places
from yunhai.apps.trust.app import inner_application, public_application
from yunhai.apps.trust.ca import Authority
from yunhai.apps.trust.folder import OFFICER_PIN_CREDENTIAL, PIN_CREDENTIAL, TrustPlaces, new_pin
from yunhai.apps.trust.hsm import Hsm, module_path, outside, software
from yunhai.apps.trust.keeper import Keeper
from yunhai.apps.trust.software_token import configuration
from yunhai.apps.trust.store import Store
from yunhai.trading.http.listening import quiet_server
from yunhai.trading.trust.activations import Verifier

log: Final = structlog.get_logger("yunhai.trust")
SOFTHSM_VARIABLE: Final = "SOFTHSM2_CONF"
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1")


def hsm_of(at: TrustPlaces, *, make: bool = False) -> Hsm:
    """The HSM of an installation, by PKCS#11. A software one keeps its token below `trust/`, unless SoftHSM's own variable
    names another place; `make`: make that token and its PINs where there are none."""
    module = module_path()
    environment: Mapping[str, str] = {}
    officer = ""
    if module is not None and software(module) and SOFTHSM_VARIABLE not in os.environ:
        if make:
            at.make()
            at.places.credential(PIN_CREDENTIAL, new_pin)
            officer = at.places.credential(OFFICER_PIN_CREDENTIAL, new_pin).decode()
            configuration(at.soft)
        environment = {SOFTHSM_VARIABLE: str(at.soft / "softhsm2.conf")}
    return Hsm(module, pin=at.pin, officer_pin=officer, environment=environment)


def keeper_of(places: Places, *, origin: str) -> Keeper:
    """Everything of an installation, nothing opened yet but the store."""
    at = TrustPlaces(places)
    at.make()
    hsm = hsm_of(at)
    host = urlsplit(origin).hostname or LOCAL_HOSTS[0]
    hosts = tuple(dict.fromkeys((host, *LOCAL_HOSTS)))
    authority = Authority(at, Store(at.store), hsm, origin=origin)
    return Keeper(authority, hsm, Verifier(places.credential("activation.pub")), hosts=hosts)


async def serve(keeper: Keeper, inner: socket.socket, public: socket.socket) -> None:
    """Until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(keeper, inner, public, stop)


def _of_outside(application: ASGIApp) -> ASGIApp:
    """The application, its requests marked as anybody's (`hsm.outside`)."""

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        mark = outside.set(True)
        try:
            await application(scope, receive, send)
        finally:
            outside.reset(mark)

    return marked


async def run(keeper: Keeper, inner: socket.socket, public: socket.socket, stop: asyncio.Event) -> None:
    """Until `stop`. The session and what is due are looked after beside, and once before: who waits for this process finds
    the list and the TLS servers' certificate made."""
    await keeper.maintain_once()
    pairs: list[tuple[ASGIApp, socket.socket]] = [
        (inner_application(keeper), inner),
        (_of_outside(public_application(keeper)), public),
    ]
    servers: list[tuple[uvicorn.Server, socket.socket]] = [(quiet_server(app), listener) for app, listener in pairs]
    tasks = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    upkeep = asyncio.create_task(keeper.maintain())
    stopping = asyncio.create_task(stop.wait())
    log.info("serving", made=keeper.authority.made, hsm=keeper.hsm.info is not None)
    await asyncio.wait([stopping, upkeep, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks, return_exceptions=True)
    stopping.cancel()
    upkeep.cancel()
    await asyncio.gather(upkeep, stopping, return_exceptions=True)
    await keeper.hsm.close()
    keeper.authority.store.close()
