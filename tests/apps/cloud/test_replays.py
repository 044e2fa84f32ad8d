"""A replay of the running day, in the stream process, by the service matrix and the grants."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import unix_connect

from tests.trading.core_harness import ANNE, BEN, CARL, Cloud, CoreHere, row
from tests.trading.stream.cloud import Reader, both, until
from tests.trading.stream.test_stream import order, post
from yunhai.apps.cloud.replays import is_undelayed, mount
from yunhai.kernel.clock import MINUTE
from yunhai.market.replay.app import PATH
from yunhai.trading.facts import CellSet
from yunhai.trading.stream.process import Stream

pytestmark = pytest.mark.asyncio
DAY = "journal/2026-08-21"


async def matrix(core: CoreHere, stream: Stream, level: str, outbox: int) -> None:
    """Set row 3.1 for brokers."""
    await post(core, "/facts", [row(outbox, 0, CellSet(service="3.1", column="brokerage", level=level))])
    await until(lambda: stream.following.sequence == core.core.books.sequence)


@contextlib.asynccontextmanager
async def replaying(cloud: Cloud, account: int = ANNE) -> AsyncIterator[Reader]:
    async with unix_connect(str(cloud.places.stream_socket), uri=f"ws://stream{PATH}", compression=None) as socket:
        reader = Reader(socket)
        assert (await reader.ask("auth", token=cloud.token(account)))["op"] == "authenticated"
        yield reader


async def opened(reader: Reader, **more: Any) -> dict[str, Any]:
    """The first state of the day, or the refusal."""
    answer = await reader.ask("open", source=DAY, codes=["2330"], **more)
    return await reader.next("state") if answer["op"] == "opened" else answer


async def trade(core: CoreHere) -> int:
    """Ben offers 1,000 at 100, Anne takes them and rests with 2,000 more; Anne's order."""
    await order(core, BEN, side="sell", price="100", quantity=1000)
    placed = await order(core, ANNE, price="100", quantity=3000)
    await until(lambda: not core.core.dispatch.pool.pending())
    return int(placed["order_id"])


async def test_one_finds_ones_own_order_in_the_running_day(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream):
        mount(stream, core.places)
        await matrix(core, stream, "full", 900)
        number = await trade(core)
        await until(lambda: stream.following.sequence == core.core.books.sequence)
        async with replaying(core) as reader:
            sources = await reader.ask("sources")
            assert [(one["source"], one["closed"]) for one in sources["sources"]] == [(DAY, False)]
            state = await opened(reader, account=ANNE)
            state = await reader.ask("seek", position=(await position_at_end(reader)))
            (own,) = state["own"]
            assert (own["order"], own["state"], own["filled"], own["average"]) == (number, "resting", 1000, "100.00")
            assert (own["ahead"], own["behind"]) == (0, 0)
            assert state["books"][0]["bids"] == [["100.00", 2000, 1]]
            assert [(one["quantity"], one["taker"]) for one in state["trades"]] == [(1000, "buy")]
            text = json.dumps(state)
            assert "account" not in text
            assert "tenant" not in text
            link = await reader.ask("link")
            await trade(core)
            again = await reader.ask("open", link=link["link"])
            assert again["op"] == "opened"
            assert (await reader.next("state"))["position"] == state["position"]
            assert (await reader.ask("open", source=DAY, codes=["2330"], account=CARL))["error"]["code"] == 6513


async def position_at_end(reader: Reader) -> int:
    return int(next(one["end"] for one in reversed(reader.got) if one["op"] == "opened"))


async def test_who_may_replay_and_how_late_is_the_matrixs_to_say(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream):
        mount(stream, core.places)
        await trade(core)
        await until(lambda: stream.following.sequence == core.core.books.sequence)
        async with replaying(core) as reader:
            assert (await opened(reader))["error"]["name"] == "replay-not-entitled"
            assert (await reader.ask("sources"))["error"]["name"] == "replay-not-entitled"
            await matrix(core, stream, "partial", 900)
            assert not is_undelayed(stream.following.books, 7)
            await opened(reader)
            delayed = await position_at_end(reader)
            now = stream.following.market_time()
            await post(core, "/clock", {"to": "09:30"})
            await until(lambda: stream.following.market_time() >= now + 21 * MINUTE)
            await opened(reader)
            later = await position_at_end(reader)
            assert later > delayed  # what had happened by then is seen twenty minutes on
            await matrix(core, stream, "full", 901)
            await opened(reader)
            assert await position_at_end(reader) >= later
            state = await reader.ask("seek", position=await position_at_end(reader))
            assert state["books"][0]["volume"] == 1000
            await matrix(core, stream, "none", 902)
            assert (await reader.next("refused"))["error"]["name"] == "replay-not-entitled"  # nobody had asked
        async with replaying(core) as reader:
            for said in ({"op": "seek", "position": 0}, {"op": "step"}, {"op": "play", "speed": "1"}, {"op": "link"}):
                op = str(said.pop("op"))
                assert (await reader.ask(op, **said))["error"]["name"] == "replay-not-entitled", op
            assert (await opened(reader))["error"]["name"] == "replay-not-entitled"


async def test_the_journals_other_readers_go_on_beside_a_replay(tmp_path: Path) -> None:
    """At ×1000 the day that has been is over in seconds, every update after the one before."""
    async with both(tmp_path) as (core, stream):
        mount(stream, core.places)
        await matrix(core, stream, "full", 900)
        await trade(core)
        await until(lambda: stream.following.sequence == core.core.books.sequence)
        async with replaying(core) as reader:
            await opened(reader)
            await reader.send(op="play", speed="1000", idle_s=10)
            updates = []
            while not updates or updates[-1]["playing"]:
                updates.append(await reader.next("update"))
            assert updates[-1]["position"] == await position_at_end(reader)
            assert [one["first"] for one in updates[1:]] == [one["position"] for one in updates[:-1]]


async def test_a_delayed_viewer_sees_ones_own_orders_moments_and_nothing_beside_them(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream):
        mount(stream, core.places)
        await matrix(core, stream, "partial", 900)
        number = await trade(core)
        await order(core, BEN, side="sell", price="101", quantity=1000)  # after the last event of Anne's order
        await until(lambda: not core.core.dispatch.pool.pending())
        await until(lambda: stream.following.sequence == core.core.books.sequence)
        async with replaying(core) as reader:
            late = await reader.ask("open", source=DAY, order=number)
            assert late["error"]["name"] == "replay-order-unknown"  # without saying whose it is
            answer = await reader.ask("open", source=DAY, order=number, account=ANNE)
            assert ([one["code"] for one in answer["listings"]], answer["codes"]) == (["2330"], ["2330"])
            state = await reader.next("state")
            assert [(one["order"], one["state"]) for one in state["own"]] == [(number, "in-hand")]
            state = await reader.ask("seek", position=answer["end"])
            assert [(one["filled"], one["state"]) for one in state["own"]] == [(1000, "resting")]
            assert state["books"][0]["asks"] == []  # Ben's later offer is withheld
            link = (await reader.ask("link"))["link"]
            assert (await reader.ask("open", link=link))["error"]["name"] == "replay-moment-withheld"
            assert (await reader.ask("open", link=link, order=number, account=ANNE))["op"] == "opened"
            assert (await reader.next("state"))["position"] == answer["end"]
            assert (await reader.ask("open", link=link, order=number, account=CARL))["error"]["code"] == 6513
            other = await reader.ask("open", source=DAY, codes=["2317"], order=number, account=ANNE)
            assert other["error"]["name"] == "replay-codes-unfit"
        async with replaying(core, BEN) as reader:
            answer = await reader.ask("open", source=DAY, order=number, account=BEN)
            assert answer["error"]["name"] == "replay-order-unknown"
