"""Proving 驗章 ahead: signatures of a busy turn are verified by a thread while the loop decides what came before.

A verification is some 65 µs of OpenSSL outside Python's lock, a quarter of an instruction's whole way. What the thread
finds is kept under exactly what was verified (point, text, signature), where the gate's own check looks first; so the
gate decides by the same words whether anything was proven ahead or not, and a result can serve no other signature.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from yunhai.trading import signatures

Wanted = tuple[bytes, bytes, bytes]
"""(point, DER of the signed attributes, signature)."""
_CLOSE_S: Final = 5.0


class Prover:
    """One thread, first come first served."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Sequence[Wanted], Callable[[], object]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="prover", daemon=True)
        self._thread.start()

    def prove(self, wanted: Sequence[Wanted], done: Callable[[], object]) -> None:
        """Verify all; `done` is called in the thread."""
        self._jobs.put((wanted, done))

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            wanted, done = job
            for point, attributes, signature in wanted:
                signatures.prove(point, attributes, signature)
            done()
