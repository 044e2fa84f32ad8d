"""A client that is not ours: pyHanko's CSC signer signs a PDF through the API, unchanged, and pyHanko finds it right."""

import asyncio
import io
from typing import Any

from django.db import transaction
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.services.trust.csc_client import Program
from tests.services.trust.fake_process import FakeProcess
from tests.services.trust.house import House
from tests.services.trust.live import served
from tests.services.trust.pdf import signed_pdf


def test_pyhanko_signs_a_pdf_and_finds_it_right(fake: FakeProcess, committed_db: Any) -> None:
    from asn1crypto import x509

    with transaction.atomic():
        house = House(fake)
    house.register()
    made = house.credential("document")
    token = Program(house, version="v1").token(house.investor)
    with served() as address:
        signed = asyncio.run(signed_pdf(address, made["credential"], token, house.code()))
    found = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    context = ValidationContext(trust_roots=[x509.Certificate.load(fake.root)], allow_fetching=False)
    status = validate_pdf_signature(found, signer_validation_context=context)
    assert status.bottom_line, status.pretty_print_details()
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.signing_cert.subject.native["common_name"].startswith("YH-")
    broken = bytearray(signed)
    broken[signed.index(b"Yunhai")] ^= 1
    damaged = PdfFileReader(io.BytesIO(bytes(broken))).embedded_signatures[0]
    assert not validate_pdf_signature(damaged, signer_validation_context=context).intact
