"""The living style page `/style`: every component in every state, to look at and to copy from.

Shown where DEBUG is on or to the platform's operators; to anybody else it is not there (404).
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def style_page(request: HttpRequest) -> HttpResponse:
    """All components. 404 for whoever is not an operator."""
    if not (settings.DEBUG or getattr(request.user, "is_staff", False)):
        raise Http404
    return render(request, "shell/style.html")
