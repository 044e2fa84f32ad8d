"""Shipped packs, as the tests of rules use them."""

import pytest

from yunhai.apps.reference_data import rule_pack
from yunhai.exchange.rules.pack import RulePack


@pytest.fixture(scope="session")
def pack() -> RulePack:
    return rule_pack("twse-2026")


@pytest.fixture(scope="session")
def pack_2013() -> RulePack:
    return rule_pack("twse-2013")
