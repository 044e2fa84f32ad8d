"""Security headers of every page: a content policy without inline code, and nothing this site does not use.

Scripts and styles come from our own origin only. A page that must have an inline script (the passkey pages do) marks it
with the request's nonce: `<script nonce="{{ csp_nonce }}">`.
"""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class HeadersMiddleware:
    """Gives the request its `csp_nonce` and the answer its headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy(nonce, settings.YUNHAI_ORIGIN))
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers.setdefault("X-Yunhai-Mode", settings.YUNHAI_MODE)
        if getattr(request, "caller", None) is not None and request.caller.person is not None:  # type: ignore[attr-defined]
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def policy(nonce: str, origin: str) -> str:
    """The Content-Security-Policy. WebSockets are named for browsers that do not count them as 'self'."""
    parts = urlsplit(origin)
    sockets = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {sockets}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "manifest-src 'self'",
        )
    )
