"""Who has alerts, and the reader's connection."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest


@pytest.fixture
def two(db: None) -> tuple[Any, Any]:
    """Browsers of two investors of one broker."""
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    return tuple(make.browser(make.place("investor", account=account)) for account in (91, 92))  # type: ignore[return-value]


@pytest.fixture
def connection(committed_db: Any) -> Iterator[Any]:
    """The reader's, in autocommit."""
    with psycopg.connect(**committed_db.connection("reader"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def person(committed_db: Any) -> int:
    """An investor whose rows are committed."""
    from django.db import transaction

    from tests.platform import factories as make

    with transaction.atomic():
        make.tenant(make.BROKER)
        return int(make.place("investor", account=91).pk)
