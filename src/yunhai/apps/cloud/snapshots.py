"""Books as they were at a place in the journal, for readers and for proving the tables.

The core's snapshots hold its books. A reader that goes on at sequence n takes the newest snapshot at or below n that the
journal confirms, and applies what lies between. Nothing is posted on the way: the rows are there already.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from yunhai.journal import snapshots
from yunhai.journal.reader import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.books.books import Books
from yunhai.trading.core.packing import Accepted, Events, Piece, pieces
from yunhai.trading.core.restore import STATE_VERSION, CoreState
from yunhai.trading.facts import decode


def newest_books(
    journal: Path, folder: Path, sequence: int, *, progress: Callable[[int], None] = lambda _: None
) -> Books:
    """The books after `sequence`, the last of a commit group; `progress` is told the sequences passed.

    YunhaiError 6440 if a record cannot follow the one before, 3003-3007 for a damaged journal.
    """
    books = _from_snapshot(journal, folder, sequence)
    if books.sequence < sequence:
        for group in Reader(journal, books.sequence + 1, follow=True):
            for piece in pieces(group, books.sequence + 1):
                apply(books, piece)
            progress(group.last_sequence)
            if group.last_sequence >= sequence:
                break
    return books


def apply(books: Books, piece: Piece) -> None:
    """One piece of a commit group."""
    if isinstance(piece, Events):
        books.apply_events(piece.first_sequence, piece.records)
    elif isinstance(piece, Accepted):
        books.apply_instruction(piece.sequence, piece.time, piece.record)
    else:
        fact = decode(piece.fact.number, piece.fact.content)
        books.apply_fact(piece.sequence, piece.fact.time, piece.fact.tenant, fact)


def _from_snapshot(journal: Path, folder: Path, sequence: int) -> Books:
    for path in sorted(folder.glob("*.snapshot"), reverse=True) if folder.is_dir() else []:
        try:
            found = snapshots.decode(path.read_bytes())
            if found.sequence > sequence or found.journal != Reader(journal, found.sequence).journal_id():
                continue
            snapshots.check(found, journal)
            state = msgspec.msgpack.decode(found.state, type=CoreState)
            if state.version == STATE_VERSION:
                return Books.restore(state.books)
        except (YunhaiError, msgspec.MsgspecError, OSError):  # never an authority: what is not right is passed over
            continue
    return Books()
