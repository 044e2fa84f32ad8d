"""What other services may ask of the ledger. Every answer is of the caller's tenant and accounts: the scope and the
database's row security see to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LIST_ROWS_MAX
from yunhai.services.ledger.errors import NOT_FOUND
from yunhai.services.ledger.models import Balance, Offset, Posting
from yunhai.trading.words import Bucket, PostingKind

CASH = "TWD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A posting. `kind`, `debit`, `credit` are words; `amount` 1/10,000 NT$ or shares; dates ISO or ""."""

    sequence: int
    line: int
    account: int
    kind: str
    asset: str
    debit: str
    credit: str
    amount: int
    order_id: int
    trade: int
    settles_on: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """An account's money: buying power `free`, and what is held for open orders."""

    free: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Up to where the tables are true: the journal's sequence, and the wall time of its commit group."""

    sequence: int
    wall_ns: int
    postings: int


def entry_of(row: Posting) -> Entry:
    """A row as an answer."""
    return Entry(
        sequence=row.sequence,
        line=row.line,
        account=row.account,
        kind=PostingKind(row.kind).word,
        asset=row.asset,
        debit=Bucket(row.debit).word,
        credit=Bucket(row.credit).word,
        amount=row.amount,
        order_id=row.order_id,
        trade=row.trade,
        settles_on=row.settles_on.isoformat() if row.settles_on else "",
        day=row.day.isoformat() if row.day else "",
    )


def entries_of(
    account: int, *, day: str = "", asset: str = "", before: int = 0, limit: int = LIST_ROWS_MAX
) -> list[Entry]:
    """An account's postings, newest first; those below journal sequence `before` if given."""
    found = Posting.objects.filter(account=account)
    if day:
        found = found.filter(day=day)
    if asset:
        found = found.filter(asset=asset)
    if before:
        found = found.filter(sequence__lt=before)
    return [entry_of(row) for row in found.order_by("-sequence", "line")[: min(limit, LIST_ROWS_MAX)]]


def entries_of_day(account: int, day: str, kinds: tuple[PostingKind, ...]) -> list[Entry]:
    """All postings of some kinds that an account had on a market day, in order."""
    found = Posting.objects.filter(account=account, day=day, kind__in=[int(kind) for kind in kinds])
    return [entry_of(row) for row in found.order_by("sequence", "line")]


def entries_at(sequences: Iterable[int]) -> dict[int, list[Entry]]:
    """The postings that records of the journal caused, by sequence."""
    found: dict[int, list[Entry]] = {}
    for row in Posting.objects.filter(sequence__in=list(sequences)).order_by("sequence", "line"):
        found.setdefault(row.sequence, []).append(entry_of(row))
    return found


def settlements_of(account: int, dates: Iterable[str]) -> list[Entry]:
    """The postings that settled an account's trades due on some dates."""
    found = Posting.objects.filter(account=account, kind=int(PostingKind.SETTLE), settles_on__in=list(dates))
    return [entry_of(row) for row in found.order_by("sequence", "line")]


def releases_of(account: int, day: str, orders: Iterable[int]) -> list[Entry]:
    """What an account's orders of a day had released."""
    found = Posting.objects.filter(account=account, day=day, kind=int(PostingKind.RELEASE), order_id__in=list(orders))
    return [entry_of(row) for row in found.order_by("sequence", "line")]


def cash_of(account: int) -> Cash:
    """An account's cash; zero where nothing was ever posted."""
    held = dict(Balance.objects.filter(account=account, asset=CASH).values_list("bucket", "balance"))
    return Cash(free=held.get(int(Bucket.FREE), 0), reserved=held.get(int(Bucket.RESERVED), 0))


def require_books(account: int) -> None:
    """NOT_FOUND (404) where nothing was ever posted to an account that the caller may see."""
    if not Balance.objects.filter(account=account).exists():
        raise YunhaiError(NOT_FOUND)


def house_balances() -> dict[tuple[str, str], int]:
    """The tenant's house balances by (bucket, asset). Staff only: nobody else is shown the rows."""
    rows: Any = Balance.objects.filter(account=0).values_list("bucket", "asset", "balance")
    return {(Bucket(bucket).word, asset): balance for bucket, asset, balance in rows}


def freshness() -> Freshness:
    """Up to where the reader has read."""
    row = Offset.objects.filter(name="books").first()
    if row is None:
        return Freshness(sequence=0, wall_ns=0, postings=0)
    return Freshness(sequence=row.sequence, wall_ns=row.wall_ns, postings=row.postings)
