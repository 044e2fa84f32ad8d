"""The order book as the rest of the exchange sees it: its settings and its engine's interface.

`docs/concepts/matching.md` is the contract. Two engines keep it: `yunhai.native._book.Engine` (C++20) and
`tests.reference.engine.ReferenceEngine` (plain Python); both are driven through `Engine` below.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PHASES = 6


def kinds_mask(*kinds: tuple[int, int]) -> int:
    """Bit mask of (order type, time in force) pairs, the exchange's numbers: (2, 0) is limit ROD."""
    place = {0: 0, 3: 1, 4: 2}
    mask = 0
    for order_type, time_in_force in kinds:
        mask |= 1 << ((order_type - 1) * 3 + place[time_in_force])
    return mask


LIMIT_ROD = kinds_mask((2, 0))
ALL_KINDS = 0b111111
ALL_ACTIONS = 0b111


@dataclass(frozen=True, slots=True, kw_only=True)
class BookConfig:
    """One book's settings, every field as in matching.md §2. Prices in 1/10,000 NT$, times in ns."""

    prices: NDArray[np.int32]
    lot: int
    max_quantity: int
    reference: int
    allowed: tuple[int, ...] = (0, LIMIT_ROD, ALL_KINDS, LIMIT_ROD, 0, 0)
    actions: tuple[int, ...] = (0, ALL_ACTIONS, ALL_ACTIONS, ALL_ACTIONS, 0, 0)
    shuffle: bool = False
    seed: int = 0
    tie_break: int = 0
    candidates: int = 0
    equal_distance: int = 0
    better_filled: bool = True
    market_price_rule: int = 0
    band_ppm: int = 0
    band_mode: int = 0
    band_fallback: int = 0
    band_from: int = 0
    band_open_until: int = 0
    band_until: int = 0
    band_window_s: int = 300
    halt_ns: int = 120_000_000_000
    defer_ppm: int = 0


class Depth(Protocol):
    """Aggregated levels of one side, best first. A market level has price 0."""

    @property
    def price(self) -> NDArray[np.int32]: ...

    @property
    def quantity(self) -> NDArray[np.uint64]: ...

    @property
    def orders(self) -> NDArray[np.uint32]: ...


class Engine(Protocol):
    """`Engine(order_capacity=, first_order_id=, id_capacity=, event_capacity=)`; see matching.md §1."""

    def add_book(self, config: BookConfig) -> int: ...

    def process(self, commands: NDArray[np.void]) -> tuple[NDArray[np.void], int]:
        """Run commands (dtype RECORD). Returns the events, a view valid until the next call, and how many
        commands were consumed: fewer than given when the event buffer is full; call again with the rest."""

    def state(self) -> bytes: ...

    def state_hash(self) -> bytes: ...

    def restore(self, state: bytes) -> None: ...

    def clock(self) -> int: ...

    def phase(self, book: int) -> int: ...

    def last_price(self, book: int) -> int: ...

    def open_price(self, book: int) -> int: ...

    def depth(self, book: int, levels: int) -> tuple[Depth, Depth]:
        """(bids, asks)."""
