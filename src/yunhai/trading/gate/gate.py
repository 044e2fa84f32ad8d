"""The gate: an instruction is accepted or refused, by named checks in one order; the first that fails decides.

`Gate.decide` changes nothing. It gives a `Decision` with the 256-byte record to journal, as fact 256 or 257; the caller
appends it and then applies it to the books, and only that makes the reservation and takes the numbers. So a crash
between the two loses nothing and doubles nothing, and the books replayed hold what the gate decided.

What a check cannot look at, because something it needs is missing, is refused with 6198: the gate fails closed.

`Gate.known` answers what came before and is asked first: an instruction seen today, again in the same words, is not
decided a second time.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.trading.books.books import Books
from yunhai.trading.books.charges import commission, dollars
from yunhai.trading.books.orders import ODD_LOTS
from yunhai.trading.books.state import Known
from yunhai.trading.gate.asked import Asked, Asker, NotFoundError, Refusal
from yunhai.trading.gate.checks import CHECKS, account_seen, cash_to_hold
from yunhai.trading.gate.errors import REGISTERED
from yunhai.trading.instructions import ACCEPTED_FACT, REFUSED_FACT
from yunhai.trading.market import Market
from yunhai.trading.shape import BUY, NEW, REPRICE, SELL, Checked, fingerprint, record_of

assert REGISTERED

_MISSING: Final = (LookupError, ValueError, ArithmeticError, YunhaiError)
"""What a check may raise when its data is not there; anything else is a mistake in the program."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate decided. `fact` the journal fact's number, `record` its content.

    Accepted: `code` 0, `number` this instruction's, `order_id` the order's, `order_number` of a new order, and what is
    held. Refused: `code` and `details`, `error()` to raise or answer; nothing is held and no number is taken.
    """

    code: int
    fact: int
    record: bytes
    number: int = 0
    order_id: int = 0
    order_number: str = ""
    reserved_cash: int = 0
    reserved_shares: int = 0
    book: int = 0
    details: dict[str, object] = {}

    @property
    def accepted(self) -> bool:
        return self.code == 0

    def error(self) -> YunhaiError:
        """The refusal. ValueError of an accepted one."""
        if not self.code:
            raise ValueError("the instruction was accepted")
        return YunhaiError(self.code, **self.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check of a preview: `passed`, `refused` (with its code and details), or `skipped`: about the signature, or
    about something an earlier check did not find."""

    name: str
    zh: str
    en: str
    verdict: str
    code: int = 0
    details: dict[str, object] = field(default_factory=dict)

    def error(self) -> YunhaiError | None:
        return YunhaiError(self.code, **self.details) if self.code else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an instruction would cost, 1/10,000 NT$ (shares where said). `price` the one its value is reckoned at (of a
    market order the day's highest), `commission` and `tax` if it were filled whole at it; `reserved_…` what acceptance
    would hold; `…_after` what would be left free."""

    price: int = 0
    value: int = 0
    commission: int = 0
    tax: int = 0
    total: int = 0
    reserved_cash: int = 0
    reserved_shares: int = 0
    buying_power_after: int = 0
    sellable_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Every check's verdict in order, the first refusal, and the cost as far as it can be told."""

    verdicts: tuple[Verdict, ...]
    code: int
    cost: Cost

    @property
    def first(self) -> Verdict | None:
        """The check that would refuse; None if all pass."""
        return next((verdict for verdict in self.verdicts if verdict.verdict == "refused"), None)


class Gate:
    """The gate of one market day over one core's books. `market` None: no day is open, everything is refused."""

    __slots__ = ("_functions", "books", "market")

    def __init__(self, books: Books, market: Market | None) -> None:
        self.books = books
        self.market = market
        self._functions = tuple((check.function, check.name) for check in CHECKS)

    def known(self, checked: Checked, *, asker: Asker | None = None) -> Known | None:
        """What became of this very instruction earlier today; None if its client id is new, or if `asker` is given and
        has no right to the account (`decide` then refuses). YunhaiError 6190 if the client id was used for another
        text. Asked before `decide`."""
        if not account_seen(self.books, checked, asker):
            return None
        known = self.books.known_instruction(checked.account, checked.client_id)
        if known is not None and known.fingerprint != fingerprint(record_of(checked)):
            raise YunhaiError(6190)
        return known

    def decide(self, checked: Checked, text: bytes, signature: bytes, *, asker: Asker, wall_ns: int) -> Decision:
        """Accept or refuse. `text` the canonical text, `signature` r ‖ s, `wall_ns` the core's wall clock."""
        asked = Asked(self.books, self.market, checked, text, signature, asker, wall_ns // 1_000_000)
        refusal: Refusal | None = None
        name = ""
        try:
            for function, name in self._functions:  # noqa: B007 the name is for what may be raised
                refusal = function(asked)
                if refusal is not None:
                    break
        except _MISSING as error:
            refusal = 6198, {"what": f"{name}: {error}"}
        book = asked.rules.book if asked.rules is not None else 0
        if refusal is not None:
            return self._refused(asked, refusal, book, wall_ns)
        number = self.books.number + 1
        order_id = number if checked.action == NEW else checked.order
        record = record_of(
            checked,
            number=number,
            order_id=order_id,
            person=asker.person,
            book=book,
            reserved_cash=asked.cash,
            reserved_shares=asked.shares,
            accepted_at=wall_ns,
            signature=signature,
            order_number=asked.order_number,
            terminal=asked.terminal,
            source=asker.source,
        )
        return Decision(
            code=0,
            fact=ACCEPTED_FACT,
            record=record,
            number=number,
            order_id=order_id,
            order_number=asked.order_number,
            reserved_cash=asked.cash,
            reserved_shares=asked.shares,
            book=book,
        )

    def _refused(self, asked: Asked, refusal: Refusal, book: int, wall_ns: int) -> Decision:
        code, details = refusal
        record = record_of(
            asked.checked,
            code=code,
            person=asked.asker.person,
            book=book,
            accepted_at=wall_ns,
            signature=asked.signature[:64],
            source=asked.asker.source,
        )
        return Decision(code=code, fact=REFUSED_FACT, record=record, book=book, details=details)

    def preview(self, checked: Checked, *, asker: Asker, wall_ns: int) -> Preview:
        """Every check but those of the signature, though an earlier one refused, and the cost. Changes nothing."""
        asked = Asked(self.books, self.market, checked, b"", b"", asker, wall_ns // 1_000_000)
        verdicts: list[Verdict] = []
        for check in CHECKS:
            refusal: Refusal | None = None
            verdict = "skipped"
            if not check.signed:
                try:
                    refusal = check.function(asked)
                    verdict = "refused" if refusal else "passed"
                except NotFoundError:
                    pass
                except _MISSING as error:
                    refusal, verdict = (6198, {"what": f"{check.name}: {error}"}), "refused"
            code, details = refusal or (0, {})
            verdicts.append(
                Verdict(name=check.name, zh=check.zh, en=check.en, verdict=verdict, code=code, details=details)
            )
        first = next((verdict.code for verdict in verdicts if verdict.code), 0)
        return Preview(verdicts=tuple(verdicts), code=first, cost=self._cost(asked))

    def _cost(self, asked: Asked) -> Cost:
        """As far as account, security and target were found."""
        checked, account, day = asked.checked, asked.account, self.books.day
        tenant = asked.tenant.fact if asked.tenant else None
        target = asked.target
        if account is None or tenant is None or day is None or asked.day_security is None:
            return Cost()
        if checked.action not in (NEW, REPRICE) or (checked.action == REPRICE and target is None):
            return Cost(buying_power_after=account.free)
        if target is None:
            price, quantity, side, segment, code = (
                asked.ceiling(),
                checked.quantity,
                checked.side,
                checked.segment,
                checked.code,
            )
        else:
            price, quantity, side = checked.price, target.leaves, target.side
            segment, code = target.segment, target.security
        value = price * quantity
        ppm, minimum = self.books.schedule(account.fact, tenant, segment)
        fee = commission(value, ppm, minimum, day.commission_rounding)
        tax = dollars(value, asked.day_security.tax_ppm, day.tax_rounding) if side == SELL else 0
        fee = fee if side == BUY else max(0, min(fee, value - tax))
        cash = cash_to_hold(asked)
        shares = quantity if side == SELL and target is None else 0
        sellable = self.books.sellable(account, code, odd_lot=segment in ODD_LOTS)
        return Cost(
            price=price,
            value=value,
            commission=fee,
            tax=tax,
            total=value + fee if side == BUY else value - fee - tax,
            reserved_cash=cash,
            reserved_shares=shares,
            buying_power_after=account.free - cash,
            sellable_after=sellable - shares,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One row of the reject catalogue. `retry`: never (as it is), later (the same again may pass), now (after the
    remedy, in a new instruction)."""

    code: int
    name: str
    check: str
    owner: str
    http: int
    retry: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


_LATER: Final = frozenset((6100, 6109, 6122, 6123, 6124, 6125, 6133, 6142, 6150, 6151, 6152, 6137, 6171, 6198))
_NEVER: Final = frozenset((6104, 6141, 6143, 6190))


def catalogue() -> tuple[Reject, ...]:
    """Every refusal of the gate, in the order in which it is looked for."""
    rows = [("client-id", "signer", 6190)]
    rows += [(check.name, check.owner, code) for check in CHECKS for code in check.codes]
    rows += [("every", "platform", 6198)]
    rejects = []
    for check, owner, code in rows:
        entry = entry_of(code)
        rejects.append(
            Reject(
                code=code,
                name=entry.name,
                check=check,
                owner=owner,
                http=entry.http,
                retry="later" if code in _LATER else "never" if code in _NEVER else "now",
                zh=entry.zh,
                en=entry.en,
                remedy_zh=entry.remedy_zh,
                remedy_en=entry.remedy_en,
            )
        )
    return tuple(rejects)
