"""What the follower asks of the trust process: tokens, status answers, the certificates above, over its inner socket."""

from pathlib import Path
from typing import Final, Protocol

import httpx

from yunhai.kernel.errors import YunhaiError
from yunhai.services.trust.errors import PROCESS_AWAY
from yunhai.trading.http.unix import unix_transport

_TIMEOUT_S: Final = 5.0


class Trust(Protocol):
    """What the follower asks of the trust process. PROCESS_AWAY where it does not answer."""

    def issuer(self) -> bytes:
        """DER of the issuing CA."""

    def root(self) -> bytes:
        """DER of the root."""

    def stamp(self, request: bytes) -> bytes:
        """A TimeStampResp."""

    def checkpoint(self, request: bytes) -> bytes:
        """A TimeStampResp over a journal checkpoint."""

    def status(self, request: bytes) -> bytes:
        """An OCSP response."""

    def revocation_list(self) -> bytes:
        """The newest list."""


class TrustSocket:
    """The trust process over its socket."""

    def __init__(self, socket: Path) -> None:
        transport = unix_transport(socket)
        self._client = httpx.Client(transport=transport, base_url="http://trust", timeout=_TIMEOUT_S, trust_env=False)

    def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        try:
            answer = self._client.request(method, path, content=body, headers={"content-type": kind} if kind else {})
        except httpx.HTTPError as problem:
            raise YunhaiError(PROCESS_AWAY) from problem
        if not answer.is_success:
            raise YunhaiError(PROCESS_AWAY)
        return answer.content

    def issuer(self) -> bytes:
        return self._ask("GET", "/pki/ca.cer")

    def root(self) -> bytes:
        return self._ask("GET", "/pki/root.cer")

    def stamp(self, request: bytes) -> bytes:
        return self._ask("POST", "/pki/tsa", request, "application/timestamp-query")

    def checkpoint(self, request: bytes) -> bytes:
        return self._ask("POST", "/checkpoint", request, "application/timestamp-query")

    def status(self, request: bytes) -> bytes:
        return self._ask("POST", "/pki/ocsp", request, "application/ocsp-request")

    def revocation_list(self) -> bytes:
        return self._ask("GET", "/pki/ca.crl")
