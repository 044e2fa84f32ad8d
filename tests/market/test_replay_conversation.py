"""`/stream/v1/replay`: what is said and answered, and what a connection may cost."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.market.replay_scene import NINE, small_source
from tests.market.test_replay import busy_source
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_BATCH_EVENTS_MAX, REPLAY_CONNECTIONS_OF_ONE_MAX
from yunhai.market.replay import app as app_module
from yunhai.market.replay.app import ReplayApplication
from yunhai.market.replay.catalogue import Offered
from yunhai.market.replay.errors import NOT_ENTITLED, SOURCE_UNKNOWN
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.messages import moment_of, moment_text, read_message
from yunhai.market.replay.session import Session
from yunhai.market.replay.source import Source, SourceKind
from yunhai.trading.core.errors import TOKEN_EXPIRED, TOKEN_MALFORMED

PATIENCE_S = 60.0


@dataclass
class Everything:
    """A viewer of two sources, whose orders 1, 2 and 7 are account 70's."""

    sources: dict[str, Source] = field(default_factory=dict)

    def offered(self) -> tuple[Offered, ...]:
        return tuple(Offered(id=name, kind=one.kind, day=one.day.isoformat()) for name, one in self.sources.items())

    def open(self, source: str) -> tuple[Source, Keeping]:
        if source == "test/secret":
            raise YunhaiError(NOT_ENTITLED, source=source)
        if source not in self.sources:
            raise YunhaiError(SOURCE_UNKNOWN, source=source)
        return self.sources[source], Keeping(self.sources[source])

    def open_own(self, source: str, order: int, account: int) -> tuple[Source, Keeping]:
        return self.open(source)

    def orders(self, source: Source, account: int) -> frozenset[int]:
        return frozenset((1, 2, 7)) if account == 70 else frozenset()


@pytest.fixture(scope="module")
def viewer() -> Everything:
    return Everything({"test/day": small_source(), "test/busy": replace(busy_source(), id="test/busy")})


def say(session: Session, wall: int = 0, **message: Any) -> list[dict[str, Any]]:
    """The answers to one message."""
    return [json.loads(one) for one in session.say(read_message(json.dumps(message)), wall)]


def opened(viewer: Everything, source: str = "test/day", **more: Any) -> Session:
    session = Session(viewer)
    say(session, op="open", source=source, codes=["A", "B"], **more)
    return session


def test_opening_and_seeking(viewer: Everything) -> None:
    session = Session(viewer)
    told, state = say(session, op="open", source="test/day", codes=["A", "B"], levels=2, account=70)
    assert (told["op"], told["kind"], told["day"], told["codes"]) == ("opened", "l3", "2026-08-21", ["A", "B"])
    assert [one["reference"] for one in told["listings"]] == ["10.00", "20.00"]
    assert (state["position"], state["playing"], state["own"], state["trades"]) == (0, False, [], [])
    (state,) = say(session, op="seek", time="09:00:07")
    assert state["time"] == "2026-08-21T09:00:07.000000000"
    first, second = state["books"]
    assert (first["code"], first["bids"], first["asks"]) == ("A", [["10.10", 100, 1], ["10.00", 260, 3]], [])
    assert (first["last"], first["volume"], first["trial"], first["in_hand"]) == ("10.10", 350, None, None)
    assert second["asks"] == [["20.00", 10, 1]]
    assert [one["quantity"] for one in state["trades"]] == [300, 50]
    own = {one["order"]: one for one in state["own"]}
    assert (own[2]["state"], own[2]["ahead"], own[2]["orders_ahead"], own[2]["better"]) == ("resting", 30, 1, 100)
    assert (own[7]["filled"], own[7]["average"], own[7]["side"]) == (300, "10.10", "buy")
    (state,) = say(session, op="seek", order=9)
    assert state["books"][0]["in_hand"] == 9
    (back,) = say(session, op="step", count=-1)
    assert back["position"] == state["position"] - 1
    (state,) = say(session, op="seek", position=0)
    assert (state["position"], state["books"][0]["phase"]) == (0, "before")


def test_playing_tells_every_event_and_every_trade_once(viewer: Everything) -> None:
    source = viewer.sources["test/busy"]
    session = opened(viewer, "test/busy")
    say(session, wall=0, op="play", speed="1000", idle_s=60)
    wall, position, events, trades = 0, 0, 0, []
    while session.playing:
        wall += 7_000_001
        update = json.loads(session.tick(wall) or b"{}")
        assert update["first"] == position
        position = update["position"]
        events += update["events"]
        assert update["events"] <= REPLAY_BATCH_EVENTS_MAX
        trades += [(one["position"], one["quantity"]) for one in update["trades"]]
        assert update["hash"] == source.hash_at(position).hex()
    assert session.tick(wall) is None
    expected = [
        (place + 1, int(source.events["quantity"][place])) for book in (0, 1) for place in source.trades_of(book)
    ]
    assert (events, position, trades) == (len(source), len(source), sorted(expected))


def test_speed_and_pause(viewer: Everything) -> None:
    session = opened(viewer, "test/busy")
    say(session, wall=0, op="play", speed="1")
    (state,) = say(session, wall=10 * SECOND, op="speed", speed="10")
    assert (state["time"], state["playing"]) == (moment_text(NINE + 10 * SECOND, 8 * 3600 * SECOND), True)
    (state,) = say(session, wall=11 * SECOND, op="pause")
    assert (state["time"], state["playing"]) == (moment_text(NINE + 20 * SECOND, 8 * 3600 * SECOND), False)
    say(session, wall=100 * SECOND, op="play", speed="0.1")
    (state,) = say(session, wall=110 * SECOND, op="pause")
    assert state["time"] == moment_text(NINE + 21 * SECOND, 8 * 3600 * SECOND)


def test_a_session_far_behind_goes_on_from_where_it_is(viewer: Everything) -> None:
    session = opened(viewer, "test/busy")
    say(session, wall=0, op="play", speed="1")
    assert session.keep_pace(SECOND // 2) is False
    assert session.keep_pace(400 * SECOND) is True
    update = json.loads(session.tick(401 * SECOND) or b"")
    assert update["time"] == moment_text(NINE + SECOND, 8 * 3600 * SECOND)


def test_links_spans_and_queues(viewer: Everything) -> None:
    session = opened(viewer)
    say(session, op="seek", time="09:00:06.000")
    (link,) = say(session, op="link", view="levels=5")
    (queue,) = say(session, op="queue", code="A", side="buy", price="10.00")
    assert [(one["order"], one["quantity"], one["ahead"]) for one in queue["orders"]] == [
        (1, 30, 0),
        (2, 200, 30),
        (5, 30, 230),
    ]
    (span,) = say(session, op="span", code="A", first=0, last=5)
    assert (span["op"], span["volume"], span["bid"]) == ("span", 0, None)
    other = Session(viewer)
    told, state = say(other, op="open", link=link["link"])
    assert (told["source"], state["position"], state["time"]) == ("test/day", 14, link["time"])
    say(other, op="seek", position=told["end"])
    (card,) = say(other, op="span", order=5)
    assert (card["op"], card["quote"], card["got"], card["inside"]) == ("attainable", "10.10", "", 15)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"op": "open", "source": "test/none", "codes": ["A"]}, 7480),
        ({"op": "open", "source": "test/secret", "codes": ["A"]}, 7492),
        ({"op": "open", "source": "test/day", "codes": ["X"]}, 7486),
        ({"op": "open", "source": "test/day", "link": "x"}, 7494),
        ({"op": "open"}, 7494),
        ({"op": "open", "link": "source=a"}, 7484),
        ({"op": "open", "source": "test/day", "levels": 51}, 7494),
        ({"op": "seek"}, 7494),
        ({"op": "seek", "position": 1, "order": 1}, 7494),
        ({"op": "seek", "position": 99999999}, 7482),
        ({"op": "seek", "time": "25:00"}, 7494),
        ({"op": "seek", "time": "09:00:00.1234567890"}, 7494),
        ({"op": "seek", "time": "2020-01-01T09:00"}, 7482),
        ({"op": "seek", "order": 4711}, 7483),
        ({"op": "play", "speed": "2000"}, 7487),
        ({"op": "play", "speed": "1", "idle_s": -1}, 7494),
        ({"op": "queue", "code": "A", "side": "both", "price": "1"}, 7494),
        ({"op": "queue", "code": "A", "side": "buy", "price": "-1"}, 7494),
        ({"op": "span", "code": "A", "first": 5, "last": 5}, 7491),
        ({"op": "link", "view": "\u0000"}, 7484),
        ({"op": "dance"}, 7494),
        ({"op": "step", "count": "1"}, 7494),
        ({"op": "step", "more": 1}, 7494),
    ],
)
def test_what_is_refused_changes_nothing(viewer: Everything, message: dict[str, Any], code: int) -> None:
    session = opened(viewer)
    (before,) = say(session, op="seek", time="09:00:05")
    with pytest.raises(YunhaiError) as refused:
        say(session, **message)
    assert refused.value.code == code
    (after,) = say(session, op="step", count=0)
    assert after == before


def test_without_a_replay_nothing_is_answered(viewer: Everything) -> None:
    session = opened(viewer)
    assert say(session, op="close") == [{"op": "closed"}]
    for message in ({"op": "play"}, {"op": "pause"}, {"op": "step"}, {"op": "link"}, {"op": "close"}):
        with pytest.raises(YunhaiError) as refused:
            say(session, **message)
        assert refused.value.code == 7495
    assert len(say(session, op="sources")[0]["sources"]) == 2


def test_times_as_text(viewer: Everything) -> None:
    source = viewer.sources["test/day"]
    for moment in (NINE, NINE + 1, NINE + 3_599_999_999_999):
        assert moment_of(moment_text(moment, source.offset), source) == moment
    assert moment_of("09:00", source) == NINE
    assert moment_of("09:00:00.25", source) == NINE + SECOND // 4
    assert source.kind is SourceKind.ORDERS


# -- connections ---------------------------------------------------------------------------------------------------------


@dataclass
class Token:
    """Whoever shows one; `alive` may be taken away."""

    person: int
    viewing: Everything
    alive: bool = True
    entitled: bool = True
    expires: int = 2_000_000_000

    def require(self) -> None:
        if not self.alive:
            raise YunhaiError(TOKEN_EXPIRED)

    def allow(self) -> None:
        if not self.entitled:
            raise YunhaiError(NOT_ENTITLED, source="/")

    def viewer(self) -> Everything:
        return self.viewing


class Client:
    """A connection without a network: what is put is received by the application, what it sends is kept."""

    def __init__(self, application: ReplayApplication) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.got: list[dict[str, Any]] = []
        self.code: int | None = None
        self.taken = asyncio.Condition()
        self.slowness: Callable[[], float] = lambda: 0.0
        self.said.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(application({"type": "websocket"}, self.said.get, self._send))

    async def _send(self, event: Any) -> None:
        await asyncio.sleep(self.slowness())
        async with self.taken:
            if event["type"] == "websocket.send":
                self.got.append(json.loads(event["text"]))
            elif event["type"] == "websocket.close":
                self.code = event["code"]
            self.taken.notify_all()

    def say(self, **message: Any) -> None:
        self.said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S), self.taken:
            await self.taken.wait_for(true)

    async def answer(self, op: str, count: int = 1) -> dict[str, Any]:
        await self.until(lambda: len([one for one in self.got if one["op"] == op]) >= count)
        return [one for one in self.got if one["op"] == op][count - 1]

    async def leave(self) -> None:
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(PATIENCE_S):
            await self.task


@dataclass
class Door:
    application: ReplayApplication
    tokens: dict[str, Token]
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        self.clients.append(Client(self.application))
        return self.clients[-1]


@contextlib.asynccontextmanager
async def door(viewer: Everything) -> AsyncIterator[Door]:
    tokens = {"anne": Token(1, viewer), "ben": Token(2, viewer)}

    def enter(token: str) -> Token:
        if token not in tokens:
            raise YunhaiError(TOKEN_MALFORMED)
        return tokens[token]

    made = Door(ReplayApplication(enter), tokens)
    yield made
    for client in made.clients:
        await client.leave()
    assert made.application.connections == 0


def test_a_connection_from_its_token_to_its_end(viewer: Everything) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="step")
            assert (await client.answer("refused"))["error"]["name"] == "token-missing"
            await client.until(lambda: client.code == 1008)
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="open", source="test/busy", codes=["A", "B"])
            client.say(op="play", speed="1000", idle_s=1)
            await client.until(
                lambda: client.got and client.got[-1]["op"] == "update" and not client.got[-1]["playing"]
            )
            updates = [one for one in client.got if one["op"] == "update"]
            assert sum(one["events"] for one in updates) == len(viewer.sources["test/busy"])
            assert updates[-1]["hash"] == viewer.sources["test/busy"].hash_at(updates[-1]["position"]).hex()
            client.said.put_nowait({"type": "websocket.receive", "text": "{"})
            assert (await client.answer("refused"))["error"]["code"] == 7494
            client.say(op="close")
            await client.answer("closed")

    asyncio.run(run())


def test_a_token_that_died_ends_a_playing_replay(viewer: Everything) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="open", source="test/busy", codes=["A"])
            client.say(op="play", speed="1")
            await client.answer("update")
            opened_door.tokens["anne"].alive = False
            await client.until(lambda: client.code is not None)
            assert client.code == 1008

    asyncio.run(run())


@pytest.mark.parametrize("then", [{}, {"op": "step"}, {"op": "play", "speed": "1"}], ids=["idle", "asks", "plays"])
def test_a_right_that_is_taken_away_ends_the_replay(viewer: Everything, then: dict[str, str]) -> None:
    """Whether something plays, is asked, or neither."""

    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="open", source="test/busy", codes=["A"])
            await client.answer("state")
            if then.get("op") == "play":
                client.say(**then)
                await client.answer("update")
            opened_door.tokens["anne"].entitled = False
            if then.get("op") == "step":
                client.say(**then)
            assert (await client.answer("refused"))["error"]["code"] == NOT_ENTITLED
            await client.until(lambda: client.code is not None)
            assert client.code == 1008
            assert [one["op"] for one in client.got].count("state") == 1 + (then.get("op") == "play")

    asyncio.run(run())


def test_whose_token_is_over_stays_until_something_is_asked(viewer: Everything) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="open", source="test/busy", codes=["A"])
            await client.answer("state")
            opened_door.tokens["anne"].alive = False
            await asyncio.sleep(1.5)  # longer than an idle right goes unlooked at
            assert client.code is None
            client.say(op="step")
            await client.until(lambda: client.code == 1008)

    asyncio.run(run())


class _SlowViewer(Everything):
    """Whose source `test/busy` is large: opening it takes until `go`."""

    go: threading.Event

    def open(self, source: str) -> tuple[Source, Keeping]:
        if source == "test/busy":
            assert self.go.wait(PATIENCE_S)
        return super().open(source)


def test_who_opens_something_large_keeps_nobody_from_playing(viewer: Everything) -> None:
    slow = _SlowViewer(viewer.sources)
    slow.go = threading.Event()

    async def run() -> None:
        async with door(slow) as opened_door:
            try:
                patient = [opened_door.client() for _ in range(3)]
                for client in patient:
                    client.say(op="auth", token="anne")
                    client.say(op="open", source="test/busy", codes=["A"])
                playing = opened_door.client()
                playing.say(op="auth", token="ben")
                playing.say(op="open", source="test/day", codes=["A", "B"])
                playing.say(op="play", speed="1000", idle_s=1)
                await playing.until(lambda: any(one["op"] == "update" and not one["playing"] for one in playing.got))
                assert all(one["op"] == "authenticated" for client in patient for one in client.got)
            finally:
                slow.go.set()
            for client in patient:
                await client.answer("state")

    asyncio.run(run())


def test_a_connection_shows_one_person_only(viewer: Everything) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="auth", token="anne")
            await client.answer("authenticated", 2)
            client.say(op="auth", token="ben")
            await client.until(lambda: client.code is not None)
            assert client.code == 1008

    asyncio.run(run())


def test_nobody_has_more_than_their_share_of_connections(viewer: Everything) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            clients = [opened_door.client() for _ in range(REPLAY_CONNECTIONS_OF_ONE_MAX + 1)]
            for client in clients[:-1]:
                client.say(op="auth", token="anne")
                await client.answer("authenticated")
            clients[-1].say(op="auth", token="anne")
            assert (await clients[-1].answer("refused"))["error"]["code"] == 7493
            clients[-1].say(op="auth", token="ben")
            await clients[-1].answer("authenticated")
            await clients[0].leave()
            again = opened_door.client()
            again.say(op="auth", token="anne")
            await again.answer("authenticated")

    asyncio.run(run())


def test_no_more_sign_in_than_there_is_room_for(viewer: Everything, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "REPLAY_CONNECTIONS_MAX", 1)

    async def run() -> None:
        async with door(viewer) as opened_door:
            one, other = opened_door.client(), opened_door.client()
            one.say(op="auth", token="anne")
            await one.answer("authenticated")
            other.say(op="auth", token="ben")
            assert (await other.answer("refused"))["error"]["code"] == 7493
            await one.leave()
            other.say(op="auth", token="ben")
            await other.answer("authenticated")

    asyncio.run(run())


def test_the_oldest_without_a_token_makes_room(viewer: Everything, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that show nothing keep nobody out."""
    monkeypatch.setattr(app_module, "REPLAY_UNSIGNED_MAX", 2)

    async def run() -> None:
        async with door(viewer) as opened_door:
            anne = opened_door.client()
            anne.say(op="auth", token="anne")
            await anne.answer("authenticated")
            idle = [opened_door.client() for _ in range(2)]
            await asyncio.sleep(0)
            ben = opened_door.client()
            await idle[0].until(lambda: idle[0].code is not None)
            assert (idle[0].code, idle[0].got[0]["error"]["code"]) == (1013, 7493)
            ben.say(op="auth", token="ben")
            await ben.answer("authenticated")
            assert (anne.code, idle[1].code) == (None, None)

    asyncio.run(run())


@pytest.mark.full
def test_a_slow_reader_slows_its_own_replay_and_no_other(viewer: Everything) -> None:
    """Both play the same; one takes 0.3 s for each message: it is told everything still, later, and without a leap."""

    async def run() -> None:
        async with door(viewer) as opened_door:
            quick, slow = opened_door.client(), opened_door.client()
            for client, token in ((quick, "anne"), (slow, "ben")):
                client.say(op="auth", token=token)
                client.say(op="open", source="test/busy", codes=["A", "B"])
                await client.answer("state")
            slow.slowness = lambda: 0.3
            for client in (quick, slow):
                client.say(op="play", speed="30", idle_s=1)
            await quick.until(lambda: not quick.got[-1].get("playing", True) and quick.got[-1]["op"] == "update")
            updates = [one for one in slow.got if one["op"] == "update"]
            assert not updates or updates[-1]["position"] < len(viewer.sources["test/busy"]) * 3 // 4
            slow.slowness = lambda: 0.0
            await slow.until(lambda: slow.got[-1]["op"] == "update" and not slow.got[-1]["playing"])
            for client in (quick, slow):
                told = [one for one in client.got if one["op"] == "update"]
                assert [one["first"] for one in told[1:]] == [one["position"] for one in told[:-1]]
                assert sum(one["events"] for one in told) == len(viewer.sources["test/busy"])

    asyncio.run(run())


def test_a_reader_that_reads_nothing_is_cut_off(viewer: Everything, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            client.say(op="auth", token="anne")
            client.say(op="open", source="test/busy", codes=["A"])
            await client.answer("state")
            monkeypatch.setattr(app_module, "REPLAY_SEND_SECONDS_MAX", 0.2)  # not before: what is taken may take longer
            client.slowness = lambda: 3_600.0
            client.say(op="play", speed="10")
            async with asyncio.timeout(PATIENCE_S):
                await client.task

    asyncio.run(run())


def test_whoever_shows_no_token_is_sent_away(viewer: Everything, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "STREAM_TOKEN_SECONDS_MAX", 0)

    async def run() -> None:
        async with door(viewer) as opened_door:
            client = opened_door.client()
            await client.until(lambda: client.code is not None)
            assert (client.code, client.got[0]["error"]["name"]) == (1008, "token-missing")

    asyncio.run(run())


def test_bars_of_the_whole_source_wherever_it_stands(viewer: Everything) -> None:
    session = opened(viewer)
    nine = 1_787_302_800  # 2026-08-21 09:00:00 of the market's clock, as seconds since 1970
    (told,) = say(session, op="bars", code="A", seconds=5)
    assert told["time"] == [nine, nine + 5, nine + 10]
    assert (told["opening"], told["closing"], told["volume"]) == (
        [100_000, 101_000, 101_000],
        [100_000, 101_000, 100_000],
        [50, 300, 115],
    )
    assert (told["high"], told["low"]) == ([100_000, 101_000, 101_000], [100_000, 101_000, 100_000])
    (state,) = say(session, op="seek", position=told["position"][1])
    assert [one["quantity"] for one in state["trades"]] == [300, 50]
    (none,) = say(session, op="bars", code="B", seconds=60)
    assert (none["volume"], none["closing"]) == ([4], [200_000])
    for seconds in (0, 3_601):
        with pytest.raises(YunhaiError) as refused:
            say(session, op="bars", code="A", seconds=seconds)
        assert refused.value.code == 7494
