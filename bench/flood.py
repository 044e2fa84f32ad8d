"""`./dev bench flood`: what a flooding broker does to the others, from end to end.

The core runs as under `yunhai up`, line caps in force: ten brokers with two exchange lines of 20 messages a second each (study
表4.5.3), signatures checked, the journal synced. Nine brokers send at random at 75 % of their guarantee. The tenth does as
they do in one turn and floods in the next, with far more than all lines together carry, its rate limit lifted: what its queue
does not hold is refused. Short turns in pairs, since this machine's own unrest comes in stretches; a pair in which the sender
itself was late is left out and counted. All senders are one process, so that a flood takes no more processors than a quiet
turn.

Stated are, of the nine, the time from the intended moment of sending to the durable acknowledgement, and what follows it: the
wait for an exchange line, by the journal's own times. What a flood moves is the median, over the pairs, of flooded ÷ quiet.
"""

import asyncio
import gc
import multiprocessing
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from numpy.typing import NDArray

from bench import common
from bench.load import flow, sender
from yunhai.journal.reader import Reader
from yunhai.kernel.records import Kind
from yunhai.trading.core.packing import Accepted, Events, pieces
from yunhai.trading.instructions import INSTRUCTION

GUARANTEE = 40.0
USUAL = 0.75 * GUARANTEE
FLOOD = 600.0
TENTH = flow.BROKERS
LATE_S = 0.015
"""A sender later than this has told of the machine, not of the core."""
DRAIN_S = 60
PARTS = (50, 90, 99)
Numbers = NDArray[np.float64]


def moments(rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds at which to send, at random."""
    chance, found, at = random.Random(seed), [], 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        found.append(at)
    return found


def turn(socket: str, tokens: dict[int, str], seconds: float, flooding: bool, seed: int) -> dict[str, Any]:
    """One turn, in a process of its own: the nine's latencies (s), the tenth's rates, how late the sender was."""
    people = flow.traders()
    tenth = FLOOD if flooding else USUAL
    begin = time.time() + (USUAL * (TENTH - 1) + tenth) * seconds / sender.SIGNING_A_SECOND + 1.5
    sides = []
    for brokers, rate in ((range(1, TENTH), USUAL * (TENTH - 1)), (range(TENTH, TENTH + 1), tenth)):
        who = [one for one in people if one.tenant in brokers]
        at = moments(rate, seconds, seed + TENTH * (TENTH in brokers))
        messages = flow.orders(who, len(at), rate=rate, begin_ms=int(begin * 1000), seed=seed + TENTH)
        sides.append(sender.Load(socket, {one: tokens[one] for one in brokers}, messages, rate, at))

    async def go() -> list[sender.Result]:
        return list(await asyncio.gather(*(side.run(begin) for side in sides)))

    gc.freeze()
    gc.disable()
    nine, one = uvloop.run(go())
    if nine.refused:
        raise SystemExit(f"VOID: another broker was refused: {nine.refused}")
    return {
        "latency": nine.latency,
        "late": nine.late,
        "tenth_sent": len(one.latency),
        "tenth_refused": sum(one.refused.values()),
    }


def waits(journal: Path, from_sequence: int) -> Numbers:
    """Seconds from acceptance to the venue of every new order of the nine since a sequence, by the journal's times."""
    accepted: dict[int, int] = {}
    found: list[float] = []
    for group in Reader(journal, from_sequence):
        for piece in pieces(group, from_sequence):
            if isinstance(piece, Accepted):
                record = np.frombuffer(piece.record, INSTRUCTION)[0]
                if not record["code"] and record["tenant"] < TENTH:
                    accepted[int(record["order_id"])] = piece.time
            elif isinstance(piece, Events):
                for order, moment in piece.records[piece.records["kind"] == Kind.NEW][["order_id", "time"]].tolist():
                    if order in accepted:
                        found.append((moment - accepted.pop(order)) / 1e9)
    return np.array(found)


def drain(core: flow.LoadedCore) -> None:
    """Until nothing waits for a line, so that the next turn begins as the first did."""
    until = time.monotonic() + DRAIN_S
    while core.status()["queued"]:
        if time.monotonic() > until:
            raise SystemExit("VOID: the lines do not get done with what waits")
        time.sleep(0.2)


def run(pairs: int, seconds: float) -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="yunhai-flood-"))
    acks: list[tuple[Numbers, Numbers]] = []
    lines: list[tuple[Numbers, Numbers]] = []
    left_out, sent, refused = 0, 0, 0
    try:
        with flow.LoadedCore(home, "--lift-rates") as core, multiprocessing.get_context("spawn").Pool(1) as pool:
            core.prepare()
            tokens = {tenant: core.token(tenant) for tenant in range(1, TENTH + 1)}
            for pair in range(-1, pairs):  # the first warms up
                both, late = [], 0.0
                for flooding in (False, True):
                    sequence = core.status()["sequence"]
                    told = pool.apply(turn, (str(core.places.core_socket), tokens, seconds, flooding, 100 + pair))
                    drain(core)
                    both.append((told["latency"], waits(core.places.journal, sequence + 1)))
                    late = max(late, told["late"])
                if pair < 0:
                    continue
                if late > LATE_S:
                    left_out += 1
                    continue
                sent, refused = sent + told["tenth_sent"], refused + told["tenth_refused"]
                acks.append((both[0][0], both[1][0]))
                lines.append((both[0][1], both[1][1]))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if len(acks) < pairs / 2:
        raise SystemExit(f"VOID: the sender was late in {left_out} of {pairs} pairs")
    found: dict[str, Any] = {
        "pairs": len(acks),
        "pairs_left_out": left_out,
        "seconds_a_turn": seconds,
        "the_nine_each_per_s": USUAL,
        "the_flood_per_s": sent / len(acks) / seconds,
        "of_it_refused_per_s": refused / len(acks) / seconds,
    }
    for name, compared in (("to_durable", acks), ("then_to_the_market", lines)):
        for part in PARTS:
            each = [tuple(float(np.nanpercentile(side, part)) * 1e3 for side in pair) for pair in compared]
            found[f"{name}_p{part}_ms_quiet"] = statistics.median(quiet for quiet, _ in each)
            found[f"{name}_p{part}_ms_flooded"] = statistics.median(flooded for _, flooded in each)
            if all(quiet for quiet, _ in each):
                found[f"{name}_p{part}_moved_by"] = statistics.median(flooded / quiet for quiet, flooded in each) - 1
    return found


def main() -> None:
    parser = common.arguments(__doc__, rounds=12)
    parser.add_argument("--seconds", type=float, default=6.0, help="of a turn (6)")
    options = parser.parse_args()
    common.report("flood", run(options.rounds, options.seconds), options)


if __name__ == "__main__":
    main()
