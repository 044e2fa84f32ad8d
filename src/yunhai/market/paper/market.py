"""Paper trading over a source 模擬交易: many accounts, one pass over the events.

A result is a function of the source's events, the rules and the account's own instructions up to a position, and of nothing else:
not of other accounts, not of when or in how many steps it is worked out, not of what the source holds later. So a running day
is traded without looking ahead: what is durable is what there is, and a result of a position stays as it is when the day goes on.

An instruction takes effect between two commands of the market, at the first such place at or after its position. With a latency (or
a time of its own) it is after everything up to time + latency has happened, which is known once a later event is there; until
then it is pending.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from yunhai.kernel.clock import MINUTE
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PAPER_ACCOUNTS_MAX
from yunhai.kernel.money import MONEY_MAX, QUANTITY_MAX
from yunhai.kernel.records import Kind
from yunhai.market.paper.account import Account, Order
from yunhai.market.paper.dealing import deal
from yunhai.market.paper.errors import ACCOUNTS_FULL, INSTRUCTION_UNFIT, ORDERS_SPENT, SOURCE_OTHER
from yunhai.market.paper.field import Field
from yunhai.market.paper.showing import result_of
from yunhai.market.paper.terms import terms_of
from yunhai.market.paper.words import Instruction, PaperOrder, Point, Result, Rules
from yunhai.market.replay.errors import SOURCE_UNFIT
from yunhai.market.replay.events import Row, chosen, rows_of
from yunhai.market.replay.source import Source

_BLOCK: Final = 4_096
_FIRST_EVENT: Final = int(Kind.TRADE)
_NEVER: Final = 1 << 62
_LATEST: Final = 1 << 62


class _Member:
    """An account and the instructions that have not taken effect yet. `numbers`: how many it gave; `at`: the last's position."""

    __slots__ = ("account", "at", "numbers", "queue")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.queue: deque[Instruction] = deque()
        self.numbers = self.at = 0


class PaperMarket:
    """Accounts trading on paper over one source, worked out up to `position`. Not safe for threads."""

    def __init__(self, source: Source, rules: Rules) -> None:
        """YunhaiError 7520, 7486, 2202-2208 if the rules do not fit the source."""
        self.source = source
        self.rules = rules
        self._tape = not source.has_book
        terms = terms_of(source, rules)
        self.fields = {book: Field(one, tape=self._tape) for book, one in terms.items()}
        self.offered = {
            field.terms.listing.name: field
            for field in self.fields.values()
            if not rules.names or field.terms.listing.name in rules.names
        }
        self._members: dict[str, _Member] = {}
        self._marked = _marked(self.fields.values())
        self._ceilings = {code: field.terms.ceiling for code, field in self._marked.items()}
        self._start = self._marks()
        self.position = 0
        self._minute = _NEVER
        self._minutes: list[tuple[int, dict[str, int]]] = []
        self._due: list[tuple[int, str]] = []
        self._unknown: set[str] = set()
        self._books = np.array(sorted(self.fields), np.uint32)
        self._loaded = 0
        self._rows: list[tuple[int, int, int, Row]] = []
        self._at = 0

    # -- accounts and what they ask for ------------------------------------------------------------------------------

    def join(self, name: str) -> None:
        """A new account, as if it had been there from the start; nothing if it is there. ACCOUNTS_FULL."""
        if name in self._members:
            return
        if len(self._members) == PAPER_ACCOUNTS_MAX:
            raise YunhaiError(ACCOUNTS_FULL, most=PAPER_ACCOUNTS_MAX)
        member = self._members[name] = _Member(Account(self.rules, self._ceilings, self._start))
        member.account.curve += [Point(time, member.account.worth(marks)) for time, marks in self._minutes]

    def enter(self, name: str, instructions: Iterable[Instruction]) -> None:
        """More instructions of an account, in order, none before `position`. INSTRUCTION_UNFIT, ORDERS_SPENT, OUTSIDE, and the
        instructions before the faulty one are taken."""
        self.join(name)
        member = self._members[name]
        for one in instructions:
            self._require(member, one)
            member.numbers, member.at = one.number, one.position
            member.queue.append(one)
            if len(member.queue) == 1:
                self._schedule(name, member)

    def _require(self, member: _Member, one: Instruction) -> None:
        def unfit(reason: str, reason_zh: str) -> YunhaiError:
            return YunhaiError(INSTRUCTION_UNFIT, number=one.number, reason=reason, reason_zh=reason_zh)

        if member.numbers >= self.rules.orders:
            raise YunhaiError(ORDERS_SPENT, most=self.rules.orders)
        if one.number != member.numbers + 1:
            raise unfit(f"its number should be {member.numbers + 1}", f"編號應為 {member.numbers + 1}")
        self.source.require(one.position)
        if one.position < max(member.at, self.position):
            raise unfit("its position lies before what has been worked out", "位置早於已處理者")
        if one.time and not self.source.time_of(one.position) <= one.time < _LATEST:
            raise unfit("its time is before its position's", "時間早於其位置")
        prices = (one.price, one.quantity) if isinstance(one, PaperOrder) else (one.price, one.quantity, one.order)
        if any(not 0 <= figure <= QUANTITY_MAX for figure in prices):
            raise unfit("a figure is below 0 or too large", "數值小於 0 或過大")
        if isinstance(one, PaperOrder) and one.quantity * max(one.price, 1) > MONEY_MAX:
            raise unfit("it is worth more than the highest amount", "金額超過上限")

    def _moment(self, one: Instruction) -> int:
        """When it arrives."""
        return max(one.time, self.source.time_of(one.position)) + self.rules.latency_ns

    def _schedule(self, name: str, member: _Member) -> None:
        """When an account's next instruction takes effect, if that is known."""
        one = member.queue[0]
        position = max(one.position, self.position)
        if one.time or self.rules.latency_ns:
            known = self.source.position_at(self._moment(one))
            if known == len(self.source):
                self._unknown.add(name)
                return
            position = max(position, known)
        heapq.heappush(self._due, (position, name))

    def _arrivals(self, position: int, *, at_end: bool) -> None:
        """Every instruction that is due takes effect; `at_end`: only those that wait for no time."""
        later: list[tuple[int, str]] = []
        while self._due and self._due[0][0] <= position:
            due, name = heapq.heappop(self._due)
            member = self._members[name]
            one = member.queue[0]
            if at_end and (one.time or self.rules.latency_ns):
                later.append((due, name))
                continue
            member.queue.popleft()
            deal(self, member.account, one, position=position, moment=self._moment(one))
            if member.queue:
                self._schedule(name, member)
        for entry in later:
            heapq.heappush(self._due, entry)

    # -- going on ----------------------------------------------------------------------------------------------------

    def run(self, position: int | None = None) -> None:
        """Work out everything up to a position (the source's end). OUTSIDE, SOURCE_UNFIT; nothing if it lies back."""
        end = len(self.source) if position is None else position
        self.source.require(end)
        while self._load() and self._rows[self._at][0] < end:
            self._run_block(end)
        self.position = max(self.position, end)
        if self._due and self._due[0][0] <= self.position and self._between_commands():
            self._arrivals(self.position, at_end=True)

    def _run_block(self, end: int) -> None:
        rows, fields = self._rows, self.fields
        for at in range(self._at, len(rows)):
            index, book, time, row = rows[at]
            if index >= end:
                self._at = at
                return
            if self._tape or row[0] < _FIRST_EVENT:
                self.position = index
                if self._due and self._due[0][0] <= index:
                    self._arrivals(index, at_end=False)
                if time >= self._minute or self._minute == _NEVER:
                    self._sample(time)
            try:
                fields[book].apply(row, index + 1, time)
            except KeyError:
                reason, reason_zh = f"event {index} is about an order that does not rest", f"第 {index} 筆事件有誤"
                raise YunhaiError(SOURCE_UNFIT, source=self.source.id, reason=reason, reason_zh=reason_zh) from None
        self._at = len(rows)

    def _load(self) -> bool:
        """The next events of the fields' books, if there are more."""
        while self._at == len(self._rows) and self._loaded < len(self.source):
            stop = min(self._loaded + _BLOCK, len(self.source))
            block = self.source.events[self._loaded : stop]
            local = np.flatnonzero(np.isin(block["book"], self._books))
            events = chosen(block, local)
            indexes, times = (local + self._loaded).tolist(), events["time"].tolist()
            self._rows = list(zip(indexes, events["book"].tolist(), times, rows_of(events), strict=True))
            self._at, self._loaded = 0, stop
        return self._at < len(self._rows)

    def _between_commands(self) -> bool:
        """Whether the position is not amid what one command caused."""
        if self._load():
            return self._tape or self._rows[self._at][3][0] < _FIRST_EVENT
        return all(field.book.in_hand is None for field in self.fields.values())

    def grow(self, source: Source) -> None:
        """Go on with the same day as it has grown. SOURCE_OTHER if it is not: another head, or other events where the held
        ones end (the last block of them is compared, for a source is only ever added to)."""
        held = self.source
        last = slice(max(0, len(held) - _BLOCK), len(held))
        same = source.head == held.head and source.events[last].tobytes() == held.events[last].tobytes()
        if len(source) < len(held) or not same:
            raise YunhaiError(SOURCE_OTHER, source=source.id)
        self.source = source
        for name in sorted(self._unknown):
            self._unknown.discard(name)
            self._schedule(name, self._members[name])

    # -- what came of it ---------------------------------------------------------------------------------------------

    def _marks(self) -> dict[str, int]:
        return {code: field.book.last or field.terms.listing.reference for code, field in self._marked.items()}

    def _sample(self, time: int) -> None:
        """A minute is over: what every account is worth."""
        if self._minute != _NEVER:
            marks = self._marks()
            self._minutes.append((self._minute, marks))
            for member in self._members.values():
                member.account.curve.append(Point(self._minute, member.account.worth(marks)))
        offset = self.source.offset
        self._minute = ((time + offset) // MINUTE + 1) * MINUTE - offset

    def account(self, name: str) -> Account:
        """The account as it is worked out so far; to be read only. KeyError."""
        return self._members[name].account

    def marks(self) -> dict[str, int]:
        """What a share of each code is worth: its last trade, else its reference."""
        return self._marks()

    def result(self, name: str) -> Result:
        """What came of an account up to `position`. KeyError if it never joined."""
        member = self._members[name]
        pending = [
            Order(member.account, one, None, self._moment(one)) for one in member.queue if isinstance(one, PaperOrder)
        ]
        return result_of(self, member.account, pending)


def _marked(fields: Iterable[Field]) -> dict[str, Field]:
    """By code the book whose last trade says what a share is worth: the board's, else any."""
    found: dict[str, Field] = {}
    for field in sorted(fields, key=lambda one: (one.terms.listing.segment != "board", one.terms.listing.book)):
        found.setdefault(field.terms.listing.code, field)
    return found


def evaluate(source: Source, rules: Rules, orders: Sequence[Instruction], upto: int | None = None) -> Result:
    """What comes of one account's instructions up to a position (the source's end). 7482, 7520, 7521, 7526, 2202-2208."""
    return evaluate_all(source, rules, {"": orders}, upto)[""]


def evaluate_all(
    source: Source, rules: Rules, orders: Mapping[str, Sequence[Instruction]], upto: int | None = None
) -> dict[str, Result]:
    """The same of many accounts in one pass over the events; each result as if it were alone."""
    market = PaperMarket(source, rules)
    end = len(source) if upto is None else upto
    for name, instructions in orders.items():
        market.join(name)
        market.enter(name, (one for one in instructions if one.position <= end))
    market.run(end)
    return {name: market.result(name) for name in orders}
