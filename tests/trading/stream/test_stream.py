"""The stream says what the exchange says, to those who may hear it, and to nobody else."""

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.trading.core.driving import drained
from tests.trading.core_harness import (
    ANNE,
    BEN,
    CARL,
    EAST,
    OPERATIONS,
    WEST,
    Cloud,
    CoreHere,
    CoreProcess,
    day_body,
    row,
    running,
)
from tests.trading.scene import CLERK, NT, PERSON
from tests.trading.stream.cloud import Reader, both, prepared, reading, require_gapless, streaming, until
from tests.trading.stream.same import require_same
from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.limits import STREAM_MESSAGES_PER_SECOND_MAX
from yunhai.kernel.money import price_text
from yunhai.kernel.records import Phase
from yunhai.trading.facts import GrantSet, Lookup, SessionRevoked
from yunhai.trading.http.unix import unix_transport_async
from yunhai.trading.stream import client, hub, process
from yunhai.trading.stream.quotes import Board, levels_of

pytestmark = pytest.mark.asyncio
FOREIGN = "the same as an account that is none"


_HTTP: dict[tuple[Path, int], httpx.Client] = {}
"""One for each account of a core: making one takes longer than an order."""


async def order(core: Cloud, account: int = ANNE, *, want: int = 201, **fields: Any) -> dict[str, Any]:
    """Place one instruction over HTTP; prices as a broker writes them."""
    if "price" in fields:
        fields["price"] = int(Decimal(fields["price"]) * NT)

    if (core.home, account) not in _HTTP:
        _HTTP[core.home, account] = core.client(account)
    http = _HTTP[core.home, account]

    def place() -> dict[str, Any]:
        answer = http.post("/trade/v1/orders", json=core.signed(account, **fields))
        assert answer.status_code == want, answer.text
        said: dict[str, Any] = answer.json()
        return said

    return await asyncio.to_thread(place)


async def post(core: Cloud, path: str, body: Any) -> Any:
    return await asyncio.to_thread(core.post, path, body)


def ends_of(core: Cloud) -> int:
    """The stream's own ends of its socket, the listening one included."""
    path = str(core.places.stream_socket)
    return sum(line.endswith(path) for line in Path("/proc/net/unix").read_text().splitlines())


def quote_in(message: dict[str, Any], code: str, segment: str = "board") -> dict[str, Any]:
    return next(one for one in message["data"]["quotes"] if (one["code"], one["segment"]) == (code, segment))


async def quote_when(reader: Reader, code: str, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The code's board quote of the first update of which something is so."""
    while True:
        update = await reader.next("update", "quotes")
        for one in update["data"]["quotes"]:
            if (one["code"], one["segment"]) == (code, "board") and true(one):
                found: dict[str, Any] = one
                return found


async def test_quotes_come_as_a_snapshot_and_then_as_what_changed(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as reader:
        snapshot = await reader.ask("subscribe", channel="quotes", codes=["2330", "9999"])
        assert snapshot["op"] == "snapshot"
        assert snapshot["data"]["unknown"] == ["9999"]
        empty = quote_in(snapshot, "2330")
        assert (empty["last"], empty["bids"], empty["asks"], empty["phase"]) == ("", [], [], "continuous")
        assert {one["segment"] for one in snapshot["data"]["quotes"]} == {"board", "odd_lot"}

        await order(core, ANNE, price="101", quantity=2000)
        await quote_when(reader, "2330", lambda one: one["bids"] == [["101.00", 2000]])
        await order(core, CARL, side="sell", price="101", quantity=1000)
        await order(core, CARL, code="1101", side="sell", price="42", quantity=1000)
        quote = await quote_when(reader, "2330", lambda one: one["volume"] > 0)
        assert (quote["last"], quote["change"], quote["volume"], quote["trades"]) == ("101.00", "1.00", 1000, 1)
        assert (quote["open"], quote["high"], quote["low"]) == ("101.00",) * 3
        assert quote["bids"] == [["101.00", 1000]]
        assert all(one["code"] == "2330" for message in reader.got[1:] for one in message["data"]["quotes"])
        require_gapless(reader)


async def test_what_the_stream_shows_is_the_venues_own_book(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream):
        for place in range(24):
            account, side = ((ANNE, "buy"), (CARL, "sell"), (BEN, "buy"))[place % 3]
            code = ("2330", "0050")[place % 2]
            base = 100 if code == "2330" else 60
            step = 0.5 if code == "2330" else 0.05
            price = base + (place % 9 - 4) * step
            odd = place % 5 == 0
            await order(
                core,
                account,
                code=code,
                side=side,
                price=f"{price:.2f}",
                quantity=7 + place if odd else 1000,
                segment="odd_lot" if odd else "board",
            )
        await until(lambda: not core.core.dispatch.pool.pending())
        await post(core, "/clock", {"to": "13:40"})
        await until(lambda: stream.following.sequence == core.core.books.sequence)
        shown = stream.following.day
        real = core.core.day
        assert shown is not None
        assert real is not None
        assert shown.engine.state_hash() == real.engine.state_hash()
        require_same(stream.following.books, core.core.books)
        board = Board(shown)
        traded = 0
        for number, place in enumerate(real.plan.books):
            quote = board.quote(number)
            tally = real.venue.tally(place.code, place.program.segment)
            assert (quote.volume, quote.trades) == (tally.volume, tally.trades)
            assert quote.last == (price_text(tally.last) if tally.last else "")
            traded += tally.trades
            if number < real.engine.book_count():
                bids, asks = real.engine.depth(number, 6)
                assert (quote.bids, quote.market_bid) == levels_of(bids)[:2]
                assert (quote.asks, quote.market_ask) == levels_of(asks)[:2]
                assert quote.phase == Phase(real.engine.phase(number)).name.lower()
        assert traded > 5


@pytest.mark.full
async def test_a_suspended_security_is_marked(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as reader:
        await reader.ask("subscribe", channel="quotes", codes=["2330"])
        assert (await reader.ask("subscribe", channel="market"))["data"]["halted"] == []
        await post(core, "/halts", {"code": "2330", "on": True})
        assert (await quote_when(reader, "2330", lambda one: one["halted"]))["phase"] == "suspended"
        while not [one for one in reader.of("market") if one["data"]["halted"] == ["2330"]]:
            await reader.next()
        await post(core, "/halts", {"code": "2330", "on": False})
        assert (await quote_when(reader, "2330", lambda one: not one["halted"]))["phase"] == "continuous"


async def test_an_account_hears_its_orders_and_fills_and_nobody_elses(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core, ANNE) as anne, reading(core, CARL) as carl:
        snapshot = await anne.ask("subscribe", channel="orders", account=ANNE)
        assert (snapshot["data"]["orders"], snapshot["account"]) == ([], ANNE)
        free = snapshot["data"]["account"]["buying_power"]
        await carl.ask("subscribe", channel="orders", account=CARL)

        ack = await order(core, ANNE, price="101", quantity=2000)
        states = []
        while "resting" not in states:
            update = await anne.next("update", "orders")
            states += [one["state"] for one in update["data"]["orders"]]
        last = update["data"]["orders"][0]
        assert (last["order_id"], last["order_number"], last["leaves"]) == (ack["order_id"], ack["order_number"], 2000)
        assert update["data"]["account"]["buying_power"] < free

        await order(core, CARL, side="sell", price="101", quantity=500 * 2)
        fills: list[dict[str, Any]] = []
        while not fills:
            fills = (await anne.next("update", "orders"))["data"]["fills"]
        assert [(one["price"], one["quantity"], one["side"], one["liquidity"]) for one in fills] == [
            ("101.00", 1000, "buy", "maker")
        ]
        await order(core, ANNE, action="cancel", order=ack["order_id"])
        while states[-1] != "cancelled":
            states += [one["state"] for one in (await anne.next("update", "orders"))["data"]["orders"]]
        while not [one for message in carl.of("orders", CARL) for one in message["data"]["fills"]]:
            await carl.next("update", "orders")
        mine = {one["account"] for message in carl.of("orders", CARL) for one in message["data"]["orders"]}
        assert mine == {CARL}
        for reader in (anne, carl):
            require_gapless(reader)


async def test_a_reader_who_comes_later_gets_the_same_by_its_snapshot(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as first:
        await first.ask("subscribe", channel="orders", account=ANNE)
        await first.ask("subscribe", channel="quotes", codes=["2330"])
        await order(core, ANNE, price="101", quantity=2000)
        await order(core, CARL, side="sell", price="101", quantity=1000)
        seen: dict[int, dict[str, Any]] = {}
        while not [one for one in seen.values() if one["filled"] == 1000]:
            for one in (await first.next("update", "orders"))["data"]["orders"]:
                seen[one["order_id"]] = one
        async with reading(core) as second:
            snapshot = await second.ask("subscribe", channel="orders", account=ANNE)
            assert {one["order_id"]: one for one in snapshot["data"]["orders"]} == seen
            again = await second.ask("subscribe", channel="orders", account=ANNE)
            assert again["sequence"] == 2
            assert again["data"] == snapshot["data"]


async def test_another_tenants_account_is_refused_as_one_that_is_none(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _):
        nobody = 123_456
        for asker, account in ((ANNE, CARL), (CARL, ANNE), (ANNE, BEN), (ANNE, nobody), (ANNE, 0), (ANNE, "x")):
            async with reading(core, asker) as reader:
                answer = await reader.ask("subscribe", channel="orders", account=account)
                assert answer["op"] == "refused"
                assert answer["error"]["code"] == 6513, (asker, account)
                assert answer["error"] == {**answer["error"], "details": {}}, FOREIGN
                await order(core, CARL, price="95", quantity=1000)
                await order(core, ANNE, price="95", quantity=1000)
                await reader.ask("subscribe", channel="market")
                assert not [one for one in reader.got if one.get("channel") == "orders" and one["op"] != "refused"]


async def test_without_a_token_nothing_is_heard(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _):
        for message in (
            {"channel": "quotes", "codes": ["2330"]},
            {"channel": "orders", "account": ANNE},
            {"channel": "market"},
        ):
            async with reading(core, None) as reader:
                await reader.send(op="subscribe", **message)
                assert await reader.closed() == 1008
                assert reader.codes() == [6520]
        async with reading(core, None) as reader:
            await reader.send(op="auth", token=core.token(ANNE)[:-4] + "AAAA")
            assert await reader.closed() == 1008
            assert reader.codes() == [6522 + 1]


async def test_a_token_of_another_person_does_not_take_a_connection_over(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core, ANNE) as reader:
        assert (await reader.ask("auth", token=core.token(ANNE)))["op"] == "authenticated"
        answer = await reader.ask("auth", token=core.token(CARL))
        assert answer["error"]["code"] == 6526


async def test_a_revoked_session_ends_as_soon_as_it_is_read_of_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look of every second, by which it would end too, is not taken here."""
    monkeypatch.setattr(hub.Hub, "second", lambda *_: None)
    async with (
        both(tmp_path) as (core, _),
        reading(core, ANNE, now_s=int(time.time()) - 5) as ended,
        reading(core, CARL) as other,
    ):
        await ended.ask("subscribe", channel="orders", account=ANNE)
        await other.ask("subscribe", channel="market")
        fact = SessionRevoked(person=PERSON[ANNE], session="test", before=time.time_ns() // 1_000_000)
        await post(core, "/facts", [row(9_001, 0, fact)])
        assert await ended.closed() == 1008
        assert ended.codes() == [6528]
        assert (await other.ask("subscribe", channel="market"))["op"] == "snapshot"


@pytest.mark.full
async def test_a_token_that_ends_ends_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = int(time.time())
    async with both(tmp_path) as (core, stream), reading(core, ANNE, now_s=issued) as reader:
        monkeypatch.setattr(stream.hub, "_wall_s", lambda: issued + 299)
        stream.hub.check_rights()
        assert (await reader.ask("subscribe", channel="market"))["op"] == "snapshot"
        monkeypatch.setattr(stream.hub, "_wall_s", lambda: issued + 300)
        assert await reader.closed() == 1008
        assert reader.codes() == [6524]


async def test_a_grant_that_is_withdrawn_ends_its_subscription(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core, ANNE) as reader:
        await reader.ask("subscribe", channel="orders", account=ANNE)
        gone = GrantSet(person=PERSON[ANNE], tenant=EAST, role="investor", account=ANNE, allowed=False)
        await post(core, "/facts", [row(9_001, EAST, gone)])
        refusal = await reader.next("refused")
        assert (refusal["error"]["code"], refusal["channel"], refusal["account"]) == (6513, "orders", ANNE)
        count = len(reader.of("orders", ANNE))
        await order(core, CARL, side="sell", price="105", quantity=1000)
        await reader.ask("subscribe", channel="market")
        assert len(reader.of("orders", ANNE)) == count


@pytest.mark.full
async def test_a_clerk_hears_of_a_client_as_long_as_a_registered_look_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(tmp_path) as (core, stream), reading(core, CLERK, role="sales") as reader:
        assert (await reader.ask("subscribe", channel="orders", account=BEN))["error"]["code"] == 6518
        soon = int(time.time() * 1_000) + 120_000
        await post(core, "/facts", [row(9_001, EAST, Lookup(by=CLERK, account=BEN, reason="service", until=soon))])
        await until(lambda: stream.following.books.lookups)
        assert (await reader.ask("subscribe", channel="orders", account=BEN))["op"] == "snapshot"
        monkeypatch.setattr(stream.hub, "_wall_s", lambda: soon / 1_000 - 1)
        stream.hub.check_rights()
        assert (await reader.ask("subscribe", channel="market"))["op"] == "snapshot", "nothing was refused before"
        monkeypatch.setattr(stream.hub, "_wall_s", lambda: soon / 1_000 + 1)
        refusal = await reader.next("refused")
        assert (refusal["error"]["code"], refusal["channel"], refusal["account"]) == (6518, "orders", BEN)


async def test_the_pool_is_for_operations_and_shows_others_as_none_or_a_sum(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _):
        async with reading(core, ANNE) as reader:
            answer = await reader.ask("subscribe", channel="pool")
            assert answer["error"]["code"] == 6607
        async with reading(core, None) as reader:
            person = {"person": OPERATIONS[EAST], "tenant": EAST, "role": "operations"}
            await reader.ask("auth", token=core.token(ANNE, **person))
            assert (await reader.ask("subscribe", channel="pool"))["op"] == "snapshot"
            data = (await reader.next("update", "pool"))["data"]
            assert data["own"]["tenant"] == EAST
            assert {line["tenant"] for line in data["lines"]} == {EAST}
            assert data["others"] is None, "one other broker: its sum would be its figure"
            assert WEST not in {data["own"]["tenant"]}


MALFORMED = (
    ("", 6602),
    ("{", 6602),
    ("[]", 6602),
    ('{"op":"dance"}', 6602),
    ('{"op":"subscribe","channel":"quotes","more":1}', 6602),
    ('{"op":"subscribe","channel":"quotes","segments":["x"]}', 6602),
    ('{"op":"subscribe","channel":"weather"}', 6603),
    ('{"op":"unsubscribe","channel":"weather"}', 6603),
)


async def test_what_is_malformed_is_refused_by_name_and_the_connection_goes_on(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as reader:
        for text, code in MALFORMED:
            await reader.socket.send(text)
            assert (await reader.next("refused"))["error"]["code"] == code, text
        assert (await reader.ask("subscribe", channel="market"))["op"] == "snapshot"


async def test_a_connection_that_talks_too_much_or_subscribes_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "STREAM_BOOKS_MAX", 3)
    monkeypatch.setattr(hub, "STREAM_CONNECTIONS_MAX", 1)
    async with both(tmp_path) as (core, _), reading(core) as reader:
        answer = await reader.ask("subscribe", channel="quotes", codes=["2330", "1101"])
        assert answer["error"]["code"] == 6605
        async with reading(core, None) as second:
            assert await second.closed() == 1013
            assert second.codes() == [6608]
        monkeypatch.setattr(hub, "STREAM_CONNECTIONS_MAX", 9)
        monkeypatch.setattr(hub, "STREAM_CONNECTIONS_UNSIGNED_MAX", 1)
        monkeypatch.setattr(hub, "STREAM_CONNECTIONS_OF_ONE_MAX", 1)
        async with reading(core, None) as waits, reading(core, None) as unsigned:
            assert await unsigned.closed() == 1013
            await waits.send(op="auth", token=core.token(ANNE))
            assert await waits.closed() == 1008
            assert waits.codes() == [6612]
        for _ in range(4 * STREAM_MESSAGES_PER_SECOND_MAX):  # however many whole seconds they fall into
            await reader.send(op="unsubscribe", channel="market")
        assert await reader.closed() == 1008
        assert reader.codes() == [6605, 6610]


@pytest.mark.full
async def test_a_slow_reader_is_cut_off_and_nobody_else_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STREAM_UNSENT_BYTES_MAX", 100_000)
    monkeypatch.setattr(process, "GRACE_S", 1)
    async with both(tmp_path) as (core, stream), reading(core, ANNE) as slow, reading(core, CARL) as other:
        await other.ask("subscribe", channel="quotes", codes=["1101"])
        await slow.ask("subscribe", channel="orders", account=ANNE)
        for _ in range(40):
            await order(core, ANNE, price="95", quantity=1, segment="odd_lot")
            await slow.next("update", "orders")
        assert ends_of(core) == 3
        slow.socket.transport.pause_reading()
        for _ in range(45):
            await slow.send(op="subscribe", channel="orders", account=ANNE)
        await until(lambda: stream.hub.connections == 1)
        assert stream.counted.cut_off._value.get() == 1  # type: ignore[attr-defined]
        began = time.monotonic()
        await order(core, CARL, code="1101", price="42", quantity=1000)
        await quote_when(other, "1101", lambda one: one["bids"] == [["42.00", 1000]])
        assert time.monotonic() - began < 30.0
        await until(lambda: ends_of(core) == 2, 60)  # the listener and the other: what was not read is given up
        slow.socket.transport.abort()


async def test_the_days_turn_gives_everybody_a_fresh_snapshot(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, _), reading(core) as reader:
        await reader.ask("subscribe", channel="quotes", codes=["2330"])
        await reader.ask("subscribe", channel="market")
        await order(core, ANNE, price="100", quantity=1000)
        await order(core, CARL, side="sell", price="100", quantity=1000)
        await post(core, "/clock", {"to": "14:31"})
        await post(core, "/day/close", {"date": ""})
        while not [one for one in reader.of("market") if not one["data"]["open"]]:
            await reader.next()
        await post(core, "/day/open", day_body(date="2026-08-24", settles_on="2026-08-26"))
        snapshot = await reader.next("snapshot", "quotes")
        quote = quote_in(snapshot, "2330")
        assert (quote["last"], quote["volume"]) == ("", 0)
        while reader.of("market")[-1]["data"]["date"] != "2026-08-24":
            await reader.next()
        require_gapless(reader)


async def test_orders_that_are_over_are_shown_to_whoever_comes_later_and_told_to_nobody_again(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream), reading(core) as reader:
        states: dict[int, str] = {}

        async def told(number: int, state: str) -> list[int]:
            """Read on until the order is so; the orders that were told of meanwhile."""
            found: list[int] = []
            while states.get(number) != state:
                update = await reader.next("update", "orders")
                states.update((one["order_id"], one["state"]) for one in update["data"]["orders"])
                found += [one["order_id"] for one in update["data"]["orders"]]
            return found

        await reader.ask("subscribe", channel="orders", account=ANNE)
        over = (await order(core, ANNE, price="100", quantity=1000))["order_id"]
        await order(core, CARL, side="sell", price="100", quantity=1000)
        await told(over, "filled")
        rests = (await order(core, ANNE, price="99", quantity=1000))["order_id"]
        await told(rests, "resting")
        await until(lambda: list(stream.following.books.orders) == [rests])
        async with reading(core) as later:
            snapshot = await later.ask("subscribe", channel="orders", account=ANNE)
            rested, filled = snapshot["data"]["orders"]
            assert (rested["order_id"], rested["state"]) == (rests, "resting")
            assert (filled["order_id"], filled["state"], filled["filled"]) == (over, "filled", 1000)
            await post(core, "/clock", {"to": "14:31"})
            await post(core, "/day/close", {"date": ""})
            assert over not in await told(rests, "expired")
            await until(lambda: not stream.following.books.orders)
            snapshot = await later.ask("subscribe", channel="orders", account=ANNE)
            expired, again = snapshot["data"]["orders"]
            assert again == filled
            changed = {"state": "expired", "leaves": 0, "reason": 4, "changed_at": expired["changed_at"]}
            assert expired == rested | changed
        require_gapless(reader)


@pytest.mark.full
async def test_a_core_that_is_killed_or_stopped_and_comes_back_is_followed_on(tmp_path: Path) -> None:
    await prepared(tmp_path)
    process = CoreProcess(tmp_path)
    await asyncio.to_thread(process.start)
    try:
        async with streaming(process) as stream, reading(process) as reader:
            await reader.ask("subscribe", channel="orders", account=ANNE)
            await order(process, ANNE, price="98", quantity=1000)
            for price, end in (("99", process.kill), ("100", process.stop)):
                await asyncio.to_thread(end)
                await asyncio.to_thread(process.start)
                await order(process, ANNE, price=price, quantity=1000)
            prices: set[str] = set()
            while prices != {"98.00", "99.00", "100.00"}:
                update = await reader.next("update", "orders")
                prices |= {one["price"] for one in update["data"]["orders"] if one["state"] == "resting"}
            require_gapless(reader)
            assert stream.following.caught_up
    finally:
        process.close_clients()
        if process.process is not None and process.process.poll() is None:
            await asyncio.to_thread(process.stop)


async def test_a_stream_that_starts_first_waits_and_one_that_starts_later_begins_at_the_snapshot(
    tmp_path: Path,
) -> None:
    home = CoreHere(tmp_path)
    async with streaming(home, ready=False) as early:
        assert not early.following.caught_up
        async with reading(home, None) as reader:
            assert await reader.closed() == 1013
            assert reader.codes() == [6600]
        async with running(tmp_path) as core:
            await asyncio.to_thread(core.prepare)
            await order(core, ANNE, price="99", quantity=1000)
            await post(core, "/snapshot", {})
            await order(core, ANNE, price="100", quantity=1000)
            await drained(core.core)  # what the lines carry later would be behind what is compared
            await until(lambda: early.following.sequence == core.core.books.sequence)
            async with streaming(core) as late:
                await until(lambda: late.following.sequence == core.core.books.sequence)
                for one in (early, late):
                    require_same(one.following.books, core.core.books)
                    assert one.following.day is not None
                    assert one.following.day.engine.state_hash() == core.core.day.engine.state_hash()  # type: ignore[union-attr]


async def test_health_ready_and_metrics(tmp_path: Path) -> None:
    async with both(tmp_path) as (core, stream):
        transport = unix_transport_async(core.places.stream_socket)
        async with httpx.AsyncClient(transport=transport, base_url="http://stream") as http:
            for path, status in (
                ("/health", 200),
                ("/ready", 200),
                ("/stream/v1/ready", 200),
                ("/metrics", 200),
                ("/stream/v1/metrics", 404),
                ("/x", 404),
                ("/stream/v1", 426),
            ):
                assert (await http.get(path)).status_code == status, path
            text = (await http.get("/metrics")).text
            assert f"yunhai_stream_sequence {float(stream.following.sequence)}" in text
            assert "yunhai_stream_orders_open 0.0" in text
            assert (await http.post("/health")).status_code == 405
            for path, code in (("/x", 6515), ("/stream/v1", 6611)):
                said = (await http.get(path)).json()
                assert (said["error"]["code"], said["mode"]) == (code, "simulated")


async def test_the_board_names_books_as_the_market_does() -> None:
    assert {one.value for one in SegmentName} == {"board", "odd_lot", "odd_lot_after", "fixed_price"}
