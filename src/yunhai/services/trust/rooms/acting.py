"""What the rooms share: do something or show why not, and who may act."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import SECOND_FACTOR_NEEDED
from yunhai.platform.identity.models import Person
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of


def tried(request: HttpRequest, action: Callable[[], object], done: str) -> dict[str, Any] | None:
    """Do it and say so; or what the template shows of the refusal. What was written before a refusal is taken back."""
    try:
        with transaction.atomic():
            action()
    except YunhaiError as error:
        return refusals.shown(error) | {"status": error.entry.http}
    messages.success(request, done)
    return None


def shown_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], error: dict[str, Any] | None = None
) -> HttpResponse:
    """A room's page, with the refusal of what was asked, if there is one."""
    return render(request, template, {**context, "error": error}, status=error["status"] if error else 200)


def require_second_factor(request: HttpRequest) -> None:
    """SECOND_FACTOR_NEEDED for a session without one."""
    if not caller_of(request).mfa:
        raise YunhaiError(SECOND_FACTOR_NEEDED)


def person_of(request: HttpRequest) -> Person:
    """Who is signed in; the page's guard has seen to it that somebody is."""
    person = caller_of(request).person
    assert person is not None
    return person


def whole(text: str) -> int:
    """A whole number of at most 18 digits; 0 for anything else, which names nothing."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
