"""Pages about oneself that allauth does not have: choose a tenant, sign out everywhere, the demo's sign-in links.

`app_name` is `identity`. The links work only while the demo runs and only from this very machine: a link is a password on
paper, and the demo's people own nothing.
"""

import ipaddress

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import LINK_DEAD, MEMBERSHIP_MISSING
from yunhai.platform.identity.api import end_all_sessions, use_demo_link
from yunhai.platform.identity.caller import DEMO_KEY, TENANT_KEY
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page

app_name = "identity"


def _next(request: HttpRequest, wanted: str) -> str:
    """A path of ours to go to; "/" instead of anybody else's."""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/"


@require_POST
@page()
def choose_tenant(request: HttpRequest) -> HttpResponse:
    """Work in another of one's tenants. MEMBERSHIP_MISSING for one that is not."""
    caller = caller_of(request)
    wanted = request.POST.get("tenant", "")
    if wanted not in {str(tenant.pk) for tenant in caller.tenants}:
        raise YunhaiError(MEMBERSHIP_MISSING)
    request.session[TENANT_KEY] = int(wanted)
    return HttpResponseRedirect(_next(request, request.POST.get("next", "/")))


@require_POST
@page()
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session and token of the person, this one too."""
    person = caller_of(request).person
    assert person is not None
    end_all_sessions(person)
    request.session.flush()
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)


def on_this_machine(request: HttpRequest) -> bool:
    """Whether the browser runs on this machine: the address is localhost, and the origin saw it come from there."""
    host = request.get_host().rsplit(":", 1)[0]
    if host not in ("localhost", "127.0.0.1", "[::1]"):
        return False
    try:
        return ipaddress.ip_address(get_adapter().get_client_ip(request)).is_loopback
    except ValueError:
        return False


@require_safe
def demo_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign a demo person in, once. LINK_DEAD whatever is wrong."""
    if request.method != "GET" or not settings.YUNHAI_DEMO or not on_this_machine(request):
        raise YunhaiError(LINK_DEAD)
    link = use_demo_link(token)
    request.session.flush()
    login(request, link.person, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[DEMO_KEY] = True
    return HttpResponseRedirect(_next(request, link.next))


urlpatterns = [
    path("account/tenant/", choose_tenant, name="choose_tenant"),
    path("account/sign-out-everywhere/", sign_out_everywhere, name="sign_out_everywhere"),
    path("demo/sign-in/<str:token>", demo_sign_in, name="demo_sign_in"),
]
