"""Shares become pieces that an order may carry: whole lots 整股 on one book, odd lots 零股 on the other.

Each row's shares are its whole lots and a rest of less than a lot. Each book must balance by itself at every price.
Where the odd rests of the two sides differ they differ by whole lots (the totals are equal), so on the side with fewer
odd shares that many lots are broken: from the largest row first, the earlier row where two are equally large. A
branch's total never changes. An order carries at most the cap of lots (499 交易單位), an odd order less than one lot.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures
from yunhai.apps.day.levels import Levels, Parts
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import DAY_ORDERS_MAX
from yunhai.kernel.records import Side

BOARD: Final = 0
ODD: Final = 1
BOOKS: Final = 2


@dataclass(frozen=True, slots=True)
class Pieces:
    """Shares of one part for one book, small enough for one order. `group` = level × 2 + book."""

    part: NDArray[np.int32]
    group: NDArray[np.int32]
    side: NDArray[np.uint8]
    quantity: NDArray[np.int64]


def split(parts: Parts, levels: Levels, *, lot: NDArray[np.int64], cap: NDArray[np.int64]) -> Pieces:
    """Pieces of all parts. `lot` and `cap` (most shares of a board order) are given per level. 4031 if they are too many."""
    part_lot = lot[parts.level]
    board = parts.shares // part_lot * part_lot
    broken = _broken(parts, board, parts.shares - board, levels.price.size)
    board -= broken
    odd = parts.shares - board
    board_pieces = _pieces(parts, board, cap[parts.level], BOARD)
    odd_pieces = _pieces(parts, odd, np.maximum(part_lot - 1, 1), ODD)
    return Pieces(
        part=np.concatenate((board_pieces.part, odd_pieces.part)),
        group=np.concatenate((board_pieces.group, odd_pieces.group)),
        side=np.concatenate((board_pieces.side, odd_pieces.side)),
        quantity=np.concatenate((board_pieces.quantity, odd_pieces.quantity)),
    )


def _broken(parts: Parts, board: NDArray[np.int64], odd: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Shares of whole lots that each part must send as odd lots."""
    signed = np.where(parts.side == Side.BUY, odd, -odd)
    excess = np.bincount(parts.level, weights=signed, minlength=count).astype(np.int64)
    broken = np.zeros(parts.shares.size, np.int64)
    uneven = np.flatnonzero(excess)
    if not uneven.size:
        return broken
    order = np.lexsort((parts.at, -board, parts.side, parts.level))
    key = parts.level[order].astype(np.int64) * 4 + parts.side[order]
    for level in uneven:
        poorer = Side.SELL if excess[level] > 0 else Side.BUY
        first, last = np.searchsorted(key, (level * 4 + poorer, level * 4 + poorer + 1))
        chosen = order[first:last]
        wanted = abs(int(excess[level]))
        before = np.cumsum(board[chosen]) - board[chosen]
        broken[chosen] = np.clip(wanted - before, 0, board[chosen])
    return broken


def _pieces(parts: Parts, shares: NDArray[np.int64], most: NDArray[np.int64], book: int) -> Pieces:
    """Cut into pieces of `most` shares, the last one smaller."""
    count = -(-shares // most)
    if (total := int(count.sum())) > DAY_ORDERS_MAX:  # before anything so long is made
        raise YunhaiError(
            failures.CANNOT_PLAN,
            reason=f"{total:,} orders, more than {DAY_ORDERS_MAX:,}",
            reason_zh=f"{total:,} 筆委託，超過 {DAY_ORDERS_MAX:,}",
        )
    part = np.repeat(np.arange(shares.size, dtype=np.int32), count)
    number = np.arange(part.size) - np.repeat(np.cumsum(count) - count, count)
    quantity = np.minimum(shares[part] - number * most[part], most[part])
    group = (parts.level[part] * BOOKS + book).astype(np.int32)
    return Pieces(part=part, group=group, side=parts.side[part], quantity=quantity)
