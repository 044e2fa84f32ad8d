"""Issuing, lists, status and time, each read by openssl, who knows nothing of us."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from asn1crypto import ocsp, tsp, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.apps.trust.scene import OpenSsl, Scene, digest, needs_softhsm, new_key, spki
from yunhai.apps.trust.tsa import Refusal
from yunhai.apps.trust.words import IssueAsked, SignAsked, StatusAsked
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.signatures import der_of, point_of
from yunhai.trading.trust import activations, stamps
from yunhai.trading.trust.profiles import (
    CHECKPOINT_POLICY,
    PROFILES,
    TSA_POLICY,
    Profile,
    info_of_point,
    profile_of,
)

pytestmark = needs_softhsm


def refused(scene: Scene, **asked: object) -> int:
    said = {"profile": "investor", "subject": "YH-1", "spki": spki(new_key()), **asked}
    with pytest.raises(YunhaiError) as problem:
        scene.do(scene.keeper.issue(IssueAsked(**said)))  # type: ignore[arg-type]
    return problem.value.code


# --- certificates ---


@pytest.mark.parametrize("profile", [one for one in Profile if one not in ("ocsp", "tsa", "checkpoint", "server")])
def test_every_profile_is_issued_as_its_row_says_and_openssl_accepts_it(
    scene: Scene, openssl: OpenSsl, profile: Profile
) -> None:
    row = PROFILES[profile]
    said = scene.issue(profile)
    leaf = x509.Certificate.load(said.certificate)
    assert profile_of(said.certificate) == profile
    assert leaf.key_usage_value is not None
    assert leaf.key_usage_value.native == row.usage
    assert [one.dotted for one in leaf.extended_key_usage_value] == list(row.extended)
    assert leaf.subject.native == {"country_name": "TW", "common_name": "YH-TEST-0001"}
    assert said.not_after - said.not_before == (row.days * 86_400 + 300) * 1_000
    assert leaf.serial_number.bit_length() == 159
    scene.do(scene.keeper.maintain_once())
    made = scene.keeper.lists.made
    assert made is not None
    openssl.pem("leaf.pem", said.certificate)
    openssl.keep("ca.crl", made.content)
    openssl("crl", "-inform", "DER", "-in", "ca.crl", "-out", "crl.pem")
    chain = ("-CAfile", "root.pem", "-untrusted", "ca.pem")
    openssl("verify", "-x509_strict", "-policy_check", *chain, "-CRLfile", "crl.pem", "-crl_check", "leaf.pem")
    openssl("verify", *chain[:2], "leaf.pem", right=False)


def test_what_is_no_request_issues_nothing(scene: Scene) -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    p384 = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    off = info_of_point(b"\x04" + bytes(63) + b"\x01")
    before = scene.counts()
    assert refused(scene, profile="ocsp") == 6801
    assert refused(scene, profile="tsa") == 6801
    assert refused(scene, profile="checkpoint") == 6801
    assert refused(scene, profile="server") == 6801
    assert refused(scene, profile="root") == 6801
    assert refused(scene, subject="") == 6802
    assert refused(scene, subject="a" * 65) == 6802
    assert refused(scene, subject="a\nb") == 6802
    assert refused(scene, serial_number="台") == 6802
    assert refused(scene, spki=b"") == 6803
    assert refused(scene, spki=p384) == 6803
    assert refused(scene, spki=off) == 6803
    assert refused(scene, spki=spki(new_key()) + b"\0") == 6803
    assert refused(scene, days=1_096) == 6804
    assert refused(scene, days=-1) == 6804
    assert scene.counts() == before


def test_the_issuing_key_stays_in_the_token(scene: Scene) -> None:
    assert scene.do(scene.hsm.sealed("ca")) is True
    label = scene.do(scene.keeper.make_key("cloud")).key
    assert scene.do(scene.hsm.sealed(label)) is True
    for path in scene.at.folder.rglob("*"):
        if path.is_file() and path.name != "server.key":  # a TLS server's own, as documented
            assert b"PRIVATE KEY" not in path.read_bytes(), path


# --- the list and the status ---


def asked_of(openssl: OpenSsl, *more: str) -> bytes:
    openssl("ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", *more, "-reqout", "q.der")
    return openssl.read("q.der")


def verified(openssl: OpenSsl, response: bytes) -> str:
    """What openssl reads in a response, its signature and the responder's delegation found right."""
    openssl.keep("r.der", response)
    openssl("ocsp", "-reqin", "q.der", "-respin", "r.der", "-CAfile", "root.pem", "-verify_other", "ca.pem")
    return openssl(
        *("ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-no_nonce", "-respin", "r.der"),
        *("-CAfile", "root.pem", "-verify_other", "ca.pem"),
    )


@pytest.mark.parametrize("more", [(), ("-no_nonce",), ("-sha256",)])
def test_openssl_reads_good_then_revoked(scene: Scene, openssl: OpenSsl, more: tuple[str, ...]) -> None:
    said = scene.issue()
    openssl.pem("leaf.pem", said.certificate)
    order = ("-sha256", "-issuer", "ca.pem", "-cert", "leaf.pem", "-reqout", "q.der")
    if "-sha256" in more:
        openssl("ocsp", *order)
        request = openssl.read("q.der")
    else:
        request = asked_of(openssl, *more)
    answer = scene.do(scene.keeper.responder.answer(request))
    nonces = ocsp.OCSPResponse.load(answer.content).basic_ocsp_response["tbs_response_data"]["response_extensions"]
    assert len(nonces) == (0 if "-no_nonce" in more else 1)
    if "-sha256" not in more:
        assert "leaf.pem: good" in verified(openssl, answer.content)
    told = StatusAsked(serial=said.serial.hex(), status="revoked", reason=1)
    listed = scene.do(scene.keeper.tell([told], new=False))
    assert (listed.changed, listed.behind) == (1, False)
    revoked = scene.do(scene.keeper.responder.answer(request))
    if "-sha256" not in more:
        read = verified(openssl, revoked.content)
        assert "leaf.pem: revoked" in read
        assert "Reason: keyCompromise" in read
    made = scene.keeper.lists.made
    assert made is not None
    assert made.number == listed.crl
    openssl.keep("ca.crl", made.content)
    openssl("crl", "-inform", "DER", "-in", "ca.crl", "-out", "crl.pem")
    chain = ("-CAfile", "root.pem", "-untrusted", "ca.pem")
    wrong = openssl("verify", *chain, "-CRLfile", "crl.pem", "-crl_check", "leaf.pem", right=False)
    assert "certificate revoked" in wrong


def test_held_can_be_valid_again_and_revoked_can_not(scene: Scene) -> None:
    serial = scene.issue().serial.hex()

    def tell(status: str, reason: int = 0, *, new: bool = False) -> int:
        told = StatusAsked(serial=serial, status=status, reason=reason)
        return scene.do(scene.keeper.tell([told], new=new)).changed

    assert tell("held") == 1
    assert tell("held") == 0
    assert tell("valid") == 1
    assert tell("revoked", 4) == 1
    with pytest.raises(YunhaiError) as problem:
        tell("valid")
    assert problem.value.code == 6811
    assert tell("valid", new=True) == 0  # told with all others: passed over
    assert tell("held", new=True) == 0


def test_a_status_of_nothing_known_is_refused_or_kept_when_all_are_told(scene: Scene) -> None:
    serial = "5a" * 20
    told = StatusAsked(serial=serial, status="revoked", reason=1, at=1_700_000_000_000, not_after=4_000_000_000_000)
    for wrong, code in (
        (told, 6805),
        (StatusAsked(serial="zz", status="revoked"), 6811),
        (StatusAsked(serial=serial, status="gone"), 6811),
        (StatusAsked(serial=serial, status="revoked", reason=7), 6811),
    ):
        with pytest.raises(YunhaiError) as problem:
            scene.do(scene.keeper.tell([wrong], new=False))
        assert problem.value.code == code
    assert scene.do(scene.keeper.tell([told], new=True)).changed == 1
    assert scene.do(scene.keeper.tell([told], new=True)).changed == 0


def test_a_certificate_that_was_not_issued_here_is_unknown(scene: Scene, openssl: OpenSsl) -> None:
    openssl.pem("leaf.pem", scene.issue().certificate)
    request = ocsp.OCSPRequest.load(asked_of(openssl, "-no_nonce"))
    inner = request["tbs_request"]["request_list"][0]["req_cert"]
    inner["serial_number"] = 12_345
    answer = scene.do(scene.keeper.responder.answer(request.dump(force=True)))
    found = ocsp.OCSPResponse.load(answer.content).basic_ocsp_response["tbs_response_data"]["responses"][0]
    assert found["cert_status"].name == "unknown"


@pytest.mark.parametrize("request_", [b"", b"\x30\x00", b"x" * 20_000, bytes.fromhex("3003020101")])
def test_what_is_no_status_request_is_answered_so(scene: Scene, request_: bytes) -> None:
    answer = scene.do(scene.keeper.responder.answer(request_))
    assert ocsp.OCSPResponse.load(answer.content)["response_status"].native == "malformed_request"


def test_the_responders_certificate_is_renewed_before_its_end(own_scene: Scene) -> None:
    scene = own_scene
    first = scene.do(scene.authority.own(Profile.OCSP))
    scene.clock.ahead = timedelta(days=59)
    assert scene.do(scene.authority.own(Profile.OCSP)) == first
    scene.clock.ahead = timedelta(days=61)
    second = scene.do(scene.authority.own(Profile.OCSP))
    assert second.label != first.label
    assert second.not_after > first.not_after
    assert x509.Certificate.load(second.certificate).ocsp_no_check_value is not None
    stamps = scene.do(scene.authority.own(Profile.TSA))
    scene.clock.ahead = timedelta(days=61 + 699)
    assert scene.do(scene.authority.own(Profile.TSA)) == stamps
    scene.clock.ahead = timedelta(days=800)
    assert scene.do(scene.authority.own(Profile.TSA)).label != stamps.label


def test_the_tls_servers_certificate_is_made_and_renewed(own_scene: Scene) -> None:
    scene = own_scene
    hosts = ("yunhai.example", "127.0.0.1")
    assert scene.do(scene.authority.serve_tls(hosts)) is True
    assert scene.do(scene.authority.serve_tls(hosts)) is False
    assert scene.at.server_key.stat().st_mode & 0o777 == 0o600
    assert scene.do(scene.authority.serve_tls(("other.example",))) is True
    scene.clock.ahead = timedelta(days=61)
    assert scene.do(scene.authority.serve_tls(("other.example",))) is True


# --- time ---


@pytest.mark.parametrize("algorithm", ["-sha256", "-sha384", "-sha512"])
def test_openssl_verifies_a_time_stamp(scene: Scene, openssl: OpenSsl, algorithm: str) -> None:
    openssl.keep("text", b"an order")
    openssl("ts", "-query", "-data", "text", algorithm, "-cert", "-out", "q.tsq")
    openssl.keep("r.tsr", scene.do(scene.keeper.stamper.answer(openssl.read("q.tsq"))))
    chain = ("-CAfile", "root.pem", "-untrusted", "ca.pem")
    openssl("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", *chain)
    openssl("ts", "-verify", "-data", "text", "-in", "r.tsr", *chain)
    openssl.keep("text", b"another order")
    openssl("ts", "-verify", "-data", "text", "-in", "r.tsr", *chain, right=False)


def test_a_time_stamps_serial_is_never_given_twice(scene: Scene) -> None:
    query = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest(b"x")},
        }
    ).dump()
    found = set()
    for _ in range(50):
        token = tsp.TimeStampResp.load(scene.do(scene.keeper.stamper.answer(query)))["time_stamp_token"]
        signed = token["content"]
        assert len(signed["certificates"]) == 0  # none was asked for
        found.add(signed["encap_content_info"]["content"].parsed["serial_number"].native)
    assert len(found) == 50


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}}, "bad_alg"),
        (
            {"message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(31)}},
            "bad_data_format",
        ),
        ({"req_policy": "1.2.3"}, "unaccepted_policy"),
        (
            {"extensions": [{"extn_id": "2.5.29.15", "critical": True, "extn_value": b"\x05\x00"}]},
            "unaccepted_extensions",
        ),
    ],
)
def test_a_time_stamp_request_that_is_refused_says_why(scene: Scene, change: dict[str, object], failure: str) -> None:
    content: dict[str, object] = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest(b"x")},
        **change,
    }
    found = Refusal.load(scene.do(scene.keeper.stamper.answer(tsp.TimeStampReq(content).dump())), strict=True)
    assert found["status"]["status"].native == "rejection"
    assert found["status"]["fail_info"].native == {failure}


def test_what_is_no_time_stamp_request_is_refused(scene: Scene) -> None:
    for request in (b"", b"\x30\x00", b"x" * 20_000):
        found = Refusal.load(scene.do(scene.keeper.stamper.answer(request)), strict=True)
        assert found["status"]["fail_info"].native == {"bad_data_format"}


@pytest.mark.parametrize(
    ("inside", "named", "granted"),
    [
        (False, "", True),
        (False, TSA_POLICY, True),
        (False, CHECKPOINT_POLICY, False),
        (True, "", True),
        (True, CHECKPOINT_POLICY, True),
        (True, TSA_POLICY, False),
    ],
)
def test_checkpoints_are_stamped_inside_alone_by_a_key_and_policy_of_their_own(
    scene: Scene, openssl: OpenSsl, inside: bool, named: str, granted: bool
) -> None:
    authority = scene.keeper.checkpoints if inside else scene.keeper.stamper
    openssl.keep("text", b"a statement")
    answer = scene.do(authority.answer(stamps.request(digest(b"a statement"), nonce=7, policy=named)))
    if not granted:
        found = Refusal.load(answer, strict=True)
        assert found["status"]["fail_info"].native == {"unaccepted_policy"}
        return
    openssl.keep("r.tsr", answer)
    openssl("ts", "-verify", "-data", "text", "-in", "r.tsr", "-CAfile", "root.pem", "-untrusted", "ca.pem")
    found = stamps.checked(stamps.token_of(answer), digest(b"a statement"), nonce=7)
    assert found.policy == (CHECKPOINT_POLICY if inside else TSA_POLICY)
    assert profile_of(found.certificate) == (Profile.CHECKPOINT if inside else Profile.TSA)


def test_the_way_to_a_checkpoints_stamp_is_not_there_outside(scene: Scene) -> None:
    import httpx

    from yunhai.apps.trust.app import inner_application, public_application

    async def asked(application: object, path: str) -> int:
        transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.post(path, content=stamps.request(digest(b"x")))).status_code

    assert scene.do(asked(inner_application(scene.keeper), "/checkpoint")) == 200
    for path in ("/checkpoint", "/pki/checkpoint", "/pki/tsa/checkpoint"):
        assert scene.do(asked(public_application(scene.keeper), path)) == 404


def test_no_activation_signs_by_the_process_s_own_keys(scene: Scene) -> None:
    for profile in (Profile.CHECKPOINT, Profile.TSA, Profile.OCSP):
        own = scene.do(scene.authority.own(profile))
        leave = activation_of(scene, own.label, digest(b"x"))
        with pytest.raises(YunhaiError) as problem:
            scene.do(scene.keeper.sign(SignAsked(key=own.label, activation=leave, hash=digest(b"x"))))
        assert problem.value.code == 6808


# --- signing with people's keys ---


def activation_of(scene: Scene, key: str, *hashes: bytes, ago: int = -2) -> str:
    """Of two seconds ahead, so that it is younger than the process that checks it."""
    now = int(scene.clock().timestamp()) - ago
    return activations.made(scene.activation_key, key=key, hashes=hashes, now_s=now)


def test_a_hash_is_signed_once_for_its_activation(scene: Scene) -> None:
    key = scene.do(scene.keeper.make_key("cloud"))
    first, second, third = digest(b"1"), digest(b"2"), digest(b"3")
    leave = activation_of(scene, key.key, first, second)

    def sign(*hashes: bytes, by: str = key.key, activation: str = leave) -> bytes | int:
        asked = SignAsked(key=by, activation=activation, hashes=hashes)
        try:
            return scene.do(scene.keeper.sign(asked)).signature
        except YunhaiError as problem:
            return problem.code

    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    before = scene.hsm.counts.signatures
    other = scene.do(scene.keeper.make_key("cloud")).key
    assert sign(third) == 7884
    assert sign(first, by=other) == 7883
    assert sign(first, activation=leave[:-3] + "AAA") == 7881
    assert sign(first, activation="x.y.z") == 7880
    assert sign(first, activation=activation_of(scene, key.key, first, ago=61)) == 7882
    assert sign(first, by="ca", activation=activation_of(scene, "ca", first)) == 6808
    assert sign(b"short") == 6809
    assert sign() == 6809
    assert scene.hsm.counts.signatures == before  # nothing was signed of all that
    raw = sign(first)
    assert isinstance(raw, bytes)
    der = der_of(raw)
    assert der is not None
    public = load_der_public_key(key.spki)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(der, first, ec.ECDSA(Prehashed(SHA256())))
    assert sign(first) == 7885
    assert sign(first, second) == 7885  # and the second is not burnt by that
    assert isinstance(sign(second), bytes)
    assert scene.hsm.counts.signatures == before + 2


def test_an_activation_older_than_the_process_is_refused(scene: Scene) -> None:
    key = scene.do(scene.keeper.make_key("document")).key
    asked = SignAsked(key=key, activation=activation_of(scene, key, digest(b"1"), ago=30), hash=digest(b"1"))
    fresh = scene.do(_again(scene))
    with pytest.raises(YunhaiError) as problem:
        scene.do(fresh.sign(asked))
    assert problem.value.code == 7885


async def _again(scene: Scene):  # type: ignore[no-untyped-def]
    """The keeper of a process that has just begun."""
    return await scene._keeper()


def test_get_by_address_is_the_same_request(scene: Scene, openssl: OpenSsl) -> None:
    from yunhai.apps.trust.app import public_application

    openssl.pem("leaf.pem", scene.issue().certificate)
    request = asked_of(openssl, "-no_nonce")

    async def got() -> tuple[int, bytes, str]:
        import httpx

        transport = httpx.ASGITransport(app=public_application(scene.keeper))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.get(f"/pki/ocsp/{quote(base64.b64encode(request), safe='')}")
            return answer.status_code, answer.content, answer.headers["content-type"]

    status, content, kind = scene.do(got())
    assert (status, kind) == (200, "application/ocsp-response")
    assert "leaf.pem: good" in verified(openssl, content)


def test_points_and_infos_are_two_ways_to_write_one_key() -> None:
    key = new_key()
    assert info_of_point(point_of(key)) == spki(key)


def test_one_address_outside_may_not_ask_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks on the socket itself is of the house, and is not counted."""
    import httpx

    from yunhai.apps.trust import app
    from yunhai.apps.trust.app import STAMPS, public_application
    from yunhai.trading.rates import Quota

    monkeypatch.setattr(app, "STAMPS", Quota(STAMPS.scope, STAMPS.limit, 3_600.0))  # however long it takes to ask

    async def asked(count: int, **headers: str) -> list[int]:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
            return [(await client.post("/pki/tsa", content=b"none")).status_code for _ in range(count)]

    application = public_application(scene.keeper)
    found = scene.do(asked(STAMPS.limit + 20, **{"x-forwarded-for": "192.0.2.1"}))
    assert found[: STAMPS.limit] == [200] * STAMPS.limit
    assert found[-1] == 429
    assert scene.do(asked(1, **{"x-forwarded-for": "192.0.2.2"})) == [200]
    assert set(scene.do(asked(STAMPS.limit + 20))) == {200}


SAME_HOUSE = [
    ("192.0.2.1", "::ffff:192.0.2.1"),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
    ("fe80::1%eth0", "fe80::2"),
]
OTHERS = [("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::1", "0.0.0.1"), ("a", "b")]


@pytest.mark.parametrize(
    ("first", "second", "same"), [(*row, True) for row in SAME_HOUSE] + [(*row, False) for row in OTHERS]
)
def test_addresses_that_one_may_change_within_are_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, first: str, second: str, same: bool
) -> None:
    from yunhai.apps.trust import app
    from yunhai.trading.rates import Quota

    monkeypatch.setattr(app, "STAMPS", Quota("address:stamps", 2, 3_600.0))
    application = app.public_application(scene.keeper)
    assert scene.do(_stamps(application, first, first, first, second)) == [200, 200, 429, 429 if same else 200]


def test_a_crowd_of_addresses_is_counted_together(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The eleventh is refused, whoever it is; the house goes on."""
    from yunhai.apps.trust import app
    from yunhai.trading.rates import Quota

    monkeypatch.setattr(app, "STAMPS_OF_ALL", Quota("everybody:stamps", 10, 3_600.0))
    application = app.public_application(scene.keeper)
    crowd = [f"2001:db8:{at:x}::1" for at in range(12)]
    assert scene.do(_stamps(application, *crowd)) == [200] * 10 + [429] * 2
    assert scene.do(_stamps(application, "", "")) == [200, 200]


async def _stamps(application: Any, *addresses: str) -> list[int]:
    """What each address gets for its request."""
    import httpx

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        found = []
        for one in addresses:
            headers = {"x-forwarded-for": one} if one else {}
            found.append((await client.post("/pki/tsa", content=b"none", headers=headers)).status_code)
        return found
