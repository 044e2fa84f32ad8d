"""The demo: the whole cloud on this machine, with brokers, people and a market that trades whatever the hour.

The cloud itself is `yunhai up`'s; this plants what lives in it, opens a market day at 08:59:50 of its own clock, lets the
agents trade, skips the minutes until the first odd-lot auction, and when the day is over closes it, settles what is due
and opens the next one. After a restart it goes on with the day it finds.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from yunhai.apps.cloud import demo_errors
from yunhai.apps.cloud.agents import Agent, Counts, Seat, traders
from yunhai.apps.cloud.demo_market import (
    OPENS_AT,
    PACK,
    QUIET_FROM,
    QUIET_UNTIL,
    RESTS_AT,
    DemoDay,
    day_after,
    demo_day,
    first_day,
    today,
)
from yunhai.apps.cloud.demo_setup import Link, SetUp, decoded
from yunhai.apps.cloud.inner import Inner
from yunhai.apps.cloud.places import HOME_VARIABLE, Places
from yunhai.apps.cloud.seed import DEMO_VARIABLE, Planted, Program
from yunhai.apps.reference_data import rule_pack
from yunhai.client import ApiKey, Refused, Signer, Stream
from yunhai.client import failures as client_failures
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of

MAKERS: Final = 4
SEED: Final = 20_261_122
WATCH_S: Final = 1.0
CORE_S: Final = 30.0
QUOTES_S: Final = 20.0

Say = Callable[[str, str], None]


def demo_home() -> Path:
    """Where the demo lives unless told otherwise: beside the real installation, never in it."""
    if os.geteuid() == 0:
        return Path("/var/lib/yunhai-demo")
    return Path.home() / ".local" / "share" / "yunhai-demo"


@dataclass(slots=True)
class Demo:
    """One running demo. `begin` is called in a thread when all parts are ready; `done` is set when it has begun or failed."""

    places: Places
    origin: str
    say: Say
    links: tuple[Link, ...] = ()
    planted: Planted | None = None
    counts: list[Counts] = field(default_factory=list)
    failure: BaseException | None = None
    begun: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Plant, fill the books, open the market. The links are there afterwards. YunhaiError 7660; `Refused`."""
        self.say("demo", "planting brokers and people 建立券商與人員")
        found = set_up_apart(self.places)
        self.links, self.planted = found.links, found.planted
        with Inner(self.places.inner_socket) as inner:
            if not inner.wait_ready(CORE_S):
                raise YunhaiError(demo_errors.NOT_BEGUN, reason="the core is not ready", reason_zh="核心未就緒")
            self.say("demo", "opening balances and lines 期初餘額與線路")
            for tenant, part in found.planted.openings:
                inner.opening(tenant, part)
            self._log_in(inner)
            status = inner.status()
            if not status.open:
                self._next_day(inner, asyncio.run(self._closes()) if status.date else {})
        self.say("demo", "the market is open 市場已開")

    async def live(self) -> None:
        """Trade and turn the days until cancelled."""
        assert self.planted is not None, "begin first"
        pack = rule_pack(PACK)
        listed = demo_day(first_day(today())).listed
        deciders = traders(listed, pack, len(self.planted.agents), makers=MAKERS, seed=SEED)
        agents = [
            Agent(self.origin, seat_of(self.origin, program), trader)
            for program, trader in zip(self.planted.agents, deciders, strict=True)
        ]
        self.counts = [agent.counts for agent in agents]
        await asyncio.gather(self._conduct(), *(agent.run() for agent in agents))

    # --- the market's days --------------------------------------------------------------------------------------------

    async def _conduct(self) -> None:
        """Close a day that is over and open the next one; whatever goes wrong is said and tried again."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await asyncio.to_thread(self._look_after_day)
            except (YunhaiError, Refused) as problem:
                if not (isinstance(problem, YunhaiError) and problem.code == client_failures.UNREACHABLE):
                    self.say("demo", str(problem))

    def _look_after_day(self) -> None:
        with Inner(self.places.inner_socket) as inner:
            status = inner.status()
            at = clock_of(status.market_time)
            if status.open and at < RESTS_AT:
                if QUIET_FROM <= at < QUIET_UNTIL:
                    self.say("demo", f"on to 快轉至 {QUIET_UNTIL}: odd lots match from 09:10 盤中零股 09:10 起撮合")
                    inner.clock(QUIET_UNTIL)
                return
            closes = asyncio.run(self._closes()) if status.date else {}
            if status.date:
                self.say("demo", f"closing {status.date} 收盤作業")
                inner.close_day(status.date)
            self._next_day(inner, closes)

    def _next_day(self, inner: Inner, closes: dict[str, int]) -> None:
        last = inner.status().date
        next_day = day_after(date.fromisoformat(last)) if last else first_day(today())
        if last:
            inner.settle(next_day.isoformat())
        found = demo_day(next_day, closes=closes)
        open_demo_day(inner, found)
        self.say("demo", f"market day 市場日 {found.date}")

    def _log_in(self, inner: Inner) -> None:
        """Log in every line that is not up. Later that is the operators' part: they may have taken one down."""
        assert self.planted is not None
        up = inner.lines_up()
        for line in self.planted.lines:
            if line.line not in up:
                inner.login(line)

    async def _closes(self) -> dict[str, int]:
        """The last prices of the board, 1/10,000 NT$, by the stream's quotes, which it keeps until another day opens; the
        reference where nothing traded."""
        assert self.planted is not None
        codes = [one.code for one in demo_day(first_day(today())).listed]
        seat = seat_of(self.origin, self.planted.agents[0])
        async with Stream(self.origin, seat.tokens) as stream:
            await stream.subscribe("quotes", codes=codes, segments=["board"])
            message = await stream.next(timeout_s=QUOTES_S)
        quotes: list[dict[str, Any]] = message.body["data"]["quotes"]
        return {one["code"]: int(price_of(one["last"] or one["reference"])) for one in quotes}


def open_demo_day(inner: Inner, day: DemoDay) -> None:
    inner.open_day(date=day.date, pack=PACK, settles_on=day.settles_on, listed=day.listed, seed=day.seed, at=OPENS_AT)


def seat_of(origin: str, program: Program) -> Seat:
    """A planted program's seat at the public door."""
    return Seat(
        tenant=program.tenant,
        account=program.account,
        signer=Signer.from_pem(program.pem, key=program.key),
        tokens=ApiKey(origin, program.client, program.secret),
    )


def clock_of(market_time: str) -> str:
    """HH:MM:SS of an ISO market time."""
    return datetime.fromisoformat(market_time).strftime("%H:%M:%S")


def set_up_apart(places: Places) -> SetUp:
    """`demo_setup` in a process of its own, as the migrator. YunhaiError 7660 with the last thing it said."""
    done = subprocess.run(
        [sys.executable, "-m", "yunhai.apps.cloud.demo_setup"],
        env=os.environ | {HOME_VARIABLE: str(places.home), DEMO_VARIABLE: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise YunhaiError(demo_errors.NOT_BEGUN, reason=reason, reason_zh=reason)
    return decoded(done.stdout.strip().splitlines()[-1])


def run_live(demo: Demo, stop: threading.Event) -> None:
    """`live` in this thread until `stop`."""

    async def until_stopped() -> None:
        living = asyncio.create_task(demo.live())
        stopped = asyncio.create_task(asyncio.to_thread(stop.wait))
        await asyncio.wait([living, stopped], return_when=asyncio.FIRST_COMPLETED)
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living

    asyncio.run(until_stopped())
