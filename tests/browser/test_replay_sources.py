"""What the replay room opens besides our own day, and what it says when something cannot be shown: the real Shanghai morning, the
real futures day, a source that is late, closed, changed or gone, and a stream that is away."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import keep, reached, serious, until
from tests.browser.test_desk import signed_in as console_of
from tests.browser.test_replay_room import HERE, LIVE, LOOKS, context_of, moved, new_page
from tests.market.test_replay_sources import ROWS, written
from yunhai.apps.reference_data import pack_named
from yunhai.market.replay.app import PATH
from yunhai.market.replay.catalogue import Catalogue
from yunhai.market.replay.messages import price as told
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Source

pytestmark = pytest.mark.full

ORDERS = "l3/sse-2023/600519/2023-02-07"
TRADES = "trades/TX/2021-07-26"
SMALL = "trades/TX/2026-08-21"
PLAYED_MS = 900_000
FAR_TOO_SLOW_MS = 20_000
"""A hundred times what a seek may take on a quiet machine, which `./dev bench` holds: a standstill, not a busy machine."""
STOPPED = "() => document.querySelector('[data-do=play]').dataset.playing === 'false'"
AT = "(position) => Number(document.getElementById('room').dataset.position) === position"
ADDRESS = "() => new URLSearchParams(location.search).get('hash') === document.getElementById('room').dataset.hash"
TILES = "() => new URLSearchParams(location.search).get('codes') === document.getElementById('tiles').dataset.codes"
LOST = """() => document.getElementById("room").dataset.link !== "live" && document.getElementById("link-lost").checkVisibility()"""
DRAWN = """(where) => new Promise((done, failed) => {
  setTimeout(() => failed(new Error("nothing moved")), 90_000);
  const room = document.getElementById("room");
  const before = room.dataset.position;
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (room.dataset.position === before) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  seen.observe(room, { attributes: true, attributeFilter: ["data-position"] });
  if (typeof where === "string") document.body.dispatchEvent(new KeyboardEvent("keydown", { key: where, bubbles: true }));
  else {
    const bar = document.getElementById("scrub");
    bar.value = String(Math.round(where * Number(bar.max)));
    for (const kind of ["input", "change"]) bar.dispatchEvent(new Event(kind, { bubbles: true }));
  }
})"""
"""Milliseconds from a key, or a touch of the scrub bar at a part of the day, to the book that is drawn."""
LONG_TASKS = """() => {
  window.long = [];
  const watch = new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)));
  watch.observe({ type: "longtask" });
}"""


@pytest.fixture(scope="module")
def real(cloud: Cloud, data_folder: Path) -> Iterator[Catalogue]:
    """The real files where the installation looks for them, and the same sources read here."""
    folder = cloud.home / "replay"
    morning, day = folder / ORDERS, folder / f"{TRADES}.csv.gz"
    morning.mkdir(parents=True, exist_ok=True)
    day.parent.mkdir(parents=True, exist_ok=True)
    for path in (data_folder / "l3_orders" / "sse_600519").glob("*.csv.gz"):
        shutil.copy(path, morning)
    shutil.copy(data_folder / "taifex" / "time_and_sales_2021-07-26.csv.gz", day)
    yield Catalogue(cloud.home / "none", folder, pack_named)
    shutil.rmtree(morning)
    day.unlink()


@pytest.fixture
def small(cloud: Cloud) -> Iterator[Path]:
    """A small file of trades, to be changed and taken away."""
    path = cloud.home / "replay" / f"{SMALL}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    yield written(path)
    path.unlink(missing_ok=True)


@pytest.fixture(params=[LOOKS[0], LOOKS[1]], ids="-".join)
def looked(request: Any, browser: Any, cloud: Cloud, signed_in: Any) -> Iterator[tuple[Any, str]]:
    """A page in one look, and the look's name."""
    context = context_of(browser, cloud, signed_in, request.param)
    page = new_page(context)
    yield page, "-".join(request.param)
    assert page.faults == []
    context.close()


@pytest.fixture
def page(browser: Any, cloud: Cloud, signed_in: Any) -> Iterator[Any]:
    context = context_of(browser, cloud, signed_in, LOOKS[0])
    made = new_page(context)
    yield made
    assert made.faults == []
    context.close()


def opened(page: Any, cloud: Cloud, query: str) -> None:
    page.goto(f"{cloud.origin}/pocket/replay/?{query}")
    page.wait_for_function(LIVE)


def chosen(page: Any, cloud: Cloud, source: str) -> None:
    """Open the room, then a source by its list, as somebody does who looks around."""
    opened(page, cloud, "")
    page.select_option("#source", source)
    page.wait_for_function("(source) => new URLSearchParams(location.search).get('source') === source", arg=source)
    page.wait_for_function(TILES)  # the address changes before the room is drawn, whose chart had bars already
    page.wait_for_function("() => document.getElementById('chart').dataset.bars > 0")


def end_of(page: Any) -> int:
    """The last position that the stream lets be shown of what is open."""
    return int(re.findall(r"\d+", page.locator("#position").text_content().replace(",", ""))[-1])


def shut_out(page: Any, cloud: Cloud) -> bool:
    """Opened again, the room is refused: by its page, or by the stream, which hears of the matrix later than the page does."""
    if page.goto(f"{cloud.origin}/pocket/replay/").status != 200:
        return True
    page.wait_for_function(f"() => ({LIVE})() || !document.getElementById('room-refused').hidden")
    return page.locator("#room-refused:not([hidden])").count() > 0


def listen(page: Any) -> list[dict[str, Any]]:
    """Every update that the stream sends from now on."""
    updates: list[dict[str, Any]] = []

    def heard(frame: Any) -> None:
        message = json.loads(frame)
        if message["op"] == "update":
            updates.append(message)

    page.on("websocket", lambda socket: PATH in socket.url and socket.on("framereceived", heard))
    return updates


def play_to_the_end(page: Any, speed_key: str = "9") -> None:
    page.keyboard.press(speed_key)
    page.keyboard.press("k")
    page.wait_for_function("() => document.querySelector('[data-do=play]').dataset.playing === 'true'")
    page.wait_for_function(STOPPED, timeout=PLAYED_MS)


def ladder_is_the_books(page: Any, source: Source, position: int) -> None:
    """The ten levels that are drawn, price by price and share by share."""
    replay = Replay(source, [source.listings[0].name])
    replay.seek(position)
    sides = replay.depth(source.listings[0].name, 10)
    for side, column in zip(sides, ((2, 3), (5, 4)), strict=True):
        amounts, prices = (page.locator(f"#ladder tbody td:nth-child({number})").all_inner_texts() for number in column)
        drawn = [
            (at.replace(",", ""), int(shares.replace(",", "")))
            for at, shares in zip(prices, amounts, strict=True)
            if shares
        ]
        assert drawn == [(told(price), shares) for price, shares, _ in side]


def test_the_real_morning_in_the_room(looked: tuple[Any, str], cloud: Cloud, real: Catalogue) -> None:
    """Opened from the list, stepped, sought, played at ×1000 to its end: every event told, the same hash, the same book."""
    page, name = looked
    source, _ = real.open(ORDERS)
    updates = listen(page)
    chosen(page, cloud, ORDERS)
    assert page.locator("#tiles li").count() == 1
    assert page.inner_text("#day") == "2023-02-07"
    assert page.evaluate(HERE) == [0, source.hash_at(0).hex()]
    for _ in range(5):
        page.keyboard.press("ArrowRight")  # five quick ones are five
    page.wait_for_function(AT, arg=5)
    page.keyboard.press("g")
    page.fill("#go-where", "10:15:00.250")
    here = moved(page, lambda: page.press("#go-where", "Enter"))
    assert here == (len(source.before(source.time_of(here[0]))), source.hash_at(here[0]).hex())
    ladder_is_the_books(page, source, here[0])
    page.locator("#ladder .at button:enabled").first.click()
    page.locator("#queue-list li").first.wait_for()
    page.locator("#notes summary").click()
    assert "600519" in page.inner_text("#notes-list")
    keep(page, f"replay-morning-{name}")
    assert serious(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.click("#queue-close")

    waits = [page.evaluate(DRAWN, where) for where in (0.9, 0.2, 0.55, 0.05, 0.7, "Home", "End", "ArrowLeft")]
    assert sorted(waits)[len(waits) // 2] < FAR_TOO_SLOW_MS, waits
    moved(page, lambda: page.keyboard.press("Home"))
    page.evaluate(LONG_TASKS)
    updates.clear()
    play_to_the_end(page)
    assert page.evaluate(HERE) == [len(source), source.hash_at(len(source)).hex()]
    assert sum(one["events"] for one in updates) == len(source)
    assert [one["first"] for one in updates[1:]] == [one["position"] for one in updates[:-1]]
    assert max(page.evaluate("() => window.long"), default=0) < FAR_TOO_SLOW_MS
    ladder_is_the_books(page, source, len(source))
    keep(page, f"replay-morning-end-{name}")


def test_the_real_futures_day_in_the_room(looked: tuple[Any, str], cloud: Cloud, real: Catalogue) -> None:
    """Trades only: no book and none pretended, contracts and points, the night before the weekend before the day after it; 96,334
    trades at ×1000, silences skipped, none left out."""
    page, name = looked
    source, _ = real.open(TRADES)
    updates = listen(page)
    chosen(page, cloud, TRADES)
    assert page.locator("#no-book").is_visible()
    assert page.locator("#ladder-box").is_hidden()
    assert page.locator("[data-book=phase]").is_hidden(), "a file of trades tells no phase"
    assert page.inner_text("#day") == "2021-07-23"
    assert page.locator("#scrub-marks .silence").count() == 1
    page.keyboard.press("g")
    page.fill("#go-where", "15:00:30")
    moved(page, lambda: page.press("#go-where", "Enter"))
    assert (page.inner_text("#day"), page.inner_text("#moment")) == ("2021-07-23", "15:00:30.000")
    page.keyboard.press("i")
    page.keyboard.press("g")
    page.fill("#go-where", "09:00:00")
    moved(page, lambda: page.press("#go-where", "Enter"))
    assert page.inner_text("#day") == "2021-07-26"
    page.keyboard.press("o")
    page.locator("#span-figures:not([hidden])").wait_for()
    assert page.locator("dd[data-value]").is_hidden(), "points times contracts are no NT$"
    assert page.inner_text("#tape th[data-amounts]") in ("口數", "Contracts")
    keep(page, f"replay-futures-{name}")
    assert serious(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    moved(page, lambda: page.keyboard.press("Home"))
    page.check("#idle")
    page.focus("body")
    page.evaluate(LONG_TASKS)
    updates.clear()
    play_to_the_end(page)
    assert page.evaluate(HERE) == [len(source), source.hash_at(len(source)).hex()]
    assert [one["first"] for one in updates[1:]] == [one["position"] for one in updates[:-1]]
    (listing,) = {one["code"] for update in updates for one in update["books"]}
    trades = source.trades_of(source.listing(listing).book)
    assert sum(len(one["trades"]) for one in updates) == len(trades)
    assert max(page.evaluate("() => window.long"), default=0) < FAR_TOO_SLOW_MS
    keep(page, f"replay-futures-end-{name}")


def test_a_span_of_the_morning_is_taken_away(page: Any, cloud: Cloud, real: Catalogue, tmp_path: Path) -> None:
    import duckdb

    source, _ = real.open(ORDERS)
    opened(page, cloud, f"source={ORDERS}")
    moved(page, lambda: page.evaluate(DRAWN, 0.5))
    page.keyboard.press("i")
    first = page.evaluate(HERE)[0]
    moved(page, lambda: page.evaluate(DRAWN, 0.6))
    page.keyboard.press("o")
    last = page.evaluate(HERE)[0]
    page.locator("#span-figures:not([hidden])").wait_for()
    for form in ("csv", "parquet"):
        with page.expect_download() as download:
            page.click(f"#export-{form}")
        path = tmp_path / f"events.{form}"
        download.value.save_as(path)
        rows = duckdb.sql(f"SELECT count(*), min(position), max(position) FROM '{path}'").fetchall()
        assert rows == [(last - first, first + 1, last)]
    (said,) = duckdb.sql(
        f"SELECT decode(value) FROM parquet_kv_metadata('{tmp_path}/events.parquet') WHERE decode(key) = 'hash_after'"
    ).fetchall()
    assert said == (source.hash_at(last).hex(),)


def test_a_reload_opens_the_moment_again(page: Any, cloud: Cloud, small: Path) -> None:
    """Paused, with two securities the second of which is shown; then while it plays."""
    opened(page, cloud, f"source={SMALL}&codes=TX202108,TX202109")
    page.click('#tiles [data-code="TX202109"] button.tile')
    moved(page, lambda: page.keyboard.press("ArrowRight"))
    here = moved(page, lambda: page.keyboard.press("ArrowRight"))
    page.wait_for_function(ADDRESS)
    page.reload()
    page.wait_for_function(LIVE)
    assert tuple(page.evaluate(HERE)) == here
    assert page.inner_text("[data-active-code]") == "TX202109"
    assert page.locator("#room-notice .notice").count() == 0, "a reload is nothing to be told of"
    page.keyboard.press("4")
    page.keyboard.press("k")
    page.wait_for_function("() => document.querySelector('[data-do=play]').dataset.playing === 'true'")
    page.wait_for_function(ADDRESS)
    page.reload()
    page.wait_for_function(LIVE)
    assert page.evaluate(HERE)[0] >= here[0]
    assert page.evaluate(STOPPED)


def test_the_speed_by_plus_and_minus(page: Any, cloud: Cloud, small: Path) -> None:
    opened(page, cloud, f"source={SMALL}")
    for key, speed in (("+", "2"), ("=", "5"), ("-", "2"), ("-", "1"), ("-", "0.5")):
        page.keyboard.press(key)
        assert page.input_value("#speed") == speed


def test_on_a_phone_the_transport_is_where_the_thumb_is(
    browser: Any, cloud: Cloud, signed_in: Any, small: Path
) -> None:
    """In the lower half of the screen, wherever the page stands, and each button as large as a fingertip."""
    context = context_of(browser, cloud, signed_in, LOOKS[2])
    page = new_page(context)
    opened(page, cloud, f"source={SMALL}")
    for place in (0, 400, 10_000):
        page.evaluate("(place) => scrollTo(0, place)", place)
        for button in page.locator(".transport-buttons button").all():
            box = button.bounding_box()
            assert box["y"] > 844 / 2, f"at {place}"
            assert min(box["width"], box["height"]) >= 40
            assert button.evaluate(
                "(one) => { const { x, y, width, height } = one.getBoundingClientRect();"
                " return one.contains(document.elementFromPoint(x + width / 2, y + height / 2)); }"
            ), "nothing lies over it"
    page.locator('[data-do="on"]').tap()
    page.wait_for_function(AT, arg=1)
    keep(page, "replay-thumb-zh-hant-dark-phone")
    assert page.faults == []
    context.close()


# --- what cannot be shown ---------------------------------------------------------------------------------------------


@contextmanager
def level(browser: Any, cloud: Cloud, to: str) -> Iterator[None]:
    """Row 3.1 of brokers, by the operator's Console and back again."""
    console = console_of(browser, cloud, "operator", "/console/matrix/3.1/brokerage/")
    console.check(f'input[name=level][value="{to}"]', force=True)
    console.fill("#reason", "重播室測試")
    reached(console, console.locator("form[data-once] footer button.main").click, "**/console/matrix/")
    try:
        yield
    finally:
        console.fill("#undo-reason", "測試結束復原")
        reached(console, console.locator("form:has(#undo-reason) button").click, "**/console/matrix/")
        console.context.close()


def test_twenty_minutes_late_is_said(page: Any, cloud: Cloud, browser: Any) -> None:
    cloud.seat(1).place(
        "buy", "2330", price=f"{cloud.reference('2330') // 10_000 - 35}.00", quantity=1000
    )  # now, not then
    opened(page, cloud, "")
    end = moved(page, lambda: page.keyboard.press("End"))[0]
    assert page.locator("#late").is_hidden()
    with level(browser, cloud, "partial"):

        def late() -> bool:
            opened(page, cloud, "")
            return end_of(page) < end

        until(late, "the stream has heard of the matrix")
        page.locator("#late", has_text="延遲 20 分鐘").wait_for()
        latest = page.evaluate("() => Number(document.querySelector('#scrub').max)")  # it goes on with the clock
        page.keyboard.press("End")
        page.wait_for_function("(latest) => Number(document.querySelector('#scrub').value) >= latest", arg=latest)
        assert page.evaluate(HERE)[0] < end
        assert page.locator("#export-csv").count() == 0
        keep(page, "replay-late-zh-hant-light-desk")
        assert serious(page) == []
        page.goto(
            f"{cloud.origin}/pocket/replay/?source=journal/{cloud.plan['date']}&at={end}&codes=2330&hash={'0' * 64}"
        )
        page.locator("#room-notice .notice.bad").wait_for()
        assert "7497" in page.inner_text("#room-notice")
        keep(page, "replay-withheld-zh-hant-light-desk")
        page.click("#choose-newest")
        page.wait_for_function(LIVE)


def test_a_right_that_is_taken_away_ends_the_replay(page: Any, cloud: Cloud, browser: Any) -> None:
    opened(page, cloud, "")
    with level(browser, cloud, "none"):
        page.keyboard.press("ArrowRight")
        page.locator("#room-refused:not([hidden])").wait_for()
        assert "7492" in page.inner_text("#refused-text")
        assert page.locator("#room-body").is_hidden()
        keep(page, "replay-not-entitled-zh-hant-light-desk")
        assert serious(page) == []
        until(lambda: page.goto(f"{cloud.origin}/pocket/replay/").status == 404, "the room is taken away")
    until(lambda: not shut_out(page, cloud), "the room is given back")
    page.faults.clear()  # the browser notes the 404
    opened(page, cloud, "")


def test_other_events_than_the_links_are_refused(page: Any, cloud: Cloud, small: Path) -> None:
    """The file was changed behind the position, then before it."""
    opened(page, cloud, f"source={SMALL}")
    moved(page, lambda: page.keyboard.press("ArrowRight"))
    page.wait_for_function(ADDRESS)
    link = page.url
    written(small, (*ROWS, ROWS[-1]))
    page.goto(link)
    page.wait_for_function(LIVE)
    assert "事件相同：已驗證" in page.inner_text("#room-notice")
    written(small, ("20210723,TX     ,202108     ,150000,17410,68,-,-,*", *ROWS[1:]))
    page.goto(link)
    page.locator("#room-notice .notice.bad").wait_for()
    assert "事件不同" in page.inner_text("#room-notice")
    assert "7485" in page.inner_text("#room-notice")
    keep(page, "replay-other-events-zh-hant-light-desk")


def test_the_stream_is_away_and_what_was_open_is_gone(page: Any, cloud: Cloud, small: Path) -> None:
    """Killed, the stream comes back and the room with it, at the same moment. Killed again with the source taken away, the room
    says that it is gone, and opens another day."""
    opened(page, cloud, f"source={SMALL}")
    here = moved(page, lambda: page.keyboard.press("ArrowRight"))
    kill_the_stream(cloud)
    page.wait_for_function(LOST)  # both at once: it is back in a moment
    keep(page, "replay-away-zh-hant-light-desk")
    page.wait_for_function(LIVE)
    assert tuple(page.evaluate(HERE)) == here
    small.unlink()
    kill_the_stream(cloud)
    page.locator("#room-choose:not([hidden])").wait_for()
    assert "7480" in page.inner_text("#room-notice")
    assert page.locator("#room-body").is_hidden()
    page.wait_for_function("() => document.getElementById('room').dataset.link === 'live'")
    assert page.locator(f'#source option[value="{SMALL}"]').count() == 0
    keep(page, "replay-gone-zh-hant-light-desk")
    page.click("#choose-newest")
    page.locator("#room-body:not([hidden])").wait_for()
    page.faults.clear()  # the browser notes that the line broke


def kill_the_stream(cloud: Cloud) -> None:
    def killed() -> bool:
        state = json.loads((cloud.home / "run" / "status.json").read_text())
        try:
            os.kill(int(state["parts"]["stream"]["pid"]), signal.SIGKILL)
        except (ProcessLookupError, TypeError):  # the one before it: the new one's is not written yet
            return False
        return True

    until(killed, "a stream that runs")


def test_a_source_that_cannot_be_read_leaves_what_is_open(page: Any, cloud: Cloud, small: Path) -> None:
    """A bad row is named; the day that was open stays, and is the one that the list shows."""
    opened(page, cloud, "")
    day = page.input_value("#source")
    written(small, (*ROWS, "20210732,TX,202108,150000,17409,68,-,-,*"))
    page.select_option("#source", SMALL)
    page.locator("#toasts").get_by_text("7489").wait_for()
    page.wait_for_function("(day) => document.getElementById('source').value === day", arg=day)
    moved(page, lambda: page.keyboard.press("ArrowRight"))
