"""The demo's people registered and certified; then its brokers demand certificates.

Every broker gets a registration desk of two people nobody signs in as: one applies, the other approves, as the service wants
it. Investors are registered at the first broker they have an account at; at the others one consent of theirs is missing, and
no more than that. Clerks are registered at theirs. Documents are made up, by reference. Where no CA can be reached nothing of
this is done, and the brokers take a registered key alone, as before.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from django.conf import settings
from django.utils import timezone

from yunhai.apps.cloud.demo_people import BROKERS, PEOPLE, DemoBroker
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.identity import api as identity
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.accounts.models import Account
from yunhai.services.trust import api as trust
from yunhai.services.trust import process

WAIT_S: Final = 15.0
CLERKS: Final = frozenset({"sales", "keyin"})


def certify(people: Mapping[str, int], *, reason: str) -> bool:
    """Do all of it, in the running transaction; whether there is a CA to do it with."""
    if not _ready():
        return False
    desks = {broker.tenant: _desk(broker) for broker in BROKERS}
    registered: set[tuple[int, str]] = set()
    for tenant, person in _holders():
        if (person, "investor") not in registered:
            registered.add((person, "investor"))
            _register(desks[tenant], tenant, person, "investor")
    for one in PEOPLE:
        for place, role in one.roles:
            if role in CLERKS and (people[one.key], "clerk") not in registered:
                registered.add((people[one.key], "clerk"))
                _register(desks[BROKERS[place].tenant], BROKERS[place].tenant, people[one.key], "clerk")
    for broker in BROKERS:
        tenancy.set_tenant(broker.tenant, reason=reason, certificates=True)
    return True


def _ready() -> bool:
    """Whether a trust process with a CA answers, now or, if there is one at all, soon."""
    if not (settings.PLACES.run / process.SOCKET).exists():
        return False
    until = time.monotonic() + WAIT_S
    while True:
        try:
            found = trust.authority_state()
        except YunhaiError:
            found = {}
        if found.get("made") or time.monotonic() > until:
            return bool(found.get("made"))
        if found:
            return False  # it answers, and no ceremony was held
        time.sleep(0.2)


def _holders() -> Iterable[tuple[int, int]]:
    """(tenant, person) of every account that is somebody's, in the order of their opening, each pair once."""
    rows = Account.objects.exclude(person=None).order_by("id").values_list("tenant_id", "person_id")
    return list(dict.fromkeys(rows))


def _desk(broker: DemoBroker) -> tuple[int, int]:
    """Who applies and who approves at a broker."""
    made = []
    for letter, zh, en, role in (("a", "甲", "A", "sales"), ("b", "乙", "B", "operations")):
        person = identity.make_person(
            f"ra-{letter}-{broker.code.lower()}@demo.example",
            name_zh=f"登錄專員{zh}",
            name_en=f"RA officer {en}",
            demo=True,
        )
        identity.grant(person, broker.tenant, role)
        made.append(int(person.pk))
    return made[0], made[1]


def _register(desk: tuple[int, int], tenant: int, person: int, kind: str) -> None:
    applies, approves = desk
    document = {"kind": "id_card", "reference": f"DEMO-{person:06}", "checked_on": timezone.localdate().isoformat()}
    with rls.acting(tenant=tenant):
        made = trust.apply(tenant=tenant, person=person, documents=[document], by=applies, kind=kind, note="示範 Demo")
        trust.decide(made.registration, tenant=tenant, by=approves, approve=True)
