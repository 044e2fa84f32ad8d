"""How each book has dealt: its last match, and on which side of the book trades were made.

Outside 外盤 are the shares of continuous trades that a buyer took at the seller's standing price, inside 內盤 those that a seller
gave at the buyer's. An auction takes from nobody: its shares are in neither. The last match 單量 is what traded at the last price
in the last moment: of an order that went through several prices the last of them, of an auction all of it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.kernel.records import TRADE, Kind, Side

_TRADE: Final = int(Kind.TRADE)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)


class Dealt:
    """By a book's number below `size`: shares `outside` and `inside`; `quantity` of the last match in shares, its `time` in market
    ns (0: none yet)."""

    def __init__(self, size: int) -> None:
        self.outside = [0] * size
        self.inside = [0] * size
        self.quantity = [0] * size
        self.time = [0] * size
        self._price = [0] * size

    def take(self, records: NDArray[np.void]) -> None:
        """Trading records in journal order, however they are cut."""
        chosen = np.flatnonzero(records["kind"] == _TRADE)
        if not len(chosen):
            return
        trades = records.view(TRADE)  # field by field: choosing whole records costs several times as much
        columns = (trades[name][chosen].tolist() for name in ("book", "time", "price", "quantity", "taker_side"))
        for book, time, price, quantity, taker in zip(*columns, strict=True):
            if taker == _BUY:
                self.outside[book] += quantity
            elif taker == _SELL:
                self.inside[book] += quantity
            if time == self.time[book] and price == self._price[book]:
                self.quantity[book] += quantity
            else:
                self.time[book], self._price[book], self.quantity[book] = time, price, quantity
