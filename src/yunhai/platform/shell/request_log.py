"""One log line a request, and its counts: ids and figures only, the path without its query."""

import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

from yunhai.platform.identity.caller import NOBODY, Caller

REQUESTS = Counter("yunhai_web_requests_total", "Requests by method and status", ("method", "status"))
SECONDS = Histogram(
    "yunhai_web_request_seconds", "Time to answer", buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"/health", "/ready", "/metrics"})
log = structlog.get_logger("web")


class RequestLogMiddleware:
    """Names the request (`X-Request-Id` of the answer), times it and writes it down."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        name = secrets.token_hex(8)
        request.request_id = name  # type: ignore[attr-defined]
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        response.headers["X-Request-Id"] = name
        if request.path not in QUIET:
            method = request.method if request.method in METHODS else "OTHER"
            REQUESTS.labels(method, str(response.status_code)).inc()
            SECONDS.observe(seconds)
            caller: Caller = getattr(request, "caller", NOBODY)
            log.info(
                "request",
                request=name,
                method=method,
                path=_shown(request.path),
                status=response.status_code,
                ms=round(seconds * 1_000, 1),
                tenant=caller.tenant_id,
                person=caller.person_id,
            )
        return response


def _shown(path: str) -> str:
    """A path without what must not be in a log: the token of a sign-in link, the key of a confirmation mail."""
    for secret in ("/demo/sign-in/", "/account/confirm-email/", "/account/password/reset/key/"):
        if path.startswith(secret):
            return secret + "…"
    return path[:200]
