"""Whether a stream's books are a core's: all of it, but what only the core's gate asks."""

import msgspec

from yunhai.trading.books.books import Books
from yunhai.trading.books.state import State
from yunhai.trading.stream.watched import NEWEST_KEPT, WatchedBooks

NOT_KEPT = {"version", "nonces", "known", "orders", "outbox"}


def require_same(watched: WatchedBooks, books: Books) -> None:
    """Every balance, right and order, wherever it is kept."""
    for name in State.__struct_fields__:
        if name not in NOT_KEPT:
            held, expected = getattr(watched, name), getattr(books, name)
            assert msgspec.msgpack.encode(held) == msgspec.msgpack.encode(expected), name
    assert watched.outbox.pairs() == books.outbox.pairs()
    assert [watched.orders.look(number) for number in books.orders] == list(books.orders.values())
    last = max(books.orders, default=0)
    assert watched.orders.look(last + 1) is None
    assert not [number for number in watched.orders if number not in books.orders]
    still = [number for number, order in books.orders.items() if order.leaves or order.pending]
    assert (watched.orders.open_numbers(), watched.orders.open_count()) == (still, len(still))
    for account in books.accounts:
        numbers = books.orders_by_account.get(account, [])
        assert watched.newest_of(account, NEWEST_KEPT - 1) == (numbers[1 - NEWEST_KEPT :], len(numbers) >= NEWEST_KEPT)
