"""The door's header at the web: none is the ordinary port; one that is wrong, or cannot be checked, is refused and logged."""

from typing import Any

import pytest
from django.test import RequestFactory
from structlog.testing import capture_logs

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.identity import client_certificates
from yunhai.trading.trust.door import DOOR_HEADER, Door
from yunhai.trading.trust.mutual import came_by

SHA256 = b"\x01" * 32


@pytest.fixture
def door(cloud_places: Any) -> Door:
    return Door(cloud_places.credential(client_certificates.DOOR_CREDENTIAL, lambda: b"the-doors-secret"))


def code_of(header: str) -> tuple[int, list[str]]:
    """(the refusal, what was logged)."""
    request = RequestFactory().get("/", headers={DOOR_HEADER: header})
    with capture_logs() as said, pytest.raises(YunhaiError) as refused:
        client_certificates.came(request)
    assert came_by.get() is None
    assert SHA256.hex() not in str(said)
    return refused.value.code, [one["event"] for one in said]


def test_without_a_header_nobody_came(door: Door) -> None:
    assert client_certificates.came(RequestFactory().get("/")) is None


@pytest.mark.parametrize("header", [f"guess:{SHA256.hex()}", SHA256.hex(), ":", ""])
def test_a_wrong_one_is_refused(door: Door, header: str) -> None:
    assert code_of(header) == (6831, ["door header refused"])


def test_one_that_cannot_be_checked_is_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_certificates, "DOOR_CREDENTIAL", "absent.key")
    assert code_of(door.header(SHA256)) == (6831, ["door header refused"])


def test_the_right_one_goes_on_to_the_core(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_certificates, "_asked", lambda _: None)
    assert code_of(door.header(SHA256)) == (6831, []), "the core does not know it"
