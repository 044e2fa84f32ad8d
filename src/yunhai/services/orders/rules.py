"""The words of the orders reading, pure."""

from enum import IntEnum


class OrderState(IntEnum):
    """Where an order stands (委託狀態)."""

    WAITING = 0  # accepted, not yet answered by the exchange 待送
    OPEN = 1  # in the book, whole or in part 委託中
    FILLED = 2  # 全部成交
    GONE = 3  # cancelled, cut away or expired; may have filled in part 已刪除
    REFUSED = 4  # by the exchange 交易所退單

    @property
    def live(self) -> bool:
        return self in (OrderState.WAITING, OrderState.OPEN)
