"""Refusals as answers: JSON for programs, a page for people, the registry's status and texts for both."""

from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import FAULT, FORGED, NOT_THERE

log = structlog.get_logger("web")


def as_json(error: YunhaiError) -> JsonResponse:
    """The API's refusal (docs/concepts/cloud.md §7)."""
    body = {"error": error.as_json(), "mode": settings.YUNHAI_MODE}
    return JsonResponse(body, status=error.entry.http, json_dumps_params={"ensure_ascii": False})


def shown(error: YunhaiError) -> dict[str, Any]:
    """What a template shows of a refusal: `text`, `remedy`, `code`, in the active language."""
    language = translation.get_language() or ""
    if language.startswith("en"):
        return {"code": error.code, "text": error.text("en"), "remedy": error.remedy("en")}
    return {"code": error.code, "text": error.text("zh"), "remedy": error.remedy("zh")}


def for_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def page(request: HttpRequest, error: YunhaiError, status: int = 0) -> HttpResponse:
    """The refusal as `shell/refusal.html` (`error` in its context); part of a page for htmx; JSON below /api. `status`: another
    one than the catalogue's."""
    if for_program(request):
        return as_json(error)
    part = request.headers.get("HX-Request") == "true"
    template = "shell/parts/error.html" if part else "shell/refusal.html"
    told, status = shown(error), status or error.entry.http
    try:
        content: str = render_to_string(template, {"error": told, "status": status}, request)
    except Exception as problem:  # noqa: BLE001 - what tells of a fault must not have one
        log.error("refusal page failed", kind=type(problem).__name__, code=error.code)
        content = f"<!doctype html><title>{error.code}</title><p>{escape(told['text'])}</p>"
    return HttpResponse(content, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = exception.args[0] if exception is not None and exception.args else None
    return page(request, said if isinstance(said, YunhaiError) else YunhaiError(NOT_THERE), HTTPStatus.NOT_FOUND)


def not_allowed(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """An address that only takes forms, asked for as a page (a link typed or kept): said like a page that is not there."""
    told = not_found(request)
    told.status_code = response.status_code
    told.headers["Allow"] = response.headers.get("Allow", "")
    return told


def fault(request: HttpRequest) -> HttpResponse:
    return page(request, YunhaiError(FAULT))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(request, YunhaiError(FORGED))
