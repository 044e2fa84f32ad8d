"""The Cloud Signature Consortium's API: a program gets a token, a person's factor, and signatures that are right."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from tests.services.trust.csc_client import ECDSA_SHA256, REDIRECT, Program, pkce
from tests.services.trust.house import House, sha
from yunhai.services.trust.models import Authorisation, Grant

ONE, TWO, THREE = sha("one"), sha("two"), sha("three")


@pytest.fixture
def registered(house: House) -> House:
    house.register()
    return house


def right(certificate: str, signature: str, digest: bytes) -> bool:
    key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(signature), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    return True


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_program_signs_for_a_person(registered: House, version: str) -> None:
    house = registered
    made = house.credential("document")
    program = Program(house, version=version, confidential=version == "v1")
    token = program.token(house.investor)
    assert program.call(token, "credentials/list")[1]["credentialIDs"] == [made["credential"]]
    status, said = program.call(
        token,
        "credentials/info",
        {"credentialID": made["credential"], "certificates": "chain", "certInfo": True, "authInfo": True},
    )
    assert status == 200
    assert (said["key"]["status"], said["key"]["algo"], said["SCAL"]) == ("enabled", [ECDSA_SHA256], "2")
    assert said["cert"]["status"] == "valid"
    assert len(said["cert"]["certificates"]) == 2
    if version == "v1":
        assert (said["authMode"], said["OTP"]["presence"]) == ("explicit", "true")
    else:
        assert said["auth"]["expression"] == "OTP"
    body = program.asked_to_authorize(made["credential"], house.code(), [ONE, TWO])
    status, activated = program.call(token, "credentials/authorize", body)
    assert (status, activated["expiresIn"]) == (200, 60)
    wanted = program.asked_to_sign(made["credential"], activated["SAD"], [ONE, TWO])
    status, signed = program.call(token, "signatures/signHash", wanted)
    assert status == 200, signed
    for signature, digest in zip(signed["signatures"], (ONE, TWO), strict=True):
        assert right(said["cert"]["certificates"][0], signature, digest)
    (shown,) = house.call(house.investor, "GET", "/signatures")[1]
    assert (shown["hashes"], shown["signed"]) == ([ONE.hex(), TWO.hex()], [ONE.hex(), TWO.hex()])
    assert (shown["factor"], shown["client"], shown["kind"]) == ("totp", "簽署程式", "document")


def test_information_needs_no_token(house: House) -> None:
    program = Program(house)
    said = program.call("", "info")[1]
    assert (said["specs"], said["authType"]) == ("2.0.0.2", ["oauth2code"])
    assert "signatures/signHash" in said["methods"]


def test_one_activation_by_the_oauth_scope_credential(registered: House) -> None:
    house = registered
    made = house.credential("document")
    program = Program(house)
    token = program.token(house.investor)
    verifier, challenge = pkce()
    fields = {
        "code_challenge": challenge,
        "scope": "credential",
        "credentialID": made["credential"],
        "numSignatures": "1",
        "hashes": base64.urlsafe_b64encode(THREE).decode(),
        "description": "契約書",
    }
    refused = program.authorize(house.investor, fields, form={"code": "000000"})
    assert (refused.status_code, Authorisation.objects.count()) == (403, 0)
    answer = program.authorize(house.investor, fields, form={"code": house.code()})
    assert answer.status_code == 302, answer.content
    code = answer["Location"].split("code=")[1].split("&")[0]
    assert "." not in code  # the activation does not travel in an address
    status, said = program.exchange(code, verifier)
    assert (status, said["token_type"], said["credentialID"]) == (200, "SAD", made["credential"])
    wanted = program.asked_to_sign(made["credential"], said["access_token"], [THREE])
    assert program.call(token, "signatures/signHash", wanted)[0] == 200
    status, refusal = program.call(token, "signatures/signHash", wanted)
    assert (status, refusal["code"]) == (400, 7885)


def test_an_activation_is_good_for_the_program_it_was_given_to(registered: House) -> None:
    """Not for another program of the same person, nor for a page; and it is not used up by their trying."""
    house = registered
    made = house.credential("document")
    program, other = Program(house), Program(house)
    token, of_other = program.token(house.investor), other.token(house.investor)
    body = program.asked_to_authorize(made["credential"], house.code(), [ONE])
    sad = program.call(token, "credentials/authorize", body)[1]["SAD"]
    wanted = program.asked_to_sign(made["credential"], sad, [ONE])
    status, refusal = other.call(of_other, "signatures/signHash", wanted)
    assert (status, refusal["code"]) == (400, 7841)
    page = {"activation": sad, "hashes": [base64.urlsafe_b64encode(ONE).rstrip(b"=").decode()]}
    status, refusal = house.call(house.investor, "POST", f"/credentials/{made['credential']}/sign", page)
    assert refusal["error"]["code"] == 7841, refusal
    (shown,) = house.call(house.investor, "GET", "/signatures")[1]
    assert shown["signed"] == []
    assert program.call(token, "signatures/signHash", wanted)[0] == 200


def test_an_activation_that_was_revoked_signs_no_more(registered: House) -> None:
    house = registered
    made = house.credential("document")
    program = Program(house)
    token = program.token(house.investor)
    verifier, challenge = pkce()
    fields = {
        "code_challenge": challenge,
        "scope": "credential",
        "credentialID": made["credential"],
        "numSignatures": "1",
        "hashes": base64.urlsafe_b64encode(THREE).decode(),
    }
    answer = program.authorize(house.investor, fields, form={"code": house.code()})
    sad = program.exchange(answer["Location"].split("code=")[1].split("&")[0], verifier)[1]["access_token"]
    form = {"token": sad, "client_id": program.client, "client_secret": program.secret}
    assert program.form("oauth2/revoke", form)[0] == 204
    status, refusal = program.call(
        token, "signatures/signHash", program.asked_to_sign(made["credential"], sad, [THREE])
    )
    assert (status, refusal["code"]) == (400, 7841)
    (shown,) = house.call(house.investor, "GET", "/signatures")[1]
    assert shown["signed"] == []


def test_the_page_says_who_asks_for_what(registered: House) -> None:
    house = registered
    program = Program(house)
    _, challenge = pkce()
    browser = house.browser(house.investor)
    query = {
        "response_type": "code",
        "client_id": program.client,
        "redirect_uri": REDIRECT,
        "scope": "service",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = browser.get("/csc/v2/oauth2/authorize", query)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "簽署程式" in text
    assert "form-action 'self' https://program.example" in answer["Content-Security-Policy"]
    refused = program.authorize(house.investor, {"code_challenge": challenge}, form={"refuse": "1"})
    assert "error=access_denied" in refused["Location"]
    assert not Grant.objects.exists()
    assert browser.get("/csc/v2/oauth2/authorize", query | {"redirect_uri": "https://evil.example/"}).status_code == 400
    told = browser.get("/csc/v2/oauth2/authorize", query | {"code_challenge_method": "plain"})
    assert told["Location"].startswith(REDIRECT)
    assert "error=invalid_request" in told["Location"]
    assert house.browser(None).get("/csc/v2/oauth2/authorize", query)["Location"].startswith("/account/login/")


def test_a_revoked_token_is_dead_and_a_code_used_twice_revokes(registered: House) -> None:
    house = registered
    program = Program(house)
    token = program.token(house.investor)
    assert program.form("oauth2/revoke", {"token": token, "client_id": program.client})[0] == 204
    assert program.call(token, "credentials/list")[0] == 401
    verifier, challenge = pkce()
    code = program.code(house.investor, challenge)
    _, said = program.exchange(code, verifier)
    assert program.call(said["access_token"], "credentials/list")[0] == 200
    status, again = program.exchange(code, verifier)
    assert (status, again["error"], again["code"]) == (400, "invalid_grant", 7854)
    assert program.call(said["access_token"], "credentials/list")[0] == 401


EXCHANGES: list[tuple[str, dict[str, str], int]] = [
    ("another verifier", {"code_verifier": "x" * 50}, 7853),
    ("no verifier", {"code_verifier": ""}, 7853),
    ("another address", {"redirect_uri": "https://program.example/"}, 7851),
    ("another client", {"client_id": "nobody"}, 7850),
    ("a secret where there is none", {"client_secret": "guess"}, 7850),
    ("another flow", {"grant_type": "password"}, 7857),
    ("a code nobody gave", {"code": "a" * 43}, 7854),
]


@pytest.mark.parametrize(("what", "change", "code"), EXCHANGES, ids=lambda value: str(value)[:30])
def test_codes_are_exchanged_by_whom_they_are_for(
    registered: House, what: str, change: dict[str, str], code: int
) -> None:
    program = Program(registered)
    verifier, challenge = pkce()
    given = program.code(registered.investor, challenge)
    status, said = program.exchange(given, verifier, **change)
    assert status in (400, 401)
    assert said["code"] == code
    assert program.exchange(given, verifier)[0] == 200  # what was refused has used nothing up


def test_an_orders_signature_by_the_cloud_key_is_the_orders(registered: House) -> None:
    """The gate verifies it as any other: the same text, attributes and key."""
    from tests.trading.scene import ANNE, Scene
    from yunhai.trading.instructions import canonical, signed_attributes
    from yunhai.trading.signatures import verify

    house = registered
    made = house.credential("order")
    text = canonical(Scene.open().instruction(ANNE, key=made["key"])).decode()
    path = f"/credentials/{made['credential']}"
    _, given = house.call(house.investor, "POST", f"{path}/authorise", {"texts": [text], "code": house.code()})
    status, said = house.call(
        house.investor, "POST", f"{path}/sign", {"texts": [text], "activation": given["activation"]}
    )
    assert status == 200, said
    raw = base64.urlsafe_b64decode(said["signatures"][0] + "==")
    point = _point(house, made)
    assert verify(point, signed_attributes(text.encode()), raw)
    (shown,) = house.call(house.investor, "GET", "/signatures")[1]
    assert "side=buy" in shown["what"]
    other = text.replace("quantity=1000", "quantity=2000")
    assert (
        house.call(house.investor, "POST", f"{path}/sign", {"texts": [other], "activation": given["activation"]})[1][
            "error"
        ]["code"]
        == 7884
    )


def _point(house: House, made: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    number = made["certificate"]["certificate"]
    der = house.call(house.investor, "GET", f"/certificates/{number}/file")[1]
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
