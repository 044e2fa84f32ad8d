"""The books 帳: what every account has, holds for its orders, owes and is owed; and all else the order's path must know.

`Books` is a pure reading of the journal. It applies facts, accepted and refused instructions and the exchange's events
in journal order, and nothing else changes it; it reads no clock and decides nothing. The core and every reader run this
same code, so the same records give the same state, byte for byte, whether from the beginning or from a snapshot.

What is wanted from outside is checked before it is journaled: instructions by `yunhai.trading.gate`, cash, shares and
days by `yunhai.trading.books.commands`. A record that cannot follow what came before it is refused with 6440; after
that the books are not to be used.

Facts are applied once: those of the outbox by their outbox row, cash, shares and transfers by their reference, opening
balances by batch and part. What comes again is passed over.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.books import changes, orders
from yunhai.trading.books.ranges import Ranges
from yunhai.trading.books.state import (
    CASH,
    Account,
    Cell,
    Day,
    Grant,
    Known,
    Order,
    Pack,
    Position,
    Posting,
    State,
    Tenant,
    consent_key,
)
from yunhai.trading.facts import AccountSet, CertificateSet, Decided, KeySet, LineSet, LineState, PoolSet, TenantSet
from yunhai.trading.shape import Packed, fingerprint, text_of
from yunhai.trading.words import Bucket, PostingKind

Posted = Callable[[Posting], None]

STATE_VERSION: Final = 4
_FIRST_HOUSE: Final = int(Bucket.CLEARING)
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(State)
_KNOWN: Final = struct.Struct("<16sHqQQ5sqIqq")


class Books:
    """The state; see the module. Everything is for reading, but only `apply_…` writes. Not thread-safe.

    `number`: of the last accepted instruction, in all days. `sequence`: the last journal sequence applied.
    """

    def __init__(self, posted: Posted | None = None) -> None:
        """`posted` is given every posting, in order, as it is made."""
        self.posted = posted
        self.sequence = 0
        self.number = 0
        self.tenants: dict[int, Tenant] = {}
        self.accounts: dict[int, Account] = {}
        self.keys: dict[int, KeySet] = {}
        self.certificates: dict[int, CertificateSet] = {}
        self.interfaces: dict[str, CertificateSet] = {}
        self.consents: dict[int, bool] = {}
        self.grants: dict[int, list[Grant]] = {}
        self.revoked: dict[int, dict[str, int]] = {}
        self.lookups: dict[int, dict[int, int]] = {}
        self.cells: dict[str, dict[str, Cell]] = {}
        self.lines: dict[str, LineSet] = {}
        self.pools: dict[str, PoolSet] = {}
        self.line_states: dict[str, LineState] = {}
        self.packs: dict[str, Pack] = {}
        self.outbox = Ranges()
        self.day: Day | None = None
        self.last_date = ""
        self.nonces: dict[bytes, None] = {}
        self.known: dict[bytes, bytes] = {}
        self.orders: dict[int, Order] = {}
        self.orders_by_account: dict[int, list[int]] = {}
        self._day_pack: tuple[int, RulePack] | None = None

    # -- what changes it -----------------------------------------------------------------------------------------------

    def apply_fact(self, sequence: int, time: int, tenant: int, fact: Decided) -> None:
        """One decoded fact. `time` market ns and `tenant` from the journal's head. YunhaiError 6440."""
        self.sequence = sequence
        if fact.outbox and not self.outbox.add(fact.outbox):
            return
        changes.apply(self, changes.Head(sequence, time, tenant), fact)

    def apply_instruction(self, sequence: int, time: int, content: bytes) -> None:
        """Fact 256 or 257: an INSTRUCTION record. YunhaiError 6440."""
        orders.apply_instruction(self, sequence, time, content)
        self.sequence = sequence

    def apply_events(self, first_sequence: int, records: NDArray[np.void]) -> None:
        """The venue's records (dtype RECORD), the first at `first_sequence`. YunhaiError 6440."""
        if len(records):
            orders.apply_events(self, first_sequence, records)
            self.sequence = first_sequence + len(records) - 1

    # -- snapshot ------------------------------------------------------------------------------------------------------

    def state(self) -> bytes:
        """Everything, canonical: two books that applied the same records give the same bytes."""
        return _ENCODER.encode(
            State(
                STATE_VERSION,
                self.sequence,
                self.number,
                self.tenants,
                self.accounts,
                self.keys,
                self.certificates,
                self.interfaces,
                self.consents,
                self.grants,
                self.revoked,
                self.lookups,
                self.cells,
                self.lines,
                self.pools,
                self.line_states,
                self.packs,
                self.outbox.pairs(),
                self.day,
                self.last_date,
                self.nonces,
                self.known,
                list(self.orders.values()),
            )
        )

    @classmethod
    def restore(cls, state: bytes, posted: Posted | None = None) -> "Books":
        """Books as `state` left them. YunhaiError 6441."""
        try:
            held = _DECODER.decode(state)
        except msgspec.MsgspecError as error:
            raise YunhaiError(6441, reason=str(error)) from None
        if held.version != STATE_VERSION:
            raise YunhaiError(6441, reason=f"version {held.version}")
        books = cls(posted)
        for name in State.__struct_fields__:
            if name not in ("version", "outbox", "orders"):
                setattr(books, name, getattr(held, name))
        books.outbox = Ranges(held.outbox)
        for order in held.orders:
            books.place(order)
        return books

    def state_hash(self) -> bytes:
        """SHA-256 of `state()`."""
        return changes.sha256(self.state())

    # -- what readers and the gate ask ---------------------------------------------------------------------------------

    def taken(self, outbox: int) -> bool:
        """Whether a fact of that outbox row was applied."""
        return outbox in self.outbox

    def tenant(self, tenant: int) -> Tenant:
        """A tenant's books, made empty where a fact of it came before its own."""
        found = self.tenants.get(tenant)
        if found is None:
            found = self.tenants[tenant] = Tenant(house={CASH: [0] * 6})
        return found

    def known_instruction(self, account: int, client_id: bytes) -> Known | None:
        """What became of an instruction of today with that client id (16 bytes); None if there was none."""
        packed = self.known.get(orders.known_key(account, client_id))
        if packed is None:
            return None
        told, code, sequence, number, order, text, cash, shares, wall, time = _KNOWN.unpack(packed)
        return Known(told, code, sequence, number, order, text_of(text), cash, shares, wall, time)

    def accepted_today(self) -> Iterator[tuple[int, int]]:
        """(number, order id) of each instruction accepted today."""
        for packed in self.known.values():
            _, code, _, number, order, *_ = _KNOWN.unpack(packed)
            if not code:
                yield number, order

    def orders_of(self, account: int, *, open_only: bool = False) -> list[Order]:
        """An account's orders of today, oldest first."""
        found = [self.orders[number] for number in self.orders_by_account.get(account, ())]
        return [order for order in found if order.leaves] if open_only else found

    def withdrawable(self, account: Account) -> int:
        """Cash that may leave: free, less what unsettled sales still bring beyond purchases settling as late."""
        most = late = 0
        for date in sorted(account.unsettled, reverse=True):
            late += account.unsettled[date].cash
            most = max(most, late)
        return max(0, account.free - most)

    def deliverable(self, account: Account, code: str) -> int:
        """Shares that may leave: free, less what is bought and not yet delivered."""
        position = account.positions.get(code)
        most = late = 0
        for date in sorted(account.unsettled, reverse=True):
            late += account.unsettled[date].shares.get(code, 0)
            most = max(most, late)
        return max(0, position.free - most) if position else 0

    def sellable(self, account: Account, code: str, *, odd_lot: bool = False) -> int:
        """Shares that may be sold now: free, less what was bought today and may not be sold before tomorrow."""
        position = account.positions.get(code)
        if position is None:
            return 0
        security = self.day.securities.get(code) if self.day else None
        trades = account.fact.day_trade == "buy_first" and security is not None and security.day_trade
        late = position.bought_odd if trades and not odd_lot else position.bought
        return max(0, position.free - late)

    def schedule(self, account: AccountSet, tenant: TenantSet, segment: int) -> tuple[int, int]:
        """(commission ppm, minimum) of an order: the account's rate or its broker's, never above the pack's."""
        ppm = tenant.commission_ppm if account.commission_ppm < 0 else account.commission_ppm
        if self.day is not None and ppm > self.day.commission_ppm:
            ppm = self.day.commission_ppm
        odd = segment in orders.ODD_LOTS
        return ppm, tenant.commission_minimum_odd_lot if odd else tenant.commission_minimum

    def entitled(self, tenant: TenantSet, service: str) -> bool:
        """Whether the service matrix opens a service to a tenant, in any of its columns."""
        columns = self.cells.get(service)
        if columns is None:
            return False
        for column in tenant.columns:
            cell = columns.get(column)
            if cell and cell.level != "none" and (not cell.allowed or tenant.tenant in cell.allowed):
                return True
        return False

    def revoked_before(self, person: int, session: str) -> int:
        """Tokens of that session issued before this (wall ms) are dead; 0: none are."""
        sessions = self.revoked.get(person)
        return max(sessions.get(session, 0), sessions.get("", 0)) if sessions else 0

    def consent(self, person: int, tenant: int) -> bool | None:
        """Whether the person lets that broker take instructions under their certificate; None: they never said."""
        return self.consents.get(consent_key(person, tenant))

    def looked_up(self, person: int, account: int, now_ms: int) -> bool:
        """Whether the person has registered why they look at that account, and the look is still good (wall ms)."""
        mine = self.lookups.get(person)
        return mine is not None and mine.get(account, 0) > now_ms

    def rule_pack(self, pack: str, sha256: bytes) -> RulePack:
        """A published pack, read; the open day's as it was when the day opened, whatever was published since.
        YunhaiError 6421 if that version is not there, 2001-2009 if it cannot be read."""
        day = self.day
        if day is None or (day.pack, day.pack_sha256) != (pack, sha256):
            return self.published_pack(pack, sha256)[0]
        if self._day_pack is None or self._day_pack[0] != day.sequence:
            self._day_pack = day.sequence, load_pack(day.pack_texts[pack], base=day.pack_texts.get)
        return self._day_pack[1]

    def published_pack(self, pack: str, sha256: bytes) -> tuple[RulePack, dict[str, bytes]]:
        """A pack as it is published now, and by id the bytes it was read from: its own and those it is based on. Errors
        as of `rule_pack`."""
        if pack not in self.packs or self.packs[pack].sha256 != sha256:
            raise YunhaiError(6421, pack=pack)
        used = {pack: self.packs[pack].toml}

        def base(name: str) -> bytes | None:
            held = self.packs.get(name)
            if held is None:
                return None
            used[name] = held.toml
            return held.toml

        return load_pack(self.packs[pack].toml, base=base), used

    def balance(self, tenant: int, account: int, asset: str, bucket: Bucket) -> int:
        """Credits − debits of a bucket: the account's own, or (house buckets) the tenant's."""
        if bucket >= _FIRST_HOUSE:
            house = self.tenants[tenant].house.get(asset)
            return house[bucket - _FIRST_HOUSE] if house else 0
        owner = self.accounts[account]
        if asset == CASH:
            return owner.free if bucket is Bucket.FREE else owner.reserved
        position = owner.positions.get(asset)
        if position is None:
            return 0
        return position.free if bucket is Bucket.FREE else position.reserved

    def sums(self) -> dict[tuple[int, str], int]:
        """All balances of each tenant and asset, summed: every one of them must be 0."""
        totals = {
            (number, asset): sum(house)
            for number, tenant in self.tenants.items()
            for asset, house in tenant.house.items()
        }
        for account in self.accounts.values():
            tenant = account.fact.tenant
            cash = (tenant, CASH)
            totals[cash] = totals.get(cash, 0) + account.free + account.reserved
            for code, position in account.positions.items():
                totals[tenant, code] = totals.get((tenant, code), 0) + position.free + position.reserved
        return totals

    # -- for the parts of this package ---------------------------------------------------------------------------------

    def place(self, order: Order) -> None:
        """A new order of today."""
        self.orders[order.order_id] = order
        self.orders_by_account.setdefault(order.account, []).append(order.order_id)

    def remember(self, sequence: int, time: int, content: bytes, record: Packed) -> None:
        """What became of an instruction: its client id and its nonce are used, and the same again has its answer."""
        self.known.setdefault(
            orders.known_key(record.account, record.client_id),
            _KNOWN.pack(
                fingerprint(content),
                record.code,
                sequence,
                record.number,
                record.order_id,
                record.order_number,
                record.reserved_cash,
                record.reserved_shares,
                record.accepted_at,
                time,
            ),
        )
        self.nonces[orders.nonce_key(record.key, record.nonce)] = None

    def forget_orders(self) -> None:
        """A day begins without any."""
        self.orders.clear()
        self.orders_by_account.clear()
        self.known.clear()
        self.nonces.clear()

    def move(
        self,
        account: Account,
        kind: PostingKind,
        asset: str,
        debit: Bucket,
        credit: Bucket,
        amount: int,
        *,
        sequence: int,
        line: int,
        settles_on: str = "",
    ) -> int:
        """Move `amount` ≥ 0 between two buckets and post it. Returns the next posting's line."""
        if not amount:
            return line
        tenant = account.fact.tenant
        self._add(account, asset, debit, -amount)
        self._add(account, asset, credit, amount)
        if self.posted is not None:
            number = account.fact.account
            self.posted(Posting(sequence, line, tenant, number, kind, asset, debit, credit, amount, 0, 0, settles_on))
        return line + 1

    def _add(self, account: Account, asset: str, bucket: Bucket, amount: int) -> None:
        if bucket >= _FIRST_HOUSE:
            house = self.tenant(account.fact.tenant).house
            if asset not in house:
                house[asset] = [0] * 6
            house[asset][bucket - _FIRST_HOUSE] += amount
            return
        free = bucket is Bucket.FREE
        if asset == CASH:
            if free:
                account.free += amount
            else:
                account.reserved += amount
            return
        position = account.positions.get(asset)
        if position is None:
            position = account.positions[asset] = Position()
        if free:
            position.free += amount
        else:
            position.reserved += amount
