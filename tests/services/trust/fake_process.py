"""A stand-in for the trust process, for tests alone: the same routes on a Unix socket, keys made by `cryptography` in memory.

It builds certificates by the very profiles, checks and burns activations as the real one does, and remembers what CRL and
OCSP were told. `down` has it answer nothing, as a process that is away.
"""

import base64
import http.server
import json
import socketserver
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yunhai.kernel.errors import YunhaiError
from yunhai.services.trust.rules import plain_signature
from yunhai.trading.trust import activations, profiles


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class FakeProcess:
    """`now` can be moved, to issue what is not yet valid or expired."""

    public: bytes
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    shift: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.verifier = activations.Verifier(self.public)
        self.burned = activations.Burned(since=0)
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.issuing_key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        life = {"not_before": now - timedelta(days=900), "not_after": now + timedelta(days=3_000)}
        tbs = profiles.build_root(spki(self.root_key), serial=profiles.new_serial(), **life)
        self.root = profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(hashes.SHA384())))
        root = x509.Certificate.load(self.root)
        tbs = profiles.build_issuing(spki(self.issuing_key), root=root, serial=profiles.new_serial(), **life)
        self.ca = profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(hashes.SHA384())))

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        self.asked.append(path)
        match path:
            case "/issue":
                return self._issue(body)
            case "/keys":
                label = f"{body['kind']}-{len(self.keys) + 1}"
                self.keys[label] = ec.generate_private_key(ec.SECP256R1())
                return {"key": label, "spki": _text(spki(self.keys[label]))}
            case "/sign":
                return self._sign(body)
            case "/status":
                if method == "POST":
                    self.told[body["serial"]] = body
                return {"made": True, "hsm": {"state": "open", "label": "fake", "software": True}}
            case "/crl":
                self.told |= {one["serial"]: one for one in body["entries"]}
                return {"changed": len(body["entries"]), "crl": 1, "behind": False}
        raise KeyError(path)

    def _issue(self, body: dict[str, Any]) -> dict[str, str]:
        begins = datetime.now(UTC) + self.shift
        tbs = profiles.build(
            profiles.Profile(body["profile"]),
            public=base64.b64decode(body["spki"]),
            subject=profiles.Subject(
                common=body["subject"],
                serial_number=body.get("serial_number", ""),
                organization=body.get("organization", ""),
            ),
            issuer=x509.Certificate.load(self.ca),
            serial=profiles.new_serial(),
            not_before=begins - timedelta(minutes=5),
            not_after=begins + timedelta(days=body["days"]),
            addresses=profiles.Addresses(origin="http://localhost:8600"),
        )
        der = profiles.assembled(tbs, self.issuing_key.sign(tbs, ec.ECDSA(hashes.SHA256())))
        return {"certificate": _text(der), "serial": _text(b"")}

    def _sign(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = [base64.b64decode(one) for one in body["hashes"]]
        now = time.time()
        for digest in wanted:
            found = self.verifier.activation(body["activation"], key=body["key"], digest=digest, now_s=now)
            self.burned.burn(found, digest, now_s=now)
        made = [self.keys[body["key"]].sign(one, ec.ECDSA(Prehashed(hashes.SHA256()))) for one in wanted]
        return {"signatures": [_text(plain_signature(one)) for one in made]}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    fake: FakeProcess


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        fake = self.server.fake  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        if fake.down:
            self.close_connection = True
            return
        if self.path.startswith("/pki/"):
            content = fake.ca if self.path.endswith("ca.cer") else fake.root
            self._put(200, content)
            return
        try:
            value, status = fake.answer(self.command, self.path, body), 200
        except YunhaiError as error:
            value, status = {"error": error.as_json()}, error.entry.http
        self._put(status, json.dumps(value).encode())

    def _put(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def address_string(self) -> str:
        return "unix"


def serve(fake: FakeProcess, socket: Path) -> _Server:
    """Serve until `shutdown`."""
    socket.unlink(missing_ok=True)
    server = _Server(str(socket), _Handler)
    server.fake = fake
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
