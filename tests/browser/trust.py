"""What the browser tests of trust share: a cloud with a CA, pages of its people, the investor's registration and second factors.

The cloud's CA is made in a ceremony with a software HSM; without SoftHSM2 these tests are skipped and say so.
"""

import base64
import hmac
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.cloud import UP_S, Cloud
from tests.browser.fixtures import keep
from tests.browser.test_desk import signed_in

STEP_S = 30
TYPED_S = 6
"""A code is not asked for so late in its step that it could be over when the server reads it."""
_SPENT: set[int] = set()
"""Steps of the authenticator's clock whose code was given: each counts once."""


@pytest.fixture(scope="module")
def trusted(cloud: Cloud) -> Cloud:
    """The cloud with a CA. One that is held now counts at once: the process reads it from the home."""
    from yunhai.apps.trust.hsm import module_path

    if module_path() is None:
        pytest.skip("no SoftHSM2 here (apt-get install softhsm2)")
    if not (cloud.home / "trust" / "root.cer").exists():
        command = [sys.executable, "-m", "yunhai.apps.cli", "ca", "ceremony", "--demo", "--home", str(cloud.home)]
        command += ["--witness", "見證人甲", "--witness", "見證人乙"]
        held = subprocess.run(command, capture_output=True, text=True, timeout=UP_S)
        assert held.returncode == 0, held.stderr[-800:]
    return cloud


@pytest.fixture
def room(browser: Any, trusted: Cloud) -> Iterator[Any]:
    """`room(person, path)`: a page of somebody; their scripts' errors fail the test."""
    pages = []

    def opened(person: str, path: str, **how: Any) -> Any:
        pages.append(signed_in(browser, trusted, person, path, **how))
        return pages[-1]

    yield opened
    wrongs = [one for page in pages for one in page.wrongs]
    for page in pages:
        page.context.close()
    assert wrongs == []


def totp(secret: str, counter: int) -> str:
    """RFC 4226's six digits of a base32 secret."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def _submit(page: Any) -> None:
    """Send the form of the page, and have the page that answers."""
    with page.expect_navigation():
        page.locator("main form button[type=submit], main form button:not([type])").first.click()


def authenticator(page: Any, cloud: Cloud) -> Callable[[], str]:
    """Give the person an authenticator app; a function that says its code, a fresh one each time."""
    kept = cloud.home / "authenticator-of-the-test"  # of a cloud that was tested before
    secret = kept.read_text() if kept.exists() else ""

    def code() -> str:
        while (counter := int(time.time()) // STEP_S) in _SPENT or time.time() % STEP_S > STEP_S - TYPED_S:
            time.sleep(0.5)
        _SPENT.add(counter)
        return totp(secret, counter)

    if not secret:
        page.goto(cloud.origin + "/account/2fa/totp/activate/")
        secret = page.locator("#authenticator_secret, [name=secret]").first.input_value()
        page.fill("[name=code]", code())
        _submit(page)
        assert not page.url.endswith("/totp/activate/"), page.inner_text("main")
        kept.write_text(secret)
    return code


def passkey(page: Any, cloud: Cloud, code: Callable[[], str]) -> None:
    """Give the person a passkey of a virtual authenticator, which answers at once while this page is open."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{cloud.origin}/account/2fa/webauthn/add/")
    page.locator("#mfa_webauthn_add, [name=code]").first.wait_for()
    if page.locator("#mfa_webauthn_add").count() == 0:  # whoever has a factor shows it before they add another
        page.fill("[name=code]", code())
        _submit(page)
        page.wait_for_selector("#mfa_webauthn_add")
    page.fill("#id_name", "測試裝置")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: not url.endswith("/add/"))


def registered(room: Any, cloud: Cloud) -> None:
    """The investor is registered at the first broker, by two people, if the demo has not done it."""
    mine = room("investor", "/trust/")
    if mine.locator("text=您尚未登錄身分").count() == 0:
        return
    desk = room("sales", "/desk/registrations/new/")
    desk.fill("#account", "1000018")
    desk.fill("#archive-0", "RA-2026-000123")
    desk.fill("#last-0", "6789")
    desk.fill("#where-0", "總公司")
    desk.get_by_role("button", name="送出申請").click()
    desk.wait_for_url(re.compile(r"/desk/registrations/\d+/$"))  # a glob's [0-9] would be these very letters
    keep(desk, "trust-applied")
    number = desk.url.rstrip("/").rpartition("/")[2]
    control = room("operations", f"/control/registrations/{number}/")
    control.get_by_role("button", name="核准").click()
    control.locator(".eyes [data-done]").nth(1).wait_for()
    keep(control, "trust-approved")


def asked(page: Any, method: str, path: str, body: Any = None) -> Any:
    """What the pages' API answers this page's person: {status, said}."""
    return page.evaluate(
        """async ([method, path, body]) => {
            const { csrf } = await import('/static/shell/js/token.js');
            const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': csrf() };
            const answer = await fetch('/api/v1' + path, { method, headers, body: body && JSON.stringify(body) });
            return { status: answer.status, said: await answer.json().catch(() => null) };
        }""",
        [method, path, body],
    )
