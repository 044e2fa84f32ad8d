"""What the demo does as the migrator, in a process of its own: plant once, make sign-in links. JSON on standard output.

Nothing here is written to a file but the programs' keys and secrets, into the installation's credentials (mode 0600).
"""

import base64
import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from yunhai.apps.cloud.demo_market import PACK, demo_day, first_day, today
from yunhai.apps.cloud.demo_people import PEOPLE
from yunhai.apps.cloud.places import LINE_WIRE_VARIABLE, Places
from yunhai.apps.cloud.seed import LineLogin, Planted, Program, plant_demo, planted, set_up
from yunhai.apps.reference_data import pack_bytes
from yunhai.trading.facts import Opening

CREDENTIAL: Final = "demo.json"
LINK_MINUTES: Final = 240
OUTBOX_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-use way in: `path` on the origin."""

    person: str
    room_zh: str
    room_en: str
    name_zh: str
    name_en: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """What the demo goes on with."""

    planted: Planted
    links: tuple[Link, ...]


def decoded(text: str) -> SetUp:
    """What `main` printed."""
    told = json.loads(text)
    return SetUp(planted=_planted(told["planted"]), links=tuple(Link(**one) for one in told["links"]))


def _planted(told: dict[str, Any]) -> Planted:
    def programs(name: str) -> tuple[Program, ...]:
        return tuple(Program(**{**one, "pem": base64.b64decode(one["pem"])}) for one in told[name])

    return Planted(
        people=told["people"],
        agents=programs("agents"),
        scripted=programs("scripted"),
        lines=tuple(LineLogin(**one) for one in told["lines"]),
        openings=tuple((tenant, msgspec.convert(part, Opening)) for tenant, part in told["openings"]),
    )


def _as_json(found: Planted) -> bytes:
    def program(one: Program) -> dict[str, Any]:
        return {**asdict(one), "pem": base64.b64encode(one.pem).decode()}

    value = {
        "people": dict(found.people),
        "agents": [program(one) for one in found.agents],
        "scripted": [program(one) for one in found.scripted],
        "lines": [asdict(one) for one in found.lines],
        "openings": [(tenant, msgspec.to_builtins(part)) for tenant, part in found.openings],
    }
    return json.dumps(value).encode()


def _links() -> list[dict[str, str]]:
    from django.db import transaction

    from yunhai.platform.identity.api import demo_link
    from yunhai.platform.identity.models import Person

    found = []
    with transaction.atomic():
        for one in PEOPLE:
            person = Person.objects.get(email=one.email)
            path = demo_link(person, to=one.opens, minutes=LINK_MINUTES)
            link = Link(
                person=one.key,
                room_zh=one.room_zh,
                room_en=one.room_en,
                name_zh=one.zh,
                name_en=one.en,
                path=path,
            )
            found.append(asdict(link))
    return found


def main() -> int:
    places = Places.at()
    set_up(places, demo=True)
    if not planted():
        listed = demo_day(first_day(today())).listed
        made = _as_json(plant_demo(listed, pack_bytes(PACK) or b""))
        places.credential_path(CREDENTIAL).unlink(missing_ok=True)  # of a planting that was rolled back
        places.credential(CREDENTIAL, lambda: made)
    told = json.loads(places.credential(CREDENTIAL))
    if os.environ.get(LINE_WIRE_VARIABLE):
        from yunhai.apps.cloud.demo_lines import certify_lines

        certify_lines(places, _planted(told).lines)
    from yunhai.apps.day.cloud import wait_for_outbox

    wait_for_outbox(OUTBOX_S)
    sys.stdout.write(json.dumps({"planted": told, "links": _links()}, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
