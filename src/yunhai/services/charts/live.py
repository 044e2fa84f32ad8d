"""The running day's bars, asked of the reader process on its socket; a reader that is away leaves history alone.

Answers are kept for a moment, since many look at the same few securities; afterwards only the bars from the last one known
on are asked for, and joined to what is here.
"""

import threading
import time
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec
from django.conf import settings

from yunhai.kernel.limits import CHART_SERIES_KEPT_MAX
from yunhai.market.importers.following import LiveBars, bars_of, joined
from yunhai.trading.http.unix import unix_transport

PATIENCE_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 0.5
_DECODER: Final = msgspec.msgpack.Decoder(LiveBars)


class _Kept:
    """The last answers, each with when it was given."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[float, LiveBars | None]] = {}
        self._lock = threading.Lock()

    def of(self, socket: str, code: str, segment: str, span: str) -> LiveBars | None:
        key = (socket, code, segment, span)
        now = time.monotonic()
        with self._lock:
            held = self._found.get(key)
        if held is not None and now - held[0] < KEPT_SECONDS:
            return held[1]
        known = None if held is None else held[1]
        found = _asked(socket, known, code=code, segment=segment, span=span)
        with self._lock:
            while len(self._found) >= CHART_SERIES_KEPT_MAX:
                self._found.pop(next(iter(self._found)))
            self._found[key] = (now, found)
        return found


_kept: Final = _Kept()


def _asked(socket: str, known: LiveBars | None, **series: str) -> LiveBars | None:
    query: dict[str, str | int] = {**series}
    if known is not None and known.bars:
        query |= {"date": known.date, "since": int(bars_of(known)["start_ns"][-1])}
    try:
        transport = unix_transport(socket)
        with httpx.Client(transport=transport, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            answer = client.get(f"http://localhost/bars?{urlencode(query)}")
    except httpx.HTTPError:
        return known  # busy, or being started again: nobody knows better
    if answer.status_code != httpx.codes.OK:
        return None
    found = _DECODER.decode(answer.content)
    return found if known is None else joined(known, found)


def live(code: str, span: str, *, segment: str = "board") -> LiveBars | None:
    """The running day's bars of a security, as they are now, or as they were when the reader last
    answered; None: no day is running, or nobody knows."""
    socket = settings.PLACES.reader_socket
    return _kept.of(str(socket), code, segment, span) if socket.exists() else None
