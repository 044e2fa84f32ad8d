"""The Console in a real browser: a cell changed with its reason and undone, a line added, every page clean on every screen."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, reached, serious, until
from tests.browser.test_desk import signed_in

pytestmark = pytest.mark.full

PAGES = (
    ("overview", "/console/"),
    ("tenants", "/console/tenants/"),
    ("new", "/console/tenants/new/"),
    ("tenant", "/console/tenants/11/"),
    ("matrix", "/console/matrix/"),
    ("cell", "/console/matrix/1.2/brokerage/"),
    ("packs", "/console/packs/"),
    ("pack", "/console/packs/twse-2026/?against=twse-2013"),
    ("lines", "/console/lines/"),
    ("changes", "/console/changes/"),
)


@pytest.fixture
def console(browser: Any, cloud: Cloud) -> Iterator[Any]:
    page = signed_in(browser, cloud, "operator", "/console/")
    yield page
    assert page.wrongs == []
    page.context.close()


def test_a_cell_switched_off_takes_the_desk_away_and_undo_gives_it_back(
    console: Any, browser: Any, cloud: Cloud
) -> None:
    clerk = signed_in(browser, cloud, "sales", "/desk/")
    assert clerk.locator("#ticket-form").count() == 1
    console.goto(cloud.origin + "/console/matrix/1.2/brokerage/")
    console.check('input[name=level][value="none"]', force=True)
    console.locator("#reach .notice.bad").wait_for()
    console.locator("#reach .notice.bad li").nth(9).wait_for()
    assert console.locator("#reach .notice.bad li").count() == 10, "who loses it is said before"
    console.fill("#reason", "瀏覽器測試演練")
    reached(console, console.locator("form[data-once] footer button.main").click, "**/console/matrix/")
    try:
        until(lambda: clerk.goto(cloud.origin + "/desk/").status == 404, "the desk is taken away")
    finally:
        console.fill("#undo-reason", "演練結束復原")
        reached(console, console.locator("form:has(#undo-reason) button").click, "**/console/matrix/")
    until(lambda: clerk.goto(cloud.origin + "/desk/").status == 200, "the desk is given back")
    keep(console, "console-undone")
    clerk.context.close()


def test_a_new_lines_password_is_shown_once(console: Any, cloud: Cloud) -> None:
    console.goto(cloud.origin + "/console/lines/")
    line = next(
        name for name in ("Z1", "Z2", "Z3", "Z4", "Z5") if not console.locator("tbody th", has_text=name).count()
    )
    console.fill("#line", line)
    brokers = console.locator("#tenant option").count()
    console.select_option("#tenant", index=brokers - 1)  # not the broker whose lines other tests count
    console.fill("#add-reason", "為忙碌券商加線")
    console.get_by_role("button", name="新增並顯示一次密碼").click()
    secret = console.locator("#secret").text_content()
    assert len(secret) == 20
    console.goto(cloud.origin + "/console/lines/")
    assert secret not in console.content()


@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_consoles_pages_are_whole_and_clean(
    browser: Any, cloud: Cloud, language: str, size: dict[str, int]
) -> None:
    page = signed_in(browser, cloud, "operator", "/console/", size=size, language=language)
    for name, path in PAGES:
        page.goto(cloud.origin + path)
        page.wait_for_timeout(400)
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        keep(page, f"console-{name}-{language}-{size['width']}")
    assert page.wrongs == []
    page.context.close()
