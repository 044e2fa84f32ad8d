"""`./dev bench recover`: from the journal that `durable` writes to the same state hash, by replay alone.

Every group's hash chain and checksums are proven, every command is run again by the engine and every event compared
byte for byte with the journal's. No snapshot is used.
"""

import argparse
import time

from bench import common, durable
from yunhai.journal import Writer
from yunhai.journal.replay import Replayed, replay
from yunhai.native import _book


def prepare(work: common.Work) -> bytes:
    """The journal of the pinned workload, written once a run; the state hash that it must lead to."""
    return durable.durable(work, common.CACHE / "recover")["state"]


def recover() -> tuple[float, Replayed, bytes]:
    venue, _ = durable.venue_on(lambda events: None)
    engine = _book.Engine(order_capacity=common.ORDER_CAPACITY, first_order_id=1, id_capacity=common.ID_CAPACITY)
    for config in venue.configs():
        engine.add_book(config)
    began = time.perf_counter()
    result = replay(common.CACHE / "recover", engine)
    return time.perf_counter() - began, result, engine.state_hash()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    work = common.load()
    expected = prepare(work)
    with Writer(common.CACHE / "recover") as journal:  # opening proves it once more, as a restart would
        records = journal.submitted()
    runs = [recover() for _ in range(options.rounds)]
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
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
