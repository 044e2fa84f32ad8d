"""The web process's WSGI application."""

import os

from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunhai.apps.cloud.settings")


def _application() -> WSGIHandler:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


application = _application()
