"""The holdings reading 庫存讀面: positions as the books have them, and the holdings of each day's close.

A position changes with every fill, but only its latest state matters. So accounts are remembered as touched and their
rows put in place when the reader has nothing better to do, or every few seconds. A row says the journal's sequence it is
true at. After a restart, and when a day opens, all rows are made anew: what was touched is not kept anywhere.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from psycopg import Cursor

from yunhai.platform.readings.staging import Staged
from yunhai.trading.books.books import Books
from yunhai.trading.books.state import CASH, Account

_POSITIONS: Final = Staged(
    "accounts_position", ("tenant_id", "account", "security", "shares", "reserved", "cost", "realised", "sequence")
)
_HOLDINGS: Final = Staged(
    "accounts_holdingday",
    ("tenant_id", "account", "day", "security", "shares", "cost", "close", "realised", "sequence"),
)


class HoldingsReading:
    """`books` is the reader's; `close_of` a security's last price of the day."""

    def __init__(self, close_of: Callable[[str], int]) -> None:
        self._close_of = close_of
        self._books = Books()
        self._touched: set[int] = set()
        self._everything = True
        self._closed: list[str] = []

    @property
    def waiting(self) -> bool:
        """Whether positions differ from their rows."""
        return self._everything or bool(self._touched)

    def restart(self, cursor: Cursor[Any], books: Books) -> None:
        """Go on with other books."""
        for staged in (_POSITIONS, _HOLDINGS):
            staged.prepare(cursor)
        self._books = books
        self._closed.clear()
        self._touched.clear()
        self._everything = True

    def touch(self, accounts: set[int]) -> None:
        """These accounts' positions may have changed."""
        self._touched |= accounts

    def open_day(self) -> None:
        """A market day begins: every position's result of the day begins at nothing."""
        self._everything = True

    def close_day(self, sequence: int, day: str) -> None:
        """The day's last step is taken: keep what everybody holds now. The rows go in with the next `write`."""
        for account in self._books.accounts.values():
            of = account.fact
            self._closed.append(
                f"{of.tenant}\t{of.account}\t{day}\t{CASH}\t{account.free + account.reserved}\t0\t0\t0\t{sequence}\n"
            )
            for code, position in account.positions.items():
                if position.quantity or position.realised:
                    self._closed.append(
                        f"{of.tenant}\t{of.account}\t{day}\t{code}\t{position.quantity}\t{position.cost}"
                        f"\t{self._close_of(code)}\t{position.realised}\t{sequence}\n"
                    )

    def write(self, cursor: Cursor[Any], *, positions: bool) -> None:
        """The days that closed, and, if asked, the touched positions."""
        _HOLDINGS.copy(cursor, self._closed)
        self._closed.clear()
        if not positions:
            return
        sequence = self._books.sequence
        if self._everything:
            cursor.execute("DELETE FROM accounts_position")
            chosen = list(self._books.accounts.values())
            _POSITIONS.copy(cursor, (row for account in chosen for row in _rows(account, sequence)))
        else:
            accounts = self._books.accounts
            touched = [accounts[number] for number in self._touched if number in accounts]
            _POSITIONS.put(cursor, (row for account in touched for row in _rows(account, sequence)), key=3)
        self._everything = False
        self._touched.clear()


def _rows(account: Account, sequence: int) -> Iterator[str]:
    of = account.fact
    for code, position in account.positions.items():
        yield (
            f"{of.tenant}\t{of.account}\t{code}\t{position.free}\t{position.reserved}\t{position.cost}"
            f"\t{position.realised}\t{sequence}\n"
        )
