"""One order connection: messages in, answers out, many in flight. Knows no transport.

Messages are JSON (text) or msgpack (binary); an answer comes as its question did. First comes `auth`, again before the
token ends; on the inner socket no token is asked for. An answer leaves when the journal has synced what it tells, so
answers come in the order of durability.

    {"op":"auth","token":…}                      → {"op":"authenticated","expires":…,"mode":…}
    {"op":"order","id":1,"body":…}               → {"op":"ack","id":1,…} | {"op":"refused","id":1,"error":…,"mode":…}
    {"op":"orders","id":2,"bodies":[…],"at":[…]} → {"op":"answers","id":2,"answers":[{"op":"ack",…}|{"op":"refused",…}]}

`at` (inner socket, driven clock): the market time of each, not descending; the clock is moved there before it is decided.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import BATCH_ORDERS_MAX, SOCKET_IN_FLIGHT_MAX, SOCKETS_OF_ONE_MAX
from yunhai.trading.core import errors
from yunhai.trading.core.core import Core
from yunhai.trading.core.orders import Accepted, Ask, Outcome
from yunhai.trading.http.structs import Reserved
from yunhai.trading.instructions import SignedInstruction
from yunhai.trading.tokens import Claims

Send = Callable[[bytes, bool], None]
"""(message, packed): binary msgpack or JSON text."""
Close = Callable[[int], None]

POLICY: Final = 1008
"""The WebSocket's close code after a refused sign-in."""


class Auth(msgspec.Struct, frozen=True, tag_field="op", tag="auth", forbid_unknown_fields=True):
    token: str


class OrderMessage(msgspec.Struct, frozen=True, tag_field="op", tag="order", forbid_unknown_fields=True):
    id: int
    body: SignedInstruction


class OrdersMessage(msgspec.Struct, frozen=True, tag_field="op", tag="orders", forbid_unknown_fields=True):
    id: int
    bodies: list[SignedInstruction]
    at: list[int] = []


class _AnyId(msgspec.Struct, frozen=True):
    """As much of a malformed message as its answer needs."""

    id: int | None = None


class AckMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="ack", omit_defaults=True):
    """An Ack with the message's id (absent inside `answers`)."""

    id: int | None = None
    number: int
    order_id: int
    order_number: str
    client_id: str
    sequence: int
    accepted_at: str
    market_time: str
    reserved: Reserved
    mode: str


class RefusedMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="refused", omit_defaults=True):
    id: int | None = None
    error: dict[str, Any]
    mode: str


class Answers(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="answers"):
    id: int
    answers: list[AckMessage | RefusedMessage]


class Authenticated(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="authenticated"):
    expires: int
    mode: str


_Message = Auth | OrderMessage | OrdersMessage
_JSON: Final = msgspec.json.Decoder(_Message)
_PACKED: Final = msgspec.msgpack.Decoder(_Message)
_TO_JSON: Final = msgspec.json.Encoder()
_TO_PACKED: Final = msgspec.msgpack.Encoder()
_ID: Final = msgspec.json.Decoder(_AnyId)
_PACKED_ID: Final = msgspec.msgpack.Decoder(_AnyId)


def message_of(outcome: Outcome, mode: str, number: int | None) -> AckMessage | RefusedMessage:
    """What a connection says of an outcome."""
    if isinstance(outcome, YunhaiError):
        return RefusedMessage(id=number, error=outcome.as_json(), mode=mode)
    return AckMessage(
        id=number,
        number=outcome.number,
        order_id=outcome.order_id,
        order_number=outcome.order_number,
        client_id=outcome.client_id,
        sequence=outcome.sequence,
        accepted_at=outcome.accepted_at,
        market_time=outcome.market_time,
        reserved=Reserved(cash=outcome.cash, shares=outcome.shares),
        mode=mode,
    )


class OrderSession:
    """A connection's state. `take` is called for each message, `lost` once at the end. `admit` says whether a person may
    have one connection more."""

    def __init__(
        self, core: Core, send: Send, close: Close, *, inner: bool = False, admit: Callable[[int], bool] | None = None
    ) -> None:
        self._core = core
        self._send = send
        self._close = close
        self._admit = admit
        self._inner = inner
        self._claims: Claims | None = None
        self._in_flight = 0
        self._gone = False

    def take(self, message: bytes | str, *, packed: bool) -> None:
        """One message. What is wrong with it is answered; a refused sign-in ends the connection."""
        try:
            said = _PACKED.decode(message) if packed else _JSON.decode(message)  # type: ignore[arg-type]
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            error = YunhaiError(errors.SOCKET_MESSAGE, reason=str(problem))
            self._say(RefusedMessage(id=_id_of(message, packed), error=error.as_json(), mode=self._core.mode), packed)
            return
        try:
            match said:
                case OrderMessage():
                    self._require(1)
                    self._order(said, packed)
                case OrdersMessage():
                    self._require(len(said.bodies))
                    self._orders(said, packed)
                case Auth():
                    self._sign_in(said, packed)
        except YunhaiError as error:
            number = None if isinstance(said, Auth) else said.id
            self._say(RefusedMessage(id=number, error=error.as_json(), mode=self._core.mode), packed)
            if isinstance(said, Auth) or error.entry.http == 401:
                self._close(POLICY)

    @property
    def person(self) -> int:
        """Who signed in; 0: nobody yet."""
        return self._claims.person if self._claims is not None else 0

    def demand_token(self) -> None:
        """End the connection if nobody has signed in by now: without a token it only takes somebody's place."""
        if self._claims is None and not self._gone:
            error = YunhaiError(errors.TOKEN_MISSING)
            self._say(RefusedMessage(error=error.as_json(), mode=self._core.mode), False)
            self._close(POLICY)

    def lost(self) -> None:
        """The connection is gone; what is in flight goes on and is answered to nobody."""
        self._gone = True

    def _sign_in(self, said: Auth, packed: bool) -> None:
        claims = self._core.who(said.token)
        if self._claims is not None and claims.person != self._claims.person:
            raise YunhaiError(errors.TOKEN_CLAIMS, claim="sub")
        if self._claims is None and self._admit is not None and not self._admit(claims.person):
            raise YunhaiError(errors.SOCKETS_OF_ONE, most=SOCKETS_OF_ONE_MAX)
        self._claims = claims
        self._say(Authenticated(expires=claims.expires, mode=self._core.mode), packed)

    def _require(self, count: int) -> None:
        """A living token and room for `count` more."""
        if not self._inner:
            if self._claims is None:
                raise YunhaiError(errors.TOKEN_MISSING)
            if self._claims.expires <= time.time():
                raise YunhaiError(errors.TOKEN_EXPIRED)
            self._core.revocations.require(self._claims)
        if self._in_flight + count > SOCKET_IN_FLIGHT_MAX or count > BATCH_ORDERS_MAX:
            raise YunhaiError(errors.SOCKET_TOO_MANY, most=SOCKET_IN_FLIGHT_MAX)

    def _order(self, said: OrderMessage, packed: bool) -> None:
        self._in_flight += 1
        number = said.id

        def told(outcome: Outcome) -> None:
            self._in_flight -= 1
            if not self._gone:
                self._say(message_of(outcome, self._core.mode, number), packed)

        self._core.ask(Ask(said.body, self._claims, told))

    def _orders(self, said: OrdersMessage, packed: bool) -> None:
        count = len(said.bodies)
        if said.at and (not self._inner or len(said.at) != count):
            raise YunhaiError(errors.SOCKET_MESSAGE, reason="`at` is one time for each body, on the inner socket")
        if not count:
            self._say(Answers(id=said.id, answers=[]), packed)
            return
        self._in_flight += count
        answers: list[Any] = [None] * count
        left = count

        def teller(place: int) -> Callable[[Outcome], None]:
            def told(outcome: Outcome) -> None:
                nonlocal left
                left -= 1
                answers[place] = message_of(outcome, self._core.mode, None)
                if left == 0:
                    self._in_flight -= count
                    if not self._gone:
                        self._say(Answers(id=said.id, answers=answers), packed)

            return told

        times = said.at or [0] * count
        for place, (body, at) in enumerate(zip(said.bodies, times, strict=True)):
            self._core.ask(Ask(body, self._claims, teller(place), at))

    def _say(self, message: msgspec.Struct, packed: bool) -> None:
        self._send(_TO_PACKED.encode(message) if packed else _TO_JSON.encode(message), packed)


def _id_of(message: bytes | str, packed: bool) -> int | None:
    try:
        found = _PACKED_ID.decode(message) if packed else _ID.decode(message)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found.id


__all__ = ["Accepted", "OrderSession"]
