"""The one API of the web process, `/api/v1`, put together from every app's `http` module."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from ninja import NinjaAPI

from yunhai import __version__
from yunhai.platform.shell.api import install
from yunhai.platform.shell.texts import FitParser

api = NinjaAPI(
    title="Yunhai 雲海",
    version=__version__,
    urls_namespace="api",
    parser=FitParser(),
    docs_url=None,
    openapi_url=None,  # the whole document, core and stream included, has its own address
)
install(api)
for _app in settings.INSTALLED_APPS:
    if _app.startswith("yunhai.") and find_spec(f"{_app}.http") is not None:
        _module = import_module(f"{_app}.http")
        api.add_router(getattr(_module, "PREFIX", ""), _module.router)
