"""The route table of the web process, read from what is served: pages from Django's resolver, routes from the API."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver

from yunhai.apps.cloud.api import api
from yunhai.platform.shell.api import Access


@dataclass(frozen=True)
class Route:
    """`path` with `{name}` places; `access` what its guard takes, None if it has none."""

    method: str
    path: str
    access: Access | None
    program: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.path))

    def filled(self, values: dict[str, Any]) -> str:
        return re.sub(r"{(\w+)}", lambda found: str(values[found.group(1)]), self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _places(path: str) -> str:
    """Django's `<int:number>` and the API's `{int:number}` as `{number}`."""
    return re.sub(r"[<{](?:\w+:)?(\w+)[>}]", r"{\1}", path)


def _patterns(patterns: Any, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern
        else:
            yield from _patterns(pattern.url_patterns, path)


def pages() -> list[Route]:
    """Every page of ours (sign-in's own are allauth's and know no tenant), once for each method it takes."""
    found = []
    for path, pattern in _patterns(get_resolver().url_patterns):
        view = pattern.callback
        if path.startswith("api/") or not view.__module__.startswith("yunhai."):
            continue
        found.append(Route("GET", "/" + _places(path), getattr(view, "access", None), program=False))
    return found


def api_routes() -> list[Route]:
    """Every operation of /api/v1."""
    found = []
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                access = getattr(operation.view_func, "access", None)
                for method in operation.methods:
                    whole = re.sub("/+", "/", f"/api/v1/{prefix}/{path}").rstrip("/")
                    found.append(Route(method, _places(whole), access, program=True))
    return found
