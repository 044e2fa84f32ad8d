"""A page whose tables are behind the journal becomes true by itself: the reader is stopped, things happen, and it goes on."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.fixtures import keep
from tests.browser.test_desk import signed_in

pytestmark = pytest.mark.full

CODE = "2881"


@contextmanager
def reader_stopped(cloud: Cloud) -> Iterator[None]:
    """For less time than the supervisor's patience."""
    process = int(json.loads((cloud.home / "run" / "status.json").read_text())["parts"]["reader"]["pid"])
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # the supervisor may have lost its patience with it
            os.kill(process, signal.SIGCONT)


def test_a_timeline_shows_what_the_reader_had_not_read(browser: Any, cloud: Cloud) -> None:
    reference = f"{cloud.reference(CODE) / 10_000:.2f}"
    page = signed_in(browser, cloud, "investor", f"/pocket/s/{CODE}/")
    page.locator('#ticket [data-price="limit_down"]:not(:empty)').click()
    page.locator("#send:enabled").click()  # the first registers the device, which the reader has a part in
    page.locator("#consent .main").click()
    page.locator("#result a").wait_for()
    page.reload()
    page.locator('#ticket [data-price="reference"]:not(:empty)').click()
    with reader_stopped(cloud):
        page.locator("#send:enabled").click()
        page.locator("#result a").click()
        page.locator(".state", has_text="⌕").wait_for()  # nothing is found of it yet
        keep(page, "behind-nothing-found")
    page.locator(".event.signed").first.wait_for()
    assert page.locator(".event.good").count() == 0
    with reader_stopped(cloud):
        cloud.seat().place("sell", CODE, price=reference, quantity=1000)
        page.wait_for_timeout(2_000)  # the stream has told of it, and what was asked then had nothing new
        assert page.locator(".event.good").count() == 0
    page.locator(".event.good").wait_for()
    assert page.wrongs == []
    page.context.close()
