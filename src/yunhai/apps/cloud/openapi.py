"""The one API document, OpenAPI 3.1: what web, core and stream serve at the public door, made of their own route tables.

Core routes state each refusal with an example. The control plane's routes share one list per HTTP status: a refusal there
can come from any service a request passes, so each names all that the control plane knows. WebSockets, which OpenAPI has
no words for, stand as a GET that upgrades, their messages described in text.

`GET /api/v1/openapi.json` serves it; docs/reference/api.md is written from it (`python -m tools.api_reference`).
"""

import json
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from yunhai import __version__
from yunhai.kernel.errors import YunhaiError, catalogue
from yunhai.trading.http.openapi import openapi_components, openapi_paths
from yunhai.trading.http.structs import RefusedAnswer

PREFIX: Final = "/api/v1/"
ADDRESS: Final = f"{PREFIX}openapi.json"
CONTROL_PLANE: Final = range(7000, 7400)
"""Numbers of what the control plane's routes refuse; whatever they ask of the core is passed on with its own number."""
SERVER_FAULT: Final = 500
UNDOCUMENTED: Final = frozenset({SERVER_FAULT})
"""A fault of the program is no answer to build on; it is told, never promised."""
METHODS: Final = ("get", "post", "put", "patch", "delete")
OPEN: Final = frozenset({("post", f"{PREFIX}token")})
_REFUSED: Final = {"$ref": f"#/components/schemas/{RefusedAnswer.__name__}"}

EXAMPLES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("post", "token"): {"client": "3f9c1e07a55b4d21c8e0a1f2", "secret": "the secret shown once"},
    ("post", "keys"): {
        "public": "BE3lqVj…65 bytes in base64url",
        "challenge": "the text of POST /api/v1/keys/challenge",
        "proof": "r‖s of the challenge's text in base64url",
        "kind": "api",
        "name": "my program",
    },
    ("post", "api-clients"): {"name": "my program", "role": "investor"},
    ("post", "consents"): {"purpose": "statements"},
}
"""Request bodies as they are meant, for those whose schema does not say it all."""

DESCRIPTION: Final = (
    "One origin, three processes behind it: `/trade/v1` orders and live state (core), `/stream/v1` quotes and fills "
    "(stream), `/api/v1` everything else (web). Amounts are decimal text in NT$, ids integers, times ISO 8601 with offset; "
    "every answer says `mode`. A refusal is `{error, mode}` with a number of docs/reference/errors.md. "
    "單一入口，三個程序：委託與即時狀態、行情與回報、其餘控制面。金額為新台幣十進位文字。"
)


@cache
def document() -> dict[str, Any]:
    """The whole document. Django must be set up. ValueError if two processes give one name to different things."""
    from yunhai.apps.cloud.api import api

    web: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=PREFIX), default=str))
    paths = {path: _operations(path, item) for path, item in web["paths"].items()}
    schemas = _joined(web["components"].get("schemas", {}), openapi_components())
    paths |= openapi_paths()
    paths["/stream/v1"] = {"get": _stream()}
    paths["/stream/v1/replay"] = {"get": _replay()}
    paths[ADDRESS] = {"get": _itself()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yunhai 雲海",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": _refusals(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "yunhai_session"},
            },
        },
    }


@require_safe
def openapi_json(_request: HttpRequest) -> HttpResponse:
    """The document; open to anybody, as the routes it tells of are guarded themselves."""
    text = json.dumps(document(), ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text, content_type="application/json; charset=utf-8")


def _operations(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """A path of the web process with what its own framework does not say: refusals, who signs in how, examples."""
    for method, operation in item.items():
        if method not in METHODS:
            continue
        operation["security"] = [] if (method, path) in OPEN else [{"token": []}, {"session": []}]
        for status in sorted(_by_status()):
            operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Refused{status}"})
        operation["responses"] = {str(status): one for status, one in operation["responses"].items()}
        example = EXAMPLES.get((method, path.removeprefix(PREFIX)))
        if example is not None:
            operation["requestBody"]["content"]["application/json"]["example"] = example
    return item


@cache
def _by_status() -> dict[int, list[int]]:
    """The control plane's refusals by HTTP status, ascending."""
    found: dict[int, list[int]] = {}
    for code, entry in catalogue().items():
        if code in CONTROL_PLANE and entry.http not in UNDOCUMENTED:
            found.setdefault(entry.http, []).append(code)
    return found


def _refusals() -> dict[str, Any]:
    """One response per status, with an example of every number."""
    return {
        f"Refused{status}": {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(str(code) for code in codes)}",
            "content": {
                "application/json": {
                    "schema": _REFUSED,
                    "examples": {
                        catalogue()[code].name: {"value": {"error": YunhaiError(code).as_json(), "mode": "simulated"}}
                        for code in codes
                    },
                }
            },
        }
        for status, codes in sorted(_by_status().items())
    }


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    both = sorted(name for name in first.keys() & second.keys() if first[name] != second[name])
    if both:
        raise ValueError(f"two processes describe different things by one name: {', '.join(both)}")
    return first | second


def _stream() -> dict[str, Any]:
    return {
        "operationId": "stream",
        "summary": "Quotes, boards, own orders, pool, market over a WebSocket 行情與回報",
        "description": (
            'First {"op":"auth","token":…}; then {"op":"subscribe","channel":"quotes","codes":["2330"]}, '
            '"boards", "orders" with "account", "pool", "market": a snapshot, then updates, each with a sequence from 1 '
            "without a gap per channel. JSON text."
        ),
        "tags": ["stream"],
        "security": [],
        "responses": {"101": {"description": "Switching Protocols"}},
    }


def _replay() -> dict[str, Any]:
    return {
        "operationId": "stream_replay",
        "summary": "Any moment of a market day over a WebSocket 行情重播",
        "description": (
            'First {"op":"auth","token":…}; then {"op":"sources"}, {"op":"open","source":"journal/2026-08-21","codes":["2330"]} '
            'or {"op":"open","link":…}, "play", "pause", "speed", "seek", "step", "queue", "span", "bars", "link", "close". '
            'Answers are "state" (books, trades, own orders, the hash of the events) and while it plays "update". '
            "One replay a connection; row 3.1 of the service matrix. docs/concepts/replay.md has every field. JSON text."
        ),
        "tags": ["stream"],
        "security": [],
        "responses": {"101": {"description": "Switching Protocols"}},
    }


def _itself() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "openapi",
        "summary": "This document 本文件",
        "tags": ["document"],
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1", "content": content}},
    }
