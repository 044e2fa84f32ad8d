"""Twenty years of daily bars, first drawn by a browser and a cloud that have shown nothing before: the figures are printed (`-s`).

The goal is one second on a quiet machine (`./dev bench chart` holds it, docs/reference/benchmarks.md). A test machine may be busy
with much else: what is held here does not depend on it, but for a bound that nothing but a standstill reaches.
"""

from pathlib import Path

import pytest

from tests.browser.cloud import Cloud, passing_home, plant, up
from tests.browser.first_drawing import YEARS_OF_DAYS, bring_history, cookies, fresh_browser, visits
from tests.browser.fixtures import chromium

pytestmark = pytest.mark.full

STANDSTILL_MS = 60_000


def test_twenty_years_are_first_drawn_in_time(tmp_path: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if chromium() is None:
        pytest.skip("no Chromium here (apt-get install chromium, or set YUNHAI_CHROMIUM)")
    with passing_home() as home:
        with up(home) as origin:
            first = Cloud(origin, home, plant(home))
            bring_history(first, tmp_path)
        with up(home) as origin:  # another web process, which has shown no page
            cloud = Cloud(origin, home, first.plan)
            session = cookies(cloud)
            with fresh_browser() as browser:
                cold, *warm = visits(browser, cloud, session, 4)
    print(f"\n{cold.bars} bars first drawn: cold {cold}", *(f"warm {one}" for one in warm), sep="\n  ")
    for one in (cold, *warm):
        assert one.bars == YEARS_OF_DAYS
        assert one.asks == 1, "the page asks ahead for the very bars that its script asks for"
        assert one.asked < one.scripts, "and does so before the scripts have come"
    assert cold.drawn <= STANDSTILL_MS
