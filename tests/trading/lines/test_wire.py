"""Lines over real TLS 1.3 sockets: who may log in, and instructions that reach the far end once each, whatever breaks."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import x509 as der
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.facts import LineSet, PoolSet, TenantSet
from yunhai.trading.lines.carriage import Carriage
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.login import verifier_of
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.wire import LineListener, Login, WirePort, client_context, framed, server_context
from yunhai.trading.lines.words import Waiting
from yunhai.trading.signatures import point_of
from yunhai.trading.trust import profiles
from yunhai.trading.trust.profiles import Addresses, Profile, Subject, info_of_point, line_subject
from yunhai.trading.words import Action

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Fact:
    """A certificate as the journal has it."""

    sha256: bytes
    profile: str = "line"
    tenant: int = 1
    status: str = "valid"
    not_before: int = 0
    not_after: int = 2**43


class Authority:
    """A CA of a test: keys in memory, files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        public = self.root_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        life = {"not_before": NOW - DAY, "not_after": NOW + 30 * DAY}
        tbs = profiles.build_root(public, serial=profiles.new_serial(), **life)
        self.root = der.Certificate.load(profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(SHA384()))))
        self.key = ec.generate_private_key(ec.SECP256R1())
        tbs = profiles.build_issuing(
            info_of_point(point_of(self.key)), root=self.root, serial=profiles.new_serial(), **life
        )
        self.issuer = der.Certificate.load(profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(SHA384()))))
        self.chain = folder / "chain.pem"
        self.chain.write_bytes(b"".join(pem.armor("CERTIFICATE", one.dump()) for one in (self.issuer, self.root)))
        self.facts: dict[bytes, Fact] = {}

    def issue(
        self, name: str, profile: Profile, subject: Subject, *, hosts: tuple[str, ...] = (), ended: bool = False
    ) -> tuple[Path, Path, bytes]:
        """(certificate file, key file, SHA-256); its fact is known."""
        key = ec.generate_private_key(ec.SECP256R1())
        tbs = profiles.build(
            profile,
            public=info_of_point(point_of(key)),
            subject=subject,
            issuer=self.issuer,
            serial=profiles.new_serial(),
            not_before=NOW - DAY,
            not_after=NOW - timedelta(hours=1) if ended else NOW + DAY,
            addresses=Addresses(),
            hosts=hosts,
        )
        made = profiles.assembled(tbs, self.key.sign(tbs, ec.ECDSA(SHA256())))
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(pem.armor("CERTIFICATE", made) + pem.armor("CERTIFICATE", self.issuer.dump()))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        sha256 = profiles.fingerprint(made)
        self.facts[sha256] = Fact(sha256, profile=str(profile))
        return *paths, sha256


class Far:
    """The exchange's end with two lines of broker 9801 and one of 9802, and what reached its venue."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.delivered: list[tuple[int, int]] = []
        self.server = LineServer(self._deliver)
        for fact in FACTS:
            self.server.apply(fact)
        self.listener = LineListener(self.server, find=authority.facts.get)
        self.port = 0

    def _deliver(self, line: str, tenant: int, number: int, body: bytes) -> int:
        self.delivered.append((tenant, number))
        return 0


FACTS = (
    TenantSet(tenant=1, code="9801"),
    TenantSet(tenant=2, code="9802"),
    *(
        LineSet(line=line, tenant=tenant, verifier=verifier_of(line, broker, "right", salt=b"s" * 16), cap=10_000)
        for line, tenant, broker in (("7A", 1, "9801"), ("7B", 1, "9801"), ("8A", 2, "9802"))
    ),
    LineSet(line="7C", tenant=1, verifier=verifier_of("7C", "9801", "right", salt=b"s" * 16), status="closed"),
    PoolSet(pool="p", tenants=(1, 2)),
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    found = Authority(tmp_path_factory.mktemp("wire"))
    found.issue("server", Profile.SERVER, Subject(common="exchange"), hosts=("localhost", "127.0.0.1"))
    for line, broker in (("7A", "9801"), ("7B", "9801"), ("8A", "9802"), ("7C", "9801")):
        found.issue(line, Profile.LINE, line_subject(line, broker))
    found.issue("broker", Profile.BROKER, line_subject("7A", "9801"))
    found.issue("investor", Profile.INVESTOR, line_subject("7A", "9801"))
    found.issue("ended", Profile.LINE, line_subject("7A", "9801"), ended=True)
    return found


@asynccontextmanager
async def far_end(authority: Authority) -> AsyncIterator[Far]:
    far = Far(authority)
    folder = authority.folder
    context = server_context(folder / "server.pem", folder / "server.key", authority.chain)
    far.port = await far.listener.start(0, context)
    try:
        yield far
    finally:
        await far.listener.close()


def port_of(far: Far, *, named: str = "", chain: Path | None = None) -> WirePort:
    """The platform's end; every line shows its own certificate, or the one `named`."""
    folder = far.authority.folder

    def context_of(line: str) -> ssl.SSLContext:
        name = named or line
        return client_context(folder / f"{name}.pem", folder / f"{name}.key", chain or far.authority.chain)

    return WirePort("127.0.0.1", far.port, context_of)


REFUSED, NOT_REACHED = 6300, 6842


@pytest.mark.parametrize(
    ("certificate", "line", "broker", "password", "outside", "inside"),
    [
        ("7A", "7A", "9801", "right", 0, 0),
        ("7A", "7A", "9801", "wrong", REFUSED, 6303),
        ("7A", "7A", "9802", "right", REFUSED, 6840),
        ("7A", "7B", "9801", "right", REFUSED, 6840),
        ("8A", "7A", "9801", "right", REFUSED, 6840),
        ("broker", "7A", "9801", "right", REFUSED, 6833),
        ("7C", "7C", "9801", "right", REFUSED, 6304),
        ("investor", "7A", "9801", "right", NOT_REACHED, 0),
        ("ended", "7A", "9801", "right", NOT_REACHED, 0),
    ],
)
def test_a_login_wants_all_four_right_and_says_one_thing_outside(
    authority: Authority, certificate: str, line: str, broker: str, password: str, outside: int, inside: int
) -> None:
    async def run() -> tuple[int, dict[int, int], tuple[str, ...]]:
        async with far_end(authority) as far:
            port = port_of(far, named=certificate)
            try:
                found = await port.connect(line, broker, password)
            except YunhaiError as problem:
                found = problem.code
            lines = far.listener.lines
            await port.close()
            return found, far.listener.refused, lines

    found, refused, lines = asyncio.run(run())
    assert found == outside
    assert refused == ({inside: 1} if inside else {})
    assert lines == (() if outside else (line,))


def test_what_tls_does_not_take(authority: Authority, tmp_path: Path) -> None:
    """No certificate, TLS 1.2, another CA's; and the platform takes no exchange of another CA, or of another name."""
    other = Authority(tmp_path)
    other.issue("7A", Profile.LINE, line_subject("7A", "9801"))

    async def run() -> list[str]:
        async with far_end(authority) as far:
            bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            bare.load_verify_locations(authority.chain)
            old = client_context(authority.folder / "7A.pem", authority.folder / "7A.key", authority.chain)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
            foreign = client_context(other.folder / "7A.pem", other.folder / "7A.key", authority.chain)
            suspicious = client_context(authority.folder / "7A.pem", authority.folder / "7A.key", other.chain)
            found = []
            for context in (bare, old, foreign, suspicious):
                port = WirePort("127.0.0.1", far.port, lambda _, context=context: context)  # type: ignore[misc]
                found.append(await outcome(port))
            elsewhere = WirePort(
                "127.0.0.1",
                far.port,
                lambda line: client_context(
                    authority.folder / f"{line}.pem", authority.folder / f"{line}.key", authority.chain
                ),
                server_name="another.example",
            )
            found.append(await outcome(elsewhere))
            assert far.listener.lines == ()
            return found

    async def outcome(port: WirePort) -> str:
        with pytest.raises(YunhaiError) as problem:
            await port.connect("7A", "9801", "right")
        return str(problem.value.code)

    assert asyncio.run(run()) == [str(NOT_REACHED)] * 5


def test_a_revoked_certificate_ends_its_line_at_the_next_frame(authority: Authority) -> None:
    from yunhai.trading.lines.frames import Heartbeat

    async def run() -> None:
        async with far_end(authority) as far:
            port = port_of(far)
            assert await port.connect("7A", "9801", "right") == 0
            port.send("7A", Heartbeat(sequence=1), 0)
            await until(port.ready)
            assert len(port.receive(0)) == 1
            sha256 = next(one for one in authority.facts if authority.facts[one].profile == "line")
            kept = authority.facts[sha256]
            authority.facts[sha256] = replace(kept, status="revoked")
            try:
                port.send("7A", Heartbeat(sequence=2), 0)
                await until(lambda: not far.listener.lines)
                await until(port.ready)
                assert (port.receive(0), port.dropped(0)) == ([], ["7A"])
                assert await port.connect("7A", "9801", "right") == REFUSED
                assert far.listener.refused == {6832: 1}
            finally:
                authority.facts[sha256] = kept
            await port.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc", framed(Login(line="x", broker="y", password="z"))]
)
def test_what_is_no_frame_ends_the_connection_and_touches_nothing(authority: Authority, frame: bytes) -> None:
    async def run() -> None:
        async with far_end(authority) as far:
            port = port_of(far)
            assert await port.connect("7A", "9801", "right") == 0
            port._sinks["7A"].write(frame)
            await until(lambda: not far.listener.lines)
            assert far.delivered == []
            await port.close()

    asyncio.run(run())


async def until(done, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - no event tells of everything that is waited for
            await asyncio.sleep(0.002)


@pytest.mark.full
def test_600_instructions_through_lines_that_break_arrive_once_each(authority: Authority) -> None:
    """The carriage of the core over the wire: three lines of two brokers, connections cut while instructions are in flight."""
    count = 600

    async def run() -> tuple[list[tuple[int, int]], list[int], int]:
        async with far_end(authority) as far:
            woken = asyncio.Event()
            folder = authority.folder
            port = WirePort(
                "127.0.0.1",
                far.port,
                lambda line: client_context(folder / f"{line}.pem", folder / f"{line}.key", authority.chain),
                heard=woken.set,
            )
            pool = Pool(uncapped=False)
            answered: list[int] = []
            back: list[str] = []
            carriage = Carriage(
                pool,
                port,
                body_of=lambda waiting: waiting.number.to_bytes(64, "big"),
                answered=lambda tenant, number, code: answered.append(number),
                log_in_again=lambda line, secret: back.append(line),
            )
            clock = asyncio.get_running_loop().time
            now = lambda: int(clock() * 1e9)  # noqa: E731
            for fact in FACTS:
                pool.apply(fact, now())
            brokers = {"7A": "9801", "7B": "9801", "8A": "9802"}

            async def log_in(line: str) -> None:
                assert await port.connect(line, brokers[line], "right") == 0
                carriage.logged_in(line, (brokers[line], "right"), now())

            for line in brokers:
                await log_in(line)
            for number in range(1, count + 1):
                pool.offer(Waiting(number, 1 + number % 2, int(Action.NEW), number, now()))
            cuts = 0
            async with asyncio.timeout(120):
                while len(answered) < count:
                    carriage.step(now())
                    if len(answered) // 100 > cuts and cuts < 4:  # the far end's connection breaks, answers under way
                        far.listener._hang_up(("7A", "8A", "7B", "7A")[cuts])
                        cuts += 1
                    for line in back:
                        await log_in(line)
                    back.clear()
                    woken.clear()
                    if not port.ready():
                        await asyncio.wait([asyncio.ensure_future(woken.wait())], timeout=0.02)
            await port.close()
            return far.delivered, answered, cuts

    delivered, answered, cuts = asyncio.run(run())
    assert cuts == 4
    assert sorted(number for _, number in delivered) == list(range(1, count + 1))
    assert sorted(answered) == list(range(1, count + 1))
