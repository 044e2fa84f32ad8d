"""The public routes: what investors, sales reps, operations and their programs ask of the core.

What is shown is durable: an answer that reads the books waits until the journal has synced what they hold.
"""

import asyncio
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ORDERS_LISTED_MAX
from yunhai.kernel.money import money_of
from yunhai.trading.core import commands, errors, rights
from yunhai.trading.core.core import Core
from yunhai.trading.core.deciding import moment_of
from yunhai.trading.core.market_day import OpenDay
from yunhai.trading.core.orders import Ask, Outcome
from yunhai.trading.facts import CashMoved, SharesMoved, Transferred
from yunhai.trading.gate.asked import Asker
from yunhai.trading.gate.errors import GATE_CODES, SHAPE_CODES
from yunhai.trading.gate.gate import catalogue
from yunhai.trading.http import structs, views
from yunhai.trading.http.app import application
from yunhai.trading.http.examples import EXAMPLES
from yunhai.trading.http.routes import PREFIX, RATE_LIMITED, Answer, Asked, Route, Who
from yunhai.trading.http.socket import OrdersSocket
from yunhai.trading.instructions import Instruction, SignedInstruction
from yunhai.trading.lines.errors import QUEUE_FULL
from yunhai.trading.rates import CHANGES, COMMANDS, ORDERS, PREVIEWS, READS, Quota, Verdict
from yunhai.trading.shape import checked

_QUOTAS: Final = (ORDERS, CHANGES, PREVIEWS, READS, COMMANDS)
_MARKET: Final = tuple(range(6400, 6411))
_STALE_S: Final = 0.5


def _now_ms(core: Core) -> int:
    return core.wall() // 1_000_000


def ack_of(core: Core, outcome: Outcome) -> structs.Ack:
    """The acknowledgement; raises a refusal."""
    if isinstance(outcome, YunhaiError):
        raise outcome
    return structs.Ack(
        mode=core.mode,
        number=outcome.number,
        order_id=outcome.order_id,
        order_number=outcome.order_number,
        client_id=outcome.client_id,
        sequence=outcome.sequence,
        accepted_at=outcome.accepted_at,
        market_time=outcome.market_time,
        reserved=structs.Reserved(cash=outcome.cash, shares=outcome.shares),
    )


async def place(core: Core, asked: Asked) -> Answer:
    """`POST /orders`: 201 accepted, 200 the same again."""
    signed: SignedInstruction = asked.body
    claims = asked.signed_in
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def told(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    core.ask(Ask(signed, claims, told))
    outcome = await future
    instruction = signed.instruction
    quota = ORDERS if instruction.action == "new" else CHANGES
    rate = core.rates.look(quota, claims.person << 32 | (instruction.account & 0xFFFFFFFF), time.monotonic())
    if isinstance(outcome, YunhaiError):
        refused = structs.RefusedAnswer(mode=core.mode, error=views.refusal(outcome))
        return Answer(refused, outcome.entry.http, rate)
    return Answer(ack_of(core, outcome), 200 if outcome.again else 201, rate)


async def preview(core: Core, asked: Asked) -> Answer:
    """`POST /preview`."""
    core.require_ready()
    instruction: Instruction = asked.body
    claims = asked.signed_in
    shaped = checked(instruction)
    if claims.tenant != shaped.tenant:
        raise YunhaiError(errors.NOTHING_FOUND)
    rights.account_of(core.books, claims, shaped.account, now_ms=_now_ms(core))
    core.advance()
    found = core.deciding.gate.preview(
        shaped, asker=Asker(claims.person, claims.mfa, role=claims.only_role), wall_ns=core.wall()
    )
    said = views.preview(core, found)
    await core.appender.settled()
    return Answer(said)


async def orders(core: Core, asked: Asked) -> Answer:
    """`GET /orders`."""
    core.require_ready()
    query: structs.OrdersQuery = asked.query
    rights.account_of(core.books, asked.signed_in, query.account, now_ms=_now_ms(core))
    held = core.books.orders_of(query.account, open_only=query.state == "open")
    shown = held[-ORDERS_LISTED_MAX:][::-1]
    said = tuple(views.order(core, one) for one in shown)
    await core.appender.settled()
    return Answer(structs.Orders(mode=core.mode, orders=said, more=len(held) > len(shown)))


def number_in(asked: Asked, name: str) -> int:
    """A number of the path. NOTHING_FOUND for anything else."""
    text = asked.path[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise YunhaiError(errors.NOTHING_FOUND)
    return int(text)


async def order(core: Core, asked: Asked) -> Answer:
    """`GET /orders/{id}`."""
    core.require_ready()
    held = rights.order_of(core.books, asked.signed_in, number_in(asked, "order"), now_ms=_now_ms(core))
    said = views.order(core, held)
    await core.appender.settled()
    return Answer(structs.Order(mode=core.mode, order=said))


async def account(core: Core, asked: Asked) -> Answer:
    """`GET /accounts/{id}`."""
    core.require_ready()
    held = rights.account_of(core.books, asked.signed_in, number_in(asked, "account"), now_ms=_now_ms(core))
    said = views.account(core, held)
    await core.appender.settled()
    return Answer(said)


def _amount(text: str) -> int:
    return int(money_of(text))


def _done(core: Core, sequence: int, reference: str) -> Answer:
    moment = moment_of(core.clock.now())
    return Answer(structs.Done(mode=core.mode, sequence=sequence, reference=reference, market_time=moment))


async def cash(core: Core, asked: Asked) -> Answer:
    """`POST /cash`. References are the broker's; those that investors choose stand under their account's number, so that
    nobody takes another's, or learns of it."""
    claims, said = asked.signed_in, asked.body
    rights.account_of(core.books, claims, said.account, now_ms=_now_ms(core))
    chosen = said.reference
    if chosen and not rights.is_operations(core.books, claims):
        chosen = f"{said.account}/{chosen}"
    if said.kind == "withdrawal":
        rights.require_withdrawal(core.books, claims, said.account)
    else:
        rights.require_operations(core.books, claims)
    amount = _amount(said.amount)
    moved = CashMoved(
        account=said.account,
        amount=-amount if said.kind == "withdrawal" else amount,
        kind=said.kind,
        reference=chosen,
        by=claims.person,
        wall_ns=core.wall(),
    )
    return _done(core, await commands.move_cash(core, claims.tenant, moved), said.reference)


async def shares(core: Core, asked: Asked) -> Answer:
    """`POST /shares`."""
    claims, said = asked.signed_in, asked.body
    rights.account_of(core.books, claims, said.account, now_ms=_now_ms(core))
    rights.require_operations(core.books, claims)
    moved = SharesMoved(
        account=said.account,
        code=said.code,
        quantity=said.quantity,
        cost=_amount(said.cost),
        reference=said.reference,
        by=claims.person,
        wall_ns=core.wall(),
    )
    return _done(core, await commands.move_shares(core, claims.tenant, moved), said.reference)


async def transfer(core: Core, asked: Asked) -> Answer:
    """`POST /transfers`."""
    claims, said = asked.signed_in, asked.body
    for number in (said.source, said.target):
        rights.account_of(core.books, claims, number, now_ms=_now_ms(core))
    rights.require_operations(core.books, claims)
    moved = Transferred(
        source=said.source,
        target=said.target,
        amount=said.quantity if said.code else _amount(said.amount),
        code=said.code,
        reference=said.reference,
        by=claims.person,
        wall_ns=core.wall(),
    )
    return _done(core, await commands.transfer(core, claims.tenant, moved), said.reference)


_known: dict[int, tuple[OpenDay, dict[str, structs.SecuritySaid]]] = {}


def _securities(day: OpenDay) -> dict[str, structs.SecuritySaid]:
    """The day's securities as answered, worked out once a day."""
    kept = _known.get(id(day))
    if kept is None or kept[0] is not day:
        _known.clear()
        _known[id(day)] = kept = (day, views.securities(day))
    return kept[1]


async def market(core: Core, asked: Asked) -> Answer:
    """`GET /market`."""
    core.require_ready()
    day = core.open_day()
    core.advance()
    codes = [code for code in asked.query.codes.split(",") if code]
    said = views.market(core, day, _securities(day), codes)
    await core.appender.settled()
    return Answer(said)


async def limits(core: Core, asked: Asked) -> Answer:
    """`GET /limits`."""
    core.require_ready()
    claims, number = asked.signed_in, asked.query.account
    if number:
        rights.account_of(core.books, claims, number, now_ms=_now_ms(core))
    now = time.monotonic()

    def look(quota: Quota) -> Verdict:
        own = quota in (ORDERS, CHANGES)
        return core.rates.look(quota, claims.person << 32 | number if own else claims.person, now)

    return Answer(
        structs.LimitsSaid(
            mode=core.mode,
            limits=tuple(
                structs.LimitSaid(
                    scope=quota.scope,
                    limit=quota.limit,
                    window=quota.window,
                    remaining=look(quota).remaining,
                    reset=look(quota).reset,
                )
                for quota in _QUOTAS
            ),
        )
    )


async def rejects(core: Core, _: Asked) -> Answer:
    """`GET /rejects`."""
    rows = tuple(
        structs.RejectSaid(
            code=row.code,
            name=row.name,
            check=row.check,
            owner=row.owner,
            http=row.http,
            retry=row.retry,
            zh=row.zh,
            en=row.en,
            remedy_zh=row.remedy_zh,
            remedy_en=row.remedy_en,
        )
        for row in catalogue()
    )
    return Answer(structs.Rejects(mode=core.mode, rejects=rows))


ROUTES: Final = (
    Route(
        method="POST",
        path=f"{PREFIX}/orders",
        name="placeOrder",
        who=Who.TRADE,
        handler=place,
        request=SignedInstruction,
        response=structs.Ack,
        status=201,
        summary="Place, cancel, cut or re-price by a signed instruction; the same again gives the same answer (200)",
        summary_zh="以簽署之指示委託、取消、減量或改價；同一指示再送得同一回覆（200）",
        errors=(*GATE_CODES, *SHAPE_CODES, errors.NOTHING_FOUND, QUEUE_FULL),
        example=EXAMPLES["placeOrder"],
    ),
    Route(
        method="POST",
        path=f"{PREFIX}/preview",
        name="previewOrder",
        who=Who.LOOK,
        handler=preview,
        request=Instruction,
        response=structs.Preview,
        summary="What the gate would say of an instruction, and its cost; changes nothing",
        summary_zh="試算：各項檢核結果、費用與圈存；不作任何變更",
        errors=(*SHAPE_CODES, errors.NOTHING_FOUND, errors.LOOKUP_MISSING),
        quota=PREVIEWS,
        example=EXAMPLES["previewOrder"],
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/orders",
        name="listOrders",
        who=Who.LOOK,
        handler=orders,
        query=structs.OrdersQuery,
        response=structs.Orders,
        summary="Today's orders of an account, newest first",
        summary_zh="帳戶本日委託，新者在前",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING),
        quota=READS,
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/orders/{{order}}",
        name="getOrder",
        who=Who.LOOK,
        handler=order,
        response=structs.Order,
        summary="One order of today, live",
        summary_zh="本日單筆委託現況",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING),
        quota=READS,
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/accounts/{{account}}",
        name="getAccount",
        who=Who.LOOK,
        handler=account,
        response=structs.Account,
        summary="An account, live: buying power, reservations, holdings, what settles when",
        summary_zh="帳戶現況：購買力、圈存、庫存與交割",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING),
        quota=READS,
    ),
    Route(
        method="POST",
        path=f"{PREFIX}/cash",
        name="moveCash",
        who=Who.OPERATIONS,
        handler=cash,
        request=structs.CashCommand,
        response=structs.Done,
        summary="Deposit or withdraw; an investor may withdraw from their own account",
        summary_zh="入金或出金；投資人可自本人帳戶出金",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING, errors.NOT_ALLOWED, *_MARKET),
        quota=COMMANDS,
        example=EXAMPLES["moveCash"],
    ),
    Route(
        method="POST",
        path=f"{PREFIX}/shares",
        name="moveShares",
        who=Who.OPERATIONS,
        handler=shares,
        request=structs.SharesCommand,
        response=structs.Done,
        summary="Shares from or to the depository",
        summary_zh="證券存入或領出集保",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING, errors.NOT_ALLOWED, *_MARKET),
        quota=COMMANDS,
        example=EXAMPLES["moveShares"],
    ),
    Route(
        method="POST",
        path=f"{PREFIX}/transfers",
        name="transfer",
        who=Who.OPERATIONS,
        handler=transfer,
        request=structs.TransferCommand,
        response=structs.Done,
        summary="Cash or shares from one account to another of the same broker",
        summary_zh="同一券商帳戶間之現金或證券移轉",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING, errors.NOT_ALLOWED, *_MARKET),
        quota=COMMANDS,
        example=EXAMPLES["transfer"],
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/market",
        name="getMarket",
        who=Who.SIGNED_IN,
        handler=market,
        query=structs.MarketQuery,
        response=structs.Market,
        summary="The open day: date, market time, phases, securities with limits and ticks",
        summary_zh="本日市場：日期、市場時間、時段、證券及其漲跌停與升降單位",
        errors=(errors.DAY_NOT_OPEN,),
        quota=READS,
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/limits",
        name="getLimits",
        who=Who.SIGNED_IN,
        handler=limits,
        query=structs.LimitsQuery,
        response=structs.LimitsSaid,
        summary="Quotas with scope, reset and what is left",
        summary_zh="各項流量上限、範圍、重置時間與餘量",
        errors=(errors.NOTHING_FOUND, errors.LOOKUP_MISSING),
        quota=READS,
    ),
    Route(
        method="GET",
        path=f"{PREFIX}/rejects",
        name="listRejects",
        who=Who.ANYBODY,
        handler=rejects,
        response=structs.Rejects,
        summary="The gate's refusals in the order of its checks",
        summary_zh="委託檢核之退單代碼，依檢核順序",
    ),
)
"""Every public HTTP route. The WebSocket is `SOCKET`."""

SOCKET: Final = f"{PREFIX}/ws"


def probes(core: Core) -> list[BaseRoute]:
    """/health, /ready and /metrics, on both sockets."""

    async def health(_: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(_: Request) -> Response:
        state = "halted" if core.failed is not None else "ready" if core.ready and not core.stopping else "waiting"
        body = b'{"status":"%s"}' % state.encode()
        return Response(body, 200 if state == "ready" else 503, media_type="application/json")

    async def metrics(_: Request) -> Response:
        counted, writer = core.counted, core.appender.writer
        if core.failed is None:
            counted.sequence.set(writer.submitted())
            counted.durable.set(writer.durable())
        counted.queued.set(len(core.dispatch.pool.pending()))
        counted.market_time.set(core.clock.now() / 1e9)
        return Response(counted.text(), media_type="text/plain; version=0.0.4")

    return [StarletteRoute(f"/{each.__name__}", each, methods=["GET"]) for each in (health, ready, metrics)]


def public_application(core: Core) -> tuple[ASGIApp, OrdersSocket]:
    """The application of the public socket, and its order connections."""
    socket = OrdersSocket(core)
    more: list[BaseRoute] = [WebSocketRoute(SOCKET, socket), *probes(core)]
    return application(core, ROUTES, more), socket


assert RATE_LIMITED in SHAPE_CODES
