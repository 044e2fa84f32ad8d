"""From routes to an ASGI application: one way in and one way out for every request.

In: the body is bounded while it is read, decoded into the route's type with nothing unknown in it, the token verified, the
rate taken. Out: the answer's JSON with `mode`, or the refusal's with the registry's HTTP status. A fault of the program is
logged with a number and answered 500 without its text.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core import errors
from yunhai.trading.core.core import Core
from yunhai.trading.http.routes import RATE_LIMITED, Answer, Asked, Route, Who
from yunhai.trading.rates import Verdict, headers
from yunhai.trading.tokens import Claims

log: Final = structlog.get_logger("yunhai.core.http")
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_REQUEST_ID: Final = re.compile(r"[0-9A-Za-z-]{8,64}", re.ASCII).fullmatch
_HTTP_PROBLEMS: Final = {404: errors.ROUTE_UNKNOWN, 405: errors.METHOD_NOT_ALLOWED}


def refusal_body(error: YunhaiError, mode: str) -> dict[str, Any]:
    return {"error": error.as_json(), "mode": mode}


def _response(core: Core, content: Any, status: int, rate: Verdict | None = None) -> Response:
    response = Response(msgspec.json.encode(content), status)
    response.raw_headers = [
        (b"content-length", b"%d" % len(response.body)),
        _JSON,
        (b"x-yunhai-mode", core.mode.encode()),
        (b"cache-control", b"no-store"),
    ]
    if rate is not None:
        response.raw_headers += headers(rate)
    return response


def refused(core: Core, error: YunhaiError, rate: Verdict | None = None) -> Response:
    """The answer of a refusal."""
    response = _response(core, refusal_body(error, core.mode), error.entry.http, rate)
    if error.entry.http == 401:
        response.raw_headers.append((b"www-authenticate", b"Bearer"))
    return response


def bearer(request: Request) -> str:
    """The token of the header; TOKEN_MISSING."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise YunhaiError(errors.TOKEN_MISSING)
    return token.strip()


def request_id(request: Request) -> str:
    """The id under which a request is found in the logs: the origin's, else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID(given) else secrets.token_hex(8)


async def _body(request: Request, route: Route) -> Any:
    """The request's body as the route's type. BODY_TOO_LARGE before it is read to its end, BODY_MALFORMED."""
    assert route.request is not None
    size, parts = 0, []
    async for part in request.stream():
        size += len(part)
        if size > route.largest:
            raise YunhaiError(errors.BODY_TOO_LARGE, bytes=route.largest)
        parts.append(part)
    try:
        return msgspec.json.decode(b"".join(parts), type=route.request)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise YunhaiError(errors.BODY_MALFORMED, reason=str(problem)) from None


def _query(request: Request, kind: type) -> Any:
    pairs = request.query_params.multi_items()
    if len({name for name, _ in pairs}) != len(pairs):
        raise YunhaiError(errors.QUERY_MALFORMED, reason="a name stands twice")
    try:
        return msgspec.convert(dict(pairs), kind, strict=False)
    except msgspec.ValidationError as problem:
        raise YunhaiError(errors.QUERY_MALFORMED, reason=str(problem)) from None


def _claims(core: Core, request: Request, route: Route) -> Claims | None:
    if route.who in (Who.ANYBODY, Who.INNER):
        return None
    return core.who(bearer(request))


def endpoint(core: Core, route: Route) -> Callable[[Request], Awaitable[Response]]:
    """The Starlette endpoint of a route."""

    async def answer(request: Request) -> Response:
        number = request_id(request)
        response = await answered(request)
        response.raw_headers.append((b"x-request-id", number.encode()))
        if route.method != "GET" or response.status_code >= 400:
            claims: Claims | None = getattr(request.state, "claims", None)
            tenant = claims.tenant if claims is not None else 0
            log.info("request", request=number, route=route.name, status=response.status_code, tenant=tenant)
        return response

    async def answered(request: Request) -> Response:
        rate: Verdict | None = None
        try:
            claims = _claims(core, request, route)
            request.state.claims = claims
            if route.quota is not None and claims is not None:
                rate = core.rates.take(route.quota, claims.person, time.monotonic())
                if not rate.allowed:
                    raise YunhaiError(RATE_LIMITED, scope=rate.quota.scope, limit=rate.quota.limit)
            body = await _body(request, route) if route.request is not None else None
            query = _query(request, route.query) if route.query is not None else None
            asked = Asked(claims=claims, body=body, query=query, path=dict(request.path_params))
            said: Answer = await route.handler(core, asked)
        except YunhaiError as error:
            return refused(core, error, rate)
        except Exception as fault:
            log.exception("fault", route=route.key)
            core.counted.faults.inc()
            return refused(core, YunhaiError(errors.CORE_FAULT, reason=type(fault).__name__))
        return _response(core, said.content, said.status, said.rate or rate)

    return answer


def application(core: Core, routes: tuple[Route, ...], more: list[BaseRoute]) -> Starlette:
    """The application of a table of routes and whatever else is served beside it."""

    async def unknown(_: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 404
        return refused(core, YunhaiError(_HTTP_PROBLEMS.get(status, errors.ROUTE_UNKNOWN)))

    served: list[BaseRoute] = []
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, []).append(route)
    for path, same in by_path.items():
        served += [StarletteRoute(path, endpoint(core, route), methods=[route.method]) for route in same]
    made = Starlette(routes=[*served, *more], exception_handlers={HTTPException: unknown})
    made.router.redirect_slashes = False
    return made
