"""What the shell gives every room: a menu that says where it goes on, hints for those who have the keys, amounts read back; and an
empty list that says what it is empty of."""

from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PATIENCE_MS, PHONE, keep, serious, watched

pytestmark = pytest.mark.full

WIDTHS = (390, 640, 896, 897, 1024, 1280, 1440, 1920)
ARROWS = "() => [...document.querySelectorAll('.menu-arrow')].map((one) => !one.hidden)"
SEEN = """(link) => { const box = link.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  return link.contains(document.elementFromPoint(x, y)); }"""
STANDS = """() => new Promise((done) => { const menu = document.querySelector('.menu');
  let [place, frames] = [-1, 0];
  const look = () => { frames = menu.scrollLeft === place ? frames + 1 : 0; place = menu.scrollLeft;
    if (frames < 10) requestAnimationFrame(look); else done(); };
  look(); })"""
"""Waits until the menu glides no more."""
MORE = "() => { const menu = document.querySelector('.menu'); return menu.scrollWidth > menu.clientWidth + 1; }"


def language(page: Any, cloud: Cloud, name: str) -> None:
    page.context.add_cookies([{"name": "yunhai_language", "value": name, "url": cloud.origin}])


@pytest.mark.parametrize("name", ["en", "zh-hant"])
def test_a_menu_longer_than_its_place_says_so(browser: Any, cloud: Cloud, signed_in: Any, name: str) -> None:
    """At every width: nothing wider than the screen, an arrow exactly where entries are out of sight, each reached by Tab."""
    with watched(browser, storage_state=signed_in) as page:
        language(page, cloud, name)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{cloud.origin}/pocket/orders/")
            links = page.locator(".menu a").all()
            page.wait_for_function(
                SEEN, arg=page.locator(".menu a[aria-current]").element_handle()
            )  # the room one is in
            page.locator(".menu").evaluate("(menu) => menu.scrollTo({ left: 0, behavior: 'instant' })")
            more = page.evaluate(MORE)
            page.wait_for_function(f"(want) => String(({ARROWS})()) === want", arg=f"false,{str(more).lower()}")
            page.locator(".bar details[data-drop] > summary").first.focus()
            for link in links:
                page.keyboard.press("Tab")
                assert link.evaluate("(one) => one === document.activeElement"), width
                page.wait_for_function(SEEN, arg=link.element_handle())
            if more:
                page.wait_for_function(f"() => String(({ARROWS})()) === 'true,false'")
            wide, screen = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
            assert (wide <= screen, serious(page)) == (True, []), width
            keep(page, f"menu-{name}-{width}")


def test_the_arrow_leads_on(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    with watched(browser, storage_state=signed_in, viewport=PHONE) as page:
        page.goto(f"{cloud.origin}/pocket/")
        last = page.locator(".menu a").last
        for _ in range(4):
            if not page.evaluate(ARROWS)[1]:
                break
            before = page.evaluate("() => document.querySelector('.menu').scrollLeft")
            page.click('.menu-arrow[data-menu-way="1"]')
            page.wait_for_function("(before) => document.querySelector('.menu').scrollLeft > before", arg=before)
            page.evaluate(STANDS)
        assert last.evaluate(SEEN)
        assert page.evaluate(ARROWS) == [True, False]


def test_the_key_of_the_finder_is_told_where_there_are_keys(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    hinted = "() => document.getElementById('find').placeholder.includes('( / )')"
    with watched(browser, storage_state=signed_in, viewport=DESK) as page:
        page.goto(f"{cloud.origin}/pocket/")
        page.wait_for_function(hinted)
        page.keyboard.press("/")
        assert page.evaluate("() => document.activeElement.id") == "find"
    with watched(browser, storage_state=signed_in, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.goto(f"{cloud.origin}/pocket/")
        page.locator("#watch tbody tr").first.wait_for()  # the finder is made before its list
        assert not page.evaluate(hinted)


def test_money_typed_is_read_back_with_its_commas(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    with watched(browser, storage_state=signed_in) as page:
        page.goto(f"{cloud.origin}/pocket/paper/")
        if page.locator("details:not([open]) #cash").count():
            page.locator("details:has(#cash) summary").click()
        page.wait_for_function("() => document.getElementById('cash-read').textContent === '1,000,000 元'")
        page.fill("#cash", "10000000.5")
        assert page.inner_text("#cash-read") == "10,000,000.50 元"
        assert page.input_value("#cash") == "10000000.5", "what is sent stays as typed"
        page.fill("#cash", "ten")
        assert page.inner_text("#cash-read") == ""
        language(page, cloud, "en")
        page.reload()
        page.wait_for_function("() => document.getElementById('cash-read').textContent === 'NT$ 1,000,000'")


def test_an_empty_list_says_what_it_is_empty_of(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    """No order at all today, none that is open, none in this security: each is another sentence."""

    def answered(orders: list[dict[str, Any]]) -> str:
        page.unroute_all()
        page.route("**/trade/v1/orders?**", lambda route: route.fulfill(json={"orders": orders, "mode": "simulated"}))
        page.goto("about:blank")
        page.goto(f"{cloud.origin}{path}")
        page.locator("[data-orders-empty]:not([hidden]) h3").wait_for(timeout=PATIENCE_MS)
        return str(page.locator("[data-orders-empty]:not([hidden]) h3").inner_text())

    done = {
        "order_id": 1,
        "order_number": "Y0001",
        "code": "2330",
        "side": "buy",
        "segment": "board",
        "state": "filled",
    }
    done |= {"order_type": "limit", "time_in_force": "rod", "price": "10.00", "quantity": 1000, "filled": 1000}
    done |= {"leaves": 0, "average_price": "10.00", "queue": "", "instructions": []}
    with watched(browser, storage_state=signed_in) as page:
        path = "/pocket/orders/"
        assert answered([]) == "沒有委託"
        assert answered([done]) == "沒有未完成的委託"
        page.click("#tab-all")
        page.locator('[data-orders] tr[data-order="1"]').wait_for()
        assert page.locator("[data-orders-empty]:not([hidden])").count() == 0
        path = "/pocket/s/2412/"
        assert answered([done]) == "今日沒有這檔的委託"
