"""Run the pinned workload once on one peer, one call a command, and print one JSON line. Runs in the peers' environment.

usage: peer_runner.py NAME FOLDER      (FOLDER holds workload.npy)
Prints seconds and the tape's SHA-256; only a peer whose tape can be had is offered. Nothing of Yunhai is imported.
"""

import hashlib
import heapq
import json
import sys
import time
from collections import deque

import numpy as np

Rows = list[tuple[int, int, int, int, int]]
Tape = list[tuple[int, int, int, int]]


def bourse(rows: Rows) -> tuple[float, Tape]:
    """Rust book with a Python face. It numbers orders itself from 0, so workload id i is its order i - 1. Its calls
    return no fills; fetching them once at the end is part of the run, as a report is part of each call elsewhere."""
    import bourse as peer

    book = peer.core.OrderBook(0, 1)
    place, cancel, set_time = book.place_order, book.cancel_order, book.set_time
    moment = 0
    began = time.perf_counter()
    for kind, order, side, price, quantity in rows:
        moment += 1
        set_time(moment)  # without it, orders of one moment lose their time priority
        if kind == 1:
            cancel(order - 1)
        else:
            place(side == 0, quantity, 1, price=price)
    trades = book.get_trades()
    seconds = time.perf_counter() - began
    return seconds, [(passive + 1, active + 1, price, quantity) for _, _, price, quantity, active, passive in trades]


def orderly_chaos(rows: Rows) -> tuple[float, Tape]:
    """C++ book behind ctypes; trades arrive through a callback."""
    from orderly_chaos import LimitOrderBook

    trades = []
    book = LimitOrderBook(on_trade=trades.append)
    buy, sell, cancel = book.limit_buy, book.limit_sell, book.cancel
    began = time.perf_counter()
    for kind, order, side, price, quantity in rows:
        if kind == 1:
            cancel(order)
        elif side == 0:
            buy(order, quantity, price)
        else:
            sell(order, quantity, price)
    seconds = time.perf_counter() - began
    return seconds, [(trade.maker_id, trade.taker_id, trade.price, trade.quantity) for trade in trades]


def plain_python(rows: Rows) -> tuple[float, Tape]:
    """Dicts, deques and heaps: what a good Python programmer writes in an hour."""
    levels: tuple[dict[int, deque[list[int]]], dict[int, deque[list[int]]]] = ({}, {})
    heaps: tuple[list[int], list[int]] = ([], [])
    live: dict[int, list[int]] = {}
    tape: Tape = []
    began = time.perf_counter()
    for kind, order, side, price, quantity in rows:
        if kind == 1:
            entry = live.pop(order, None)
            if entry is not None:
                entry[1] = 0
            continue
        other, heap = levels[1 - side], heaps[1 - side]
        sign = 1 if side == 0 else -1
        while quantity and heap and heap[0] <= price * sign:
            best = heap[0] * sign
            queue = other[best]
            while queue and quantity:
                maker = queue[0]
                if maker[1] == 0:
                    queue.popleft()
                    continue
                filled = min(quantity, maker[1])
                quantity -= filled
                maker[1] -= filled
                tape.append((maker[0], order, best, filled))
                if maker[1] == 0:
                    queue.popleft()
                    live.pop(maker[0], None)
            if not queue:
                heapq.heappop(heap)
                del other[best]
        if quantity:
            entry = [order, quantity]
            live[order] = entry
            own = levels[side]
            if price not in own:
                own[price] = deque()
                heapq.heappush(heaps[side], price * -sign)
            own[price].append(entry)
    return time.perf_counter() - began, tape


PEERS = {"bourse": bourse, "orderly-chaos": orderly_chaos, "plain-python": plain_python}


def main() -> None:
    name, folder = sys.argv[1:]
    rows = [tuple(row) for row in np.load(f"{folder}/workload.npy").tolist()]
    seconds, tape = PEERS[name](rows)
    digest = hashlib.sha256(np.array(tape, dtype=np.int64).tobytes()).hexdigest()
    print(json.dumps({"peer": name, "seconds": seconds, "commands": len(rows), "tape_sha256": digest}))


if __name__ == "__main__":
    main()
