"""What nobody waits for yet is held back for the next append, and never for long."""

import asyncio
from pathlib import Path

from tests.journal.makers import records
from yunhai.journal import Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.appender import Appender


def appender(folder: Path) -> Appender:
    def failed(error: YunhaiError) -> None:
        raise error

    made = Appender(Writer(folder), failed)
    made.start(asyncio.get_running_loop())
    return made


def test_held_records_reach_the_disk_by_themselves(tmp_path: Path) -> None:
    async def run() -> None:
        one = appender(tmp_path / "j")
        for number in range(20):
            last = one.append(records(3, 1 + number), hold=True)
            for _ in range(6_000):
                if one.writer.durable() >= last:
                    break
                await asyncio.sleep(0.01)
            assert one.writer.durable() >= last, "nobody asked for it, nothing came after it"
        one.close()
        one.writer.close()

    asyncio.run(run())


def test_whoever_waits_for_a_held_record_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        one = appender(tmp_path / "j")
        for number in range(200):
            one.append(records(2, 1 + number), hold=number % 3 != 0)
            await asyncio.wait_for(one.settled(), 60)
        assert one.writer.durable() == one.writer.submitted()
        one.append(records(2, 500), hold=True)
        one.close()
        one.writer.close()

    asyncio.run(run())
