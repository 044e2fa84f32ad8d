"""The words of an order's path, each with the small number that stands for it in a fixed-layout record.

The numbers are part of the journal's format (docs/concepts/cloud.md §5) and never change.
"""

from enum import IntEnum
from functools import cached_property
from typing import Self

from yunhai.exchange.rules.words import SegmentName


class Word(IntEnum):
    """A number with its word, the member's name in lower case."""

    @cached_property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Self:
        """The member of a word; KeyError if there is none."""
        return cls[word.upper()]


class Action(Word):
    """What an instruction asks for: 委託, 取消, 減量, 改價. The numbers are those of the trading records."""

    NEW = 1
    CANCEL = 2
    CUT = 3
    REPRICE = 4


class Mode(Word):
    """Whether money is real. Every answer says it."""

    SIMULATED = 1
    LIVE = 2


class Channel(Word):
    """By which way an order came in (委託來源)."""

    WEB = 1
    MOBILE = 2
    API = 3
    DESK = 4  # sales rep 營業員
    KEYIN = 5  # key-in clerk 輸單員
    CONDITION = 6
    PROGRAM = 7
    FIX = 8

    @property
    def by_clerk(self) -> bool:
        return self in (Channel.DESK, Channel.KEYIN)


class Credit(Word):
    """Trade kind: the exchange's order codes 0-6 less what this release does not trade."""

    CASH = 0  # 現股
    MARGIN = 3  # 融資
    SHORT = 4  # 融券


class Segment(Word):
    """A market segment in one byte; `name_of` is the rule pack's word."""

    BOARD = 1
    ODD_LOT = 2
    ODD_LOT_AFTER = 3
    FIXED_PRICE = 4

    @property
    def name_of(self) -> SegmentName:
        return SegmentName(self.word)


class InstructionKind(Word):
    """How a customer told a clerk (委託方式): the record that proves it."""

    NONE = 0
    PHONE = 1
    IN_PERSON = 2
    WRITTEN = 3


class Bucket(Word):
    """A side of the ledger. Below 10 the customer's own, from 10 the broker's house accounts."""

    FREE = 1  # buying power; shares free to sell 可用
    RESERVED = 2  # held for open orders 圈存
    CLEARING = 10  # traded, not yet settled with the exchange 交割款
    FEE = 11  # commission earned 手續費收入
    TAX = 12  # withheld for the treasury 代徵證交稅
    BANK = 13  # the customers' settlement bank account 交割專戶
    CUSTODY = 14  # the depository's book 集保
    TRANSIT = 15  # between two customers 移轉

    @property
    def customer(self) -> bool:
        return self < 10


class PostingKind(Word):
    """Why a posting was made."""

    RESERVE = 1
    RELEASE = 2
    VALUE = 3  # price × shares of a fill
    SHARES = 4  # the shares of a fill
    FEE = 5
    TAX = 6
    TAX_BACK = 7  # day-trade tax 當沖降稅
    DEPOSIT = 8
    WITHDRAWAL = 9
    TRANSFER = 10
    OPENING = 11
    SETTLE = 12
    REVERSAL = 13
