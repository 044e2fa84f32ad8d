"""The Pocket in a real browser, on a real cloud: buy, watch it fill, change it, see the books and the timeline."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import PATIENCE_MS, PHONE, keep, reloaded_until, shown_at, watched
from yunhai.kernel.money import price_text

pytestmark = pytest.mark.full

CODE = "2303"
TICK = 5_000  # 116.5 NT$: half a dollar


@pytest.fixture
def page(browser: Any, cloud: Cloud) -> Iterator[Any]:
    """The investor, signed in on a new device at the desk."""
    with watched(browser, refusals=True) as made:
        made.goto(cloud.link("investor"))
        yield made


def ticket(page: Any, cloud: Cloud, code: str = CODE) -> None:
    """The security's page, with its ticket ready."""
    page.goto(f"{cloud.origin}/pocket/s/{code}/")
    page.locator('#ticket [data-price="reference"]:not(:empty)').wait_for()


def type_order(page: Any, *, side: str, price: str, quantity: str, odd: bool = False) -> None:
    page.check(f'#ticket [name=side][value="{side}"]', force=True)
    page.check(f'#ticket [name=segment][value="{"odd_lot" if odd else "board"}"]', force=True)
    page.fill("#ticket-price", price)
    page.fill("#ticket-quantity", quantity)


def send(page: Any) -> str:
    """Press the button once it opens; the order number."""
    before = page.inner_text("#result")
    page.locator("#send:enabled").click()
    page.wait_for_function("() => document.getElementById('consent').open || document.querySelector('#result a')")
    if page.locator("#consent").is_visible():
        page.locator("#consent .main").click()
    page.wait_for_function(
        "(before) => { const r = document.getElementById('result').innerText; return r && r !== before }", arg=before
    )
    number = str(page.inner_text("#result a"))
    row(page, number).wait_for()
    return number


def row(page: Any, number: str) -> Any:
    return page.locator(f'.orders tbody tr:has(th:has-text("{number}"))')


def test_a_lot_and_seven_odd_shares_from_click_to_statement(page: Any, cloud: Cloud) -> None:
    """Buy 1 lot and 7 odd shares; cut, re-price, cancel; see fills, holdings, cash, statement and timeline."""
    seat = cloud.seat()
    reference = cloud.reference(CODE)
    at = price_text(reference)
    below = price_text(reference - 2 * TICK)
    ticket(page, cloud)
    page.wait_for_function("() => /\\d/.test(document.querySelector('[data-field=held]').innerText)")
    held = int(page.inner_text('[data-field="held"]').replace(",", ""))

    # what it costs stands there before the click
    type_order(page, side="buy", price=at, quantity="1")
    page.locator("#send:enabled").wait_for()
    assert page.inner_text('[data-cost="value"]') == f"{reference // 10:,}"
    reserved = int(re.sub(r"\D", "", page.inner_text('[data-cost="reserved"]')))
    assert reserved > reference // 10
    keep(page, "ticket-zh-light-desk")
    first = send(page)
    row(page, first).locator("text=委託中").wait_for()

    # 7 odd shares, of another terminal's next number
    type_order(page, side="buy", price=at, quantity="7", odd=True)
    odd = send(page)
    assert odd != first
    seat.place("sell", CODE, price=at, quantity=1000)
    seat.place("sell", CODE, price=at, quantity=7, segment="odd_lot")
    row(page, first).locator("text=全部成交").wait_for()
    row(page, odd).locator("text=全部成交").wait_for()  # the odd-lot auction comes every five seconds
    page.wait_for_function(
        f"() => document.querySelector('[data-field=held]').innerText.replace(',', '') === '{held + 1007}'"
    )
    page.locator(f'[data-field="last"]:text-is("{at}")').wait_for()

    # three lots, cut by one, dearer by a tick, cancelled
    type_order(page, side="buy", price=below, quantity="3")
    third = send(page)
    row(page, third).locator("text=委託中").wait_for()
    row(page, third).locator("[data-action=cut]").click()
    page.locator(".editor .main:enabled").click()
    row(page, third).locator("text=0 張 / 2 張").wait_for()
    page.locator(".editor").wait_for(state="detached")  # its answer may come after the stream's
    row(page, third).locator("[data-action=reprice]").click()
    page.fill(".editor input", price_text(reference - TICK))
    page.locator(".editor .main:enabled").click()
    row(page, third).locator(f"text={price_text(reference - TICK)}").wait_for()
    page.locator(".editor").wait_for(state="detached")
    row(page, third).locator("[data-action=cancel]").click()
    page.locator(".editor .danger").click()
    row(page, third).locator("text=已刪單").wait_for()
    assert row(page, third).locator("[data-action]").count() == 0

    # fills, holdings, cash, statement
    filled = page.locator(f'#fills tr:has-text("{first}") >> text=1,000'), page.locator(f'#fills tr:has-text("{odd}")')
    shown_at(page, f"{cloud.origin}/pocket/orders/#fills", *filled)
    keep(page, "fills-zh-light-desk")
    holding = page.locator(f'#holdings tr:has-text("{CODE}") >> text={held + 1007:,}')
    shown_at(page, f"{cloud.origin}/pocket/holdings/", holding)
    shown_at(page, f"{cloud.origin}/pocket/cash/", page.locator("text=待交割"))
    statement = f"{cloud.origin}/pocket/statements/{cloud.plan['date']}/"
    reloaded_until(page, statement, lambda: page.locator(f'tr:has-text("{CODE}")').count() >= 2)

    # the timeline: gate, exchange, fill, each with its place; what was signed, and that the signature holds
    reloaded_until(page, f"{cloud.origin}/timeline/{first}/", lambda: page.locator(".event").count() == 3)
    said = page.inner_text("#events")
    for words in ("委託受理", "簽章有效", "交易所接受委託", "成交 1000 股"):
        assert words in said
    signed = page.locator(".event pre").first.text_content()
    assert signed.startswith("yunhai-instruction-1\naction=new\nmode=simulated\n")
    assert f"code={CODE}\n" in signed
    assert re.search(r"[0-9a-f]{64}", page.locator(".event .hash").first.text_content())


def test_what_the_gate_would_refuse_cannot_be_sent(page: Any, cloud: Cloud) -> None:
    """The first check that fails is said in words while one types, and the button stays shut."""
    ticket(page, cloud)
    beyond = price_text(cloud.reference(CODE) * 2)
    for price, quantity, code in [
        (beyond, "1", "6131"),
        ("116.51", "1", "6130"),
        (price_text(cloud.reference(CODE)), "499", "6150"),
    ]:
        type_order(page, side="buy", price=price, quantity=quantity)
        page.locator(f'#verdict:has-text("{code}")').wait_for()
        assert page.locator("#send").is_disabled()
        assert page.locator("#verdict .remedy").inner_text()
    page.fill("#ticket-price", "abc")
    page.locator('#verdict:has-text("四位小數")').wait_for()
    assert page.locator("#send").is_disabled()


def test_pressing_twice_orders_once(page: Any, cloud: Cloud) -> None:
    """Two clicks at once, and Enter besides: one order."""
    ticket(page, cloud)
    type_order(page, side="buy", price=price_text(cloud.reference(CODE) - 4 * TICK), quantity="1")
    send(page)  # registers the device
    row_count = page.locator(".orders tbody tr").count()
    page.locator("#send:enabled").wait_for()
    page.evaluate("() => { const b = document.getElementById('send'); b.click(); b.click(); b.form.requestSubmit(); }")
    page.wait_for_function(f"() => document.querySelectorAll('.orders tbody tr').length === {row_count + 1}")
    page.wait_for_timeout(1500)
    assert page.locator(".orders tbody tr").count() == row_count + 1
    page.locator("#send:enabled").wait_for()
    page.evaluate("""() => document.addEventListener("pocket:sent", () => setTimeout(() => {
        const b = document.getElementById("send"); b.click(); b.form.requestSubmit(); }, 50), { once: true })""")
    page.evaluate("() => document.getElementById('send').click()")
    page.wait_for_function(f"() => document.querySelectorAll('.orders tbody tr').length === {row_count + 2}")
    page.wait_for_timeout(1500)
    assert page.locator(".orders tbody tr").count() == row_count + 2, (
        "a slow second click, after the answer, orders nothing"
    )


@pytest.mark.parametrize("lost", [1, 4], ids=["mended by itself", "given up, pressed again"])
def test_an_answer_lost_on_the_way_is_asked_again_with_the_same_order(page: Any, cloud: Cloud, lost: int) -> None:
    """The core takes the order, the answer never comes: sent again, the same bytes, it stays one order."""
    ticket(page, cloud)
    type_order(page, side="buy", price=price_text(cloud.reference(CODE) - 5 * TICK), quantity="1")
    send(page)
    row_count = page.locator(".orders tbody tr").count()
    bodies: list[str] = []

    def lose(route: Any) -> None:
        bodies.append(route.request.post_data)
        if len(bodies) <= lost:
            route.fetch(timeout=PATIENCE_MS)  # it arrives; its answer does not
            route.abort()
        else:
            route.continue_()

    page.route("**/trade/v1/orders", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    if lost == 4:  # every try of the first press
        page.locator("#send:enabled").click()
        page.locator(".toast.bad").wait_for()
    send(page)
    page.wait_for_timeout(800)
    assert len(bodies) == lost + 1
    assert len(set(bodies)) == 1
    assert page.locator(".orders tbody tr").count() == row_count + 1


def test_it_works_by_keyboard(page: Any, cloud: Cloud) -> None:
    """Search, choose, price by arrow, quantity, send: no mouse."""
    page.goto(f"{cloud.origin}/pocket/")
    page.locator("#watch tbody tr").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type(CODE)
    page.locator("#found [aria-selected=true]").wait_for()
    page.keyboard.press("Enter")
    page.locator('#ticket [data-price="reference"]:not(:empty)').wait_for()
    page.focus("#ticket-price")
    page.keyboard.type(price_text(cloud.reference(CODE) - 6 * TICK))
    page.keyboard.press("ArrowDown")
    assert page.input_value("#ticket-price") == price_text(cloud.reference(CODE) - 7 * TICK)
    page.locator("#send:enabled").wait_for()
    page.keyboard.press("Enter")
    page.locator("#consent[open]").wait_for()
    page.keyboard.press("Enter")
    page.locator("#result a").wait_for()


def test_quotes_move_without_reload_and_on_a_phone(browser: Any, cloud: Cloud) -> None:
    """A trade elsewhere changes list, security and five levels at once; 390 px wide."""
    context = browser.new_context(viewport=PHONE, color_scheme="dark", has_touch=True)
    page = context.new_page()
    page.goto(cloud.link("investor"))
    code, price = "2884", price_text(cloud.reference("2884"))
    page.locator(f'#watch tr[data-code="{code}"]').wait_for()
    page.wait_for_function("() => document.getElementById('link-state').dataset.state === 'live'")
    one, other = cloud.seat(1), cloud.seat(2)
    one.place("sell", code, price=price, quantity=2000)
    other.place("buy", code, price=price, quantity=1000)
    page.locator(f'#watch tr[data-code="{code}"] >> text={price}').first.wait_for()
    keep(page, "quotes-zh-dark-phone")
    page.goto(f"{cloud.origin}/pocket/s/{code}/")
    page.locator(f'#levels button:has-text("{price}")').wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    keep(page, "security-zh-dark-phone")
    context.close()


def test_a_lost_connection_is_said_and_mended(page: Any, cloud: Cloud) -> None:
    """Offline is shown, numbers are greyed, and everything comes back by itself."""
    page.locator("#watch tbody tr").first.wait_for()
    page.wait_for_function("() => document.getElementById('link-state').dataset.state === 'live'")
    page.context.set_offline(True)
    page.wait_for_function(
        "() => ['offline', 'reconnecting'].includes(document.getElementById('link-state').dataset.state)"
    )
    page.locator("#watch.stale").wait_for()
    page.context.set_offline(False)
    page.wait_for_function("() => document.getElementById('link-state').dataset.state === 'live'")
    page.locator("#watch:not(.stale)").wait_for()
