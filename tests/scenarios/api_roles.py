"""Everybody who may ask the API, and values worth asking with: what `test_api_document` runs Schemathesis with.

Values are real ones of the running demo (accounts, orders, days, lines), mixed by Schemathesis with made-up ones, so that
answers of 200 are looked at as well as refusals.
"""

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from yunhai.client import ApiKey, Client, FixedToken

FIRST_BROKER = 11
PATIENCE_S = 60.0
PLATFORM = 1
ROLES: Mapping[str, tuple[str, int, str]] = {
    "investor": ("investor", FIRST_BROKER, "investor"),
    "sales": ("sales", FIRST_BROKER, "sales"),
    "keyin": ("keyin", FIRST_BROKER, "keyin"),
    "operations": ("operations", FIRST_BROKER, "operations"),
    "compliance": ("compliance", FIRST_BROKER, "compliance"),
    "operator": ("operator", PLATFORM, "operator"),
}
"""Role to whose sign-in link, at which tenant, as what."""
EVERYBODY = ("anonymous", "client", *ROLES)
"""`client`: a program with an API client's key and secret. The operator last: what an operator changes, changes the demo."""
REAL = 0.6
"""How often a value is a real one."""


def links(home: Path, environment: dict[str, str]) -> dict[str, str]:
    """A fresh sign-in link's path of each demo person."""
    command = [sys.executable, "-m", "yunhai.apps.cli", "demo", "--links", "--home", str(home), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return {one["person"]: one["path"] for one in json.loads(done.stdout.splitlines()[-1])["links"]}


def client_token(origin: str, home: Path) -> str:
    """Of the first of the scripted broker's clients."""
    one = json.loads((home / "credentials" / "demo.json").read_text())["scripted"][0]
    return ApiKey(origin, one["client"], one["secret"], timeout_s=PATIENCE_S).get().text


def role_token(origin: str, link: str, tenant: int, role: str) -> str:
    """Signed in by a link, a token for one role."""
    with httpx.Client(base_url=origin, follow_redirects=True, timeout=PATIENCE_S, trust_env=False) as browser:
        browser.get(link).raise_for_status()
        csrf = {"X-CSRFToken": browser.cookies.get("yunhai_csrf") or "", "Origin": origin}
        answer = browser.post("/api/v1/token", json={"tenant": tenant, "role": role}, headers=csrf)
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["token"])


def open_segments(origin: str, home: Path) -> dict[str, str]:
    """The phases of board and odd lots."""
    with Client(origin, FixedToken(client_token(origin, home)), timeout_s=PATIENCE_S) as client:
        phases = client.market(["2330"]).phases
    return {name: phases.get(name, "") for name in ("board", "odd_lot")}


def real_values(origin: str, home: Path, token: str) -> dict[str, list[str | int]]:
    """Of the demo, by a parameter's name. `token`: of somebody who sees a whole broker."""
    programs = json.loads((home / "credentials" / "demo.json").read_text())
    own, other = programs["scripted"][0], programs["agents"][1]
    key = ApiKey(origin, own["client"], own["secret"], timeout_s=PATIENCE_S)
    with Client(origin, key, timeout_s=PATIENCE_S) as client:
        market = client.market(["2330"])
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=origin, headers=bearer, timeout=PATIENCE_S, trust_env=False) as web:
        orders = [one["order_id"] for one in web.get("/api/v1/orders", params={"limit": 5}).json()["orders"]]
    return {
        "account": [own["account"], other["account"]],
        "order_id": orders or [1],
        "order": orders or [1],
        "any_id": [*orders, own["account"]],
        "day": [market.date],
        "date": [market.date, market.settles_on],
        "code": ["2330", "0050"],
        "codes": ["2330", "2330,0050"],
        "line": ["A1", "A2", "B1"],
        "service": ["1.3", "1.4", "1.5"],
        "column": ["brokerage", "exchange"],
        "number": [PLATFORM, FIRST_BROKER],
        "name": ["demo", market.pack],
        "first": [market.pack],
        "second": [market.pack],
        "purpose": ["contact", "statements"],
        "key": [own["key"], other["key"]],
        "dataset": ["bars-1d", "revenue"],
    }


def configuration(values: Mapping[str, Iterable[str | int]]) -> str:
    """A schemathesis.toml that mixes the values in, where a path, a query or a body asks for one of that name."""
    lines = []
    for name, known in values.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(list(known))}", ""]
    lines.append("[parameters]")
    for name in values:
        bound = f'{{ dictionary = "{name}", probability = {REAL} }}'
        lines += [f'"{place}.{name}" = {bound}' for place in ("path", "query", "body")]
    return "\n".join(lines) + "\n"


def not_for(role: str) -> list[str]:
    """Operations of /api/v1 that a role may not do, by the guards of the routes themselves: "GET /api/v1/…"."""
    import django

    django.setup()
    from tests.isolation.routes import api_routes

    asked = "investor" if role == "client" else role
    closed = [route for route in api_routes() if route.access is not None]
    return [
        str(route)
        for route in closed
        if role == "anonymous" or (route.access and route.access.roles and asked not in route.access.roles)
    ]


def wrong_answers(har: Path, document: Mapping[str, Any]) -> list[str]:
    """Answers of a run that are faults or that the document does not tell of, each with how it was asked."""
    wrong = {}
    shapes = _shapes(document)
    for entry in json.loads(har.read_text())["log"]["entries"]:
        asked, status = entry["request"], entry["response"]["status"]
        template = _template(urlsplit(asked["url"]).path, shapes)
        told = document["paths"].get(template, {}).get(asked["method"].lower())
        if status == httpx.codes.INTERNAL_SERVER_ERROR or (told is not None and str(status) not in told["responses"]):
            body = str(asked.get("postData", {}).get("text"))[:300]
            answer = str(entry["response"]["content"].get("text"))[:300]
            wrong[asked["method"], template, status] = (
                f"{asked['method']} {asked['url'][:200]} {body} -> {status} {answer}"
            )
    return list(wrong.values())


def _shapes(document: Mapping[str, Any]) -> list[tuple[str, re.Pattern[str]]]:
    """Of each path what it matches; an exact path before one with places."""
    shapes = [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$")) for path in document["paths"]]
    return sorted(shapes, key=lambda one: "{" in one[0])


def _template(path: str, shapes: Iterable[tuple[str, re.Pattern[str]]]) -> str:
    return next((template for template, shape in shapes if shape.match(path)), "")


@dataclass
class Seen:
    """Statuses that each operation answered, by role."""

    operations: dict[tuple[str, str], dict[str, Counter[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )

    def add(self, role: str, har: Path, document: Mapping[str, Any]) -> None:
        """What a run's HAR file tells."""
        shapes = _shapes(document)
        for entry in json.loads(har.read_text())["log"]["entries"]:
            known = _template(urlsplit(entry["request"]["url"]).path, shapes)
            if known:
                self.operations[entry["request"]["method"], known][role][entry["response"]["status"]] += 1

    def answered(self, method: str, path: str) -> set[int]:
        """Every status an operation answered to anybody."""
        return {status for counted in self.operations[method, path].values() for status in counted}


def token_for(role: str, origin: str, home: Path, environment: dict[str, str]) -> str:
    """Empty for nobody."""
    if role == "anonymous":
        return ""
    if role == "client":
        return client_token(origin, home)
    person, tenant, name = ROLES[role]
    return role_token(origin, links(home, environment)[person], tenant, name)
