"""How the cloud's own processes do: what `yunhai up` wrote last, and what each answers now on its own socket."""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
from django.conf import settings

from yunhai.trading.http.unix import unix_transport

PARTS: Final = ("core", "stream", "web", "reader", "origin")
STALE_S: Final = 10.0
"""A status older than this was written by an `up` that is gone."""
PROBE_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. `state` as the supervisor says (ready, starting, waiting, stopped; unknown where none runs),
    `answers` whether it says 200 to `/ready` now (None: it has no socket of its own to ask)."""

    name: str
    state: str
    pid: int
    restarts: int
    up_seconds: int
    last_exit: int | None
    answers: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """All of them; `supervised` whether an `up` looks after them, `age_s` how old its word is."""

    supervised: bool
    age_s: float
    parts: tuple[Process, ...]

    @property
    def well(self) -> bool:
        return all(one.answers is not False for one in self.parts)


def processes() -> Processes:
    """Now. Never raises: what cannot be asked does not answer."""
    said = _status()
    age = time.time() - float(said.get("written_at", 0))
    supervised = age <= STALE_S
    known: dict[str, Any] = said.get("parts", {}) if supervised else {}
    names = (*PARTS, *(name for name in known if name not in PARTS))
    return Processes(
        supervised=supervised,
        age_s=round(age, 1) if said else 0.0,
        parts=tuple(_process(name, known.get(name, {})) for name in names),
    )


def _status() -> dict[str, Any]:
    try:
        said = json.loads(settings.PLACES.status.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _process(name: str, said: dict[str, Any]) -> Process:
    return Process(
        name=name,
        state=str(said.get("state", "unknown")),
        pid=int(said.get("pid") or 0),
        restarts=int(said.get("restarts", 0)),
        up_seconds=int(said.get("up_seconds", 0)),
        last_exit=said.get("last_exit"),
        answers=_answers(name),
    )


def _answers(name: str) -> bool | None:
    if name == "web":
        return True  # this very process
    sockets = {
        "core": settings.PLACES.core_socket,
        "stream": settings.PLACES.stream_socket,
        "reader": settings.PLACES.reader_socket,
    }
    socket = sockets.get(name)
    if socket is None:
        return None
    try:
        transport = unix_transport(socket)
        with httpx.Client(transport=transport, timeout=PROBE_S, trust_env=False) as client:
            return client.get("http://localhost/ready").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
