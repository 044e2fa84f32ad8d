"""A scripted broker: ten clients trade at once through the public API, each with a key and a token of their own.

    ./dev demo                                   # in another terminal
    ./dev run python examples/scripted_broker.py

Each client asks what an order would cost, places it, makes it smaller, changes its price, withdraws it, buys a few odd shares, and
sells what it holds at the best price bid. All ten go at once over one WebSocket each; every answer is waited for. The last
line counts what was asked and answered; a refusal is printed with its number and remedy, and the exit code is 1.

The demo plants ten clients for this program and keeps their keys in its credentials (mode 0600).
"""

import argparse
import asyncio
import base64
import json
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from yunhai.apps.cloud.demo import demo_home
from yunhai.client import Ack, ApiKey, AsyncClient, Draft, OrderSocket, Refused, Signer, Stream
from yunhai.trading.instructions import Instruction

CODE = "2317"
LOT = 1_000
TICK = Decimal("0.5")  # of a price between 100 and 500


@dataclass(kw_only=True)
class BrokerClient:
    """One client of the broker, as planted."""

    name: str
    tenant: int
    account: int
    signer: Signer
    tokens: ApiKey
    answers: list[float] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def planted(home: Path, origin: str) -> list[BrokerClient]:
    """The ten clients of the demo."""
    told = json.loads((home / "credentials" / "demo.json").read_text())["scripted"]
    return [
        BrokerClient(
            name=f"client {at}",
            tenant=one["tenant"],
            account=one["account"],
            signer=Signer.from_pem(base64.b64decode(one["pem"]), key=one["key"]),
            tokens=ApiKey(origin, one["client"], one["secret"]),
        )
        for at, one in enumerate(told, start=1)
    ]


async def best_prices(origin: str, client: BrokerClient) -> tuple[Decimal, Decimal]:
    """(bid, ask) of the board, once both are there."""
    async with Stream(origin, client.tokens) as stream:
        await stream.subscribe("quotes", codes=[CODE], segments=["board"])
        while True:
            quotes = (await stream.next(timeout_s=60)).body["data"]["quotes"]
            for quote in quotes:
                if quote["bids"] and quote["asks"]:
                    return Decimal(quote["bids"][0][0]), Decimal(quote["asks"][0][0])


async def trade(origin: str, client: BrokerClient, bid: Decimal, ask: Decimal) -> None:
    """One client's script."""
    async with AsyncClient(origin, client.tokens) as api, OrderSocket(origin, client.tokens) as orders:
        market = await api.market([CODE])
        draft = Draft(tenant=client.tenant, account=client.account, date=market.date, key=client.signer.key)

        async def send(instruction: Instruction) -> Ack | None:
            began = time.perf_counter()
            try:
                return await orders.place(client.signer.sign(instruction))
            except Refused as refusal:
                client.refused.append(refusal)
                return None
            finally:
                client.answers.append(time.perf_counter() - began)

        low = f"{bid - 10 * TICK:.2f}"
        wish = draft.buy(CODE, price=low, quantity=3 * LOT)
        preview = await api.preview(wish)
        print(f"{client.name}: 3 lots at {low} would reserve NT$ {preview.reserved.cash}")
        ack = await send(wish)
        if ack is not None:
            await send(draft.cut(ack.order_id, quantity=LOT))
            await send(draft.reprice(ack.order_id, price=f"{bid - 9 * TICK:.2f}"))
            await send(draft.cancel(ack.order_id))
        await send(draft.buy(CODE, price=f"{ask + 2 * TICK:.2f}", quantity=7, segment="odd_lot"))
        sold = await send(draft.sell(CODE, price=f"{bid - 2 * TICK:.2f}", quantity=LOT))
        if sold is not None:
            held = await api.order(sold.order_id)
            print(f"{client.name}: sold {held.filled} of {held.quantity} at {held.average_price or '-'}, {held.state}")


async def main(origin: str, home: Path) -> int:
    clients = planted(home, origin)
    bid, ask = await best_prices(origin, clients[0])
    print(f"{CODE}: bid {bid}, ask {ask}")
    began = time.perf_counter()
    await asyncio.gather(*(trade(origin, client, bid, ask) for client in clients))
    seconds = time.perf_counter() - began
    answers = sorted(answer for client in clients for answer in client.answers)
    refused = [(client, refusal) for client in clients for refusal in client.refused]
    for client, refusal in refused:
        print(f"{client.name}: refused {refusal} → {refusal.remedy()}")
    middle = answers[len(answers) // 2] * 1_000
    print(
        f"{len(clients)} clients, {len(answers)} signed instructions in {seconds:.2f} s, "
        f"{len(refused)} refused; answered in {middle:.1f} ms (median), {answers[-1] * 1_000:.1f} ms (longest)"
    )
    return 1 if refused else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--origin", default="http://localhost:8600")
    parser.add_argument("--home", type=Path, default=demo_home())
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.origin, asked.home)))
