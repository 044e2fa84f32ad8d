"""Carrying: the core's lines where their caps are in force. Pool → sessions → the virtual exchange's line server → venue, and back.

Each step sends what may go. An instruction that the line server takes is run by the venue and its events are journaled before
anything else happens; its answer comes back in the next step, a turn of the loop later. So between two turns instructions are in
flight, and a line that is lost then leaves them in doubt: they are asked for by number on another line. What the sessions do
that others must know (a line up, lost, refused; what a recovery found) becomes facts of the journal.

After a restart lines that were up are taken up again without a login (their far end is in this process and begins again
with it), lines that were lost come back by themselves, and the line server knows what the day's journal has already.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from yunhai.kernel.records import RECORD
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import OrderState
from yunhai.trading.core.line_wire import WiredLines
from yunhai.trading.core.lines import command_of, unanswered
from yunhai.trading.facts import DayOpened, Decided, LineState, Tape
from yunhai.trading.lines.carriage import Carriage, Secret
from yunhai.trading.lines.drill import Break, DrillPort
from yunhai.trading.lines.errors import LINE_CLOSED
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.words import Waiting, mark_of
from yunhai.trading.trust.interface_errors import LINE_NOT_REACHED

if TYPE_CHECKING:
    from yunhai.trading.core.core import Core

_CLOSED: Final = "closed"


class Carrying:
    """Made with its core; everything is called in the loop. Times are the steady clock's."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._server = LineServer(self._deliver)
        wire = core.settings.line_wire
        self._wired = WiredLines(core, self._server, wire) if wire is not None else None
        self._port = DrillPort(self._server if self._wired is None else self._wired.port)
        self._carriage = Carriage(
            core.dispatch.pool,
            self._port,
            body_of=self._body_of,
            answered=self._answered,
            log_in_again=self._log_in_again,
        )
        self._verifiers: dict[str, bytes] = {}
        self._coming_back: set[asyncio.Task[None]] = set()

    def restore(self, books: Books, now: int) -> None:
        """Lines and what the exchange has, as the journal says."""
        for tenant in books.tenants.values():
            if tenant.fact is not None:
                self._server.apply(tenant.fact)
        for line in books.lines.values():
            self._server.apply(line)
        gone: list[Decided] = []
        for name, state in books.line_states.items():
            known = books.lines.get(name)
            if known is None or known.status == _CLOSED:
                continue
            self._verifiers[name] = known.verifier
            if self._wired is not None:
                if state.state == "up":
                    gone.append(LineState(line=name, state="lost", reason=LINE_NOT_REACHED))
            elif state.state == "up":
                self._server.resume(name, now)
                self._carriage.adopt(name, now)
            elif state.state == "lost":
                self._carriage.come_back(name, now)
        if self._core.day is not None:
            self._know(books)
        self.keep(gone)

    async def open(self) -> None:
        """Listen, where the lines are on a wire. OSError."""
        if self._wired is not None:
            await self._wired.open()

    async def over_wire(self, secret: Secret, state: LineState) -> LineState:
        """What a login that the pool takes comes to on the wire; the same where there is none."""
        if self._wired is None or state.state != "up":
            return state
        reason = await self._wired.connect(state.line, *secret)
        return state if not reason else LineState(line=state.line, state="refused", reason=reason)

    def _know(self, books: Books) -> None:
        """What the exchange answered before. Of a refused order the code; of any other 0: nobody asks for it again."""
        waiting = {number for number, _, _ in unanswered(books)}
        for number, order_id in books.accepted_today():
            if number in waiting:
                continue
            order = books.orders[order_id]
            refused = number == order_id and order.state == OrderState.REFUSED
            self._server.know(order.tenant, number, order.code if refused else 0)

    def apply(self, fact: Decided) -> None:
        """A fact as the far end needs it."""
        if isinstance(fact, DayOpened):
            self._server.new_day()
        self._server.apply(fact)
        if self._wired is not None:
            self._wired.listener.pump()

    def step(self) -> None:
        """Do what can be done now, and journal what came of it."""
        core = self._core
        try:
            self.keep(self._carriage.step(time.monotonic_ns(), sending=core.day is not None))
        except Exception as fault:
            core.give_up(fault)
            raise

    def next_time(self, now: int) -> int | None:
        """When `step` has something to do next."""
        return self._carriage.next_time(now, sending=self._core.day is not None)

    def keep(self, facts: list[Decided]) -> int:
        """Journal what the lines did; the last fact's sequence, or the journal's last if there is none."""
        core = self._core
        sequence = core.appender.next_sequence - 1
        for fact in facts:
            assert isinstance(fact, (LineState, Tape))
            known = core.books.lines.get(fact.line)
            dated = msgspec.structs.replace(fact, wall_ns=core.wall())
            sequence = core.keep_fact(dated, known.tenant if known else 0)
        return sequence

    # -- lines by command ----------------------------------------------------------------------------------------------

    def login(self, line: str, secret: Secret, state: LineState) -> int:
        """Begin a session after a login, or keep its refusal; `state` is what the pool's own check came to. The sequence."""
        now = time.monotonic_ns()
        known = self._core.books.lines.get(line)
        if state.state == "up" and known is not None and known.status == _CLOSED:
            state = LineState(line=line, state="refused", reason=LINE_CLOSED)
        if state.state != "up" or known is None:
            return self.keep([state])
        self._verifiers[line] = known.verifier
        if self._wired is None:
            self._server.resume(line, now)
        up = self._carriage.logged_in(line, secret, now)
        return self.keep([*self._carriage.taken(), up])

    def lose(self, line: str) -> int:
        """Cut a line now, whatever is in flight on it. It comes back by itself."""
        self._carriage.lose(line, time.monotonic_ns())
        return self.keep(self._carriage.taken())

    def logout(self, line: str) -> int:
        """Take a line down; it does not come back by itself."""
        down = self._carriage.logout(line, time.monotonic_ns())
        return self.keep([*self._carriage.taken(), down])

    def break_next(self, line: str, where: Break) -> None:
        """Have a line break at its next instruction."""
        self._port.break_next(line, where)

    # -- a lost line's return ------------------------------------------------------------------------------------------

    def _log_in_again(self, line: str, secret: Secret | None) -> None:
        task = asyncio.get_running_loop().create_task(self._back(line, secret))
        self._coming_back.add(task)
        task.add_done_callback(self._coming_back.discard)

    async def _back(self, line: str, secret: Secret | None) -> None:
        """Log in with what was right before (a scrypt, by a thread). A line taken up after a restart has no password here:
        it comes back without one, unless its verifier was changed since."""
        core = self._core
        try:
            if secret is not None:
                state = await asyncio.to_thread(core.dispatch.pool.login, line, *secret)
                state = await self.over_wire(secret, state)
            if core.failed is not None or core.stopping or self._carriage.up(line):
                return
            if secret is not None and state.reason == LINE_NOT_REACHED:
                self._carriage.come_back(line, time.monotonic_ns(), secret)
            elif secret is not None:
                self.login(line, secret, state)
            elif self._wired is None:
                self._take_up(line)
            core.send_on()
            core.arm()
        except Exception as fault:  # noqa: BLE001 as of a turn: what is in memory can no longer be trusted
            core.give_up(fault)

    def _take_up(self, line: str) -> None:
        known = self._core.books.lines.get(line)
        if known is None or known.status == _CLOSED or known.verifier != self._verifiers.get(line):
            return
        now = time.monotonic_ns()
        self._server.resume(line, now)
        self.keep([self._carriage.adopt(line, now)])

    def close(self) -> None:
        """Begin nothing any more."""
        for task in self._coming_back:
            task.cancel()
        if self._wired is not None:
            self._wired.close()

    # -- the venue -----------------------------------------------------------------------------------------------------

    def _body_of(self, waiting: Waiting) -> bytes:
        """An instruction's command at the market time of its going, or at the time it named."""
        core = self._core
        first = core.open_day().venue.now
        time_of_going = core.dispatch.times.get(waiting.number, core.clock.now())
        body = command_of(core.books.orders[waiting.order_id], waiting, max(first, time_of_going))
        if self._wired is not None:
            self._wired.sent(waiting.number, body)
        return body

    def _deliver(self, line: str, tenant: int, number: int, body: bytes) -> int:
        """Run one command, journal what came of it, with the line that brought it; its outcome code. Nothing goes back in
        market time: one that was overtaken on its way is taken at the venue's own."""
        core = self._core
        if self._wired is None:
            return self._run(line, body)
        self._wired.require_sent(number, body)
        try:
            return self._run(line, body)
        except Exception as fault:
            core.give_up(fault)
            raise

    def _run(self, line: str, body: bytes) -> int:
        core = self._core
        day = core.open_day()
        command = np.frombuffer(bytearray(body), RECORD)
        if command["time"][0] < day.venue.now:
            command["time"][0] = day.venue.now
        day.venue.process(command)
        events = day.taken().copy()
        own = (events["kind"] == command["kind"][0]) & (events["order_id"] == command["order_id"][0])
        events["reserved"][own] = mark_of(line)
        core.keep_events(events)
        return int(events["code"][own][0])

    def _answered(self, tenant: int, number: int, code: int) -> None:
        self._core.dispatch.times.pop(number, None)
        if self._wired is not None:
            self._wired.answered(number)
