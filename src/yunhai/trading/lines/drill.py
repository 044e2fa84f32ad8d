"""Failures made on purpose at the port: a line that breaks at its next instruction, before its delivery or before its answer.

A cut between two instructions (`Carriage.lose`) mostly finds nothing in flight, because the virtual exchange answers within
a turn of the loop. Here the break falls where it hurts. For drills and tests; a line is broken once for each asking.
"""

from typing import Final, Literal

from yunhai.trading.lines.frames import AnyFrame, ExchangePort, Submit

Break = Literal["before-delivery", "before-answer"]
BEFORE_DELIVERY: Final = "before-delivery"
BEFORE_ANSWER: Final = "before-answer"


class DrillPort:
    """An `ExchangePort` around another one."""

    def __init__(self, port: ExchangePort) -> None:
        self._port = port
        self._breaking: dict[str, Break] = {}
        self._broken: list[str] = []

    def break_next(self, line: str, where: Break) -> None:
        """Break the line at the next instruction sent on it: that one, and what follows on it, is lost before its delivery,
        or delivered and its answer lost."""
        self._breaking[line] = where

    def login(self, line: str, broker: str, password: str, now: int) -> int:
        return self._port.login(line, broker, password, now)

    def send(self, line: str, frame: AnyFrame, now: int) -> None:
        where = self._breaking.pop(line, None) if isinstance(frame, Submit) else None
        if where is None:
            self._port.send(line, frame, now)
            return
        if where == BEFORE_ANSWER:
            self._port.send(line, frame, now)
        self._port.drop(line)
        self._broken.append(line)

    def ready(self) -> bool:
        return bool(self._broken) or self._port.ready()

    def receive(self, now: int) -> list[tuple[str, AnyFrame]]:
        return self._port.receive(now)

    def dropped(self, now: int) -> list[str]:
        broken, self._broken = self._broken, []
        return broken + self._port.dropped(now)

    def drop(self, line: str) -> None:
        self._port.drop(line)
