"""What the books hold, struct by struct. All of it is written by `Books` and read by everybody else.

Amounts are 1/10,000 NT$, quantities shares, `time` market ns, `wall` ns. The structs are mutable and hold no reference
to one another: an order knows its account by id, so that a snapshot is the structs themselves, in the order in which
they came to be.
"""

from typing import Final, NamedTuple

import msgspec

from yunhai.trading.facts import AccountSet, CertificateSet, KeySet, LineSet, LineState, PoolSet, TenantSet
from yunhai.trading.words import Bucket, PostingKind

CASH: Final = "TWD"
"""The asset that is money; every other asset is a security's code."""


class Posting(NamedTuple):
    """`amount` (> 0) of `asset` moved from bucket `debit` to bucket `credit`; balance = credits − debits.

    Customer buckets (< 10) are those of `account`, house buckets the tenant's; `account` is there for both. `line`
    numbers the postings of one journal `sequence` from 0. `order_id`, `trade` 0 and `settles_on` "" where there is none.
    In a transfer each of its two postings has its own account.
    """

    sequence: int
    line: int
    tenant: int
    account: int
    kind: PostingKind
    asset: str
    debit: Bucket
    credit: Bucket
    amount: int
    order_id: int
    trade: int
    settles_on: str


class OrderState:
    """States of an order, as words. Queued: accepted, not yet answered by the exchange; the lines know whether it was
    sent. Open states are those in `OPEN`."""

    QUEUED: Final = "queued"
    RESTING: Final = "resting"
    PARTLY: Final = "partly"
    FILLED: Final = "filled"
    CANCELLED: Final = "cancelled"
    REFUSED: Final = "refused"
    EXPIRED: Final = "expired"
    OPEN: Final = frozenset(("queued", "resting", "partly"))


class Pending(msgspec.Struct, array_like=True, gc=False):
    """An accepted cancel, cut or re-price that the exchange has not answered yet."""

    number: int
    action: int
    price: int
    quantity: int
    sequence: int


class Order(msgspec.Struct, array_like=True, gc=False):
    """An order of today.

    `price` its limit now (0: market) and `ceiling` the price its value is reckoned at: the dearest of its limit and the
    limits asked for, of a market order the day's highest price. `leaves`: neither filled nor removed, as far as the
    books know. `held_cash`, of a buy: held for the rest and its commission; a sell holds `leaves` shares. `filled`,
    `value`, `fee`, `tax`: executed so far. `ppm`, `minimum`: its commission. `code` the exchange's refusal, or why the
    rest was removed.
    """

    order_id: int
    tenant: int
    account: int
    person: int
    security: str
    book: int
    channel: int
    segment: int
    side: int
    order_type: int
    time_in_force: int
    price: int
    ceiling: int
    quantity: int
    leaves: int
    ppm: int
    minimum: int
    order_number: str
    client_id: bytes
    sequence: int
    time: int
    wall: int
    state: str = OrderState.QUEUED
    held_cash: int = 0
    filled: int = 0
    value: int = 0
    fee: int = 0
    tax: int = 0
    code: int = 0
    changed: int = 0  # market ns of the last change
    pending: tuple[Pending, ...] = ()

    @property
    def open(self) -> bool:
        return self.leaves > 0

    @property
    def held_shares(self) -> int:
        return self.leaves if self.side == 2 else 0


class Position(msgspec.Struct, array_like=True, gc=False):
    """An account's holding of a security. `cost` of all of it, commission included; the rest is today's.

    `bought`, `sold`: shares filled today; `bought_odd` of them in odd lots. `tradable`: bought today by a day trader in
    board lots and not yet sold again; `tax_back`: what day trades are owed at the close. `realised`: proceeds less
    commission, tax and cost.
    """

    free: int = 0
    reserved: int = 0
    cost: int = 0
    bought: int = 0
    bought_odd: int = 0
    sold: int = 0
    tradable: int = 0
    tax_back: int = 0
    realised: int = 0
    bought_value: int = 0
    sold_value: int = 0

    @property
    def quantity(self) -> int:
        return self.free + self.reserved


class Unsettled(msgspec.Struct, array_like=True):
    """What one account still owes (< 0) or is owed (> 0) on one settlement date: cash, and shares by code."""

    cash: int = 0
    shares: dict[str, int] = {}


class Account(msgspec.Struct):
    """An account's facts and balances. `quota_used`: value of today's orders, less what was removed unfilled."""

    fact: AccountSet
    free: int = 0
    reserved: int = 0
    quota_used: int = 0
    fees: int = 0
    taxes: int = 0
    positions: dict[str, Position] = {}
    unsettled: dict[str, Unsettled] = {}


class Tenant(msgspec.Struct):
    """A tenant's facts, its house balances by asset (a list by bucket − 10), what was taken by reference and by part,
    and its terminals' counters of today."""

    fact: TenantSet | None = None
    house: dict[str, list[int]] = {}
    references: dict[str, tuple[int, bytes]] = {}
    batches: dict[str, dict[int, bytes]] = {}
    terminals: dict[str, str] = {}
    counters: dict[str, int] = {}


class Grant(msgspec.Struct, array_like=True, frozen=True):
    """What a person may do at a tenant; `account` 0: all of them, or those of `branches` if it names any."""

    tenant: int
    role: str
    account: int
    trade: bool
    branches: tuple[str, ...] = ()

    def covers(self, account: AccountSet) -> bool:
        """Whether it is for that account; an investor's is for one account, never for all."""
        if self.account or self.role == "investor":
            return self.account == account.account
        return not self.branches or account.branch in self.branches


def consent_key(person: int, tenant: int) -> int:
    """Who lets whom, as one number: both are u32."""
    return person << 32 | tenant


class Cell(msgspec.Struct, array_like=True, frozen=True):
    """One cell of the service matrix."""

    level: str
    allowed: tuple[int, ...]


class Pack(msgspec.Struct, array_like=True, frozen=True):
    """A published rule pack."""

    sha256: bytes
    toml: bytes


class DaySecurity(msgspec.Struct, array_like=True, frozen=True):
    """A security of the day as the books need it. Tax in parts per million; `ceiling`: the highest price of the day;
    `day_trade`: may be sold on the day it was bought."""

    kind: str
    tax_ppm: int
    day_tax_ppm: int
    ceiling: int
    day_trade: bool


class Day(msgspec.Struct):
    """The market day: how it was opened, what it charges, and which closing steps are done.

    `pack_texts`: the pack's bytes and those of the packs it is based on, by id, so that a restart reads the same though
    another version was published since. `commission_ppm` the pack's ceiling; roundings 0 down, 1 half up, 2 up, to the
    whole dollar.
    """

    date: str
    market_date: int
    pack: str
    pack_sha256: bytes
    pack_texts: dict[str, bytes]
    settles_on: str
    mode: str
    clock: str
    seed: int
    sequence: int
    commission_ppm: int
    commission_rounding: int
    tax_rounding: int
    securities: dict[str, DaySecurity]
    halted: dict[str, bool] = {}
    steps: list[str] = []


class Known(NamedTuple):
    """What became of an instruction that its signer had signed: enough to give the same answer again.

    `code` 0: accepted. `fingerprint` tells its text (`yunhai.trading.shape.fingerprint`).
    """

    fingerprint: bytes
    code: int
    sequence: int
    number: int
    order_id: int
    order_number: str
    reserved_cash: int
    reserved_shares: int
    wall: int
    time: int


class State(msgspec.Struct, array_like=True):
    """All of the books, as a snapshot holds it."""

    version: int
    sequence: int
    number: int
    tenants: dict[int, Tenant]
    accounts: dict[int, Account]
    keys: dict[int, KeySet]
    certificates: dict[int, CertificateSet]
    interfaces: dict[str, CertificateSet]
    consents: dict[int, bool]
    grants: dict[int, list[Grant]]
    revoked: dict[int, dict[str, int]]
    lookups: dict[int, dict[int, int]]
    cells: dict[str, dict[str, Cell]]
    lines: dict[str, LineSet]
    pools: dict[str, PoolSet]
    line_states: dict[str, LineState]
    packs: dict[str, Pack]
    outbox: list[tuple[int, int]]
    day: Day | None
    last_date: str
    nonces: dict[bytes, None]
    known: dict[bytes, bytes]
    orders: list[Order]


assert int(Bucket.CLEARING) == 10
