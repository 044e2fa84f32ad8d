"""A real browser for the tests of pages: `browser`, `scripts_page`, and what a test of a page asks again and again.

Chromium is Debian's, `/usr/bin/chromium` or `YUNHAI_CHROMIUM`; where there is none, or no Playwright, these tests are skipped and
say so. Screenshots go to `YUNHAI_SCREENSHOTS`, else nowhere.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_STATIC = ROOT / "src/yunhai/platform/shell/static"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 90_000
"""How long a page is waited for: every wait ends at once when the thing is there, on a busy machine after a long while."""
AGAIN_MS = 500
LOOKED_MS = 15_000
"""How long a page is looked at before it is opened again."""
SERIOUS = ("serious", "critical")
LEFT = re.compile(
    r"ERR_ABORTED|Failed to fetch|AbortError|aborted"
    r"|WebSocket is closed before the connection is established|WebSocket connection to .* failed: Close received"
)
"""What a browser says of a question whose page was left before the answer came: no fault of the page."""
STILL = """() => document.getAnimations().every((one) => one.playState !== "running"
  || one.effect?.getComputedTiming().endTime === Infinity)"""
"""Nothing moves or fades but what never ends."""
TOASTS_STAY = """(() => {
  const set = window.setTimeout;
  window.setTimeout = (does, after, ...rest) => set(does, after === 6000 ? 600000 : after, ...rest);
})();"""
"""A notice's life (shell/js/toast.js) is made long: a busy machine may look later than it lasts."""
_NEW_PAGE = b"<!doctype html><html lang=zh-Hant-TW><meta charset=utf-8><title>scripts</title><div id=toasts></div>"


def chromium() -> str | None:
    """The browser's path, or None."""
    return os.environ.get("YUNHAI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def patient(running: Any) -> Any:
    """A browser whose contexts all wait for `PATIENCE_MS`, Playwright's own 30 s being none on a machine that does much else."""
    make = running.new_context

    def new_context(**looks: Any) -> Any:
        context = make(**looks)
        context.set_default_timeout(PATIENCE_MS)
        return context

    running.new_context = new_context
    return running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium for a module: Playwright keeps an event loop running meanwhile, beside which no other test of the
    process could start one of its own."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here (apt-get install chromium, or set YUNHAI_CHROMIUM)")
    api.expect.set_options(timeout=PATIENCE_MS)
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=2 * PATIENCE_MS
        )
        yield patient(running)
        running.close()


def listened(page: Any, *, refusals: bool = False) -> list[str]:
    """What goes wrong on a page from now on: errors of its scripts, and what the browser writes to the console as an error; of
    a page that is to be refused or cut off (`refusals`), which the browser notes there, the scripts' alone. What it was asking
    when it was left is no fault."""
    faults: list[str] = []

    def noted(text: str) -> None:
        if not LEFT.search(text):
            faults.append(text)

    page.on("pageerror", lambda error: noted(str(error)))
    if not refusals:
        page.on("console", lambda said: noted(said.text) if said.type == "error" else None)
    return faults


@contextmanager
def watched(browser: Any, *, refusals: bool = False, **looks: Any) -> Iterator[Any]:
    """A page of a fresh visitor at the desk, in Chinese; `looks` as `new_context` takes them. Nothing may have gone wrong on it by
    the end: `page.faults`, as `listened` says."""
    context = browser.new_context(**({"viewport": DESK, "locale": "zh-TW"} | looks))
    page = context.new_page()
    page.faults = listened(page, refusals=refusals)
    yield page
    assert page.faults == []
    context.close()


@pytest.fixture(scope="module")
def signed_in(browser: Any, cloud: Any) -> Any:
    """The investor's session, for every context of a module: a sign-in link is good once."""
    context = browser.new_context()
    context.new_page().goto(cloud.link("investor"))
    state = context.storage_state()
    context.close()
    return state


class _Handler(SimpleHTTPRequestHandler):
    """Static files below /static/, and an empty page at /."""

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_NEW_PAGE)
            return
        self.path = self.path.removeprefix("/static")
        super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def scripts_origin() -> Iterator[str]:
    """An address that serves the house's scripts and one empty page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(SHELL_STATIC)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def scripts_page(browser: Any, scripts_origin: str) -> Iterator[Any]:
    """An empty page of the house's origin, to import its scripts in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(scripts_origin + "/")
    yield page
    context.close()


def reached(page: Any, action: Callable[[], Any], where: str | re.Pattern[str] = "**") -> None:
    """Does what leads to another page, or to the same one again, and waits until that is there: not the page that is left."""
    with page.expect_navigation(url=where):
        action()


def until(there: Callable[[], Any], what: str) -> Any:
    """Asks until what is answered counts as true; that answer."""
    last = time.monotonic() + PATIENCE_MS / 1_000
    while not (answer := there()):
        assert time.monotonic() < last, f"it never came to be: {what}"
        time.sleep(AGAIN_MS / 1_000)
    return answer


def reloaded_until(page: Any, address: str, there: Callable[[], Any]) -> None:
    """Opens a page again and again until something is there: what it is rendered from is read a moment after the market."""

    def found() -> bool:
        page.goto(address)
        return bool(there())

    until(found, address)


def shown_at(page: Any, address: str, *wanted: Any) -> None:
    """Opens a page that shows all that is wanted: by itself or, once what it is drawn from has come so far, opened again."""
    from playwright.sync_api import TimeoutError as NotThere

    page.goto(address)

    def there() -> bool:
        try:
            for one in wanted:
                one.first.wait_for(timeout=LOOKED_MS)
        except NotThere:
            page.reload()
            return False
        return True

    until(there, address)


def serious(page: Any) -> list[str]:
    """axe's serious and critical findings on a page that stands still, each with the first element it names."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_function(STILL)
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] in SERIOUS]


def keep(page: Any, name: str) -> None:
    """A screenshot, where somebody wants to look."""
    folder = os.environ.get("YUNHAI_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
