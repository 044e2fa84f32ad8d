"""Makes a running, empty cloud a demo with an open day: `python -m tests.browser.plant HOME`, in a process of its own.

Prints one JSON object: sign-in links by person (several, each works once), and the program that trades against the tests.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from yunhai.apps.cloud.demo_market import PACK, demo_day, first_day, today
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.seed import plant_demo, set_up
from yunhai.apps.reference_data import pack_bytes
from yunhai.client import Refused
from yunhai.kernel.errors import YunhaiError

STARTS_AT: Final = "09:30:00"
LINKS_EACH: Final = 120
"""More than all files together use."""
LINKS_MINUTES: Final = 24 * 60
"""As long as a run of every test may take, and longer."""
WAIT_S: Final = 180


def patiently(what: Callable[[], Any]) -> Any:
    """Until it is not refused: facts are on their way to the core."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return what()
        except (Refused, YunhaiError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def addresses() -> list[tuple[str, list[str]]]:
    """Every page's address, from the served route table, with the roles that it is for (none: anybody who is signed in)."""
    from django.urls import get_resolver

    found = []
    for path, pattern in _patterns(get_resolver().url_patterns):
        view = pattern.callback
        if path.startswith("api/") or "<path:" in path:
            continue
        access = getattr(view, "access", None)
        found.append((f"/{path}", list(access.roles) if access is not None else []))
    return found


def _patterns(patterns: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns, path)
        else:
            yield path, pattern


def main(home: Path) -> None:
    places = Places.at(home)
    set_up(places, demo=True)
    from yunhai.platform.identity.api import demo_link
    from yunhai.platform.identity.models import Person

    day = demo_day(first_day(today()))
    planted = plant_demo(day.listed, pack_bytes(PACK) or b"")
    with Inner(places.inner_socket) as inner:
        patiently(
            lambda: inner.open_day(
                date=day.date, pack=PACK, settles_on=day.settles_on, listed=day.listed, seed=day.seed, at=STARTS_AT
            )
        )
        for tenant, part in planted.openings:
            patiently(lambda tenant=tenant, part=part: inner.opening(tenant, part))
        for line in planted.lines:
            patiently(lambda line=line: inner.login(line))
    links = {
        key: [demo_link(Person.objects.get(pk=person), minutes=LINKS_MINUTES) for _ in range(LINKS_EACH)]
        for key, person in planted.people.items()
    }
    agents = [asdict(agent) | {"pem": agent.pem.decode()} for agent in planted.agents]
    listed = [{"code": one.code, "reference": one.reference} for one in day.listed]
    plan = {"links": links, "agents": agents, "date": day.date, "listed": listed, "pages": addresses()}
    print(json.dumps(plan))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
