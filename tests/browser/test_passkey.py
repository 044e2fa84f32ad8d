"""A stranger's way in: sign up, confirm the address, add a passkey, sign out, sign in with nothing but the passkey."""

import re
import time
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import listened, reached, until

pytestmark = pytest.mark.full
PASSWORD = "a long password 123"


def confirm_link(cloud: Cloud, address: str) -> str:
    """The link in the mail that was written for the address."""

    def written() -> str | None:
        for file in sorted((cloud.home / "mail").glob("*.log")):
            text = file.read_text()
            link = re.search(r"http://localhost:\d+(/account/confirm-email/\S+)\s", text)
            if link and f"To: {address}" in text:
                return link.group(1)
        return None

    return str(until(written, f"a mail to {address}"))


def sent(page: Any, button: str = "main form button[type=submit]") -> None:
    """The form of a page, and the page that answers it."""
    reached(page, page.locator(button).first.click)


def test_a_passkey_is_a_second_factor_and_opens_alone(browser: Any, cloud: Cloud) -> None:
    address = f"passkey{time.time_ns()}@example.test"
    context = browser.new_context()
    page = context.new_page()
    wrongs = listened(page)
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{cloud.origin}/account/signup/")
    page.fill("#id_email", address)
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    sent(page)
    page.goto(cloud.origin + confirm_link(cloud, address))
    sent(page)
    page.goto(f"{cloud.origin}/account/login/")
    page.fill("#id_login", address)
    page.fill("#id_password", PASSWORD)
    sent(page)
    assert me(page)["mfa"] is False

    page.goto(f"{cloud.origin}/account/2fa/webauthn/add/")
    page.fill("#id_password", PASSWORD)
    sent(page)
    page.wait_for_selector("#mfa_webauthn_add")
    page.fill("#id_name", "測試裝置")
    page.check("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    assert (me(page)["mfa"], me(page)["may_trade"]) == (True, True)

    page.goto(f"{cloud.origin}/account/logout/")
    sent(page)
    assert me(page) is None
    page.goto(f"{cloud.origin}/account/login/")
    page.click("#passkey_login")
    page.wait_for_url(lambda url: "/account/login" not in url)
    assert me(page)["mfa"] is True
    assert [wrong for wrong in wrongs if "401" not in wrong and "404" not in wrong] == [], "no policy was broken"
    context.close()


def me(page: Any) -> Any:
    """What /api/v1/me says; None for nobody."""
    return page.evaluate("async () => { const a = await fetch('/api/v1/me'); return a.ok ? await a.json() : null; }")
