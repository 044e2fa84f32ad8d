"""The Control Room in a real browser: the pool lives, a line is cut and logged in again, rejects appear by themselves."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, serious
from tests.browser.test_desk import signed_in

pytestmark = pytest.mark.full


@pytest.fixture
def control(browser: Any, cloud: Cloud) -> Iterator[Any]:
    page = signed_in(browser, cloud, "operations", "/control/")
    yield page
    assert page.wrongs == []
    page.context.close()


def test_a_line_is_cut_and_a_wrong_password_does_not_bring_it_back(control: Any) -> None:
    row = control.locator('#lines tr[data-line="A2"]')
    row.locator(".badge.good").wait_for()
    assert control.locator("#lines tr").count() == 2, "only one's own lines"
    control.locator("#others", has_text="9").wait_for()  # nine others, as one sum
    control.locator('#guarantee:text-is("40")').wait_for()
    row.locator("button").click()
    control.locator("#lose button[type=submit]").click()
    row.locator(".badge.wait").wait_for()
    row.locator("button").click()
    control.fill("#login-password", "not the password")
    control.locator("#login button[type=submit]").click()
    control.locator("#login-wrong", has_text="6300").wait_for()
    assert serious(control) == []
    keep(control, "control-login")


def test_an_agents_reject_appears_by_itself_with_its_check(control: Any, cloud: Cloud) -> None:
    from yunhai.client import Refused
    from yunhai.kernel.money import price_text

    control.goto(cloud.origin + "/control/rejects/")
    seat = cloud.seat(0)
    assert seat.draft.tenant == 11, "a program of the same broker"
    with pytest.raises(Refused):
        seat.place("buy", "2330", price=price_text(cloud.reference("2330") * 2), quantity=1_000)
    control.locator("#rejects tbody tr", has_text="613").first.wait_for()  # others' may stand there too
    keep(control, "control-rejects-live")


@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_rooms_pages_are_whole_and_clean(browser: Any, cloud: Cloud, language: str, size: dict[str, int]) -> None:
    page = signed_in(browser, cloud, "operations", "/control/", size=size, language=language)
    for name, path in (("pool", ""), ("rejects", "rejects/"), ("day", "day/"), ("sessions", "sessions/")):
        page.goto(f"{cloud.origin}/control/{path}")
        page.wait_for_timeout(1_500)
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        keep(page, f"control-{name}-{language}-{size['width']}")
    assert page.wrongs == []
    page.context.close()
