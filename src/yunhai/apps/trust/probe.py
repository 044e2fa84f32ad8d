"""The negative tests of the interfaces, run against a running system: `yunhai trust probe`.

A table of tries that must fail, each with the answer it must get, and a few that must hold, so that a closed door is not taken for
a checked one. Certificates are issued for it as for anybody and revoked at the end; the time from the revocation to the first
refusal is measured. What was found is kept in `trust/probe.json` for the conformance page, with when and by whom.
"""

import base64
import http.client
import json
import secrets
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yunhai.apps.trust.ca import write
from yunhai.apps.trust.folder import TrustPlaces
from yunhai.kernel.errors import YunhaiError
from yunhai.trading import signatures, tokens
from yunhai.trading.instructions import Instruction, SignedInstruction, canonical
from yunhai.trading.trust.door import DOOR_HEADER
from yunhai.trading.trust.process_errors import PROBE_NOT_POSSIBLE

TIMEOUT_S: Final = 10.0
FACT_S: Final = 5.0
"""How long a certificate's fact may take to the core before the probe gives up."""
REVOKED_WITHIN_S: Final = 1.0
DAY_NOT_OPEN: Final = "6502"
HANDSHAKE: Final = "handshake"
"""The answer of a connection that TLS refuses."""
PERSON: Final = 1
BROKER: Final = "broker"
SOFTWARE: Final = "software"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One row of the result. `expected` and `found`: an HTTP status, an error's number, or `handshake`."""

    interface: str
    zh: str
    en: str
    expected: str
    found: str
    milliseconds: int

    @property
    def held(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate with its key, as files, and how to revoke it."""

    certificate: Path
    key: Path
    sha256: bytes
    revoke: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The running system: its ports (`line_wire` 0: lines are on no wire), the makers of certificates at two brokers, and the tries
    on the line server."""

    at: TrustPlaces
    port: int
    mutual: int
    tenants: tuple[int, int]
    line_wire: int
    lines: Callable[["Target", Path], list["Try"]]
    issue: Callable[[int, str, ec.EllipticCurvePrivateKey, Path], Holder]
    unregistered: Callable[[str, ec.EllipticCurvePrivateKey, Path], Holder]


class Prober:
    """Runs the table."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._made = 0
        self.done: list[Try] = []

    def run(self) -> list[Try]:
        """Every try, in order. PROBE_NOT_POSSIBLE if the system does not take a good certificate."""
        first, second = self._target.tenants
        broker = self._issue(first, BROKER)
        software = self._issue(first, SOFTWARE)
        self._wait_known(broker)
        self._wait_known(software)
        self._investors(first)
        self._doors(broker)
        self._tokens(broker, software, first, second)
        self._other_profiles()
        if self._target.line_wire:
            self.done += self._target.lines(self._target, self._next())
        self._revoked(broker)
        software.revoke()
        return self.done

    # -- the table -----------------------------------------------------------------------------------------------------

    def _investors(self, tenant: int) -> None:
        """At the ordinary port, by programs as by browsers: who asks, and by whose key."""
        named = "investor – cloud 投資人－雲"
        token = self._token(tenant)
        self._note(named, "有效之權杖", "A good token", "200", lambda: _taken(self._open(token)))
        self._note(named, "沒有權杖", "No token", "6520", lambda: self._open(""))
        forged = self._token(tenant, key=tokens.new_key()[0])
        self._note(named, "他人金鑰所簽之權杖", "A token that another key signed", "6523", lambda: self._open(forged))
        old = self._token(tenant, age_s=2 * tokens.LIFE_S)
        self._note(named, "逾時之權杖", "An expired token", "6524", lambda: self._open(old))
        self._note(named, "沒有登入之網頁 API", "The pages' API without a session", "7001", self._page)
        order = _order(tenant)
        self._note(named, "沒有權杖之委託", "An order without a token", "6520", lambda: self._send(order, ""))
        self._note(
            named,
            "未登記金鑰所簽之委託",
            "An order signed with a key that nobody registered",
            "6101",
            lambda: self._send(order, token),
        )

    def _doors(self, broker: Holder) -> None:
        named = "broker – cloud 券商－雲"
        self._note(named, "登錄之憑證可連線", "A registered certificate comes in", "200", lambda: self._get(broker))
        self._note(named, "沒有用戶端憑證", "No client certificate", HANDSHAKE, lambda: self._get(None))
        self._note(named, "TLS 1.2", "TLS 1.2", HANDSHAKE, lambda: self._get(broker, highest=ssl.TLSVersion.TLSv1_2))
        self._note(named, "未加密之 HTTP", "Plain HTTP", "400", self._plain)
        self._note(
            named, "自簽憑證", "A certificate signed by itself", HANDSHAKE, lambda: self._get(self._own("YH-PROBE"))
        )
        self._note(
            named,
            "同名之另一憑證機構所簽",
            "Signed by another CA of the same name",
            HANDSHAKE,
            lambda: self._get(self._own("YH-PROBE", issuer="Yunhai Issuing CA")),
        )
        self._note(
            named,
            "憑證配上別人的金鑰",
            "The certificate with another's key",
            HANDSHAKE,
            lambda: self._get(self._stolen(broker)),
        )

    def _tokens(self, broker: Holder, software: Holder, first: int, second: int) -> None:
        named = "software – platform 軟體－平台"
        bound = self._token(first, bound=software.sha256)
        self._note(
            named,
            "綁定之權杖與其憑證",
            "A bound token with its certificate",
            "200",
            lambda: _taken(self._get(software, token=bound)),
        )
        self._note(
            named, "綁定之權杖經一般連接埠", "A bound token at the ordinary port", "6835", lambda: self._open(bound)
        )
        self._note(
            named,
            "綁定之權杖配另一張憑證",
            "A bound token with another certificate",
            "6835",
            lambda: self._get(broker, token=bound),
        )
        forged = {DOOR_HEADER: f"guess:{software.sha256.hex()}"}
        self._note(
            named, "一般連接埠偽造標頭", "The origin's header forged", "6835", lambda: self._open(bound, headers=forged)
        )
        like = {DOOR_HEADER.replace("-", "_"): f"guess:{software.sha256.hex()}"}
        self._note(
            named,
            "雙向埠以近似名稱偽造標頭",
            "A like-named header at the mutual port",
            "6835",
            lambda: self._get(broker, token=bound, headers={**forged, **like}),
        )
        other = self._token(second)
        self._note(
            named,
            "另一家券商的權杖",
            "Another broker's token",
            "6834",
            lambda: self._get(software, token=other),
        )
        self._note(named, "沒有權杖", "No token", "6520", lambda: self._get(software, path="/trade/v1/market"))

    def _other_profiles(self) -> None:
        named = "software – platform 軟體－平台"
        line = self._issue(self._target.tenants[0], "line")
        self._wait_known(line)
        self._note(named, "線路憑證用於雲", "A line's certificate at the cloud's door", "6833", lambda: self._get(line))
        line.revoke()
        stray = self._target.unregistered("software", self._key(), self._next())
        self._note(named, "未登錄之憑證", "A certificate that is not registered", "6831", lambda: self._get(stray))
        investor = self._target.unregistered("investor", self._key(), self._next())
        self._note(
            "investor – cloud 投資人－雲",
            "投資人憑證用於雙向 TLS",
            "An investor's certificate for mutual TLS",
            HANDSHAKE,
            lambda: self._get(investor),
        )

    def _revoked(self, broker: Holder) -> None:
        began = time.monotonic()
        broker.revoke()
        found = self._get(broker)
        while found != "6832" and time.monotonic() - began < FACT_S:
            time.sleep(0.02)
            found = self._get(broker)
        took = time.monotonic() - began
        expected = "6832" if took <= REVOKED_WITHIN_S else f"6832 within {REVOKED_WITHIN_S:g} s"
        named = "broker – cloud 券商－雲"
        row = Try(
            interface=named,
            zh="廢止之憑證，一秒內拒絕",
            en="A revoked certificate, refused within a second",
            expected=expected,
            found=found,
            milliseconds=int(took * 1_000),
        )
        self.done.append(row)

    # -- how -----------------------------------------------------------------------------------------------------------

    def _note(self, interface: str, zh: str, en: str, expected: str, work: Callable[[], str]) -> None:
        began = time.monotonic()
        found = work()
        took = int((time.monotonic() - began) * 1_000)
        self.done.append(Try(interface=interface, zh=zh, en=en, expected=expected, found=found, milliseconds=took))

    def _get(
        self,
        holder: Holder | None,
        *,
        path: str = "",
        token: str = "",
        headers: dict[str, str] | None = None,
        highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> str:
        """What the mutual port answers."""
        context = ssl.create_default_context(cafile=str(self._target.at.chain))
        context.maximum_version = highest
        if holder is not None:
            try:
                context.load_cert_chain(holder.certificate, holder.key)
            except ssl.SSLError:
                return HANDSHAKE
        link = http.client.HTTPSConnection("localhost", self._target.mutual, timeout=TIMEOUT_S, context=context)
        return _asked(
            link, path or ("/trade/v1/market?codes=2330" if token else "/trade/v1/rejects"), token, headers or {}
        )

    def _open(self, token: str, headers: dict[str, str] | None = None) -> str:
        """What the ordinary port answers."""
        link = http.client.HTTPConnection("localhost", self._target.port, timeout=TIMEOUT_S)
        return _asked(link, "/trade/v1/market?codes=2330", token, headers or {})

    def _page(self) -> str:
        """What a page's API answers to nobody."""
        link = http.client.HTTPConnection("localhost", self._target.port, timeout=TIMEOUT_S)
        return _asked(link, "/api/v1/me", "", {})

    def _send(self, body: bytes, token: str) -> str:
        """What the ordinary port answers to an order."""
        link = http.client.HTTPConnection("localhost", self._target.port, timeout=TIMEOUT_S)
        return _asked(link, "/trade/v1/orders", token, {"Content-Type": "application/json"}, body)

    def _plain(self) -> str:
        return _asked(http.client.HTTPConnection("localhost", self._target.mutual, timeout=TIMEOUT_S), "/", "", {})

    def _token(self, tenant: int, *, bound: bytes = b"", key: bytes = b"", age_s: int = 0) -> str:
        """A token as the web makes them, or with another `key`, or of so long ago; this program runs as the cloud's own user."""
        key = key or self._target.at.places.token_key.read_bytes()
        now = int(time.time()) - age_s
        return tokens.issue(
            key, person=PERSON, session="probe", tenant=tenant, role="api", mfa=False, now_s=now, bound=bound
        )

    def _wait_known(self, holder: Holder) -> None:
        until = time.monotonic() + FACT_S
        while (found := self._get(holder)) == "6831" and time.monotonic() < until:
            time.sleep(0.05)
        if found in ("6831", HANDSHAKE):
            reason, chinese = f"a good certificate is answered {found}", f"合格憑證得到 {found}"
            raise YunhaiError(PROBE_NOT_POSSIBLE, reason=reason, reason_zh=chinese)

    # -- certificates --------------------------------------------------------------------------------------------------

    def _issue(self, tenant: int, profile: str) -> Holder:
        return self._target.issue(tenant, profile, self._key(), self._next())

    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def _next(self) -> Path:
        self._made += 1
        found = self._folder / str(self._made)
        found.mkdir()
        return found

    def _own(self, name: str, *, issuer: str = "") -> Holder:
        """One that is not of our CA, whatever its names say."""
        key = self._key()
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer or name)]
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(names[0])
            .issuer_name(names[1])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(key if not issuer else self._key(), hashes.SHA256())
        )
        return kept(made.public_bytes(serialization.Encoding.DER), key, self._next(), lambda: None)

    def _stolen(self, holder: Holder) -> Holder:
        other = self._own("YH-PROBE")
        return Holder(holder.certificate, other.key, holder.sha256, lambda: None)


def _taken(found: str) -> str:
    """A token was taken, even where no market day is open to tell about."""
    return "200" if found == DAY_NOT_OPEN else found


def kept(certificate: bytes, key: ec.EllipticCurvePrivateKey, folder: Path, revoke: Callable[[], None]) -> Holder:
    """A certificate and its key as files of a folder that goes with the probe."""
    found = x509.load_der_x509_certificate(certificate)
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(found.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write(paths[1], secret, 0o600)
    return Holder(*paths, found.fingerprint(hashes.SHA256()), revoke)


def request_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A PKCS#10 request, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "YH-PROBE")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def _order(tenant: int) -> bytes:
    """An order as it is sent, of nobody: its key and its account are not there."""
    nothing = 2**32 - 1
    instruction = Instruction(
        action="new",
        mode="simulated",
        tenant=tenant,
        account=nothing,
        client_id=str(uuid.uuid4()),
        date=datetime.now(UTC).date().isoformat(),
        nonce=secrets.token_hex(16),
        signed_at=int(time.time() * 1_000),
        key=nothing,
        channel="api",
        code="2330",
        segment="board",
        side="buy",
        order_type="limit",
        time_in_force="rod",
        credit="cash",
        price="10.00",
        quantity=1_000,
    )
    made = signatures.sign(ec.generate_private_key(ec.SECP256R1()), canonical(instruction))
    signature = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
    return msgspec.json.encode(SignedInstruction(instruction=instruction, signature=signature))


def _asked(
    link: http.client.HTTPConnection, path: str, token: str, headers: dict[str, str], body: bytes | None = None
) -> str:
    """The number of a refusal, else the HTTP status; `handshake` where TLS refused. With a `body` it is sent."""
    said = dict(headers)
    if token:
        said["Authorization"] = f"Bearer {token}"
    try:
        link.request("GET" if body is None else "POST", path, body, headers=said)
        answer = link.getresponse()
        content = answer.read(1_000_000)
    except (TimeoutError, ssl.SSLError, ConnectionError, http.client.BadStatusLine):
        return HANDSHAKE
    finally:
        link.close()
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(content)["error"]["code"])
    return str(answer.status)


def probe(target: Target, *, by: str) -> dict[str, Any]:
    """Run the table and keep what was found. PROBE_NOT_POSSIBLE."""
    began = datetime.now(UTC)
    with TemporaryDirectory(prefix="yunhai-probe-") as folder:
        done = Prober(target, Path(folder)).run()
    found = {
        "at": began.isoformat(timespec="seconds"),
        "by": by,
        "tries": [{**asdict(one), "held": one.held} for one in done],
        "held": sum(one.held for one in done),
        "failed": sum(not one.held for one in done),
    }
    write(target.at.probes, json.dumps(found, ensure_ascii=False, indent=1).encode(), 0o644)
    return found


def told(found: dict[str, Any]) -> Iterator[str]:
    """Lines for a terminal."""
    for one in found["tries"]:
        mark = "✓" if one["held"] else "✗"
        yield f"{mark} {one['found']:<10} {one['interface']}: {one['zh']} {one['en']} ({one['milliseconds']} ms)"
