"""`./dev bench orders`: signed orders to durable acknowledgements over WebSocket, in an open model.

The core runs as it does under `yunhai up`, with its two sockets, the venue's timetable, the gate with every signature
checked, the journal synced; only line caps and rate limits are lifted. Another process sends signed orders of ten brokers
over ten connections at their intended moments and takes the time from then to the acknowledgement. First 1,000 a second;
then rates rising by half a thousand until the p99 passes 50 ms. `--rate` measures one rate only, `--profile` prints where
the core's time goes.
"""

import argparse
import multiprocessing
import pstats
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench import common
from bench.load import flow, sender

FIRST_RATE = 1_000
STEP = 500
GOAL_MS = 50.0


def one_rate(core: flow.LoadedCore, rate: int, seconds: float, seed: int) -> dict[str, Any]:
    """One rate for `seconds`: percentiles in ms, acknowledged a second, the core's processor time for an order."""
    count = int(rate * seconds)
    tokens = {tenant: core.token(tenant) for tenant in range(1, flow.BROKERS + 1)}
    sequence = core.status()["sequence"]
    used, loop = core.cpu_seconds(), core.cpu_seconds(loop_only=True)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result: sender.Result = pool.apply(
            sender.run, (str(core.places.core_socket), tokens), {"rate": float(rate), "count": count, "seed": seed}
        )
    used, loop = core.cpu_seconds() - used, core.cpu_seconds(loop_only=True) - loop
    milliseconds = result.latency * 1e3
    answered = int(np.isfinite(milliseconds).sum())
    refused = sum(result.refused.values())
    if refused:
        raise SystemExit(f"VOID: orders were refused: {result.refused}")
    span = max(seconds, float(np.nanmax(result.latency + np.arange(count) / rate)))
    return {
        "rate": rate,
        "seconds": seconds,
        "answered": answered,
        "lost": count - answered,
        "held_per_s": answered / span,
        "p50_ms": float(np.nanpercentile(milliseconds, 50)),
        "p99_ms": float(np.nanpercentile(milliseconds, 99)),
        "max_ms": float(np.nanmax(milliseconds)),
        "core_cpu_us_an_order": used / count * 1e6,
        "loop_cpu_us_an_order": loop / count * 1e6,
        "sender_late_ms": result.late * 1e3,
        "journal_records": core.status()["sequence"] - sequence,
    }


def tell(found: dict[str, Any]) -> None:
    print(
        f"{found['rate']:>6}/s  p50 {found['p50_ms']:8.2f} ms  p99 {found['p99_ms']:8.2f} ms  max {found['max_ms']:8.1f} ms  "
        f"held {found['held_per_s']:8.0f}/s  core {found['core_cpu_us_an_order']:4.0f} µs/order, "
        f"loop {found['loop_cpu_us_an_order']:4.0f}  "
        f"lost {found['lost']}  sender late {found['sender_late_ms']:.1f} ms",
        flush=True,
    )


def holds(found: dict[str, Any]) -> bool:
    return found["p99_ms"] <= GOAL_MS and not found["lost"]


def climb(core: flow.LoadedCore, seconds: float, most: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(at the first rate, at the highest that held)."""
    first = one_rate(core, FIRST_RATE, seconds, 1)
    tell(first)
    best = first if holds(first) else None
    rate = FIRST_RATE
    while best is not None and rate < most:
        rate += STEP
        found = one_rate(core, rate, seconds, rate)
        tell(found)
        if not holds(found):
            break
        best = found
    return first, best


def arguments() -> argparse.Namespace:
    parser = common.arguments(__doc__, rounds=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each rate (60)")
    parser.add_argument("--rate", type=int, help="this rate only")
    parser.add_argument("--most", type=int, default=5_000, help="the highest rate tried (5000)")
    parser.add_argument("--profile", action="store_true", help="profile the core (it is slower then)")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    home = Path(tempfile.mkdtemp(prefix="yunhai-orders-"))
    profile = home / "core.prof" if options.profile else None
    try:
        with flow.LoadedCore(home, "--lift-line-caps", "--lift-rates", profile=profile) as core:
            core.prepare()
            if options.rate:
                found = one_rate(core, options.rate, options.seconds, 1)
                tell(found)
            else:
                first, best = climb(core, options.seconds, options.most)
        if profile is not None:
            stats = pstats.Stats(str(profile)).strip_dirs()
            stats.sort_stats("tottime").print_stats(40)
            stats.sort_stats("cumulative").print_stats(
                r"yunhai|sansio|frames|session|deciding|core.py|socket.py|appender|gate|checks|orders|books|shape|venue|tally|streams|sync",
                70,
            )
            return
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if options.rate:
        return
    highest = best or {"rate": 0, "p50_ms": float("nan"), "p99_ms": float("nan"), "core_cpu_us_an_order": 0.0}
    common.report(
        "orders",
        {
            "seconds_of_each_rate": options.seconds,
            "at_1000_per_s_p50_ms": first["p50_ms"],
            "at_1000_per_s_p99_ms": first["p99_ms"],
            "highest_rate_with_p99_up_to_50_ms_per_s": highest["rate"],
            "there_p50_ms": highest["p50_ms"],
            "there_p99_ms": highest["p99_ms"],
            "there_core_processor_us_an_order": highest["core_cpu_us_an_order"],
            "at_1000_per_s_core_processor_us_an_order": first["core_cpu_us_an_order"],
        },
        options,
    )


if __name__ == "__main__":
    main()
