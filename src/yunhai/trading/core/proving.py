"""Proving 驗章 ahead: signatures of a busy turn are verified by another process while the loop decides what came before.

A verification is some 65 µs of OpenSSL, a quarter of an instruction's whole way, and in a thread most of that is spent
under Python's lock, which the loop needs. So one child process verifies (`yunhai.trading.core.prover`); what it finds is
kept under exactly what was verified (point, attributes, signature), where the gate's own check looks first. The gate
decides by the same words whether anything was proven ahead or not, and a result can serve no other signature.

Nothing waits for the child but batches that it was given, and those not long: before it is ready, when it has died, and
when it has not answered for `PATIENCE_S`, the gate verifies by itself, and a busy turn a second later starts another child.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

import structlog

from yunhai.trading import signatures

Wanted = tuple[bytes, bytes, bytes]
"""(point, DER of the signed attributes, signature)."""
SIZES: Final = (signatures.POINT_BYTES, 77, signatures.SIGNATURE_BYTES)
"""Bytes of the three; what has others is left to the gate."""
READY: Final = b"\x02"
"""What the child says first."""
PATIENCE_S: Final = 2.0
_STARTED_S: Final = 20.0
_AGAIN_S: Final = 1.0

Done = Callable[[], object]
log: Final = structlog.get_logger("yunhai.core.proving")


class Prover:
    """One child process, first come first served. Of one event loop."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: _Channel | None = None
        self._started = -_AGAIN_S

    def prove(self, wanted: Sequence[Wanted], done: Done) -> None:
        """Verify all, then call `done` in the loop: soon and with nothing verified where there is no child ready."""
        channel = self._channel
        if channel is None or channel.lost:
            try:
                self._start()
            except OSError as error:
                log.warning("prover", reason=str(error))
        if channel is None or not channel.ready:
            asyncio.get_running_loop().call_soon(done)
            return
        channel.ask([one for one in wanted if tuple(map(len, one)) == SIZES], done)

    def close(self) -> None:
        """End the child; it has nothing that could be lost."""
        if self._channel is not None:
            self._channel.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _start(self) -> None:
        now = time.monotonic()
        if now - self._started < _AGAIN_S:
            return
        self._started = now
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "yunhai.trading.core.prover", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._channel = _Channel(ours)


class _Channel(asyncio.Protocol):
    """The parent's end. A request is a count (4 bytes) and so many triples; the answer is a byte for each: 1 verified."""

    def __init__(self, end: socket.socket) -> None:
        self.ready = False
        self.lost = False
        self._transport: asyncio.WriteTransport | None = None
        self._waiting: deque[tuple[list[Wanted], Done]] = deque()
        self._asked = 0
        self._answered = 0
        self._answer = bytearray()
        self._loop = asyncio.get_running_loop()
        self._connecting = self._loop.create_task(self._loop.create_connection(lambda: self, sock=end))
        self._loop.call_later(_STARTED_S, self._look, 0)

    def ask(self, wanted: list[Wanted], done: Done) -> None:
        assert self._transport is not None, "ready"
        self._asked += 1
        self._loop.call_later(PATIENCE_S, self._look, self._asked)
        self._waiting.append((wanted, done))
        self._transport.write(len(wanted).to_bytes(4, "little") + b"".join([part for one in wanted for part in one]))

    def close(self) -> None:
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        if self.lost:
            return
        if not self.ready:
            self.ready, data = True, data[len(READY) :]
        self._answer += data
        while self._waiting and len(self._answer) >= len(self._waiting[0][0]):
            wanted, done = self._waiting.popleft()
            for one, verdict in zip(wanted, self._answer, strict=False):
                signatures.note(*one, right=verdict == 1)
            del self._answer[: len(wanted)]
            self._answered += 1
            done()

    def _look(self, number: int) -> None:
        """Give the child up if it has not answered that request by now (0: said that it is ready)."""
        if not self.lost and (self._answered < number or not self.ready):
            log.warning("prover", reason="no answer", asked=self._asked, answered=self._answered)
            self.close()
            self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ready, self.lost = False, True
        waiting, self._waiting = self._waiting, deque()
        for _, done in waiting:
            done()
