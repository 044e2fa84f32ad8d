"""The replay room in a real browser: from a security found to a moment shared, and what the room does besides.

The morning is made here: two brokers and the investor trade one security, so that it is known what a replay must show.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, listened, serious
from tests.services.charts.days import bring, days
from yunhai.kernel.money import price_text

pytestmark = pytest.mark.full

CODE, OTHER = "2330", "2317"
LOT = 1_000
LOOKS = (
    ("zh-hant", "light", "desk"),
    ("en", "dark", "phone"),
    ("zh-hant", "dark", "phone"),
    ("en", "light", "desk"),
)
VERIFIED = {"zh-hant": "事件相同：已驗證", "en": "Same events: verified"}
DIFFERENT = {"zh-hant": "事件不同", "en": "Not the same events"}
LIVE = "() => document.getElementById('room')?.dataset.link === 'live' && document.getElementById('room').dataset.hash"
HERE = "() => { const { position, hash } = document.getElementById('room').dataset; return [Number(position), hash]; }"
TRADED = "(least) => Number(document.querySelector('[data-book=trades]').textContent) >= least"


@pytest.fixture(scope="module")
def morning(browser: Any, cloud: Cloud, signed_in: Any, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Ahead of the investor 5,000 shares wait to be sold at one price; who buys 6,000 takes them, and 1,000 of the investor's
    2,000. Then the other security trades once. The number of the investor's order."""
    last = date.fromisoformat(cloud.plan["date"])
    made = days(300, last=date.fromordinal(last.toordinal() - 1), close=cloud.reference(CODE) // 100)
    bring(cloud.home / "lake", tmp_path_factory.mktemp("days"), CODE, made)
    price = price_text(cloud.reference(CODE))
    cloud.seat(1).place("sell", CODE, price=price, quantity=5 * LOT)
    context = browser.new_context(viewport=DESK, storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{cloud.origin}/pocket/s/{CODE}/")
    page.locator('#ticket [data-price="reference"]:not(:empty)').wait_for()
    page.check('#ticket [name=side][value="sell"]', force=True)
    page.fill("#ticket-price", price)
    page.fill("#ticket-quantity", "2")
    page.locator("#send:enabled").click()
    page.locator("#consent[open] .main, #result a").first.wait_for()
    if page.locator("#consent[open]").count():
        page.locator("#consent .main").click()
    page.locator("#result a").wait_for()
    number = page.inner_text("#result a")
    row = page.locator(f'.orders tbody tr:has(th:has-text("{number}"))')
    row.locator(".badge.note").wait_for()  # at the exchange, behind the others
    order = int(re.search(r"(\d+)/$", row.locator("th a").get_attribute("href")).group(1))
    cloud.seat(2).place("buy", CODE, price=price, quantity=6 * LOT)
    row.locator("text=/1 .* 2 /").wait_for()
    context.close()
    other = price_text(cloud.reference(OTHER))
    cloud.seat(1).place("sell", OTHER, price=other, quantity=LOT)
    cloud.seat(2).place("buy", OTHER, price=other, quantity=LOT)
    return order


def context_of(browser: Any, cloud: Cloud, signed_in: Any, look: tuple[str, str, str]) -> Any:
    language, theme, width = look
    context = browser.new_context(
        viewport=DESK if width == "desk" else PHONE,
        color_scheme=theme,
        has_touch=width == "phone",
        storage_state=signed_in,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
    return context


def new_page(context: Any) -> Any:
    page = context.new_page()
    page.faults = listened(page)
    return page


@pytest.fixture
def page(browser: Any, cloud: Cloud, signed_in: Any, morning: int) -> Iterator[Any]:
    """The investor at the desk, in Chinese."""
    context = context_of(browser, cloud, signed_in, LOOKS[0])
    made = new_page(context)
    yield made
    assert made.faults == []
    context.close()


def room(page: Any, cloud: Cloud, query: str = f"?codes={CODE}") -> None:
    page.goto(f"{cloud.origin}/pocket/replay/{query}")
    page.wait_for_function(LIVE)


def moved(page: Any, action: Any) -> tuple[int, str]:
    """Does something that moves the replay; the new position and hash."""
    before = page.evaluate(HERE)
    action()
    page.wait_for_function(
        "(before) => Number(document.getElementById('room').dataset.position) !== before", arg=before[0]
    )
    return tuple(page.evaluate(HERE))


def draw_a_line(page: Any) -> None:
    box = page.locator("#chart").bounding_box()
    page.click('[data-pen="trend"]')
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 120)
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 110)
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/drawings")
    ) as sent:
        page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + 90)
    line = sent.value.json()["drawing"]
    page.locator(f'#lines [data-drawing="{line}"]').wait_for()
    page.locator(f'#lines [data-drawing="{line}"] button').click()  # it is the person's: the next look draws its own
    page.locator(f'#lines [data-drawing="{line}"]').wait_for(state="detached")


def chart_with_kd_and_ma(page: Any) -> None:
    page.wait_for_function("() => Boolean(document.getElementById('chart')?.dataset.drawn)")
    for name in ("KD", "MA"):
        page.click("#open-chooser")
        page.locator("#indicator option").first.wait_for(state="attached")
        page.fill("#indicator-find", name)
        page.select_option("#indicator", name)
        page.click("#add-indicator")
        page.locator("#chooser").wait_for(state="hidden")
        page.locator("#chosen button", has_text=f"{name}(").first.wait_for()


def own_order_found(page: Any, order: int) -> tuple[int, str]:
    """Jump to one's own order by the list; its place in the book and in the queue. Position and hash."""
    page.locator(f'#mine [data-order="{order}"] button').wait_for()
    here = moved(page, page.locator(f'#mine [data-order="{order}"] button').first.click)
    own = page.locator("#ladder .at button.own")
    own.wait_for()
    own.click()
    page.locator("#queue-list li.own").wait_for()
    queue = page.locator("#queue-list li")
    assert queue.count() >= 2, "the order is behind another"
    assert f"#{order}" in page.inner_text("#queue-list li.own")
    ahead = "".join(found for found in page.inner_text("#queue-list li.own .ahead") if found.isdigit())
    assert int(ahead) >= 5
    assert page.locator("#mine li:not(.later)").count() >= 1
    return here


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_from_a_security_found_to_a_moment_shared(
    browser: Any, cloud: Cloud, signed_in: Any, morning: int, look: tuple[str, str, str]
) -> None:
    """Find 2330, open its chart, add KD and MA, draw a line, open the replay of this morning, find one's own order in it,
    share the permalink, open it in a fresh page: the same moment, its hash verified. Then a holding's order in three clicks."""
    context = context_of(browser, cloud, signed_in, look)
    page = new_page(context)
    name = "-".join(look)
    page.goto(f"{cloud.origin}/pocket/")
    page.locator('.menu a[href="/pocket/chart/"]').click()
    page.wait_for_url("**/pocket/chart/")
    page.wait_for_load_state("load")  # the scripts have run
    page.fill("#find", CODE)
    page.locator(f'#found [data-code="{CODE}"]').click()
    chart_with_kd_and_ma(page)
    draw_a_line(page)

    page.locator(f'a[href="/pocket/replay/?codes={CODE}"]').click()
    page.wait_for_function(LIVE)
    assert page.input_value("#source") == f"journal/{cloud.plan['date']}"
    page.wait_for_function("() => document.getElementById('chart').dataset.bars")
    position, digest = own_order_found(page, morning)
    keep(page, f"replay-own-order-{name}")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []

    page.click("#share")
    page.locator("#share-dialog[open]").wait_for()
    link = page.input_value("#share-link")
    assert page.inner_text("#share-hash") == digest
    page.wait_for_function("(link) => navigator.clipboard.readText().then((text) => text === link)", arg=link)
    keep(page, f"replay-share-{name}")
    assert serious(page) == []

    fresh = new_page(context)
    fresh.goto(link)
    fresh.wait_for_function(LIVE)
    assert VERIFIED[look[0]] in fresh.inner_text("#room-notice")
    assert fresh.evaluate(HERE) == [position, digest]
    assert fresh.inner_text("#moment") == page.inner_text("#moment")
    assert fresh.locator("#ladder .at button.own").count() == 1
    keep(fresh, f"replay-permalink-{name}")

    fresh.goto(link.replace(digest, "0" * 64))
    fresh.locator("#room-notice .notice.bad").wait_for()
    assert DIFFERENT[look[0]] in fresh.inner_text("#room-notice")
    assert "7485" in fresh.inner_text("#room-notice")
    keep(fresh, f"replay-refused-{name}")
    fresh.click("#choose-newest")
    fresh.wait_for_function(LIVE)

    fresh.goto(f"{cloud.origin}/pocket/holdings/")
    fresh.locator(f'#holdings a[href="/pocket/replay/orders/{CODE}/"]').click()
    fresh.locator(f'a[href="/pocket/replay/order/{morning}/"]').wait_for()
    assert serious(fresh) == []
    fresh.locator(f'a[href="/pocket/replay/order/{morning}/"]').click()
    fresh.locator("#card-hash").wait_for()
    assert fresh.inner_text("#card-hash") == digest, "the card and the room speak of the same events"
    assert "5,000" in fresh.inner_text(".plain-words")
    keep(fresh, f"replay-card-{name}")
    assert serious(fresh) == []
    assert fresh.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    fresh.click("#open-moment")
    fresh.wait_for_function(LIVE)
    assert fresh.evaluate(HERE) == [position, digest]
    assert page.faults + fresh.faults == []
    context.close()


def test_everything_by_the_keyboard(page: Any, cloud: Cloud, morning: int) -> None:
    """Step, leap, speed, an order by its number, play to the end, a span, a moment by its time, the list of keys."""
    room(page, cloud)
    begins = page.evaluate(HERE)
    assert begins[0] == 0
    first = moved(page, lambda: page.keyboard.press("ArrowRight"))
    tenth = moved(page, lambda: page.keyboard.press("Shift+ArrowRight"))
    assert tenth[0] > first[0] > 0
    assert moved(page, lambda: page.keyboard.press("Shift+ArrowLeft")) != tenth
    page.keyboard.press("Home")
    page.wait_for_function("() => document.getElementById('room').dataset.position === '0'")
    assert page.evaluate(HERE) == begins

    page.keyboard.press("g")
    page.fill("#go-where", str(morning))
    own = moved(page, lambda: page.press("#go-where", "Enter"))
    page.keyboard.press("i")
    page.keyboard.press("9")
    assert page.input_value("#speed") == "1000"
    page.keyboard.press("j")
    assert page.input_value("#speed") == "500"
    page.keyboard.press("l")
    page.check("#idle")
    page.focus("body")
    moved(page, lambda: page.keyboard.press("k"))
    page.wait_for_function("() => document.querySelector('[data-do=play]').dataset.playing === 'false'")
    page.wait_for_function(TRADED, arg=2)
    end = page.evaluate(HERE)
    page.keyboard.press("o")
    page.locator("#span-figures:not([hidden])").wait_for()
    assert page.inner_text('[data-span="volume"]') == "6"
    assert page.inner_text('[data-span="trades"]') == "2"
    assert page.inner_text('[data-span="vwap"]') == f"{cloud.reference(CODE) / 10_000:,.2f}"
    keep(page, "replay-span-zh-hant-light-desk")

    moved(page, lambda: page.keyboard.press("Home"))
    assert moved(page, lambda: page.keyboard.press("End")) == tuple(end)
    assert moved(page, lambda: page.keyboard.press("p")) == own
    page.keyboard.press("g")
    page.fill("#go-where", "09:00:00")
    page.press("#go-where", "Enter")
    page.wait_for_function("() => document.getElementById('moment').textContent.startsWith('09:00:00')")
    page.keyboard.press("g")
    page.fill("#go-where", "noon")
    page.press("#go-where", "Enter")
    page.locator("#go-wrong:not([hidden])").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#keys-dialog[open]").wait_for()
    keep(page, "replay-keys-zh-hant-light-desk")
    assert serious(page) == []
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    here = page.evaluate(HERE)
    page.keyboard.press("End")
    page.keyboard.press("?")
    page.locator("#keys-dialog[open]").wait_for()
    assert page.evaluate(HERE) == here, "switched off, the keys are quiet"
    page.check("#keys-on")


def test_two_in_step_a_bookmark_and_a_lost_connection(page: Any, cloud: Cloud) -> None:
    room(page, cloud)
    moved(page, lambda: page.keyboard.press("End"))
    page.wait_for_function(TRADED, arg=2)
    page.fill("#find", OTHER)
    page.locator(f'#found [data-code="{OTHER}"]').click()
    page.locator(f'#tiles [data-code="{OTHER}"] [aria-pressed="true"]').wait_for()
    page.wait_for_function("() => document.querySelector('#tape').classList.contains('several')")
    assert page.locator("#tiles li").count() == 2
    codes = page.locator("#tape tbody .of-code").all_inner_texts()
    assert {CODE, OTHER} <= set(codes)
    keep(page, "replay-two-zh-hant-light-desk")

    moved(page, lambda: page.keyboard.press("p"))
    page.keyboard.press("b")
    page.fill("#bookmark-name", "我的委託")
    page.press("#bookmark-name", "Enter")
    page.locator("#bookmarks [data-bookmark]", has_text="我的委託").first.wait_for()
    here = page.evaluate(HERE)

    page.context.set_offline(True)
    page.wait_for_function("() => ['reconnecting', 'offline'].includes(document.getElementById('room').dataset.link)")
    assert page.locator("#link-lost").is_visible()
    assert page.is_disabled('[data-do="play"]')
    page.context.set_offline(False)
    page.wait_for_function(LIVE)
    assert page.evaluate(HERE) == here, "the same position, the same events"
    assert page.locator("#tiles li").count() == 2
    page.faults.clear()  # the browser notes what it could not fetch meanwhile

    moved(page, lambda: page.keyboard.press("Home"))
    page.locator("#bookmarks .name", has_text="我的委託").first.click()
    page.wait_for_function("(at) => Number(document.getElementById('room').dataset.position) === at", arg=here[0])
    assert VERIFIED["zh-hant"] in page.inner_text("#room-notice")
    for _ in range(page.locator("#bookmarks [data-bookmark]").count()):
        count = page.locator("#bookmarks [data-bookmark]").count()
        page.locator("#bookmarks [data-bookmark] button:last-child").first.click()
        page.wait_for_function(
            "(count) => document.querySelectorAll('#bookmarks [data-bookmark]').length < count", arg=count
        )


def test_what_cannot_be_opened_says_why(page: Any, cloud: Cloud) -> None:
    """A code of another market: the day's first security instead. A link that is none: how to go on."""
    room(page, cloud, "?codes=NOSUCH")
    assert "NOSUCH" in page.inner_text("#room-notice")
    assert page.locator("#tiles li").count() == 1
    page.goto(f"{cloud.origin}/pocket/replay/?source=journal/1999-01-01&at=1&codes={CODE}&hash={'0' * 64}")
    page.locator("#room-choose:not([hidden])").wait_for()
    assert "7480" in page.inner_text("#room-notice")
