"""One request, one transaction, one caller.

The transaction is opened here, around the view, because what the database is told about the caller (`rls.tell`) lasts as
long as it. A view's own part is a savepoint in it (`ATOMIC_REQUESTS`): a view that raises leaves nothing behind.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

import pghistory
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django_scopes import scope

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.identity.caller import NOBODY, Caller
from yunhai.platform.identity.resolve import resolve
from yunhai.platform.shell import refusals
from yunhai.platform.shell.texts import require_fit
from yunhai.platform.tenancy import rls

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods whose changes the audit triggers are told the author of."""
NOT_ALLOWED: Final = 405
WITHOUT_CALLER = frozenset({"/health", "/ready", "/metrics"})


def language_of(request: HttpRequest, caller: Caller) -> str:
    """The cookie's choice, else the person's, else zh-Hant."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    known = {code for code, _ in settings.LANGUAGES}
    if chosen in known:
        return chosen
    if caller.person is not None and caller.person.language in known:
        return caller.person.language
    return settings.LANGUAGE_CODE


class CallerMiddleware:
    """Sets `request.caller`, the scope, the database's settings and the language, and takes them away again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.caller = NOBODY  # type: ignore[attr-defined]
        if request.path in WITHOUT_CALLER:
            return self.get_response(request)
        try:
            require_fit(request)
        except YunhaiError as error:
            return refusals.page(request, error)
        with transaction.atomic():
            try:
                caller = resolve(request)
            except YunhaiError as error:
                return refusals.as_json(error)
            request.caller = caller  # type: ignore[attr-defined]
            rls.tell(tenant=caller.tenant_id or None, person=caller.person_id or None, accounts=caller.seen_accounts)
            with (
                pghistory.context(person=caller.person_id, tenant=caller.tenant_id)
                if request.method in CHANGING
                else nullcontext(),
                translation.override(language_of(request, caller)),
                scope(tenant=caller.tenant_id) if caller.tenant else nullcontext(),
            ):
                response = self.get_response(request)
                if response.status_code == NOT_ALLOWED and not refusals.for_program(request):
                    response = refusals.not_allowed(request, response)
                response.headers.setdefault("Content-Language", translation.get_language())
            if not connection.needs_rollback:
                rls.tell(tenant=None, person=None)
        return response

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """A refusal that a page raised becomes a page with its text; anything else is a fault."""
        if isinstance(problem, YunhaiError):
            return refusals.page(request, problem)
        return None
