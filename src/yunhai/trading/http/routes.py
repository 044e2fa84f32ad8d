"""Every route of the core as data: `ROUTES` (public) and `INNER` (the inner socket).

The application, the OpenAPI document and the tests of isolation are made of this one table, so that no route is served
that is not described, and none described that is not served.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from yunhai.kernel.limits import BODY_BYTES_MAX
from yunhai.trading.core import errors
from yunhai.trading.rates import Quota, Verdict
from yunhai.trading.tokens import Claims

if TYPE_CHECKING:
    from yunhai.trading.core.core import Core

PREFIX: Final = "/trade/v1"
RATE_LIMITED: Final = 6201


class Who(Enum):
    """Whom a route answers."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    LOOK = "look right"
    TRADE = "trade right"
    OPERATIONS = "operations"
    INNER = "inner socket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `claims` None where nobody signed in; `body` and `query` of the route's types; `path` its numbers."""

    claims: Claims | None = None
    body: Any = None
    query: Any = None
    path: dict[str, str] = field(default_factory=dict)

    @property
    def signed_in(self) -> Claims:
        """The claims of a route that is not for anybody."""
        assert self.claims is not None
        return self.claims


@dataclass(frozen=True, slots=True)
class Answer:
    """`content` of the route's response type. `rate` goes into the headers."""

    content: Any
    status: int = 200
    rate: Verdict | None = None


Handler = Callable[["Core", Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `name` is the OpenAPI operation; `errors` what it may refuse beyond what every route may; `example` of the
    request's body."""

    method: str
    path: str
    name: str
    who: Who
    handler: Handler
    response: type
    summary: str
    summary_zh: str
    request: type | None = None
    query: type | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    quota: Quota | None = None
    example: Any = None
    largest: int = BODY_BYTES_MAX

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


TOKEN_ERRORS: Final = tuple(range(errors.TOKEN_MISSING, errors.TOKEN_REVOKED + 1))
COMMON_ERRORS: Final = (errors.CORE_NOT_READY, errors.CORE_HALTED)


def errors_of(route: Route) -> tuple[int, ...]:
    """Every number that a route may refuse with, ascending."""
    found = {*route.errors, *COMMON_ERRORS}
    if route.who not in (Who.ANYBODY, Who.INNER):
        found |= {*TOKEN_ERRORS}
    if route.request is not None:
        found |= {errors.BODY_TOO_LARGE, errors.BODY_MALFORMED}
    if route.query is not None:
        found.add(errors.QUERY_MALFORMED)
    if route.quota is not None:
        found.add(RATE_LIMITED)
    return tuple(sorted(found))


def schema_names(routes: tuple[Route, ...]) -> list[type]:
    """The types of all requests, queries and responses, each once."""
    types: dict[type, None] = {}
    for route in routes:
        for kind in (route.request, route.response):
            if kind is not None:
                types[kind] = None
    return list(types)


def schemas_of(routes: tuple[Route, ...], *, ref: str = "#/components/schemas/{name}") -> dict[str, Any]:
    """JSON Schema of every type of the routes, by name."""
    return msgspec.json.schema_components(schema_names(routes), ref_template=ref)[1]
