"""Tables of quotes in a real browser: all that a book shows, sorted, by industry; the sales rep's boards with a book beside."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import PHONE, keep, serious, watched
from tests.browser.test_boards import WITHOUT_LISTS, boards, trade

pytestmark = pytest.mark.full

CODE = "2609"
QUIET = "2618"


@pytest.fixture
def page(browser: Any, cloud: Cloud, signed_in: Any) -> Iterator[Any]:
    with watched(browser, storage_state=signed_in) as made:
        made.goto(cloud.origin + "/pocket/")
        made.evaluate(WITHOUT_LISTS)
        yield made
        made.evaluate(WITHOUT_LISTS)


def figure(page: Any, code: str, column: str) -> str:
    place = page.evaluate(
        "(column) => [...document.querySelectorAll('#watch thead th')].findIndex((one) => one.dataset.column === column)",
        column,
    )
    return str(page.locator(f'#watch tr[data-code="{code}"] > :nth-child({place + 1})').inner_text())


def order_of(page: Any) -> list[str]:
    found: list[str] = page.locator("#watch tbody tr").evaluate_all("rows => rows.map((row) => row.dataset.code)")
    return found


def test_a_row_shows_what_its_book_does(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    first = trade(cloud, CODE, steps=2)
    last = trade(cloud, CODE, steps=-2)
    page.wait_for_function(
        "([code, last]) => document.querySelector(`#watch tr[data-code='${code}'] td`).innerText === last",
        arg=[CODE, last],
    )  # what a row shows is of one message
    assert figure(page, CODE, "last") == last
    assert figure(page, CODE, "high") >= first
    assert figure(page, CODE, "low") <= last
    assert figure(page, CODE, "quantity") == "1"
    assert figure(page, CODE, "outside").endswith("%")
    assert figure(page, CODE, "amplitude").endswith("%")
    assert figure(page, CODE, "time")[2::3] == "::"
    assert "即時" in page.locator(".board-watch [data-stamp]").inner_text()


def test_rows_are_sorted_by_any_column(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    trade(cloud, CODE, steps=4)
    page.wait_for_function(
        "(code) => /\\d/.test(document.querySelector(`#watch tr[data-code='${code}'] td`).innerText)", arg=CODE
    )
    before = order_of(page)
    head = page.locator('#watch th[data-column="reference"]')
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    falling = order_of(page)
    prices = [
        float(figure(page, code, "reference").replace(",", "") or 0)
        for code in falling
        if figure(page, code, "reference") != "–"
    ]
    assert prices == sorted(prices, reverse=True)
    assert falling != before
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") is None
    assert order_of(page) == before


def test_an_industry_opens_its_stocks(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    page.locator('#sectors tr[data-sector="15"] button').click()
    tab = page.locator('#lists [aria-selected="true"]')
    tab.locator("text=航運").wait_for()
    page.locator(f'#watch tr[data-code="{QUIET}"]').wait_for()
    assert {CODE, "2603", QUIET} <= set(order_of(page))
    assert page.locator("#watch .remove").count() == 0, "an industry is looked at, not changed"
    assert page.evaluate("() => document.activeElement.getAttribute('role')") == "tab"
    keep(page, "boards-industry")
    assert serious(page) == []
    page.keyboard.press("ArrowLeft")
    page.locator('#lists [aria-selected="true"]', has_text="自選").wait_for()
    page.locator("#watch .remove").first.wait_for(state="attached")


def test_a_focus_stays_while_figures_change(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    trade(cloud, CODE, steps=2)
    page.check('#ranking [value="value"]', force=True)
    link = page.locator(f'#movers tr[data-code="{CODE}"] th a').first
    link.focus()
    before = page.inner_text('[data-total="trades"]')
    price = trade(cloud, QUIET, steps=1)
    page.wait_for_function("(text) => document.querySelector('[data-total=trades]').textContent !== text", arg=before)
    page.locator(f'#movers tr[data-code="{QUIET}"]', has_text=price).wait_for()
    assert page.evaluate("() => document.activeElement.closest('tr')?.dataset.code") == CODE


def test_what_is_not_listed_is_said(page: Any, cloud: Cloud) -> None:
    boards(page, cloud)
    page.fill("#find", "9999")
    page.locator("#found .none", has_text="9999").wait_for()
    page.press("#find", "Enter")
    assert page.locator("#found .none").count() == 1
    page.press("#find", "Escape")
    page.locator("#found").wait_for(state="hidden")


def test_the_table_on_a_phone_keeps_its_names(browser: Any, cloud: Cloud, signed_in: Any) -> None:
    with watched(browser, storage_state=signed_in, viewport=PHONE) as phone:
        boards(phone, cloud)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        phone.evaluate("() => { document.querySelector('.board-watch .table-box').scrollLeft = 300; }")
        name = phone.locator("#watch tbody th").first.bounding_box()
        assert 0 <= name["x"] < 60, "the security stays while figures are swiped"
        keep(phone, "boards-phone-swiped")


def test_a_sales_rep_watches_and_takes_a_security_to_the_ticket(browser: Any, cloud: Cloud) -> None:
    with watched(browser) as page:
        page.goto(cloud.link("sales"))
        page.locator('nav a[href="/desk/boards/"]').click()
        page.locator("#watch tbody tr").first.wait_for()
        price = trade(cloud, CODE, steps=2)
        opens = page.locator(f'#watch tr[data-code="{CODE}"] .open')
        opens.focus()
        page.keyboard.press("Enter")
        card = page.locator("#quote-card")
        card.wait_for()
        page.wait_for_function(
            "(price) => document.querySelector('#quote-card [data-quote=last]').textContent === price", arg=price
        )
        assert card.locator("tbody tr").count() == 5
        assert "%" in card.locator('[data-side="outside"]').inner_text()
        keep(page, "boards-sales")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#quote-card [data-close]").focus()
        page.keyboard.press("Escape")
        assert card.is_hidden()
        assert page.evaluate("() => document.activeElement.closest('tr').dataset.code") == CODE
        opens.click()
        page.locator("#quote-card [data-ticket]").click()
        page.locator("#security-line", has_text=CODE).wait_for()
        assert page.input_value("#code") == CODE
