"""Fixtures of the services' tests: a small market's day, read into the database once a module."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest

django.setup()

from tests.platform_fixtures import TEMPLATE  # noqa: E402
from tests.services.small_market import SmallMarket  # noqa: E402
from yunhai.trading.facts import KeySet  # noqa: E402
from yunhai.trading.signatures import key_from_seed, point_of  # noqa: E402


@dataclass(frozen=True, slots=True)
class Read:
    """The market whose journal was read, its server, and the journal's folder."""

    market: SmallMarket
    server: Any
    journal: Path


SIGNER = key_from_seed(b"the one key of the small market.")


@pytest.fixture(scope="module")
def read_market(migrated: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """A closed and settled day, then a second day that is open; all of it in the tables."""
    from django.conf import settings
    from django.db import connection

    from yunhai.apps.cloud.readers import JournalReading

    home = tmp_path_factory.mktemp("market")
    market = SmallMarket(home / "journal", signer=SIGNER)
    market.fact(KeySet(key=11, person=1101, public=point_of(SIGNER)))
    market.endow()
    market.open_day()
    market.trade(150)
    market.end_day()
    market.open_day("2026-08-24", "2026-08-26")
    market.trade(60)
    market.settle()
    connection.close()
    with psycopg.connect(**migrated.connection("reader"), autocommit=True) as reader:
        reading = JournalReading(home / "journal", home / "snapshots", reader)
        reading.start()
        while reading.step():
            pass
    before = settings.PLACES
    settings.PLACES = type(before)(home)
    yield Read(market, migrated, home / "journal")
    settings.PLACES = before
    market.close_journal()
    connection.close()
    migrated.drop_database("yunhai")
    migrated.create_database("yunhai", template=TEMPLATE)
