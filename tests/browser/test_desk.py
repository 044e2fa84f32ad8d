"""The Client Desk in a real browser: fifty orders by keys alone, nothing without a record, nobody looked up without a reason."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, listened, serious
from yunhai.trading.order_numbers import count_of

pytestmark = pytest.mark.full

CLIENT = "1000018"
ORDERS = 50
_COUNT_MICE = """
window.mice = 0;
for (const kind of ['mousedown', 'mouseup', 'click', 'mousemove', 'pointerdown'])
  addEventListener(kind, (event) => { if (event.isTrusted && event.detail !== 0 || kind !== 'click') window.mice += 1; }, true);
"""


def signed_in(
    browser: Any, cloud: Cloud, person: str, path: str, *, size: dict[str, int] = DESK, language: str = "zh-hant"
) -> Any:
    """A page at `path`, signed in; errors of its scripts fail the test that looks at `page.wrongs`."""
    context = browser.new_context(viewport=size)
    context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
    context.add_init_script(_COUNT_MICE)
    page = context.new_page()
    page.wrongs = listened(page, refusals=True)
    page.goto(cloud.link(person))
    page.goto(cloud.origin + path)
    return page


@pytest.fixture
def desk(browser: Any, cloud: Cloud) -> Iterator[Any]:
    page = signed_in(browser, cloud, "sales", "/desk/")
    yield page
    assert page.wrongs == []
    page.context.close()


def focused(page: Any, element: str) -> None:
    """Wait until the keyboard is in an element."""
    page.wait_for_function("id => document.activeElement?.id === id", arg=element)


def start_call(page: Any, record: str) -> None:
    """Look the client up for an order, and attach the phone record, by keys."""
    keys = page.keyboard
    page.wait_for_function("() => document.activeElement?.name === 'reason'")
    keys.press("1")
    focused(page, "query")
    keys.type(CLIENT)
    keys.press("Enter")
    focused(page, "record-id")
    keys.type(record)
    keys.press("Enter")
    focused(page, "caller")
    keys.type("02-2381-0000")
    keys.press("Enter")
    focused(page, "code")


def order(page: Any, code: str, side: str, price: str, quantity: str) -> None:
    """Type one order up to its read-back."""
    keys = page.keyboard
    keys.type(code)
    keys.press("Enter")
    focused(page, "side")
    keys.press(side)
    focused(page, "price")
    keys.type(price)
    keys.press("Enter")
    focused(page, "quantity")
    keys.type(quantity)
    keys.press("Enter")


def last(page: Any) -> str:
    return str(page.locator("#last-number").text_content())


def sent(page: Any) -> str:
    """Send what was read back, by keys; the order's number. The device's key is agreed to where it has none yet."""
    before = last(page)
    focused(page, "send")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "was => document.getElementById('key-dialog').open || document.getElementById('last-number').textContent !== was",
        arg=before,
    )
    if last(page) == before:
        focused(page, "key-name")
        page.keyboard.press("Enter")
    page.wait_for_function("was => document.getElementById('last-number').textContent !== was", arg=before)
    focused(page, "code")
    return last(page)


def in_the_list(page: Any, number: str) -> None:
    """Put the keyboard on an order of the list."""
    page.keyboard.press("F8")
    page.wait_for_function("number => document.activeElement?.textContent.includes(number)", arg=number)


def test_fifty_orders_by_keys_alone_are_numbered_without_a_gap(desk: Any, cloud: Cloud) -> None:
    start_call(desk, "REC-FIFTY")
    terminal = desk.evaluate("JSON.parse(document.getElementById('desk-data').textContent).terminal")
    price = f"{cloud.reference('2330') // 10_000 - 20}"
    numbers = []
    for _ in range(ORDERS):
        order(desk, "2330", "b", price, "1s")
        numbers.append(sent(desk))
    counts = [count_of(number, terminal) for number in numbers]
    assert counts == list(range(counts[0], counts[0] + ORDERS))
    if counts[0] == 1:
        assert (numbers[0], numbers[-1]) == (f"{terminal}0001", f"{terminal}000o")
    assert f"{counts[-1]}" in desk.locator("#last-sequence").text_content()
    assert desk.evaluate("window.mice") == 0
    assert desk.locator("#blotter tr").count() >= ORDERS
    keep(desk, "desk-fifty")


def test_a_price_beyond_the_limit_is_refused_before_it_is_sent_and_esc_goes_back(desk: Any, cloud: Cloud) -> None:
    start_call(desk, "REC-LIMIT")
    before = last(desk)
    order(desk, "2330", "b", f"{cloud.reference('2330') // 10_000 * 2}", "1")
    desk.locator("#ticket-wrong .notice", has_text="613").wait_for()
    assert desk.locator("#read-back").is_hidden()
    assert desk.locator('#checks [data-verdict="fail"]').count() == 1
    desk.keyboard.press("Escape")
    assert desk.input_value("#quantity") == ""
    assert last(desk) == before


def test_nothing_is_sent_without_a_client_and_a_record(desk: Any) -> None:
    desk.wait_for_function("() => document.activeElement?.name === 'reason'")
    desk.focus("#code")
    desk.keyboard.type("2330")
    desk.keyboard.press("Enter")
    desk.wait_for_function("() => document.activeElement?.name === 'reason'")
    desk.keyboard.press("2")
    focused(desk, "query")
    desk.keyboard.type(CLIENT)
    desk.keyboard.press("Enter")
    focused(desk, "record-id")
    desk.focus("#quantity")
    desk.keyboard.press("Enter")
    focused(desk, "record-id")
    assert desk.locator("#read-back").is_hidden()


def test_a_client_is_not_looked_up_without_a_reason(desk: Any) -> None:
    desk.wait_for_function("() => document.activeElement?.name === 'reason'")
    desk.focus("#query")
    desk.keyboard.type(CLIENT)
    desk.keyboard.press("Enter")
    desk.locator("#client-wrong").wait_for()
    assert desk.locator("#client-card").is_hidden()
    desk.keyboard.press("5")
    focused(desk, "reference")
    desk.focus("#query")
    desk.keyboard.press("Enter")
    focused(desk, "reference")
    assert desk.locator("#client-card").is_hidden()


def test_shortcuts_can_be_switched_off_and_stay_off(desk: Any) -> None:
    start_call(desk, "REC-KEYS")
    desk.keyboard.press("F4")
    focused(desk, "record-id")
    desk.locator("#shortcuts").uncheck()
    desk.focus("#code")
    desk.keyboard.press("F4")
    focused(desk, "code")
    desk.reload()
    desk.locator("#shortcuts:not(:checked)").wait_for(state="attached")
    desk.locator("#shortcuts").check()


def test_an_order_is_cancelled_from_the_list_by_keys(desk: Any, cloud: Cloud) -> None:
    start_call(desk, "REC-CANCEL")
    order(desk, "2330", "b", f"{cloud.reference('2330') // 10_000 - 30}", "2s")
    number = sent(desk)
    row = desk.locator("#blotter tr", has_text=re.compile(number))  # a text would be found whatever its letters' case
    row.locator('[data-action="cancel"]').wait_for()
    in_the_list(desk, number)
    desk.keyboard.press("x")
    focused(desk, "amend-go")
    desk.keyboard.press("Enter")
    desk.wait_for_function(
        "number => [...document.querySelectorAll('#blotter tr')].find(row => row.textContent.includes(number))"
        "?.querySelectorAll('[data-action]').length === 0",
        arg=number,
    )


def test_a_partly_filled_order_is_told_and_may_still_be_cancelled(desk: Any, cloud: Cloud) -> None:
    start_call(desk, "REC-PARTLY")
    price = f"{cloud.reference('2884') / 10_000:.2f}"
    order(desk, "2884", "b", price, "3")
    number = sent(desk)
    row = desk.locator("#blotter tr", has_text=re.compile(number))
    cloud.seat().place("sell", "2884", price=price, quantity=1_000)
    row.get_by_text("部分成交").wait_for()
    assert row.locator('[data-action="cancel"]').count() == 1, "what is left may be taken back"
    in_the_list(desk, number)
    desk.keyboard.press("x")
    focused(desk, "amend-go")
    desk.keyboard.press("Enter")
    row.get_by_text("已刪單").or_(row.get_by_text("已取消")).wait_for()


def test_paper_tickets_are_checked_and_sent_together(browser: Any, cloud: Cloud) -> None:
    page = signed_in(browser, cloud, "keyin", "/desk/")
    assert page.url.endswith("/desk/keyin/")
    page.goto(cloud.origin + "/desk/paper/")
    low = cloud.reference("2330") // 10_000 - 25
    mark = f"T{page.evaluate('Date.now()')}"
    tickets = [
        f"{mark}-1 {CLIENT} 2330 B {low} 1s",
        f"{mark}-2 {CLIENT} 2330 B {low} 2s",
        f"{mark}-3 {CLIENT} 2330 B {low * 3} 1s",
        f"{mark}-4 12 2330 B {low} 1s",
    ]
    page.keyboard.insert_text("\n".join(tickets))
    page.keyboard.press("F4")
    page.wait_for_function(
        "() => document.querySelectorAll('#lines tr').length === 4 && !document.getElementById('send').disabled"
    )
    verdicts = [row.split("\t")[-2:] for row in page.locator("#lines tr").all_inner_texts()]
    assert page.locator("#lines .badge.good").count() == 2, verdicts
    page.keyboard.press("F8")
    focused(page, "key-name")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#lines tr')].filter(row => /\\(\\d+\\)/.test(row.textContent)).length === 2"
    )
    keep(page, "desk-paper")
    assert page.wrongs == []
    page.context.close()


@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_desk_is_whole_and_clean_on_every_screen(
    browser: Any, cloud: Cloud, language: str, size: dict[str, int]
) -> None:
    page = signed_in(browser, cloud, "sales", "/desk/", size=size, language=language)
    page.wait_for_timeout(1_000)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    start_call(page, "REC-LOOK")
    order(page, "2330", "b", f"{cloud.reference('2330') // 10_000 - 10}", "1")
    focused(page, "send")
    assert serious(page) == []
    keep(page, f"desk-{language}-{size['width']}")
    page.goto(
        page.locator("#client-log").get_attribute("href")
        and cloud.origin + page.locator("#client-log").get_attribute("href")
    )
    assert serious(page) == []
    keep(page, f"desk-calls-{language}-{size['width']}")
    assert page.wrongs == []
    page.context.close()
