"""What the web process makes ready before its first visitor, so that nobody waits for it.

Addresses, both languages and every template of the house are read in a thread of its own from the moment the process begins to
serve, then each Django app that has something to warm (`warm` of its configuration) does so. Nothing waits for it: who comes
earlier makes what he needs himself, as without it. What fails is logged and left to the first visitor, who is told.
"""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from django.apps import AppConfig, apps
from django.conf import settings
from django.template import TemplateSyntaxError, engines
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import translation

OWN: Final = Path(__file__).resolve().parents[2]
"""The house's own code: whose templates are compiled."""
_NOWHERE: Final = "/…/"
_log: Final = structlog.get_logger(__name__)


def begin() -> threading.Thread:
    """`warm` beside whatever else the process does."""
    thread = threading.Thread(target=warm, name="warming", daemon=True)
    thread.start()
    return thread


def warm() -> None:
    """Everything, one after the other; none of it may fail the others. What is there at the end stays as long as the process: the
    collector of garbage need not look through it again, which took a fifth of a second out of some visitor's page."""
    for name, step in steps():
        try:
            step()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the first visitor meets it again and is told
            _log.warning("not warmed", step=name, problem=f"{type(problem).__name__}: {problem}")
    gc.collect()
    gc.freeze()


def steps() -> Iterator[tuple[str, Callable[[], None]]]:
    """By name, what is to be made ready, in the order of its worth."""
    yield "addresses", addresses
    yield "templates", templates
    for config in apps.get_app_configs():
        warming = getattr(config, "warm", None)
        if warming is not None:
            yield config.label, warming


def addresses() -> None:
    """Every address' pattern is compiled, and the names turned into addresses, for each language."""
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Sign in")
            with suppress(NoReverseMatch):
                reverse(_NOWHERE)
            with suppress(Resolver404):
                resolve(_NOWHERE)


def templates() -> None:
    """Those of the house's own apps, into the loader that keeps them."""
    for config in apps.get_app_configs():
        for name in own_templates(config):
            try:
                engines["django"].get_template(name)
            except TemplateSyntaxError as problem:
                _log.warning("not warmed", step=name, problem=str(problem))


def own_templates(config: AppConfig) -> list[str]:
    """An app's templates by name; none of somebody else's."""
    folder = Path(config.path) / "templates"
    return (
        sorted(str(file.relative_to(folder)) for file in folder.rglob("*.html")) if folder.is_relative_to(OWN) else []
    )
