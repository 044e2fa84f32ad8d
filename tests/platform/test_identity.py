"""Who asks: sessions, tokens, keys, API clients and the demo's links; each refusal with its code, and nothing changed."""

import base64
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.platform.factories import BROKER, OTHER_BROKER, browser, person, place, tenant
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.caller import session_id
from yunhai.platform.identity.models import Person, Session
from yunhai.trading import facts
from yunhai.trading.tokens import Verifier


@pytest.fixture
def house(db: None, cloud_places: Any) -> None:
    """Two brokers; the token keys made."""
    from yunhai.apps.cloud.prepare import make_credentials

    make_credentials(cloud_places)
    tenant(BROKER)
    tenant(OTHER_BROKER)


def told(as_role: Any, kind: type[facts.Decided]) -> list[Any]:
    """The facts of a kind in the outbox, oldest first."""
    with as_role("reader"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, value::text FROM outbox_row WHERE number = %s ORDER BY id", [facts.NUMBERS[kind]]
        )
        import json

        return [facts.from_json(number, json.loads(value)) for number, value in cursor.fetchall()]


def code_of(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(key: ec.EllipticCurvePrivateKey, text: str) -> str:
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def post(client: Client, path: str, /, **body: Any) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


class TestTokens:
    def test_of_a_session(self, house: None) -> None:
        rep = place("sales")
        answer = post(browser(rep), "token")
        assert answer.status_code == 200
        claims = Verifier(settings.YUNHAI_TOKEN_PUBLIC.read_bytes()).claims(answer.json()["token"], now_s=time.time())
        assert (claims.person, claims.tenant, claims.role, claims.mfa) == (rep.pk, BROKER, "sales", True)
        assert claims.expires - claims.issued == 300
        assert claims.session not in browser(rep).session.session_key

    def test_without_a_second_factor_it_says_so(self, house: None) -> None:
        assert post(browser(place("investor", account=7), mfa=False), "token").json()["mfa"] is False

    def test_nobody_gets_none(self, house: None) -> None:
        answer = post(browser(), "token")
        assert (answer.status_code, code_of(answer)) == (401, 7001)

    def test_a_session_needs_the_csrf_token(self, house: None) -> None:
        answer = post(browser(place("sales"), enforce_csrf_checks=True), "token")
        assert (answer.status_code, code_of(answer)) == (403, 7005)

    @pytest.mark.parametrize("body", [{"tenant": OTHER_BROKER}, {"role": "operator"}, {"role": "operations"}])
    def test_not_for_a_place_one_has_not(self, house: None, body: dict[str, Any]) -> None:
        answer = post(browser(place("sales")), "token", **body)
        assert (answer.status_code, code_of(answer)) == (404, 7008)

    def test_opens_the_api_and_begets_no_token(self, house: None) -> None:
        text = post(browser(place("sales")), "token").json()["token"]
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
        answer = Client().get("/api/v1/me", **bearer)
        assert (answer.status_code, answer.json()["tenant"], answer.json()["roles"]) == (200, BROKER, ["sales"])
        again = Client().post("/api/v1/token", {}, content_type="application/json", **bearer)
        assert (again.status_code, code_of(again)) == (401, 7001)

    def test_altered_is_refused(self, house: None) -> None:
        text = post(browser(place("sales")), "token").json()["token"]
        head, body, signature = text.split(".")
        forged = f"{head}.{body}.{signature[:-4]}AAAA"
        answer = Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {forged}")
        assert (answer.status_code, code_of(answer)) == (401, 7004)

    def test_dies_with_its_session(self, house: None, as_role: Any) -> None:
        rep = place("sales")
        client = browser(rep)
        token = post(client, "token").json()["token"]
        client.post("/account/logout/")
        answer = Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert (answer.status_code, code_of(answer)) == (401, 7004)
        revoked = told(as_role, facts.SessionRevoked)[-1]
        assert (revoked.person, len(revoked.session)) == (rep.pk, 32)

    def test_sign_out_everywhere_ends_the_other_browser_too(self, house: None, as_role: Any) -> None:
        rep = place("sales")
        here, there = browser(rep), browser(rep)
        token = post(there, "token").json()["token"]
        assert post(here, "sign-out-everywhere").status_code == 204
        assert there.get("/api/v1/me").status_code == 401
        assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401
        assert told(as_role, facts.SessionRevoked)[-1].session == ""


class TestApiClients:
    def test_key_and_secret_give_a_token(self, house: None) -> None:
        rep = place("sales")
        made = post(browser(rep), "api-clients", name="robot").json()
        answer = post(Client(), "token", client=made["client"], secret=made["secret"])
        assert (answer.status_code, answer.json()["person"], answer.json()["role"]) == (200, rep.pk, "sales")
        assert answer.json()["expires_at"] > time.time()

    def test_wrong_secret_wrong_key_and_revoked_are_one_answer(self, house: None) -> None:
        client = browser(place("sales"))
        made = post(client, "api-clients", name="robot").json()
        answers = [
            post(Client(), "token", client=made["client"], secret="x" * 43),
            post(Client(), "token", client="0" * 24, secret=made["secret"]),
        ]
        client.delete(f"/api/v1/api-clients/{made['id']}")
        answers.append(post(Client(), "token", client=made["client"], secret=made["secret"]))
        assert [(answer.status_code, code_of(answer)) for answer in answers] == [(401, 7003)] * 3
        assert len({answer.content for answer in answers}) == 1

    def test_is_of_one_place_whatever_else_its_person_is(self, house: None) -> None:
        rep = place("sales")
        identity.grant(rep, BROKER, "operations")
        identity.grant(rep, OTHER_BROKER, "operations")
        made = post(browser(rep), "api-clients", name="robot", role="sales").json()
        proof = {"client": made["client"], "secret": made["secret"]}
        for more in ({"tenant": OTHER_BROKER}, {"tenant": OTHER_BROKER, "role": "operations"}, {"role": "operations"}):
            answer = post(Client(), "token", **proof, **more)
            assert (answer.status_code, code_of(answer)) == (404, 7008), more
        assert post(Client(), "token", **proof, tenant=BROKER, role="sales").status_code == 200

    def test_makes_no_client_of_another_role(self, house: None) -> None:
        from allauth.mfa.models import Authenticator

        rep = place("sales")
        identity.grant(rep, BROKER, "operations")
        Authenticator.objects.create(user=rep, type="totp", data={})
        made = post(browser(rep), "api-clients", name="robot", role="sales").json()
        token = post(Client(), "token", client=made["client"], secret=made["secret"]).json()["token"]
        program = Client(HTTP_AUTHORIZATION=f"Bearer {token}")
        answer = post(program, "api-clients", name="more", role="operations")
        assert (answer.status_code, code_of(answer)) == (404, 7008)
        assert post(program, "api-clients", name="more").json()["role"] == "sales"

    def test_needs_a_second_factor(self, house: None) -> None:
        answer = post(browser(place("sales"), mfa=False), "api-clients", name="robot")
        assert (answer.status_code, code_of(answer)) == (403, 7002)


class TestKeys:
    def test_a_proven_key_is_registered_and_told(self, house: None, as_role: Any) -> None:
        rep, key = place("sales"), ec.generate_private_key(ec.SECP256R1())
        client = browser(rep)
        challenge = post(client, "keys/challenge").json()["challenge"]
        answer = post(
            client,
            "keys",
            public=encoded(point_of(key)),
            challenge=challenge,
            proof=signed(key, challenge),
            name="phone",
        )
        assert answer.status_code == 201
        fact = told(as_role, facts.KeySet)[-1]
        assert (fact.key, fact.person, fact.public, fact.status) == (
            answer.json()["key"],
            rep.pk,
            point_of(key),
            "active",
        )
        assert client.delete(f"/api/v1/keys/{fact.key}").status_code == 204
        assert told(as_role, facts.KeySet)[-1].status == "revoked"
        assert client.get("/api/v1/keys").json()[0]["status"] == "revoked"

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("other key signed", 7106),
            ("other text signed", 7106),
            ("somebody else's challenge", 7105),
            ("not a challenge", 7105),
            ("not a point", 7107),
            ("another curve", 7107),
        ],
    )
    def test_refused(self, house: None, as_role: Any, fault: str, code: int) -> None:
        rep, key = place("sales"), ec.generate_private_key(ec.SECP256R1())
        client = browser(rep)
        text = post(client, "keys/challenge").json()["challenge"]
        body = {"public": encoded(point_of(key)), "challenge": text, "proof": signed(key, text)}
        match fault:
            case "other key signed":
                body["proof"] = signed(ec.generate_private_key(ec.SECP256R1()), text)
            case "other text signed":
                body["proof"] = signed(key, text + ".")
            case "somebody else's challenge":
                body["challenge"] = identity.challenge(place("sales"))
            case "not a challenge":
                body["challenge"] = "made up"
            case "not a point":
                body["public"] = encoded(b"\x04" + bytes(64))
            case "another curve":
                body["public"] = encoded(
                    ec.generate_private_key(ec.SECP384R1())
                    .public_key()
                    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                )
        answer = post(client, "keys", **body)
        assert code_of(answer) == code
        assert client.get("/api/v1/keys").json() == []
        assert told(as_role, facts.KeySet) == []

    def test_of_an_algorithm_that_nobody_here_knows(self, house: None, as_role: Any) -> None:
        client = browser(place("sales"))
        text = post(client, "keys/challenge").json()["challenge"]
        spki = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030163")  # P-256's with another last arc
        strange = b"\x30\x59" + spki + b"\x03\x42\x00\x04" + bytes(64)
        for raw in (strange, b"\x30\x10\x30\x0a\x06\x08*\x86H\x86\xf7\r\x07c\x03\x02\x00\x00"):
            answer = post(client, "keys", public=encoded(raw), challenge=text, proof=encoded(bytes(64)))
            assert (answer.status_code, code_of(answer)) == (422, 7107)
        assert told(as_role, facts.KeySet) == []

    @pytest.mark.parametrize(
        ("role", "asked", "kind"),
        [
            ("sales", "device", "clerk"),
            ("keyin", "device", "clerk"),
            ("operations", "device", "device"),
            ("investor", "device", "device"),
            ("investor", "clerk", "device"),
            ("investor", "api", "api"),
        ],
    )
    def test_a_clerks_key_is_a_clerks(self, house: None, as_role: Any, role: str, asked: str, kind: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        client = browser(place(role, account=7 if role == "investor" else 0))
        text = post(client, "keys/challenge").json()["challenge"]
        body = {"public": encoded(point_of(key)), "challenge": text, "proof": signed(key, text), "kind": asked}
        assert post(client, "keys", **body).json()["kind"] == kind
        assert [fact.kind for fact in told(as_role, facts.KeySet)] == [kind]

    def test_the_same_key_twice_and_anothers_key(self, house: None) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        for somebody, expected in ((place("sales"), 201), (place("sales"), 409)):
            client = browser(somebody)
            text = post(client, "keys/challenge").json()["challenge"]
            answer = post(client, "keys", public=encoded(point_of(key)), challenge=text, proof=signed(key, text))
            assert answer.status_code == expected
        assert client.get("/api/v1/keys").json() == []

    def test_needs_a_second_factor(self, house: None) -> None:
        answer = post(browser(place("investor", account=7), mfa=False), "keys/challenge")
        assert (answer.status_code, code_of(answer)) == (403, 7002)


class TestSessions:
    def test_a_session_says_who_and_where_in_its_row(self, house: None) -> None:
        rep = place("sales")
        client = browser(rep)
        row = Session.objects.get(session_key=client.session.session_key)
        assert (row.person, row.tenant, row.sid) == (rep.pk, 0, session_id(row.session_key))
        client.get("/api/v1/me")
        row.refresh_from_db()
        assert row.tenant == BROKER, "where one works without having chosen"
        identity.grant(rep, OTHER_BROKER, "operations")
        client.post("/account/tenant/", {"tenant": OTHER_BROKER})
        row.refresh_from_db()
        assert row.tenant == OTHER_BROKER
        identity.withdraw(rep, OTHER_BROKER, "operations")
        client.get("/api/v1/me")
        row.refresh_from_db()
        assert row.tenant == BROKER, "where one works no more is left"

    def test_what_has_ended_is_cleared_by_the_reader_every_hour(self, house: None, as_role: Any) -> None:
        from datetime import UTC, datetime, timedelta

        from procrastinate.contrib.django import app

        keep, drop = (browser(place("sales")).session.session_key for _ in range(2))
        Session.objects.filter(pk=drop).update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
        (task,) = [one for one in app.periodic_registry.periodic_tasks.values() if one.task.name == "clear_sessions"]
        assert task.cron == "17 * * * *"
        with as_role("reader"):
            assert task.task.func(0) == 1
            assert task.task.func(0) == 0
        assert [key for key in (keep, drop) if Session.objects.filter(pk=key).exists()] == [keep]


class TestPlaces:
    def test_the_core_learns_of_which_branches_a_clerk_is(self, house: None, as_role: Any) -> None:
        rep = place("sales")
        identity.grant(rep, BROKER, "sales", branches=("B001",))
        assert [fact.branches for fact in told(as_role, facts.GrantSet)] == [(), ("B001",)]

    def test_a_place_is_told_and_trade_follows_the_second_factor(self, house: None, as_role: Any) -> None:
        from allauth.mfa.models import Authenticator

        investor = place("investor", account=7)
        assert told(as_role, facts.GrantSet)[-1].trade is False
        Authenticator.objects.create(user=investor, type="recovery_codes", data={})
        assert len(told(as_role, facts.GrantSet)) == 1, "recovery codes are no second factor"
        made = Authenticator.objects.create(user=investor, type="totp", data={})
        assert told(as_role, facts.GrantSet)[-1].trade is True
        made.delete()
        assert [fact.trade for fact in told(as_role, facts.GrantSet)] == [False, True, False]

    @pytest.mark.parametrize("act", ["grant", "withdraw", "refresh"])
    def test_a_place_is_held_while_it_is_told(self, house: None, act: str) -> None:
        """Two who decide about one place at once are told one after the other: else the core could hear last of the
        place as it was before it was taken away."""
        rep = place("sales")
        with CaptureQueriesContext(connection) as queries:
            if act == "grant":
                identity.grant(rep, BROKER, "sales")
            elif act == "withdraw":
                identity.withdraw(rep, BROKER, "sales")
            else:
                identity.refresh_trade(rep)
        texts = [one["sql"] for one in queries.captured_queries]
        held = next(at for at, text in enumerate(texts) if "identity_membership" in text and "FOR UPDATE" in text)
        told_at = next(at for at, text in enumerate(texts) if text.startswith('INSERT INTO "outbox_row"'))
        assert held < told_at

    def test_withdrawn_is_gone_at_once(self, house: None, as_role: Any) -> None:
        rep = place("sales")
        client = browser(rep)
        assert client.get("/api/v1/me").json()["roles"] == ["sales"]
        identity.withdraw(rep, BROKER, "sales")
        assert client.get("/api/v1/me").json()["roles"] == []
        assert told(as_role, facts.GrantSet)[-1].allowed is False

    def test_one_works_in_one_tenant_at_a_time(self, house: None) -> None:
        rep = place("sales")
        identity.grant(rep, OTHER_BROKER, "operations")
        client = browser(rep)
        assert client.get("/api/v1/me").json()["roles"] == ["sales"]
        client.post("/account/tenant/", {"tenant": OTHER_BROKER, "next": "https://elsewhere.test/"})
        me = client.get("/api/v1/me").json()
        assert (me["tenant"], me["roles"]) == (OTHER_BROKER, ["operations"])

    def test_anothers_tenant_cannot_be_chosen(self, house: None) -> None:
        client = browser(place("sales"))
        assert client.post("/account/tenant/", {"tenant": OTHER_BROKER}).status_code == 404
        assert client.get("/api/v1/me").json()["tenant"] == BROKER


class TestDemoLinks:
    @pytest.fixture
    def link(self, house: None, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(settings, "YUNHAI_DEMO", True)
        return identity.demo_link(place("investor", account=7, demo=True, password=None), to="/pocket/")

    def test_signs_in_once(self, link: str) -> None:
        client = Client(HTTP_HOST="localhost:8600")
        answer = client.get(link)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/pocket/")
        me = client.get("/api/v1/me").json()
        assert (me["demo"], me["mfa"], me["may_trade"]) == (True, True, True)
        assert "data-demo" in client.get("/timeline/").content.decode(), "pages say that this is a demo's session"
        again = Client(HTTP_HOST="localhost:8600")
        assert again.get(link).status_code == 404
        assert again.get("/api/v1/me").status_code == 401

    @pytest.mark.parametrize(
        "where",
        [
            {"HTTP_HOST": "yunhai.example"},
            {"HTTP_HOST": "localhost:8600", "HTTP_X_FORWARDED_FOR": "203.0.113.7"},
            {"HTTP_HOST": "localhost:8600", "REMOTE_ADDR": "203.0.113.7"},
        ],
    )
    def test_only_from_this_machine(self, link: str, where: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
        assert Client(**where).get(link).status_code == 404
        assert Client(HTTP_HOST="localhost:8600").get(link).status_code == 302, "and the link was not used up"

    def test_not_without_the_demo(self, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "YUNHAI_DEMO", False)
        assert Client(HTTP_HOST="localhost:8600").get(link).status_code == 404

    def test_expires(self, link: str) -> None:
        from datetime import timedelta

        from yunhai.platform.identity.models import DemoLink

        one = DemoLink.objects.get()
        one.until -= timedelta(minutes=61)
        one.save()
        assert Client(HTTP_HOST="localhost:8600").get(link).status_code == 404

    def test_not_for_real_people(self, house: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "YUNHAI_DEMO", True)
        with pytest.raises(ValueError, match="demo's people"):
            identity.demo_link(person())


def test_a_demo_session_is_worth_nothing_once_the_demo_is_off(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "YUNHAI_DEMO", True)
    client = Client(HTTP_HOST="localhost:8600")
    client.get(identity.demo_link(place("sales", demo=True)))
    assert client.get("/api/v1/me").json()["mfa"] is True
    monkeypatch.setattr(settings, "YUNHAI_DEMO", False)
    assert client.get("/api/v1/me").json()["mfa"] is False


def test_a_link_needs_a_token_that_is_right(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "YUNHAI_DEMO", True)
    with pytest.raises(YunhaiError) as refused:
        identity.use_demo_link("x" * 32)
    assert refused.value.code == 7007


def test_people_are_not_made_twice(house: None) -> None:
    from django.db import IntegrityError, transaction

    first = person()
    with pytest.raises(IntegrityError), transaction.atomic():
        identity.make_person(first.email.upper())
    assert Person.objects.filter(email=first.email).count() == 1
