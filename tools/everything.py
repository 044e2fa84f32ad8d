"""Loads every module of the product once, so that every area has registered its errors.

The control plane's modules need Django set up first; its settings make a home folder's credentials, so that they are
given a home of their own that goes when the program ends.
"""

import importlib
import os
import pkgutil
import tempfile

import yunhai

SKIPPED = ("yunhai.native.", "yunhai.apps.cloud.wsgi")


def load_everything() -> None:
    """Import every module of the package but entry points and database migrations."""
    _set_up_django()
    for module in pkgutil.walk_packages(yunhai.__path__, "yunhai."):
        name = module.name
        if not (name.startswith(SKIPPED) or name.endswith("__main__") or ".migrations" in name):
            importlib.import_module(name)


def _set_up_django() -> None:
    import django
    from django.apps import apps

    if apps.ready:
        return
    with tempfile.TemporaryDirectory(prefix="yunhai-tools-") as home:
        os.environ["YUNHAI_HOME"] = home
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunhai.apps.cloud.settings")
        django.setup()
