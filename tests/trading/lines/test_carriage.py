"""Instructions over lines that fail: each reaches the venue exactly once, each order's in order, whatever is lost when."""

import random
from dataclasses import dataclass, field

import pytest

from yunhai.kernel.clock import SECOND
from yunhai.trading.facts import Decided, LineSet, LineState, PoolSet, Tape, TenantSet
from yunhai.trading.lines.carriage import Carriage
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.frames import Answer, AnyFrame, Heartbeat, Submit
from yunhai.trading.lines.pool import Pool
from yunhai.trading.lines.session import HEARTBEAT_NS, SILENCE_NS
from yunhai.trading.lines.words import Reason, Waiting
from yunhai.trading.words import Action

MS = 1_000_000
BROKERS, LINES = 3, 2


def _check(line: str, broker: str, password: str, *, owner: str | None, **rest: object) -> int:
    """A login without scrypt: it is tested in test_login."""
    return 0 if owner == broker else 6302


@dataclass
class Wire:
    """A port that loses, cuts, delays and repeats: what may happen between the cloud and the exchange.

    Each probability is of one frame: `lost` on its way out, `cut` the session breaks after delivery and before the answer,
    `late` it waits and comes after the session's end, `twice` the answer comes twice.
    """

    server: LineServer
    chance: random.Random
    lost: float = 0.0
    cut: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    cuts: list[str] = field(default_factory=list)
    held: list[tuple[str, AnyFrame]] = field(default_factory=list)
    happened: set[str] = field(default_factory=set)

    def login(self, line: str, broker: str, password: str, now: int) -> int:
        for place in [place for place, (name, _) in enumerate(self.held) if name == line][::-1]:
            # A frame of the dead session that still arrives: its content is acted on as if it had been in sequence.
            _, frame = self.held.pop(place)
            if isinstance(frame, Submit):
                self.server._take(line, frame)
                self.happened.add("late")
        return self.server.login(line, broker, password, now)

    def send(self, line: str, frame: AnyFrame, now: int) -> None:
        draw = self.chance.random()
        if draw < self.lost:
            self.happened.add("lost")
        elif draw < self.lost + self.late:
            self.held.append((line, frame))
        else:
            self.server.send(line, frame, now)
            if self.chance.random() < self.cut:
                self.happened.add("cut")
                self.server.drop(line)
                self.cuts.append(line)

    def ready(self) -> bool:
        return bool(self.cuts) or self.server.ready()

    def receive(self, now: int) -> list[tuple[str, AnyFrame]]:
        came = []
        for line, frame in self.server.receive(now):
            came.append((line, frame))
            if isinstance(frame, Answer) and self.chance.random() < self.twice:
                self.happened.add("twice")
                came.append((line, frame))
        return came

    def dropped(self, now: int) -> list[str]:
        cuts, self.cuts = self.cuts, []
        return cuts + self.server.dropped(now)

    def drop(self, line: str) -> None:
        self.server.drop(line)


@dataclass
class Field:
    """Brokers, lines, a wire and a venue that counts."""

    seed: int = 0
    faults: dict[str, float] = field(default_factory=dict)
    delivered: list[int] = field(default_factory=list)
    answers: dict[int, list[int]] = field(default_factory=dict)
    facts: list[Decided] = field(default_factory=list)
    orders: dict[int, int] = field(default_factory=dict)
    now: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        server = LineServer(self._deliver, check=_check)
        self.wire = Wire(server, self.chance, **self.faults)
        self.server = server
        pool = Pool()
        for tenant in range(1, BROKERS + 1):
            facts: list[Decided] = [TenantSet(tenant=tenant, code=f"980{tenant}")]
            facts += [LineSet(line=f"{tenant}{place}", tenant=tenant, verifier=b"") for place in range(LINES)]
            for fact in facts:
                pool.apply(fact, 0)
                server.apply(fact)
        pool.apply(PoolSet(pool="all", tenants=tuple(range(1, BROKERS + 1))), 0)
        self.carriage = Carriage(
            pool, self.wire, body_of=lambda waiting: b"%064d" % waiting.number, answered=self._answered
        )
        for tenant in range(1, BROKERS + 1):
            for place in range(LINES):
                self.carriage.login(f"{tenant}{place}", f"980{tenant}", "right", 0)

    def _deliver(self, line: str, tenant: int, number: int, body: bytes) -> int:
        assert body == b"%064d" % number
        self.delivered.append(number)
        return 1_000 + number

    def _answered(self, tenant: int, number: int, code: int) -> None:
        self.answers.setdefault(number, []).append(code)

    def offer(self, number: int, order: int, action: Action) -> None:
        self.orders[number] = order
        self.carriage.pool.offer(Waiting(number, 1 + order % BROKERS, action, order, self.now))

    def step(self, by: int = 5 * MS) -> None:
        self.now += by
        self.facts += self.carriage.step(self.now)

    def settle(self, limit: int = 5_000) -> None:
        """Let time pass until everything is answered."""
        for _ in range(limit):
            if not self.carriage.pool.pending():
                return
            following = self.carriage.next_time(self.now)
            assert following is not None
            self.step(max(following - self.now, MS))
        raise AssertionError(f"stuck: {self.carriage.pool.pending()}")

    def proven(self, count: int) -> None:
        assert sorted(self.delivered) == list(range(1, count + 1)), "each into the venue once"
        assert self.answers == {number: [1_000 + number] for number in range(1, count + 1)}, (
            "each answered once, rightly"
        )
        last: dict[int, int] = {}
        for number in self.delivered:
            order = self.orders[number]
            assert last.get(order, 0) < number, f"order {order} was overtaken"
            last[order] = number


def random_schedule(seed: int) -> Field:
    chance = random.Random(f"schedule/{seed}")
    faults = {name: chance.choice((0.0, 0.05, 0.3)) for name in ("lost", "cut", "late", "twice")}
    made = Field(seed=seed, faults=faults)
    count = chance.randrange(6, 20)
    orders: list[int] = []
    for number in range(1, count + 1):
        if orders and chance.random() < 0.5:
            made.offer(number, chance.choice(orders), chance.choice((Action.CANCEL, Action.CUT, Action.REPRICE)))
        else:
            orders.append(number)
            made.offer(number, number, Action.NEW)
        if chance.random() < 0.2:
            made.carriage.lose(chance.choice(["10", "11", "20", "21", "30", "31"]), made.now)
        made.step(chance.randrange(60) * MS + 1)
    made.wire.lost = made.wire.cut = made.wire.late = made.wire.twice = 0.0
    made.settle()
    made.proven(count)
    return made


def test_a_thousand_random_schedules_of_loss_lose_and_double_nothing() -> None:
    happened: set[str] = set()
    for seed in range(1_000):
        happened |= random_schedule(seed).wire.happened
    assert happened == {"lost", "cut", "late", "twice"}, "a schedule without a fault proves nothing"


@pytest.mark.full
def test_ten_thousand_random_schedules() -> None:
    for seed in range(1_000, 11_000):
        random_schedule(seed)


def test_the_answer_lost_after_delivery_is_found_by_asking_and_not_sent_again() -> None:
    made = Field(faults={"cut": 1.0})
    made.offer(1, 1, Action.NEW)
    made.step()
    assert made.delivered == [1]
    made.wire.cut = 0.0
    made.settle()
    made.proven(1)
    tapes = [fact for fact in made.facts if isinstance(fact, Tape)]
    assert [tape.known for tape in tapes] == [(1,)]
    assert [(fact.state, fact.line) for fact in made.facts if isinstance(fact, LineState)][:1] == [("lost", "10")]


def test_the_instruction_lost_before_delivery_is_sent_again() -> None:
    made = Field(faults={"lost": 1.0})
    made.offer(1, 1, Action.NEW)
    made.step()
    assert made.delivered == []
    assert made.carriage.pool.reason_of(1, made.now) is Reason.ORDER_IN_FLIGHT
    made.wire.lost = 0.0
    made.settle()
    made.proven(1)
    assert SILENCE_NS > made.now >= HEARTBEAT_NS, "the next heartbeat showed the far end the gap"
    assert [fact.state for fact in made.facts if isinstance(fact, LineState)][:1] == ["lost"]


def test_a_gap_in_the_sequence_ends_the_session_and_the_next_one_recovers() -> None:
    made = Field(faults={"lost": 1.0})
    made.offer(3, 3, Action.NEW)
    made.step()
    made.wire.lost = 0.0
    for number in (1, 2, 4, 5, 6, 7):
        made.offer(number, 3 * number, Action.NEW)
    made.settle()
    assert sorted(made.delivered) == list(range(1, 8))
    assert made.now < SILENCE_NS, "the next frame on that line showed the gap"


def test_a_lost_line_comes_back_by_itself_and_a_line_taken_down_does_not() -> None:
    made = Field()
    made.carriage.lose("10", made.now)
    made.carriage.logout("11", made.now)
    for _ in range(5):
        made.step(SECOND)
    states = {line.line: line.state for line in made.carriage.pool.view(made.now).lines}
    assert (states["10"], states["11"]) == ("up", "down")


def test_a_quiet_line_stays_up_by_its_heartbeats() -> None:
    made = Field()
    for _ in range(200):
        made.step(SECOND)
    assert made.facts == []
    assert made.carriage.pool.view(made.now).capacity == BROKERS * LINES * 20


def test_a_far_end_that_falls_silent_is_given_up() -> None:
    made = Field(faults={"lost": 1.0})
    for _ in range(20):
        made.step(SECOND)
    lost = {(fact.line, fact.reason) for fact in made.facts if isinstance(fact, LineState) and fact.state == "lost"}
    assert lost == {(line, 6322) for line in ("10", "11", "20", "21", "30", "31")}


def test_the_exchange_drops_a_line_that_sends_out_of_sequence_or_never() -> None:
    server = LineServer(lambda tenant, number, body: 0, check=_check)
    server.apply(TenantSet(tenant=1, code="9801"))
    server.apply(LineSet(line="10", tenant=1, verifier=b""))
    server.send("10", Heartbeat(sequence=1), 0)
    assert server.receive(0) == [], "not logged in"
    assert server.login("10", "9801", "", 0) == 0
    server.send("10", Heartbeat(sequence=2), 0)
    assert server.dropped(0) == ["10"]
    assert server.login("10", "9801", "", 0) == 0
    assert server.dropped(SILENCE_NS) == []
    assert server.dropped(SILENCE_NS + 1) == ["10"]


def test_a_restarted_exchange_side_knows_what_the_journal_has() -> None:
    made = Field()
    made.server.know(1, 3, 1_003)
    made.offer(3, 3, Action.NEW)
    made.settle()
    assert made.delivered == []
    assert made.answers == {3: [1_003]}
