"""Results of holdings, pure. Amounts are 1/10,000 NT$, shares whole; the books keep the cost (average cost 均價)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What is held of a security. `shares` free and reserved; `cost` of all of it, commission included; `price` the one
    it is valued at, 0: none known; `realised` today's, after commission, tax and cost."""

    security: str
    name: str
    shares: int
    reserved: int
    cost: int
    price: int
    realised: int

    @property
    def value(self) -> int:
        """At the price known."""
        return self.shares * self.price

    @property
    def average(self) -> int:
        """Average cost of one share, rounded down; 0 of nothing."""
        return self.cost // self.shares if self.shares else 0

    @property
    def unrealised(self) -> int:
        """Value less cost, before what selling would charge; 0 where no price is known."""
        return self.value - self.cost if self.price else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over holdings."""

    cost: int
    value: int
    unrealised: int
    realised: int


def totals(holdings: tuple[Holding, ...]) -> Totals:
    """Sums of an account's holdings."""
    return Totals(
        cost=sum(one.cost for one in holdings),
        value=sum(one.value for one in holdings),
        unrealised=sum(one.unrealised for one in holdings),
        realised=sum(one.realised for one in holdings),
    )
