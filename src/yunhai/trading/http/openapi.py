"""The core's routes as OpenAPI 3.1: made of `ROUTES`, so that it says what is served and nothing else."""

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec

from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.trading.http.public import ROUTES, SOCKET
from yunhai.trading.http.routes import Route, Who, errors_of, schemas_of
from yunhai.trading.http.structs import RefusedAnswer

_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_HEADERS: Final[dict[str, Any]] = {
    "X-Yunhai-Mode": {"description": "simulated or live", "schema": {"type": "string"}},
}
_RATE_HEADERS: Final[dict[str, Any]] = {
    "RateLimit-Limit": {"description": "Requests in the window", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Requests left now", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until it is whole", "schema": {"type": "integer"}},
    "RateLimit-Scope": {"description": "Whose quota it is", "schema": {"type": "string"}},
}


def openapi_components() -> dict[str, Any]:
    """JSON Schemas of every request and answer, by name."""
    refused = msgspec.json.schema_components([RefusedAnswer], ref_template=_REF)[1]
    return schemas_of(ROUTES) | refused


def openapi_paths() -> dict[str, Any]:
    """The `paths` of the public routes, every refusal with an example. The WebSocket is there as a GET that upgrades."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    paths[SOCKET] = {"get": _socket()}
    return paths


def _operation(route: Route) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": f"{route.summary} {route.summary_zh}",
        "description": f"Who: {route.who.value}.",
        "tags": ["trade"],
        "security": [] if route.who is Who.ANYBODY else [{"token": []}],
        "responses": _responses(route),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        parameters += _query(route.query)
    if parameters:
        said["parameters"] = parameters
    if route.request is not None:
        content: dict[str, Any] = {"schema": _ref(route.request)}
        if route.example is not None:
            content["example"] = route.example
        said["requestBody"] = {"required": True, "content": {"application/json": content}}
    return said


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _query(kind: type) -> list[dict[str, Any]]:
    schema = msgspec.json.schema_components([kind], ref_template=_REF)[1][kind.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _responses(route: Route) -> dict[str, Any]:
    headers = _HEADERS | (_RATE_HEADERS if route.quota is not None or route.name == "placeOrder" else {})
    done = {
        "description": route.summary,
        "headers": headers,
        "content": {"application/json": {"schema": _ref(route.response)}},
    }
    responses: dict[str, Any] = {str(route.status): done}
    if route.status == 201:
        responses["200"] = done | {"description": "The same as before 與先前相同"}
    refusals: dict[int, list[int]] = {}
    for code in errors_of(route):
        refusals.setdefault(entry_of(code).http, []).append(code)
    for status, codes in sorted(refusals.items()):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(str(code) for code in codes)}",
            "headers": headers,
            "content": {
                "application/json": {
                    "schema": _ref(RefusedAnswer),
                    "examples": {entry_of(code).name: {"value": _example(code)} for code in codes},
                }
            },
        }
    return responses


def _example(code: int) -> dict[str, Any]:
    return {"error": YunhaiError(code).as_json(), "mode": "simulated"}


def _socket() -> dict[str, Any]:
    return {
        "operationId": "orderSocket",
        "summary": "Orders over a WebSocket, many in flight 以 WebSocket 委託",
        "description": (
            'First {"op":"auth","token":…}; then {"op":"order","id":1,"body":SignedInstruction}, answered '
            '{"op":"ack","id":1,…} or {"op":"refused","id":1,"error":…}; {"op":"orders","id":2,"bodies":[…]} is answered '
            '{"op":"answers","id":2,"answers":[…]}. Text messages are JSON, binary ones msgpack.'
        ),
        "tags": ["trade"],
        "security": [],
        "responses": {"101": {"description": "Switching Protocols"}},
    }
