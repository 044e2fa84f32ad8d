"""Deciding: what arrived in one turn of the loop goes through the gate in order and into the journal in one stretch.

Of each instruction: its shape, (in a busy turn: its signature, by another process), what is known of it already, the rate,
the gate. An acceptance is applied to the books
before the next instruction is looked at, so that two cannot spend the same money; it is in the journal at the very
sequence the books were told, because nothing else appends in between. What has been told nothing yet when the journal
fails is told that (6501), and the books are not used again.

Instructions that name a market time (`at`, a driven clock) are decided at that time: whatever the venue had due before is
done first. Those between two such moments are decided together.
"""

import asyncio
import binascii
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zlib import crc32

import structlog

from yunhai.kernel.clock import EPOCH, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LINE_QUEUE_MAX, REFUSALS_KEPT_MAX, TURN_MAX
from yunhai.kernel.money import price_text
from yunhai.trading.books.orders import known_key
from yunhai.trading.books.state import Known
from yunhai.trading.core import errors
from yunhai.trading.core.appender import Told
from yunhai.trading.core.orders import Accepted, Ask, Outcome
from yunhai.trading.core.packing import instruction_head, slots
from yunhai.trading.core.proving import Prover, Wanted
from yunhai.trading.gate.asked import Asker
from yunhai.trading.gate.checks import account_seen
from yunhai.trading.gate.gate import Decision, Gate
from yunhai.trading.instructions import canonical, signed_attributes
from yunhai.trading.lines.errors import QUEUE_FULL
from yunhai.trading.lines.words import Waiting
from yunhai.trading.rates import CHANGES, ORDERS
from yunhai.trading.shape import NEW, Checked, checked
from yunhai.trading.signatures import SIGNATURE_BYTES, forget

if TYPE_CHECKING:
    from yunhai.trading.core.core import Core

log: Final = structlog.get_logger("yunhai.core.deciding")
RATE_LIMITED: Final = 6201
_TAIPEI: Final = timezone(timedelta(seconds=TAIPEI_OFFSET // 10**9))
_EPOCH: Final = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
PROVE_AHEAD_MIN: Final = 8
"""Below so many at once asking another process costs more than it saves."""
GATHER_S: Final = ((16, 0.008), (3, 0.001))
"""After a turn of at least so many, the pause before the next: what comes meanwhile shares one append, one call of the venue
and one sync, which cost as much for one as for many. After a smaller turn there is none: at a few hundred a second nobody
waits for anybody, a broker's flood least of all."""
GATHER_FULL: Final = 64
"""So many waiting are a turn of their own at once."""
_SIGNATURE_CHARACTERS: Final = 86
"""64 bytes in base64url without padding."""
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


@lru_cache(maxsize=256)
def moment_of(ns: int) -> str:
    """A moment (ns since 1970) as ISO 8601 of Taipei, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=ns // 1_000)).astimezone(_TAIPEI).isoformat(timespec="microseconds")


def pause_after(count: int) -> float:
    """Seconds between a turn of so many instructions and the next."""
    return next((pause for least, pause in GATHER_S if count >= least), 0.0)


def signature_of(text: str) -> bytes:
    """The bytes of a base64url signature; b"" of anything else, which no key verifies."""
    if len(text) != _SIGNATURE_CHARACTERS or not text.isascii() or "+" in text or "/" in text:
        return b""
    try:
        raw = binascii.a2b_base64(text.encode().translate(_TO_STANDARD) + b"==", strict_mode=True)
    except binascii.Error:
        return b""
    return raw if len(raw) == SIGNATURE_BYTES else b""


@dataclass(slots=True)
class _Wish:
    """An instruction in its normal form, on its way to the gate. `proof`: what its signature is verified with, None where
    the key is not known."""

    ask: Ask
    shaped: Checked
    text: bytes
    signature: bytes
    asker: Asker
    proof: Wanted | None


@dataclass(slots=True)
class _Batch:
    """Wishes that are decided in one turn. `began`: when they came; `proven`: their signatures were looked at."""

    wishes: list[_Wish]
    began: float
    proven: bool = False


class _Turn:
    """What one stretch of the journal will hold, and who is told what when it is durable."""

    __slots__ = ("accepted", "again", "market_time", "parts", "queue", "refused", "steady_ns", "told", "wall")

    def __init__(self, wall: int, market_time: int) -> None:
        self.wall = wall
        self.steady_ns = time.monotonic_ns()
        self.market_time = market_time
        self.parts: list[bytes] = []
        self.told: list[tuple[Callable[[Outcome], None], Outcome]] = []
        self.again: list[tuple[int, Told]] = []
        self.queue: list[Waiting] = []
        self.accepted = 0
        self.refused: list[int] = []


class Deciding:
    """The gate of the open day and the turns through it."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._asked: list[Ask] = []
        self._scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._ready_at = 0.0
        self._batches: deque[_Batch] = deque()
        self._prover = Prover()
        self._refusals: dict[bytes, YunhaiError] = {}
        self.gate = Gate(core.books, core.day.market if core.day else None)

    def day_began(self) -> None:
        """Another market day is open, or none."""
        self.gate = Gate(self._core.books, self._core.day.market if self._core.day else None)

    def ask(self, ask: Ask) -> None:
        """Into the next turn."""
        self._asked.append(ask)
        if not self._scheduled:
            self._schedule()
        elif self._gathering is not None and len(self._asked) >= GATHER_FULL:
            self._gathering.cancel()
            self._schedule()

    def close(self) -> None:
        """End the process that proves ahead."""
        self._prover.close()

    def _schedule(self) -> None:
        self._scheduled = True
        self._loop = asyncio.get_running_loop()
        if len(self._asked) < GATHER_FULL and self._ready_at > self._loop.time():
            self._gathering = self._loop.call_at(self._ready_at, self._turn)
        else:
            self._gathering = None
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Shape what came, at most TURN_MAX at once so that nobody's answer waits for a long backlog; decide it now, or
        behind its proof."""
        began = time.perf_counter()
        asked, self._asked = self._asked[:TURN_MAX], self._asked[TURN_MAX:]
        self._scheduled = False
        self._gathering = None
        if self._asked:
            self._schedule()
        batch = _Batch([wish for ask in asked if (wish := self._shaped(ask)) is not None], began)
        if not self._batches and len(batch.wishes) < PROVE_AHEAD_MIN:
            self._decide(batch)
            return
        self._batches.append(batch)
        wanted = [wish.proof for wish in batch.wishes if wish.proof is not None]

        def done() -> None:
            batch.proven = True
            self._go_on()

        self._prover.prove(wanted, done)

    def _go_on(self) -> None:
        """Decide the batches whose turn it is."""
        while self._batches and self._batches[0].proven:
            batch = self._batches.popleft()
            self._decide(batch)
            for wish in batch.wishes:
                if wish.proof is not None:
                    forget(*wish.proof)

    def _shaped(self, ask: Ask) -> _Wish | None:
        """The wish; what is malformed or asks for another tenant's is told at once."""
        try:
            instruction = ask.signed.instruction
            shaped = checked(instruction)
            asker = self._asker(ask, shaped)
            text = canonical(instruction)
            signature = signature_of(ask.signed.signature)
            key = self._core.books.keys.get(shaped.key)
            proof = None if key is None else (key.public, signed_attributes(text), signature)
        except YunhaiError as error:
            self._core.counted.refused.labels(error.code).inc()
            ask.told(error)
            return None
        except Exception as fault:
            log.exception("shape")  # nothing is changed yet: only this one is told, the others go on
            ask.told(YunhaiError(errors.CORE_FAULT, reason=type(fault).__name__))
            return None
        return _Wish(ask, shaped, text, signature, asker, proof)

    def _decide(self, batch: _Batch) -> None:
        """One turn through the gate."""
        core = self._core
        try:
            core.require_ready()
        except YunhaiError as error:
            for wish in batch.wishes:
                wish.ask.told(error)
            return
        try:
            core.advance()
            self._take(batch)
        except Exception as fault:  # noqa: BLE001 what is in memory can no longer be trusted
            core.give_up(fault)
            return
        assert self._loop is not None
        self._ready_at = self._loop.time() + pause_after(len(batch.wishes))
        core.appender.look()
        core.arm()
        core.consider_snapshot()

    def _take(self, batch: _Batch) -> None:
        core = self._core
        turn = _Turn(core.wall(), core.clock.now())
        core.counted.turn.observe(len(batch.wishes))
        place = 0
        try:
            for place, wish in enumerate(batch.wishes):  # noqa: B007 told below how far it came
                if wish.ask.at:
                    turn = self._at(turn, wish.ask, batch.began)
                self._one(turn, wish)
        except Exception:  # those behind are told what those before are
            for wish in batch.wishes[place:]:
                wish.ask.told(YunhaiError(errors.CORE_HALTED))
            raise
        finally:
            self._flush(turn, batch.began)

    def _at(self, turn: _Turn, ask: Ask, began: float) -> _Turn:
        """The turn of an instruction that names its market time: this one, or a new one after what is due before."""
        core = self._core
        if core.clock.kind != "driven" or ask.at <= turn.market_time:
            return turn
        day = core.day
        due = day.venue.next_due() if day is not None else None
        if due is not None and due <= ask.at:
            self._flush(turn, began)
            core.clock.to(ask.at)
            core.advance()
            return _Turn(core.wall(), ask.at)
        core.clock.to(ask.at)
        turn.market_time = ask.at
        return turn

    # -- one instruction -----------------------------------------------------------------------------------------------

    def _one(self, turn: _Turn, wish: _Wish) -> None:
        """Decide one."""
        core = self._core
        shaped = wish.shaped
        try:
            known = self.gate.known(shaped, asker=wish.asker)
            if known is not None:
                turn.again.append((known.sequence, self._again(wish.ask, shaped, known)))
                return
            self._rate(turn, shaped, wish.asker)
            if core.dispatch.pool.room(shaped.tenant) - len(turn.queue) <= 0:
                raise YunhaiError(QUEUE_FULL, most=LINE_QUEUE_MAX, tenant=shaped.tenant)
            decision = self.gate.decide(shaped, wish.text, wish.signature, asker=wish.asker, wall_ns=turn.wall)
        except YunhaiError as error:
            core.counted.refused.labels(error.code).inc()
            wish.ask.told(error)
            return
        self._keep(turn, wish.ask, shaped, decision)

    def _asker(self, ask: Ask, shaped: Checked) -> Asker:
        """Who asks: the token's person, or, by the inner socket, the key's own. Another tenant's ids are not there."""
        claims = ask.claims
        if claims is None:
            key = self._core.books.keys.get(shaped.key)
            person = key.person if key is not None else 0
            return Asker(person, True, 0)
        if claims.tenant != shaped.tenant:
            raise YunhaiError(errors.NOTHING_FOUND)
        source = crc32(claims.session.encode())
        return Asker(claims.person, claims.mfa, source, claims.only_role)

    def _rate(self, turn: _Turn, shaped: Checked, asker: Asker) -> None:
        """6201. Accounts that the person has no right to share one bucket: naming others must not open new ones."""
        quota = ORDERS if shaped.action == NEW else CHANGES
        account = shaped.account if account_seen(self._core.books, shaped, asker) else 0
        verdict = self._core.rates.take(quota, asker.person << 32 | account, turn.steady_ns / 1e9)
        if not verdict.allowed:
            raise YunhaiError(RATE_LIMITED, scope=quota.scope, limit=quota.limit, reset=verdict.reset)

    def _keep(self, turn: _Turn, ask: Ask, shaped: Checked, decision: Decision) -> None:
        """Into the turn's stretch, and into the books at the sequence it will have."""
        core = self._core
        sequence = core.appender.next_sequence + len(turn.parts) // 2
        core.books.apply_instruction(sequence, turn.market_time, decision.record)
        turn.parts += (instruction_head(decision.fact, shaped.tenant, turn.market_time), decision.record)
        if decision.code:
            error = decision.error()
            turn.refused.append(decision.code)
            turn.told.append((ask.told, error))
            self._refusals[known_key(shaped.account, shaped.client_id)] = error
            if len(self._refusals) > REFUSALS_KEPT_MAX:
                del self._refusals[next(iter(self._refusals))]
            return
        turn.accepted += 1
        turn.queue.append(Waiting(decision.number, shaped.tenant, shaped.action, decision.order_id, turn.steady_ns))
        if ask.at:
            core.dispatch.times[decision.number] = turn.market_time
        outcome = Accepted(
            decision.number,
            decision.order_id,
            decision.order_number,
            ask.signed.instruction.client_id,
            sequence,
            moment_of(turn.wall),
            moment_of(turn.market_time),
            price_text(decision.reserved_cash),
            decision.reserved_shares,
        )
        turn.told.append((ask.told, outcome))

    def _flush(self, turn: _Turn, began: float) -> None:
        """Append the turn, then send on what the lines carry."""
        core = self._core
        parts, turn.parts = turn.parts, []
        told, turn.told = turn.told, []
        again, turn.again = turn.again, []
        queue, turn.queue = turn.queue, []
        counted = core.counted

        def durable(error: YunhaiError | None) -> None:
            counted.acknowledged.observe(time.perf_counter() - began)
            for tell, outcome in told:
                tell(outcome if error is None else error)

        try:
            if parts:
                core.appender.when_durable(core.append(slots(parts)), durable)
        except YunhaiError as error:
            durable(error)
            raise
        finally:
            for sequence, tell in again:
                core.appender.when_durable(sequence, tell)
        counted.accepted.inc(turn.accepted)
        turn.accepted = 0
        for code in turn.refused:
            counted.refused.labels(code).inc()
        turn.refused = []
        for waiting in queue:
            core.dispatch.pool.offer(waiting)
        if queue:
            core.send_on()

    def _again(self, ask: Ask, shaped: Checked, known: Known) -> Told:
        """The answer to an instruction that came before, for when that is durable. Of a refusal the details are this
        process's memory; after a restart only its number is known."""
        refusal = self._refusals.get(known_key(shaped.account, shaped.client_id)) if known.code else None

        def durable(error: YunhaiError | None) -> None:
            if error is not None:
                ask.told(error)
            elif known.code:
                ask.told(refusal or YunhaiError(known.code))
            else:
                ask.told(_answer_again(known, ask.signed.instruction.client_id))

        return durable


def _answer_again(known: Known, client_id: str) -> Accepted:
    return Accepted(
        known.number,
        known.order_id,
        known.order_number,
        client_id,
        known.sequence,
        moment_of(known.wall),
        moment_of(known.time),
        price_text(known.reserved_cash),
        known.reserved_shares,
        again=True,
    )
