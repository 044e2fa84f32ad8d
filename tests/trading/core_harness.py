"""A core on a temporary home, in this process or as a process of its own, with a small market: for every test that needs one.

Two brokers (East 7, West 8) with three accounts (Anne, Ben, Carl), a sales rep and a key-in clerk, their signing keys,
two exchange lines each, opening balances and an open day: those of `tests.trading.scene`, whose market has few trial
matches, so that a day takes milliseconds. Operations people are added here.

    with CoreProcess(tmp_path) as core:            # `yunhai core`, its own process
        core.prepare()                             # facts, lines up, balances, day open at 09:05
        with core.client(ANNE) as http:            # httpx with Anne's token
            http.post("/trade/v1/orders", json=core.signed(ANNE))

    async with running(tmp_path) as core:          # in this event loop: `core.core` is the Core itself
        await asyncio.to_thread(core.prepare)

Tokens are signed with the home's own key; `signed` gives what `POST /orders` takes.
"""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import msgspec

from tests.trading import scene
from tests.trading.scene import ANNE, BEN, CARL, CLERK, DATE, EAST, KEYIN, LISTED, NT, PERSON, WEST, key_of
from yunhai.apps.cloud.places import Places
from yunhai.kernel.money import price_text
from yunhai.trading import facts, tokens
from yunhai.trading.core.core import Core, CoreSettings
from yunhai.trading.facts import DayOpened, Decided, GrantSet, KeySet, LineSet, Opening, PoolSet
from yunhai.trading.http.listening import unix_socket
from yunhai.trading.http.serve import serve
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.instructions import Instruction, SignedInstruction, canonical
from yunhai.trading.lines.login import verifier_of
from yunhai.trading.signatures import point_of, sign

OPERATIONS = {EAST: 11, WEST: 12}
"""The person of each broker's operations."""
LINES = {"7A": EAST, "7B": EAST, "8A": WEST, "8B": WEST}
PASSWORD = "for tests only"
BROKER = {EAST: "9A00", WEST: "8B00"}
_COLUMNS = ("batch", "part", "accounts", "codes", "amounts", "costs")
START_S = 90.0
STOP_S = 90.0


def rows(*, more: tuple[tuple[int, Decided], ...] = ()) -> list[dict[str, Any]]:
    """Outbox rows of everything before the day's opening but the balances."""
    wanted = [(tenant, fact) for tenant, fact in scene.setting_up() if facts.NUMBERS[type(fact)] < 100]
    for tenant, person in OPERATIONS.items():
        wanted.append((tenant, GrantSet(person=person, tenant=tenant, role="operations")))
        wanted.append((0, KeySet(key=100 + person, person=person, public=point_of(key_of(person)))))
    for line, tenant in LINES.items():
        wanted.append((tenant, LineSet(line=line, tenant=tenant, verifier=_verifier(line, tenant))))
    wanted.append((0, PoolSet(pool="all", tenants=(EAST, WEST))))
    return [row(place, tenant, fact) for place, (tenant, fact) in enumerate([*wanted, *more], 1)]


_VERIFIERS: dict[str, bytes] = {}


def _verifier(line: str, tenant: int) -> bytes:
    if line not in _VERIFIERS:
        _VERIFIERS[line] = verifier_of(line, BROKER[tenant], PASSWORD, salt=line.encode().ljust(16))
    return _VERIFIERS[line]


def row(outbox: int, tenant: int, fact: Decided) -> dict[str, Any]:
    """One fact as the relay posts it."""
    value = msgspec.json.decode(msgspec.json.encode(fact))
    return {"outbox": outbox, "number": facts.NUMBERS[type(fact)], "tenant": tenant, "value": value}


def openings() -> list[dict[str, Any]]:
    """Bodies of `POST /openings`."""
    found = []
    for tenant, fact in scene.setting_up():
        if isinstance(fact, Opening):
            value = msgspec.to_builtins(fact)
            found.append({"tenant": tenant} | {name: value[name] for name in _COLUMNS})
    return found


def day_body(*, date: str = DATE, settles_on: str = scene.SETTLES, at: str = "09:05") -> dict[str, Any]:
    """The body of `POST /day/open`."""
    opened: DayOpened = scene.OPENED
    return {
        "date": date,
        "pack": opened.pack,
        "settles_on": settles_on,
        "seed": opened.seed,
        "at": at,
        "listed": [msgspec.to_builtins(one) for one in LISTED],
    }


@dataclass
class Cloud:
    """What every harness can do, over the home's sockets."""

    home: Path
    counter: int = 0
    date: str = DATE
    clients: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = Places.at(self.home)
        self.places.make()
        if not self.places.credential_path("token.key").exists():
            private, public = tokens.new_key()
            self.places.credential("token.key", lambda: private)
            self.places.credential("token.pub", lambda: public)

    # -- over HTTP -------------------------------------------------------------------------------------------------

    def inner(self) -> httpx.Client:
        """A client of the inner socket."""
        transport = unix_transport(self.places.inner_socket)
        client = httpx.Client(transport=transport, base_url="http://inner", timeout=60)
        self.clients.append(client)
        return client

    def client(self, account: int = ANNE, **claims: Any) -> httpx.Client:
        """A client of the public socket with the token of the account's person."""
        token = self.token(account, **claims)
        transport = unix_transport(self.places.core_socket)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(transport=transport, base_url="http://core", headers=headers, timeout=60)
        self.clients.append(client)
        return client

    def token(self, account: int = ANNE, **claims: Any) -> str:
        """A token; `claims` replace what the account's own would say."""
        said: dict[str, Any] = {
            "person": PERSON.get(account, account),
            "session": "test",
            "tenant": WEST if account == CARL else EAST,
            "role": "investor",
            "mfa": True,
            "now_s": int(time.time()),
        }
        key = claims.pop("key", self.places.credential("token.key"))
        return tokens.issue(key, **(said | claims))

    def operations(self, tenant: int = EAST) -> httpx.Client:
        return self.client(person=OPERATIONS[tenant], tenant=tenant, role="operations")

    def operations_without_mfa(self, tenant: int = EAST) -> httpx.Client:
        return self.client(person=OPERATIONS[tenant], tenant=tenant, role="operations", mfa=False)

    def post(self, path: str, body: Any, *, want: int = 200) -> Any:
        """A command on the inner socket."""
        with self.inner() as inner:
            answer = inner.post(path, content=msgspec.json.encode(body))
        assert answer.status_code == want, (path, answer.status_code, answer.text)
        return answer.json()

    def status(self) -> dict[str, Any]:
        with self.inner() as inner:
            found: dict[str, Any] = inner.get("/status").json()
        return found

    def prepare(self, *, at: str = "09:05", lines: bool = True, day: bool = True) -> None:
        """Everything before the first order."""
        self.post("/facts", rows())
        for body in openings():
            self.post("/openings", body)
        if lines:
            for line, tenant in LINES.items():
                self.post(f"/lines/{line}", {"do": "login", "broker": BROKER[tenant], "password": PASSWORD})
        if day:
            self.post("/day/open", day_body(at=at))

    # -- instructions ----------------------------------------------------------------------------------------------

    def instruction(self, account: int = ANNE, **fields: Any) -> Instruction:
        """A new buy of 1,000 of 2330 at 100, signed now, or what `fields` say instead; prices as text or 1/10,000 NT$."""
        person = fields.pop("person", PERSON.get(account, 1))
        values: dict[str, Any] = {
            "action": "new",
            "mode": "simulated",
            "tenant": WEST if account == CARL else EAST,
            "account": account,
            "client_id": str(uuid4()),
            "date": self.date,
            "nonce": secrets.token_hex(16),
            "signed_at": time.time_ns() // 1_000_000,
            "key": 100 + person,
            "channel": "api",
        }
        if fields.get("action", "new") == "new":
            values |= {
                "code": "2330",
                "segment": "board",
                "side": "buy",
                "order_type": "limit",
                "time_in_force": "rod",
                "credit": "cash",
                "price": 100 * NT,
                "quantity": 1000,
            }
        values |= fields
        if isinstance(values.get("price"), int):
            values["price"] = price_text(values["price"])
        return Instruction(**values)

    def sign(self, instruction: Instruction) -> SignedInstruction:
        raw = sign(key_of(instruction.key - 100), canonical(instruction))
        return SignedInstruction(instruction=instruction, signature=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    def signed(self, account: int = ANNE, **fields: Any) -> dict[str, Any]:
        """What `POST /orders` takes."""
        body: dict[str, Any] = msgspec.to_builtins(self.sign(self.instruction(account, **fields)))
        return body

    def close_clients(self) -> None:
        for client in self.clients:
            client.close()


class CoreProcess(Cloud):
    """`yunhai core --home` as a process of its own. `options` are its further arguments."""

    def __init__(self, home: Path, *options: str, clock: str = "driven") -> None:
        super().__init__(home)
        self.options = ("--clock", clock, *options)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        log = (self.home / "core.log").open("ab")
        command = [sys.executable, "-m", "yunhai.apps.cli", "core", "--home", str(self.home), *self.options]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        assert self.process is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the core ended: {self.log()}")
            with contextlib.suppress(httpx.TransportError, OSError), self.inner() as inner:
                if inner.get("/ready").status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the core is not ready: {self.log()}")

    def log(self) -> str:
        return (self.home / "core.log").read_text()[-4_000:]

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(STOP_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_clients()
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()


class CoreHere(Cloud):
    """A core in this event loop."""

    core: Core


@contextlib.asynccontextmanager
async def unserved(home: Path, *, snapshot: bool = True, **settings: Any) -> AsyncIterator[CoreHere]:
    """A core in this loop without its sockets, for tests that ask it themselves."""
    here = CoreHere(home)
    here.core = Core(core_settings(here.places, **settings))
    here.core.start()
    try:
        yield here
    finally:
        await here.core.stop(snapshot=snapshot)


@contextlib.asynccontextmanager
async def running(home: Path, *, snapshot: bool = True, **settings: Any) -> AsyncIterator[CoreHere]:
    """Serve a core in this loop on the home's sockets. `settings` of `CoreSettings`."""
    async with unserved(home, snapshot=snapshot, **settings) as here:
        public = unix_socket(here.places.core_socket, 0o666)
        inner = unix_socket(here.places.inner_socket, 0o600)
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(here.core, [public], inner, stop=stop))
        try:
            yield here
        finally:
            here.close_clients()
            stop.set()
            await serving


def core_settings(places: Places, **settings: Any) -> CoreSettings:
    """Small capacities, a driven clock."""
    usual: dict[str, Any] = {"orders": 1 << 14, "ids": 1 << 18, "segment_bytes": 4 << 20}
    return CoreSettings(
        journal=places.journal,
        snapshots=places.snapshots,
        token_public=places.credential("token.pub"),
        **(usual | settings),
    )


__all__ = [
    "ANNE",
    "BEN",
    "CARL",
    "CLERK",
    "DATE",
    "EAST",
    "KEYIN",
    "WEST",
    "Cloud",
    "CoreHere",
    "CoreProcess",
    "core_settings",
    "running",
    "unserved",
]
