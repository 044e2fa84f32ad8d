"""The virtual exchange's line server: sessions on lines, and each instruction into the venue exactly once.

This is the far end of the lines, in the cloud's own process today; a real exchange stands there otherwise. It keeps what it
received by (broker, number) for the day, answers a second copy with the first one's outcome without touching the venue, and
tells at recovery what it has. It takes any broker's instructions on any line of the pool: that the brokers share lines is agreed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from yunhai.kernel.limits import LINE_SILENCE_SECONDS_MAX
from yunhai.trading.facts import Decided, LineSet, TenantSet
from yunhai.trading.lines.frames import NOT_HERE, Answer, AnyFrame, Heartbeat, Known, Query, Submit
from yunhai.trading.lines.login import checked_login

Deliver = Callable[[str, int, int, bytes], int]
"""(line, tenant, number, body) → outcome code: hands one instruction, come on that line, to the venue."""
SILENCE_NS = LINE_SILENCE_SECONDS_MAX * 1_000_000_000


@dataclass(slots=True)
class _Session:
    expected: int = 1
    next_out: int = 1
    heard_at: int = 0
    out: list[AnyFrame] = field(default_factory=list)


class LineServer:
    """An `ExchangePort` without a wire. Not thread-safe."""

    def __init__(self, deliver: Deliver, *, check: Callable[..., int] = checked_login) -> None:
        self._deliver = deliver
        self._check = check
        self._registered: dict[str, LineSet] = {}
        self._codes: dict[int, str] = {}
        self._sessions: dict[str, _Session] = {}
        self._ended: list[str] = []
        self._received: dict[tuple[int, int], int] = {}

    def apply(self, fact: Decided) -> None:
        """Register a line or a broker's number; other facts are passed over."""
        if isinstance(fact, LineSet):
            self._registered[fact.line] = fact
            if fact.status == "closed":
                self._end(fact.line)
        elif isinstance(fact, TenantSet):
            self._codes[fact.tenant] = fact.code

    def know(self, tenant: int, number: int, code: int) -> None:
        """What an earlier run received, from the journal."""
        self._received[tenant, number] = code

    def new_day(self) -> None:
        """Forget what was received; numbers never come again."""
        self._received.clear()

    # -- the port --------------------------------------------------------------------------------------------------

    def login(self, line: str, broker: str, password: str, now: int) -> int:
        reason = self.checked(line, broker, password)
        if not reason:
            self.resume(line, now)
        return reason

    def checked(self, line: str, broker: str, password: str) -> int:
        """0, or why a login is refused, 6301-6304; some 50 ms, and it changes nothing: for a thread of its own."""
        known = self._registered.get(line)
        return self._check(
            line,
            broker,
            password,
            owner=self._codes.get(known.tenant, "") if known else None,
            verifier=known.verifier if known else b"",
            closed=known is not None and known.status == "closed",
        )

    def resume(self, line: str, now: int) -> None:
        """A fresh session without a login: of a line that the journal says was logged in when this process began again."""
        self._sessions[line] = _Session(heard_at=now)

    def send(self, line: str, frame: AnyFrame, now: int) -> None:
        session = self._sessions.get(line)
        if session is None:
            return
        if frame.sequence > session.expected:
            self._end(line)
            return
        if frame.sequence < session.expected:
            return
        session.expected += 1
        session.heard_at = now
        match frame:
            case Submit():
                code = self._take(line, frame)
                answer = Answer(sequence=session.next_out, tenant=frame.tenant, number=frame.number, code=code)
                self._put(session, answer)
            case Query():
                answers = tuple((*key, self._received.get(key, NOT_HERE)) for key in frame.asked)
                self._put(session, Known(sequence=session.next_out, answers=answers))
            case Heartbeat():
                self._put(session, Heartbeat(sequence=session.next_out))
            case _:
                self._end(line)

    def _take(self, line: str, frame: Submit) -> int:
        key = (frame.tenant, frame.number)
        code = self._received.get(key)
        if code is None:
            code = self._received[key] = self._deliver(line, frame.tenant, frame.number, frame.body)
        return code

    def _put(self, session: _Session, frame: AnyFrame) -> None:
        session.out.append(frame)
        session.next_out += 1

    def ready(self) -> bool:
        return bool(self._ended) or any(session.out for session in self._sessions.values())

    def receive(self, now: int) -> list[tuple[str, AnyFrame]]:
        came: list[tuple[str, AnyFrame]] = []
        for line, session in self._sessions.items():
            came += [(line, frame) for frame in session.out]
            session.out.clear()
        return came

    def dropped(self, now: int) -> list[str]:
        for line in [line for line, session in self._sessions.items() if now - session.heard_at > SILENCE_NS]:
            self._end(line)
        ended, self._ended = self._ended, []
        return ended

    def drop(self, line: str) -> None:
        self._sessions.pop(line, None)

    def _end(self, line: str) -> None:
        if self._sessions.pop(line, None) is not None:
            self._ended.append(line)
