"""Every call of the API the client knows, as data: the sync and the async client send the same ones.

A call says whether it may be sent again after a broken connection. An instruction may (same client id, same answer), so
may whatever has a `reference`, and whatever changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yunhai.trading.instructions import Instruction, SignedInstruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`body` is anything msgspec encodes, None for no body; `open`: no token is needed."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str | int] = field(default_factory=dict)
    repeatable: bool = True
    open: bool = False


def place(signed: SignedInstruction) -> Call:
    return Call(method="POST", path="/trade/v1/orders", body=signed)


def preview(instruction: Instruction) -> Call:
    return Call(method="POST", path="/trade/v1/preview", body=instruction)


def orders(account: int, state: str) -> Call:
    return Call(method="GET", path="/trade/v1/orders", query={"account": account, "state": state})


def order(order_id: int) -> Call:
    return Call(method="GET", path=f"/trade/v1/orders/{order_id}")


def account(number: int) -> Call:
    return Call(method="GET", path=f"/trade/v1/accounts/{number}")


def market(codes: Sequence[str]) -> Call:
    return Call(method="GET", path="/trade/v1/market", query={"codes": ",".join(codes)} if codes else {})


def limits(account: int) -> Call:
    return Call(method="GET", path="/trade/v1/limits", query={"account": account} if account else {})


def rejects() -> Call:
    return Call(method="GET", path="/trade/v1/rejects", open=True)


def cash(*, account: int, amount: str, kind: str, reference: str) -> Call:
    return Call(
        method="POST",
        path="/trade/v1/cash",
        body={"account": account, "amount": amount, "kind": kind, "reference": reference},
    )


def timeline(any_id: str | int) -> Call:
    return Call(method="GET", path=f"/api/v1/timeline/{any_id}")


def get(path: str, query: Mapping[str, str | int]) -> Call:
    return Call(method="GET", path=path, query=query)
