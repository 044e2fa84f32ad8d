"""A client that is not ours: pyHanko's CSC signer signs a PDF through the API, unchanged, and pyHanko finds it right."""

import asyncio
import io
from typing import Any

import aiohttp
from django.db import transaction
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.services.trust.csc_client import Program
from tests.services.trust.fake_process import FakeProcess
from tests.services.trust.house import House
from tests.services.trust.live import served


def document() -> bytes:
    """A PDF of one page."""
    made = writer.PdfFileWriter()
    page = writer.PageObject(
        contents=made.add_object(generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 720 Td (Yunhai) Tj ET")),
        media_box=generic.ArrayObject([generic.NumberObject(one) for one in (0, 0, 595, 842)]),
    )
    made.insert_page(page)
    output = io.BytesIO()
    made.write(output)
    return output.getvalue()


class _Manager(CSCAuthorizationManager):
    """What pyHanko leaves to whoever uses it: asking credentials/authorize with the person's code."""

    def __init__(self, session: aiohttp.ClientSession, code: str, *said: Any) -> None:
        super().__init__(*said)
        self._session, self._code = session, code

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        body = self.format_csc_auth_request(otp=self._code, hash_b64s=hash_b64s, description="pyHanko")
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        async with self._session.post(url, headers=self.auth_headers, json=body, raise_for_status=True) as answer:
            return self.parse_csc_auth_response(await answer.json())


async def _signed(address: str, credential: str, token: str, code: str) -> bytes:
    info = CSCServiceSessionInfo(service_url=address, credential_id=credential, oauth_token=token, api_ver="v1")
    async with aiohttp.ClientSession() as session:
        found = await fetch_certs_in_csc_credential(session, info)
        assert found.hash_pinning_required
        signer = CSCSigner(session, auth_manager=_Manager(session, code, info, found))
        meta = signers.PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256")
        output = io.BytesIO()
        await signers.async_sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(document())), meta, signer=signer, output=output
        )
    return output.getvalue()


def test_pyhanko_signs_a_pdf_and_finds_it_right(fake: FakeProcess, committed_db: Any) -> None:
    from asn1crypto import x509

    with transaction.atomic():
        house = House(fake)
    house.register()
    made = house.credential("document")
    token = Program(house, version="v1").token(house.investor)
    with served() as address:
        signed = asyncio.run(_signed(address, made["credential"], token, house.code()))
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
