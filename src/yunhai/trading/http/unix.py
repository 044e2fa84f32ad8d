"""Asking over a socket in the file system: how the platform's processes speak with each other.

Nothing is encrypted there, so no authority is needed; httpx would read all of the system's for every client, some 20 ms each.
"""

import ssl
from pathlib import Path
from typing import Final

import httpx

_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: a TLS address through it fails."""


def unix_transport(socket: Path | str) -> httpx.HTTPTransport:
    """For an `httpx.Client` that asks whoever listens at `socket`."""
    return httpx.HTTPTransport(uds=str(socket), verify=_NO_TLS)


def unix_transport_async(socket: Path | str) -> httpx.AsyncHTTPTransport:
    """For an `httpx.AsyncClient` that asks whoever listens at `socket`."""
    return httpx.AsyncHTTPTransport(uds=str(socket), verify=_NO_TLS)
