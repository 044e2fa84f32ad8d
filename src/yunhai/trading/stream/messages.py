"""What travels on `/stream/v1`, both ways: JSON text frames.

    → {"op":"auth","token":…}
    ← {"op":"authenticated","expires":…,"mode":…}
    → {"op":"subscribe","channel":"quotes","codes":["2330"]}
    ← {"op":"snapshot","channel":"quotes","sequence":1,"as_of":8120,"data":{"quotes":[…]}}
    ← {"op":"update","channel":"quotes","sequence":2,"as_of":8154,"data":{"quotes":[…]}}
    → {"op":"subscribe","channel":"orders","account":70}
    ← {"op":"snapshot","channel":"orders","account":70,"sequence":1,"as_of":8154,"data":{"account":…,"orders":[…],…}}
    → {"op":"unsubscribe","channel":"quotes","codes":["2330"]}
    ← {"op":"unsubscribed","channel":"quotes"}
    ← {"op":"refused","channel":…,"error":…,"mode":…}

`sequence` counts the messages of one channel (of `orders`: of one account) on one connection from 1 without a gap. What is
subscribed a second time answers with a fresh snapshot. `as_of`, of quotes, boards and orders: the last journal record in them.
"""

from typing import Any, Final, Literal

import msgspec

from yunhai.kernel.errors import YunhaiError

CHANNELS: Final = ("quotes", "boards", "orders", "pool", "market")
SEGMENTS: Final = ("board", "odd_lot", "odd_lot_after", "fixed_price")
FIRST_SEGMENTS: Final = ("board", "odd_lot")
"""The segments of quotes where none are named."""


class Auth(msgspec.Struct, frozen=True, tag_field="op", tag="auth", forbid_unknown_fields=True):
    """First, and again before the token ends."""

    token: str


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`codes` and `segments` of quotes, `account` of orders. `after`: the last sequence that the reader has of the channel;
    whatever it is, the answer is a fresh snapshot, and nothing that lies between is sent again."""

    channel: str
    codes: tuple[str, ...] = ()
    segments: tuple[Literal["board", "odd_lot", "odd_lot_after", "fixed_price"], ...] = FIRST_SEGMENTS
    account: int | str = 0
    after: int = 0


class Subscribe(Wanted, frozen=True, tag_field="op", tag="subscribe", forbid_unknown_fields=True):
    """Begin, or begin again."""


class Unsubscribe(Wanted, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True):
    """End what was subscribed with the same words."""


Said = Auth | Subscribe | Unsubscribe
DECODER: Final = msgspec.json.Decoder(Said)
ENCODER: Final = msgspec.json.Encoder()


def refused(error: YunhaiError, mode: str, asked: Wanted | None = None) -> bytes:
    """A refusal, with the channel it is about."""
    body: dict[str, Any] = {"op": "refused", "error": error.as_json(), "mode": mode}
    if asked is not None:
        body["channel"] = asked.channel
        if asked.account:
            body["account"] = asked.account
    return ENCODER.encode(body)


def message(op: str, channel: str, sequence: int, data: bytes, *, account: int = 0, as_of: int | None = None) -> bytes:
    """A snapshot or an update around `data`, which is JSON already."""
    about = b',"account":%d' % account if account else b""
    state = b',"as_of":%d' % as_of if as_of is not None else b""
    return b'{"op":"%s","channel":"%s"%s,"sequence":%d%s,"data":%s}' % (
        op.encode(),
        channel.encode(),
        about,
        sequence,
        state,
        data,
    )


def quotes_data(parts: list[bytes], unknown: list[str] | None = None) -> bytes:
    """The data of quotes, of written quotes."""
    more = b',"unknown":' + ENCODER.encode(unknown) if unknown else b""
    return b'{"quotes":[' + b",".join(parts) + b"]" + more + b"}"
