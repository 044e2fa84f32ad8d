"""The screener in a real browser: a lake without history, a ready-made screen, one built, one written with completion, a mistake
marked, sorting, a watchlist, a screen kept and found again.

Five made stocks are imported into the cloud's lake; days are those of `tests/services/screener/stocks.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import PATIENCE_MS, PHONE, TOASTS_STAY, keep, reached, serious, watched
from tests.services.screener.stocks import fill

pytestmark = pytest.mark.full

READY = "() => document.documentElement.dataset.screener === 'ready'"


@pytest.fixture(scope="module")
def history(cloud: Cloud) -> Path:
    """The cloud's lake with five made stocks."""
    return fill(cloud.home)


@pytest.fixture
def page(browser: Any, signed_in: Any) -> Iterator[Any]:
    with watched(browser, storage_state=signed_in) as made:
        made.context.add_init_script(TOASTS_STAY)
        yield made
        half_written(made)


def opened(page: Any, cloud: Cloud, query: str = "?on=2026-08-21") -> None:
    """The page as of the made stocks' last day: a market day that another test closed is history too."""
    page.goto(f"{cloud.origin}/pocket/screener/{query}")
    page.wait_for_function(READY)


def found(page: Any) -> list[str]:
    return list(page.locator("#table tbody tr").evaluate_all("all => all.map((one) => one.dataset.code)"))


def screened(page: Any) -> Any:
    """Waits for the next answer."""
    return page.expect_response(lambda answer: answer.url.endswith("/screener/run"))


def chips(page: Any) -> list[str]:
    return [text.removesuffix("×").strip() for text in page.locator("#conditions button").all_inner_texts()]


def half_written(page: Any) -> None:
    """What is read before it is whole is refused, which the browser notes."""
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]


def test_without_history_the_page_says_how_to_import(page: Any, cloud: Cloud) -> None:
    """Other tests fill the cloud's lake: answers are made those of an empty one, to which tests/services/screener holds the API."""
    nothing = {"bars": "", "flows": "", "margin": "", "revenue": ""}
    page.route("**/screener/data", lambda route: route.fulfill(json=nothing))

    def emptied(route: Any) -> None:
        asked = {**route.request.post_data_json, "on": "1980-01-02"}
        answer = route.fetch(post_data=asked, timeout=PATIENCE_MS).json()
        assert (answer["date"], answer["matches"]) == ("", [])
        route.fulfill(json=answer | {"empty": True})

    page.route("**/screener/run", emptied)
    opened(page, cloud)
    page.locator("#empty:not([hidden])").wait_for()
    assert "yunhai history import" in page.inner_text("#empty")
    with screened(page):
        page.locator('[data-example="foreign-buying"]').click()
    page.wait_for_function("() => document.querySelectorAll('#conditions button').length === 1")
    assert page.locator("#result").is_hidden()
    assert page.locator("#empty").is_visible()
    assert chips(page) == ["連續 5 日外資買賣超 > 0"]
    keep(page, "screener-empty-zh-light-desk")
    assert serious(page) == []


def test_a_ready_made_screen_then_one_more_condition(page: Any, cloud: Cloud, history: Path) -> None:
    opened(page, cloud)
    assert "2026-08-21" in page.inner_text("#data")
    with screened(page):
        page.locator('[data-example="averages-in-order"]').click()
    page.locator('#table tr[data-code="5555"]').wait_for()
    assert {"1111", "5555"} <= set(found(page))
    page.select_option("#left", "外資買賣超")
    page.fill("#right", "0")
    page.fill("#running", "3")
    page.click("#builder button")
    page.wait_for_function("() => document.querySelectorAll('#conditions button').length === 4")
    assert chips(page)[-1] == "連續 3 日外資買賣超 > 0"
    with screened(page):
        page.click("#run-button")
    page.wait_for_function("() => !document.querySelector('#table tr[data-code=\"5555\"]')")
    assert found(page) == ["1111"]
    heads = page.locator("#table thead th").all_inner_texts()
    assert any("SMA(60)" in head for head in heads)
    keep(page, "screener-zh-light-desk")
    assert serious(page) == []
    page.locator("#conditions button").last.click()
    page.wait_for_function("() => document.querySelectorAll('#conditions button').length === 3")
    assert page.input_value("#text") == "close > sma(5) and sma(5) > sma(20) and sma(20) > sma(60)"
    reached(page, page.locator('#table tr[data-code="1111"] a').click, "**/pocket/chart/1111/")


def test_written_with_completion_and_sorted(page: Any, cloud: Cloud, history: Path) -> None:
    opened(page, cloud)
    page.focus("#text")
    page.keyboard.type("收盤")
    page.locator("#completions [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.type(" > 1 and kd.")
    page.locator("#completions [role=option]", has_text="kd.k").wait_for()
    page.keyboard.press("Tab")
    assert page.input_value("#text") == "收盤價 > 1 and kd.k(9,3,3)"
    page.keyboard.type(" >= 0")
    page.fill("#explain", "6666")
    with screened(page):
        page.focus("#text")
        page.keyboard.press("Control+Enter")
    page.locator('#table tr[data-code="2222"]').wait_for()
    page.locator('[data-column="close"] button').click()
    page.wait_for_function(
        "() => document.querySelector('[data-column=close]').getAttribute('aria-sort') === 'descending'"
    )
    of_ours = [code for code in found(page) if code in ("1111", "2222", "3333", "5555")]
    assert of_ours == ["1111", "2222", "3333", "5555"]
    page.locator('[data-column="close"] button').press("Enter")
    page.wait_for_function(
        "() => document.querySelector('[data-column=close]').getAttribute('aria-sort') === 'ascending'"
    )
    assert [code for code in found(page) if code in of_ours] == of_ours[::-1]
    assert "6666" in page.inner_text("#why")
    assert "text=" in page.url
    half_written(page)


def test_a_mistake_is_marked_at_its_character_in_both_languages(page: Any, cloud: Cloud, history: Path) -> None:
    opened(page, cloud)
    page.fill("#text", "收盤價 > 5 and 天氣 > 3")
    page.locator("#wrong .notice").wait_for()
    assert "第 13 字" in page.inner_text("#wrong")
    assert page.inner_text("#wrong mark") == "天"
    keep(page, "screener-wrong-zh-light-desk")
    page.context.add_cookies([{"name": "yunhai_language", "value": "en", "url": cloud.origin}])
    opened(page, cloud)
    page.fill("#text", "close > 5 and")
    page.locator("#wrong .notice").wait_for()
    assert "at character 14" in page.inner_text("#wrong")
    half_written(page)


def test_a_screen_is_kept_and_stocks_go_to_a_watchlist(page: Any, cloud: Cloud, history: Path) -> None:
    opened(page, cloud, "?text=close+%3E+1+and+foreign_net+%3E+0&on=2026-08-20")
    page.locator('#table tr[data-code="1111"]').wait_for()
    assert "2026-08-20" in page.inner_text("#result-title")
    page.click("#save")
    page.fill("#name", "外資買的")
    page.click("#name-dialog .main")
    page.locator("#own-tools:not([hidden])").wait_for()
    page.locator('#table tr[data-code="1111"] input').check()
    page.click("#watch")
    page.select_option("#watch-list", "")
    page.fill("#watch-name", "選出來的")
    page.click("#watch-dialog .main")
    page.locator(".toast.good", has_text="選出來的").wait_for()
    lists = page.evaluate("async () => (await (await fetch('/api/v1/quotes/watchlists')).json()).watchlists")
    assert next(one["codes"] for one in lists if one["name"] == "選出來的") == ["1111"]

    opened(page, cloud)
    page.select_option("#own-screens", label="外資買的")
    page.wait_for_function("() => document.querySelectorAll('#conditions button').length === 2")
    page.click("#rename")
    page.fill("#name", "外資")
    page.click("#name-dialog .main")
    page.locator("#own-screens option", has_text="外資").wait_for(state="attached")
    page.wait_for_function("() => !document.getElementById('name-dialog').open")
    page.click("#delete")
    page.locator(".toast.good", has_text="已刪除").wait_for()
    page.wait_for_function("() => document.querySelectorAll('#own-screens option').length === 1")
    gone = "async (id) => (await import('/static/quotes/watchlists.js')).remove(id)"
    page.evaluate(gone, next(one["id"] for one in lists if one["name"] == "選出來的"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_in_english(browser: Any, signed_in: Any, cloud: Cloud, history: Path, theme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=theme, has_touch=True, storage_state=signed_in)
    context.add_cookies([{"name": "yunhai_language", "value": "en", "url": cloud.origin}])
    page = context.new_page()
    opened(page, cloud, "?text=close+%3E+1+and+margin_balance+%3E+0+and+value+%3E+0&on=2026-08-21&explain=2222")
    page.locator("#notes .notice").first.wait_for()
    assert "Turnover: there is no data for it." in page.inner_text("#notes")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"screener-en-{theme}-phone")
    assert serious(page) == []
    context.close()
