"""Planting an installation: tenants, branches, people, accounts, keys, lines, each row with the fact that tells the core.

Two things are planted: the demo (`plant_demo`) and the firms of a report (`plant_day`). Run as the migrator, whom
row-level security shows everything, before anybody is let in; Django must be set up with that role (`set_up`).

Secrets made here (signing keys of programs, API clients' secrets, lines' passwords) are given back once; whoever runs the
demo keeps them in the installation's credentials, mode 0600, and nowhere else.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from yunhai.apps.cloud import demo_people
from yunhai.apps.cloud.demo_people import (
    AGENT_CASH,
    AGENT_SHARES,
    BROKERS,
    CLIENT_CASH,
    CLIENT_SHARES,
    INVESTOR_ACCOUNTS,
    OTHER_CLIENTS,
    PEOPLE,
    POOL,
    DemoAccount,
    DemoBroker,
)
from yunhai.apps.cloud.operators import PLATFORM, WHY, make_platform
from yunhai.apps.cloud.places import HOME_VARIABLE, Places
from yunhai.client import Signer
from yunhai.trading.facts import Decided, GrantSet, Listed, Opening

if TYPE_CHECKING:
    from yunhai.apps.day.cloud_plan import CloudPlan
    from yunhai.platform.identity.models import Person

ROLE_VARIABLE: Final = "YUNHAI_ROLE"
DEMO_VARIABLE: Final = "YUNHAI_DEMO"
SETTINGS: Final = "yunhai.apps.cloud.settings"
BATCH: Final = "demo"
COMMISSION_PPM: Final = 1425
COMMISSION_MINIMUM: Final = 200_000
COMMISSION_MINIMUM_ODD_LOT: Final = 10_000
"""The usual commission: 0.1425 %, at least 20 NT$, of odd lots 1 NT$."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that trades by itself: its account, its API client, its registered signing key."""

    tenant: int
    account: int
    client: str
    secret: str
    key: int
    pem: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLogin:
    line: str
    broker: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What a planting gives back. `people`: demo key to person id; `openings`: (tenant, part) for the core."""

    people: Mapping[str, int]
    agents: tuple[Program, ...]
    scripted: tuple[Program, ...]
    lines: tuple[LineLogin, ...]
    openings: tuple[tuple[int, Opening], ...]


def set_up(places: Places, *, demo: bool) -> None:
    """Make this process Django's, as the migrator of an installation. Once in a process."""
    os.environ[HOME_VARIABLE] = str(places.home)
    os.environ[ROLE_VARIABLE] = "migrator"
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    if demo:
        os.environ[DEMO_VARIABLE] = "1"
    import django

    django.setup()


def planted() -> bool:
    """Whether anything stands in the database beside the platform's own tenant."""
    from yunhai.platform.tenancy.models import Tenant

    return Tenant.objects.exclude(kind="exchange").exists()


# --- the demo -----------------------------------------------------------------------------------------------------------


def plant_demo(listed: Iterable[Listed], pack: bytes) -> Planted:
    """Ten brokers, their lines in one pool, the people one can sign in as, programs that trade, opening balances.
    `pack`: the rule pack's TOML."""
    from django.db import transaction
    from django_scopes import scopes_disabled

    codes = [one.code for one in listed]
    with transaction.atomic(), scopes_disabled():
        _platform(pack)
        _open_replay()
        for broker in BROKERS:
            _broker(broker)
        lines = _lines({broker.tenant: (broker.code, broker.lines) for broker in BROKERS}, POOL)
        balances: dict[int, list[tuple[int, str, int, int]]] = {broker.tenant: [] for broker in BROKERS}
        people = _people(balances)
        agents = tuple(_agent(broker, codes, balances[broker.tenant]) for broker in BROKERS)
        scripted = _clients(BROKERS[0], balances[BROKERS[0].tenant])
        _certify(people)
        return Planted(people=people, agents=agents, scripted=scripted, lines=lines, openings=tuple(_parts(balances)))


def _certify(people: Mapping[str, int]) -> None:
    """Certificates for everybody, and brokers that demand them, where there is a CA."""
    from yunhai.apps.cloud.demo_trust import certify

    certify(people, reason=WHY)


def _platform(pack: bytes) -> None:
    """The exchange's tenant, the matrix told, the rule pack published."""
    from yunhai.platform.console.api import publish_pack

    make_platform()
    publish_pack(pack, reason=WHY, by=None)


def _open_replay() -> None:
    """Row 3.1 to brokers, as an operator opens a cell in the Console: the study gives it to the exchange alone."""
    from yunhai.platform.console.api import change_cell

    change_cell("3.1", "brokerage", "full", (), reason=WHY, by=None)


def _broker(broker: DemoBroker) -> None:
    _tenant(broker.tenant, broker.code, broker.zh, broker.en)
    for code, zh, en in broker.branches:
        _branch(broker.tenant, code, zh, en)


def _people(balances: Mapping[int, list[tuple[int, str, int, int]]]) -> dict[str, int]:
    """Everybody with a link, and the investor's accounts."""
    from yunhai.platform.identity import api as identity
    from yunhai.platform.tenancy.models import Tenant

    made = {}
    for one in PEOPLE:
        person = identity.make_person(one.email, name_zh=one.zh, name_en=one.en, demo=True)
        made[one.key] = person
        for place, role in one.roles:
            identity.grant(person, BROKERS[place].tenant, role)
    exchange = Tenant.objects.get(kind="exchange")
    identity.grant(made["operator"], exchange.pk, "operator")
    for account in INVESTOR_ACCOUNTS:
        _open_for(made[account.person], account, balances)
    return {key: int(person.pk) for key, person in made.items()}


def _open_for(person: "Person", opened: DemoAccount, balances: Mapping[int, list[tuple[int, str, int, int]]]) -> int:
    broker = BROKERS[opened.broker]
    account = _account(
        broker.tenant, broker.branches[opened.branch][0], opened.number, person=person, day_trade="buy_first"
    )
    rows = balances[broker.tenant]
    rows.append((account, "", opened.cash, 0))
    rows += [(account, code, shares, shares * cost) for code, shares, cost in opened.shares]
    return account


def _clients(broker: DemoBroker, rows: list[tuple[int, str, int, int]]) -> tuple[Program, ...]:
    """The first broker's other clients: served at the desk, and each with an API client for the scripted broker."""
    from yunhai.platform.identity import api as identity

    made = []
    for at, (zh, en) in enumerate(OTHER_CLIENTS, start=1):
        person = identity.make_person(f"client{at}@demo.example", name_zh=zh, name_en=en, demo=True)
        account = _account(broker.tenant, broker.code, f"{2_000_000 + at:07d}", person=person, day_trade="buy_first")
        rows.append((account, "", CLIENT_CASH, 0))
        rows += [(account, code, shares, 0) for code, shares in CLIENT_SHARES]
        made.append(_program(person, broker.tenant, account, "investor", "scripted broker"))
    return tuple(made)


def _agent(broker: DemoBroker, codes: Iterable[str], rows: list[tuple[int, str, int, int]]) -> Program:
    """The broker's own trading program, with more than it can lose."""
    from yunhai.platform.identity import api as identity

    person = identity.make_person(
        f"agent-{broker.code.lower()}@demo.example",
        name_zh=f"{broker.zh}程式",
        name_en=f"{broker.en} Program",
        demo=True,
    )
    account = _account(broker.tenant, broker.code, "9000001", person=person, day_trade="buy_first")
    rows.append((account, "", AGENT_CASH, 0))
    rows += [(account, code, AGENT_SHARES, 0) for code in codes]
    return _program(person, broker.tenant, account, "investor", "demo agent")


def _program(person: "Person", tenant: int, account: int, role: str, name: str) -> Program:
    from yunhai.platform.identity import api as identity

    signer = Signer.generate()
    key = identity.add_key(person, signer.public, kind="api", name=name)
    client, secret = identity.make_client(person, tenant, role, name)
    return Program(tenant=tenant, account=account, client=client.key, secret=secret, key=int(key.pk), pem=signer.pem())


# --- a report's firms ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedDay:
    """`keys`: of each tenant the signing key's id and PEM."""

    keys: Mapping[int, tuple[int, bytes]]
    lines: tuple[LineLogin, ...]


def plant_day(plan: "CloudPlan", pack: bytes) -> PlantedDay:
    """Every firm a tenant, every branch an account, one program a firm that signs for all its branches."""
    from django.db import transaction
    from django_scopes import scopes_disabled

    with transaction.atomic(), scopes_disabled():
        _platform(pack)
        keys: dict[int, tuple[int, bytes]] = {}
        branches: dict[int, list[tuple[str, str]]] = {firm.tenant: [] for firm in plan.firms}
        for account in plan.accounts:
            branches[account.tenant].append((account.code, account.name))
        for firm in plan.firms:
            _tenant(firm.tenant, firm.code, firm.name, firm.name)
            for code, name in branches[firm.tenant]:
                _branch(firm.tenant, code, name, name)
            keys[firm.tenant] = _firm_key(firm.tenant, firm.code)
        for account in plan.accounts:
            _account(account.tenant, account.code, account.number, number_in_journal=account.account)
        lines = _lines({firm.tenant: (firm.code, (_line_name(at),)) for at, firm in enumerate(plan.firms)}, "day")
        return PlantedDay(keys=keys, lines=lines)


def _firm_key(tenant: int, code: str) -> tuple[int, bytes]:
    """A key of a person who may trade for every account of the firm. The person is a program: nobody signs in as it."""
    from yunhai.platform.identity import api as identity
    from yunhai.platform.identity.models import Membership

    person = identity.make_person(f"day-{code.lower()}@day.example", name_zh=f"{code} 程式", name_en=f"{code} program")
    Membership.objects.create(person=person, tenant_id=tenant, role="api")
    _tell(GrantSet(person=person.pk, tenant=tenant, role="api", account=0, trade=True), tenant)
    signer = Signer.generate()
    key = identity.add_key(person, signer.public, kind="api", name="day")
    return int(key.pk), signer.pem()


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def _line_name(at: int) -> str:
    return _LETTERS[at // len(_LETTERS)] + _LETTERS[at % len(_LETTERS)]


# --- one row and its fact -------------------------------------------------------------------------------------------------


def _tell(fact: Decided, tenant: int = 0) -> None:
    from yunhai.platform.outbox.api import put

    put(fact, tenant=tenant)


def _tenant(number: int, code: str, zh: str, en: str) -> None:
    from yunhai.platform.console.api import add_tenant
    from yunhai.platform.console.rules import TenantState

    state = TenantState(
        code=code,
        kind="broker",
        name_zh=zh,
        name_en=en,
        columns=("brokerage",),
        status="open",
        commission_ppm=COMMISSION_PPM,
        commission_minimum=COMMISSION_MINIMUM,
        commission_minimum_odd_lot=COMMISSION_MINIMUM_ODD_LOT,
    )
    add_tenant(state, reason=WHY, by=None, number=number)


def _branch(tenant: int, code: str, zh: str, en: str) -> None:
    from yunhai.platform.console.api import add_branch

    add_branch(tenant, code, zh, en, reason=WHY, by=None)


def _account(
    tenant: int,
    branch: str,
    number: str,
    *,
    person: "Person | None" = None,
    day_trade: str = "none",
    number_in_journal: int | None = None,
) -> int:
    """Open an account, the person its investor; its id, chosen by the database unless given."""
    from yunhai.services.accounts.api import open_account

    opened = open_account(
        tenant=tenant, branch=branch, number=number, person=person, account=number_in_journal, day_trade=day_trade
    )
    return opened.account


def _lines(owned: Mapping[int, tuple[str, tuple[str, ...]]], pool: str) -> tuple[LineLogin, ...]:
    """Lines of each tenant (code, line numbers), all in one pool, each with a password of its own."""
    from yunhai.platform.console.api import add_line, set_pool

    logins = []
    for tenant, (code, names) in owned.items():
        for name in names:
            _, password = add_line(name, tenant, reason=WHY, by=None)
            logins.append(LineLogin(line=name, broker=code, password=password))
    set_pool(pool, list(owned), {}, reason=WHY, by=None)
    return tuple(logins)


def _parts(balances: Mapping[int, list[tuple[int, str, int, int]]]) -> Iterable[tuple[int, Opening]]:
    for tenant, rows in balances.items():
        if rows:
            accounts, codes, amounts, costs = (tuple(column) for column in zip(*rows, strict=True))
            yield tenant, Opening(batch=BATCH, part=0, accounts=accounts, codes=codes, amounts=amounts, costs=costs)


assert demo_people.FIRST_BROKER > PLATFORM
