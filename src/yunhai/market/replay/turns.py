"""A lock for each of many names, which exists as long as somebody holds it or waits for it: who reads one large thing makes wait
whoever asks for the same thing, and nobody else."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class _Turn:
    """One name's lock, and how many hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0


class Turns:
    """Locks by name. Safe for threads; not to be taken twice by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[Hashable, _Turn] = {}

    def __len__(self) -> int:
        """Names that are held or waited for."""
        return len(self._turns)

    @contextmanager
    def of(self, name: Hashable) -> Iterator[None]:
        """One's turn with what is called so."""
        with self._lock:
            turn = self._turns.setdefault(name, _Turn())
            turn.users += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.users -= 1
                if not turn.users:
                    del self._turns[name]
