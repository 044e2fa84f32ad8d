"""The rooms of trust in a real browser: registered by two, signed in the cloud by a code, proven in the Evidence Room.

The cloud's CA is made in a ceremony with a software HSM; without SoftHSM2 these tests are skipped and say so.
"""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, serious
from tests.browser.test_desk import signed_in
from tests.browser.trust import authenticator, registered, room, trusted

__all__ = ["room", "trusted"]

pytestmark = pytest.mark.full

CODE = "2412"
SEALED_S = 120
PAGES = {
    "investor": ("/trust/", "/trust/consents/", "/trust/signatures/"),
    "sales": ("/desk/registrations/", "/desk/registrations/new/"),
    "operations": (
        "/control/registrations/",
        "/control/registrations/new/",
        "/control/interfaces/",
        "/trust/conformance/",
    ),
    "compliance": ("/evidence/", "/evidence/file/", "/evidence/lookups/", "/trust/conformance/"),
    "operator": ("/console/trust/", "/console/trust/certificates/", "/console/trust/minutes/", "/trust/conformance/"),
}


def test_an_order_is_signed_in_the_cloud_and_proven(room: Any, trusted: Cloud) -> None:
    registered(room, trusted)
    page = room("investor", "/trust/")
    code = authenticator(page, trusted)
    page.goto(trusted.origin + "/trust/")
    if page.locator("#register:not([hidden])").count() == 0:
        page.locator("#here:not(:empty)").wait_for()
    page.get_by_role("button", name="登記這台裝置").click()
    page.locator("[data-here]").wait_for()
    assert "有效" in page.locator("[data-here]").inner_text(), (
        "a registered person's device has its certificate at once"
    )
    if page.get_by_role("button", name="停用這把雲端金鑰").count() == 0:
        page.get_by_role("button", name="新增雲端金鑰").click()
    page.locator(".hash", has_text="yh-").first.wait_for()
    keep(page, "trust-mine")

    page.goto(f"{trusted.origin}/pocket/s/{CODE}/")
    page.locator('#ticket [data-price="limit_down"]:not(:empty)').click()
    page.locator("#sign-with:not([hidden])").wait_for()
    page.locator('#sign-with input[value="cloud"]').check(force=True)
    page.locator("#send:enabled").click()
    page.locator("#cloud-sign[open]").wait_for()
    keep(page, "trust-cloud-sign")
    page.fill("#cloud-code", "000000")
    page.locator("#cloud-sign .main").click()
    page.locator("#cloud-sign [data-wrong]:not([hidden])").wait_for()
    assert page.locator("#result a").count() == 0, "nothing was sent"
    page.fill("#cloud-code", code())
    page.locator("#cloud-sign .main").click()
    page.locator("#result a").wait_for()
    order = page.locator("#result a").get_attribute("href").rstrip("/").rpartition(":")[2]

    page.goto(trusted.origin + "/trust/signatures/")
    until = time.monotonic() + SEALED_S
    while page.locator("a[download]").count() == 0 and time.monotonic() < until:
        page.wait_for_timeout(1_000)
        page.reload()
    keep(page, "trust-signatures")
    with page.expect_download() as saved:
        page.locator("a[download]").first.click()
    file = Path(saved.value.path()).read_bytes()
    assert json.loads(file)["format"] == "yunhai-evidence-2"
    assert page.locator("text=1/1").count(), "the second factor that was given for it is listed"
    _proven(room, trusted, order, file)


def _proven(room: Any, cloud: Cloud, order: str, file: bytes) -> None:
    """Compliance finds it, says why they look, and sees every step hold; a changed file is named."""
    audit = room("compliance", f"/evidence/?q=order:{order}")
    audit.locator('tbody a[href*="/evidence/instructions/"]').first.click()
    audit.locator("#why, .steps").first.wait_for()
    if audit.locator("#why").count():  # asked once in some hours
        audit.fill("#why", "抽查 2026-07")
        audit.locator("form[data-once] button.main").click()
    audit.locator(".steps").wait_for()
    keep(audit, "trust-evidence")
    verdicts = audit.locator(".steps > li")
    assert {verdicts.nth(at).get_attribute("data-verdict") for at in range(verdicts.count())} == {"holds"}
    audit.goto(cloud.origin + "/evidence/lookups/")
    assert audit.locator("text=抽查 2026-07").count()
    keep(audit, "trust-lookups")
    audit.goto(cloud.origin + "/evidence/file/")
    changed = file.replace(b'"text":"', b'"text":"A', 1)
    audit.set_input_files("#file", {"name": "changed.yhe", "mimeType": "application/json", "buffer": changed})
    audit.locator("form[data-once] button.main").click()
    audit.locator('.steps [data-verdict="wrong"]').first.wait_for()
    assert "text" in audit.locator('.steps [data-verdict="wrong"]').first.inner_text()
    keep(audit, "trust-evidence-changed")


def test_a_consent_withdrawn_closes_one_broker_and_given_again_opens_it(room: Any, trusted: Cloud) -> None:
    registered(room, trusted)
    page = room("investor", "/trust/consents/")
    page.locator("details.more summary").first.click()
    page.get_by_role("button", name="撤回同意").first.click()
    page.locator(".badge.bad", has_text="已撤回").first.wait_for()
    keep(page, "trust-withdrawn")
    page.get_by_role("button", name="同意", exact=True).first.click()
    page.locator(".badge.bad", has_text="已撤回").wait_for(state="detached")


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("zh-hant", "dark", PHONE), ("en", "light", DESK)],
    ids=["zh-dark-phone", "en-light-desk"],
)
def test_every_room_is_whole_and_clean(
    browser: Any, trusted: Cloud, language: str, size: dict[str, int], theme: str
) -> None:
    found = []
    for person, paths in PAGES.items():
        page = signed_in(browser, trusted, person, paths[0], size=size, language=language)
        page.emulate_media(color_scheme=theme)
        for path in paths:
            answer = page.goto(trusted.origin + path)
            page.wait_for_timeout(300)
            name = f"trust-{person}{path.replace('/', '-')}{language}-{theme}-{size['width']}"
            keep(page, name)
            found += [f"{path}: {one}" for one in serious(page)]
            if answer.status != 200:
                found.append(f"{path}: {answer.status}")
            if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path}: wider than the screen")
        found += page.wrongs
        page.context.close()
    assert found == []


def test_without_the_trust_process_the_rooms_say_what_still_works(room: Any, trusted: Cloud) -> None:
    state = json.loads((trusted.home / "run" / "status.json").read_text())
    process = int(state["parts"]["trust"]["pid"])
    page = room("investor", "/trust/")
    console = room("operator", "/console/trust/")
    os.kill(process, signal.SIGSTOP)
    try:
        page.reload()
        assert page.locator(".notice.wait", has_text="信任程序目前沒有回應").count() == 1
        keep(page, "trust-mine-away")
        console.reload()
        console.locator(".notice.bad", has_text="7860").wait_for()
        keep(console, "trust-away")
    finally:
        with suppress(ProcessLookupError):  # the supervisor may have lost its patience with it
            os.kill(process, signal.SIGCONT)
    until = time.monotonic() + SEALED_S
    while page.locator(".notice.wait", has_text="信任程序目前沒有回應").count():
        assert time.monotonic() < until, "the trust process did not come back"
        page.wait_for_timeout(500)
        page.reload()
