"""What somebody would put in the place of what was signed: each refused with its own code, and nothing changed.

Four tables: at the gate (the books' state hash is the same after), at the signing service and its programs (every table of
the database is the same after), at the trust process (nothing is signed), and in evidence files (`substitutions.py`).
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection, transaction

from tests.services.trust.csc_client import Program
from tests.services.trust.fake_process import FakeProcess
from tests.services.trust.house import House, sha
from tests.services.trust.substitutions import EVIDENCE, Whole
from tests.trading.gate.test_gate import ANNE_CERTIFICATE, ANNE_CONSENT, STRICT, WALL_MS, but
from tests.trading.scene import ANNE, BEN, EAST, NT, WEST, Scene, key_of
from tests.trading.trust.making import Maker
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.tenancy import rls
from yunhai.services.trust import process, signing
from yunhai.services.trust.models import Authorisation, Certificate
from yunhai.trading import signatures
from yunhai.trading.facts import KeySet
from yunhai.trading.gate.asked import Asker
from yunhai.trading.instructions import Instruction, canonical, signed_attributes
from yunhai.trading.shape import checked
from yunhai.trading.trust import activations, evidence

# --- at the gate -------------------------------------------------------------------------------------------------------


def original(scene: Scene, **fields: Any) -> tuple[Instruction, bytes]:
    """Anne's order and its right signature."""
    instruction = scene.instruction(ANNE, **fields)
    return instruction, signatures.sign(key_of(1), canonical(instruction))


def _changed(**fields: Any) -> Callable[[Scene], tuple[Instruction, bytes]]:
    """The signature of one order under another that differs in these fields."""

    def make(scene: Scene) -> tuple[Instruction, bytes]:
        instruction, signature = original(scene)
        return msgspec.structs.replace(instruction, **fields), signature

    return make


def _signed_over(text: Callable[[bytes], bytes]) -> Callable[[Scene], tuple[Instruction, bytes]]:
    """The key's own signature, over other bytes than the order's."""

    def make(scene: Scene) -> tuple[Instruction, bytes]:
        instruction, _ = original(scene)
        return instruction, signatures.sign(key_of(1), text(canonical(instruction)))

    return make


def _raw(algorithm: Any, *, attributes: bool = True) -> Callable[[Scene], tuple[Instruction, bytes]]:
    """The key's own signature by another algorithm, or over the bare text."""

    def make(scene: Scene) -> tuple[Instruction, bytes]:
        instruction, _ = original(scene)
        text = canonical(instruction)
        der = key_of(1).sign(signed_attributes(text) if attributes else text, ec.ECDSA(algorithm))
        return instruction, signatures.raw_of(der)

    return make


def _bytes_of(change: Callable[[bytes], bytes]) -> Callable[[Scene], tuple[Instruction, bytes]]:
    """The right signature, its bytes written otherwise."""

    def make(scene: Scene) -> tuple[Instruction, bytes]:
        instruction, signature = original(scene)
        return instruction, change(signature)

    return make


def _der(signature: bytes) -> bytes:
    found = signatures.der_of(signature)
    assert found is not None
    return found


def _by_another_key(scene: Scene) -> tuple[Instruction, bytes]:
    instruction, _ = original(scene)
    return instruction, signatures.sign(key_of(2), canonical(instruction))


def _under_another_keys_number(scene: Scene) -> tuple[Instruction, bytes]:
    instruction = scene.instruction(ANNE, key=102)
    return instruction, signatures.sign(key_of(2), canonical(instruction))


def _with(*facts: Any) -> Callable[[Scene], tuple[Instruction, bytes]]:
    def make(scene: Scene) -> tuple[Instruction, bytes]:
        for fact in facts:
            scene.fact(fact)
        return original(scene)

    return make


def _replayed_nonce(scene: Scene) -> tuple[Instruction, bytes]:
    """The order again under another client id, newly signed."""
    scene.new(ANNE, price=95 * NT, nonce="ab" * 16)
    return original(scene, nonce="ab" * 16)


def _replayed_yesterday(scene: Scene) -> tuple[Instruction, bytes]:
    return original(scene, signed_at=WALL_MS - 86_400_000)


def _of_another_day(scene: Scene) -> tuple[Instruction, bytes]:
    return original(scene, date="2026-08-20")


def _of_another_mode(scene: Scene) -> tuple[Instruction, bytes]:
    return original(scene, mode="live")


def _account_of_another(scene: Scene) -> tuple[Instruction, bytes]:
    """Properly signed by Anne, for Ben's account."""
    instruction = scene.instruction(BEN, key=101)
    return instruction, signatures.sign(key_of(1), canonical(instruction))


def _a_cancel_of_anothers_order(scene: Scene) -> tuple[Instruction, bytes]:
    scene.fact(but(STRICT, certificates=False))
    order = scene.new(BEN, price=95 * NT)
    scene.fact(STRICT)
    return original(scene, action="cancel", order=order)


GATE: list[tuple[str, Callable[[Scene], tuple[Instruction, bytes]], int]] = [
    ("the quantity changed", _changed(quantity=2000), 6102),
    ("the price changed", _changed(price="101.00"), 6102),
    ("the side changed", _changed(side="sell"), 6102),
    ("the security changed", _changed(code="1101"), 6102),
    ("the account changed", _changed(account=BEN), 6102),
    ("the segment changed", _changed(segment="odd_lot", quantity=7), 6102),
    ("the time in force changed", _changed(time_in_force="ioc"), 6102),
    ("the order kind changed", _changed(order_type="market", price=""), 6102),
    ("the client id changed", _changed(client_id="00000000-0000-0000-0000-00000000ffff"), 6102),
    ("the nonce changed", _changed(nonce="cd" * 16), 6102),
    ("the signing time changed", _changed(signed_at=WALL_MS - 1), 6102),
    ("the channel changed", _changed(channel="mobile"), 6102),
    ("another broker's order", _changed(tenant=WEST), 6102),
    ("an order made a cancel", _changed(action="cancel", order=1, **dict.fromkeys(
        ("code", "segment", "side", "order_type", "time_in_force", "credit", "price"), ""), quantity=0), 6102),
    ("lines ended by CR LF", _signed_over(lambda text: text.replace(b"\n", b"\r\n")), 6102),
    ("a blank at the end", _signed_over(lambda text: text + b" "), 6102),
    ("another version's text", _signed_over(lambda text: text.replace(b"instruction-1", b"instruction-2")), 6102),
    ("fields in another order", _signed_over(lambda text: b"\n".join(reversed(text.split(b"\n")))), 6102),
    ("signed over the bare text", _raw(hashes.SHA256(), attributes=False), 6102),
    ("SHA-384 in SHA-256's place", _raw(hashes.SHA384()), 6102),
    ("SHA-512 in SHA-256's place", _raw(hashes.SHA512()), 6102),
    ("the signature as DER", _bytes_of(_der), 6102),
    ("one byte short", _bytes_of(lambda raw: raw[:-1]), 6102),
    ("one byte more", _bytes_of(lambda raw: raw + b"\0"), 6102),
    ("one bit flipped", _bytes_of(lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])), 6102),
    ("r and s exchanged", _bytes_of(lambda raw: raw[32:] + raw[:32]), 6102),
    ("zeros", _bytes_of(lambda raw: bytes(64)), 6102),
    ("signed by another key", _by_another_key, 6102),
    ("under another person's key", _under_another_keys_number, 6101),
    ("a key revoked", _with(KeySet(key=101, person=1, public=signatures.point_of(key_of(1)), status="revoked")), 6105),
    ("the certificate of another key", _with(but(ANNE_CERTIFICATE, certificate=9, key=101, person=2)), 6170),
    ("a certificate of tomorrow", _with(but(ANNE_CERTIFICATE, not_before=WALL_MS + 1)), 6171),
    ("a certificate of yesterday", _with(but(ANNE_CERTIFICATE, not_after=WALL_MS - 1)), 6172),
    ("a certificate revoked", _with(but(ANNE_CERTIFICATE, status="revoked", reason=1)), 6173),
    ("a document's certificate", _with(but(ANNE_CERTIFICATE, profile="document")), 6174),
    ("consent to another broker", _with(but(ANNE_CONSENT, allowed=False), but(ANNE_CONSENT, tenant=WEST)), 6176),
    ("another's account, rightly signed", _account_of_another, 6115),
    ("another's order cancelled", _a_cancel_of_anothers_order, 6140),
    ("a nonce used before", _replayed_nonce, 6104),
    ("signed yesterday", _replayed_yesterday, 6103),
    ("for another day", _of_another_day, 6107),
    ("for another mode", _of_another_mode, 6108),
]  # fmt: skip


@pytest.mark.parametrize(("what", "make", "code"), GATE, ids=lambda one: one if isinstance(one, str) else "")
def test_at_the_gate(what: str, make: Callable[[Scene], tuple[Instruction, bytes]], code: int) -> None:
    scene = Scene.open()
    for fact in (STRICT, ANNE_CERTIFICATE, ANNE_CONSENT):
        scene.fact(fact)
    instruction, signature = make(scene)
    before = scene.books.state_hash()
    wall = scene.wall
    decision = scene.gate.decide(checked(instruction), canonical(instruction), signature, asker=Asker(1), wall_ns=wall)
    assert decision.code == code, decision
    assert scene.books.state_hash() == before
    sums, number = scene.books.sums(), scene.books.number
    scene.apply(decision)
    assert (scene.books.sums(), scene.books.number) == (sums, number)
    assert instruction.tenant in (EAST, WEST)


def test_the_same_signature_again_is_the_same_answer_and_no_second_order() -> None:
    scene = Scene.open()
    instruction = scene.instruction(ANNE, price=95 * NT)
    assert scene.send(instruction).accepted
    before = scene.books.state_hash()
    known = scene.known(instruction)
    assert known is not None
    assert known.code == 0
    assert scene.books.state_hash() == before


# --- at the service and its programs -----------------------------------------------------------------------------------

ONE, TWO = sha("contract one"), sha("contract two")


@dataclass
class Signing:
    """A registered investor with a document and an order credential, a neighbour with one, a program with both's tokens."""

    house: House
    document: str
    order: str
    order_key: int
    theirs: str
    program: Program
    token: str
    their_token: str
    sad: str

    def ask(self, route: str, body: dict[str, Any], *, token: str | None = None) -> int:
        """The refusal's code; 0 if it is none."""
        _, said = self.program.call(self.token if token is None else token, route, body)
        return int(said.get("code", 0))

    def sign(self, *, token: str | None = None, **change: Any) -> int:
        body = self.program.asked_to_sign(self.document, self.sad, [ONE]) | change
        return self.ask("signatures/signHash", body, token=token)

    def authorize(self, code: str = "", **change: Any) -> int:
        body = self.program.asked_to_authorize(self.document, code or "000000", [ONE]) | change
        return self.ask("credentials/authorize", body)


@pytest.fixture(scope="module")
def signing_house(_fake: FakeProcess, migrated: Any) -> Iterator[Signing]:
    from django.core.cache import cache

    from tests.platform_fixtures import _become

    connection.close()
    cache.clear()
    connection.ensure_connection()
    _become("app")
    _fake.down = False
    try:
        with transaction.atomic():
            yield _signing(House(_fake))
            transaction.set_rollback(True)
    finally:
        connection.close()


def _signing(house: House) -> Signing:
    house.register()
    house.register(house.neighbour)
    program = Program(house)
    document, order = house.credential("document"), house.credential("order")
    theirs = house.credential("document", house.neighbour)
    token, their_token = program.token(house.investor), program.token(house.neighbour)
    asked = program.asked_to_authorize(document["credential"], house.code(), [ONE])
    status, said = program.call(token, "credentials/authorize", asked)
    assert status == 200, said
    return Signing(
        house=house,
        document=document["credential"],
        order=order["credential"],
        order_key=order["key"],
        theirs=theirs["credential"],
        program=program,
        token=token,
        their_token=their_token,
        sad=said["SAD"],
    )


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _state() -> dict[str, Any]:
    """Every table that the trust service or the outbox writes, as counts and hashes."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION AUTHORIZATION DEFAULT")
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE tablename ~ '^(trust|outbox|identity_signingkey)' ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*), sum(hashtext(t::text)::bigint) FROM "{table}" t')
            found[table] = cursor.fetchone()
        cursor.execute("SET SESSION AUTHORIZATION yunhai_app")
    return found


def forged(one: Signing, key: bytes | None = None, **change: Any) -> str:
    """An activation with other words, signed by the web's key or another."""
    with rls.acting(person=one.house.investor.pk):
        row = Authorisation.objects.select_related("credential").get(number=_number(one.sad))
    said: dict[str, Any] = {
        "key": row.credential.label,
        "hashes": [ONE],
        "now_s": int(time.time()),
        "number": row.number,
    } | change
    return activations.made(key or signing._activation_key(), **said)


def _number(sad: str) -> str:
    return signing._verifier().read(sad).number


def _hs256(one: Signing) -> str:
    """The public key taken for a shared secret."""
    public = activations.public_of(signing._activation_key())
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    signed = f"{head}.{one.sad.split('.')[1]}"
    mark = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _unsigned(one: Signing) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{one.sad.split('.')[1]}."


def _used(one: Signing) -> int:
    assert one.sign() == 0
    return one.sign()


def _used_elsewhere(one: Signing) -> int:
    """The web forgets that it was spent; the trust process does not."""
    assert one.sign() == 0
    with rls.acting(person=one.house.investor.pk):
        Authorisation.objects.update(signed=[])
    return one.sign()


def _code_again(one: Signing) -> int:
    """The code that was given for ONE, once more for TWO, within the 30 s of its step."""
    while True:
        step, code = int(time.time()) // 30, one.house.code()
        one.authorize(code)  # it counts now, or did when the house was set up
        said = one.authorize(code, hashes=[b64(TWO)])
        if int(time.time()) // 30 == step:
            return said


def _certificate(**change: Any) -> Callable[[Signing], int]:
    def make(one: Signing) -> int:
        with rls.acting(person=one.house.investor.pk):
            Certificate.objects.filter(credential__name=one.document).update(**change)
        return one.sign()

    return make


def _disabled(one: Signing) -> int:
    with rls.acting(person=one.house.investor.pk):
        signing.disable(one.house.investor, one.document)
    return one.sign()


def _past(**days: int) -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() + timedelta(**days)


def _text(change: Callable[[str], str], *, activation: bool = True) -> Callable[[Signing], int]:
    """An order's text other than the one that was authorised."""

    def make(one: Signing) -> int:
        house = one.house
        text = canonical(Scene.open().instruction(ANNE, key=one.order_key)).decode()
        with rls.acting(person=house.investor.pk):
            held = signing.credential_of(house.investor, one.order)
        digest = hashlib.sha256(signed_attributes(text.encode())).digest()
        sad = activations.made(signing._activation_key(), key=held.label, hashes=[digest], now_s=int(time.time()))
        body = {"texts": [change(text)], "activation": sad}
        _, said = house.call(house.investor, "POST", f"/credentials/{one.order}/sign", body)
        return int(said["error"]["code"])

    return make


def _revoked_token(one: Signing) -> int:
    one.program.form("oauth2/revoke", {"token": one.token, "client_id": one.program.client})
    return one.sign()


def _disabled_program(one: Signing) -> int:
    path = f"/authority/clients/{one.program.client}"
    assert one.house.call(one.house.operator, "DELETE", path, number=9_001)[0] == 204
    return one.sign()


def _no_factor(one: Signing) -> int:
    from allauth.mfa.models import Authenticator

    Authenticator.objects.filter(user=one.house.investor).delete()
    return one.authorize("123456")


def _passkey_of_other_hashes(one: Signing) -> int:
    """A challenge made for TWO, answered for ONE."""
    from django.core import signing as django_signing

    from yunhai.services.trust import factors

    kept = django_signing.dumps([one.house.investor.pk, "00" * 16, {"challenge": "x"}], salt=factors.SALT)
    answer = {"state": kept, "response": {}}
    return one.authorize(authData=[{"id": "passkey", "value": answer}])


def _passkey_state_forged(one: Signing) -> int:
    return one.authorize(authData=[{"id": "passkey", "value": {"state": "forged:by:me", "response": {}}}])


SERVICE: list[tuple[str, Callable[[Signing], int], int]] = [
    ("another document's hash", lambda one: one.sign(hashes=[b64(TWO)]), 7884),
    ("another hash beside the right one", lambda one: one.sign(hashes=[b64(ONE), b64(TWO)]), 7884),
    ("another credential of the same person", lambda one: one.sign(credentialID=one.order), 7883),
    ("another person's credential", lambda one: one.sign(credentialID=one.theirs), 7830),
    ("another person's token", lambda one: one.sign(token=one.their_token), 7830),
    ("the activation of another, for one's own key",
     lambda one: one.sign(token=one.their_token, credentialID=one.theirs), 7883),
    ("used already", _used, 7885),
    ("used already, by the process's own count", _used_elsewhere, 7885),
    ("expired", lambda one: one.sign(SAD=forged(one, now_s=int(time.time()) - 61)), 7882),
    ("of the future", lambda one: one.sign(SAD=forged(one, now_s=int(time.time()) + 60)), 7882),
    ("signed by a forger's key", lambda one: one.sign(SAD=forged(one, activations.new_pair()[0])), 7881),
    ("an activation nobody authorised", lambda one: one.sign(SAD=forged(one, number="ab" * 16)), 7841),
    ("without a signature", lambda one: one.sign(SAD=_unsigned(one)), 7880),
    ("the public key as a shared secret", lambda one: one.sign(SAD=_hs256(one)), 7880),
    ("its payload altered", lambda one: one.sign(SAD=one.sad.replace(".", ".A", 1)), 7881),
    ("an access token for an activation", lambda one: one.sign(SAD=one.token), 7880),
    ("no activation", lambda one: one.sign(SAD=""), 7880),
    ("an activation for an access token", lambda one: one.sign(token=one.sad), 7856),
    ("no token", lambda one: one.sign(token=""), 7856),
    ("a token revoked", _revoked_token, 7856),
    ("a program disabled", _disabled_program, 7856),
    ("RSA in ECDSA's place", lambda one: one.sign(signAlgo="1.2.840.113549.1.1.11"), 7836),
    ("ECDSA with SHA-384", lambda one: one.sign(signAlgo="1.2.840.10045.4.3.3"), 7836),
    ("SHA-1 in SHA-256's place", lambda one: one.sign(hashAlgorithmOID="1.3.14.3.2.26"), 7836),
    ("parameters of another algorithm", lambda one: one.sign(signAlgoParams="MA=="), 7836),
    ("a hash of SHA-384's length", lambda one: one.sign(hashes=[b64(bytes(48))]), 7835),
    ("the same hash twice", lambda one: one.sign(hashes=[b64(ONE), b64(ONE)]), 7835),
    ("no hash", lambda one: one.sign(hashes=[]), 7835),
    ("an answer for later", lambda one: one.sign(operationMode="A"), 7842),
    ("a wrong code", lambda one: one.authorize("000000"), 7833),
    ("the code of the first again", _code_again, 7834),
    ("fewer signatures than hashes", lambda one: one.authorize(numSignatures=2), 7835),
    ("no second factor at all", _no_factor, 7832),
    ("a passkey's challenge of other hashes", _passkey_of_other_hashes, 7840),
    ("a passkey's state forged", _passkey_state_forged, 7840),
    ("the certificate revoked", _certificate(status="revoked"), 7838),
    ("the certificate on hold", _certificate(status="held"), 7838),
    ("the certificate expired", _certificate(not_after=_past(days=-1)), 7838),
    ("the certificate not yet valid", _certificate(not_before=_past(days=1)), 7838),
    ("the credential disabled", _disabled, 7838),
    ("an order's quantity changed", _text(lambda text: text.replace("quantity=1000", "quantity=9000")), 7884),
    ("an order for another key", _text(lambda text: text.replace("\nkey=", "\nkey=9")), 7837),
    ("an order's text with another line", _text(lambda text: text + "extra=1\n"), 7837),
    ("an order's text with CR LF", _text(lambda text: text.replace("\n", "\r\n")), 7837),
]  # fmt: skip
_PREPARES = {"used already", "used already, by the process's own count", "a token revoked", "a program disabled",
             "no second factor at all", "the certificate revoked", "the certificate on hold", "the certificate expired",
             "the certificate not yet valid", "the credential disabled", "the code of the first again"}  # fmt: skip
"""Cases that change something on purpose before what is refused."""


@pytest.mark.parametrize(("what", "ask", "code"), SERVICE, ids=lambda one: one if isinstance(one, str) else "")
def test_at_the_service(signing_house: Signing, what: str, ask: Callable[[Signing], int], code: int) -> None:
    from django.core.cache import cache

    cache.clear()  # wrong factors of other cases
    # Given just now: it is good for a minute, and the cases together take longer.
    signing_house.sad = forged(signing_house)
    with transaction.atomic():
        before = _state()
        signing_house.house.fake.burned = activations.Burned(since=0)
        assert ask(signing_house) == code
        if what not in _PREPARES:
            assert _state() == before
        transaction.set_rollback(True)


# --- at the trust process ----------------------------------------------------------------------------------------------

PROCESS: list[tuple[str, dict[str, Any], int]] = [
    ("another key", {"key": "document-999"}, 7883),
    ("another hash", {"digests": [TWO]}, 7884),
    ("expired", {"age": 61}, 7882),
    ("a forger's", {"forger": True}, 7881),
    ("no activation", {"activation": "nothing"}, 7880),
]


@pytest.mark.parametrize(("what", "change", "code"), PROCESS, ids=lambda one: one if isinstance(one, str) else "")
def test_at_the_trust_process(signing_house: Signing, what: str, change: dict[str, Any], code: int) -> None:
    """Whatever the web would let through, the process checks again before a key is touched."""
    label = "document-1"
    private = activations.new_pair()[0] if change.get("forger") else signing._activation_key()
    sad = activations.made(private, key=label, hashes=[ONE], now_s=int(time.time()) - change.get("age", 0))
    with pytest.raises(YunhaiError) as refused:
        process.sign(
            label=change.get("key", label),
            digests=change.get("digests", [ONE]),
            activation=change.get("activation", sad),
        )
    assert refused.value.code == code


# --- in evidence -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(Path(tmp_path_factory.mktemp("evidence")) / "journal")


def test_evidence_as_it_was_made_holds(maker: Maker) -> None:
    assert evidence.verify(Whole.of(maker).written(), maker.authority.root).holds


@pytest.mark.full  # by default tests/trading/trust/test_evidence.py has its forgers
@pytest.mark.parametrize(("what", "change", "code"), EVIDENCE, ids=lambda one: one if isinstance(one, str) else "")
def test_in_evidence(maker: Maker, what: str, change: Callable[[Whole], None], code: int) -> None:
    whole = Whole.of(maker)
    change(whole)
    report = evidence.verify(whole.written(), maker.authority.root)
    assert not report.holds
    assert report.first_error is not None
    assert report.first_error.code == code


def test_there_are_at_least_sixty() -> None:
    assert len(GATE) + len(SERVICE) + len(PROCESS) + len(EVIDENCE) >= 60
    assert len({what for what, _, _ in [*GATE, *SERVICE, *EVIDENCE]}) == len(GATE) + len(SERVICE) + len(EVIDENCE)
