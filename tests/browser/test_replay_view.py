"""How a moment of the replay is looked at: speed and span are in its address and its link; the hash is of the events alone."""

import re
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import watched
from yunhai.kernel.money import price_text

pytestmark = pytest.mark.full

CODE = "2308"
LOT = 1_000
LIVE = "() => document.getElementById('room')?.dataset.link === 'live' && document.getElementById('room').dataset.hash"
AT = "(position) => Number(document.getElementById('room').dataset.position) === position"
SPAN = "#span-figures:not([hidden])"


def opened(page: Any, address: str) -> None:
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function(LIVE)


def test_speed_and_span_are_kept_by_the_address_and_the_link(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    price = price_text(cloud.reference(CODE))
    cloud.seat(1).place("sell", CODE, price=price, quantity=2 * LOT)
    cloud.seat(2).place("buy", CODE, price=price, quantity=LOT)
    looks = {"storage_state": signed_in, "permissions": ["clipboard-read", "clipboard-write"]}
    with watched(browser, **looks) as page:
        opened(page, f"{cloud.origin}/pocket/replay/?codes={CODE}")
        begin = int(page.locator("#room").get_attribute("data-position"))
        page.keyboard.press("ArrowRight")
        page.wait_for_function("(begin) => Number(document.getElementById('room').dataset.position) > begin", arg=begin)
        first = int(page.locator("#room").get_attribute("data-position"))
        page.keyboard.press("i")
        page.keyboard.press("7")
        page.keyboard.press("End")
        page.wait_for_function("(first) => Number(document.getElementById('room').dataset.position) > first", arg=first)
        last = int(page.locator("#room").get_attribute("data-position"))
        page.keyboard.press("o")
        page.locator(SPAN).wait_for()
        figures = page.inner_text(SPAN)
        view = f"view={CODE},x100,{first}-{last}&"
        page.wait_for_url(re.compile(re.escape(view)))

        page.reload()
        page.wait_for_function(LIVE)
        page.locator(SPAN).wait_for()
        page.wait_for_function(AT, arg=last)
        assert (page.input_value("#speed"), page.inner_text(SPAN)) == ("100", figures)

        page.click("#share")
        page.locator("#share-dialog[open]").wait_for()
        link = page.input_value("#share-link")
        assert view in link
        page.keyboard.press("Escape")
        page.keyboard.press("x")
        page.keyboard.press("1")
        page.wait_for_function("() => !location.search.includes('view=')")

    with watched(browser, **looks) as page:
        opened(page, link)
        page.locator(SPAN).wait_for()
        assert "事件相同：已驗證" in page.inner_text("#room-notice")
        assert (page.input_value("#speed"), page.inner_text(SPAN)) == ("100", figures)
        for older in (f"view={CODE}&", "", "view=NONE,x7,9-3&", f"view={CODE},,99999999-&"):
            opened(page, link.replace(view, older))
            assert "事件相同：已驗證" in page.inner_text("#room-notice"), older
            assert (page.input_value("#speed"), page.locator("#span-clear").is_visible()) == ("1", False), older

    with watched(browser, refusals=True, **looks) as page:
        for tampered in (re.sub(r"hash=\w{8}", "hash=00000000", link), link.replace(f"at={last}&", f"at={first}&")):
            page.goto("about:blank")
            page.goto(tampered)
            page.locator("#room-notice .notice.bad").wait_for()
            assert "7485" in page.inner_text("#room-notice")
            assert page.locator(SPAN).count() == 0
