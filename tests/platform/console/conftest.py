"""What every test of the Console shares."""

import pytest

from yunhai.trading.lines import login


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are made by the dozen here: their passwords are worked the quick way, as people's are in every test."""
    monkeypatch.setattr(login, "_N", 2)
