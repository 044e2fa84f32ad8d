"""A PDF signed by pyHanko's own client of the Consortium's API, unchanged; knows nothing of this project's code."""

import io
from typing import Any

import aiohttp
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)


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


async def signed_pdf(address: str, credential: str, token: str, code: str) -> bytes:
    """A document, signed with a credential by the person's second factor."""
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
