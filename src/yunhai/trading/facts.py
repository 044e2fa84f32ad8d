"""What the core learns: the control plane's decisions and its own commands, as msgpack facts in the journal.

Each struct is one fact; `NUMBERS` gives its number in the journal and never changes. Facts below 100 come down from the
control plane by the outbox; from 100 on they are the core's own commands (whatever moves money, the day's steps).
Numbers 256 and 257 are not here: their content is an `INSTRUCTION` record.

Every struct has `outbox`, the outbox row it came from (0: none; a row is taken once), and `by`, the person who decided
(0: the system). The journal's head holds tenant and market time. No name of a person and no ID number stands in a fact.
"""

from typing import Any, Final

import msgspec


class Decided(msgspec.Struct, frozen=True, kw_only=True, array_like=False, omit_defaults=True):
    """What every fact says."""

    outbox: int = 0
    by: int = 0
    wall_ns: int = 0


# --- 1-99: from the control plane ------------------------------------------------------------------------------------


class TenantSet(Decided, frozen=True, kw_only=True):
    """A tenant as the order's path needs it. `code` broker code 證券商代號 (4 characters); `status` open | suspended |
    closed; `commission_ppm` its usual commission; `commission_minimum` and `.._odd_lot` in 1/10,000 NT$; `columns`: the
    service matrix's columns that it stands in (public, brokerage, proprietary, underwriting, exchange). `certificates`:
    every signature here must be under a certificate and its person's consent; False: a registered key is enough."""

    tenant: int
    code: str
    status: str = "open"
    commission_ppm: int = 1425
    commission_minimum: int = 200_000
    commission_minimum_odd_lot: int = 10_000
    columns: tuple[str, ...] = ("brokerage",)
    certificates: bool = False


class AccountSet(Decided, frozen=True, kw_only=True):
    """An account 帳戶 opened or changed, whole. `number` the 7 digits; `status` open | sell_only | frozen | closed;
    `day_quota` 單日買賣額度 and `order_quota` of one order, 1/10,000 NT$ (0: none); `day_trade` none | buy_first;
    `commission_ppm` -1: the tenant's; `odd_lot` whether odd lots may be traded."""

    account: int
    tenant: int
    branch: str
    number: str
    status: str = "open"
    day_quota: int = 0
    order_quota: int = 0
    day_trade: str = "none"
    credit: tuple[str, ...] = ("cash",)
    commission_ppm: int = -1
    odd_lot: bool = True


class GrantSet(Decided, frozen=True, kw_only=True):
    """What a person may do at a tenant. `role` investor | sales | keyin | operations | compliance | api; `account` the one
    account it is for, 0: every account of the tenant; `allowed` False withdraws it. `trade` False: may look only (no
    second factor yet). `branches`: codes of the branches whose accounts it is for; none: every branch."""

    person: int
    tenant: int
    role: str
    account: int = 0
    allowed: bool = True
    trade: bool = True
    branches: tuple[str, ...] = ()


class KeySet(Decided, frozen=True, kw_only=True):
    """A signer's key. `public` the P-256 point, 65 bytes uncompressed; `status` active | revoked; `until` wall ms, 0: open
    end; `kind` device | api | clerk | cloud (in the HSM)."""

    key: int
    person: int
    public: bytes
    kind: str = "device"
    status: str = "active"
    until: int = 0


class SessionRevoked(Decided, frozen=True, kw_only=True):
    """Tokens of this session (or, session "", of this person) issued before `before` (wall ms) are dead."""

    person: int
    session: str = ""
    before: int = 0


class CellSet(Decided, frozen=True, kw_only=True):
    """One cell of the service matrix. `service` its number ("1.3"), `column` as in TenantSet, `level` full | partial |
    external | none. `allowed`: tenants named for a partial or external cell; empty: all of the column."""

    service: str
    column: str
    level: str
    allowed: tuple[int, ...] = ()


class LineSet(Decided, frozen=True, kw_only=True):
    """An exchange line 線路. `line` its two characters, unique in the pool; `tenant` the owner; `verifier` scrypt of line +
    broker + password; `cap` orders a second; `status` open | closed."""

    line: str
    tenant: int
    verifier: bytes
    cap: int = 20
    status: str = "open"


class PoolSet(Decided, frozen=True, kw_only=True):
    """The brokers who share their lines. `weights` by tenant (default 1)."""

    pool: str
    tenants: tuple[int, ...]
    weights: dict[int, int] = {}


class PackPublished(Decided, frozen=True, kw_only=True):
    """A rule pack that days may use from now on."""

    pack: str
    sha256: bytes
    toml: bytes


class TerminalSet(Decided, frozen=True, kw_only=True):
    """Which terminal 櫃號 a tenant's channel uses for order numbers: `digits` characters (1 or 2) of base 62."""

    tenant: int
    channel: str
    terminal: str


class CertificateSet(Decided, frozen=True, kw_only=True):
    """A certificate 憑證 of a signer's key, issued or changed. `serial` as in the X.509, `sha256` of its DER; `profile` a
    name of `yunhai.trading.trust.profiles`; `not_before`, `not_after` wall ms; `status` valid | held | revoked, `reason`
    the number of RFC 5280 §5.3.1; `tenant` the broker that registered the person. Of one key the certificate with the
    highest number counts: the latest that was issued for it."""

    certificate: int
    key: int
    person: int
    serial: bytes
    sha256: bytes
    profile: str
    not_before: int
    not_after: int
    status: str = "valid"
    reason: int = 0
    tenant: int = 0


class ConsentSet(Decided, frozen=True, kw_only=True):
    """A person lets a broker take instructions under their certificate 同意, or no longer (`allowed` False)."""

    person: int
    tenant: int
    allowed: bool = True


# --- 100-199: the core's commands -------------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A security of the day, as `exchange.venue_config.TradedToday` takes it. Prices in 1/10,000 NT$; limits 0: by the
    pack. `day_trade` none | buy_first | both (T30's mark)."""

    code: str
    kind: str
    reference: int
    name: str = ""
    limit_up: int = 0
    limit_down: int = 0
    unlimited: bool = False
    multiple: int = 1
    treatment: str | None = None
    match_seconds: int | None = None
    suspended: bool = False
    lot: int | None = None
    day_trade: str = "none"


class DayOpened(Decided, frozen=True, kw_only=True):
    """The market day begins. `settles_on` the settlement day of its trades; dates YYYY-MM-DD; `clock` live | demo | driven."""

    date: str
    pack: str
    pack_sha256: bytes
    settles_on: str
    listed: tuple[Listed, ...]
    seed: int
    mode: str = "simulated"
    clock: str = "driven"


class DayStep(Decided, frozen=True, kw_only=True):
    """One step of closing or settling a day is done. `step` a name of `yunhai.trading.day.STEPS`."""

    date: str
    step: str


class CashMoved(Decided, frozen=True, kw_only=True):
    """`amount` > 0 in, < 0 out, 1/10,000 NT$. `kind` deposit | withdrawal; `reference` unique per tenant (idempotent)."""

    account: int
    amount: int
    kind: str
    reference: str


class SharesMoved(Decided, frozen=True, kw_only=True):
    """Shares into or out of the depository 集保. `cost` of what comes in, 1/10,000 NT$ in all."""

    account: int
    code: str
    quantity: int
    cost: int = 0
    reference: str = ""


class Transferred(Decided, frozen=True, kw_only=True):
    """Cash (`code` "") or shares from one account to another of the same tenant."""

    source: int
    target: int
    amount: int
    code: str = ""
    reference: str = ""


class Opening(Decided, frozen=True, kw_only=True):
    """A part of an import of opening balances: parallel columns of account, code ("" is cash), amount, cost. `batch` names
    the import, `part` its part, from 0; a part is taken once."""

    batch: str
    part: int
    accounts: tuple[int, ...]
    codes: tuple[str, ...]
    amounts: tuple[int, ...]
    costs: tuple[int, ...]


class LineState(Decided, frozen=True, kw_only=True):
    """A line logged in, was lost, was refused or logged out. `state` up | lost | refused | down; `reason` a registry code."""

    line: str
    state: str
    reason: int = 0


class Halted(Decided, frozen=True, kw_only=True):
    """The operator suspends (`on`) or resumes a security; the venue's own PHASE record follows."""

    code: str
    on: bool


class Lookup(Decided, frozen=True, kw_only=True):
    """Somebody, `by`, looked at a client: the register 查詢登記. `reason` the word of a list, no free text. `until` (wall ms):
    so long this look lets a clerk see the client live; 0: not at all. Account 0: a list of several, masked."""

    account: int
    reason: str
    reference: str = ""
    until: int = 0


class Tape(Decided, frozen=True, kw_only=True):
    """Orders of an earlier line session that the exchange had already: what a recovery found. Numbers of instructions."""

    line: str
    known: tuple[int, ...]


class EvidenceSealed(Decided, frozen=True, kw_only=True):
    """The evidence of an accepted instruction, sealed. `number` the instruction's, `sequence` its record's in this journal,
    `sha256` of the bundle (docs/concepts/evidence.md). Sent like an outbox row, and taken once."""

    number: int
    sequence: int
    sha256: bytes


NUMBERS: Final[dict[type[Decided], int]] = {
    TenantSet: 1,
    AccountSet: 2,
    GrantSet: 3,
    KeySet: 4,
    SessionRevoked: 5,
    CellSet: 6,
    LineSet: 7,
    PoolSet: 8,
    PackPublished: 9,
    TerminalSet: 10,
    CertificateSet: 11,
    ConsentSet: 12,
    DayOpened: 100,
    DayStep: 101,
    CashMoved: 102,
    SharesMoved: 103,
    Transferred: 104,
    Opening: 105,
    LineState: 106,
    Halted: 107,
    Lookup: 108,
    Tape: 109,
    EvidenceSealed: 110,
}
KINDS: Final[dict[int, type[Decided]]] = {number: kind for kind, number in NUMBERS.items()}
_DECODERS: Final = {number: msgspec.msgpack.Decoder(kind) for number, kind in KINDS.items()}
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(fact: Decided) -> tuple[int, bytes]:
    """(number, content)."""
    return NUMBERS[type(fact)], _ENCODER.encode(fact)


def decode(number: int, content: bytes) -> Decided:
    """The fact. KeyError for an unknown number, msgspec.ValidationError for another shape."""
    fact: Decided = _DECODERS[number].decode(content)
    return fact


def from_json(number: int, value: Any) -> Decided:
    """The fact of an outbox row's JSON (bytes as base64). The same errors as `decode`."""
    return msgspec.convert(value, KINDS[number], str_keys=True)


assert len(KINDS) == len(NUMBERS)
