"""Pool, sessions and the port to the exchange, put together: instructions go out, answers come back, lost lines are recovered.

`step` does everything that can be done at a moment and gives the facts to be journaled. A line that fails is taken out of the pool;
what it had in flight is in doubt and is asked for by number on another line of its broker, or of the pool: what the exchange has
counts as sent, the rest goes again. The exchange keeps the first copy of each number, so that a frame still on its way in
the dead session does no harm. None lost, none doubled.

Lines log in again by themselves, with the credentials that were right before, kept in memory only; after a restart of the
process somebody must log them in, or `adopt` them where the far end is in this process too. A login takes a scrypt: who may
not wait for it gives `log_in_again` and does it aside.
"""

from collections.abc import Callable
from typing import Final

from yunhai.kernel.clock import SECOND
from yunhai.kernel.limits import LINE_QUERY_NUMBERS_MAX
from yunhai.trading.facts import Decided, LineState, Tape
from yunhai.trading.lines.frames import NOT_HERE, Answer, AnyFrame, ExchangePort, Known
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.session import LineSession
from yunhai.trading.lines.words import Sent, Waiting

LOGIN_AGAIN_NS: Final = 2 * SECOND
"""Between two attempts to log a lost line in."""

Secret = tuple[str, str]
"""(broker, password)."""
Body = Callable[[Waiting], bytes]
Answered = Callable[[int, int, int], None]


class Carriage:
    """`body_of(waiting)` gives an instruction's record; `answered(tenant, number, code)` hears of each answer once.
    `log_in_again(line, secret)` is asked to bring a lost line back, by `logged_in` or `adopt`; `secret` None of one that
    was adopted. None: it is done here, where there is a secret."""

    def __init__(
        self,
        pool: Pool,
        port: ExchangePort,
        *,
        body_of: Body,
        answered: Answered,
        log_in_again: Callable[[str, Secret | None], None] | None = None,
    ) -> None:
        self.pool = pool
        self._port = port
        self._body_of = body_of
        self._answered = answered
        self._sessions: dict[str, LineSession] = {}
        self._secrets: dict[str, Secret] = {}
        self._aside = log_in_again
        self._again: dict[str, int] = {}
        self._facts: list[Decided] = []

    def login(self, line: str, broker: str, password: str, now: int) -> LineState:
        """Log a line in. The fact to journal: up, or refused with the reason inside; it is applied here already."""
        reason = self._port.login(line, broker, password, now)
        if reason:
            return LineState(line=line, state="refused", reason=reason)
        return self.logged_in(line, (broker, password), now)

    def logged_in(self, line: str, secret: Secret, now: int) -> LineState:
        """Begin a session after a login at the port; one that was there before is lost (`taken` tells)."""
        if line in self._sessions:
            self._lose(line, now, 0)
        self._secrets[line] = secret
        return self.adopt(line, now)

    def adopt(self, line: str, now: int) -> LineState:
        """Begin a session on a line whose far end has begun one (`LineServer.resume`): after a restart."""
        self._sessions[line] = LineSession(line, now)
        self._again.pop(line, None)
        fact = LineState(line=line, state="up")
        self.pool.apply(fact, now)
        return fact

    def come_back(self, line: str, now: int, secret: Secret | None = None) -> None:
        """Have a line that is not up come back in a while, as after a loss."""
        if secret is not None:
            self._secrets[line] = secret
        self._again[line] = now + LOGIN_AGAIN_NS

    def up(self, line: str) -> bool:
        """Whether the line has a session."""
        return line in self._sessions

    def taken(self) -> list[Decided]:
        """Facts to be journaled that came between two steps."""
        facts, self._facts = self._facts, []
        return facts

    def logout(self, line: str, now: int) -> LineState:
        """Take a line down on purpose; it does not come back by itself."""
        fact = LineState(line=line, state="down")
        self._port.drop(line)
        self._sessions.pop(line, None)
        self._secrets.pop(line, None)
        self._again.pop(line, None)
        self.pool.apply(fact, now)
        return fact

    def lose(self, line: str, now: int) -> None:
        """Cut a line, as a failure would: for drills. It logs in again by itself."""
        if line in self._sessions:
            self._port.drop(line)
            self._lose(line, now, 0)

    def step(self, now: int, *, sending: bool = True) -> list[Decided]:
        """Do what can be done now. The facts that came of it, in order, applied already. `sending` False: nothing new goes out,
        sessions are kept."""
        for line, frame in self._port.receive(now):
            self._hear(line, frame, now)
        for line in self._port.dropped(now):
            if line in self._sessions:
                self._lose(line, now, 0)
        for line, session in list(self._sessions.items()):
            if reason := session.check(now):
                self._port.drop(line)
                self._lose(line, now, reason)
        self._log_in_again(now)
        self._ask(now)
        for sent in self.pool.take(now) if sending else ():
            self._send(sent, now)
        for line, session in self._sessions.items():
            if beat := session.heartbeat(now):
                self._port.send(line, beat, now)
        return self.taken()

    def next_time(self, now: int, *, sending: bool = True) -> int | None:
        """When `step` should be called next, if nothing comes before; None: not at all."""
        if self._port.ready():
            return now
        times = [session.next_time() for session in self._sessions.values()]
        times += self._again.values()
        if sending and (free := self.pool.next_time(now)) is not None:
            times.append(free)
        return max(now, min(times)) if times else None

    # -- parts of a step -------------------------------------------------------------------------------------------

    def _hear(self, line: str, frame: AnyFrame, now: int) -> None:
        session = self._sessions.get(line)
        if session is None:
            return
        asked = session.asking
        match session.came(frame, now):
            case Answer(tenant=tenant, number=number, code=code):
                if self.pool.answered(number):
                    self._answered(tenant, number, code)
            case Known(answers=answers) if asked:
                self._settle(line, answers)
            case _:
                pass

    def _settle(self, line: str, answers: tuple[tuple[int, int, int], ...]) -> None:
        known = tuple(number for _, number, code in answers if code != NOT_HERE)
        doubtful = {sent.waiting.number for sent in self.pool.in_doubt()}
        for tenant, number, code in answers:
            if number not in doubtful:
                continue
            self.pool.recovered(number, known=code != NOT_HERE)
            if code != NOT_HERE:
                self._answered(tenant, number, code)
        if known:
            self._facts.append(Tape(line=line, known=known))

    def _lose(self, line: str, now: int, reason: int) -> None:
        del self._sessions[line]
        self.pool.lose(line, now)
        self._facts.append(LineState(line=line, state="lost", reason=reason))
        self._again[line] = now + LOGIN_AGAIN_NS

    def _log_in_again(self, now: int) -> None:
        for line in [line for line, at in self._again.items() if at <= now]:
            del self._again[line]
            secret = self._secrets.pop(line, None)
            if self._aside is not None:
                self._aside(line, secret)
            elif secret is not None:
                self._facts.append(self.login(line, *secret, now))

    def _ask(self, now: int) -> None:
        """One question a line for what is in doubt and not asked for yet."""
        doubtful = self.pool.in_doubt()
        if not doubtful or not self._sessions:
            return
        asking = frozenset().union(*(session.asking for session in self._sessions.values()))
        by_line: dict[str, list[tuple[int, int]]] = {}
        for sent in doubtful:
            waiting = sent.waiting
            line = self.pool.carrier_of(waiting.tenant)
            if line is not None and waiting.number not in asking:
                by_line.setdefault(line, []).append((waiting.tenant, waiting.number))
        for line, asked in by_line.items():
            if line in self._sessions:
                query = self._sessions[line].query(tuple(asked[:LINE_QUERY_NUMBERS_MAX]), now)
                self._port.send(line, query, now)

    def _send(self, sent: Sent, now: int) -> None:
        waiting = sent.waiting
        session = self._sessions[sent.line]
        frame = session.submit(waiting.tenant, waiting.number, self._body_of(waiting), now)
        self._port.send(sent.line, frame, now)
