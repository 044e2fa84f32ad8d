"""What a person or a tenant keeps is bounded, also when two requests come at once: the second counts what the first has added.

A first request adds the last that is allowed and is not done yet; the second, which would have counted one less, waits for it
and is refused. On real connections to a real PostgreSQL, as the application's role.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tests.platform import factories as make

pytestmark = pytest.mark.full
WAITS = 0.3
"""Seconds that the second is watched while the first is not done."""


@contextmanager
def asking(person: int) -> Iterator[None]:
    """A request's transaction and what the database is told of it."""
    from django.db import transaction

    from yunhai.platform.tenancy import rls

    with transaction.atomic(), rls.acting(tenant=make.BROKER, person=person):
        yield


def ways(monkeypatch: pytest.MonkeyPatch, somebody: Any) -> dict[str, tuple[int, Callable[[int], object]]]:
    """Each bounded thing: the refusal's code, and how the `n`-th is added. Every bound is two."""
    from yunhai.platform.identity import api as identity
    from yunhai.platform.identity.caller import Caller
    from yunhai.platform.tenancy.models import Tenant
    from yunhai.services.alerts import api as alerts
    from yunhai.services.charts import api as charts
    from yunhai.services.charts.rules import Point
    from yunhai.services.contests import api as contests
    from yunhai.services.contests import papers, practice
    from yunhai.services.contests.rules import Draft, Weights
    from yunhai.services.orders import api as orders
    from yunhai.services.quotes import api as quotes
    from yunhai.services.replay import api as replay
    from yunhai.services.screener import api as screener

    caller = Caller(person=somebody, tenant=Tenant.objects.get(pk=make.BROKER), roles=frozenset({"investor"}))
    bounds: tuple[tuple[Any, str], ...] = (
        (quotes, "WATCHLISTS_MAX"),
        (screener, "SCREENS_KEPT_MAX"),
        (replay, "REPLAY_BOOKMARKS_MAX"),
        (charts, "DRAWINGS_MAX"),
        (charts, "CHART_SETUPS_MAX"),
        (identity, "API_CLIENTS_PER_PERSON_MAX"),
        (alerts, "ALERTS_MAX"),
        (papers, "PAPERS_A_PERSON_MAX"),
        (practice, "PRACTICES_A_PERSON_MAX"),
        (contests, "CONTESTS_MAX"),
    )
    for module, bound in bounds:
        monkeypatch.setattr(module, bound, 2)
    monkeypatch.setattr(replay, "check", lambda *_, **__: SimpleNamespace(link="x", at_ns=1))
    security = orders.SecurityView(
        day="2026-08-21", code="2330", name="", kind="stock", reference=1, last=1, shares=0, value=0, trades=0
    )
    monkeypatch.setattr(orders, "security", lambda _: security)
    for module in (practice, contests):
        monkeypatch.setattr(module, "fitted", lambda draft: (draft, False))
    draft = Draft(
        name="a class",
        text="",
        source="journal/2026-08-21",
        codes=("2330",),
        odd_lots=False,
        cash=10_000,
        fee=True,
        kinds=("limit",),
        begins=1,
        ends=2,
        weights=Weights(),
    )
    return {
        "watchlists": (7261, lambda n: quotes.make(caller, name=f"list {n}")),
        "screens": (7571, lambda n: screener.save(caller, name=f"screen {n}", text="close > 1")),
        "bookmarks": (7281, lambda n: replay.keep(caller, name=f"moment {n}", link="x")),
        "drawings": (7333, lambda n: charts.draw(somebody.pk, "2330", "price", (Point(at_ns=n, price=1),))),
        "set-ups": (7338, lambda n: charts.keep_setup(somebody.pk, f"set-up {n}", charts.FIRST)),
        "alerts": (7578, lambda n: alerts.make(caller, "2330", alerts.Wanted(kind="price_up", value=str(10 + n)))),
        "paper accounts": (7558, lambda _: papers.begin(caller)),
        "practices": (7559, lambda _: practice.make(caller, draft)),
        "contests": (7556, lambda _: contests.make(caller, draft)),
        "clients": (7108, lambda n: identity.make_client(somebody, make.BROKER, "investor", f"client {n}")),
    }


def second_of_two(person: int, add: Callable[[int], object]) -> int:
    """The code of the refusal that the second request gets, which began before the first was done; 0 if it was taken."""
    from django.db import connection

    from yunhai.kernel.errors import YunhaiError

    found: list[int] = []
    began, done = threading.Event(), threading.Event()

    def second() -> None:
        try:
            with asking(person):
                began.set()
                add(3)
            found.append(0)
        except YunhaiError as refused:
            found.append(refused.code)
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=second)
    with asking(person):
        add(2)
        thread.start()
        assert began.wait(60)
        assert not done.wait(WAITS), "it must wait for the first"
    assert done.wait(60)
    thread.join(60)
    return found[0]


def test_of_two_at_once_only_one_takes_the_last_place(committed_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import transaction

    with transaction.atomic():
        make.tenant()
        somebody = make.place("investor", account=77)
    told = {}
    for name, (code, add) in ways(monkeypatch, somebody).items():
        with asking(somebody.pk):
            add(1)
        told[name] = (second_of_two(somebody.pk, add), code)
    assert {name: got for name, (got, _) in told.items()} == {name: code for name, (_, code) in told.items()}
