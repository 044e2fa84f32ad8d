"""`./dev bench peers`: the same commands, one Python call each, on Yunhai's book and on its peers, interleaved in one run.

The peers are installed, by hash, in an environment of their own (build/peers). A round runs each once; the figures are
the best of the rounds and the ratios are within this run. A peer whose tape differs is void and said to be.
"""

import json
import subprocess
import sys

from bench import common, engine
from bench.peer_runner import PEERS


def environment() -> str:
    """The peers' Python, made on first use."""
    folder = common.ROOT / "build" / "peers"
    python = folder / "bin" / "python"
    lock = common.ROOT / "requirements" / "peers.lock"
    stamp = folder / "lock"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        print("installing the peers into build/peers …", file=sys.stderr)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], check=True)
        subprocess.run(
            [*uv, "pip", "install", "-q", "--require-hashes", "--python", str(python), "-r", str(lock)], check=True
        )
        stamp.write_text(lock.read_text())
    return str(python)


def run_peer(python: str, name: str) -> dict[str, float | str]:
    runner = str(common.ROOT / "bench" / "peer_runner.py")
    done = subprocess.run([python, runner, name, str(common.CACHE)], capture_output=True, text=True, check=True)
    answer: dict[str, float | str] = json.loads(done.stdout)
    return answer


def main() -> None:
    options = common.arguments(__doc__, rounds=3).parse_args()
    work = common.load()
    python = environment()
    arguments = engine.single_arguments(work)
    engine.single_seconds(work, arguments, check=True)
    total = len(arguments)
    own: list[float] = []
    peers: dict[str, list[float]] = {name: [] for name in PEERS}
    void: set[str] = set()
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        own.append(total / engine.single_seconds(work, arguments))
        for name in PEERS:
            answer = run_peer(python, name)
            peers[name].append(total / float(answer["seconds"]))
            if answer["tape_sha256"] != common.TAPE_SHA256:
                void.add(name)
    result: dict[str, object] = {"yunhai_commands_per_s": max(own)}
    for name, rates in peers.items():
        result[f"{name}_commands_per_s"] = "VOID: another tape" if name in void else max(rates)
        if name not in void:
            result[f"yunhai_over_{name}"] = max(own) / max(rates)
    common.report("peers", result, options)


if __name__ == "__main__":
    main()
