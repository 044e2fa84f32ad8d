"""The demo's lines on a wire: each has key and certificate before it logs in; what is good is left, what ends is made anew."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.platform.factories import BROKER, OTHER_BROKER
from tests.services.trust.house import House
from tests.services.trust.test_registrations import told
from yunhai.apps.cloud.demo_lines import certify_lines
from yunhai.apps.cloud.seed import LineLogin
from yunhai.platform.tenancy import api as tenancy
from yunhai.trading import facts
from yunhai.trading.lines.wire import client_context, line_of

__all__ = ["told"]


@pytest.fixture
def lines(house: House, cloud_places: Any) -> Iterator[tuple[LineLogin, ...]]:
    """A line of each broker; their files are gone afterwards."""
    yield (
        LineLogin(line="7A", broker=tenancy.tenant(BROKER).code, password="x"),
        LineLogin(line="7B", broker=tenancy.tenant(OTHER_BROKER).code, password="x"),
    )
    for file in (cloud_places.credentials / "lines").glob("*"):
        file.unlink()


def test_each_line_can_open_its_connection(
    lines: tuple[LineLogin, ...], cloud_places: Any, told: Any, tmp_path: Any, fake: Any, as_role: Any
) -> None:
    with as_role("migrator"):
        assert certify_lines(cloud_places, lines) == 2
    folder = cloud_places.credentials / "lines"
    chain = tmp_path / "chain.pem"
    chain.write_bytes(x509.load_der_x509_certificate(fake.root).public_bytes(Encoding.PEM))
    for one in lines:
        leaf, _ = x509.load_pem_x509_certificates((folder / f"{one.line}.pem").read_bytes())
        assert line_of(leaf.public_bytes(Encoding.DER)) == (one.line, one.broker)
        key = load_pem_private_key((folder / f"{one.line}.key").read_bytes(), None)
        assert key.public_key() == leaf.public_key()
        assert (folder / f"{one.line}.key").stat().st_mode & 0o777 == 0o600
        client_context(folder / f"{one.line}.pem", folder / f"{one.line}.key", chain)
    assert [one.profile for one in told(facts.CertificateSet)] == ["line", "line"], "the core is told"


def test_what_is_good_is_left_and_what_ends_or_is_not_there_is_made_anew(
    lines: tuple[LineLogin, ...], cloud_places: Any, fake: Any, as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yunhai.apps.cloud import demo_lines

    folder = cloud_places.credentials / "lines"
    with as_role("migrator"):
        certify_lines(cloud_places, lines)
        before = (folder / "7A.pem").read_bytes()
        assert certify_lines(cloud_places, lines) == 0
        assert (folder / "7A.pem").read_bytes() == before
        (folder / "7A.key").unlink()
        assert certify_lines(cloud_places, lines) == 1
        (folder / "7B.pem").write_bytes(before)
        assert certify_lines(cloud_places, lines) == 1, "another line's is none of its own"
        now = demo_lines.datetime

        class Later(now):  # type: ignore[misc, valid-type]
            @classmethod
            def now(cls, zone: Any = None) -> Any:
                return now.now(zone) + timedelta(days=340)

        monkeypatch.setattr(demo_lines, "datetime", Later)
        assert certify_lines(cloud_places, lines) == 2
