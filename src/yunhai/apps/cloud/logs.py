"""Logs of the processes: one JSON object a line on standard error, without names, secrets and tokens.

Whoever logs gives ids. Should a record carry a field with a name that is never to be logged, its value is left out; text
that looks like a token is cut. Python's own loggers (Django, allauth) go the same way.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

SECRET: Final = re.compile(
    r"pass|secret|token|cookie|authorization|email|name_|signature|csrf|session_key", re.IGNORECASE
)
TOKEN: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: drops values of telling fields, cuts tokens out of text."""
    for field, value in event.items():
        if SECRET.search(field):
            event[field] = "…"
        elif isinstance(value, str):
            event[field] = TOKEN.sub("eyJ…", value)
    return event


GRANIAN: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "propagate": True, "level": "ERROR"}},
}
"""Has granian's own messages go the way of all others."""


def configure(part: str, file: TextIO | None = None) -> None:
    """JSON lines of this process, each with the part's name, to `file` or standard error."""
    target = file or sys.stderr

    def named(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("part", part)  # not a context variable: threads begin without those
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.PrintLoggerFactory(target),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(ensure_ascii=False),
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
