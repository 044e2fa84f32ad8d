"""Paper accounts 模擬帳戶 as their owners use them: of a contest, of a practice, or a person's own from day to day.

An order is a row with the place in the day at which it came, which the server sets; whether it was taken, where it stands in the
queue and what it got is worked out from the rows whenever it is asked. Nothing of it reaches gate, lines or books.

A personal account goes from day to day: cash and shares of one day's end are the next day's beginning. A share that is not listed
any more stays where it is, at no value, until it is listed again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Max

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CONTEST_CODES_MAX, PAPER_DAYS_MAX, PAPER_ORDERS_MAX, PAPERS_A_PERSON_MAX
from yunhai.kernel.money import SCALE
from yunhai.market.paper.score import Score, score
from yunhai.market.paper.summary import Summary, summary
from yunhai.market.paper.words import OrderState, OrderView, Result
from yunhai.market.replay.source import BOARD, Source
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.services.contests import api, practice, sources
from yunhai.services.contests.errors import (
    NOT_OPEN,
    PAPER_MISSING,
    PAPER_ORDER_MISSING,
    PAPER_ORDERS_FULL,
    PAPERS_FULL,
)
from yunhai.services.contests.floors import Floor, Quote, Standing, floors
from yunhai.services.contests.models import Contest, Paper, PaperOrder
from yunhai.services.contests.places import Place, place_to_order
from yunhai.services.contests.practice import PracticeView
from yunhai.services.contests.rules import (
    KINDS,
    STATE_ZH,
    Ask,
    asked,
    is_odd,
    listing_code,
    order_wrong,
    shares,
    student_name,
)

PERSONAL_CASH: Final = 1_000_000 * SCALE
"""What a personal account begins with unless another amount is asked for."""
SENT: Final = "sent"
"""State of an order that stands in the rows and was not worked out yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """An order as it is shown. `odd`: an odd lot; `state` sent, or the engine's; `ahead` shares before it, None where
    unknown; `refused` why not."""

    number: int
    code: str
    odd: bool
    side: int
    order_type: int
    time_in_force: int
    price: int
    quantity: int
    filled: int
    leaves: int
    average: int
    state: str
    ahead: int | None
    at: int
    refused: YunhaiError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedChange:
    """A cancel, cut or re-pricing that changed nothing."""

    number: int
    action: str
    order: int
    refused: YunhaiError


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnd:
    """What a personal account was worth when a day was over."""

    source: str
    equity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A paper account: of `contest`, of `practice`, or a personal one. `takes_orders` and `codes`, `odd_lots`, `kinds`: what may
    be asked now; `now` market ns; `place` and `students`: one's rank in a contest; `summary` of a practice that is over; `days`:
    earlier days of a personal account."""

    id: int
    name: str
    contest: api.ContestView | None = None
    practice: PracticeView | None = None
    source: str
    takes_orders: bool
    closed: bool
    start_cash: int
    fee: bool
    codes: tuple[str, ...]
    odd_lots: bool
    kinds: tuple[str, ...]
    now: int
    result: Result | None
    score: Score | None
    orders: tuple[OrderLine, ...]
    changes: tuple[RefusedChange, ...]
    quotes: tuple[Quote, ...]
    place: int = 0
    points: int = 0
    students: int = 0
    summary: Summary | None = None
    days: tuple[DayEnd, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperName:
    """A paper account in a list."""

    id: int
    name: str
    contest: api.ContestView | None
    practice: bool
    start_cash: int
    made_at: str
    closed: bool


def mine(caller: Caller) -> tuple[PaperName, ...]:
    """The caller's paper accounts, newest first, those that were reset too."""
    rows = Paper.objects.filter(person=caller.person_id).select_related("contest").order_by("-id")
    views = {one.id: one for one in api.contests(caller)}
    return tuple(
        PaperName(
            id=row.pk,
            name=row.name,
            contest=views.get(row.contest_id) if row.contest_id else None,
            practice=row.practice_id is not None,
            start_cash=row.start_cash,
            made_at=row.made_at.isoformat(timespec="seconds"),
            closed=row.closed_at is not None,
        )
        for row in rows
    )


def begin(caller: Caller, *, cash: int = PERSONAL_CASH, fee: bool = True) -> int:
    """A new personal account; the one before is closed and kept. PAPERS_FULL, PAPER_ORDER_WRONG of an amount out of bounds."""
    if not SCALE <= cash <= 1_000 * PERSONAL_CASH:
        raise order_wrong("the start cash is 1 to 1,000,000,000 NT$", "起始資金為 1 至 10 億元")
    in_turn(caller.person_id)
    own = Paper.objects.filter(person=caller.person_id, contest__isnull=True, practice__isnull=True)
    if own.count() >= PAPERS_A_PERSON_MAX:
        raise YunhaiError(PAPERS_FULL, most=PAPERS_A_PERSON_MAX)
    own.filter(closed_at__isnull=True).update(closed_at=datetime.now(UTC))
    made = Paper.objects.create(
        tenant_id=caller.tenant_id,
        person_id=caller.person_id,
        name=student_name("", str(caller.person)),
        start_cash=cash,
        fee=fee,
    )
    return int(made.pk)


def _own(caller: Caller, paper: int, *, lock: bool = False) -> Paper:
    found = Paper.objects.filter(person=caller.person_id)
    if lock:
        found = found.select_for_update(of=("self",))
    row: Paper | None = found.filter(pk=paper).first() if 0 < paper < 1 << 63 else None
    if row is None:
        raise YunhaiError(PAPER_MISSING, paper=paper)
    return row


def view(caller: Caller, paper: int, *, code: str = "") -> PaperView:
    """One's own paper account; `code`: a security whose quotes a personal account is shown besides. PAPER_MISSING."""
    row = _own(caller, paper)
    if row.contest is not None:
        return _of_contest(caller, row.contest, row)
    if row.practice is not None:
        return _of_practice(row)
    return _personal(row, code)


def student(caller: Caller, number: int, paper: int) -> PaperView:
    """A student's account in a contest, for those who lead or watch it. CONTEST_MISSING, PAPER_MISSING."""
    contest, row = api.student_row(caller, number, paper)
    return _of_contest(caller, contest, row)


# --- in a contest -------------------------------------------------------------------------------------------------------


def _of_contest(caller: Caller, contest: Contest, row: Paper) -> PaperView:
    shown, _ = api.standing(contest)
    place = next((one for one in api.placings(contest, shown) if one.paper == row.pk), None)
    told = api.contest(caller, contest.pk)
    return _seen(
        row,
        list(PaperOrder.objects.filter(paper=row).order_by("number")),
        shown,
        contest=told,
        source=contest.source,
        takes_orders=contest.state == "open" and contest.begins_ns <= told.now < contest.ends_ns,
        closed=contest.state == "ended",
        codes=told.codes,
        odd_lots=told.odd_lots,
        kinds=told.kinds,
        now=told.now,
        place=place.place if place is not None else 0,
        points=place.points if place is not None else 0,
        students=len(shown.results),
    )


def _seen(row: Paper, given: list[PaperOrder], shown: Standing | None, **more: Any) -> PaperView:
    """An account with what came of its instructions; `more`: what depends on its kind."""
    result = shown.results.get(row.pk) if shown is not None else None
    return PaperView(
        id=row.pk,
        name=row.name,
        start_cash=row.start_cash,
        fee=row.fee,
        result=result,
        score=score(result) if result is not None else None,
        orders=_lines(given, result),
        changes=_changes(given, result),
        quotes=shown.quotes if shown is not None else (),
        **more,
    )


def _lines(rows: list[PaperOrder], result: Result | None) -> tuple[OrderLine, ...]:
    """Orders, newest first."""
    seen = {one.number: one for one in result.orders} if result is not None else {}
    refused = {one.number: one for one in result.refusals} if result is not None else {}
    lines = []
    for row in reversed(rows):
        if row.action != "new":
            continue
        known: OrderView | None = seen.get(row.number)
        why = refused.get(row.number)
        waiting = known is None or known.state in (OrderState.PENDING, OrderState.RESTING)
        lines.append(
            OrderLine(
                number=row.number,
                code=listing_code(row.code),
                odd=is_odd(row.code),
                side=row.side,
                order_type=row.order_type,
                time_in_force=row.time_in_force,
                price=known.price if known is not None else row.price,
                quantity=row.quantity,
                filled=known.filled if known is not None else 0,
                leaves=(known.leaves if known is not None else row.quantity) if waiting else 0,
                average=known.value // known.filled if known is not None and known.filled else 0,
                state=known.state.value if known is not None else SENT,
                ahead=known.ahead if known is not None else None,
                at=row.market_ns,
                refused=why.error() if why is not None else None,
            )
        )
    return tuple(lines)


def _changes(rows: list[PaperOrder], result: Result | None) -> tuple[RefusedChange, ...]:
    refused = {one.number: one for one in result.refusals} if result is not None else {}
    return tuple(
        RefusedChange(number=row.number, action=row.action, order=row.target, refused=refused[row.number].error())
        for row in reversed(rows)
        if row.action != "new" and row.number in refused
    )


# --- in a practice ------------------------------------------------------------------------------------------------------


def _of_practice(row: Paper) -> PaperView:
    given = list(PaperOrder.objects.filter(paper=row).order_by("number"))
    shown = practice.standing(row, given)
    told = practice.view(row)
    return _seen(
        row,
        given,
        shown,
        practice=told,
        source=told.source,
        takes_orders=not told.closed and told.begins <= told.now < told.ends,
        closed=told.closed,
        codes=told.codes,
        odd_lots=told.odd_lots,
        kinds=KINDS,
        now=told.now,
        summary=summary(shown.results[row.pk]) if told.over else None,
    )


# --- a personal account -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Carried:
    """What a personal account goes into a day with, and what it was worth at the ends of those before."""

    cash: int
    holdings: dict[str, int]
    days: list[DayEnd]


def _personal(row: Paper, code: str) -> PaperView:
    """Worked out day by day, over those on which something was asked."""
    given = _by_day(row)
    carried = _Carried(row.start_cash, {}, [])
    try:
        running = "" if row.closed_at is not None else sources.running().source
    except YunhaiError:
        running = ""
    names = [*given, running] if running and running not in given else list(given)
    source: Source | None = None
    shown: Standing | None = None
    for name in names:
        source = sources.opened(name)
        shown = _day(row, source, given.get(name, []), carried, code if name == running else "")
        if name != names[-1]:
            _carry(carried, shown.results[row.pk], source)
    return _seen(
        row,
        given.get(names[-1], []) if names else [],
        shown,
        source=names[-1] if names else "",
        takes_orders=bool(running),
        closed=row.closed_at is not None,
        codes=tuple(one.code for one in sources.stocks(source)) if running and source is not None else (),
        odd_lots=source is not None and sources.has_odd_lots(source),
        kinds=KINDS,
        now=source.time_of(len(source)) if source is not None else 0,
        days=tuple(carried.days),
    )


def _by_day(row: Paper) -> dict[str, list[PaperOrder]]:
    found: dict[str, list[PaperOrder]] = {}
    for order in PaperOrder.objects.filter(paper=row).order_by("id"):
        found.setdefault(order.source, []).append(order)
    return found


def _day(row: Paper, source: Source, given: list[PaperOrder], carried: _Carried, code: str) -> Standing:
    """One day of a personal account, up to what is durable."""
    listed = {one.code for one in source.listings if one.segment == BOARD}
    holdings = tuple(sorted((one, held) for one, held in carried.holdings.items() if one in listed))
    wanted = {listing_code(one.code) for one in given if one.code} | {one for one, _ in holdings}
    wanted |= {code} & listed
    codes = tuple(sorted(wanted or {min(listed)}))
    key = ("personal", row.pk, source.id, codes, carried.cash, holdings)
    floor = floors.of(
        key,
        lambda: Floor(
            source,
            sources.rules_of(source, cash=carried.cash, codes=codes, fee=row.fee, odd_lots=True, holdings=holdings),
        ),
    )
    return floor.bring(source, {row.pk: given}, len(source))


def _carry(carried: _Carried, result: Result, source: Source) -> None:
    listed = {one.code for one in source.listings}
    asleep = {code: held for code, held in carried.holdings.items() if code not in listed}
    carried.cash = result.cash
    carried.holdings = asleep | {one.code: one.quantity for one in result.positions if one.quantity > 0}
    carried.days.append(DayEnd(source=source.id, equity=result.equity))


# --- asking -------------------------------------------------------------------------------------------------------------


def order(caller: Caller, paper: int, ask: Ask) -> int:
    """Give an order; its number. PAPER_MISSING, NOT_OPEN, OUTSIDE_HOURS, NO_RUNNING_DAY, PAPER_ORDERS_FULL, CODE_NOT_HERE,
    KIND_NOT_ALLOWED, PAPER_ORDER_WRONG, 2101-2103."""
    row, place = _ready(caller, paper)
    held = row.contest or row.practice
    codes = tuple(held.codes) if held is not None else tuple(one.code for one in sources.stocks(place.source))
    names = sources.names(place.source, codes, odd_lots=held is None or held.odd_lots)
    made = asked(ask, names=names, kinds=row.contest.kinds if row.contest is not None else KINDS)
    if held is None:
        _require_few(row, place.source.id, made.name)
    return _keep(
        row,
        place,
        action="new",
        code=made.name,
        side=made.side,
        order_type=made.order_type,
        time_in_force=made.time_in_force,
        price=made.price,
        quantity=made.quantity,
    )


def alter(caller: Caller, paper: int, number: int, *, cut: int = 0, price: int = 0, cancel: bool = True) -> int:
    """Cancel an order; or cut shares off it, or give it another price (1/10,000). The change's number. PAPER_ORDER_MISSING, else as
    `order`. Whether it comes in time is found when it arrives."""
    _own(caller, paper)
    if (cut and price) or not (cut or price or cancel):
        raise order_wrong("cut or re-price, one at a time", "減量或改價，一次一項")
    row, place = _ready(caller, paper)
    if not 0 < number <= PAPER_ORDERS_MAX:
        raise YunhaiError(PAPER_ORDER_MISSING, number=number)
    if not PaperOrder.objects.filter(paper=row, source=place.source.id, number=number, action="new").exists():
        raise YunhaiError(PAPER_ORDER_MISSING, number=number)
    if cut:
        return _keep(row, place, action="cut", target=number, quantity=shares(cut, 0))
    return _keep(row, place, action="reprice" if price else "cancel", target=number, price=price)


def _ready(caller: Caller, paper: int) -> tuple[Paper, Place]:
    """The account, locked, and the place in its day at which an instruction comes now."""
    row = _own(caller, paper, lock=True)
    if row.practice_id is not None:
        row.practice = practice.running(row)
        return row, place_to_order(row.practice)
    if row.contest_id is None:
        if row.closed_at is not None:
            raise YunhaiError(NOT_OPEN, state="closed", state_zh="已重設")
        source = sources.opened(sources.running().source, fresh=True)
        return row, Place(source=source, position=len(source), now=source.time_of(len(source)))
    # locked, so that an end has either seen the instruction or refuses it
    row.contest = Contest.objects.select_for_update().get(pk=row.contest_id)
    if row.contest.state != "open":
        raise YunhaiError(NOT_OPEN, state=row.contest.state, state_zh=STATE_ZH[row.contest.state])
    return row, place_to_order(row.contest)


def _require_few(row: Paper, source: str, name: str) -> None:
    """That a personal account stays within its days and securities. PAPER_ORDER_WRONG."""
    found = PaperOrder.objects.filter(paper=row)
    asked_before = found.filter(source=source, action="new").values_list("code", flat=True)
    if len({listing_code(one) for one in (*asked_before, name)}) > CONTEST_CODES_MAX:
        most = CONTEST_CODES_MAX
        raise order_wrong(f"at most {most} securities a day", f"個人模擬帳戶每日至多 {most} 檔")
    if len(set(found.values_list("source", flat=True)) | {source}) > PAPER_DAYS_MAX:
        raise order_wrong(f"at most {PAPER_DAYS_MAX} days: begin anew", f"至多 {PAPER_DAYS_MAX} 個交易日，請重設帳戶")


def _keep(row: Paper, place: Place, *, action: str, **fields: int | str) -> int:
    found = PaperOrder.objects.filter(paper=row, source=place.source.id)
    last = found.aggregate(number=Max("number"), position=Max("position"))
    number = (last["number"] or 0) + 1
    if number > PAPER_ORDERS_MAX:
        raise YunhaiError(PAPER_ORDERS_FULL, most=PAPER_ORDERS_MAX)
    PaperOrder.objects.create(
        tenant_id=row.tenant_id,
        paper=row,
        person_id=row.person_id,
        number=number,
        action=action,
        source=place.source.id,
        position=max(place.position, last["position"] or 0),
        market_ns=place.now,
        **fields,
    )
    return number
