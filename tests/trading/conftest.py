"""What every test of trading shares."""

import functools
import hashlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from yunhai.trading.lines import login


@pytest.fixture(scope="session", autouse=True)
def passwords_worked_once() -> Iterator[None]:
    """Hundreds of tests log the same lines in: the same password with the same salt is worked once, by the real scrypt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(login, "hashlib", SimpleNamespace(scrypt=functools.cache(hashlib.scrypt)))
        yield
