"""Signed orders, ready to be sent, and the core that takes them.

Ten brokers with five accounts each, an own key for every account, one connection for every broker. Orders are limit board-lot
orders on both sides of twenty shares, within four ticks of the reference, so that about half trade. They are signed
beforehand for the moment at which they are meant to be sent.
"""

import base64
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import make_credentials
from yunhai.apps.reference_data import pack_bytes
from yunhai.kernel.money import price_text
from yunhai.trading import facts, tokens
from yunhai.trading.books.changes import sha256
from yunhai.trading.facts import (
    AccountSet,
    CellSet,
    Decided,
    GrantSet,
    KeySet,
    LineSet,
    Listed,
    PackPublished,
    PoolSet,
    TenantSet,
    TerminalSet,
)
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.instructions import Instruction, SignedInstruction, canonical, signed_attributes
from yunhai.trading.lines.login import verifier_of
from yunhai.trading.signatures import key_from_seed, point_of, raw_of

BROKERS = 10
ACCOUNTS = 5
SECURITIES = 20
DATE, SETTLES = "2026-08-21", "2026-08-25"
REFERENCE = 1_000_000  # NT$100
TICK = 5_000
CASH = 10**15
SHARES = 10**9
PASSWORD = "bench"
_SIGNED = ec.ECDSA(SHA256())


@dataclass(frozen=True, slots=True)
class Trader:
    """An account with its signer."""

    tenant: int
    account: int
    person: int
    key: int
    private: Any


def traders() -> list[Trader]:
    found = []
    for tenant in range(1, BROKERS + 1):
        for place in range(ACCOUNTS):
            number = tenant * 100 + place
            found.append(Trader(tenant, number, tenant * 100, number, key_from_seed(b"bench%d" % number)))
    return found


def codes() -> list[str]:
    return [f"{1101 + place}" for place in range(SECURITIES)]


def listed() -> tuple[Listed, ...]:
    return tuple(Listed(code=code, kind="stock", reference=REFERENCE, day_trade="both") for code in codes())


def broker_code(tenant: int) -> str:
    return f"9{tenant:03d}"


def lines_of(tenant: int) -> tuple[str, str]:
    """A broker's two exchange lines (study 表4.5.3)."""
    return f"{tenant:X}0", f"{tenant:X}1"


def setting_up(people: list[Trader]) -> list[tuple[int, Decided]]:
    """(tenant, fact) of everything before the first order, but balances."""
    toml = pack_bytes("twse-2026") or b""
    found: list[tuple[int, Decided]] = [(0, PackPublished(pack="twse-2026", sha256=sha256(toml), toml=toml))]
    found += [(0, CellSet(service=name, column="brokerage", level="full")) for name in ("1.1", "1.2", "1.3")]
    for tenant in range(1, BROKERS + 1):
        code = broker_code(tenant)
        found.append((tenant, TenantSet(tenant=tenant, code=code)))
        found.append((tenant, TerminalSet(tenant=tenant, channel="api", terminal="A")))
        for line in lines_of(tenant):
            found.append((tenant, LineSet(line=line, tenant=tenant, verifier=verifier_of(line, code, PASSWORD))))
    found.append((0, PoolSet(pool="all", tenants=tuple(range(1, BROKERS + 1)))))
    for who in people:
        account = AccountSet(
            account=who.account, tenant=who.tenant, branch="0001", number=f"{who.account:07d}", day_trade="buy_first"
        )
        found.append((who.tenant, account))
        grant = GrantSet(person=who.person, tenant=who.tenant, role="api", account=who.account)
        found.append((who.tenant, grant))
        found.append((0, KeySet(key=who.key, person=who.person, public=point_of(who.private), kind="api")))
    return found


def openings(people: list[Trader]) -> list[dict[str, Any]]:
    bodies = []
    for tenant in range(1, BROKERS + 1):
        rows = [(who.account, code) for who in people if who.tenant == tenant for code in ("", *codes())]
        bodies.append(
            {
                "tenant": tenant,
                "batch": "bench",
                "part": 0,
                "accounts": [account for account, _ in rows],
                "codes": [code for _, code in rows],
                "amounts": [SHARES if code else CASH for _, code in rows],
                "costs": [SHARES * REFERENCE // 10_000 if code else 0 for _, code in rows],
            }
        )
    return bodies


class LoadedCore:
    """`yunhai core` as a process, prepared. `profile`: a file for cProfile's figures."""

    def __init__(self, home: Path, *options: str, clock: str = "demo", profile: Path | None = None) -> None:
        self.places = Places.at(home)
        self.places.make()
        make_credentials(self.places)
        self.people = traders()
        profiled = ["-m", "cProfile", "-o", str(profile)] if profile else []
        command = [sys.executable, *profiled, "-m", "yunhai.apps.cli", "core", "--home", str(home), "--clock", clock]
        self.log = (home / "core.log").open("ab")
        self.process = subprocess.Popen([*command, *options], stdout=self.log, stderr=self.log)

    def __enter__(self) -> "LoadedCore":
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            if self._ready():
                return self
            time.sleep(0.05)
        raise SystemExit(f"VOID: the core did not start: {(self.places.home / 'core.log').read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()

    def _client(self) -> httpx.Client:
        transport = unix_transport(self.places.inner_socket)
        return httpx.Client(transport=transport, base_url="http://inner", timeout=120)

    def _ready(self) -> bool:
        try:
            with self._client() as client:
                return client.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def post(self, path: str, body: Any) -> Any:
        with self._client() as client:
            answer = client.post(path, content=msgspec.json.encode(body))
        if answer.status_code != 200:
            raise SystemExit(f"VOID: {path} answered {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def status(self) -> dict[str, Any]:
        with self._client() as client:
            found: dict[str, Any] = client.get("/status").json()
        return found

    def prepare(self, *, at: str = "09:05") -> None:
        rows = []
        for place, (tenant, fact) in enumerate(setting_up(self.people), 1):
            value = msgspec.json.decode(msgspec.json.encode(fact))
            rows.append({"outbox": place, "number": facts.NUMBERS[type(fact)], "tenant": tenant, "value": value})
        self.post("/facts", rows)
        for body in openings(self.people):
            self.post("/openings", body)
        for tenant in range(1, BROKERS + 1):
            login = {"do": "login", "broker": broker_code(tenant), "password": PASSWORD}
            for line in lines_of(tenant):
                self.post(f"/lines/{line}", login)
        day = {
            "date": DATE,
            "pack": "twse-2026",
            "settles_on": SETTLES,
            "listed": [msgspec.to_builtins(one) for one in listed()],
            "at": at,
        }
        self.post("/day/open", day)

    def token(self, tenant: int) -> str:
        """Of the broker's program, one person with a grant and a key for each of the accounts."""
        key = self.places.credential("token.key")
        return tokens.issue(
            key, person=tenant * 100, session="bench", tenant=tenant, role="api", mfa=True, now_s=int(time.time())
        )

    def cpu_seconds(self, *, loop_only: bool = False) -> float:
        """Processor time the core has used: all its threads, or that of its event loop."""
        pid = self.process.pid
        fields = Path(f"/proc/{pid}/task/{pid}/stat" if loop_only else f"/proc/{pid}/stat").read_text()
        after_name = fields.rsplit(")", 1)[1].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def instructions(
    people: list[Trader], count: int, *, rate: float, begin_ms: int, seed: int
) -> Iterator[tuple[Trader, Instruction]]:
    """New orders, `rate` a second from `begin_ms` (wall) on."""
    generator = random.Random(seed)
    names = codes()
    for place in range(count):
        who = people[place % len(people)]
        side = "buy" if generator.random() < 0.5 else "sell"
        price = REFERENCE + TICK * generator.randint(-4, 4)
        yield (
            who,
            Instruction(
                action="new",
                mode="simulated",
                tenant=who.tenant,
                account=who.account,
                client_id=_uuid(),
                date=DATE,
                nonce=secrets.token_hex(16),
                signed_at=begin_ms + int(place * 1000 / rate),
                key=who.key,
                channel="api",
                code=generator.choice(names),
                segment="board",
                side=side,
                order_type="limit",
                time_in_force="rod",
                credit="cash",
                price=price_text(price),
                quantity=1000 * generator.randint(1, 5),
            ),
        )


def orders(people: list[Trader], count: int, *, rate: float, begin_ms: int, seed: int) -> list[tuple[int, bytes]]:
    """(broker, message) of each order, JSON as `{"op":"order",…}`, signed for the moment it is sent."""
    found = []
    for place, (who, instruction) in enumerate(instructions(people, count, rate=rate, begin_ms=begin_ms, seed=seed)):
        raw = raw_of(who.private.sign(signed_attributes(canonical(instruction)), _SIGNED))
        signed = SignedInstruction(
            instruction=instruction, signature=base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        )
        message = b'{"op":"order","id":%d,"body":%s}' % (place, msgspec.json.encode(signed))
        found.append((who.tenant, message))
    return found


def _uuid() -> str:
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
