"""Every page of the Pocket and of sign-in, in both languages, both widths, dark and light: no serious finding of axe, nothing
wider than the screen, no text left untranslated, no fault in a script, nothing refused by the content policy."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, serious

pytestmark = pytest.mark.full

POCKET = {
    "quotes": "/pocket/",
    "security": "/pocket/s/2330/",
    "orders": "/pocket/orders/",
    "all-orders": "/pocket/orders/#all",
    "fills": "/pocket/orders/#fills",
    "holdings": "/pocket/holdings/",
    "cash": "/pocket/cash/",
    "statements": "/pocket/statements/",
    "timeline-search": "/timeline/",
    "nothing-there": "/pocket/s/NONE/",
    "second-factor": "/account/2fa/",
    "devices": "/account/devices/",
    "account": "/account/password/change/",
}
OPEN = {
    "sign-in": "/account/login/",
    "sign-up": "/account/signup/",
    "reset": "/account/password/reset/",
}
LOOKS = [("zh-hant", "light", "desk"), ("en", "dark", "desk"), ("zh-hant", "dark", "phone"), ("en", "light", "phone")]
LATIN_WORDS = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){2,}")


@pytest.fixture(params=LOOKS, ids="-".join)
def looked(request: Any, browser: Any, cloud: Cloud) -> Iterator[tuple[Any, str, list[str]]]:
    """(a page in one look, its name, the faults so far)."""
    language, theme, width = request.param
    context = browser.new_context(viewport=DESK if width == "desk" else PHONE, color_scheme=theme)
    context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page, f"{language}-{theme}-{width}", faults
    context.close()


def an_order(page: Any, cloud: Cloud) -> None:
    """Send one from the page if the account has none yet, and open its timeline."""
    page.goto(f"{cloud.origin}/pocket/s/2412/")
    page.locator('#ticket [data-price="reference"]:not(:empty)').click()
    page.locator("#send:enabled").click()
    page.locator("#consent .main").click()
    page.locator("#result a").wait_for()
    cloud.seat().place("sell", "2412", price=f"{cloud.reference('2412') / 10_000:.2f}", quantity=1000)
    page.locator(".orders tbody tr").first.wait_for()
    page.locator("#result a").click()
    page.locator(".event.good").wait_for()


def checked(page: Any, cloud: Cloud, pages: dict[str, str], look: str, faults: list[str]) -> list[str]:
    """What is wrong with any of the pages."""
    wrong = []
    for name, path in pages.items():
        page.goto("about:blank")
        page.goto(cloud.origin + path)
        page.wait_for_timeout(900)
        keep(page, f"{name}-{look}")
        wrong += [f"{name}: {one}" for one in serious(page)]
        size = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        if size[0] > size[1]:
            wrong.append(f"{name}: {size[0]} px wide on {size[1]}")
        if look.startswith("zh") and (left := LATIN_WORDS.findall(page.inner_text("main"))):
            wrong.append(f"{name}: not in Chinese: {left[:3]}")
    return wrong + faults


def test_pages_of_the_pocket(looked: tuple[Any, str, list[str]], cloud: Cloud) -> None:
    page, look, faults = looked
    page.goto(cloud.link("investor"))
    an_order(page, cloud)
    own = {"statement": f"/pocket/statements/{cloud.plan['date']}/", "timeline": page.url.removeprefix(cloud.origin)}
    assert "\n".join(checked(page, cloud, POCKET | own, look, faults)) == ""


def test_pages_of_sign_in(looked: tuple[Any, str, list[str]], cloud: Cloud) -> None:
    page, look, faults = looked
    assert "\n".join(checked(page, cloud, OPEN, look, faults)) == ""


def test_language_and_look_are_kept(browser: Any, cloud: Cloud) -> None:
    """Switched in the menu, they hold on the next page and, with the person, on the next device."""
    first = browser.new_context(viewport=DESK, color_scheme="light")
    page = first.new_page()
    page.goto(cloud.link("investor"))
    page.locator(".bar details.drop").last.locator("summary").click()
    page.check("[name=theme][value=dark]", force=True)
    page.wait_for_function("() => document.cookie.includes('yunhai_theme=dark')")
    page.locator("button[name=language][value=en]").click()
    page.locator("h1:has-text('Watchlist')").wait_for()
    assert page.evaluate(
        "() => getComputedStyle(document.body).colorScheme || document.documentElement.dataset.theme"
    ) in ("dark", "normal")
    assert page.get_attribute("html", "data-theme") == "dark"
    first.close()
    other = browser.new_context(viewport=DESK, color_scheme="light")
    page = other.new_page()
    page.goto(cloud.link("investor"))
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.get_attribute("html", "lang") == "en"
    page.locator(".bar details.drop").last.locator("summary").click()
    page.check("[name=theme][value=system]", force=True)
    page.wait_for_function("() => document.cookie.includes('yunhai_theme=system')")  # kept before the page is left
    page.locator("button[name=language][value=zh-hant]").click()
    page.locator("h1:has-text('自選')").wait_for()
    other.close()
