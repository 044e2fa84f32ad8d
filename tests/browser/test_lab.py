"""The Lab in a real browser: a chart with its values and files, seen as it was known at a moment; the catalogue, a dataset's rows,
an import's report. Both languages, both widths, both themes.

Made days of one security with some bad rows are imported into the cloud's lake.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import DESK, PHONE, keep, reached, serious, watched
from tests.services.charts.days import HEADER, NOW_NS, Day, days
from yunhai.market.importers.importing import import_file

pytestmark = pytest.mark.full

CODE = "2884"  # of those whose real days other tests import it is none
BARS = 700
BAD = 130
DRAWN = "() => Boolean(document.getElementById('chart')?.dataset.drawn)"
LOOKS = (("zh-hant", "light", DESK), ("zh-hant", "dark", PHONE), ("en", "dark", DESK), ("en", "light", PHONE))


@pytest.fixture(scope="module")
def history(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """The lake with `BARS` days of `CODE` up to the day before the market's, and `BAD` rows that were left out."""
    last = date.fromordinal(date.fromisoformat(cloud.plan["date"]).toordinal() - 1)
    made = days(BARS, last=last, seed=11, close=cloud.reference(CODE) // 100)
    bad = (f"{CODE},{day.on.isoformat()},0,1,1,1,{at}" for at, day in enumerate(made[:BAD]))
    path: Path = tmp_path_factory.mktemp("lab") / "made-days.csv"
    path.write_text("\n".join([HEADER, *(day.row(CODE) for day in made), *bad]) + "\n")
    import_file(cloud.home / "lake", path, now_ns=NOW_NS)
    return made


@pytest.fixture
def page(browser: Any, signed_in: Any, history: list[Day]) -> Iterator[Any]:
    with watched(browser, storage_state=signed_in) as made:
        yield made


def chart(page: Any, cloud: Cloud, query: str = "") -> None:
    page.goto(f"{cloud.origin}/lab/chart/{CODE}/?span=1d&adjusted=raw&indicators=KD(9,3,3),MA(5){query}")
    page.wait_for_function(DRAWN)
    page.locator("#values-table tbody tr").first.wait_for()


def rows(page: Any) -> list[list[str]]:
    return list(
        page.locator("#values-table tbody tr").evaluate_all(
            "all => all.map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
    )


def shown(day: Day) -> str:
    return f"{day.close / 100:,.2f}"


def test_the_room_leads_to_charts_and_data(page: Any, cloud: Cloud) -> None:
    page.goto(cloud.origin + "/pocket/")
    page.locator(".bar details.drop summary").first.click()
    page.locator('.drop-box a[href="/lab/"]').click()
    page.wait_for_url("**/lab/chart/")
    assert page.get_attribute("body", "data-room") == "lab"
    page.locator('.menu a[href="/lab/data/"]').click()
    page.locator("#datasets").wait_for()
    page.locator('#datasets a[href="/lab/data/bars-1d/"]').click()
    page.locator("#columns").wait_for()


def test_values_are_the_bars_in_view_and_follow_it(page: Any, cloud: Cloud, history: list[Day]) -> None:
    chart(page, cloud)
    page.locator("#values-table tbody tr").nth(50).wait_for(state="attached")
    first = rows(page)
    head = page.locator("#values-table thead th").all_inner_texts()
    assert head[-4:] == ["KD(9,3,3).k", "KD(9,3,3).d", "KD(9,3,3).j", "MA(5)"]
    known = {day.on.isoformat(): shown(day) for day in history}
    assert [one[0] for one in first] == sorted((one[0] for one in first), reverse=True), "the newest first"
    assert all(known.get(one[0], one[4]) == one[4] for one in first)
    assert len(first) > 50
    page.focus("#chart")
    page.keyboard.press("Home")
    page.wait_for_function(
        "(day) => document.querySelector('#values-table tbody tr:last-child th').textContent === day",
        arg=history[0].on.isoformat(),
    )
    assert page.evaluate("() => document.querySelector('.values-box').tabIndex") == 0


def test_a_chart_is_seen_as_it_was_known_then_and_taken_away(page: Any, cloud: Cloud, history: list[Day]) -> None:
    chart(page, cloud)
    then = history[-30]
    page.fill("#as-of", f"{then.on.isoformat()}T14:00")
    page.locator("#as-of").dispatch_event("change")
    page.wait_for_function(
        "(day) => document.querySelector('#values-table tbody tr th')?.textContent === day", arg=then.on.isoformat()
    )
    assert page.locator("#as-of-told").is_visible()
    assert "as_of=" in page.url
    assert page.inner_text('.chart-last [data-field="last"]') == shown(then)
    keep(page, "lab-as-of")
    for form in ("csv", "parquet"):
        with page.expect_download() as taken:
            page.click(f"#take-{form}")
        content = Path(taken.value.path()).read_bytes()
        assert taken.value.suggested_filename == f"{CODE}-1d.{form}"
        if form == "csv":
            lines = list(csv.DictReader(io.StringIO(content.decode())))
            assert (len(lines), lines[-1]["start_local"][:10]) == (BARS - 29, then.on.isoformat())
            assert float(lines[-1]["close"]) == then.close / 100
        else:
            assert content[:4] == b"PAR1"
    page.reload()
    page.wait_for_function(DRAWN)
    page.locator("#as-of-now:visible").click()
    page.wait_for_function(
        "(day) => document.querySelector('#values-table tbody tr th')?.textContent > day", arg=then.on.isoformat()
    )
    assert "as_of=" not in page.url


def test_the_other_kinds_stay_in_the_room(page: Any, cloud: Cloud, history: list[Day]) -> None:
    page.goto(f"{cloud.origin}/lab/chart/{CODE}/panes/")
    page.locator(".pane .chart-box[data-bars]").first.wait_for(state="attached")
    assert page.get_attribute("body", "data-room") == "lab"
    links = page.locator("#grid h2 a, .chart-kinds a").evaluate_all("all => all.map((one) => one.pathname)")
    assert links
    assert all(link.startswith("/lab/chart/") for link in links)


def test_a_dataset_and_a_report_are_read_in_pages(page: Any, cloud: Cloud, history: list[Day]) -> None:
    page.goto(f"{cloud.origin}/lab/data/bars-1d/?code={CODE}")
    page.locator("#rows").wait_for()
    assert page.locator("#rows tbody tr").count() == 100
    reached(page, page.locator('.data-turn [rel="next"]').click, "**after=100**")
    then = history[-50]
    page.fill('[name="to"]', then.on.isoformat())
    reached(page, page.locator("#rows-form .main").click, "**to=**")
    assert then.on.isoformat() in page.locator("#rows tbody tr").first.inner_text()

    page.goto(f"{cloud.origin}/lab/data/")
    page.locator("#imports a", has_text="made-days.csv").click()
    page.locator("#reasons").wait_for()
    reached(page, page.locator('#reasons a[href="?reason=7464"]').click, "**reason=7464**")
    assert page.locator("#report tbody tr").count() == 100
    reached(page, page.locator('.data-turn [rel="next"]').click, "**after=**")
    assert page.locator("#report tbody tr").count() == BAD - 100
    page.fill('[name="text"]', history[3].on.isoformat())
    reached(page, page.locator("#report-form .main").click, "**text=2**")
    assert page.locator("#report tbody tr").count() == 1


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}-{look[2]['width']}")
def test_it_looks_right(browser: Any, signed_in: Any, cloud: Cloud, history: list[Day], look: Any) -> None:
    language, theme, size = look
    with watched(browser, storage_state=signed_in, viewport=size, color_scheme=theme) as page:
        page.context.add_cookies([{"name": "yunhai_language", "value": language, "url": cloud.origin}])
        name = f"lab-{{}}-{language}-{theme}-{size['width']}"
        chart(page, cloud)
        places = {"chart": "", "data": "/lab/data/", "dataset": "/lab/data/bars-1d/", "empty": "/lab/data/branches/"}
        for kind, path in places.items():
            if path:
                page.goto(cloud.origin + path)
            if kind == "data":
                report = page.locator("#imports a", has_text="made-days.csv").get_attribute("href")
            assert serious(page) == []
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), kind
            keep(page, name.format(kind))
        page.goto(cloud.origin + report)
        assert serious(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        keep(page, name.format("report"))
