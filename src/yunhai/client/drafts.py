"""Writing instructions in their only normal form, with everything that is the same from one to the next said once."""

import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from yunhai.kernel.money import price_of, price_text
from yunhai.trading.instructions import Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """For one account on one market date, signed by one key.

    Prices are decimal text; `client_id` a UUID, a new one unless given. To send the same instruction again, send the
    same *signed* instruction again: a new draft has another nonce and is another body.

    >>> draft = Draft(tenant=1, account=42, date="2026-08-21", key=7)
    >>> draft.sell("2330", quantity=7, price="1080.5", segment="odd_lot").price
    '1080.50'
    >>> draft.cut(9001, quantity=1000).action
    'cut'
    """

    tenant: int
    account: int
    date: str
    key: int
    channel: str = "api"
    mode: str = "simulated"

    def buy(self, code: str, *, quantity: int, price: str = "", **more: str) -> Instruction:
        """A new buy; see `new`."""
        return self.new("buy", code, quantity=quantity, price=price, **more)

    def sell(self, code: str, *, quantity: int, price: str = "", **more: str) -> Instruction:
        """A new sell; see `new`."""
        return self.new("sell", code, quantity=quantity, price=price, **more)

    def new(
        self,
        side: str,
        code: str,
        *,
        quantity: int,
        price: str = "",
        segment: str = "board",
        time_in_force: str = "rod",
        credit: str = "cash",
        client_id: str = "",
    ) -> Instruction:
        """A new order: limit at `price`, or market if that is empty. Quantity in shares. YunhaiError 2101-2103."""
        return self._instruction(
            "new",
            client_id,
            code=code,
            segment=segment,
            side=side,
            order_type="limit" if price else "market",
            time_in_force=time_in_force,
            credit=credit,
            price=price_text(price_of(price)) if price else "",
            quantity=quantity,
        )

    def cancel(self, order: int, *, client_id: str = "") -> Instruction:
        return self._instruction("cancel", client_id, order=order)

    def cut(self, order: int, *, quantity: int, client_id: str = "") -> Instruction:
        """Take `quantity` shares off what is left of an order."""
        return self._instruction("cut", client_id, order=order, quantity=quantity)

    def reprice(self, order: int, *, price: str, client_id: str = "") -> Instruction:
        return self._instruction("reprice", client_id, order=order, price=price_text(price_of(price)))

    def _instruction(self, action: str, client_id: str, **fields: object) -> Instruction:
        return Instruction(
            action=action,
            mode=self.mode,
            tenant=self.tenant,
            account=self.account,
            client_id=client_id or str(uuid4()),
            date=self.date,
            nonce=secrets.token_hex(16),
            signed_at=time.time_ns() // 1_000_000,
            key=self.key,
            channel=self.channel,
            **fields,  # type: ignore[arg-type]
        )
