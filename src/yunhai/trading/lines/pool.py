"""The pool of exchange lines 線路池: which instruction may go now, and on which line. Pure: time comes in, nothing is read.

A broker's **guarantee** is the sum of the caps of its own lines that are up, what it would have alone (study 表4.5.3: two
lines are 40 a second); it is always served first. What lines have beyond their reserve is lent by weight, up to the whole
pool. How the choice is made stands in `group.py`, how a line and a credit are kept in `buckets.py`.

**Order.** Within a broker cancels and cuts go before changes of price before new orders, each by number. For one order
nothing ever overtakes: an instruction whose order has an earlier one unsent or unanswered is held until that is answered.

**Nothing is lost.** What was sent stays known until `answered`. A lost line's are in doubt: `recovered` says of each whether
the exchange had it; if not, it returns to its old place.

The state is made of facts (`apply`) and of what was offered, sent and answered; after a restart the core applies the facts
again and offers again whatever the venue has not had. `now` is any clock that never goes back, the same in all calls.

**Uncapped** (the driver's flag, not for live): caps, classes and credits are lifted; everything goes at once in the order offered,
on a line of its broker that is up.
"""

from collections import deque
from collections.abc import Iterable

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LINE_BATCH_MAX, LINE_CAP_MAX, LINE_QUEUE_MAX, LINE_WEIGHT_MAX
from yunhai.trading.facts import Decided, LineSet, LineState, PoolSet, TenantSet
from yunhai.trading.lines.buckets import NEVER, Broker, Line
from yunhai.trading.lines.errors import OFFERED_TWICE, QUEUE_FULL
from yunhai.trading.lines.group import Group
from yunhai.trading.lines.login import checked_login
from yunhai.trading.lines.words import CLASS_OF, BrokerView, LineView, Reason, Sent, View, Waiting
from yunhai.trading.words import Action

_CLASSES = {int(action): cls for action, cls in CLASS_OF.items()}


class Pool:
    """All brokers, lines and what waits. Not thread-safe."""

    def __init__(self, *, uncapped: bool = False, queue_max: int = LINE_QUEUE_MAX) -> None:
        self._lines: dict[str, Line] = {}
        self._closed: set[str] = set()
        self._codes: dict[int, str] = {}
        self._pools: dict[int, PoolSet] = {}
        self._brokers: dict[int, Broker] = {}
        self._groups: dict[int, Group] = {}
        self._pooled: tuple[Group, ...] = ()
        self._carriers: dict[int, str] = {}
        self._changed_at: int | None = None
        self._queue_max = queue_max
        self._uncapped = uncapped
        self._straight: deque[Waiting] = deque()
        self._queued: dict[int, Waiting] = {}
        self._flying: dict[int, Sent] = {}
        self._doubtful: dict[int, Sent] = {}
        self._heads: dict[int, int] = {}
        self._followers: dict[int, deque[Waiting]] = {}
        self._count: dict[int, int] = {}

    # -- facts -----------------------------------------------------------------------------------------------------

    def apply(self, fact: Decided, now: int) -> None:
        """Take a fact that concerns lines; others are passed over. A LineState of a line unknown here is passed over."""
        match fact:
            case TenantSet():
                self._codes[fact.tenant] = fact.code
            case LineSet():
                self._set_line(fact, now)
            case PoolSet():
                for tenant in [one for one, pool in self._pools.items() if pool.pool == fact.pool]:
                    del self._pools[tenant]
                self._pools |= dict.fromkeys(fact.tenants, fact)
                self._changed_at = now
            case LineState(state="up") if fact.line in self._lines and fact.line not in self._closed:
                line = self._lines[fact.line]
                line.state, line.begun_at = "up", now
                self._changed_at = now
            case LineState(state="lost" | "down") if fact.line in self._lines:
                self._take_off(self._lines[fact.line], fact.state, now)
            case _:
                pass

    def _set_line(self, fact: LineSet, now: int) -> None:
        cap = min(max(fact.cap, 1), LINE_CAP_MAX)
        line = self._lines.get(fact.line)
        if line is None:
            line = self._lines[fact.line] = Line(fact.line, tenant=fact.tenant, cap=cap, verifier=fact.verifier)
        line.tenant, line.verifier = fact.tenant, fact.verifier
        if cap != line.cap:
            line.set_cap(cap)
        self._closed.discard(fact.line)
        if fact.status == "closed":
            self._closed.add(fact.line)
            self._take_off(line, "down", now)
        self._changed_at = now

    def _take_off(self, line: Line, state: str, now: int) -> None:
        line.state = state
        line.in_flight = 0
        for number in [number for number, sent in self._flying.items() if sent.line == line.name]:
            self._doubtful[number] = self._flying.pop(number)
        self._changed_at = now

    def _arrange(self) -> None:
        """Pools, guarantees and carriers again, if facts have changed them since: many facts at once cost it once."""
        if self._changed_at is None:
            return
        now, self._changed_at = self._changed_at, None
        names: dict[str, Group] = {}
        members: dict[str, tuple[list[Line], list[Broker]]] = {}
        up = [line for line in self._lines.values() if line.state == "up"]
        for tenant in {line.tenant for line in self._lines.values()} | set(self._pools) | set(self._brokers):
            broker = self._brokers.setdefault(tenant, Broker(tenant))
            pool = self._pools.get(tenant)
            broker.weight = min(max(pool.weights.get(tenant, 1), 1), LINE_WEIGHT_MAX) if pool else 1
            broker.guarantee_is(sum(line.cap for line in up if line.tenant == tenant), now)
            name = pool.pool if pool else f"{tenant}"
            old = self._groups.get(tenant)
            group = names.setdefault(name, old if old and old.name == name else Group(name))
            self._groups[tenant] = group
            lines, brokers = members.setdefault(name, ([], []))
            brokers.append(broker)
            lines += [line for line in up if line.tenant == tenant]
        self._pooled = tuple(names.values())
        self._carriers.clear()
        for name, (lines, brokers) in members.items():
            names[name].arrange(lines, brokers)
            for broker in brokers:
                own = next((line.name for line in lines if line.tenant == broker.tenant), None)
                carrier = own or next((line.name for line in lines), None)
                if carrier:
                    self._carriers[broker.tenant] = carrier

    def login(self, line: str, broker: str, password: str) -> LineState:
        """The fact that a login makes: state up, or refused with 6301-6304 as its reason. Nothing is changed: the caller
        journals the fact, applies it, and answers 6300 whatever the reason. Costs one scrypt, some 50 ms."""
        known = self._lines.get(line)
        reason = checked_login(
            line,
            broker,
            password,
            owner=self._codes.get(known.tenant, "") if known else None,
            verifier=known.verifier if known else b"",
            closed=line in self._closed,
        )
        return LineState(line=line, state="refused" if reason else "up", reason=reason)

    # -- what waits ------------------------------------------------------------------------------------------------

    def room(self, tenant: int) -> int:
        """How many more of a broker's instructions are taken. Ask before accepting one."""
        return self._queue_max - self._count.get(tenant, 0)

    def offer(self, waiting: Waiting) -> None:
        """Take an accepted instruction. YunhaiError 6310 if the broker's queue is full, 6311 if its number is here already."""
        if self._changed_at is not None:
            self._arrange()
        tenant = waiting.tenant
        count = self._count.get(tenant, 0)
        if count >= self._queue_max:
            raise YunhaiError(QUEUE_FULL, most=self._queue_max, tenant=tenant)
        number = waiting.number
        if number in self._queued or number in self._flying or number in self._doubtful:
            raise YunhaiError(OFFERED_TWICE, number=number)
        self._count[tenant] = count + 1
        self._queued[number] = waiting
        if self._uncapped:
            self._straight.append(waiting)
        else:
            self._line_up(waiting)

    def _line_up(self, waiting: Waiting) -> None:
        """Into its broker's queue, or behind the one for the same order."""
        order = waiting.order_id
        broker = self._broker(waiting.tenant)
        if order in self._heads:
            self._followers.setdefault(order, deque()).append(waiting)
            broker.held += 1
            return
        self._heads[order] = waiting.number
        self._enter(broker, waiting)

    def _enter(self, broker: Broker, waiting: Waiting) -> None:
        was_active = broker.active
        broker.push(_CLASSES[waiting.action], waiting)
        if not was_active:
            self._groups[broker.tenant].enter(broker)

    def _broker(self, tenant: int) -> Broker:
        broker = self._brokers.get(tenant)
        if broker is None:
            broker = self._brokers[tenant] = Broker(tenant)
            group = self._groups[tenant] = Group(f"{tenant}")
            group.arrange([], [broker])
            self._pooled = (*self._pooled, group)
        return broker

    def take(self, now: int, most: int = LINE_BATCH_MAX) -> list[Sent]:
        """What goes now, in this order, at most `most`. Each stays in flight until `answered`. Call again until it is empty:
        what is answered frees what stood behind it."""
        self._arrange()
        sent: list[Sent] = []
        if self._uncapped:
            self._take_straight(now, most, sent)
            return sent
        for group in self._pooled:
            while len(sent) < most and (chosen := group.choose(now)) is not None:
                broker, line, burst = chosen
                waiting = broker.pop()
                broker.waits.append(now - waiting.offered_ns)
                sent.append(self._fly(Sent(line.name, waiting, burst), broker, line))
        return sent

    def _fly(self, sent: Sent, broker: Broker, line: Line) -> Sent:
        number = sent.waiting.number
        del self._queued[number]
        self._flying[number] = sent
        broker.in_flight += 1
        broker.sent += 1
        line.in_flight += 1
        return sent

    def _take_straight(self, now: int, most: int, sent: list[Sent]) -> None:
        straight, carriers, queued, flying = self._straight, self._carriers, self._queued, self._flying
        stay: list[Waiting] = []
        while straight and len(sent) < most:
            waiting = straight.popleft()
            carrier = carriers.get(waiting.tenant)
            if carrier is None:
                stay.append(waiting)
                continue
            one = Sent(carrier, waiting)
            del queued[waiting.number]
            flying[waiting.number] = one
            sent.append(one)
        straight.extendleft(reversed(stay))
        numbers: dict[tuple[int, str], int] = {}
        for one in sent:
            key = (one.waiting.tenant, one.line)
            numbers[key] = numbers.get(key, 0) + 1
        for (tenant, name), count in numbers.items():
            broker, line = self._broker(tenant), self._lines[name]
            broker.meter.add(now, count)
            broker.sent += count
            broker.in_flight += count
            line.meter.add(now, count)
            line.in_flight += count

    def next_time(self, now: int) -> int | None:
        """When `take` may next find something; None: not before something is offered, answered or a line comes up."""
        self._arrange()
        if self._uncapped:
            return now if any(one.tenant in self._carriers for one in self._straight) else None
        soonest = min((group.next_time(now) for group in self._pooled), default=NEVER)
        return None if soonest == NEVER else soonest

    # -- answers, loss, recovery -----------------------------------------------------------------------------------

    def answered(self, number: int) -> bool:
        """The exchange has it. False, and nothing changes, if nothing sent with this number is open: an answer that came twice."""
        sent = self._flying.pop(number, None)
        if sent is not None:
            self._lines[sent.line].in_flight -= 1
        else:
            sent = self._doubtful.pop(number, None)
            if sent is None:
                return False
        waiting = sent.waiting
        self._count[waiting.tenant] -= 1
        self._brokers[waiting.tenant].in_flight -= 1
        if self._heads.get(waiting.order_id) == number:
            self._release(waiting.order_id)
        return True

    def answered_all(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.answered(number)

    def _release(self, order: int) -> None:
        """The next instruction for an order enters its class."""
        followers = self._followers.get(order)
        if not followers:
            del self._heads[order]
            return
        waiting = followers.popleft()
        if not followers:
            del self._followers[order]
        self._heads[order] = waiting.number
        broker = self._brokers[waiting.tenant]
        broker.held -= 1
        self._enter(broker, waiting)

    def lose(self, line: str, now: int) -> LineState:
        """A line is lost: what it had in flight is in doubt from now on, its owner's guarantee falls by its cap. Gives the fact to
        journal; it need not be applied again. KeyError if there is no such line."""
        self._take_off(self._lines[line], "lost", now)
        return LineState(line=line, state="lost")

    def carrier_of(self, tenant: int) -> str | None:
        """A line that is up, of the broker if it has one, else of its pool; None if there is none."""
        self._arrange()
        return self._carriers.get(tenant)

    def in_doubt(self) -> tuple[Sent, ...]:
        """Sent on a line that was lost since, and not answered; oldest first."""
        return tuple(self._doubtful[number] for number in sorted(self._doubtful))

    def recovered(self, number: int, *, known: bool) -> None:
        """What the exchange says of one in doubt: `known`, it counts as answered; else it takes its old place in the queue.
        Nothing happens to one that is not in doubt."""
        if number not in self._doubtful:
            return
        if known:
            self.answered(number)
            return
        waiting = self._doubtful.pop(number).waiting
        broker = self._brokers[waiting.tenant]
        broker.in_flight -= 1
        self._queued[number] = waiting
        if self._uncapped:
            self._straight.appendleft(waiting)
        else:
            self._heads[waiting.order_id] = number
            self._enter(broker, waiting)

    def pending(self) -> tuple[Waiting, ...]:
        """Everything not answered, by number: what a restart would offer again, less what the venue has had."""
        sent = [one.waiting for one in (*self._flying.values(), *self._doubtful.values())]
        return tuple(sorted([*self._queued.values(), *sent], key=lambda waiting: waiting.number))

    def clear(self) -> None:
        """Forget everything that waits or is in flight; lines and credits stay. For the end of a day."""
        for queue in (self._straight, self._queued, self._flying, self._doubtful, self._heads, self._followers):
            queue.clear()
        self._count.clear()
        for broker in self._brokers.values():
            for heap in broker.queues:
                heap.clear()
            broker.active, broker.held, broker.in_flight = False, 0, 0
        for line in self._lines.values():
            line.in_flight = 0

    # -- looking ---------------------------------------------------------------------------------------------------

    @property
    def uncapped(self) -> bool:
        return self._uncapped

    @uncapped.setter
    def uncapped(self, lifted: bool) -> None:
        """Lift or set the caps; what waits keeps its order."""
        if lifted == self._uncapped:
            return
        self._uncapped = lifted
        waiting = [self._queued[number] for number in sorted(self._queued)]
        self._straight.clear()
        self._heads.clear()
        self._followers.clear()
        for broker in self._brokers.values():
            for heap in broker.queues:
                heap.clear()
            broker.active, broker.held = False, 0
        if lifted:
            self._straight.extend(waiting)
            return
        for sent in sorted((*self._flying.values(), *self._doubtful.values()), key=lambda one: one.waiting.number):
            self._heads.setdefault(sent.waiting.order_id, sent.waiting.number)
        for one in waiting:
            self._line_up(one)

    def reason_of(self, number: int, now: int) -> Reason | None:
        """Why an instruction has not gone or is not answered; None if it is not here."""
        self._arrange()
        if number in self._flying or number in self._doubtful:
            return Reason.ORDER_IN_FLIGHT
        waiting = self._queued.get(number)
        if waiting is None:
            return None
        if waiting.tenant not in self._carriers:
            return Reason.LINES_DOWN
        head = self._heads.get(waiting.order_id, number)
        if head != number:
            return Reason.BEHIND_OWN if head in self._queued else Reason.ORDER_IN_FLIGHT
        broker = self._broker(waiting.tenant)
        first = broker.head()
        if first is not None and first.number != number:
            return Reason.BEHIND_OWN
        return self._reason_of_broker(broker, now)

    def _reason_of_broker(self, broker: Broker, now: int) -> Reason:
        if broker.tenant not in self._carriers:
            return Reason.LINES_DOWN
        if broker.credit_at <= now:
            return Reason.LINE_CAP
        return Reason.POOL_BUSY if self._groups[broker.tenant].others_waiting(broker) else Reason.GUARANTEE_USED

    def view(self, now: int) -> View:
        """Lines and brokers as they are now, by name and id."""
        self._arrange()
        lines = tuple(
            LineView(
                line=line.name,
                tenant=line.tenant,
                cap=line.cap,
                state="closed" if line.name in self._closed else line.state,
                rate=line.meter.rate(now),
                lent=line.lent.rate(now),
                in_flight=line.in_flight,
            )
            for line in sorted(self._lines.values(), key=lambda one: one.name)
        )
        return View(
            now_ns=now,
            uncapped=self._uncapped,
            capacity=sum(line.cap for line in self._lines.values() if line.state == "up"),
            rate=sum(line.rate for line in lines),
            lines=lines,
            brokers=tuple(self._view_of(self._brokers[tenant], now) for tenant in sorted(self._brokers)),
        )

    def _view_of(self, broker: Broker, now: int) -> BrokerView:
        cancels, reprices, news = (len(queue) for queue in broker.queues)
        middle, tail = broker.percentiles()
        return BrokerView(
            tenant=broker.tenant,
            pool=self._groups[broker.tenant].name,
            guarantee=broker.guarantee,
            weight=broker.weight,
            rate=broker.meter.rate(now),
            burst=broker.burst_meter.rate(now),
            queued=(cancels, reprices, news),
            held=broker.held,
            in_flight=broker.in_flight,
            wait_p50_ns=middle,
            wait_p99_ns=tail,
            sent=broker.sent,
            reason=self._reason_of_broker(broker, now).value if broker.active else "",
        )


assert set(_CLASSES) == set(map(int, Action))
