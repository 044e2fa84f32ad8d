"""Alerts in a real browser: two clicks from a security, a trade of others fires, bell and notice tell, the moment replays, undo."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import AGAIN_MS, DESK, PHONE, TOASTS_STAY, keep, serious, watched

pytestmark = pytest.mark.full


CODE = "2454"
RUNG = "2603"
TICKS = {CODE: Decimal(5), RUNG: Decimal("0.5")}
"""Of prices from NT$ 1,000, and from 100."""
REMOVE_ALL = """async () => { const { calls } = await import("/static/shell/js/calls.js"); const call = calls("/alerts");
  for (const one of (await call("GET")).alerts) await call("DELETE", `/${one.id}`); }"""
ARMED = """async () => (await (await fetch("/api/v1/alerts")).json()).alerts.every((one) => one.armed || one.state !== "armed")"""
BELL_ASKED = "() => /[新:]/.test(document.getElementById('bell-said')?.textContent ?? '')"
"""What is announced from then on is new."""


@pytest.fixture(params=[("zh-hant", "light", DESK), ("en", "dark", PHONE)], ids=["zh-desk", "en-phone"])
def page(request: Any, browser: Any, cloud: Cloud) -> Iterator[Any]:
    """The investor, in both languages and widths."""
    language, theme, size = request.param
    with watched(browser, viewport=size, color_scheme=theme) as made:
        made.context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
        made.context.add_init_script(TOASTS_STAY)
        made.origin = cloud.origin
        made.look = f"{language}-{theme}"
        made.goto(cloud.link("investor"))
        made.evaluate(REMOVE_ALL)
        yield made
        made.evaluate(REMOVE_ALL)


def last(page: Any, code: str) -> Decimal:
    """The last price, else the reference, in NT$."""
    told = page.request.get(f"{page.origin}/api/v1/securities/{code}").json()
    return Decimal(told["last"] or told["reference"])


def crossing(page: Any, cloud: Cloud, code: str) -> tuple[str, str]:
    """A condition that does not hold yet, two ticks from the last price and inside what the stabilisation lets through: the
    looks of a test go up and down in turn."""
    now = last(page, code)
    rises = now <= Decimal(cloud.reference(code)) / 10_000
    return ("price_up", str(now + 2 * TICKS[code])) if rises else ("price_down", str(now - 2 * TICKS[code]))


def trade(cloud: Cloud, code: str, price: str) -> None:
    """Two brokers meet at a price."""
    cloud.seat(1).place("sell", code, price=price, quantity=1000)
    cloud.seat(2).place("buy", code, price=price, quantity=1000)


def all_armed(page: Any) -> None:
    """Wait until every alert is followed: what trades from then on counts."""
    page.wait_for_function(ARMED, polling=AGAIN_MS)


def without_toasts(page: Any) -> None:
    """They lie over what is clicked next."""
    page.evaluate("() => document.getElementById('toasts').replaceChildren()")


def looked_at(page: Any, name: str) -> None:
    keep(page, f"alerts-{name}-{page.look}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []


def test_from_a_security_to_the_moment_it_fired(page: Any, cloud: Cloud) -> None:
    page.goto(f"{cloud.origin}/pocket/alerts/")
    page.locator("#mine-empty").wait_for()
    looked_at(page, "empty")
    page.goto(f"{cloud.origin}/pocket/s/{CODE}/")
    page.locator(f'.security-head a[href="/pocket/alerts/?code={CODE}"]').click()
    page.wait_for_function("() => document.documentElement.dataset.alerts === 'ready'")
    page.locator("#chosen-last:not(:empty)").wait_for()
    kind, target = crossing(page, cloud, CODE)
    now = float(last(page, CODE))
    page.wait_for_function("(now) => Number(document.getElementById('value').value) === now", arg=now)
    page.select_option("#kind", kind)
    page.fill("#value", target)
    page.fill("#note", "2 檔")
    page.click("#send")
    page.locator("#mine li").wait_for()
    looked_at(page, "set")
    all_armed(page)
    trade(cloud, CODE, target)
    page.locator("#history li[data-firing]").first.wait_for()
    page.locator('#mine li[data-state="fired"]').wait_for()
    page.locator(".toast.note").first.wait_for()
    looked_at(page, "fired")
    without_toasts(page)
    page.locator('#history li[data-firing] a[href$="/replay/"]').first.click()
    page.wait_for_url("**/pocket/replay/?source=journal/**")
    page.locator(".toast.good, .notice.good").first.wait_for()  # the hash of the moment's events was computed again
    keep(page, f"alerts-replay-{page.look}")


def test_pause_change_delete_and_undo(page: Any, cloud: Cloud) -> None:
    page.goto(f"{cloud.origin}/pocket/alerts/?code={CODE}")
    page.wait_for_function("() => document.documentElement.dataset.alerts === 'ready'")
    page.select_option("#kind", "over_ma")
    assert page.input_value("#value") == "20"
    page.fill("#value", "1")
    page.click("#send")
    page.locator("#wrong:not([hidden])", has_text="7580").wait_for()
    looked_at(page, "wrong")
    page.faults.clear()  # a refusal is a line of the console
    page.fill("#value", "5")
    page.locator("#send:enabled").click()
    row = page.locator('#mine li[data-state="armed"]')
    row.wait_for()
    row.locator("button").nth(0).click()
    row = page.locator('#mine li[data-state="paused"]')
    row.wait_for()
    row.locator("button").nth(1).click()
    page.select_option("#kind", "kd_up")
    page.locator("#value-field").wait_for(state="hidden")
    page.click("#send")
    page.locator("#leave").wait_for(state="hidden")
    page.locator("#mine li", has_text="KD").wait_for()
    without_toasts(page)
    page.locator("#mine li button").nth(2).click()
    page.locator("#mine-empty").wait_for()
    page.locator(".toast .button").click()
    page.locator('#mine li[data-state="paused"]', has_text="KD").wait_for()


def test_the_bell_tells_on_every_page_and_is_seen_once(page: Any, cloud: Cloud) -> None:
    kind, target = crossing(page, cloud, RUNG)
    page.goto(f"{cloud.origin}/pocket/")
    page.wait_for_function(BELL_ASKED)
    before = page.evaluate(f"""async () => {{ const {{ calls }} = await import("/static/shell/js/calls.js");
      const call = calls("/alerts"); const {{ newest }} = await call("GET", "/firings");
      await call("POST", "/firings/seen", {{ upto: newest }});
      await call("POST", "", {{ code: "{RUNG}", kind: "{kind}", value: "{target}" }}); return newest; }}""")
    all_armed(page)
    page.goto(f"{cloud.origin}/pocket/orders/")
    page.wait_for_function(BELL_ASKED)
    trade(cloud, RUNG, target)
    page.locator("#bell-count:not([hidden])", has_text="1").wait_for()
    page.locator(".toast.note", has_text=RUNG).wait_for()
    without_toasts(page)
    page.click("#bell summary")
    page.locator("#bell-list li", has_text=RUNG).first.wait_for()
    looked_at(page, "bell")
    page.locator("#bell-count").wait_for(state="hidden")
    page.reload()
    page.wait_for_function(BELL_ASKED)
    page.wait_for_function(
        """async () => (await (await fetch("/api/v1/alerts/firings?limit=1")).json()).unseen === 0""", polling=AGAIN_MS
    )
    page.locator("#bell-count").wait_for(state="hidden")
    told = page.evaluate("""async () => (await (await fetch("/api/v1/alerts/firings")).json()).firings""")
    assert [one["code"] for one in told if one["id"] > before] == [RUNG], "once"


PRICES = """() => (document.getElementById("chart").dataset.levels ?? "").split(" ").filter(Boolean).map(Number)"""
"""Where the chart has lines, as it says itself."""


def lined(page: Any, *prices: Decimal) -> None:
    """The chart has lines at these prices and at no others."""
    page.wait_for_function(
        f"(wanted) => JSON.stringify(({PRICES})().sort()) === JSON.stringify(wanted)",
        arg=sorted(float(price) if price % 1 else int(price) for price in prices),
    )


def chart_of(page: Any, cloud: Cloud, code: str) -> None:
    """The chart of the running day's minutes, once alerts can be set on it."""
    page.goto(f"{cloud.origin}/pocket/chart/{code}/?span=1m&adjusted=raw&indicators=")
    page.locator("#alert-pen").wait_for()


def sent(page: Any, method: str) -> Any:
    return page.expect_response(lambda answer: answer.request.method == method and "/api/v1/alerts" in answer.url)


def test_price_alerts_are_lines_of_the_chart(page: Any, cloud: Cloud) -> None:
    """Set at the pointer and by keys, undone, taken away, set and fired elsewhere; not among adjusted prices."""
    trade(cloud, CODE, str(last(page, CODE)))
    chart_of(page, cloud, CODE)
    lined(page)
    page.click("#alert-pen")
    assert page.get_attribute("#alert-pen", "aria-pressed") == "true"
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart").bounding_box()
    with sent(page, "POST") as answer:
        page.mouse.click(box["x"] + 120, box["y"] + 60)
    pointed = answer.value.json()
    price = Decimal(pointed["value"])
    assert price % TICKS[CODE] == 0, "a price of the grid"
    assert pointed["kind"] == ("price_up" if price >= last(page, CODE) else "price_down")
    lined(page, price)
    page.locator(f'#levels li[data-alert="{pointed["id"]}"]').wait_for()
    page.locator(".toast .button").click()
    lined(page)
    page.locator("#levels").wait_for(state="hidden")

    page.focus("#alert-pen")
    page.keyboard.press("Enter")
    page.focus("#chart")
    page.keyboard.press("End")
    close = Decimal(page.inner_text("#said").rpartition(" ")[2].replace(",", ""))
    with sent(page, "POST") as answer:
        page.keyboard.press("Enter")
    keyed = answer.value.json()
    assert Decimal(keyed["value"]) == close
    lined(page, close)
    with sent(page, "DELETE"):
        page.locator("#levels li button").click()
    lined(page)

    kind, target = crossing(page, cloud, CODE)
    page.evaluate(f"""async () => {{ const {{ calls }} = await import("/static/shell/js/calls.js");
      await calls("/alerts")("POST", "", {{ code: "{CODE}", kind: "{kind}", value: "{target}" }}); }}""")
    lined(page, Decimal(target))
    looked_at(page, "chart")
    page.select_option("#adjusted", "forward")
    lined(page)
    page.locator("#alert-pen").wait_for(state="hidden")
    page.select_option("#adjusted", "raw")
    lined(page, Decimal(target))
    all_armed(page)
    trade(cloud, CODE, target)
    page.locator('#levels li[data-state="fired"]').wait_for()
    lined(page, Decimal(target))
    looked_at(page, "chart-fired")
    page.evaluate(REMOVE_ALL)
    lined(page)
