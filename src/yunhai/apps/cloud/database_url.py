"""Which database a role talks to: an address from the environment, else the embedded server's."""

import os
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from yunhai.apps.cloud.places import Places

DATABASE: Final = "yunhai"
VARIABLES: Final = {
    "app": "YUNHAI_DATABASE_URL",
    "reader": "YUNHAI_READER_URL",
    "migrator": "YUNHAI_MIGRATION_URL",
}
"""Role to the variable with its address. An outside database needs all three, one per role."""


def external() -> bool:
    """Whether the database is somebody else's to run."""
    return any(os.environ.get(name) for name in VARIABLES.values())


def password_name(role: str) -> str:
    """The credential that holds a role's password on the embedded server."""
    return f"postgres-{role}"


def database_of(role: str, places: Places) -> dict[str, Any]:
    """Django's setting of one database for a role: app, reader or migrator. KeyError for another word."""
    variable = VARIABLES[role]
    given = os.environ.get(variable)
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    if given:
        return common | parsed(given)
    try:
        password = places.credential(password_name(role)).decode()
    except FileNotFoundError:
        password = ""  # not made yet: connecting will be refused, and says so
    return common | {
        "NAME": DATABASE,
        "USER": f"yunhai_{role}",
        "PASSWORD": password,
        "HOST": str(places.postgres_sockets),
        "PORT": "",
    }


def parsed(url: str) -> dict[str, Any]:
    """NAME, USER, PASSWORD, HOST, PORT, OPTIONS of `postgresql://user:password@host:port/name?host=/folder&sslmode=…`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("a database address begins with postgresql://")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or parts.hostname or ""
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def connection_arguments(places: Places, role: str) -> dict[str, Any]:
    """psycopg's arguments for a role's connection, the same that Django gets."""
    given = database_of(role, places)
    arguments: dict[str, Any] = {
        "dbname": given["NAME"],
        "user": given["USER"],
        "password": given["PASSWORD"],
        "host": given["HOST"],
        "port": given["PORT"],
        "application_name": f"yunhai-{role}",
        **given.get("OPTIONS", {}),
    }
    return {name: value for name, value in arguments.items() if value != ""}
