"""Tokens: who asks. They live five minutes; an `ApiKey` fetches the next one before the last one ends."""

import time
from dataclasses import dataclass, field
from typing import Final, Protocol

import httpx
import msgspec

from yunhai.client import failures
from yunhai.client.answers import not_understood, refusal_of
from yunhai.client.origin import Origin, unreachable
from yunhai.kernel.errors import YunhaiError

EARLY_S: Final = 60
"""A token is renewed so long before it ends."""
TOKEN_PATH: Final = "/api/v1/token"  # noqa: S105 - a path
FIXED_LIFE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Token:
    """`text` goes into the Authorization header; `expires_at` in seconds since 1970."""

    text: str = field(repr=False)
    expires_at: float

    @property
    def fresh(self) -> bool:
        return time.time() < self.expires_at - EARLY_S


class Tokens(Protocol):
    """Whoever can give a token that is good for now."""

    def get(self) -> Token: ...
    async def get_async(self) -> Token: ...
    def forget(self) -> None: ...


class FixedToken:
    """A token that somebody else fetched."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get(self) -> Token:
        return Token(self._text, time.time() + FIXED_LIFE_S)

    async def get_async(self) -> Token:
        return self.get()

    def forget(self) -> None:
        """Nothing to forget: there is no other."""


class NoToken(FixedToken):
    """For what is open to anybody, and for the inner socket. YunhaiError 7406 where a token is asked for."""

    def __init__(self) -> None:
        super().__init__("")

    def get(self) -> Token:
        raise YunhaiError(failures.NO_TOKEN)


class ApiKey:
    """An API client's name and secret, exchanged for tokens at `origin`."""

    def __init__(self, origin: "str | Origin", client: str, secret: str, *, timeout_s: float = 10.0) -> None:
        self._origin = Origin.of(origin)
        self._body = {"client": client, "secret": secret}
        self._timeout_s = timeout_s
        self._token: Token | None = None

    def get(self) -> Token:
        """YunhaiError 7400, 7401; `Refused` if name or secret are wrong."""
        if self._token is None or not self._token.fresh:
            with self._origin.client(timeout_s=self._timeout_s) as client:
                try:
                    self._token = _token_in(client.post(TOKEN_PATH, json=self._body))
                except httpx.TransportError as error:
                    raise unreachable(self._origin, error) from error
        return self._token

    async def get_async(self) -> Token:
        """As `get`."""
        if self._token is None or not self._token.fresh:
            async with self._origin.async_client(timeout_s=self._timeout_s) as client:
                try:
                    self._token = _token_in(await client.post(TOKEN_PATH, json=self._body))
                except httpx.TransportError as error:
                    raise unreachable(self._origin, error) from error
        return self._token

    def forget(self) -> None:
        """Fetch a new one next time: the last was refused."""
        self._token = None


class _Answer(msgspec.Struct, frozen=True):
    token: str
    expires_in: float


def _token_in(response: httpx.Response) -> Token:
    if response.status_code >= httpx.codes.BAD_REQUEST:
        raise refusal_of(response.status_code, response.content)
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except msgspec.DecodeError as error:
        raise not_understood(response.status_code, str(error)) from None
    return Token(answer.token, time.time() + answer.expires_in)
