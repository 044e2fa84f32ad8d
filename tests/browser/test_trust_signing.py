"""Second factors of a cloud signature in a real browser, and programs that sign: a passkey for an order, the authorise page by code
and by passkey, and a PDF signed by pyHanko against the running cloud, whose keys are in an HSM (SoftHSM2).
"""

import asyncio
import base64
import hashlib
import io
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.browser.cloud import ANSWER_S, Cloud
from tests.browser.fixtures import keep
from tests.browser.trust import asked, authenticator, passkey, registered, room, trusted

__all__ = ["room", "trusted"]
pytestmark = pytest.mark.full

CODE = "2412"
SHA256_NAMED = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"


@dataclass
class Program:
    """A program on this machine that a person comes back to with a code."""

    origin: str
    client: str
    redirect: str
    came: list[dict[str, str]] = field(default_factory=list)

    def asks(self, verifier: str, **fields: str) -> str:
        """The address to send a person to."""
        said = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "state": secrets.token_hex(8),
            "code_challenge": _url64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return f"{self.origin}/csc/v2/oauth2/authorize?{urlencode(said | fields)}"

    def token(self, code: str, verifier: str) -> dict[str, Any]:
        """What the code is exchanged for."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "client_id": self.client,
            "code_verifier": verifier,
        }
        answer = httpx.post(f"{self.origin}/csc/v2/oauth2/token", data=form, timeout=ANSWER_S)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def call(self, token: str, route: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.origin}/csc/v2/{route}", json=body, headers=headers, timeout=ANSWER_S)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def program(room: Any, trusted: Cloud) -> Iterator[Program]:
    """Registered by the operator; listens where it has people sent back."""
    came: list[dict[str, str]] = []

    class Back(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/back":
                came.append({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>back</title>")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    redirect = f"http://127.0.0.1:{server.server_port}/back"
    said = asked(
        room("operator", "/console/trust/"),
        "POST",
        "/trust/authority/clients",
        {"name": "簽署程式", "redirects": [redirect]},
    )
    assert said["status"] == 201, said
    yield Program(trusted.origin, said["said"]["client"], redirect, came)
    server.shutdown()
    server.server_close()


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _back(page: Any, program: Program) -> dict[str, str]:
    """What the program was told when the person came back."""
    page.wait_for_url(f"{program.redirect}*")
    return program.came[-1]


def _credential(page: Any, kind: str) -> str:
    """One of the person's cloud keys of a kind, made if there is none."""
    found = asked(page, "GET", "/trust/credentials")["said"]
    for one in found:
        if one["kind"] == kind and one["usable"]:
            return str(one["credential"])
    made = asked(page, "POST", "/trust/credentials", {"kind": kind})
    assert made["status"] == 201, made
    return str(made["said"]["credential"])


def test_a_passkey_signs_an_order_in_the_cloud(room: Any, trusted: Cloud) -> None:
    registered(room, trusted)
    page = room("investor", "/trust/")
    code = authenticator(page, trusted)
    passkey(page, trusted, code)
    page.goto(trusted.origin + "/trust/")
    _credential(page, "order")
    before = len(asked(page, "GET", "/trust/signatures")["said"])

    page.goto(f"{trusted.origin}/pocket/s/{CODE}/")
    page.locator('#ticket [data-price="limit_down"]:not(:empty)').click()
    page.locator("#sign-with:not([hidden])").wait_for()
    page.locator('#sign-with input[value="cloud"]').check(force=True)
    page.locator("#send:enabled").click()
    page.locator("#cloud-sign[open]").wait_for()
    keep(page, "trust-cloud-sign-passkey")
    page.locator("#cloud-sign [data-passkey]").click()
    page.locator("#result a").wait_for()
    order = page.locator("#result a").get_attribute("href").rstrip("/").rpartition(":")[2]

    given = asked(page, "GET", "/trust/signatures")["said"]
    assert len(given) == before + 1
    assert (given[0]["factor"], given[0]["hashes"]) == ("passkey", given[0]["signed"])
    assert f"code={CODE}" in given[0]["what"]
    page.goto(f"{trusted.origin}/timeline/order:{order}/")
    page.locator("#events", has_text="簽章有效").wait_for()
    page.goto(trusted.origin + "/trust/signatures/")
    assert page.locator("text=通行密鑰").count()
    keep(page, "trust-signatures-passkey")


def test_a_program_is_let_sign_by_code_and_by_passkey(room: Any, trusted: Cloud, program: Program) -> None:
    """Each time what was allowed is signed, once, and nothing else; a refusal tells the program so."""
    registered(room, trusted)
    page = room("investor", "/trust/")
    code = authenticator(page, trusted)
    passkey(page, trusted, code)
    page.goto(trusted.origin + "/trust/")
    document = _credential(page, "document")

    verifier = secrets.token_urlsafe(48)
    page.goto(program.asks(verifier, scope="service"))
    keep(page, "trust-authorise-service")
    page.get_by_role("button", name="同意").click()
    service = program.token(_back(page, program)["code"], verifier)["access_token"]
    held = program.call(service, "credentials/info", {"credentialID": document})["cert"]["certificates"][0]
    key = x509.load_der_x509_certificate(base64.b64decode(held)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)

    ways: dict[str, Callable[[], None]] = {
        "totp": lambda: _by_code(page, code),
        "passkey": lambda: page.locator("[data-passkey]").click(),
    }
    for factor, give in ways.items():
        verifier, digest = secrets.token_urlsafe(48), hashlib.sha256(secrets.token_bytes(16)).digest()
        wanted = {"scope": "credential", "credentialID": document, "hashes": _url64(digest)}
        wanted |= {"hashAlgorithmOID": SHA256_NAMED, "description": f"文件 {factor}"}
        page.goto(program.asks(verifier, **wanted))
        assert digest.hex() in page.inner_text("main")
        keep(page, f"trust-authorise-{factor}")
        give()
        made = program.token(_back(page, program)["code"], verifier)
        assert (made["token_type"], made["credentialID"]) == ("SAD", document)
        body = {
            "credentialID": document,
            "SAD": made["access_token"],
            "signAlgo": ECDSA_SHA256,
            "hashAlgorithmOID": SHA256_NAMED,
        }
        signed = program.call(service, "signatures/signHash", body | {"hashes": [base64.b64encode(digest).decode()]})
        key.verify(base64.b64decode(signed["signatures"][0]), digest, ec.ECDSA(Prehashed(SHA256())))
        other = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
        for again in ([base64.b64encode(digest).decode()], [other]):
            headers = {"Authorization": f"Bearer {service}"}
            address = f"{trusted.origin}/csc/v2/signatures/signHash"
            answer = httpx.post(address, json=body | {"hashes": again}, headers=headers, timeout=ANSWER_S)
            assert answer.status_code == 400, (factor, answer.text)
            assert answer.json()["code"] in range(7880, 7886), answer.text
    page.goto(trusted.origin + "/trust/")
    given = asked(page, "GET", "/trust/signatures")["said"][:2]
    assert [one["factor"] for one in given] == ["passkey", "totp"]
    assert {one["client"] for one in given} == {"簽署程式"}

    page.goto(program.asks(secrets.token_urlsafe(48), scope="service"))
    page.get_by_role("button", name="拒絕").click()
    assert _back(page, program)["error"] == "access_denied"


def _by_code(page: Any, code: Callable[[], str]) -> None:
    page.fill("[name=code]", "000000")
    page.get_by_role("button", name="同意").click()
    page.locator(".notice.bad").wait_for()
    page.fill("[name=code]", code())
    page.get_by_role("button", name="同意").click()


def test_pyhanko_signs_a_pdf_with_a_key_in_the_hsm(room: Any, trusted: Cloud, program: Program, tmp_path: Path) -> None:
    """pyHanko's own CSC client, unchanged, over HTTP against the running cloud; pyHanko and openssl find the signature right."""
    pyhanko = pytest.importorskip("tests.services.trust.pdf", reason="pyHanko is not installed")
    registered(room, trusted)
    page = room("investor", "/trust/")
    code = authenticator(page, trusted)
    page.goto(trusted.origin + "/trust/")
    document = _credential(page, "document")
    verifier = secrets.token_urlsafe(48)
    page.goto(program.asks(verifier, scope="service"))
    page.get_by_role("button", name="同意").click()
    token = program.token(_back(page, program)["code"], verifier)["access_token"]
    with ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
        signed = apart.submit(lambda: asyncio.run(pyhanko.signed_pdf(trusted.origin, document, token, code()))).result(
            120
        )
    (tmp_path / "signed.pdf").write_bytes(signed)
    _right(signed, trusted, tmp_path)


def _right(signed: bytes, cloud: Cloud, folder: Path) -> None:
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = (cloud.home / "trust" / "root.cer").read_bytes()
    found = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    context = ValidationContext(trust_roots=[asn1.Certificate.load(root)], allow_fetching=False)
    with ThreadPoolExecutor(1) as apart:
        status = apart.submit(lambda: validate_pdf_signature(found, signer_validation_context=context)).result(60)
    assert status.bottom_line, status.pretty_print_details()
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    first, length, second, rest = (int(one) for one in found.byte_range)
    (folder / "content").write_bytes(signed[first : first + length] + signed[second : second + rest])
    (folder / "signature").write_bytes(found.pkcs7_content)
    (folder / "root.pem").write_bytes(x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM))
    words = (
        "cms -verify -binary -inform DER -in signature -content content -purpose any -CAfile root.pem -out /dev/null"
    )
    done = subprocess.run(["openssl", *words.split()], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    changed = bytearray((folder / "content").read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "content").write_bytes(bytes(changed))
    done = subprocess.run(["openssl", *words.split()], cwd=folder, capture_output=True, text=True)
    assert done.returncode != 0
