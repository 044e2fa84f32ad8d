"""What a check of the gate is asked: one instruction, who sends it, and what was found of it so far."""

from collections.abc import Callable
from typing import NamedTuple

from yunhai.trading.books.books import Books
from yunhai.trading.books.state import Account, DaySecurity, Order, Tenant
from yunhai.trading.market import BookRules, Market, Security
from yunhai.trading.shape import Checked

Refusal = tuple[int, dict[str, object]]
Function = Callable[["Asked"], Refusal | None]


class NotFoundError(LookupError):
    """What a check looks at was not found by an earlier one."""


class Asker(NamedTuple):
    """Who sends an instruction, as the token says: the person, whether a second factor was given, the session or API
    client (`source`, a number for the record), and of an API client the one role whose grants are its own ("": of all)."""

    person: int
    mfa: bool = True
    source: int = 0
    role: str = ""


class Asked:
    """One instruction on its way through the checks."""

    __slots__ = (
        "account",
        "asker",
        "books",
        "cash",
        "checked",
        "day_security",
        "market",
        "order_number",
        "quota",
        "rules",
        "security",
        "shares",
        "signature",
        "target",
        "tenant",
        "terminal",
        "text",
        "wall_ms",
    )

    def __init__(
        self,
        books: Books,
        market: Market | None,
        checked: Checked,
        text: bytes,
        signature: bytes,
        asker: Asker,
        wall_ms: int,
    ) -> None:
        self.books = books
        self.market = market
        self.checked = checked
        self.text = text
        self.signature = signature
        self.asker = asker
        self.wall_ms = wall_ms
        self.tenant: Tenant | None = None
        self.account: Account | None = None
        self.security: Security | None = None
        self.day_security: DaySecurity | None = None
        self.rules: BookRules | None = None
        self.target: Order | None = None
        self.cash = 0
        self.shares = 0
        self.quota = 0
        self.terminal = ""
        self.order_number = ""

    def found_account(self) -> Account:
        if self.account is None:
            raise NotFoundError("account")
        return self.account

    def found_tenant(self) -> Tenant:
        if self.tenant is None or self.tenant.fact is None:
            raise NotFoundError("tenant")
        return self.tenant

    def found_rules(self) -> BookRules:
        if self.rules is None:
            raise NotFoundError("book")
        return self.rules

    def found_target(self) -> Order:
        if self.target is None:
            raise NotFoundError("order")
        return self.target

    def ceiling(self) -> int:
        """The price at which a new order's value is reckoned: its limit, or the day's highest price."""
        if self.checked.price:
            return self.checked.price
        if self.day_security is None:
            raise NotFoundError("security")
        return self.day_security.ceiling
