"""Bodies of requests as the OpenAPI document shows them. Signatures are placeholders of the right length."""

from typing import Any, Final

_INSTRUCTION: Final[dict[str, Any]] = {
    "action": "new",
    "mode": "simulated",
    "tenant": 1,
    "account": 42,
    "client_id": "3f1c9f0a-5a53-4f0e-9a43-0d5f6a1f2b3c",
    "date": "2026-08-21",
    "nonce": "00112233445566778899aabbccddeeff",
    "signed_at": 1787277600000,
    "key": 7,
    "channel": "api",
    "code": "2330",
    "segment": "board",
    "side": "buy",
    "order_type": "limit",
    "time_in_force": "rod",
    "credit": "cash",
    "price": "1080.00",
    "quantity": 1000,
}

EXAMPLES: Final[dict[str, Any]] = {
    "placeOrder": {"instruction": _INSTRUCTION, "signature": "A" * 86},
    "previewOrder": _INSTRUCTION,
    "moveCash": {"account": 42, "amount": "100000", "kind": "deposit", "reference": "bank-20260821-001"},
    "moveShares": {"account": 42, "code": "2330", "quantity": 2000, "cost": "2000000", "reference": "tdcc-001"},
    "transfer": {"source": 42, "target": 43, "amount": "5000", "reference": "move-001"},
}
