"""Fixtures of central authentication: the fake trust process at its socket, a house of two brokers, a registered investor."""

from collections.abc import Iterator
from typing import Any

import django
import pytest

django.setup()

from tests.services.trust.fake_process import FakeProcess, serve  # noqa: E402
from tests.services.trust.house import House  # noqa: E402


@pytest.fixture(scope="session")
def _fake(cloud_places: Any, migrated: Any) -> Iterator[FakeProcess]:
    from yunhai.services.trust import process, signing
    from yunhai.trading.trust import activations

    fake = FakeProcess(activations.public_of(signing._activation_key()))
    server = serve(fake, cloud_places.run / process.SOCKET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "TIMEOUT_S", 60.0)
        process._client.cache_clear()
        yield fake
    process._client.cache_clear()
    server.shutdown()
    server.server_close()


@pytest.fixture
def fake(_fake: FakeProcess) -> Iterator[FakeProcess]:
    """The trust process's stand-in, as it is when it runs well."""
    from datetime import timedelta

    _fake.told.clear()
    _fake.asked.clear()
    _fake.down, _fake.shift = False, timedelta()
    yield _fake
    _fake.down, _fake.shift = False, timedelta()


@pytest.fixture
def house(fake: FakeProcess, db: None) -> House:
    return House(fake)
