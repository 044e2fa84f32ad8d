"""Screens computed: the one place of this service that knows the lake.

One screen reads two years of every stock and takes the better part of a second of a processor, so a process computes a few
at a time; who comes then waits, and not for ever. The same question under the same manifest is answered from memory.
"""

import threading
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import SCREEN_ANSWERS_KEPT_MAX, SCREEN_WAIT_SECONDS_MAX, SCREENS_AT_ONCE_MAX
from yunhai.market.lake.reading import Lake
from yunhai.market.screener import NoBars, Screened, newest_session, screen
from yunhai.market.screener.expressions import Node
from yunhai.services.screener.errors import BUSY

MEMORY_MB: Final = 512
"""Of the lake's engine in a web process."""
BESIDE: Final = ("close", "change", "volume")
"""What is shown of every stock, whatever the screen."""

_turns: Final = threading.BoundedSemaphore(SCREENS_AT_ONCE_MAX)
_kept: "Final[OrderedDict[tuple[object, ...], Screened]]" = OrderedDict()
_lock: Final = threading.Lock()


@cache
def _lake(folder: Path) -> Lake:
    return Lake(folder, memory_mb=MEMORY_MB)


def lake() -> Lake:
    """The installation's."""
    return _lake(settings.PLACES.home / "lake")


def screened(node: Node, *, session: int | None, as_of: int | None, explain: tuple[str, ...]) -> Screened | None:
    """The answer; None if no daily bars are known at that moment. YunhaiError 7450, 7453, 7457, BUSY."""
    source = lake()
    key = (source.folder, source.manifest().revision, str(node), session, as_of, explain)
    if (found := _known(key)) is not None:
        return found
    if not _turns.acquire(timeout=SCREEN_WAIT_SECONDS_MAX):
        raise YunhaiError(BUSY, seconds=SCREEN_WAIT_SECONDS_MAX)
    try:
        found = screen(source, node, session=session, as_of=as_of, explain=explain, beside=BESIDE)
    except NoBars:
        return None
    finally:
        _turns.release()
    with _lock:
        _kept[key] = found
        while len(_kept) > SCREEN_ANSWERS_KEPT_MAX:
            _kept.popitem(last=False)
    return found


def _known(key: tuple[object, ...]) -> Screened | None:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def newest(table: str, *, last_ns: int | None = None, as_of: int | None = None) -> int | None:
    """When the newest known row of a table begins; None of none. YunhaiError 7450, 7453."""
    source = lake()
    if table == "bars-1d":
        try:
            return newest_session(source, as_of)
        except NoBars:
            return None
    rows = source.read(table, last_ns=last_ns, as_of=as_of, columns=["start_ns"], newest=1)
    return int(rows["start_ns"][-1]) if len(rows["start_ns"]) else None
