"""What every route of /api/v1 shares: who may call, and how a refusal is answered.

`signed_in` is the routers' `auth`: a bearer token, or the session's cookie with the CSRF token. `open_to` says on a route
which roles and which service of the matrix it takes; the isolation test reads it from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.utils import check_csrf

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.entitlements.api import entitled
from yunhai.platform.errors import (
    BAD_REQUEST,
    FORGED,
    METHOD_NOT_ALLOWED,
    NOT_ENTITLED,
    NOT_SIGNED_IN,
    NOT_THERE,
    ROLE_MISSING,
    SECOND_FACTOR_NEEDED,
)
from yunhai.platform.identity.caller import Caller
from yunhai.platform.shell import refusals

P = ParamSpec("P")
R = TypeVar("R")


def caller_of(request: HttpRequest) -> Caller:
    """Who asks."""
    found: Caller = request.caller  # type: ignore[attr-defined]
    return found


def signed_in(request: HttpRequest) -> Caller:
    """django-ninja's `auth`: the caller, or NOT_SIGNED_IN; FORGED for a cookie without the CSRF token."""
    caller = caller_of(request)
    if caller.person is None:
        raise YunhaiError(NOT_SIGNED_IN)
    if not caller.bearer and check_csrf(request) is not None:
        raise YunhaiError(FORGED)
    return caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may use a route or page: one of `roles` (none named: any signed in), with `service` open to their tenant."""

    roles: tuple[str, ...] = ()
    service: str = ""
    mfa: bool = False


def require(caller: Caller, access: Access) -> None:
    """NOT_SIGNED_IN, NOT_ENTITLED, ROLE_MISSING, SECOND_FACTOR_NEEDED, in this order.

    Who comes in as an operator works the platform for everybody: never without a second factor, whatever the route."""
    if caller.person is None:
        raise YunhaiError(NOT_SIGNED_IN)
    if access.service and not entitled(caller.tenant, access.service):
        raise YunhaiError(NOT_ENTITLED, service=access.service)
    if access.roles and not caller.roles.intersection(access.roles):
        raise YunhaiError(ROLE_MISSING, roles=", ".join(access.roles))
    needed = access.mfa or "operator" in caller.roles.intersection(access.roles)
    if needed and not caller.mfa:
        raise YunhaiError(SECOND_FACTOR_NEEDED)


def _listed(answer: R) -> R:
    """Rows in a tuple as a list: two of them would be taken for a status and an answer."""
    if isinstance(answer, tuple) and not (len(answer) == 2 and isinstance(answer[0], int)):
        return list(answer)  # type: ignore[return-value]
    return answer


def open_to(
    *roles: str, service: str = "", mfa: bool = False
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """A route of the API: `@router.get("/…")` above, `@open_to("operations", service="1.5")` below it."""
    access = Access(roles=roles, service=service, mfa=mfa)

    def decorate(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            require(caller_of(request), access)
            return _listed(view(request, *args, **kwargs))

        guarded.access = access  # type: ignore[attr-defined]
        return guarded

    return decorate


def install(api: NinjaAPI) -> None:
    """Have the API answer every refusal in the house's one form, and undo what the view had written."""

    def refuse(error: YunhaiError) -> HttpResponse:
        if transaction.get_connection().in_atomic_block:
            transaction.set_rollback(True)
        return refusals.as_json(error)

    @api.exception_handler(YunhaiError)
    def _refused(request: HttpRequest, problem: YunhaiError) -> HttpResponse:
        return refuse(problem)

    @api.exception_handler(ValidationError)
    def _misshapen(request: HttpRequest, problem: ValidationError) -> HttpResponse:
        return refuse(YunhaiError(BAD_REQUEST, reason=_told(problem.errors)))

    @api.exception_handler(Http404)
    def _missing(request: HttpRequest, problem: Http404) -> HttpResponse:
        return refuse(YunhaiError(NOT_THERE))

    @api.exception_handler(AuthenticationError)
    def _nobody(request: HttpRequest, problem: AuthenticationError) -> HttpResponse:
        return refuse(YunhaiError(NOT_SIGNED_IN))

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, problem: HttpError) -> HttpResponse:
        if isinstance(problem.__cause__, YunhaiError):  # the parser's
            return refuse(problem.__cause__)
        code = METHOD_NOT_ALLOWED if problem.status_code == 405 else BAD_REQUEST
        return refuse(YunhaiError(code, reason=problem.message))


def _told(errors: list[Any]) -> str:
    """Where and what, of the first few faults; never the value that was sent."""
    return "; ".join(
        f"{'.'.join(str(part) for part in one.get('loc', ()))}: {one.get('msg', '')}" for one in errors[:5]
    )
