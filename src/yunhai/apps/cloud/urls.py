"""The addresses of the web process: every app's own, none written twice.

An app that has pages has a module `pages` with `urlpatterns` from the root ("pocket/…", "timeline/<str:id>") and
`app_name`; an app with an API has a module `http` with `router` (django-ninja) and `PREFIX` (below /api/v1).
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from yunhai.apps.cloud import health
from yunhai.apps.cloud.api import api
from yunhai.apps.cloud.openapi import openapi_json


def modules(name: str) -> list[ModuleType]:
    """The modules of this name of all of Yunhai's installed apps, in their order."""
    ours = [app for app in settings.INSTALLED_APPS if app.startswith("yunhai.")]
    return [import_module(f"{app}.{name}") for app in ours if find_spec(f"{app}.{name}") is not None]


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/openapi.json", openapi_json, name="openapi"),
    path("api/v1/", api.urls),
    *(path("", include((module.urlpatterns, module.app_name))) for module in modules("pages")),
    path("account/", include("allauth.urls")),
    *health.urlpatterns,
]
handler404 = "yunhai.platform.shell.refusals.not_found"
handler500 = "yunhai.platform.shell.refusals.fault"
