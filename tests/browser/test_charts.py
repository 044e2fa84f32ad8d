"""The chart room in a real browser: find a security, see its bars, add KD and MA, draw a line, find it all again after a reload.

Twenty years of made days of one security are imported into the cloud's lake. How soon they are drawn: `test_first_drawing`.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.first_drawing import CODE, DRAWN, YEARS_OF_DAYS, bring_history
from tests.browser.fixtures import AGAIN_MS, PHONE, keep, serious, until, watched
from yunhai.market.importers.importing import import_file

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def history(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud's lake with twenty years of `CODE`, up to the day before the market's."""
    return bring_history(cloud, tmp_path_factory.mktemp("days"))


@pytest.fixture
def page(browser: Any, signed_in: Any, history: Path) -> Iterator[Any]:
    with watched(browser, storage_state=signed_in) as made:
        yield made


def chart(page: Any, cloud: Cloud, code: str = CODE, query: str = "") -> None:
    page.goto(f"{cloud.origin}/pocket/chart/{code}/{query}")
    page.wait_for_function(DRAWN)


def chips(page: Any) -> list[str]:
    return [text.removesuffix(" ×") for text in page.locator("#chosen button").all_inner_texts()]


def kept(page: Any, holds: Callable[[dict[str, str]], bool]) -> Any:
    """Waits until such a thing on the chart has been kept: an earlier one may still be on its way."""

    def of_it(answer: Any) -> bool:
        return bool(answer.url.endswith("/charts/chosen") and answer.ok and holds(answer.request.post_data_json))

    return page.expect_response(of_it)


def without_indicators(page: Any) -> None:
    """Every chip is clicked away, and none is kept."""
    while names := chips(page):
        with kept(page, lambda said, name=names[0]: name not in said["indicators"]):
            page.locator("#chosen button").first.click()
        page.wait_for_function("(n) => document.querySelectorAll('#chosen button').length < n", arg=len(names))


def without_lines(page: Any, cloud: Cloud) -> None:
    """None of the person's lines over the security is left, whoever drew them."""
    page.goto(f"{cloud.origin}/pocket/chart/{CODE}/")
    page.evaluate(
        """async (code) => { const { calls } = await import("/static/shell/js/calls.js"); const call = calls("/charts");
        for (const one of await call("GET", `/${code}/drawings`)) await call("DELETE", `/drawings/${one.drawing}`); }""",
        CODE,
    )


def add(page: Any, name: str, **parameters: str) -> None:
    page.click("#open-chooser")
    page.locator("#indicator option").first.wait_for(state="attached")
    page.fill("#indicator-find", name)
    page.select_option("#indicator", name)
    for parameter, value in parameters.items():
        page.fill(f"#parameter-{parameter}", value)
    with kept(page, lambda said: f"{name}(" in said["indicators"]):
        page.click("#add-indicator")


def test_found_indicators_added_a_line_drawn_and_all_of_it_there_after_a_reload(page: Any, cloud: Cloud) -> None:
    without_lines(page, cloud)
    page.goto(cloud.origin + "/pocket/chart/")
    page.fill("#find", CODE)
    page.locator(f'#found [data-code="{CODE}"]').click()
    page.wait_for_function(DRAWN)
    page.check('#spans [value="1d"]', force=True)
    page.wait_for_function(f"() => Number(document.getElementById('chart').dataset.bars) >= {YEARS_OF_DAYS}")
    without_indicators(page)

    add(page, "KD")
    add(page, "MA", timeperiod="5")
    page.wait_for_function("() => document.querySelectorAll('#chosen button').length === 2")
    assert chips(page) == ["KD(9,3,3)", "MA(5)"]
    legend = page.inner_text("#legend")
    assert "KD(9,3,3)" in legend
    assert "MA(5)" in legend

    box = page.locator("#chart").bounding_box()
    page.click('[data-pen="trend"]')
    assert page.get_attribute('[data-pen="trend"]', "aria-pressed") == "true"
    page.mouse.click(box["x"] + 300, box["y"] + 160)
    page.mouse.move(box["x"] + 500, box["y"] + 120)
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/drawings")
    ) as sent:
        page.mouse.click(box["x"] + 700, box["y"] + 100)
    line = sent.value.json()
    assert line["kind"] == "trend"
    assert line["points"][0]["time"] < line["points"][1]["time"]
    page.locator(f'#lines [data-drawing="{line["drawing"]}"]').wait_for()
    keep(page, "chart-zh-light-desk")

    page.reload()
    page.wait_for_function(DRAWN)
    page.locator(f'#lines [data-drawing="{line["drawing"]}"]').wait_for()
    assert chips(page) == ["KD(9,3,3)", "MA(5)"]

    page.check('#spans [value="1w"]', force=True)  # the same line lies over weeks too
    page.wait_for_function(f"() => Number(document.getElementById('chart').dataset.bars) < {YEARS_OF_DAYS // 2}")
    page.locator(f'#lines [data-drawing="{line["drawing"]}"]').hover()
    keep(page, "chart-weeks-zh-light-desk")
    with kept(page, lambda said: said["span"] == "1d"):
        page.check('#spans [value="1d"]', force=True)
    page.locator(f'#lines [data-drawing="{line["drawing"]}"] button').click()
    page.locator("#lines .hush").wait_for()
    assert serious(page) == []


def test_by_the_keyboard_alone(page: Any, cloud: Cloud) -> None:
    """Bar by bar, closer, and a horizontal line at the crosshair's close."""
    chart(page, cloud)
    page.wait_for_function("() => !document.querySelector('.chart-pens').hidden")
    page.focus('[data-pen="horizontal"]')
    page.keyboard.press("Enter")
    page.focus("#chart")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("+")
    spoken = page.inner_text("#said")
    assert "收" in spoken
    close = spoken.rpartition(" ")[2]
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/drawings")
    ) as sent:
        page.keyboard.press("Enter")
    line = sent.value.json()
    assert (line["kind"], float(line["points"][0]["price"])) == ("horizontal", float(close.replace(",", "")))
    page.locator(f'#lines [data-drawing="{line["drawing"]}"] button').press("Enter")
    page.wait_for_function(f"() => !document.querySelector('[data-drawing=\"{line['drawing']}\"]')")

    page.focus("#open-line")
    page.keyboard.press("Enter")
    page.locator("#liner[open]").wait_for()
    page.select_option("#line-kind", "horizontal")
    page.fill("#line-price-1", "0")
    page.press("#line-price-1", "Enter")
    page.locator("#liner-wrong .notice").wait_for()
    assert ["422" in fault for fault in page.faults] == [True], "the refusal, which the browser notes"
    page.faults.clear()
    page.fill("#line-price-1", "500.5")
    page.click("#add-line")
    page.locator("#lines [data-drawing]", has_text="500.50").wait_for()
    page.locator("#lines [data-drawing]", has_text="500.50").locator("button").click()
    page.locator("#lines [data-drawing]", has_text="500.50").wait_for(state="detached")


def test_the_day_that_trades_is_the_last_bar_with_its_indicators(page: Any, cloud: Cloud) -> None:
    """A trade of the market moves the last bar, the price above and the indicator's last value."""
    seat, other = cloud.seat(1), cloud.seat(2)
    reference = cloud.reference(CODE)
    chart(page, cloud, query="?span=1d&indicators=MA(5)")
    for price in (reference, reference + tick(reference)):
        text = f"{price // 10_000}.{price % 10_000:04}"[:-2]
        seat.place("sell", CODE, price=text, quantity=1000)
        other.place("buy", CODE, price=text, quantity=1000)
        shown = f"{price // 10_000:,}.{price % 10_000 // 100:02}"
        page.wait_for_function(
            "(text) => document.querySelector('.chart-last [data-field=last]').innerText === text", arg=shown
        )
        page.wait_for_function("(text) => document.getElementById('legend').innerText.includes(text)", arg=shown)
    asked = page.evaluate(
        "async (code) => (await (await fetch(`/api/v1/charts/${code}/bars?limit=4`)).json()).close", CODE
    )
    average = (sum(asked) / 10_000 + price / 10_000) / 5
    page.wait_for_function(
        "(value) => Math.abs(Number(document.querySelector('[data-ink=series-1]').innerText) - value) < 0.006",
        arg=average,
    )


def test_minutes_of_the_running_day_follow_its_trades(page: Any, cloud: Cloud) -> None:
    """Bars of less than a day come from the day's own trades, the last one with every trade."""
    seat, other = cloud.seat(1), cloud.seat(2)
    reference = cloud.reference(CODE)
    text = f"{reference // 10_000}.{reference % 10_000:04}"[:-2]
    seat.place("sell", CODE, price=text, quantity=1000)
    other.place("buy", CODE, price=text, quantity=1000)
    bars = f"{cloud.origin}/api/v1/charts/{CODE}/bars?span=1m"
    before = until(lambda: running(page.request.get(bars).json(), cloud), "minutes of the running day")
    page.goto(f"{cloud.origin}/pocket/chart/{CODE}/?span=1m&indicators=MA(5)")
    page.wait_for_function(DRAWN)
    for span in ("5m", "15m", "30m", "60m"):
        with page.expect_response(lambda answer, span=span: f"span={span}&" in answer.url and answer.ok):
            page.check(f'#spans [value="{span}"]', force=True)
    for span in ("1s", "5s", "15s", "30s"):
        with page.expect_response(lambda answer, span=span: f"span={span}&" in answer.url and answer.ok):
            page.select_option("#seconds", span)
        page.wait_for_function(r"() => /\d\d:\d\d:\d\d/.test(document.getElementById('legend').innerText)")
        assert page.locator("#spans :checked").count() == 0
    keep(page, "chart-seconds-zh-light-desk")
    with page.expect_response(lambda answer: "span=1m&" in answer.url and answer.ok):
        page.check('#spans [value="1m"]', force=True)
    page.wait_for_function("() => document.getElementById('seconds').value === ''")
    raised = reference + tick(reference)
    text = f"{raised // 10_000}.{raised % 10_000:04}"[:-2]
    seat.place("sell", CODE, price=text, quantity=2000)
    other.place("buy", CODE, price=text, quantity=2000)
    shown = f"{raised // 10_000:,}.{raised % 10_000 // 100:02}"
    page.wait_for_function("(text) => document.getElementById('legend').innerText.includes(text)", arg=shown)
    page.wait_for_function(
        """async ([code, last, least]) => {
            const asked = [`charts/${code}/bars?span=1m`, `securities/${code}`].map((path) => fetch(`/api/v1/${path}`));
            const [bars, day] = await Promise.all((await Promise.all(asked)).map((answer) => answer.json()));
            const volume = bars.volume.reduce((sum, one) => sum + one, 0);
            return bars.close.at(-1) === last && volume >= least && volume === day.shares; }""",
        arg=[CODE, raised, sum(before["volume"]) + 2000],
        polling=AGAIN_MS,
    )
    keep(page, "chart-minutes-zh-light-desk")
    with kept(page, lambda said: said["span"] == "1d"):
        page.check('#spans [value="1d"]', force=True)


def running(bars: dict[str, Any], cloud: Cloud) -> dict[str, Any] | None:
    """Bars that the running day is among: a busy reader may leave them out once."""
    return bars if bars["live"] == cloud.plan["date"] and bars["volume"] else None


DRAWN_AGAIN = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done(document.getElementById("legend").innerText))))"""


def pointed_at(page: Any, *place: float) -> str:
    """What the legend says of a place of the chart, once it is drawn."""
    page.mouse.move(*place)
    return str(page.evaluate(DRAWN_AGAIN))


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> dict[str, Any]:
    """Take a line and put it down elsewhere; the server's line."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/drawings/" in answer.url) as sent:
        page.mouse.up()
    moved: dict[str, Any] = sent.value.json()
    page.evaluate(DRAWN_AGAIN)  # the page has heard it too
    return moved


def lines(page: Any) -> Any:
    return page.evaluate("async (code) => (await fetch(`/api/v1/charts/${code}/drawings`)).json()", CODE)


def test_a_line_is_dragged_by_an_end_and_as_a_whole_and_every_change_undone(page: Any, cloud: Cloud) -> None:
    without_lines(page, cloud)
    chart(
        page, cloud, query="?span=1d&adjusted=forward&indicators=MA(5)"
    )  # no running day, whose first bar would move the view
    box = page.locator("#chart").bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x, box["y"] + y

    page.click('[data-pen="trend"]')
    page.mouse.click(*at(250, 180))
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/drawings")
    ) as sent:
        page.mouse.click(*at(650, 120))
    drawn = sent.value.json()
    page.locator(f'#lines [data-drawing="{drawn["drawing"]}"]').wait_for()

    pointed_at(page, *at(474, 160))
    before = pointed_at(page, *at(475, 160))
    ended = drag(page, at(650, 120), at(700, 220))
    assert ended["points"][0] == drawn["points"][0], "the other end stays"
    assert ended["points"][1]["time"] > drawn["points"][1]["time"]
    assert float(ended["points"][1]["price"]) < float(drawn["points"][1]["price"])
    whole = drag(page, at(475, 200), at(475, 160))
    assert [point["time"] for point in whole["points"]] == [point["time"] for point in ended["points"]]
    rises = [
        float(one["price"]) - float(other["price"]) for one, other in zip(whole["points"], ended["points"], strict=True)
    ]
    assert rises[0] > 0
    assert abs(rises[0] - rises[1]) <= 0.011
    pointed_at(page, *at(474, 160))
    assert pointed_at(page, *at(475, 160)) == before, "the chart stood still"
    keep(page, "chart-line-dragged-zh-light-desk")

    page.focus("#chart")
    for expected in ([ended], [drawn], []):
        with page.expect_response(lambda answer: "/drawings/" in answer.url and answer.ok):
            page.keyboard.press("Control+z")
        assert lines(page) == expected
    page.locator("#undo-line:disabled").wait_for()

    page.click('[data-pen="horizontal"]')
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/drawings")
    ) as sent:
        page.mouse.click(*at(400, 140))
    level = sent.value.json()
    page.locator(f'#lines [data-drawing="{level["drawing"]}"] button').click()
    page.locator("#lines .hush").wait_for()
    page.click("#undo-line")
    page.locator(f'#lines [data-drawing]:not([data-drawing="{level["drawing"]}"])').wait_for()
    (back,) = lines(page)
    assert (back["points"], back["drawing"] != level["drawing"]) == (level["points"], True)
    page.click("#undo-line")
    page.locator("#lines .hush").wait_for()
    assert lines(page) == []


def test_a_set_up_is_kept_by_name_and_put_on_the_chart(page: Any, cloud: Cloud) -> None:
    chart(page, cloud, query="?span=1d&indicators=MA(7),RSI(6)")
    for one in page.evaluate("async () => (await fetch('/api/v1/charts/setups')).json()"):
        page.evaluate(
            "async (setup) => { const { csrf } = await import('/static/shell/js/token.js');"
            " await fetch(`/api/v1/charts/setups/${setup}`, { method: 'DELETE', headers: { 'X-CSRFToken': csrf() } }); }",
            one["setup"],
        )
    page.click("#open-setups")
    page.locator("#setups-list .hush").wait_for()
    page.fill("#setup-name", "短線")
    page.press("#setup-name", "Enter")
    page.locator("#setups-list .setup-take", has_text="短線").wait_for()
    keep(page, "chart-setups-zh-light-desk")
    assert serious(page) == []
    page.locator("#setups [data-close]").click()
    without_indicators(page)
    page.click("#open-setups")
    page.locator("#setups-list .setup-take", has_text="短線").click()
    page.wait_for_function("() => document.querySelectorAll('#chosen button').length === 2")
    assert chips(page) == ["MA(7)", "RSI(6)"]
    page.click("#open-setups")
    page.locator("#setups-list li button").last.click()
    page.locator("#setups-list .hush").wait_for()


def test_one_stock_over_four_spans_side_by_side(page: Any, cloud: Cloud) -> None:
    page.goto(f"{cloud.origin}/pocket/chart/{CODE}/")
    page.locator(".chart-kinds a", has_text="一股多圖").click()
    panes = page.locator("#grid .pane")
    page.wait_for_function("() => document.querySelectorAll('#grid .chart-box[data-bars]').length === 4")
    assert [one.input_value() for one in panes.locator("select").all()] == ["5m", "60m", "1d", "1w"]
    assert panes.locator("canvas").count() > 0
    drawn = panes.locator(".chart-box").nth(2)
    assert int(drawn.get_attribute("data-bars")) == 600
    drawn.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert "收" in page.inner_text("#said")
    with page.expect_response(lambda answer: "span=1mo" in answer.url and answer.ok):
        panes.locator("select").nth(3).select_option("1mo")
    keep(page, "chart-panes-zh-light-desk")
    assert serious(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    panes.locator("h2 a").nth(2).click()
    page.wait_for_function(DRAWN)


def test_many_stocks_of_a_watchlist_live(page: Any, cloud: Cloud) -> None:
    seat, other = cloud.seat(1), cloud.seat(2)
    page.goto(f"{cloud.origin}/pocket/chart/many/")
    page.wait_for_function("() => document.querySelectorAll('#grid .chart-box[data-bars]').length === 4")
    with page.expect_response(lambda answer: "/bars?" in answer.url and answer.ok):
        page.check('#grid-size [value="9"]', force=True)
    page.wait_for_function("() => document.querySelectorAll('#grid .chart-box[data-bars]').length > 4")
    code = page.locator("#grid h2 a").first.inner_text().split()[0]
    reference = cloud.reference(code)
    text = f"{reference // 10_000}.{reference % 10_000:04}"[:-2]
    seat.place("sell", code, price=text, quantity=1000)
    other.place("buy", code, price=text, quantity=1000)
    shown = f"{reference // 10_000:,}.{reference % 10_000 // 100:02}"
    page.wait_for_function("(text) => document.querySelector('.pane [data-field=last]').innerText === text", arg=shown)
    keep(page, "chart-many-zh-light-desk")
    assert serious(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_rows_lead_to_charts_and_charts_back(page: Any, cloud: Cloud) -> None:
    for place, row in (("/pocket/", "#watch"), ("/pocket/boards/", "#watch")):
        page.goto(cloud.origin + place)
        link = page.locator(f"{row} tbody .chart-link").first
        link.wait_for()
        keep(page, f"chart-links{place.replace('/', '-')}zh-light-desk")
        code = link.get_attribute("href").split("/")[-2]
        link.click()
        page.wait_for_url(f"**/pocket/chart/{code}/")
        page.locator("#trade-link:not([hidden])").click()
        page.wait_for_url(f"**/s/{code}/")


def test_futures_of_an_imported_day(page: Any, cloud: Cloud, tmp_path: Path) -> None:
    page.goto(f"{cloud.origin}/pocket/chart/futures/")
    if page.locator("#futures").count() == 0:
        assert "yunhai history import" in page.inner_text("#futures-empty")
        keep(page, "chart-futures-none-zh-light-desk")
        rows = [
            "成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價",
            *(
                f"20210726,TX     ,202108     ,{9 + at // 60:02}{at % 60:02}01,{17_500 + at * 7 % 60},4,-,-,"
                for at in range(120)
            ),
        ]
        file = tmp_path / "day.csv"
        file.write_text("\n".join([*rows, ""]))
        import_file(cloud.home / "lake", file, now_ns=time.time_ns())
        page.reload()
    page.locator('#futures [data-code="TX202108"] a').click()
    page.wait_for_function(DRAWN)
    assert int(page.get_attribute("#chart", "data-bars")) >= 24
    assert "口" in page.inner_text("#legend")
    keep(page, "chart-futures-zh-light-desk")
    assert serious(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", ["many/", f"{CODE}/panes/", "futures/"])
def test_kinds_on_a_phone_in_english(
    browser: Any, signed_in: Any, cloud: Cloud, history: Path, theme: str, place: str
) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=theme, has_touch=True, storage_state=signed_in)
    context.add_cookies([{"name": "yunhai_language", "value": "en", "url": cloud.origin}])
    page = context.new_page()
    page.goto(f"{cloud.origin}/pocket/chart/{place}")
    if place != "futures/":
        page.wait_for_function("() => document.querySelectorAll('#grid .chart-box[data-bars]').length >= 4")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"chart-{place.replace('/', '-')}en-{theme}-phone")
    assert serious(page) == []
    context.close()


def tick(price: int) -> int:
    """Of a stock, in 1/10,000 NT$."""
    for below, step in ((10, 100), (50, 500), (100, 1_000), (500, 5_000), (1_000, 10_000)):
        if price < below * 10_000:
            return step
    return 50_000


def test_another_day_is_followed_when_it_is_opened(page: Any, cloud: Cloud) -> None:
    chart(page, cloud)
    page.locator("#trade-link:not([hidden])").wait_for()
    with page.expect_response(lambda answer: "/bars?" in answer.url and "limit=" not in answer.url):
        page.evaluate("document.dispatchEvent(new CustomEvent('yunhai:market', { detail: { date: '2099-01-02' } }))")


def test_a_security_without_history_says_how_to_import(page: Any, cloud: Cloud) -> None:
    page.goto(f"{cloud.origin}/pocket/chart/00999/")
    page.locator("#chart-empty:not([hidden])").wait_for()
    assert "yunhai history import" in page.inner_text("#chart-empty")
    assert page.locator("#chart").is_hidden()
    keep(page, "chart-empty-zh-light-desk")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_in_english(browser: Any, signed_in: Any, cloud: Cloud, history: Path, theme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=theme, has_touch=True, storage_state=signed_in)
    context.add_cookies([{"name": "yunhai_language", "value": "en", "url": cloud.origin}])
    page = context.new_page()
    chart(page, cloud, query="?span=1d&indicators=MA(5),KD(9,3,3)")
    page.wait_for_function("() => document.getElementById('legend').innerText.includes('KD(9,3,3)')")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"chart-en-{theme}-phone")
    assert serious(page) == []
    context.close()


def test_real_history_where_it_is_at_hand(page: Any, cloud: Cloud, data_folder: Path) -> None:
    """The last in this file: it adds real days of forty stocks to the lake."""
    source = data_folder / "tw_daily" / "tw_longhist_40stocks_2000_2015.csv.gz"
    import_file(cloud.home / "lake", source, now_ns=time.time_ns())
    chart(page, cloud, "2330", "?span=1d&indicators=MA(5),KD(9,3,3)")
    page.wait_for_function("() => Number(document.getElementById('chart').dataset.bars) > 3000")
    page.focus("#chart")
    page.keyboard.press("Home")
    assert page.inner_text("#said").startswith("2000-01-04")
    keep(page, "chart-real-zh-light-desk")
