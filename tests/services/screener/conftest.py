"""Who asks the screener."""

from typing import Any

import pytest


@pytest.fixture
def two(db: None) -> tuple[Any, Any]:
    """Browsers of two investors of one broker."""
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    return tuple(make.browser(make.place("investor", account=account)) for account in (91, 92))  # type: ignore[return-value]
