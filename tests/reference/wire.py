"""64-byte records in and out (docs/reference/records.md §1 to §4)."""

import struct
from dataclasses import dataclass

from yunhai.kernel.records import Kind, OrderType, Phase, TimeInForce

RECORD = struct.Struct("<BBHIqQIiII BBBB BBH III I")
TRADE = struct.Struct("<BBHIqQIiII QQ BBH I")
FILL = struct.Struct("<BBHIqQIiII Q I BBH II")
REMOVED = struct.Struct("<BBHIqQIiII BBH IIII I")
HALTED = struct.Struct("<BBHIqQIiII Q i I I I")
assert {s.size for s in (RECORD, TRADE, FILL, REMOVED, HALTED)} == {64}

NEW, CANCEL, CUT, REPRICE = int(Kind.NEW), int(Kind.CANCEL), int(Kind.CUT), int(Kind.REPRICE)
PHASE, UNCROSS, TRIAL, EXPIRE = int(Kind.PHASE), int(Kind.UNCROSS), int(Kind.TRIAL), int(Kind.EXPIRE)
ORDERS = (NEW, CANCEL, CUT, REPRICE)
CONTROLS = (PHASE, UNCROSS, TRIAL, EXPIRE)

BEFORE, COLLECT, CONTINUOUS = int(Phase.BEFORE), int(Phase.COLLECT), int(Phase.CONTINUOUS)
HALT, AFTER, SUSPENDED = int(Phase.HALTED), int(Phase.AFTER), int(Phase.SUSPENDED)

BUY, SELL = 1, 2
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
ROD, IOC, FOK = int(TimeInForce.ROD), int(TimeInForce.IOC), int(TimeInForce.FOK)
REFUSED, RESTING, FILLED, GONE = 0, 1, 2, 3
MAKER, TAKER, AUCTION = 1, 2, 3

STATUS = {
    0: 0, 1001: 99, 1002: 20, 1003: 97, 1004: 2, 1005: 1, 1006: 43, 1007: 24, 1008: 46, 1009: 47, 1010: 49,
    1011: 22, 1012: 22, 1013: 22, 1014: 21, 1015: 21, 1016: 21, 1017: 21, 1018: 40, 1019: 18, 1020: 99,
    1021: 5, 1022: 50, 1023: 14, 1024: 49, 1025: 53, 1026: 11, 1027: 48, 1028: 52, 1101: 32, 1102: 51,
    1201: 99, 1202: 99, 1203: 0, 1204: 99,
}  # fmt: skip


@dataclass(slots=True)
class Command:
    """One order or control record, fields in the order of their offsets."""

    kind: int
    version: int
    code: int
    tenant: int
    time: int
    order_id: int
    book: int
    price: int
    quantity: int
    account: int
    side: int
    order_type: int
    time_in_force: int
    source: int
    status: int = 0
    state: int = 0
    reserved: int = 0
    filled: int = 0
    leaves: int = 0
    removed: int = 0
    crc: int = 0

    @classmethod
    def unpack(cls, record: bytes) -> "Command":
        """A command as sent: what only an outcome may say is forgotten (records.md §1)."""
        sent = cls(*RECORD.unpack(record))
        if sent.kind not in (*ORDERS, *CONTROLS):
            sent.kind = 0
        sent.version = 1
        sent.code = sent.status = sent.state = sent.reserved = 0
        sent.filled = sent.leaves = sent.removed = sent.crc = 0
        return sent

    def pack(self) -> bytes:
        return RECORD.pack(
            self.kind, self.version, self.code, self.tenant, self.time, self.order_id, self.book, self.price,
            self.quantity, self.account, self.side, self.order_type, self.time_in_force, self.source, self.status,
            self.state, self.reserved, self.filled, self.leaves, self.removed, self.crc,
        )  # fmt: skip

    def finish(self, code: int, state: int) -> None:
        """Fill in the outcome: code, the exchange's status number of it, state after."""
        self.code, self.status, self.state = code, STATUS[code], state
