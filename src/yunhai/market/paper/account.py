"""One paper account 模擬帳戶: cash, shares, what is reserved, and every order it gave.

Money goes as in the books of a broker: commission on each order's whole executed value, tax on each sale, whole dollars as the pack
rounds. A buy holds its limit's (a market order its ceiling's) cost with commission, so that cash is never below 0; a sale holds
shares. What is sold short is held in cash at the day's highest price, and an order to sell short holds the difference, so that
it can always be bought back. Proceeds are free at once: settlement is not simulated.
"""

from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import SCALE, decimal_text
from yunhai.market.paper.errors import CASH_SHORT, SHARES_SHORT
from yunhai.market.paper.terms import Terms
from yunhai.market.paper.words import BUY, SELL, Fill, How, OrderState, PaperOrder, Point, Refusal, Rules

_SLACK: Final = 2 * SCALE
"""Commission and tax step by whole dollars: each may be one more at a better price."""


class Order:
    """An order as it is worked out. `bound`: the worst price it can get; `marker`: entries of the book when it came to rest;
    `early`: it came before the first auction of a book ranked by chance; `crossing` (a source of trades): it was at or
    beyond the last trade when it came."""

    __slots__ = (
        "account",
        "bound",
        "crossing",
        "early",
        "entered",
        "entered_ns",
        "fee",
        "filled",
        "given",
        "marker",
        "price",
        "removed",
        "reserved",
        "state",
        "tax",
        "terms",
        "value",
    )

    def __init__(self, account: "Account", given: PaperOrder, terms: Terms | None, moment: int) -> None:
        self.account = account
        self.given = given
        self.terms = terms
        self.price = given.price
        self.bound = given.price
        self.filled = self.removed = self.value = self.fee = self.tax = self.reserved = 0
        self.state = OrderState.PENDING
        self.entered, self.entered_ns = given.position, moment
        self.marker = 0
        self.early = self.crossing = False

    @property
    def leaves(self) -> int:
        return self.given.quantity - self.filled - self.removed

    @property
    def on(self) -> Terms:
        """Its terms, which every order has that was accepted."""
        assert self.terms is not None
        return self.terms


class Holding:
    """Shares of one code. `bought`, `matched`: bought today on the board, and of those sold again: day trades 當沖."""

    __slots__ = ("bought", "cost", "matched", "quantity", "realised", "selling")

    def __init__(self, quantity: int = 0, cost: int = 0) -> None:
        self.quantity = quantity
        self.cost = cost
        self.realised = self.bought = self.matched = self.selling = 0

    def take_in(self, quantity: int, paid: int) -> None:
        """Bought: first what was sold short is closed, the rest is held at what it cost."""
        closed = min(quantity, max(0, -self.quantity))
        if closed:
            part = paid * closed // quantity
            brought = self.cost * closed // -self.quantity
            self.cost -= brought
            self.realised += brought - part
            paid -= part
        self.cost += paid
        self.quantity += quantity

    def give_out(self, quantity: int, brought: int) -> None:
        """Sold: first what is held, the rest is short at what it brought."""
        closed = min(quantity, max(0, self.quantity))
        if closed:
            part = brought * closed // quantity
            paid = self.cost * closed // self.quantity
            self.cost -= paid
            self.realised += part - paid
            brought -= part
        self.cost += brought
        self.quantity -= quantity


class Account:
    """Cash, holdings and orders of one participant. Nothing in it depends on any other account."""

    def __init__(self, rules: Rules, ceilings: dict[str, int], marks: dict[str, int]) -> None:
        """`ceilings`: the highest price of each code today; `marks`: what holdings are worth a share at the start."""
        self._rules = rules
        self._ceilings = ceilings
        self.cash = rules.cash
        self.reserved = self.locked = 0
        self.holdings = {code: Holding(shares, shares * marks[code]) for code, shares in rules.holdings}
        self.began = rules.cash + sum(shares * marks[code] for code, shares in rules.holdings)
        self.orders: dict[int, Order] = {}
        self._open: dict[str, dict[int, Order]] = {}
        self.fills: list[Fill] = []
        self.refusals: list[Refusal] = []
        self.curve: list[Point] = []
        self.fees = self.taxes = 0
        self.taken: dict[int, dict[int, int]] = {}
        """Of each book's waiting orders: what this account took of them."""

    @property
    def power(self) -> int:
        """What new orders may use."""
        return self.cash - self.reserved - self.locked

    def holding(self, code: str) -> Holding:
        held = self.holdings.get(code)
        if held is None:
            held = self.holdings[code] = Holding()
        return held

    def worth(self, marks: dict[str, int]) -> int:
        """Cash and shares at the marks."""
        return self.cash + sum(one.quantity * marks[code] for code, one in self.holdings.items() if one.quantity)

    def open_orders(self, code: str) -> list[Order]:
        """Those of a code that wait, by number."""
        return list(self._open.get(code, {}).values())

    # -- reserving ---------------------------------------------------------------------------------------------------

    def admit(self, order: Order) -> None:
        """Reserve for a new order. CASH_SHORT, SHARES_SHORT, and nothing reserved."""
        code = order.on.listing.code
        held = self.holding(code)
        if order.given.side == SELL:
            free = held.quantity - held.selling
            if not self._rules.short_selling and order.leaves > free:
                raise YunhaiError(SHARES_SHORT, quantity=str(order.leaves), free=str(max(0, free)))
            held.selling += order.leaves
        self._open.setdefault(code, {})[order.given.number] = order
        before = self.power
        self._reserve(order)
        if self.power < 0:
            needed = before - self.power
            self.release(order)
            raise YunhaiError(CASH_SHORT, needed=decimal_text(needed), free=decimal_text(max(0, before)))

    def rebound(self, order: Order, bound: int) -> None:
        """Another worst price for an open order. CASH_SHORT, and nothing changed."""
        before, was = self.power, order.bound
        order.bound = bound
        self._reserve(order)
        if self.power < 0:
            needed = before - self.power
            order.bound = was
            self._reserve(order)
            raise YunhaiError(CASH_SHORT, needed=decimal_text(needed), free=decimal_text(max(0, before)))

    def cut(self, order: Order, quantity: int) -> None:
        """So many shares of an open order are no longer asked for; with none left it is closed."""
        order.removed += quantity
        if order.given.side == SELL:
            self.holding(order.on.listing.code).selling -= quantity
        if order.leaves == 0:
            self.close(order, OrderState.GONE)
        else:
            self._reserve(order)

    def close(self, order: Order, state: OrderState) -> None:
        """An order without leaves."""
        order.state = state
        self.release(order)

    def release(self, order: Order) -> None:
        """Take an order out of the open ones with all it holds."""
        code = order.on.listing.code
        if order.given.side == SELL:
            self.holding(code).selling -= order.leaves
        del self._open[code][order.given.number]
        self.reserved -= order.reserved
        order.reserved = 0
        if self._rules.short_selling:
            self._reserve_code(code)

    def _reserve(self, order: Order) -> None:
        if self._rules.short_selling:
            self._reserve_code(order.on.listing.code)
        elif order.given.side == BUY:
            self._hold(order, self._cost(order, order.leaves))

    def _hold(self, order: Order, needed: int) -> None:
        self.reserved += needed - order.reserved
        order.reserved = needed

    def _cost(self, order: Order, quantity: int) -> int:
        """What buying an order's leaves can cost, `quantity` of them paid from free cash."""
        whole = order.value + order.bound * order.leaves
        return order.bound * quantity + max(0, order.on.charges.commission(whole) - order.fee)

    def _reserve_code(self, code: str) -> None:
        """Short selling: what is held and what is short go to the open orders in the order of their numbers."""
        held, ceiling = self.holding(code), self._ceilings[code]
        self.locked = sum(-one.quantity * self._ceilings[at] for at, one in self.holdings.items() if one.quantity < 0)
        long, short = max(0, held.quantity), max(0, -held.quantity)
        for order in self._open.get(code, {}).values():
            leaves = order.leaves
            if order.given.side == BUY:
                covers = min(leaves, short)
                short -= covers
                self._hold(order, self._cost(order, leaves - covers))
            else:
                bare = leaves - min(leaves, long)
                long -= leaves - bare
                self._hold(order, self._short_cost(order, bare, ceiling))

    def _short_cost(self, order: Order, bare: int, ceiling: int) -> int:
        """What selling `bare` shares short can take: up to the ceiling from what they bring, with commission and tax."""
        if not bare:
            return 0
        value, charges = order.bound * bare, order.on.charges
        charged = charges.commission(order.value + value) - order.fee + charges.tax(value, day_trade=False) + _SLACK
        return (ceiling - order.bound) * bare + min(value, max(0, charged))

    # -- filling -----------------------------------------------------------------------------------------------------

    def fill(self, order: Order, price: int, quantity: int, *, how: How, position: int, time: int) -> None:
        """Shares at a price, with commission and tax; an order without leaves is closed."""
        terms, given = order.on, order.given
        amount = price * quantity
        held = self.holding(terms.listing.code)
        order.filled += quantity
        order.value += amount
        fee, tax = max(0, terms.charges.commission(order.value) - order.fee), 0
        board = terms.charges.day_tax_ppm != terms.charges.tax_ppm
        if given.side == BUY:
            held.take_in(quantity, amount + fee)
            held.bought += quantity if board else 0
            self.cash -= amount + fee
        else:
            tax = min(amount, self._tax(held, terms, price, quantity))
            fee = min(fee, amount - tax)
            held.selling -= quantity
            held.give_out(quantity, amount - fee - tax)
            self.cash += amount - fee - tax
        order.fee += fee
        order.tax += tax
        self.fees += fee
        self.taxes += tax
        self.fills.append(
            Fill(
                number=given.number,
                name=terms.listing.name,
                side=given.side,
                price=price,
                quantity=quantity,
                position=position,
                time=time,
                how=how,
                fee=fee,
                tax=tax,
            )
        )
        if order.leaves:
            self._reserve(order)
        else:
            self.close(order, OrderState.FILLED)

    def _tax(self, held: Holding, terms: Terms, price: int, quantity: int) -> int:
        """Shares bought today and sold again pay the day trade's rate; a short sale pays as any other."""
        charges = terms.charges
        matched = 0
        if charges.day_tax_ppm != charges.tax_ppm:
            matched = min(quantity, max(0, held.quantity), held.bought - held.matched)
            held.matched += matched
        rest = quantity - matched
        return charges.tax(matched * price, day_trade=True) + charges.tax(rest * price, day_trade=False)
