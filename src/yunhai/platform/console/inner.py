"""Questions to the core over its inner socket, from the web process: the pool, the day, the lines.

The socket's file rights are its guard: only the cloud's own user can open it, so who may ask is decided before calling.
Every call is short and bounded; a core that is not there is one refusal (7340), never a page that hangs.
"""

from functools import cache
from typing import Any, Final

import httpx
from django.conf import settings

from yunhai.kernel.errors import YunhaiError, catalogue
from yunhai.platform.console.errors import CORE_ANSWER, CORE_UNREACHABLE
from yunhai.trading.http.unix import unix_transport

TIMEOUT_S: Final = 3.0
SLOW_TIMEOUT_S: Final = 120.0
"""Closing and settling a day: the core answers when it is done."""


@cache
def _client(socket: str) -> httpx.Client:
    transport = unix_transport(socket)
    return httpx.Client(transport=transport, base_url="http://core", timeout=TIMEOUT_S)


def ask(path: str, body: dict[str, Any] | None = None, *, slow: bool = False) -> Any:
    """The core's JSON answer to GET `path`, or to POST with a body. YunhaiError 7340, or the core's own refusal."""
    client = _client(settings.YUNHAI_INNER_SOCKET)
    timeout = SLOW_TIMEOUT_S if slow else TIMEOUT_S
    try:
        answer = client.request("GET" if body is None else "POST", path, json=body, timeout=timeout)
        value = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise YunhaiError(CORE_UNREACHABLE) from error
    if answer.is_success:
        return value
    raise refused(value)


def refused(value: Any) -> YunhaiError:
    """The core's refusal as the same refusal here; what it names that is not in this process's catalogue is 7341."""
    error = value.get("error", {}) if isinstance(value, dict) else {}
    code, details = int(error.get("code") or 0), error.get("details") or {}
    if code in catalogue():
        return YunhaiError(code, **details)
    return YunhaiError(CORE_ANSWER, reason=str(error.get("en", ""))[:200], reason_zh=str(error.get("zh", ""))[:200])
