"""The inner socket: the relay's facts, the day, the clock, lines, halts. No token: the socket's file rights decide.

Orders may come this way too (`/trade/v1/ws`): signed and gated like any others, the person being the key's own.
"""

import time
from typing import Any, Final

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import ASGIApp

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import FACTS_A_REQUEST_MAX, INNER_BODY_BYTES_MAX
from yunhai.trading import day as market_day
from yunhai.trading.core import commands, errors
from yunhai.trading.core.core import Core
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.facts import CashMoved, DayOpened, Opening, SharesMoved
from yunhai.trading.http import structs
from yunhai.trading.http.app import application
from yunhai.trading.http.clock_text import moment_in
from yunhai.trading.http.public import SOCKET, number_in, probes
from yunhai.trading.http.routes import Answer, Asked, Handler, Route, Who
from yunhai.trading.http.socket import OrdersSocket
from yunhai.trading.trust.interface_errors import CERTIFICATE_UNKNOWN

_DAY: Final = (6420, 6421, 6422, 6423, 6424, 6425)


async def take_facts(core: Core, asked: Asked) -> Answer:
    """`POST /facts`."""
    rows: list[structs.OutboxRow] = asked.body
    if len(rows) > FACTS_A_REQUEST_MAX:
        raise YunhaiError(errors.BODY_MALFORMED, reason=f"at most {FACTS_A_REQUEST_MAX} rows")
    wanted = [commands.Row(row.outbox, row.number, row.tenant, row.value) for row in rows]
    sequences = await commands.take_rows(core, wanted)
    return Answer(structs.FactsTaken(mode=core.mode, sequences=tuple(sequences)))


async def fact_taken(core: Core, asked: Asked) -> Answer:
    """`GET /facts/{outbox}`."""
    taken = core.books.taken(number_in(asked, "outbox"))
    await core.appender.settled()
    return Answer(structs.FactTaken(mode=core.mode, taken=taken))


def _sequence(core: Core, sequence: int) -> Answer:
    return Answer(structs.SequenceSaid(mode=core.mode, sequence=sequence))


def _day(core: Core, date: str, steps: list[str]) -> Answer:
    moment = moment_of(core.clock.now())
    return Answer(
        structs.DaySaid(mode=core.mode, date=date, steps=tuple(steps), done=core.day_steps, market_time=moment)
    )


async def open_day(core: Core, asked: Asked) -> Answer:
    """`POST /day/open`."""
    said: structs.DayOpenCommand = asked.body
    held = core.books.packs.get(said.pack)
    sha256 = bytes.fromhex(said.sha256) if said.sha256 else held.sha256 if held is not None else b""
    opened = DayOpened(
        date=said.date,
        pack=said.pack,
        pack_sha256=sha256,
        settles_on=said.settles_on,
        listed=said.listed,
        seed=said.seed,
        mode=said.mode,
        clock=core.clock.kind,
        wall_ns=core.wall(),
        by=said.by,
    )
    return _sequence(core, await market_day.open_day(core, opened, at=said.at))


async def close_day(core: Core, asked: Asked) -> Answer:
    """`POST /day/close`."""
    date, steps = await market_day.close_day(core, asked.body.date, by=asked.body.by)
    return _day(core, date, steps)


async def settle(core: Core, asked: Asked) -> Answer:
    """`POST /day/settle`."""
    if not asked.body.date:
        raise YunhaiError(errors.BODY_MALFORMED, reason="date")
    date, steps = await market_day.settle(core, asked.body.date, by=asked.body.by)
    return _day(core, date, steps)


async def move_clock(core: Core, asked: Asked) -> Answer:
    """`POST /clock`."""
    core.require_ready()
    core.move_clock(moment_in(core, asked.body.to))
    core.send_on()
    core.arm()
    await core.appender.settled()
    return Answer(structs.ClockSaid(mode=core.mode, market_time=moment_of(core.clock.now()), clock=core.clock.kind))


async def line(core: Core, asked: Asked) -> Answer:
    """`POST /lines/{line}`."""
    said: structs.LineCommand = asked.body
    name = asked.path["line"]
    if said.do == "login":
        return _sequence(core, await commands.line_login(core, name, said.broker, said.password))
    if said.do == "lose" and said.when != "now":
        return _sequence(core, commands.line_breaks(core, name, said.when))
    return _sequence(core, await commands.line_end(core, name, lost=said.do == "lose"))


async def halt(core: Core, asked: Asked) -> Answer:
    """`POST /halts`."""
    return _sequence(core, await commands.halt(core, asked.body.code, on=asked.body.on))


async def opening(core: Core, asked: Asked) -> Answer:
    """`POST /openings`."""
    said: structs.OpeningCommand = asked.body
    part = Opening(
        batch=said.batch,
        part=said.part,
        accounts=said.accounts,
        codes=said.codes,
        amounts=said.amounts,
        costs=said.costs,
        wall_ns=core.wall(),
    )
    return _sequence(core, await commands.open_balances(core, said.tenant, part))


async def cash(core: Core, asked: Asked) -> Answer:
    """`POST /cash`."""
    said: structs.InnerCash = asked.body
    kind = "deposit" if said.amount > 0 else "withdrawal"
    moved = CashMoved(
        account=said.account, amount=said.amount, kind=kind, reference=said.reference, wall_ns=core.wall()
    )
    return _sequence(core, await commands.move_cash(core, said.tenant, moved))


async def shares(core: Core, asked: Asked) -> Answer:
    """`POST /shares`."""
    said: structs.InnerShares = asked.body
    moved = SharesMoved(
        account=said.account,
        code=said.code,
        quantity=said.quantity,
        cost=said.cost,
        reference=said.reference,
        wall_ns=core.wall(),
    )
    return _sequence(core, await commands.move_shares(core, said.tenant, moved))


async def status(core: Core, _: Asked) -> Answer:
    """`GET /status`."""
    writer, day = core.appender.writer, core.day
    due = day.venue.next_due() if day is not None else None
    registry = core.counted.registry
    samples = [sample for one in core.counted.refused.collect() for sample in one.samples]
    refused = sum(sample.value for sample in samples if sample.name.endswith("_total"))
    return Answer(
        structs.Status(
            mode=core.mode,
            ready=core.ready and not core.stopping,
            halted=core.failed is not None,
            date=core.books.last_date,
            open=day is not None,
            steps=core.day_steps,
            market_time=moment_of(core.clock.now()),
            clock=core.clock.kind,
            next_due=moment_of(due) if due is not None else "",
            sequence=writer.submitted(),
            durable=writer.durable(),
            next_number=core.books.number + 1,
            queued=len(core.dispatch.pool.pending()),
            accepted=int(registry.get_sample_value("yunhai_core_accepted_total") or 0),
            refused=int(refused),
            sockets=int(registry.get_sample_value("yunhai_core_sockets") or 0),
            restored_from=core.restored.snapshot,
            seconds=round(core.restored.seconds, 3),
            snapshot=core.snapshot_at,
            journal=writer.journal_id().hex(),
        )
    )


async def pool(core: Core, _: Asked) -> Answer:
    """`GET /pool`."""
    return Answer(structs.PoolSaid(mode=core.mode, pool=core.dispatch.pool.view(time.monotonic_ns())))


async def interface(core: Core, asked: Asked) -> Answer:
    """`GET /interfaces/{sha256}`."""
    found = core.books.interfaces.get(asked.path["sha256"])
    if found is None:
        raise YunhaiError(CERTIFICATE_UNKNOWN)
    return Answer(
        structs.InterfaceSaid(
            mode=core.mode,
            sha256=found.sha256.hex(),
            profile=found.profile,
            tenant=found.tenant,
            status=found.status,
            not_before=found.not_before,
            not_after=found.not_after,
        )
    )


async def snapshot(core: Core, _: Asked) -> Answer:
    """`POST /snapshot`."""
    core.require_ready()
    return _sequence(core, await core.snapshot())


def _inner(  # as a row of a table
    method: str,
    path: str,
    handler: Handler,
    response: type,
    text: tuple[str, str],
    *,
    request: Any = None,
    errors_: tuple[int, ...] = (),
) -> Route:
    return Route(
        method=method,
        path=path,
        name=f"inner{path.title()}".replace("/", "").replace("{", "").replace("}", ""),
        who=Who.INNER,
        handler=handler,
        request=request,
        response=response,
        summary=text[0],
        summary_zh=text[1],
        errors=errors_,
        largest=INNER_BODY_BYTES_MAX,
    )


INNER: Final = (
    _inner(
        "POST",
        "/facts",
        take_facts,
        structs.FactsTaken,
        ("Outbox rows, each taken once", "接收控制面事實，每列僅取一次"),
        request=list[structs.OutboxRow],
        errors_=(errors.FACT_MALFORMED, errors.FACT_NOT_FROM_OUTBOX),
    ),
    _inner(
        "GET",
        "/facts/{outbox}",
        fact_taken,
        structs.FactTaken,
        ("Whether an outbox row was taken", "是否已接收某列事實"),
    ),
    _inner(
        "POST",
        "/day/open",
        open_day,
        structs.SequenceSaid,
        ("Open a market day", "開啟市場日"),
        request=structs.DayOpenCommand,
        errors_=(errors.DAY_ALREADY_OPEN, errors.CLOCK_NOT_DRIVEN, *_DAY),
    ),
    _inner(
        "POST",
        "/day/close",
        close_day,
        structs.DaySaid,
        ("Close the day: resumable steps", "關閉市場日：可接續之步驟"),
        request=structs.DayCommand,
        errors_=(errors.DAY_NOT_OPEN, errors.DAY_NOT_OVER, *_DAY),
    ),
    _inner(
        "POST",
        "/day/settle",
        settle,
        structs.DaySaid,
        ("Settle what is due by a date", "辦理交割"),
        request=structs.DayCommand,
        errors_=_DAY,
    ),
    _inner(
        "POST",
        "/clock",
        move_clock,
        structs.ClockSaid,
        ("Move a demo or driven clock", "推進市場時鐘"),
        request=structs.ClockCommand,
        errors_=(errors.CLOCK_NOT_DRIVEN, errors.CLOCK_BACKWARDS, errors.DAY_NOT_OPEN, 2105),
    ),
    _inner(
        "POST",
        "/lines/{line}",
        line,
        structs.SequenceSaid,
        ("Log a line in, lose it, log it out", "線路登入、中斷、登出"),
        request=structs.LineCommand,
        errors_=(6300,),
    ),
    _inner(
        "POST",
        "/halts",
        halt,
        structs.SequenceSaid,
        ("Suspend or resume a security", "暫停或恢復證券交易"),
        request=structs.HaltCommand,
        errors_=(errors.DAY_NOT_OPEN, errors.SECURITY_UNKNOWN),
    ),
    _inner(
        "POST",
        "/openings",
        opening,
        structs.SequenceSaid,
        ("A part of an import of opening balances", "匯入期初餘額"),
        request=structs.OpeningCommand,
        errors_=(6404, 6411, 6412, 6413),
    ),
    _inner(
        "POST",
        "/cash",
        cash,
        structs.SequenceSaid,
        ("Deposit or withdraw, by the operator", "營運人員入金或出金"),
        request=structs.InnerCash,
        errors_=tuple(range(6400, 6411)),
    ),
    _inner(
        "POST",
        "/shares",
        shares,
        structs.SequenceSaid,
        ("Shares in or out, by the operator", "營運人員存入或領出證券"),
        request=structs.InnerShares,
        errors_=tuple(range(6400, 6411)),
    ),
    _inner("GET", "/status", status, structs.Status, ("How the core does", "核心狀態")),
    _inner(
        "GET",
        "/interfaces/{sha256}",
        interface,
        structs.InterfaceSaid,
        ("A client certificate as the facts have it", "用戶端憑證之登錄"),
        errors_=(CERTIFICATE_UNKNOWN,),
    ),
    _inner("GET", "/pool", pool, structs.PoolSaid, ("The pool of lines", "線路池")),
    _inner(
        "POST",
        "/snapshot",
        snapshot,
        structs.SequenceSaid,
        ("Write a snapshot", "建立快照"),
        errors_=(errors.SNAPSHOT_REFUSED,),
    ),
)
"""Every route of the inner socket."""


def inner_application(core: Core) -> tuple[ASGIApp, OrdersSocket]:
    """The application of the inner socket, and its order connections."""
    socket = OrdersSocket(core, inner=True)
    more: list[BaseRoute] = [WebSocketRoute(SOCKET, socket), *probes(core)]
    return application(core, INNER, more), socket
