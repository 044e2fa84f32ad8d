"""What the tests of paper trading share: rules, orders in few words, and a day of seeded flow through the native engine."""

import random
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.market.replay_scene import NT, A, command, config, engine_events, price, source_of
from yunhai.apps.reference_data import pack_named
from yunhai.kernel.records import Kind, Side
from yunhai.market.paper.words import Change, PaperChange, PaperOrder, Result, Rules
from yunhai.market.replay.source import Listing, Source

PACK = pack_named("twse-2026")
ONE = (Listing(book=0, code="A", reference=10 * NT),)
FORCES = {"ROD": 0, "IOC": 3, "FOK": 4}


def rules(**fields: object) -> Rules:
    """NT$ 100,000 and 1,000 shares of A, the pack's charges."""
    said: dict[str, object] = {"pack": PACK, "cash": 100_000 * NT, "holdings": (("A", 1_000),)} | fields
    return Rules(**said)  # type: ignore[arg-type]


def order(text: str, *, number: int = 1, name: str = "A", time: int = 0) -> PaperOrder:
    """ "12 buy 40 10.05 IOC": position, side, shares, price (or "market"), and a force that is not ROD."""
    position, side, quantity, at, *force = text.split()
    return PaperOrder(
        number=number,
        position=int(position),
        name=name,
        side=Side.BUY if side == "buy" else Side.SELL,
        quantity=int(quantity),
        price=0 if at == "market" else price(float(at)),
        order_type=1 if at == "market" else 2,
        time_in_force=FORCES[force[0]] if force else 0,
        time=time,
    )


def orders(*texts: str) -> list[PaperOrder | PaperChange]:
    """Several, numbered as they come; "16 cancel 1", "16 cut 1 10", "16 reprice 1 10.10" are changes of an earlier one."""
    made: list[PaperOrder | PaperChange] = []
    for number, text in enumerate(texts, start=1):
        position, word, *rest = text.split()
        if word in ("buy", "sell"):
            made.append(order(text, number=number))
            continue
        made.append(
            PaperChange(
                number=number,
                position=int(position),
                order=int(rest[0]),
                change=Change[word.upper()],
                quantity=int(rest[1]) if word == "cut" else 0,
                price=price(float(rest[1])) if word == "reprice" else 0,
            )
        )
    return made


def fills(result: Result) -> list[str]:
    """ "1 40 10.05 took": order, shares, price, how."""
    return [f"{one.number} {one.quantity} {one.price / NT:.2f} {one.how}" for one in result.fills]


def refused(result: Result) -> list[tuple[int, int]]:
    return [(one.number, one.code) for one in result.refusals]


def random_commands(seed: int, count: int, *, book: int = A, middle: float = 10.0) -> NDArray[np.void]:
    """An auction, then continuous trading around a price that wanders, cancels, cuts, re-prices, then a closing auction; ten
    commands a second from 09:00:00."""
    rng = random.Random(seed)
    collected = count // 6
    parts = [command(Kind.PHASE, 0, book, side=1)]
    alive: list[int] = []
    for number in range(1, count + 1):
        second = number / 10
        if number == collected:
            parts += [command(Kind.UNCROSS, second, book), command(Kind.PHASE, second, book, side=2)]
        if number == count - count // 10:
            parts.append(command(Kind.PHASE, second, book, side=1))
        what = rng.random()
        if alive and what < 0.2:
            parts.append(command(Kind.CANCEL, second, book, order_id=alive.pop(rng.randrange(len(alive)))))
            continue
        if alive and what < 0.25:
            parts.append(command(Kind.CUT, second, book, order_id=rng.choice(alive), quantity=rng.randrange(1, 40)))
            continue
        if alive and what < 0.3:
            at = price(middle + 0.05 * rng.randrange(-3, 4))
            parts.append(command(Kind.REPRICE, second, book, order_id=rng.choice(alive), price=at))
            continue
        middle = min(10.5, max(9.7, middle + 0.05 * rng.choice((-1, 0, 0, 0, 1))))
        alive.append(number)
        parts.append(
            command(
                Kind.NEW,
                second,
                book,
                order_id=number,
                side=rng.choice((1, 2)),
                price=price(round(middle / 0.05) * 0.05 + 0.05 * rng.randrange(-3, 4)),
                quantity=rng.randrange(1, 100),
                order_type=2,
                time_in_force=rng.choice((0, 0, 0, 0, 3)) if collected < number < count - count // 10 else 0,
            )
        )
    end = (count + 1) / 10
    parts += [command(Kind.UNCROSS, end, book), command(Kind.PHASE, end, book, side=4), command(Kind.EXPIRE, end, book)]
    return np.concatenate(parts)


FINE = replace(config(10 * NT), prices=np.arange(9 * NT, 11 * NT + 1, 500, dtype=np.int32))
"""A's book with the ticks and limits that the pack has for it."""


def random_source(seed: int, count: int = 600) -> Source:
    """Such a day as a source."""
    return source_of(engine_events(random_commands(seed, count), FINE), ONE, f"test/{seed}")
