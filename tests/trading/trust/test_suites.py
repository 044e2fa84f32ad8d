"""NIST PKITS, x509-limbo and Wycheproof through our own validation: every verdict right, or the case named with its reason."""

import json
import logging
from pathlib import Path

import pytest

from tools import pki_suites, pki_verdicts
from yunhai.trading.trust.errors import ALGORITHM_REFUSED

logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module")
def pki(data_folder: Path) -> Path:
    folder = data_folder / "pki"
    if not folder.is_dir():
        pytest.skip(f"no suites at {folder}")
    return folder


def test_every_pkits_case_of_the_list(pki):
    verdicts = list(pki_suites.pkits(pki))
    assert len(verdicts) == len(json.loads((pki / "pkits/pkits.json").read_text()))
    assert [one for one in verdicts if not one.right] == []
    assert not any(one.reason for one in verdicts), "none is set aside"


def test_every_pkits_end_entity_whose_name_is_its_verdict(pki):
    verdicts = list(pki_suites.pkits_by_name(pki))
    assert len(verdicts) >= 80
    assert [one for one in verdicts if not one.right] == []
    assert {one.found for one in verdicts} >= {0, 6860, 6861}, "name constraints and policies are among them"


def test_pkits_notices_are_handed_on(pki):
    assert [case for case, notice, found in pki_suites.pkits_notices(pki) if notice not in found] == []


def test_every_limbo_case(pki):
    verdicts = list(pki_suites.limbo(pki))
    assert len(verdicts) == len(json.loads((pki / "x509_limbo/limbo.json").read_text())["testcases"])
    assert [one for one in verdicts if not one.right] == []
    named = {one.case for one in verdicts if one.reason}
    assert named == set(pki_suites.LIMBO_REASONS)


def test_every_wycheproof_signature(pki):
    verdicts = list(pki_suites.wycheproof(pki))
    assert len(verdicts) > 2_000
    assert [one for one in verdicts if not one.right] == []
    refused = [one for one in verdicts if one.case.split()[0] in pki_suites.REFUSED_KEYS]
    assert refused
    assert all(one.found == ALGORITHM_REFUSED for one in refused), "a curve we do not take, however right the signature"


def test_a_signature_keeps_its_value_on_the_wire(pki):
    """r and s in 64 bytes, as an instruction carries them, and back: the very DER, for every signature Wycheproof calls right."""
    said = json.loads((pki / "wycheproof/ecdsa_secp256r1_sha256_test.json").read_text())
    tests = [test for group in said["testGroups"] for test in group["tests"]]
    right = [bytes.fromhex(test["sig"]) for test in tests if test["result"] == "valid"]
    assert right
    assert all(pki_suites.wire_signature(signature) == signature for signature in right)


@pytest.mark.full
def test_the_page_is_what_is_found(pki):
    assert pki_verdicts.PAGE.read_text() == pki_verdicts.page(pki)
