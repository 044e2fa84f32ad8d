"""The probe's tries on a line server: each gets the answer it must get, and a line that is up stays so."""

import asyncio
from pathlib import Path

from tests.trading.lines.test_wire import Authority, far_end, port_of
from yunhai.apps.trust.probe import Holder
from yunhai.apps.trust.probe_lines import LineTarget, tried
from yunhai.trading.trust.profiles import Profile, Subject, line_subject


def test_every_try_is_refused_as_it_should(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("server", Profile.SERVER, Subject(common="exchange"), hosts=("localhost",))
    made = {
        name: Holder(*authority.issue(name, profile, subject), lambda: None)
        for name, profile, subject in (
            ("7A", Profile.LINE, line_subject("7A", "9801")),
            ("8A", Profile.LINE, line_subject("8A", "9802")),
            ("broker", Profile.BROKER, Subject(common="b")),
        )
    }

    async def run() -> None:
        async with far_end(authority) as far:
            up = port_of(far)
            assert await up.connect("7A", "9801", "right") == 0
            target = LineTarget(
                port=far.port,
                chain=authority.chain,
                line="7A",
                broker="9801",
                own=made["7A"],
                other=made["8A"],
                of_broker=made["broker"],
            )
            found = await asyncio.to_thread(tried, target)
            assert [(one.en, one.found) for one in found if not one.held] == []
            assert len(found) == 7
            assert far.listener.lines == ("7A",)
            assert far.listener.refused == {6303: 1, 6840: 3, 6833: 1}
            await up.close()

    asyncio.run(run())
