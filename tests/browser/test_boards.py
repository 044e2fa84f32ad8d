"""The boards in a real browser: live by the stream without a reload, watchlists kept by the cloud, on desk and phone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import PHONE, keep, serious, watched
from yunhai.kernel.money import price_text

pytestmark = pytest.mark.full

CODE = "2618"
TICK = 500  # of 42.6 NT$
WITHOUT_LISTS = """async () => { const { load, remove } = await import("/static/quotes/watchlists.js");
  for (const one of await load(0)) await remove(one.id); }"""


@pytest.fixture
def page(browser: Any, cloud: Cloud) -> Iterator[Any]:
    """The investor on a new device at the desk."""
    with watched(browser, refusals=True) as made:
        made.goto(cloud.link("investor"))
        made.evaluate(WITHOUT_LISTS)
        yield made
        made.evaluate(WITHOUT_LISTS)  # they are the person's: other tests would see them


def boards(page: Any, cloud: Cloud) -> None:
    page.goto(f"{cloud.origin}/pocket/boards/")
    page.locator("#watch tbody tr").first.wait_for()
    page.wait_for_function("() => document.querySelector('[data-index=level]').textContent !== '–'")


def trade(cloud: Cloud, code: str, *, steps: int) -> str:
    """Two brokers meet at a price; the price as the page shows it."""
    price = price_text(cloud.reference(code) + steps * TICK)
    cloud.seat(1).place("sell", code, price=price, quantity=1000)
    cloud.seat(2).place("buy", code, price=price, quantity=1000)
    return price


def test_boards_move_without_a_reload(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    before = page.inner_text('[data-total="trades"]')
    price = trade(cloud, CODE, steps=6)
    page.wait_for_function("(text) => document.querySelector('[data-total=trades]').textContent !== text", arg=before)
    page.locator(f'#movers tr[data-code="{CODE}"]', has_text=price).wait_for()
    page.locator('#sectors tr[data-sector="15"] .up').wait_for()
    page.locator('[data-breadth="advancing"]:not(:text-is("0"))').wait_for()
    for chosen in ("value", "volume", "down", "up"):
        page.check(f'#ranking [value="{chosen}"]', force=True)
    keep(page, "boards-desk")
    assert serious(page) == []


def test_a_list_is_the_same_on_another_device(page: Any, browser: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    page.click("#list-new")
    page.fill("#list-name", "航運")
    page.locator("#list-dialog .main").click()
    page.locator('#lists [aria-selected="true"]', has_text="航運").wait_for()
    page.fill("#find", "00929")
    page.press("#find", "Enter")
    page.locator('#watch tr[data-code="00929"]').wait_for()
    page.locator('#watch tr[data-code="2330"] .remove').click()
    page.locator('#watch tr[data-code="2330"]').wait_for(state="detached")

    context = browser.new_context(viewport=PHONE, locale="zh-TW", color_scheme="dark")
    phone = context.new_page()
    phone.goto(cloud.link("investor"))
    boards(phone, cloud)
    phone.locator("#lists button", has_text="航運").click()
    phone.locator('#watch tr[data-code="00929"]').wait_for()
    phone.locator('#watch tr[data-code="2330"]').wait_for(state="detached")
    keep(phone, "boards-phone")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(phone) == []
    phone.click("#list-remove")
    phone.locator("#lists button", has_text="航運").wait_for(state="detached")
    context.close()


def test_what_a_browser_had_kept_is_brought_along_once(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    place = page.evaluate("() => 'yunhai.watch.' + JSON.parse(document.getElementById('page').textContent).account")
    page.evaluate("(place) => localStorage.setItem(place, JSON.stringify(['00929', '0056']))", arg=place)
    boards(page, cloud)
    page.wait_for_function("(place) => localStorage.getItem(place) === null", arg=place)
    found = page.evaluate("() => fetch('/api/v1/quotes/watchlists').then((answer) => answer.json())")["watchlists"]
    assert [one for one in found if {"00929", "0056"} <= set(one["codes"])] != []
    page.goto(f"{cloud.origin}/pocket/")
    page.locator("#watch tbody tr").first.wait_for()
    assert page.evaluate("(place) => localStorage.getItem(place)", arg=place) is None
