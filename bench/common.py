"""What every bench shares: the pinned order flow as commands, the book it runs on, the native build, the result file."""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import benchmark_page
from yunhai.apps.reference_data import rule_pack
from yunhai.exchange.books import BookConfig
from yunhai.exchange.rules.words import SecurityKind
from yunhai.exchange.venue_config import TradedToday, plan_day
from yunhai.kernel.clock import market_time
from yunhai.kernel.records import RECORD, TRADE, Kind, OrderType, Phase

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "bench"
TAPE_SHA256 = "a5890aa5ccffd4d38080b5a3814fea26b1c0e12f4c45b0f611d24cee19f6927e"
TICK = 50_000  # one workload tick is NT$5, in 1/10,000 NT$
LOT = 1_000
REFERENCE = 500_000_000  # NT$50,000
SPACING_NS = 1_000_000
DAY = date(2026, 7, 29)
ORDER_CAPACITY = 1 << 17
ID_CAPACITY = 1 << 20


@dataclass(frozen=True, slots=True)
class Work:
    """The pinned flow: `rows` as generated (type, id, side, price in ticks, lots), `commands` as the engine takes them,
    `tape` as expected (maker, taker, ticks, lots), `config` of the one book, `start` its market time in ns."""

    rows: NDArray[np.int64]
    commands: NDArray[np.void]
    tape: NDArray[np.int64]
    config: BookConfig
    start: int


def load() -> Work:
    """The pinned workload, generated once into build/bench and checked against its hash every time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / "tape.npy").exists():
        print("making the pinned workload (once) …", file=sys.stderr)
        subprocess.run(
            [sys.executable, str(ROOT / "bench" / "workload.py"), "1000000", "20260607", str(CACHE)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    rows, tape = np.load(CACHE / "workload.npy"), np.load(CACHE / "tape.npy")
    if hashlib.sha256(tape.tobytes()).hexdigest() != TAPE_SHA256:
        raise SystemExit("the workload's tape is not the pinned one: delete build/bench and run again")
    config = book_config()
    return Work(rows, to_commands(rows, start := config.band_from), tape, config, start)


def book_config() -> BookConfig:
    """The board-lot book of a stock at NT$50,000 under the pack `twse-2026`, every rule on."""
    pack = rule_pack("twse-2026")
    stock = TradedToday(code="9999", kind=SecurityKind.STOCK, reference=REFERENCE)
    plan = plan_day(pack=pack, day=DAY, instruments=[stock], seed=1)
    config = plan.books[0].config
    if config.lot != LOT or not config.band_ppm or config.band_from <= market_time(DAY, 0, offset=pack.utc_offset):
        raise SystemExit("the first book of the plan is not the board-lot book of the continuous session")
    return config


def to_commands(rows: NDArray[np.int64], start: int) -> NDArray[np.void]:
    """Workload rows as 64-byte commands, 1 ms apart from `start`."""
    out = np.zeros(len(rows), RECORD)
    is_cancel = rows[:, 0] == 1
    out["kind"] = np.where(is_cancel, Kind.CANCEL, Kind.NEW)
    out["version"] = 1
    out["time"] = start + np.arange(len(rows)) * SPACING_NS
    out["order_id"] = rows[:, 1]
    out["side"] = rows[:, 2] + 1
    out["price"] = np.where(is_cancel, 0, rows[:, 3] * TICK)
    out["quantity"] = np.where(is_cancel, 0, rows[:, 4] * LOT)
    out["order_type"] = OrderType.LIMIT
    out["tenant"] = out["account"] = 1
    return out


def open_book(
    config: BookConfig, start: int, *, order_capacity: int = ORDER_CAPACITY, id_capacity: int = ID_CAPACITY
) -> Any:
    """A native engine with the one book, in its continuous phase."""
    from yunhai.native import _book

    engine = _book.Engine(order_capacity=order_capacity, first_order_id=1, id_capacity=id_capacity)
    book = engine.add_book(config)
    engine.submit(book, Kind.PHASE, 0, Phase.CONTINUOUS, 0, 0, start)
    return engine


def tape_of(events: NDArray[np.void]) -> NDArray[np.int64]:
    """The trade tape (maker, taker, ticks, lots) of an event array."""
    trades = events[events["kind"] == Kind.TRADE].view(TRADE)
    by_buyer = trades["taker_side"] == 1
    maker = np.where(by_buyer, trades["sell_id"], trades["buy_id"])
    taker = np.where(by_buyer, trades["buy_id"], trades["sell_id"])
    return np.stack([maker, taker, trades["price"] // TICK, trades["quantity"] // LOT], axis=1).astype(np.int64)


def require_tape(tape: NDArray[np.int64]) -> None:
    """A run whose tape differs is void."""
    if hashlib.sha256(np.ascontiguousarray(tape).tobytes()).hexdigest() != TAPE_SHA256:
        raise SystemExit("VOID: the trade tape differs from the pinned one")


def native_build(name: str, target: str, *, options: tuple[str, ...] = ()) -> Path:
    """Build one native target into build/NAME and give its folder (for what Python modules do not hold)."""
    folder = ROOT / "build" / name
    configure = [
        "cmake",
        "-S",
        str(ROOT),
        "-B",
        str(folder),
        "-G",
        "Ninja",
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DCMAKE_BUILD_TYPE=Release",
    ]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in ([*configure, *options], ["cmake", "--build", str(folder), "--target", target]):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return folder


def best_of(rounds: int, run: Callable[[], float]) -> float:
    """The shortest of several runs, in seconds."""
    return min(run() for _ in range(rounds))


def machine() -> dict[str, object]:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "?",
    )
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}


def arguments(about: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """The options that every bench has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"interleaved rounds ({rounds})")
    parser.add_argument(
        "--record", action="store_true", help="keep the result in bench/results and docs/reference/benchmarks.md"
    )
    return parser


def report(name: str, result: dict[str, Any], options: argparse.Namespace) -> None:
    """Say the result and write it to build/bench, or, to be recorded, to bench/results and the page made of them."""
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    whole = {
        "bench": name,
        "commit": commit,
        "command": f"./dev bench {name}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        **result,
    }
    folder = ROOT / "bench" / "results" if options.record else CACHE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    if options.record:
        benchmark_page.PAGE.write_text(benchmark_page.page())
    if options.json:
        print(json.dumps(whole, ensure_ascii=False))
        return
    for key, value in result.items():
        shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
        print(f"{key:>44}  {shown}")
