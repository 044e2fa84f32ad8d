"""An installation's trust process without its sockets: a token of SoftHSM, a ceremony held, a keeper in a loop of its own."""

import asyncio
import hashlib
import os
import subprocess
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yunhai.apps.cloud.places import Places
from yunhai.apps.trust.ca import Authority
from yunhai.apps.trust.ceremony import Held, Plan, hold
from yunhai.apps.trust.folder import TrustPlaces
from yunhai.apps.trust.hsm import Hsm, module_path, software
from yunhai.apps.trust.keeper import Keeper
from yunhai.apps.trust.process import hsm_of
from yunhai.apps.trust.store import Store
from yunhai.apps.trust.words import IssueAsked, IssueSaid
from yunhai.trading.trust.activations import Verifier, new_pair

Value = TypeVar("Value")

module = module_path()
needs_softhsm = pytest.mark.skipif(
    module is None or not software(module), reason="SoftHSM2 is not there (apt-get install softhsm2)"
)
ORIGIN = "http://localhost:8600"
PATIENCE_S = 60.0
"""For one operation of the HSM, and for its worker to start, on a machine that has other things to do."""


class Clock:
    """A wall clock that a test may set ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Scene:
    """`do` runs a coroutine in the loop that everything lives in."""

    def __init__(self, home: Path, *, ceremony: bool = True) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.places = Places(home)
        self.places.make()
        self.at = TrustPlaces(self.places)
        self.clock = Clock()
        self.activation_key, self.activation_public = new_pair()
        self.hsm: Hsm = self.do(self._hsm())
        self.held: Held | None = None
        if ceremony:
            plan = Plan(witnesses=("王見證", "李見證"), safe=None)
            self.held = self.do(hold(self.at, self.hsm, plan, say=lambda _: None))
        self.at.make()
        self.store = self.do(self._store())
        self.authority = Authority(self.at, self.store, self.hsm, origin=ORIGIN, now=self.clock)
        self.keeper: Keeper = self.do(self._keeper())

    async def _hsm(self) -> Hsm:
        found = hsm_of(self.at, make=True)
        found._seconds = PATIENCE_S
        return found

    async def _store(self) -> Store:
        return Store(self.at.store)

    async def _keeper(self) -> Keeper:
        return Keeper(self.authority, self.hsm, Verifier(self.activation_public))

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(4 * PATIENCE_S)

    def counts(self) -> dict[str, dict[str, int]]:
        async def counted() -> dict[str, dict[str, int]]:
            return self.store.counts()

        return self.do(counted())

    def issue(self, profile: str = "investor", key: ec.EllipticCurvePrivateKey | None = None, **more: Any) -> IssueSaid:
        said = {"subject": "YH-TEST-0001", "spki": spki(key or new_key()), **more}
        return self.do(self.keeper.issue(IssueAsked(profile=profile, **said)))

    def close(self) -> None:
        self.do(self.hsm.close())
        self.do(self._closed())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)

    async def _closed(self) -> None:
        self.store.close()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


class OpenSsl:
    """The openssl program over files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return name

    def pem(self, name: str, der: bytes) -> str:
        """A certificate, as PEM."""
        self.keep(f"{name}.der", der)
        self("x509", "-inform", "DER", "-in", f"{name}.der", "-out", name)
        return name

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def __call__(self, *words: str, right: bool = True) -> str:
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S, env=os.environ
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is right, said
        return said
