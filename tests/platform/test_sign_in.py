"""Signing in through the pages as people do: password, second factor, too many tries, forged requests; and the headers."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.db import transaction
from django.test import Client

from tests.platform.factories import BROKER, browser, person, place, tenant
from tests.platform.test_identity import post, told
from yunhai.platform.shell.headers import policy
from yunhai.platform.tenancy import rls
from yunhai.trading import facts

PASSWORD = "a long password 123"


@pytest.fixture
def house(db: None, cloud_places: Any) -> None:
    from yunhai.apps.cloud.prepare import make_credentials

    make_credentials(cloud_places)
    tenant(BROKER)


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": email, "password": password})


def code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


class TestSecondFactor:
    def test_a_password_alone_opens_a_session_that_cannot_trade(self, house: None) -> None:
        investor, client = place("investor", account=7), Client()
        assert sign_in(client, investor.email).status_code == 302
        assert post(client, "token").json()["mfa"] is False
        me = client.get("/api/v1/me").json()
        assert (me["mfa"], me["second_factor"], me["may_trade"]) == (False, False, False)
        assert post(client, "keys/challenge").json()["error"]["code"] == 7002

    def test_with_an_authenticator_the_password_alone_opens_nothing(self, house: None) -> None:
        investor, secret = place("investor", account=7), generate_totp_secret()
        TOTP.activate(investor, secret)
        client = Client()
        answer = sign_in(client, investor.email)
        assert answer.headers["Location"].startswith("/account/2fa/authenticate/")
        assert client.get("/api/v1/me").status_code == 401
        wrong = client.post("/account/2fa/authenticate/", {"code": "000000"})
        assert (wrong.status_code, client.get("/api/v1/me").status_code) == (200, 401)
        client.post("/account/2fa/authenticate/", {"code": code(secret)})
        me = client.get("/api/v1/me").json()
        assert (me["mfa"], me["may_trade"]) == (True, True)
        assert post(client, "token").json()["mfa"] is True

    def test_the_secret_is_not_in_the_database(self, house: None) -> None:
        secret = generate_totp_secret()
        kept = TOTP.activate(person(), secret).instance
        assert secret not in str(kept.data)

    def test_setting_one_up_on_the_page_lets_this_session_trade_and_tells_the_core(
        self, committed_db: Any, cloud_places: Any, as_role: Any
    ) -> None:
        from yunhai.apps.cloud.prepare import make_credentials

        make_credentials(cloud_places)
        with transaction.atomic():
            tenant(BROKER)
            investor = place("investor", account=7)
        client = Client()
        sign_in(client, investor.email)
        first = client.get("/account/2fa/totp/activate/")
        assert first.headers["Location"].startswith("/account/reauthenticate/"), "the password is asked for again"
        client.post("/account/reauthenticate/", {"password": PASSWORD})
        assert client.get("/account/2fa/totp/activate/").status_code == 200
        secret = client.session["mfa.totp.secret"]
        answer = client.post("/account/2fa/totp/activate/", {"code": code(secret)})
        assert answer.status_code == 302
        assert told(as_role, facts.GrantSet)[-1].trade is True
        assert client.get("/api/v1/me").json()["mfa"] is True


class TestTries:
    def test_too_many_wrong_passwords_are_held_up_and_the_right_one_too(self, house: None) -> None:
        somebody = person()
        statuses = [sign_in(Client(), somebody.email, "wrong").status_code for _ in range(6)]
        assert statuses[0] == 200
        client = Client()
        sign_in(client, somebody.email)
        assert client.get("/api/v1/me").status_code == 401

    def test_nobody_learns_who_has_an_account(self, house: None) -> None:
        texts = [
            re.sub(r'(nonce|value|token)="[^"]*"', "", sign_in(Client(), email, "wrong").content.decode())
            for email in (person().email, "nobody@example.test")
        ]
        assert texts[0].replace(person().email, "") != ""
        wrong = [re.findall(r'role="alert".*?</', text, re.DOTALL) for text in texts]
        assert wrong[0] == wrong[1]

    def test_somebody_switched_off_cannot_sign_in(self, house: None) -> None:
        somebody = place("sales")
        client = browser(somebody)
        assert client.get("/api/v1/me").status_code == 200
        somebody.is_active = False
        somebody.save()
        assert client.get("/api/v1/me").status_code == 401
        fresh = Client()
        sign_in(fresh, somebody.email)
        assert fresh.get("/api/v1/me").status_code == 401


class TestSignUp:
    def test_an_address_must_be_shown_to_be_ones_own(self, house: None) -> None:
        client = Client()
        answer = client.post(
            "/account/signup/", {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
        )
        assert answer.status_code == 302
        assert client.get("/api/v1/me").status_code == 401
        assert "\n-- \n" in mail.outbox[-1].body  # a signature, as mail programs know one
        link = re.search(r"http://testserver(/account/confirm-email/\S+)", mail.outbox[-1].body)
        assert link is not None
        client.post(link.group(1))
        sign_in(client, "new@example.test")
        me = client.get("/api/v1/me").json()
        assert (me["tenant"], me["roles"], me["accounts"]) == (0, [], [])

    def test_whoever_has_no_place_sees_no_tenant(self, house: None) -> None:
        client = browser(person())
        assert client.get("/pocket/").status_code == 404
        assert client.get("/console/").status_code == 404


class TestHeaders:
    def test_pages_allow_nothing_inline_and_nothing_foreign(self, house: None) -> None:
        answer = Client().get("/account/login/")
        said = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in said
        assert "default-src 'none'" in said
        assert "frame-ancestors 'none'" in said
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Strict-Transport-Security" not in answer.headers

    def test_every_answer_has_its_own_nonce(self, house: None) -> None:
        nonces = {
            re.search(r"nonce-([\w-]+)", Client().get("/account/login/").headers["Content-Security-Policy"])[1]
            for _ in range(3)
        }  # type: ignore[index]
        assert len(nonces) == 3

    def test_what_is_somebodys_is_not_kept_by_anybody(self, house: None) -> None:
        assert browser(place("sales")).get("/api/v1/me").headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("origin", "socket"),
        [("http://localhost:8600", "ws://localhost:8600"), ("https://y.example", "wss://y.example")],
    )
    def test_sockets_of_our_own_origin_are_named(self, origin: str, socket: str) -> None:
        assert f"connect-src 'self' {socket};" in policy("n", origin)

    def test_cookies_are_out_of_scripts_reach(self, house: None) -> None:
        client = Client()
        sign_in(client, place("sales").email)
        session = client.cookies["yunhai_session"]
        assert (session["httponly"], session["samesite"]) == (True, "Lax")

    @pytest.mark.parametrize("path", ["/account/tenant/", "/account/sign-out-everywhere/", "/account/logout/"])
    def test_pages_that_change_take_no_forged_request(self, house: None, path: str) -> None:
        client = browser(place("sales"), enforce_csrf_checks=True)
        assert client.post(path, {"tenant": BROKER}).status_code == 403
        assert client.get("/api/v1/me").status_code == 200


def test_a_view_that_raises_leaves_nothing_behind(house: None) -> None:
    """A refusal half way: what was written before it is gone, the request's own transaction goes on."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    from yunhai.kernel.errors import YunhaiError
    from yunhai.platform.shell.middleware import CallerMiddleware
    from yunhai.platform.tenancy.models import Tenant

    def view(request: Any) -> HttpResponse:
        from django.db import transaction

        try:
            with transaction.atomic():
                Tenant.objects.filter(pk=BROKER).update(name_zh="改了")
                raise YunhaiError(7101)
        except YunhaiError as problem:
            answer = middleware.process_exception(request, problem)
            assert answer is not None
            return answer

    middleware = CallerMiddleware(view)
    request = RequestFactory().get("/somewhere")
    request.user, request.session = person(), Client().session  # type: ignore[assignment]
    rls.tell(tenant=None, person=None)
    assert middleware(request).status_code == 404
    assert Tenant.objects.get(pk=BROKER).name_zh != "改了"
