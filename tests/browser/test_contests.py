"""A class in a real browser: the teacher's contest over the running day, a student's paper order with its place in the queue, the
final ranking; both rooms in every look."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.finished_day import CODE as LAID
from tests.browser.finished_day import laid
from tests.browser.fixtures import DESK, PHONE, keep, listened, reached, serious
from yunhai.kernel.money import price_text

pytestmark = pytest.mark.full

CODE = "2618"
TICK = 500  # of 42.6 NT$
ACCOUNT = re.compile(r"/pocket/paper/\d+/")
"""A paper account's page."""
LOOKS = (
    ("zh-hant", "light", "phone"),
    ("zh-hant", "dark", "desk"),
    ("en", "light", "desk"),
    ("en", "dark", "phone"),
)


@pytest.fixture(scope="module")
def rooms(browser: Any, cloud: Cloud) -> Iterator[tuple[Any, Any]]:
    """Pages of the teacher (operations) and of the student (the investor), each signed in once."""
    contexts = [browser.new_context(viewport=DESK, locale="zh-TW") for _ in range(2)]
    pages = []
    for context, person in zip(contexts, ("operations", "investor"), strict=True):
        page = context.new_page()
        page.goto(cloud.link(person))
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def shown(page: Any, cloud: Cloud, path: str, name: str) -> None:
    """The page in every look: its screenshot, axe's findings, its width."""
    faults = listened(page, refusals=True)
    for language, theme, width in LOOKS:
        page.context.add_cookies(
            [
                {"name": "yunhai_language", "value": language, "url": cloud.origin},
                {"name": "yunhai_theme", "value": theme, "url": cloud.origin},
            ]
        )
        page.set_viewport_size(DESK if width == "desk" else PHONE)
        page.goto(cloud.origin + path)
        page.locator("main h1").wait_for()
        keep(page, f"contests-{name}-{language}-{theme}-{width}")
        found = serious(page)
        wide, screen = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert (found, wide <= screen, faults) == ([], True, []), (name, language, theme, width)
    page.context.add_cookies([{"name": "yunhai_language", "value": "zh-hant", "url": cloud.origin}])
    page.set_viewport_size(DESK)


def test_a_class_from_its_first_page_to_its_ranking(rooms: tuple[Any, Any], cloud: Cloud) -> None:
    teacher, student = rooms
    teacher.goto(f"{cloud.origin}/control/")
    reached(teacher, teacher.locator('nav a[href="/control/contests/"]').click, "**/control/contests/")
    shown(teacher, cloud, "/control/contests/", "empty")
    shown(teacher, cloud, "/control/contests/new/", "new")
    teacher.fill("#name", "期中競賽")
    teacher.fill("#codes", f"{CODE} 2317")
    teacher.fill("#begins", "09:00:00")
    reached(teacher, teacher.locator("form .main").click, re.compile(r"/control/contests/\d+/"))
    teacher.locator(".paper-code").wait_for()
    path = teacher.url.removeprefix(cloud.origin)
    join_code = teacher.inner_text(".paper-code")
    reached(teacher, teacher.locator('button[name=do][value="open"]').click)
    teacher.locator('button[value="freeze"]').wait_for()

    student.goto(f"{cloud.origin}/pocket/")
    reached(student, student.locator('nav a[href="/pocket/paper/"]').click, "**/pocket/paper/")
    student.fill("#code", "ZZZZ-ZZZZ")
    reached(student, student.locator('form[action$="/join/"] button').click)
    student.locator(".notice.bad", has_text="7542").wait_for()
    shown(student, cloud, "/pocket/paper/", "papers")
    student.fill("#code", join_code)
    student.fill("#name", "小安")
    reached(student, student.locator('form[action$="/join/"] button').click, ACCOUNT)
    student.locator(".paper-mark", has_text="PAPER").wait_for()
    account = student.url.removeprefix(cloud.origin)

    price = price_text(cloud.reference(CODE) - 20 * TICK)
    cloud.seat(1).place("buy", CODE, price=price, quantity=3_000)  # who is there first stands ahead
    student.fill("#ticket-code", CODE)
    student.fill("#ticket-price", price)
    reached(student, student.locator(".paper-send").click)
    row = student.locator("#account tr", has=student.locator("th", has_text=CODE)).filter(has_text="/ 1,000")
    row.filter(has_text="排隊中").filter(has_text="3,000").wait_for()
    student.fill("#ticket-code", "9999")
    student.fill("#ticket-price", price)
    reached(student, student.locator(".paper-send").click)
    student.locator(".notice.bad", has_text="7549").wait_for()
    shown(student, cloud, account, "account")

    shown(teacher, cloud, path, "contest")
    teacher.goto(cloud.origin + path)
    reached(
        teacher, lambda: teacher.locator("#standing a", has_text="小安").dispatch_event("click")
    )  # it is drawn again
    teacher.locator("#account").wait_for()
    shown(teacher, cloud, teacher.url.removeprefix(cloud.origin), "student")
    teacher.goto(cloud.origin + path)
    teacher.locator('[commandfor="end-contest"]').first.click()
    teacher.fill("#confirm", "期中競賽")
    reached(teacher, teacher.locator("#end-contest .danger").click)
    reached(teacher, teacher.locator('form[action$="/verify/"] button').click)
    teacher.locator(".notice.good").wait_for()
    shown(teacher, cloud, path, "ended")
    student.goto(cloud.origin + account)
    assert student.locator(".paper-send").count() == 0


def test_a_paper_account_of_ones_own(rooms: tuple[Any, Any], cloud: Cloud) -> None:
    _, student = rooms
    student.goto(f"{cloud.origin}/pocket/paper/")
    student.evaluate(
        "() => { document.querySelector('main details').open = true; }"
    )  # closed where there is one already
    reached(student, student.locator('form[action$="/begin/"] button').first.click, ACCOUNT)
    student.fill("#ticket-code", CODE)
    student.fill("#ticket-price", price_text(cloud.reference(CODE) - 10 * TICK))
    reached(student, student.locator(".paper-send").click)
    student.wait_for_function("() => /排隊中/.test(document.querySelector('#account').textContent)")
    reached(student, lambda: student.locator("#account form .danger").first.dispatch_event("click"))
    student.wait_for_function("() => /已取消/.test(document.querySelector('#account').textContent)")
    shown(student, cloud, student.url.removeprefix(cloud.origin), "own")


@pytest.fixture
def day(cloud: Cloud) -> Iterator[str]:
    """A finished day in the cloud's catalogue."""
    with laid(cloud) as source:
        yield source


def test_a_practice_on_a_finished_day(rooms: tuple[Any, Any], cloud: Cloud, day: str) -> None:
    """100 shares are left over at 10.02 by the opening auction: a paper buy that waits for it gets them."""
    _, student = rooms
    student.goto(f"{cloud.origin}/pocket/paper/")
    reached(student, student.locator('a[href="/pocket/paper/practice/"]').click, "**/practice/")
    before = student.locator("main table tbody tr").count()
    shown(student, cloud, "/pocket/paper/practice/", "practice-empty")
    student.goto(f"{cloud.origin}/pocket/paper/practice/")
    student.select_option("#source", day)
    student.locator("#stocks", has_text=LAID).wait_for()
    student.fill("#codes", "9999")
    reached(student, student.locator("form .main").click)
    student.locator(".notice.bad", has_text="7544").wait_for()
    assert student.input_value("#source") == day
    student.fill("#codes", LAID)
    reached(student, student.locator("form .main").click, ACCOUNT)
    student.locator(".paper-mark", has_text="PAPER").wait_for()
    account = student.url.removeprefix(cloud.origin)
    assert student.locator('[name="segment"]').count() == 0  # another exchange's order flow has no odd lots
    student.fill("#ticket-code", LAID)
    student.fill("#ticket-price", "10.02")
    student.fill("#ticket-quantity", "100")
    reached(student, student.locator(".paper-send").click)
    student.locator("#account tr", has=student.locator("th", has_text=LAID)).filter(has_text="/ 100").wait_for()
    shown(student, cloud, account, "practice-stands")
    student.goto(cloud.origin + account)
    student.select_option("#speed", "0.1")
    reached(student, student.locator("form:has(#speed) button").click)
    student.locator("text=×0.1").first.wait_for()
    reached(student, student.locator('form:has(input[name="speed"]) button').click)  # pause
    student.locator('form:has(input[name="speed"])').wait_for(state="detached")
    student.select_option("#speed", "1000")
    reached(student, student.locator("form:has(#speed) button").click)
    student.wait_for_function("() => /集合競價/.test(document.querySelector('#account').textContent)")
    student.locator("#summary-title").wait_for()
    shown(student, cloud, account, "practice-over")
    student.goto(cloud.origin + account)
    assert student.locator(".paper-send:enabled").count() == 0
    reached(student, student.locator('form[action$="/anew/"] button').click, ACCOUNT)
    assert not student.url.endswith(account)
    shown(student, cloud, "/pocket/paper/practice/", "practices")
    assert student.locator("main table tbody tr").count() == before + 2
