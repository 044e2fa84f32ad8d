"""The core's inner socket for whoever runs an installation: the day, the clock, lines, opening balances, status.

The socket's file rights are its guard. A core that is restarting is waited for a moment; its refusals are `Refused`.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from yunhai.apps.cloud.seed import LineLogin
from yunhai.client import Call, Client
from yunhai.client.answers import typed
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.facts import Listed, Opening
from yunhai.trading.http.structs import DaySaid, PoolSaid, Status

TIMEOUT_S: Final = 600.0
"""Closing a large day takes a while."""
UP: Final = "up"
_POLL_S: Final = 0.1


class Inner:
    """Calls over the inner socket. YunhaiError 7400 if nobody answers; `Refused`."""

    def __init__(self, socket: Path) -> None:
        self._client = Client(f"unix:{socket}", timeout_s=TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def status(self) -> Status:
        return typed(self._client.send(Call(method="GET", path="/status", open=True)), Status)

    def wait_ready(self, seconds: float) -> bool:
        """Whether the core came to take orders within so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.status().ready:
                    return True
            except YunhaiError:
                pass
            time.sleep(_POLL_S)
        return False

    def open_day(
        self, *, date: str, pack: str, settles_on: str, listed: tuple[Listed, ...], seed: int, at: str = ""
    ) -> None:
        """`at` HH:MM:SS: market time to begin at."""
        said = {"date": date, "pack": pack, "settles_on": settles_on, "listed": listed, "seed": seed, "at": at}
        self._post("/day/open", said)

    def close_day(self, date: str = "") -> DaySaid:
        return typed(self._post("/day/close", {"date": date}), DaySaid)

    def settle(self, date: str) -> DaySaid:
        """Settle everything due on `date` or before."""
        return typed(self._post("/day/settle", {"date": date}), DaySaid)

    def clock(self, to: str) -> None:
        """Move a demo or driven clock to HH:MM:SS of the open day, or an ISO moment."""
        self._post("/clock", {"to": to})

    def opening(self, tenant: int, part: Opening) -> None:
        """A part of an import of opening balances; taken once however often it is sent."""
        columns = {name: getattr(part, name) for name in ("batch", "part", "accounts", "codes", "amounts", "costs")}
        self._post("/openings", {"tenant": tenant, **columns})

    def login(self, line: LineLogin) -> None:
        self._post(f"/lines/{line.line}", {"do": "login", "broker": line.broker, "password": line.password})

    def lines_up(self) -> frozenset[str]:
        """The lines that are logged in."""
        said = typed(self._client.send(Call(method="GET", path="/pool", open=True)), PoolSaid)
        return frozenset(line.line for line in said.pool.lines if line.state == UP)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.send(Call(method="POST", path=path, body=msgspec.to_builtins(body), open=True))
