"""What travels on a line, both ways, and the port it travels by.

The frames are this project's own; a port for a real exchange's protocol (TMP, FIX) translates them. Each direction of a
session numbers its frames from 1 in steps of 1: a number that is too high means that something was lost (6321, the line is
dropped), one that was seen already is passed over.
"""

from typing import Final, Protocol

import msgspec

NOT_HERE: Final = -1


class Frame(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A frame with its place in the session."""

    sequence: int


class Submit(Frame, frozen=True, kw_only=True):
    """An instruction: the broker it is for, its number (unique for ever with the broker), and its 64-byte record."""

    tenant: int
    number: int
    body: bytes


class Answer(Frame, frozen=True, kw_only=True):
    """The exchange has taken the instruction; `code` is the outcome, a notice or refusal of the book (0: none)."""

    tenant: int
    number: int
    code: int


class Query(Frame, frozen=True, kw_only=True):
    """Which of these (broker, number) do you have?"""

    asked: tuple[tuple[int, int], ...]


class Known(Frame, frozen=True, kw_only=True):
    """The answer to a Query: each (broker, number) that was asked, with its outcome code, or `NOT_HERE`."""

    answers: tuple[tuple[int, int, int], ...]


class Heartbeat(Frame, frozen=True, kw_only=True):
    """I am here."""


AnyFrame = Submit | Answer | Query | Known | Heartbeat


class ExchangePort(Protocol):
    """The way to the exchange. Nothing here waits; times are ns of the caller's steady clock. Today's only one is the line
    server of the virtual exchange, in this process (`exchange_side.LineServer`)."""

    def login(self, line: str, broker: str, password: str, now: int) -> int:
        """0 and a fresh session, or 6301-6304 as the reason inside (a remote exchange answers 6300 and no more)."""

    def send(self, line: str, frame: AnyFrame, now: int) -> None:
        """Hand over a frame. It may be lost, and says nothing."""

    def ready(self) -> bool:
        """Whether `receive` or `dropped` has something to tell."""

    def receive(self, now: int) -> list[tuple[str, AnyFrame]]:
        """What has come since, in order within each line."""

    def dropped(self, now: int) -> list[str]:
        """Lines whose session ended since, by their far end or on the way."""

    def drop(self, line: str) -> None:
        """End a line's session, if it has one."""
