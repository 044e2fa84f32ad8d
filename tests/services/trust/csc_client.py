"""A program that signs by the Consortium's API: the OAuth code flow with PKCE, then calls with its access token."""

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from tests.platform.factories import EXCHANGE
from tests.services.trust.house import House
from yunhai.platform.identity.models import Person

REDIRECT = "https://program.example/back?kept=1"
SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"


def pkce() -> tuple[str, str]:
    """(verifier, challenge)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Program:
    """A registered program. `version` of the API."""

    def __init__(self, house: House, *, version: str = "v2", confidential: bool = False) -> None:
        self.house, self.version = house, version
        body = {"name": "簽署程式", "redirects": [REDIRECT], "confidential": confidential}
        status, said = house.call(house.operator, "POST", "/authority/clients", body, number=EXCHANGE)
        assert status == 201, said
        self.client, self.secret = said["client"], said["secret"]
        self.http = Client()

    def authorize(self, person: Person, fields: dict[str, str], *, form: dict[str, str], mfa: bool = True) -> Any:
        """The page's answer to a person who allows it."""
        said = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": REDIRECT,
            "scope": "service",
            "state": "s1",
            "code_challenge_method": "S256",
        } | fields
        browser = self.house.browser(person, mfa=mfa)
        return browser.post(f"/csc/{self.version}/oauth2/authorize", said | form)

    def code(self, person: Person, challenge: str, **fields: str) -> str:
        answer = self.authorize(person, {"code_challenge": challenge} | fields, form={})
        assert answer.status_code == 302, answer.content
        back = parse_qs(urlsplit(answer["Location"]).query)
        assert (back["state"], back["kept"]) == (["s1"], ["1"])
        return back["code"][0]

    def exchange(self, given: str, verifier: str, /, **fields: str) -> tuple[int, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": given,
            "redirect_uri": REDIRECT,
            "client_id": self.client,
            "client_secret": self.secret,
            "code_verifier": verifier,
        } | fields
        return self.form("oauth2/token", form)

    def form(self, route: str, form: dict[str, str]) -> tuple[int, Any]:
        answer = self.http.post(
            f"/csc/{self.version}/{route}", urlencode(form), content_type="application/x-www-form-urlencoded"
        )
        return answer.status_code, json.loads(answer.content) if answer.content else None

    def token(self, person: Person) -> str:
        """An access token of scope service."""
        verifier, challenge = pkce()
        status, said = self.exchange(self.code(person, challenge), verifier)
        assert status == 200, said
        return str(said["access_token"])

    def call(self, token: str, route: str, body: Any = None) -> tuple[int, Any]:
        answer = self.http.post(
            f"/csc/{self.version}/{route}",
            json.dumps(body or {}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        return answer.status_code, json.loads(answer.content)

    def asked_to_sign(self, credential: str, sad: str, hashes: list[bytes]) -> dict[str, Any]:
        """The body of signHash, by the version's names."""
        encoded = [base64.b64encode(one).decode() for one in hashes]
        first, second = ("hash", "hashAlgo") if self.version == "v1" else ("hashes", "hashAlgorithmOID")
        named = {first: encoded, second: SHA256}
        return {"credentialID": credential, "SAD": sad, "signAlgo": ECDSA_SHA256} | named

    def asked_to_authorize(self, credential: str, code: str, hashes: list[bytes]) -> dict[str, Any]:
        encoded = [base64.b64encode(one).decode() for one in hashes]
        body: dict[str, Any] = {"credentialID": credential, "numSignatures": len(hashes)}
        if self.version == "v1":
            return body | {"hash": encoded, "OTP": code}
        return body | {
            "hashes": encoded,
            "hashAlgorithmOID": SHA256,
            "authData": [{"id": "OTP", "value": code}],
        }
