"""The web process's WSGI application."""

import os
from wsgiref.types import WSGIApplication

from yunhai.apps.cloud.whole_body import WholeBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunhai.apps.cloud.settings")


def _application() -> WSGIApplication:
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    from yunhai.apps.cloud import warming
    from yunhai.apps.cloud.logs import configure

    configure("web")
    made = get_wsgi_application()
    assert get_resolver().url_patterns  # a page that cannot be imported ends the process now, not at its first visitor
    warming.begin()
    return WholeBody(made)


application = _application()
