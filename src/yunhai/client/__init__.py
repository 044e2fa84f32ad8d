"""A thin client of the cloud for Python: sign, send, follow (docs/guides/api.md, docs/concepts/cloud.md).

Whoever trades holds a P-256 key (`Signer`); an instruction is written (`Draft`), signed, and sent, one by one over HTTP
(`Client`, `AsyncClient`) or many at once over a WebSocket (`OrderSocket`). `Stream` follows quotes, fills and the pool.

>>> from yunhai.client import Draft, Signer
>>> signer = Signer.generate(key=7)
>>> draft = Draft(tenant=1, account=42, date="2026-08-21", key=7)
>>> order = draft.buy("2330", price="1080", quantity=1000)
>>> order.price, order.segment, order.time_in_force
('1080.00', 'board', 'rod')
>>> signed = signer.sign(order)
>>> signer.verifies(signed)
True

Nothing here needs Django or the rest of the house but the words of an order's path (`yunhai.trading`).
"""

from yunhai.client.answers import Batch, Rate, Refused
from yunhai.client.calls import Call
from yunhai.client.drafts import Draft
from yunhai.client.http import AsyncClient, Client
from yunhai.client.origin import Origin
from yunhai.client.signer import Signer
from yunhai.client.sockets import OrderSocket
from yunhai.client.stream import Message, Stream
from yunhai.client.tokens import ApiKey, FixedToken, Token
from yunhai.trading.http.structs import Ack

__all__ = [
    "Ack",
    "ApiKey",
    "AsyncClient",
    "Batch",
    "Call",
    "Client",
    "Draft",
    "FixedToken",
    "Message",
    "OrderSocket",
    "Origin",
    "Rate",
    "Refused",
    "Signer",
    "Stream",
    "Token",
]
