"""The core's lines over TLS: orders by way of real sockets, lines that break, and a stranger who holds a line's secrets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.trading.core.driving import accepted, drained, prepare
from tests.trading.core.test_carrying import instructed, lines_of, reached, states
from tests.trading.core_harness import ANNE, BROKER, CARL, EAST, LINES, PASSWORD, CoreHere, row, unserved
from tests.trading.lines.test_wire import Authority
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core import commands
from yunhai.trading.core.line_wire import LineWire
from yunhai.trading.facts import CertificateSet
from yunhai.trading.lines.frames import Submit
from yunhai.trading.lines.wire import WirePort, client_context
from yunhai.trading.trust.profiles import Profile, Subject, line_subject

NT = 10_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    found = Authority(tmp_path_factory.mktemp("wire"))
    found.issue("server", Profile.SERVER, Subject(common="exchange"), hosts=("localhost",))
    for line, tenant in LINES.items():
        found.issue(line, Profile.LINE, line_subject(line, BROKER[tenant]))
    return found


def certificate_rows(authority: Authority) -> list[dict[str, object]]:
    """The certificates' facts, as the control plane tells them."""
    lines = [one for one in authority.facts.values() if one.profile == "line"]
    return [
        row(
            1 + at,
            EAST,
            CertificateSet(
                certificate=at + 1, key=0, person=0, serial=bytes(20), sha256=one.sha256, profile="line",
                not_before=0, not_after=2**42, tenant=EAST,
            ),
        )
        for at, one in enumerate(lines)
    ]  # fmt: skip


@asynccontextmanager
async def wired(home: Path, authority: Authority, *, fresh: bool = True) -> AsyncIterator[CoreHere]:
    folder = authority.folder
    wire = LineWire(
        port=0, server=folder / "server.pem", server_key=folder / "server.key", chain=authority.chain, lines=folder
    )
    async with unserved(home, lift_line_caps=False, line_wire=wire) as here:
        core = here.core
        assert core.carrying is not None
        await core.carrying.open()
        if fresh:
            made = certificate_rows(authority)
            await commands.take_rows(
                core, [commands.Row(900 + at, one["number"], EAST, one["value"]) for at, one in enumerate(made)]
            )
            await prepare(here, at="09:05")
        yield here


@pytest.mark.full
def test_orders_by_way_of_tls_and_lines_that_break(tmp_path: Path, authority: Authority) -> None:
    """Every accepted instruction is in the venue once, whatever connection ends meanwhile."""

    async def run() -> None:
        async with wired(tmp_path, authority) as here:
            core = here.core
            wired_lines = core.carrying and core.carrying._wired
            assert wired_lines
            assert lines_of(core) == dict.fromkeys(LINES, "up")
            assert sorted(wired_lines.listener.lines) == sorted(LINES)
            first = await accepted(here, ANNE)
            await accepted(here, ANNE, action="reprice", order=first.order_id, price=99 * NT)
            await drained(core)
            for line in ("7A", "8A"):
                commands.line_breaks(core, line, "before-answer")
            for _ in range(8):
                await accepted(here, ANNE)
                await accepted(here, CARL, code="1101", price=42 * NT)
            await drained(core)
            wired_lines.listener._hang_up("7B")  # the far end goes
            for _ in range(4):
                await accepted(here, ANNE)
            await drained(core)
            async with asyncio.timeout(60):
                while lines_of(core) != dict.fromkeys(LINES, "up"):  # noqa: ASYNC110 - the lines come back by themselves
                    await asyncio.sleep(0.05)
            await accepted(here, ANNE)
            await drained(core)
        assert reached(tmp_path) == instructed(tmp_path)
        assert sum(len(each) for each in instructed(tmp_path).values()) == 2 + 16 + 4 + 1

    asyncio.run(run())


def test_who_holds_a_lines_secrets_logs_in_and_hands_in_nothing(tmp_path: Path, authority: Authority) -> None:
    async def run() -> None:
        async with wired(tmp_path, authority) as here:
            core = here.core
            wired_lines = core.carrying and core.carrying._wired
            assert wired_lines
            order = await accepted(here, ANNE)
            await drained(core)
            sequence = core.appender.next_sequence
            folder = authority.folder
            stranger = WirePort(
                *wired_lines.port._address,
                lambda line: client_context(folder / f"{line}.pem", folder / f"{line}.key", authority.chain),
            )
            await commands.line_end(core, "7A", lost=False)
            assert await stranger.connect("7A", BROKER[EAST], PASSWORD) == 0
            for number in (order.number, order.number + 1):
                stranger.send(
                    "7A", Submit(sequence=1, tenant=EAST, number=number + 1, body=b"\1" * 64), time.monotonic_ns()
                )
                async with asyncio.timeout(60):
                    while not stranger.ready():  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                assert (stranger.receive(0), stranger.dropped(0)) == ([], ["7A"])
                assert await stranger.connect("7A", BROKER[EAST], PASSWORD) == 0
            assert core.failed is None
            assert core.appender.next_sequence == sequence + 1, "nothing but the line that logged out"
            await stranger.close()
        assert reached(tmp_path) == instructed(tmp_path)

    asyncio.run(run())


def test_a_login_without_its_certificate_is_refused_and_told_in_the_journal(
    tmp_path: Path, authority: Authority
) -> None:
    async def run() -> None:
        async with wired(tmp_path, authority) as here:
            core = here.core
            await commands.line_end(core, "7A", lost=False)
            held = authority.folder / "7A.pem"
            kept = held.read_bytes()
            try:
                for found in ((authority.folder / "7B.pem").read_bytes(), None):
                    held.unlink() if found is None else held.write_bytes(found)
                    with pytest.raises(YunhaiError) as problem:
                        await commands.line_login(core, "7A", BROKER[EAST], PASSWORD)
                    assert problem.value.code == 6300
            finally:
                held.write_bytes(kept)
            assert lines_of(core)["7A"] != "up"
            await commands.line_login(core, "7A", BROKER[EAST], PASSWORD)
            assert lines_of(core)["7A"] == "up"
        assert states(tmp_path, "7A") == ["up", "down", "refused", "refused", "up"]

    asyncio.run(run())


def test_after_a_restart_no_line_is_up_without_its_password(tmp_path: Path, authority: Authority) -> None:
    async def run() -> None:
        async with wired(tmp_path, authority) as here:
            await accepted(here, ANNE)
            await drained(here.core)
        async with wired(tmp_path, authority, fresh=False) as here:
            core = here.core
            assert "up" not in lines_of(core).values()
            await accepted(here, ANNE)
            await commands.line_login(core, "7A", BROKER[EAST], PASSWORD)
            await drained(core)
            assert lines_of(core)["7A"] == "up"
        assert states(tmp_path, "7A") == ["up", "lost", "up"]
        assert states(tmp_path, "8B") == ["up", "lost"]
        assert reached(tmp_path) == instructed(tmp_path)

    asyncio.run(run())
