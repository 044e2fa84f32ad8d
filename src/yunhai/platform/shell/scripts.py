"""What the investor's pages tell their scripts: who reads, for which account, and the places that any of them may lead to.

A page gives it to its template as `page`; `pocket/base.html` writes it as JSON into the element that `pocket/page.js` reads.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import chosen_account


def page_data(request: HttpRequest, **more: object) -> dict[str, Any]:
    """`tenant`, `person`, `account` (0: none), addresses `home`, `security` (a code and "/" follow) and `timeline`; `more`."""
    caller = caller_of(request)
    home = reverse("orders:pocket")
    return {
        "tenant": caller.tenant_id,
        "person": caller.person_id,
        "account": chosen_account(request),
        "home": home,
        "security": home + "s/",
        "timeline": reverse("orders:timeline_search"),
        **more,
    }
