"""`./dev bench engine`: the pinned 1,000,000 commands on the native book, every rule of twse-2026 on.

Says commands a second in batch (NumPy in, NumPy events out), of the same build without Python, of one Python call a
command with its report, p50 and p99 of a command, and callgrind's instructions a command. The batch run's tape must be
the pinned one, or the run is void.
"""

import json
import subprocess
import time
from pathlib import Path

import numpy as np

from bench import common
from yunhai.kernel.records import Kind

CHUNK = 4096


def batch_seconds(work: common.Work, *, check: bool) -> float:
    engine = common.open_book(work.config, work.start)
    tapes = []
    commands, total = work.commands, len(work.commands)
    done = 0
    began = time.perf_counter()
    while done < total:
        events, consumed = engine.process(commands[done : done + CHUNK])
        done += consumed
        if check:
            tapes.append(common.tape_of(events))
    seconds = time.perf_counter() - began
    if check:
        common.require_tape(np.concatenate(tapes))
    return seconds


def single_arguments(work: common.Work) -> list[tuple[int, ...]]:
    fields = ("kind", "order_id", "side", "price", "quantity", "time")
    return list(zip(*(work.commands[field].tolist() for field in fields), strict=True))


def single_seconds(work: common.Work, arguments: list[tuple[int, ...]], *, check: bool = False) -> float:
    """One call a command (limit ROD is what `submit` takes unless told); each report has status, order id, every fill."""
    engine = common.open_book(work.config, work.start)
    submit = engine.submit
    if check:
        tape = []
        for kind, order, side, price, quantity, moment in arguments:
            _, order_id, _, _, fills = submit(0, kind, order, side, price, quantity, moment)
            tape += [(other, order_id, at // common.TICK, shares // common.LOT) for at, shares, other in fills]
        common.require_tape(np.array(tape, dtype=np.int64))
    began = time.perf_counter()
    if not check:
        for kind, order, side, price, quantity, moment in arguments:
            submit(0, kind, order, side, price, quantity, moment)
    return time.perf_counter() - began


def write_native_inputs(work: common.Work) -> list[str]:
    """The files that `book_bench` reads: commands, ladder, numbers."""
    config = work.config
    numbers = [config.lot, config.max_quantity, config.reference, *config.allowed, *config.actions, int(config.shuffle)]
    numbers += [config.band_ppm, config.band_from, config.band_open_until, config.band_until, config.band_window_s]
    numbers += [config.halt_ns, common.ORDER_CAPACITY, common.ID_CAPACITY]
    paths = [common.CACHE / name for name in ("commands.bin", "ladder.bin", "numbers.bin")]
    work.commands.tofile(paths[0])
    np.asarray(config.prices, dtype=np.int32).tofile(paths[1])
    np.array(numbers, dtype=np.int64).tofile(paths[2])
    return [str(path) for path in paths]


def run_json(program: Path, arguments: list[str]) -> dict[str, float]:
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def instructions(program: Path, inputs: list[str]) -> float | None:
    """Callgrind instructions a command inside `Engine::process` (checks, matching, event writing); None without valgrind."""
    out = common.CACHE / "callgrind.out"
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={out}",
        "--toggle-collect=yunhai::Engine::process*",
    ]
    try:
        done = subprocess.run([*command, str(program), *inputs, "1"], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    line = next(line for line in done.stderr.splitlines() if "Collected" in line)
    return int(line.split(":")[1]) / int(json.loads(done.stdout)["commands"])


def main() -> None:
    parser = common.arguments(__doc__, rounds=5)
    parser.add_argument("--no-callgrind", action="store_true")
    options = parser.parse_args()
    work = common.load()
    total = len(work.commands)
    inputs = write_native_inputs(work)
    same_build = common.native_build("bench-native", "book_bench") / "native" / "book" / "book_bench"
    batch_seconds(work, check=True)
    arguments = single_arguments(work)
    single_seconds(work, arguments, check=True)
    batch, single, native = [], [], []
    for _ in range(options.rounds):  # interleaved, so that a slow moment of the machine meets all alike
        native.append(run_json(same_build, [*inputs, "3"])["best_rate"])  # the first round warms memory
        batch.append(total / batch_seconds(work, check=False))
        single.append(total / single_seconds(work, arguments))
    latency = run_json(same_build, [*inputs, "1", "latency"])
    counted = None
    if not options.no_callgrind:
        v3 = common.native_build("bench-v3", "book_bench", options=("-DYUNHAI_MARCH=x86-64-v3",))
        counted = instructions(v3 / "native" / "book" / "book_bench", inputs)
    common.report(
        "engine",
        {
            "tape_sha256": common.TAPE_SHA256,
            "commands": total,
            "new_orders": int((work.commands["kind"] == Kind.NEW).sum()),
            "batch_commands_per_s": max(batch),
            "native_core_commands_per_s": max(native),
            "batch_over_native_core": max(batch) / max(native),
            "one_call_with_report_commands_per_s": max(single),
            "command_p50_ns": latency["p50_ns"],
            "command_p99_ns": latency["p99_ns"],
            "callgrind_instructions_per_command": counted if counted is not None else "not counted (valgrind)",
        },
        options,
    )


if __name__ == "__main__":
    main()
