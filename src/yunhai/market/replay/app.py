"""`/stream/v1/replay` as a bare ASGI application: one connection, one conversation (`session`), one replay at most.

The work of all conversations is done by two threads, so that a stream that serves live quotes beside it goes on; what may have to
read a whole journal or file first (`SLOW`) by threads of its own, so that what plays goes on too. One message
is sent at a time and waited for: a reader that is slow gets its replay slower, from where it is, and one that reads nothing for
a minute is cut off. What a client says while it is not answered waits, a few messages deep, and then it is not read.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar

from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    REPLAY_CONNECTIONS_MAX,
    REPLAY_CONNECTIONS_OF_ONE_MAX,
    REPLAY_MESSAGE_BYTES_MAX,
    REPLAY_MESSAGES_WAITING_MAX,
    REPLAY_SEND_SECONDS_MAX,
    REPLAY_UNSIGNED_MAX,
    STREAM_TOKEN_SECONDS_MAX,
)
from yunhai.market.replay.errors import MESSAGE_UNFIT, TOO_MANY_REPLAYS
from yunhai.market.replay.messages import ENCODER, Auth, Open, Said, Sources, read_message
from yunhai.market.replay.session import Session, Viewer
from yunhai.trading.core.errors import TOKEN_MISSING

PATH: Final = "/stream/v1/replay"
TURN_S: Final = 0.05
"""How often playing is told at most."""
_ALLOWED_S: Final = 1.0
"""How long a right that was taken away may go unnoticed where a replay stands open."""
_POLICY: Final = 1008
_TRY_LATER: Final = 1013
_TOO_SLOW: Final = 4008
_SLOW_NS: Final = SECOND // 4
"""A message that its reader kept waiting for so long is not made up for."""

SLOW: Final = (Open, Sources)

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
T = TypeVar("T")


class Right(Protocol):
    """Somebody who has shown a token. `person` counts their connections; `expires`: wall seconds, told to them."""

    @property
    def person(self) -> int: ...

    @property
    def expires(self) -> int: ...

    def require(self) -> None:
        """That the token still lives. YunhaiError 65xx."""

    def allow(self) -> None:
        """That they may replay at all, as of now. NOT_ENTITLED."""

    def viewer(self) -> Viewer:
        """What they may look at."""


Enter = Callable[[str], Right]
"""From a token to whoever shows it. YunhaiError 65xx."""


class ReplayApplication:
    """All connections. `enter` decides who may come in; `wall` in ns, never going back."""

    def __init__(self, enter: Enter, wall: Callable[[], int] = time.monotonic_ns) -> None:
        self._enter = enter
        self._wall = wall
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="replay")
        self._openers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="replay-opening")
        self._connections = 0
        self._unsigned: dict[_Connection, asyncio.Task[Any]] = {}
        self._of_person: Counter[int] = Counter()

    @property
    def connections(self) -> int:
        return self._connections

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        connection, task = _Connection(self, receive, send), asyncio.current_task()
        assert task is not None
        if len(self._unsigned) >= REPLAY_UNSIGNED_MAX:
            self._unsigned.pop(oldest := next(iter(self._unsigned))).cancel()
            oldest.sent_away = True
        self._unsigned[connection] = task
        self._connections += 1
        try:
            await connection.run()
        except asyncio.CancelledError:
            if not connection.sent_away:
                raise
            task.uncancel()
            with contextlib.suppress(_GoneError):
                await connection.refuse(YunhaiError(TOO_MANY_REPLAYS, most=REPLAY_UNSIGNED_MAX), _TRY_LATER)
        finally:
            self._connections -= 1
            self._unsigned.pop(connection, None)
            self.left(connection.right)

    # -- what a connection asks --------------------------------------------------------------------------------------

    def enter(self, token: str, connection: "_Connection") -> Right:
        """Whoever shows a token; the same person as before on one connection. 65xx, TOO_MANY_REPLAYS."""
        right, before = self._enter(token), connection.right
        if before is None:
            if self._connections - len(self._unsigned) >= REPLAY_CONNECTIONS_MAX:
                raise YunhaiError(TOO_MANY_REPLAYS, most=REPLAY_CONNECTIONS_MAX)
            if self._of_person[right.person] >= REPLAY_CONNECTIONS_OF_ONE_MAX:
                raise YunhaiError(TOO_MANY_REPLAYS, most=REPLAY_CONNECTIONS_OF_ONE_MAX)
            self._of_person[right.person] += 1
            self._unsigned.pop(connection, None)
        elif before.person != right.person:
            raise YunhaiError(TOKEN_MISSING)
        return right

    def left(self, right: Right | None) -> None:
        """A connection of theirs is over."""
        if right is not None:
            self._of_person[right.person] -= 1
            self._of_person += Counter()  # drops those that have none

    def now(self) -> int:
        return self._wall()

    async def work(self, call: Callable[..., T], *arguments: Any, slow: bool = False) -> T:
        """Run it in one of the threads. `slow`: where nobody who plays waits for it."""
        threads = self._openers if slow else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)


class _GoneError(Exception):
    """The client has gone, or is sent away."""


class _Connection:
    """One connection from its acceptance to its end."""

    def __init__(self, application: ReplayApplication, receive: Receive, send: Send) -> None:
        self._application = application
        self._receive = receive
        self._send = send
        self._said: asyncio.Queue[Event] = asyncio.Queue(REPLAY_MESSAGES_WAITING_MAX)
        self._session: Session | None = None
        self._since = application.now()
        self.right: Right | None = None
        self.sent_away = False

    async def run(self) -> None:
        reading = asyncio.create_task(self._read())
        try:
            await self._converse()
        except _GoneError:
            pass
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await reading

    async def _read(self) -> None:
        while True:
            event = await self._receive()
            await self._said.put(event)
            if event["type"] == "websocket.disconnect":
                return

    async def _converse(self) -> None:
        application = self._application
        heard = asyncio.create_task(self._said.get())
        try:
            while True:
                done, _ = await asyncio.wait({heard}, timeout=self._patience())
                if heard in done:
                    event = heard.result()
                    heard = asyncio.create_task(self._said.get())
                    await self._hear(event)
                if self.right is None and application.now() - self._since >= STREAM_TOKEN_SECONDS_MAX * SECOND:
                    await self.refuse(YunhaiError(TOKEN_MISSING), _POLICY)
                await self._play()
        finally:
            heard.cancel()

    def _patience(self) -> float | None:
        """How long to wait for a message: until something is due, or a token, or another look at the right."""
        session = self._session
        if session is None:
            return STREAM_TOKEN_SECONDS_MAX
        if not session.playing:
            return _ALLOWED_S if session.opened else None
        due = session.next_due()
        soon = TURN_S if due is None else (due - self._application.now()) / SECOND
        return min(max(soon, TURN_S), 1.0)

    # -- hearing and telling -----------------------------------------------------------------------------------------

    async def _hear(self, event: Event) -> None:
        if event["type"] == "websocket.disconnect":
            raise _GoneError
        try:
            said = self._message(event)
            if isinstance(said, Auth):
                await self._sign_in(said)
                return
            if self.right is None or self._session is None:
                raise YunhaiError(TOKEN_MISSING)
            self.right.require()
            self.right.allow()
            answers = await self._application.work(
                self._session.say, said, self._application.now(), slow=isinstance(said, SLOW)
            )
        except YunhaiError as error:
            if error.entry.http == HTTPStatus.UNAUTHORIZED:
                await self.refuse(error, _POLICY)
            await self._tell(ENCODER.encode({"op": "refused", "error": error.as_json()}))
            return
        for answer in answers:
            await self._tell(answer)

    def _message(self, event: Event) -> Said:
        text = event.get("text") or event.get("bytes") or b""
        if len(text) > REPLAY_MESSAGE_BYTES_MAX:
            raise YunhaiError(MESSAGE_UNFIT, reason="too long", reason_zh="過長")
        return read_message(text)

    async def _sign_in(self, said: Auth) -> None:
        self.right = self._application.enter(said.token, self)
        if self._session is None:
            self._session = Session(_Current(self))
        await self._tell(ENCODER.encode({"op": "authenticated", "expires": self.right.expires}))

    async def _play(self) -> None:
        """One update, if something plays; a slow reader's replay goes on from where it is. Whose right to an open replay was
        taken away is sent away; whose token is over, only while something plays or once something is asked: nothing is told
        meanwhile."""
        session, application = self._session, self._application
        if session is None or not session.opened or self.right is None:
            return
        try:
            if session.playing:
                self.right.require()
            self.right.allow()
        except YunhaiError as error:
            await self.refuse(error, _POLICY)
        if not session.playing:
            return
        update = await application.work(session.tick, application.now())
        began = application.now()
        if update is not None:
            await self._tell(update)
        if application.now() - began > _SLOW_NS:
            session.rebase(application.now())
        else:
            session.keep_pace(application.now())

    async def _tell(self, text: bytes) -> None:
        try:
            async with asyncio.timeout(REPLAY_SEND_SECONDS_MAX):
                await self._send({"type": "websocket.send", "text": text.decode()})
        except TimeoutError:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await self._send({"type": "websocket.close", "code": _TOO_SLOW})
            raise _GoneError from None

    async def refuse(self, error: YunhaiError, code: int) -> None:
        """Say why, close, and go."""
        await self._tell(ENCODER.encode({"op": "refused", "error": error.as_json()}))
        await self._send({"type": "websocket.close", "code": code})
        raise _GoneError

    def viewer(self) -> Viewer:
        """What whoever is signed in now may look at."""
        assert self.right is not None
        return self.right.viewer()


class _Current:
    """The viewer of the token that a connection showed last."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def offered(self) -> Any:
        return self._connection.viewer().offered()

    def open(self, source: str) -> Any:
        return self._connection.viewer().open(source)

    def open_own(self, source: str, order: int, account: int) -> Any:
        return self._connection.viewer().open_own(source, order, account)

    def orders(self, source: Any, account: int) -> frozenset[int]:
        return self._connection.viewer().orders(source, account)
