"""/api/v1/contests: contests for those who lead them, paper accounts for those who trade on paper."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from yunhai.kernel.clock import moment_text
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import decimal_text, money_of, price_of
from yunhai.kernel.records import OrderType, Side, TimeInForce
from yunhai.market.paper.score import Score
from yunhai.market.paper.summary import Summary, Trade
from yunhai.market.paper.words import Result
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.contests import api as contests
from yunhai.services.contests import papers, practice, setting, sources
from yunhai.services.contests.api import LEADS, SERVICE, STUDENTS, WATCHES
from yunhai.services.contests.rules import Ask, Draft, Weights, is_odd, listing_code
from yunhai.services.contests.schemas import (
    AlterIn,
    BeginIn,
    ClockIn,
    ContestDayOut,
    ContestIn,
    ContestOut,
    ContestStepOut,
    DayEndOut,
    EquityPointOut,
    JoinIn,
    LeadIn,
    NumberOut,
    OverDayIn,
    PaperFillOut,
    PaperIdOut,
    PaperNameOut,
    PaperOrderIn,
    PaperOrderOut,
    PaperOut,
    PaperStockOut,
    PositionOut,
    PracticeOut,
    QuoteOut,
    RankedOut,
    RankingOut,
    SummaryOut,
    TradeOut,
    VerifiedOut,
)

router = Router(tags=["contests"], auth=signed_in)
PREFIX = "/contests"


NT = decimal_text


def _thousandths(value: int) -> str:
    return decimal_text(value, decimals=3)


def _side(side: int) -> str:
    return Side(side).name.lower()


def _told(view: Any, schema: type[Schema], **written: Callable[[Any], Any]) -> dict[str, Any]:
    """A view's fields that a schema names; `written` how those are written that do not go out as they are."""
    return {
        name: written[name](getattr(view, name)) if name in written else getattr(view, name)
        for name in schema.model_fields
        if hasattr(view, name)
    }


def _listing(name: str) -> dict[str, Any]:
    return {"code": listing_code(name), "odd_lot": is_odd(name)}


def _contest(found: contests.ContestView) -> dict[str, Any]:
    at = moment_text
    return _told(found, ContestOut, cash=NT, begins=at, ends=at, now=at, speed=_thousandths)


def _practice(found: practice.PracticeView) -> dict[str, Any]:
    at = moment_text
    return _told(found, PracticeOut, cash=NT, begins=at, ends=at, now=at, speed=_thousandths)


def _rates(found: contests.RankedView | Score) -> dict[str, str]:
    return {"return_percent": NT(found.return_ppm), "drawdown_percent": NT(found.drawdown_ppm), "gain": NT(found.gain)}


def _ranking(found: contests.RankingView) -> dict[str, Any]:
    rows = [
        _told(one, RankedOut, points=_thousandths, equity=NT, ratio=_thousandths)
        | _rates(one)
        | {"fees_and_tax": NT(one.fees)}
        for one in found.rows
    ]
    return _told(found, RankingOut, time=moment_text) | {"rows": rows}


def _trade(one: Trade | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return _told(one, TradeOut, side=_side, gain=NT, time=moment_text) | _listing(one.name)


def _summary(found: Summary) -> dict[str, Any]:
    told = _told(found, SummaryOut, fees=NT, taxes=NT, realised=NT, best=_trade, worst=_trade)
    return told | _rates(found.score) | {"ratio": _thousandths(found.score.ratio)}


def _refused(error: YunhaiError | None) -> dict[str, Any] | None:
    return None if error is None else {"code": error.code, "zh": error.text("zh"), "en": error.text()}


def _order(one: papers.OrderLine) -> dict[str, Any]:
    return _told(
        one,
        PaperOrderOut,
        side=_side,
        order_type=lambda kind: OrderType(kind).name.lower(),
        time_in_force=lambda force: TimeInForce(force).name.lower(),
        price=NT,
        average=NT,
        at=moment_text,
        refused=_refused,
    ) | {"odd_lot": one.odd}


def _levels(levels: Iterable[tuple[int, int, int]]) -> list[tuple[str, int, int]]:
    return [(NT(price), shares, orders) for price, shares, orders in levels]


def _worked_out(result: Result) -> dict[str, Any]:
    return {
        **{name: NT(getattr(result, name)) for name in _MONEY},
        "fills": [
            _told(one, PaperFillOut, side=_side, price=NT, time=moment_text, how=str, fee=NT, tax=NT)
            | _listing(one.name)
            for one in result.fills
        ],
        "positions": [_told(one, PositionOut, cost=NT, realised=NT, mark=NT, value=NT) for one in result.positions],
        "curve": [_told(one, EquityPointOut, time=moment_text, equity=NT) for one in result.curve],
        "digest": result.digest,
    }


_MONEY = ("cash", "power", "reserved", "equity", "fees", "taxes")
_NOT_YET: dict[str, Any] = {"reserved": "0", "fees": "0", "taxes": "0", "digest": ""}


def _paper(found: papers.PaperView) -> dict[str, Any]:
    empty = _NOT_YET | dict.fromkeys(("cash", "power", "equity"), NT(found.start_cash))
    return (
        _told(found, PaperOut, now=moment_text, points=_thousandths)
        | empty
        | {"fills": [], "positions": [], "curve": []}
        | (_worked_out(found.result) if found.result is not None else {})
        | {
            "simulated": True,
            "contest": found.contest.id if found.contest is not None else 0,
            "practice": found.practice is not None,
            "orders": [_order(one) for one in found.orders],
            "quotes": [
                _told(one, QuoteOut, last=NT, reference=NT, bids=_levels, asks=_levels) | _listing(one.code)
                for one in found.quotes
            ],
            "days": [_told(one, DayEndOut, equity=NT) for one in found.days],
        }
    )


def _draft(body: OverDayIn) -> Draft:
    said = {name: getattr(body, name) for name in type(body).model_fields}
    if isinstance(body, ContestIn):
        said["weights"] = Weights(**body.weights.model_dump())
    return setting.draft(**said)


def _turned(body: ClockIn, source: str) -> dict[str, int | None]:
    return setting.turning(source, speed=body.speed or "", to=body.to or "")


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


@router.get("/days", response=list[ContestDayOut], summary="Days to trade on paper 可用交易日")
@open_to(*LEADS, *STUDENTS, service=SERVICE)
def list_days(request: HttpRequest) -> tuple[sources.Day, ...]:
    """The journal's first, newest first. A practice needs one that is closed."""
    return sources.days()


@router.get("/days/stocks", response=list[PaperStockOut], summary="Securities of a day 該日證券")
@open_to(*LEADS, *STUDENTS, service=SERVICE)
def list_stocks(request: HttpRequest, source: str = "") -> list[dict[str, str]]:
    """Of the newest day where none is named; 7554 for one that is not offered."""
    if not source:
        source = next((one.source for one in sources.days()), "")
        if not source:
            return []
    sources.day_of(source)
    return [_told(one, PaperStockOut, reference=NT) for one in sources.stocks(sources.opened(source))]


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
        _told(one, ContestStepOut, market=moment_text, speed=_thousandths)
        for one in contests.steps(caller_of(request), contest)
    ]


@router.put("/{int:contest}/clock", response=ContestOut, summary="Set the common clock 設定共同時鐘")
@open_to(*LEADS, service=SERVICE)
def set_clock(request: HttpRequest, contest: int, body: ClockIn) -> dict[str, Any]:
    """Forward only. 7543, 7555."""
    caller = caller_of(request)
    found = contests.contest(caller, contest)
    return _contest(contests.set_clock(caller, contest, **_turned(body, found.source)))


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
    """Of contests, practices and one's own, newest first; those that were reset too."""
    return [
        _told(one, PaperNameOut, start_cash=NT, contest=lambda held: held.id if held else 0)
        | {"contest_name": one.contest.name if one.contest is not None else ""}
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
        odd=body.odd_lot,
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


# --- for those who practise ---------------------------------------------------------------------------------------------


@router.get("/practices", response=list[PracticeOut], summary="My practices 我的練習")
@open_to(*STUDENTS, service=SERVICE)
def list_practices(request: HttpRequest) -> list[dict[str, Any]]:
    """Newest first; those that ended too."""
    return [_practice(one) for one in practice.practices(caller_of(request))]


@router.post("/practices", response={201: PaperIdOut}, summary="Practise on a finished day 練習")
@open_to(*STUDENTS, service=SERVICE)
def begin_practice(request: HttpRequest, body: OverDayIn) -> Status[dict[str, int]]:
    """Its clock stands at the beginning until it is started. The paper account takes orders as any. 7544, 7554, 7559."""
    return Status(201, {"paper": practice.make(caller_of(request), _draft(body))})


@router.get("/practices/{int:paper}", response=PracticeOut, summary="A practice 單次練習")
@open_to(*STUDENTS, service=SERVICE)
def one_practice(request: HttpRequest, paper: int) -> dict[str, Any]:
    """By its paper account. 7541."""
    return _practice(practice.practice(caller_of(request), paper))


@router.put("/practices/{int:paper}/clock", response=PracticeOut, summary="Set one's own clock 設定自己的時鐘")
@open_to(*STUDENTS, service=SERVICE)
def set_own_clock(request: HttpRequest, paper: int, body: ClockIn) -> dict[str, Any]:
    """Forward only. 7541, 7555, 7560."""
    caller = caller_of(request)
    source = practice.practice(caller, paper).source
    return _practice(practice.set_clock(caller, paper, **_turned(body, source)))


@router.post("/practices/{int:paper}/end", response=PracticeOut, summary="End a practice 結束練習")
@open_to(*STUDENTS, service=SERVICE)
def end_practice(request: HttpRequest, paper: int) -> dict[str, Any]:
    """It takes no more orders; everything of it is kept. 7541, 7560."""
    return _practice(practice.end(caller_of(request), paper))


@router.post("/practices/{int:paper}/anew", response={201: PaperIdOut}, summary="Begin a practice anew 重新開始")
@open_to(*STUDENTS, service=SERVICE)
def practise_anew(request: HttpRequest, paper: int) -> Status[dict[str, int]]:
    """The same day from its beginning, in a new paper account; the one before is ended and kept. 7541, 7559."""
    return Status(201, {"paper": practice.anew(caller_of(request), paper)})


@router.get("/practices/{int:paper}/summary", response=SummaryOut, summary="What came of a practice 練習總結")
@open_to(*STUDENTS, service=SERVICE)
def practice_summary(request: HttpRequest, paper: int) -> dict[str, Any]:
    """Up to the moment that is shown. 7541."""
    return _summary(practice.summed(caller_of(request), paper))
