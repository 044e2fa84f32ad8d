"""The bell of the Pocket's header."""

from typing import Any, Final

from django import template
from django.template import RequestContext

from yunhai.services.alerts.words import words

register = template.Library()
PAGE: Final = "/pocket/alerts/"


@register.inclusion_tag("alerts/parts/bell.html", takes_context=True)
def alerts_bell(context: RequestContext) -> dict[str, Any]:
    """The bell, where the reader's menu has alerts. `person`: whose last sight of them a browser keeps."""
    shell: dict[str, Any] = context.get("shell") or {}
    open_ = any(entry["url"] == PAGE for entry in shell.get("menu", ()))
    return {
        "request": context.get("request"),
        "open": open_,
        "page_url": PAGE,
        "person": (shell.get("person") or {}).get("id", 0),
        "texts": words() if open_ else {},
    }
