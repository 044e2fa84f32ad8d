"""`./dev bench recover`: from the journal that `durable` writes to the same state hash, by replay alone.

Every group's hash chain and checksums are proven, every command is run again by the engine and every event compared
byte for byte with the journal's. No snapshot is used.
"""

import tempfile
import time
from pathlib import Path

from bench import common, durable
from yunhai.journal import Writer
from yunhai.journal.replay import Replayed, replay
from yunhai.native import _book


def recover(journal: Path) -> tuple[float, Replayed, bytes]:
    """Seconds, what was replayed, the state hash reached."""
    venue, _ = durable.venue_on(lambda events: None)
    engine = _book.Engine(order_capacity=common.ORDER_CAPACITY, first_order_id=1, id_capacity=common.ID_CAPACITY)
    for config in venue.configs():
        engine.add_book(config)
    began = time.perf_counter()
    result = replay(journal, engine)
    state = engine.state_hash()
    return time.perf_counter() - began, result, state


def main() -> None:
    options = common.arguments(__doc__, rounds=5).parse_args()
    work = common.load()
    with tempfile.TemporaryDirectory(dir=common.CACHE) as folder:
        journal = Path(folder) / "journal"
        expected = durable.durable(work, journal)["state"]
        with Writer(journal) as opened:  # opening proves it once more, as a restart would
            records = opened.submitted()
        runs = [recover(journal) for _ in range(options.rounds)]
    for _, _, state in runs:
        if state != expected:
            raise SystemExit("VOID: the recovered state differs")
    seconds, result, _ = min(runs, key=lambda run: run[0])
    common.report(
        "recover",
        {
            "records": records,
            "commands": result.commands,
            "seconds": seconds,
            "commands_per_s": result.commands / seconds,
            "state_hash": expected.hex(),
        },
        options,
    )


if __name__ == "__main__":
    main()
