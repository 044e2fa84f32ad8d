"""An independent reckoning of the books, in plain arithmetic, from what was accepted and what the venue said.

Shares no code with `yunhai.trading.books`: rates and limits are written down here as a broker would, amounts are fractions
of NT$ until they are compared, and every figure is worked out anew from the orders' whole history when it is asked for.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.records import FILL
from yunhai.trading.shape import Packed

RATE = {7: Fraction(1425, 1_000_000), 8: Fraction(600, 1_000_000)}
LEAST = {7: (20, 1), 8: (1, 1)}  # board lots, odd lots; NT$
TAX = {"2330": Fraction(3, 1000), "1101": Fraction(3, 1000), "0050": Fraction(1, 1000)}
LIMIT_UP = {"2330": Fraction(110), "1101": Fraction("46.2"), "0050": Fraction(66)}
ODD = (2, 3)


def whole(amount: Fraction) -> Fraction:
    """Fractions of a dollar are dropped."""
    return Fraction(floor(amount))


@dataclass
class PlainOrder:
    tenant: int
    account: int
    code: str
    buy: bool
    odd: bool
    price: Fraction | None
    quantity: int
    fills: list[tuple[Fraction, int]] = field(default_factory=list)
    gone: int = 0
    asked: list[tuple[int, Fraction]] = field(default_factory=list)
    """Changes not yet answered: (kind, price)."""
    quota_filled: Fraction = Fraction(0)
    """Of what was filled, at the price its value was reckoned at then."""

    @property
    def filled(self) -> int:
        return sum(shares for _, shares in self.fills)

    @property
    def left(self) -> int:
        return self.quantity - self.filled - self.gone

    def commission_on(self, value: Fraction) -> Fraction:
        if not value:
            return Fraction(0)
        return max(whole(value * RATE[self.tenant]), Fraction(LEAST[self.tenant][self.odd]))

    @property
    def value(self) -> Fraction:
        return sum((price * shares for price, shares in self.fills), Fraction(0))

    @property
    def taxes(self) -> list[Fraction]:
        return [] if self.buy else [whole(price * shares * TAX[self.code]) for price, shares in self.fills]

    @property
    def commission(self) -> Fraction:
        """Of a sale, no fill is charged more than it brings."""
        if self.buy:
            return self.commission_on(self.value)
        charged = value = Fraction(0)
        for (price, shares), tax in zip(self.fills, self.taxes, strict=True):
            value += price * shares
            charged += min(self.commission_on(value) - charged, price * shares - tax)
        return charged

    @property
    def top(self) -> Fraction:
        """The dearest price that may still be its limit."""
        prices = [price for kind, price in self.asked if kind == 4]
        return max([self.price if self.price is not None else LIMIT_UP[self.code], *prices])

    @property
    def held_cash(self) -> Fraction:
        if not self.buy or not self.left:
            return Fraction(0)
        rest = self.top * self.left
        return rest + self.commission_on(self.value + rest) - self.commission


@dataclass
class PlainBooks:
    """Balances of every account as they must be."""

    cash: dict[int, Fraction]
    shares: dict[tuple[int, str], int]
    orders: dict[int, PlainOrder] = field(default_factory=dict)
    outside: Fraction = Fraction(0)

    def accepted(self, instruction: Packed) -> None:
        price = Fraction(instruction.price, 10_000)
        if instruction.action == 1:
            self.orders[instruction.number] = PlainOrder(
                tenant=instruction.tenant,
                account=instruction.account,
                code=instruction.security.rstrip(b"\0").decode(),
                buy=instruction.side == 1,
                odd=instruction.segment in ODD,
                price=price if instruction.order_type == 2 else None,
                quantity=instruction.quantity,
            )
        else:
            self.orders[instruction.order_id].asked.append((instruction.action, price))

    def said(self, records: NDArray[np.void]) -> None:
        fills = records.view(FILL)
        for place, record in enumerate(records):
            kind = int(record["kind"])
            if kind not in (1, 2, 3, 4, 33, 34):
                continue
            order = self.orders[int(record["order_id"])]
            if kind == 33:
                order.quota_filled += order.top * int(fills["quantity"][place])
                order.fills.append((Fraction(int(fills["price"][place]), 10_000), int(fills["quantity"][place])))
            elif kind == 34:
                order.gone += int(record["quantity"])
            elif kind == 1:
                order.gone += order.quantity if not record["state"] else int(record["removed"])
            else:
                first = next(one for one in order.asked if one[0] == kind)
                order.asked.remove(first)
                if record["state"] and kind == 4:
                    order.price = first[1]
                elif record["state"]:
                    order.gone += int(record["removed"])

    def day_is_over(self) -> None:
        for order in self.orders.values():
            order.gone = order.quantity - order.filled
            order.asked.clear()

    def of(self, account: int) -> tuple[Fraction, Fraction]:
        """(free, reserved) cash."""
        cash, held = self.cash[account], Fraction(0)
        for order in self.orders.values():
            if order.account == account:
                cash += (-order.value if order.buy else order.value) - order.commission - sum(order.taxes)
                held += order.held_cash
        return cash - held, held

    def quota_used(self, account: int) -> Fraction:
        mine = [order for order in self.orders.values() if order.account == account]
        return sum((order.quota_filled + order.top * order.left for order in mine), Fraction(0))

    def holding(self, account: int, code: str) -> tuple[int, int]:
        """(free, reserved) shares."""
        shares, held = self.shares[account, code], 0
        for order in self.orders.values():
            if order.account == account and order.code == code:
                shares += order.filled if order.buy else -order.filled
                held += 0 if order.buy else order.left
        return shares - held, held
