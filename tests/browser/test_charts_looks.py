"""The kinds of chart in every look: what `test_every_page` holds of all pages, of these alone and with bars in them."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import listened
from tests.browser.test_charts import CODE, history  # noqa: F401 - fixtures
from tests.browser.test_every_page import _wrong, looked  # noqa: F401 - fixtures

pytestmark = pytest.mark.full
PLACES = (f"{CODE}/", f"{CODE}/panes/", "many/", "futures/", "")


def test_nothing_is_wrong_with_a_kind_of_chart(
    looked: tuple[Any, str],  # noqa: F811
    cloud: Cloud,
    history: Path,  # noqa: F811
) -> None:
    context, look = looked
    page = context.new_page()
    page.goto(cloud.link("investor"))
    faults = listened(page, refusals=True)
    wrong = []
    for place in PLACES:
        page.goto(f"{cloud.origin}/pocket/chart/{place}")
        if place.startswith(CODE) or place == "many/":
            page.locator("canvas >> visible=true").first.wait_for()  # a stock without history draws nothing
        page.wait_for_timeout(500)
        wrong += _wrong(page, place, look, faults)
    assert wrong == []
