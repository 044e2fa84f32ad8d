"""How long a page of charts takes until it is first drawn, told apart by what it waits for.

A visit is cold where the browser was started for it, with an empty profile, and the web process has shown no page since it came up:
whoever signs in does so by another program. Times are milliseconds of the page's life, from the moment it is asked for; drawn is
two frames after the bars are on the canvas.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PATIENCE_MS, chromium
from tests.services.charts.days import bring, days

CODE: Final = "2308"
YEARS_OF_DAYS: Final = 5_000
CHART: Final = f"/pocket/chart/{CODE}/?span=1d&indicators=MA(5),MA(20),KD(9,3,3)"
DRAWN: Final = "() => Boolean(document.getElementById('chart')?.dataset.drawn)"

BETWEEN_MS: Final = 500
_READ: Final = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const all = performance.getEntriesByType("resource");
  const box = document.getElementById("chart");
  const bars = all.find((one) => one.name.includes("/bars?"));
  const scripts = all.filter((one) => /\\.m?js$/.test(one.name));
  return {
    bars: Number(box.dataset.bars), asks: all.filter((one) => one.name.includes("/bars?")).length,
    drawn: Number(box.dataset.drawn), page: page.responseEnd,
    scripts: Math.max(...scripts.map((one) => one.responseEnd)), asked: bars.startTime, answered: bars.responseEnd,
  };
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Milliseconds until: the page is there, its last script, the bars are asked for, answered, drawn. `bars` how many, `asks` how
    often they had been asked for."""

    bars: int
    asks: int
    page: float
    scripts: float
    asked: float
    answered: float
    drawn: float

    def __str__(self) -> str:
        return (
            f"{self.drawn:,.0f} ms (page {self.page:,.0f}, scripts {self.scripts:,.0f}, bars asked {self.asked:,.0f},"
            f" answered {self.answered:,.0f})"
        )


def bring_history(cloud: Cloud, folder: Path) -> Path:
    """The cloud's lake with twenty years of `CODE`, up to the day before the market's."""
    lake = cloud.home / "lake"
    last = date.fromisoformat(cloud.plan["date"])
    made = days(YEARS_OF_DAYS, last=date.fromordinal(last.toordinal() - 1), close=cloud.reference(CODE) // 100)
    bring(lake, folder, CODE, made)
    return lake


def cookies(cloud: Cloud, person: str = "investor") -> list[dict[str, str]]:
    """A person's session as a browser takes it, signed in without one."""
    host = urlsplit(cloud.origin).hostname or ""
    with httpx.Client(timeout=PATIENCE_MS / 1000, trust_env=False) as client:
        client.get(cloud.link(person))
        return [{"name": one.name, "value": one.value or "", "domain": host, "path": "/"} for one in client.cookies.jar]


@contextmanager
def fresh_browser() -> Iterator[Any]:
    """A Chromium of its own with an empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=PATIENCE_MS
        )
        try:
            yield running
        finally:
            running.close()


def visits(browser: Any, cloud: Cloud, session: list[dict[str, str]], count: int) -> list[Visit]:
    """So many visits of the chart in one new context, the first with nothing in its cache."""
    context = browser.new_context(viewport=DESK, locale="zh-TW")
    context.add_cookies(session)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = []
    for _ in range(count):
        page.goto(cloud.origin + CHART)
        page.wait_for_function(DRAWN)
        found.append(Visit(**page.evaluate(_READ)))
        page.wait_for_timeout(BETWEEN_MS)
    context.close()
    return found
