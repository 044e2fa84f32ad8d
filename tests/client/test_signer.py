"""What is signed is the canonical text and nothing else, and anybody with the public key can check it."""

import base64
import doctest
import importlib
import pkgutil
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import yunhai.client
from yunhai.client import Draft, Signer
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.instructions import FIELDS, SignedInstruction, canonical, signed_attributes

DRAFT = Draft(tenant=3, account=1_000_042, date="2026-08-21", key=7)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.generate(key=7)


def test_the_canonical_text_of_a_board_order_is_these_lines() -> None:
    order = DRAFT.buy("2330", price="1080", quantity=2000, client_id="6f1e1e9e-3a39-4e51-9d7e-0b6b1c5e7a10")
    order = msgspec.structs.replace(order, nonce="0" * 31 + "1", signed_at=1_787_000_000_123)
    assert canonical(order).decode().splitlines() == [
        "yunhai-instruction-1",
        "action=new",
        "mode=simulated",
        "tenant=3",
        "account=1000042",
        "client_id=6f1e1e9e-3a39-4e51-9d7e-0b6b1c5e7a10",
        "date=2026-08-21",
        "nonce=00000000000000000000000000000001",
        "signed_at=1787000000123",
        "key=7",
        "channel=api",
        "order=",
        "code=2330",
        "segment=board",
        "side=buy",
        "order_type=limit",
        "time_in_force=rod",
        "credit=cash",
        "price=1080.00",
        "quantity=2000",
        "instruction_kind=",
        "instruction_id=",
        "instruction_at=",
    ]


def test_the_signature_verifies_with_the_public_point_alone(signer: Signer) -> None:
    signed = signer.sign(DRAFT.sell("0050", price="97.25", quantity=7, segment="odd_lot"))
    raw = base64.urlsafe_b64decode(signed.signature + "==")
    assert len(raw) == 64
    assert len(signed.signature) == 86
    assert len(signer.public) == 65
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), signer.public)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, signed_attributes(canonical(signed.instruction)), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("field", FIELDS)
def test_a_change_of_any_field_breaks_the_signature(signer: Signer, field: str) -> None:
    signed = signer.sign(DRAFT.buy("2330", price="1080", quantity=1000))
    value = getattr(signed.instruction, field)
    other = value + 1 if isinstance(value, int) else value + "x"
    altered = msgspec.structs.replace(signed.instruction, **{field: other})
    assert signer.verifies(signed)
    assert not signer.verifies(SignedInstruction(instruction=altered, signature=signed.signature))


def test_another_key_does_not_verify(signer: Signer) -> None:
    signed = Signer.generate(key=7).sign(DRAFT.cancel(17))
    assert not signer.verifies(signed)


def test_a_key_survives_its_file(signer: Signer) -> None:
    again = Signer.from_pem(signer.pem(b"a password"), key=7, password=b"a password")
    assert again.public == signer.public
    assert signer.verifies(again.sign(DRAFT.cancel(17)))


def test_keys_that_cannot_sign_are_refused() -> None:
    other_curve = ec.generate_private_key(ec.SECP384R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    for private in (other_curve, rsa_key):
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(YunhaiError) as refusal:
            Signer.from_pem(pem, key=1)
        assert refusal.value.code == 7404
    with pytest.raises(YunhaiError) as refusal:
        Signer.from_pem(b"no key", key=1)
    assert refusal.value.code == 7404


def test_drafts_are_in_normal_form_and_never_the_same_twice() -> None:
    first, second = (DRAFT.buy("2330", price="1080.5000", quantity=1000) for _ in range(2))
    assert first.price == "1080.50"
    assert first.nonce != second.nonce
    assert first.client_id != second.client_id
    assert str(UUID(first.client_id)) == first.client_id
    market = DRAFT.sell("2330", quantity=1000, time_in_force="ioc")
    assert (market.order_type, market.price, market.time_in_force) == ("market", "", "ioc")
    cut = replace(DRAFT, channel="web").cut(9001, quantity=1000)
    assert (cut.action, cut.order, cut.quantity, cut.code, cut.side, cut.channel) == ("cut", 9001, 1000, "", "", "web")
    with pytest.raises(YunhaiError) as refusal:
        DRAFT.buy("2330", price="1e3", quantity=1000)
    assert refusal.value.code == 2101


def test_every_example_of_the_client_works() -> None:
    tried = 0
    for module in pkgutil.iter_modules(yunhai.client.__path__, "yunhai.client."):
        result = doctest.testmod(importlib.import_module(module.name))
        assert result.failed == 0
        tried += result.attempted
    tried += doctest.testmod(yunhai.client).attempted
    assert tried >= 10
