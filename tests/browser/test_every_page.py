"""Every page of every role, from the served route table, in both languages, both widths, dark and light.

Of each: the answer is the page (and not another's room), no serious or critical finding of axe, nothing wider than the screen,
no error in a script or refused by the content policy, one heading, no text left untranslated. Screenshots go where
`YUNHAI_SCREENSHOTS` says. A new page is found by itself; one with a new kind of place in its address needs a line in `_filled`.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, listened, serious, until
from tests.browser.test_desk import start_call

pytestmark = pytest.mark.full

ROLES = {
    "investor": {"investor"},
    "sales": {"sales"},
    "keyin": {"keyin"},
    "operations": {"operations"},
    "compliance": {"compliance"},
    "operator": {"operator"},
}
NOT_PAGES = re.compile(
    r"^/(.*/\d+/file/$|health|ready|metrics|demo/|account/logout|account/reauthenticate"
    r"|account/2fa/webauthn/(reauth|login|signup)|csc/|.*/reach/$)"
)
"""Answers to programs, and parts that need what a program or a form says."""
LOOKS = (
    ("zh-hant", "light", "phone"),
    ("zh-hant", "dark", "desk"),
    ("en", "light", "desk"),
    ("en", "dark", "phone"),
)
"""Every pair of language, theme and width."""
SETTLES_MS = 700
FORMS_ONLY = 405
NOT_NOW = 404
LATIN_WORDS = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){2,}")
ENGLISH_BY_NATURE = re.compile(
    r"(yunhai (?:books check|ca ceremony|trust probe)|Demo Securities|Chromium|Desktop|application/|Yunhai)[^\n]*"
)
IN_ITS_OWN_WORDS = re.compile(r"_style$|_console_packs_\w")
"""The style page is for builders; a rule pack says both languages' names itself."""
READ = """() => { const main = document.querySelector("main").cloneNode(true);
  for (const one of main.querySelectorAll("code, pre, kbd, .mono, script, [lang]")) one.remove();
  return main.innerText; }"""
LISTED = (
    ("sales", "/desk/registrations/", "registration"),
    ("operations", "/control/registrations/", "registration"),
    ("compliance", "/control/registrations/", "registration"),
    ("compliance", "/evidence/", "instruction"),
    ("investor", "/lab/data/", "imported"),
)
"""Where a list names what a page of one is about."""
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


@pytest.fixture(params=LOOKS, ids="-".join)
def looked(request: Any, browser: Any, cloud: Cloud) -> Iterator[tuple[Any, str]]:
    """(a context in one look, its name)."""
    language, theme, width = request.param
    context = browser.new_context(viewport=DESK if width == "desk" else PHONE, color_scheme=theme)
    context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
    yield context, f"{language}-{theme}-{width}"
    context.close()


def _filled(path: str, values: dict[str, str]) -> str | None:
    """The address with its places filled; None if there is nothing of that kind to show."""
    if any(name not in values for name in PLACE.findall(path)):
        return None
    return PLACE.sub(lambda found: values[found.group(1)], path)


def _known(page: Any, cloud: Cloud, person: str) -> dict[str, str]:
    """Values for the places of addresses, as far as a person has something to see there."""
    values = {"code": "2330", "day": str(cloud.plan["date"]), "name": "twse-2026", "number": "11", "service": "1.2"}
    values |= {"column": "brokerage", "dataset": "bars-1d"}
    if person == "investor":
        page.goto(cloud.origin + "/pocket/s/2412/")
        page.locator('#ticket [data-price="limit_down"]:not(:empty)').click()
        page.locator("#send:enabled").click()
        if page.locator("#consent[open]").count() or not page.locator("#result a").count():
            page.locator("#consent[open] .main, #result a").first.wait_for()
            if page.locator("#consent[open]").count():
                page.locator("#consent .main").click()
        page.locator("#result a").wait_for()
        values["asked"] = re.search(r"(\d+)/$", page.locator("#result a").get_attribute("href")).group(1)
        card = f"{cloud.origin}/api/v1/replay/orders/{values['asked']}"
        until(lambda: page.request.get(card).ok, "the order is in the readings and in the journal's events")
        values["order_id"] = values["asked"]
    if person == "sales":
        page.goto(cloud.origin + "/desk/")
        start_call(page, "EVERY-PAGE")
        link = page.locator('a[href^="/desk/clients/"]').first.get_attribute("href")
        values["account"] = link.rstrip("/").rpartition("/")[2]
    for who, path, name in LISTED:
        if who == person and page.goto(cloud.origin + path).ok:
            links = page.locator(f'a[href^="{path}"]').evaluate_all("all => all.map((one) => one.pathname)")
            number = next((found.group(1) for one in links if (found := re.search(r"/(\d+)/$", one))), "")
            values |= {name: number} if number else {}
    return values


def _wrong(page: Any, name: str, look: str, faults: list[str]) -> list[str]:
    """What is wrong with the page that stands there."""
    found = [f"{name}: {one}" for one in serious(page)]
    width, screen = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    if width > screen:
        found.append(f"{name}: {width} px wide on {screen}")
    if page.locator("h1").count() != 1:
        found.append(f"{name}: {page.locator('h1').count()} main headings")
    text = "" if IN_ITS_OWN_WORDS.search(name) else ENGLISH_BY_NATURE.sub("", page.evaluate(READ))
    if look.startswith("zh") and (left := LATIN_WORDS.findall(text)):
        found.append(f"{name}: not in Chinese: {left[:3]}")
    if look.startswith("en") and (left := re.findall(r"[\u4e00-\u9fff]{5,}[，。]", text)):
        found.append(f"{name}: not in English: {left[:3]}")
    found += [f"{name}: {one}" for one in faults]
    faults.clear()
    return found


def _visit(page: Any, cloud: Cloud, pages: dict[str, str], person: str, look: str) -> list[str]:
    faults = listened(page)
    wrong, seen = [], 0
    for path in pages.values():
        answer = page.goto(cloud.origin + path)
        if answer.status == FORMS_ONLY or not page.locator("main").count():  # no page, or a part of one
            faults.clear()
            continue
        name = f"{person}{path}".strip("/").replace("/", "_")
        if answer.status == NOT_NOW and path.startswith("/account/2fa/"):  # of a factor that this person has not set up
            faults.clear()
            continue
        if "/account/login/" in page.url:
            wrong.append(f"{name}: asks to sign in")
        if answer.status != 200:
            wrong.append(f"{name}: {answer.status}")
        page.wait_for_timeout(SETTLES_MS)
        keep(page, f"every-{name}-{look}")
        wrong += _wrong(page, name, look, faults)
        seen += 1
    assert seen, "no page was looked at"
    return wrong


@pytest.mark.parametrize("person", sorted(ROLES))
def test_every_page_of_a_role(looked: tuple[Any, str], cloud: Cloud, person: str) -> None:
    context, look = looked
    page = context.new_page()
    page.goto(cloud.link(person))
    values = _known(page, cloud, person)
    pages = {}
    for address, roles in cloud.plan["pages"]:
        theirs = not roles or ROLES[person].intersection(roles)
        path = _filled(address, values)
        if theirs and path is not None and not NOT_PAGES.search(path) and not _of_another_room(path, person):
            pages[address] = path
    assert "\n".join(_visit(page, cloud, pages, person, look)) == ""


def _of_another_room(path: str, person: str) -> bool:
    """Sign-in's pages are looked at once, by the investor; the style page is the operator's, the front door only leads on."""
    own = path.startswith(("/account/", "/timeline/")) and person != "investor"
    return own or path in ("/", "/account/login/", "/account/signup/") or (path == "/style" and person != "operator")


OPEN = (
    "/account/login/",
    "/account/signup/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/no/such/page/",
)


def test_every_page_before_one_is_signed_in(looked: tuple[Any, str], cloud: Cloud) -> None:
    context, look = looked
    page = context.new_page()
    faults = listened(page)
    wrong = []
    for path in OPEN:
        page.goto(cloud.origin + path)
        name = f"nobody{path}".strip("/").replace("/", "_")
        page.wait_for_timeout(200)
        faults[:] = [one for one in faults if "status of 404" not in one]
        keep(page, f"every-{name}-{look}")
        wrong += _wrong(page, name, look, faults)
    assert "\n".join(wrong) == ""
