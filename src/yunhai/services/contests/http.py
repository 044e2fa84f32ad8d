"""/api/v1/contests: contests for those who lead them, paper accounts for those who trade on paper."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from yunhai.kernel.clock import moment_text
from yunhai.kernel.money import decimal_text, money_of, price_of
from yunhai.kernel.records import OrderType, Side, TimeInForce
from yunhai.market.replay.playing import speed_of
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.contests import api as contests
from yunhai.services.contests import papers, setting, sources
from yunhai.services.contests.api import LEADS, SERVICE, STUDENTS, WATCHES
from yunhai.services.contests.rules import Ask, Draft, Weights
from yunhai.services.contests.schemas import (
    AlterIn,
    BeginIn,
    ClockIn,
    ContestDayOut,
    ContestIn,
    ContestOut,
    ContestStepOut,
    JoinIn,
    LeadIn,
    NumberOut,
    PaperIdOut,
    PaperNameOut,
    PaperOrderIn,
    PaperOut,
    PaperStockOut,
    RankingOut,
    VerifiedOut,
)

router = Router(tags=["contests"], auth=signed_in)
PREFIX = "/contests"


def _contest(found: contests.ContestView) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in ContestOut.model_fields if hasattr(found, name)}
    return told | {
        "cash": decimal_text(found.cash),
        "begins": moment_text(found.begins),
        "ends": moment_text(found.ends),
        "now": moment_text(found.now),
        "speed": decimal_text(found.speed, decimals=3),
    }


def _ranking(found: contests.RankingView) -> dict[str, Any]:
    rows = [
        {name: getattr(one, name) for name in ("place", "paper", "name", "orders", "trades", "digest")}
        | {
            "points": decimal_text(one.points, decimals=3),
            "equity": decimal_text(one.equity),
            "gain": decimal_text(one.gain),
            "return_percent": decimal_text(one.return_ppm),
            "drawdown_percent": decimal_text(one.drawdown_ppm),
            "ratio": decimal_text(one.ratio, decimals=3),
            "fees_and_tax": decimal_text(one.fees),
        }
        for one in found.rows
    ]
    return {
        "position": found.position,
        "time": moment_text(found.time),
        "final": found.final,
        "hash": found.hash,
        "rows": rows,
    }


def _order(one: papers.OrderLine) -> dict[str, Any]:
    refused = one.refused
    return {
        "number": one.number,
        "code": one.code,
        "side": Side(one.side).name.lower(),
        "order_type": OrderType(one.order_type).name.lower(),
        "time_in_force": TimeInForce(one.time_in_force).name.lower(),
        "price": decimal_text(one.price),
        "quantity": one.quantity,
        "filled": one.filled,
        "leaves": one.leaves,
        "average": decimal_text(one.average),
        "state": one.state,
        "ahead": one.ahead,
        "at": moment_text(one.at),
        "refused": None if refused is None else {"code": refused.code, "zh": refused.text("zh"), "en": refused.text()},
    }


def _paper(found: papers.PaperView) -> dict[str, Any]:
    result = found.result
    start = decimal_text(found.start_cash)
    money = dict.fromkeys(("cash", "power", "equity"), start) | dict.fromkeys(("reserved", "fees", "taxes"), "0")
    if result is not None:
        money = {name: decimal_text(getattr(result, name)) for name in money}
    told = {
        name: getattr(found, name) for name in ("id", "name", "source", "takes_orders", "closed", "place", "students")
    }
    return (
        told
        | money
        | {
            "simulated": True,
            "contest": found.contest.id if found.contest is not None else 0,
            "now": moment_text(found.now),
            "points": decimal_text(found.points, decimals=3),
            "codes": list(found.codes),
            "kinds": list(found.kinds),
            "orders": [_order(one) for one in found.orders],
            "fills": [
                {
                    "number": one.number,
                    "code": one.name,
                    "side": Side(one.side).name.lower(),
                    "price": decimal_text(one.price),
                    "quantity": one.quantity,
                    "time": moment_text(one.time),
                    "how": one.how.value,
                    "fee": decimal_text(one.fee),
                    "tax": decimal_text(one.tax),
                }
                for one in (result.fills if result is not None else ())
            ],
            "positions": [
                {
                    "code": one.code,
                    "quantity": one.quantity,
                    "cost": decimal_text(one.cost),
                    "realised": decimal_text(one.realised),
                    "mark": decimal_text(one.mark),
                    "value": decimal_text(one.value),
                }
                for one in (result.positions if result is not None else ())
            ],
            "curve": [
                {"time": moment_text(one.time), "equity": decimal_text(one.equity)}
                for one in (result.curve if result is not None else ())
            ],
            "quotes": [
                {
                    "code": one.code,
                    "last": decimal_text(one.last),
                    "reference": decimal_text(one.reference),
                    "volume": one.volume,
                    "bids": [(decimal_text(price), held, orders) for price, held, orders in one.bids],
                    "asks": [(decimal_text(price), held, orders) for price, held, orders in one.asks],
                }
                for one in found.quotes
            ],
            "days": [{"source": one.source, "equity": decimal_text(one.equity)} for one in found.days],
            "digest": result.digest if result is not None else "",
        }
    )


def _draft(body: ContestIn) -> Draft:
    return setting.draft(
        name=body.name,
        text=body.text,
        source=body.source,
        codes=body.codes,
        cash=body.cash,
        fee=body.fee,
        kinds=body.kinds,
        begins=body.begins,
        ends=body.ends,
        weights=Weights(gain=body.weights.gain, drawdown=body.weights.drawdown, sharpe=body.weights.sharpe),
    )


# --- for those who lead and watch ---------------------------------------------------------------------------------------


@router.get("", response=list[ContestOut], summary="Contests 競賽")
@open_to(*WATCHES, *STUDENTS, service=SERVICE)
def list_contests(request: HttpRequest) -> list[dict[str, Any]]:
    """The tenant's; a student's own are those joined."""
    return [_contest(one) for one in contests.contests(caller_of(request))]


@router.post("", response={201: ContestOut}, summary="Make a contest 建立競賽")
@open_to(*LEADS, service=SERVICE)
def make(request: HttpRequest, body: ContestIn) -> Status[dict[str, Any]]:
    """A draft with its join code. 7544, 7554, 7556."""
    return Status(201, _contest(contests.make(caller_of(request), _draft(body))))


@router.get("/days", response=list[ContestDayOut], summary="Days for a contest 可用交易日")
@open_to(*LEADS, service=SERVICE)
def list_days(request: HttpRequest) -> Any:
    """Newest first."""
    return sources.days()


@router.get("/days/stocks", response=list[PaperStockOut], summary="Securities of a day 該日證券")
@open_to(*LEADS, service=SERVICE)
def list_stocks(request: HttpRequest, source: str = "") -> list[dict[str, str]]:
    """Of the newest day where none is named; 7554 for one that is not offered."""
    if not source:
        source = next((one.source for one in sources.days()), "")
        if not source:
            return []
    sources.day_of(source)
    return [
        {"code": one.code, "name": one.name, "reference": decimal_text(one.reference)}
        for one in sources.stocks(sources.opened(source))
    ]


@router.get("/{int:contest}", response=ContestOut, summary="A contest 單一競賽")
@open_to(*WATCHES, *STUDENTS, service=SERVICE)
def one_contest(request: HttpRequest, contest: int) -> dict[str, Any]:
    """7540 for one of another tenant, and for a student who has not joined."""
    return _contest(contests.contest(caller_of(request), contest))


@router.put("/{int:contest}", response=ContestOut, summary="Change a draft 修改草稿")
@open_to(*LEADS, service=SERVICE)
def change(request: HttpRequest, contest: int, body: ContestIn) -> dict[str, Any]:
    """7543 once it was opened."""
    contests.contest(caller_of(request), contest)
    return _contest(contests.change(caller_of(request), contest, _draft(body)))


@router.post("/{int:contest}/steps", response=ContestOut, summary="Open, freeze, resume, end 開放、凍結、恢復、結束")
@open_to(*LEADS, service=SERVICE)
def lead(request: HttpRequest, contest: int, body: LeadIn) -> dict[str, Any]:
    """An end is final and wants the contest's name. 7543, 7557."""
    return _contest(contests.lead(caller_of(request), contest, body.do, confirm=body.confirm))


@router.get("/{int:contest}/steps", response=list[ContestStepOut], summary="What was done to it 經過")
@open_to(*WATCHES, service=SERVICE)
def list_steps(request: HttpRequest, contest: int) -> list[dict[str, Any]]:
    """Oldest first, with who and when."""
    return [
        {name: getattr(one, name) for name in ("step", "person", "name_zh", "name_en", "at")}
        | {"market": moment_text(one.market), "speed": decimal_text(one.speed, decimals=3)}
        for one in contests.steps(caller_of(request), contest)
    ]


@router.put("/{int:contest}/clock", response=ContestOut, summary="Set the common clock 設定共同時鐘")
@open_to(*LEADS, service=SERVICE)
def set_clock(request: HttpRequest, contest: int, body: ClockIn) -> dict[str, Any]:
    """Forward only. 7543, 7555."""
    caller = caller_of(request)
    found = contests.contest(caller, contest)
    speed = None if body.speed is None else 0 if body.speed == "0" else speed_of(body.speed)
    to = None if body.to is None else setting.moment(found.source, body.to)
    return _contest(contests.set_clock(caller, contest, speed=speed, to=to))


@router.get("/{int:contest}/ranking", response=RankingOut, summary="The ranking 排名")
@open_to(*WATCHES, *STUDENTS, service=SERVICE)
def ranking(request: HttpRequest, contest: int) -> dict[str, Any]:
    """Live for those who lead and watch; for students when the contest has ended, until then 7540."""
    return _ranking(contests.ranked(caller_of(request), contest))


@router.post("/{int:contest}/ranking/verify", response=VerifiedOut, summary="Evaluate again 重新計算")
@open_to(*WATCHES, service=SERVICE)
def verify(request: HttpRequest, contest: int) -> dict[str, Any]:
    """An ended contest from its stored instructions, compared with what was kept. Changes nothing."""
    same, found = contests.verify(caller_of(request), contest)
    return {"same": same, "hash": found}


@router.get("/{int:contest}/students/{int:paper}", response=PaperOut, summary="A student's account 學生帳戶")
@open_to(*WATCHES, service=SERVICE)
def student(request: HttpRequest, contest: int, paper: int) -> dict[str, Any]:
    """Orders, fills, positions, equity. 7540, 7541."""
    return _paper(papers.student(caller_of(request), contest, paper))


# --- for those who trade on paper ---------------------------------------------------------------------------------------


@router.post("/join", response=PaperIdOut, summary="Join a contest 加入競賽")
@open_to(*STUDENTS, service=SERVICE)
def join(request: HttpRequest, body: JoinIn) -> dict[str, int]:
    """With the teacher's code; the same again gives the same account. 7542, 7545."""
    return {"paper": contests.join(caller_of(request), body.code, body.name)}


@router.get("/papers", response=list[PaperNameOut], summary="My paper accounts 我的模擬帳戶")
@open_to(*STUDENTS, service=SERVICE)
def list_papers(request: HttpRequest) -> list[dict[str, Any]]:
    """Newest first; those that were reset too."""
    return [
        {name: getattr(one, name) for name in ("id", "name", "made_at", "closed")}
        | {
            "contest": one.contest.id if one.contest is not None else 0,
            "contest_name": one.contest.name if one.contest is not None else "",
            "start_cash": decimal_text(one.start_cash),
        }
        for one in papers.mine(caller_of(request))
    ]


@router.post("/papers", response={201: PaperIdOut}, summary="Begin a personal account anew 重設個人模擬帳戶")
@open_to(*STUDENTS, service=SERVICE)
def begin(request: HttpRequest, body: BeginIn) -> Status[dict[str, int]]:
    """The one before is closed and kept. 7550, 7558."""
    return Status(201, {"paper": papers.begin(caller_of(request), cash=money_of(body.cash), fee=body.fee)})


@router.get("/papers/{int:paper}", response=PaperOut, summary="A paper account 模擬帳戶")
@open_to(*STUDENTS, service=SERVICE)
def paper_account(request: HttpRequest, paper: int, code: str = "") -> dict[str, Any]:
    """`code`: a security whose quotes are shown besides. 7541 for somebody else's."""
    return _paper(papers.view(caller_of(request), paper, code=code))


@router.post("/papers/{int:paper}/orders", response={201: NumberOut}, summary="A paper order 模擬委託")
@open_to(*STUDENTS, service=SERVICE)
def order(request: HttpRequest, paper: int, body: PaperOrderIn) -> Status[dict[str, int]]:
    """Kept with the place in the day at which it came. What becomes of it stands in the account. 7546-7551."""
    ask = Ask(
        code=body.code,
        side=body.side,
        order_type=body.order_type,
        time_in_force=body.time_in_force,
        quantity=body.quantity,
        price=body.price,
    )
    return Status(201, {"number": papers.order(caller_of(request), paper, ask)})


@router.put("/papers/{int:paper}/orders/{int:number}", response=NumberOut, summary="Cut or re-price 減量或改價")
@open_to(*STUDENTS, service=SERVICE)
def alter(request: HttpRequest, paper: int, number: int, body: AlterIn) -> dict[str, int]:
    """An instruction of its own, with a number. 7546-7552."""
    price = price_of(body.price) if body.price else 0
    caller = caller_of(request)
    return {"number": papers.alter(caller, paper, number, cut=body.cut, price=price, cancel=False)}


@router.delete("/papers/{int:paper}/orders/{int:number}", response=NumberOut, summary="Cancel 取消委託")
@open_to(*STUDENTS, service=SERVICE)
def cancel(request: HttpRequest, paper: int, number: int) -> dict[str, int]:
    """An instruction of its own, with a number. 7546-7552."""
    return {"number": papers.alter(caller_of(request), paper, number)}
