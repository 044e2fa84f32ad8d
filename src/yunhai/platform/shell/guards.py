"""Who may see a page: `@page("operations", service="1.5")` on a view.

Whoever is not signed in is sent to sign in; for everybody else a page that is not theirs is not there (404), and one of a service
that the matrix closed says so.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import NOT_ENTITLED, NOT_SIGNED_IN, SECOND_FACTOR_NEEDED
from yunhai.platform.shell.api import Access, caller_of, require

P = ParamSpec("P")


def page(
    *roles: str, service: str = "", mfa: bool = False
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """A page for some roles (none named: any signed in), of a service of the matrix, with a second factor or not."""
    access = Access(roles=roles, service=service, mfa=mfa)

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                require(caller_of(request), access)
            except YunhaiError as error:
                if error.code == NOT_SIGNED_IN:
                    return _sign_in(request)
                if error.code == SECOND_FACTOR_NEEDED:
                    raise
                raise Http404(error if error.code == NOT_ENTITLED else "") from None  # a closed service is said
            return view(request, *args, **kwargs)

        guarded.access = access  # type: ignore[attr-defined]
        return guarded

    return decorate


def _sign_in(request: HttpRequest) -> HttpResponse:
    target = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
