"""A real browser for the tests of pages: `browser`, `scripts_page`, and what a test of a page asks again and again.

Chromium is Debian's, `/usr/bin/chromium` or `YUNHAI_CHROMIUM`; where there is none, or no Playwright, these tests are skipped and
say so. Screenshots go to `YUNHAI_SCREENSHOTS`, else nowhere.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_STATIC = ROOT / "src/yunhai/platform/shell/static"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
_NEW_PAGE = b"<!doctype html><html lang=zh-Hant-TW><meta charset=utf-8><title>scripts</title><div id=toasts></div>"


def chromium() -> str | None:
    """The browser's path, or None."""
    return os.environ.get("YUNHAI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium for a module: Playwright keeps an event loop running meanwhile, beside which no other test of the
    process could start one of its own."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here (apt-get install chromium, or set YUNHAI_CHROMIUM)")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield running
        running.close()


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


def serious(page: Any) -> list[str]:
    """axe's serious and critical findings on a page, each with the first element it names."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] in SERIOUS]


def keep(page: Any, name: str) -> None:
    """A screenshot, where somebody wants to look."""
    folder = os.environ.get("YUNHAI_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
