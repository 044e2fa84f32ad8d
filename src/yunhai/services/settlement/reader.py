"""The settlement reading 交割讀面: market days and their steps. What is owed is summed by the database (`sql.py`)."""

from typing import Any

from psycopg import Cursor

from yunhai.trading.facts import DayOpened, DayStep


class SettlementReading:
    """Gathers the days' facts and writes them."""

    def __init__(self) -> None:
        self._days: list[tuple[object, ...]] = []
        self._steps: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return len(self._days) + len(self._steps)

    def restart(self) -> None:
        """Forget what was gathered."""
        self._days.clear()
        self._steps.clear()

    def open_day(self, sequence: int, time: int, wall_ns: int, fact: DayOpened) -> None:
        """A market day begins."""
        self._days.append((fact.date, fact.settles_on, fact.pack, fact.mode, fact.clock, sequence, time, wall_ns))

    def take_step(self, sequence: int, time: int, wall_ns: int, fact: DayStep) -> None:
        """A step of a day is done. One that comes again (a retried command) is not another."""
        self._steps.append((fact.date, fact.step, sequence, fact.by, time, wall_ns))

    def write(self, cursor: Cursor[Any]) -> None:
        """The rows of what was gathered."""
        if self._days:
            cursor.executemany(
                "INSERT INTO settlement_marketday (day, settles_on, pack, mode, clock, sequence, market_ns, wall_ns)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                self._days,
            )
        if self._steps:
            cursor.executemany(
                "INSERT INTO settlement_step (day, step, sequence, by, market_ns, wall_ns)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (day, step) DO NOTHING",
                self._steps,
            )
        self.restart()
