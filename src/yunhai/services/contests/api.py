"""Contests 競賽: made and led by a tenant's operations, watched by its compliance too, joined by its investors with a code.

What a contest comes to is computed from the stored instructions (`floors`); nothing here is a balance that could drift. An end
works everything out once more from nothing and keeps ranking and hash; `verify` does it again at any time.

A student's own place needs everybody's instructions: `_given` reads them as the tenant, and what a student is shown of the
outcome is their own (`papers`). The teacher's routes alone show others'.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from django.db import transaction

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CONTEST_PAPERS_MAX, CONTESTS_MAX
from yunhai.kernel.money import decimal_text
from yunhai.market.paper.words import Result
from yunhai.market.replay.source import Source
from yunhai.platform.identity.caller import Caller
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import rls
from yunhai.platform.tenancy.api import in_turn
from yunhai.services.contests import places, sources
from yunhai.services.contests.errors import (
    CONTEST_FULL,
    CONTEST_MISSING,
    CONTESTS_FULL,
    END_NOT_CONFIRMED,
    JOIN_CODE_UNKNOWN,
    PAPER_MISSING,
)
from yunhai.services.contests.floors import Floor, Standing, alone, floors
from yunhai.services.contests.models import JOIN_CODE_CHARACTERS, Contest, Paper, PaperOrder, Step
from yunhai.services.contests.places import place_of, rules_over, turn
from yunhai.services.contests.rules import (
    JOIN_ALPHABET,
    Draft,
    Placed,
    Weights,
    clock_wrong,
    hash_of,
    join_code,
    not_now,
    ranking,
    stepped,
    student_name,
)
from yunhai.services.contests.setting import fitted

SERVICE: Final = "3.1"
LEADS: Final = ("operations",)
WATCHES: Final = ("operations", "compliance")
STUDENTS: Final = ("investor",)
# --- looking ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestView:
    """A contest. `join_code` "" for students; `now` the market time that its clock shows, `speed` thousandths; amounts 1/10,000."""

    id: int
    name: str
    text: str
    source: str
    day: str
    live: bool
    codes: tuple[str, ...]
    odd_lots: bool
    cash: int
    fee: bool
    kinds: tuple[str, ...]
    begins: int
    ends: int
    weights: Weights
    join_code: str
    state: str
    now: int
    speed: int
    students: int
    final_position: int | None
    final_source: str
    final_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """What was done, by whom, when: wall time in ISO form, market ns of the contest's clock."""

    step: str
    person: int
    name_zh: str
    name_en: str
    at: str
    market: int
    speed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedView:
    """A row of a ranking. Points in thousandths, rates in millionths, ratio in thousandths, amounts 1/10,000 NT$."""

    place: int
    paper: int
    name: str
    points: int
    equity: int
    gain: int
    return_ppm: int
    drawdown_ppm: int
    ratio: int
    orders: int
    trades: int
    fees: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingView:
    """A ranking at a position. `hash` over terms and rows; `final`: the contest has ended."""

    position: int
    time: int
    final: bool
    hash: str
    rows: tuple[RankedView, ...]


def watches(caller: Caller) -> bool:
    """Whether the caller sees every contest of the tenant."""
    return bool(caller.roles.intersection(WATCHES))


def contests(caller: Caller) -> tuple[ContestView, ...]:
    """The tenant's, newest first; a student's those joined."""
    found = Contest.objects.all()
    if not watches(caller):
        found = found.filter(pk__in=Paper.objects.filter(person=caller.person_id).values("contest"))
    return tuple(_view(row, caller) for row in found[:CONTESTS_MAX])


def contest(caller: Caller, number: int) -> ContestView:
    """CONTEST_MISSING for another tenant's, or one that a student has not joined."""
    return _view(_row(caller, number), caller)


def steps(caller: Caller, number: int) -> tuple[StepView, ...]:
    """Everything done to a contest, oldest first. CONTEST_MISSING."""
    rows = list(Step.objects.filter(contest=_row(caller, number)))
    people = Person.objects.in_bulk({row.person_id for row in rows})
    return tuple(
        StepView(
            step=row.step,
            person=row.person_id,
            name_zh=people[row.person_id].name_zh if row.person_id in people else "",
            name_en=people[row.person_id].name_en if row.person_id in people else "",
            at=row.at.isoformat(timespec="seconds"),
            market=row.market_ns,
            speed=row.speed,
        )
        for row in rows
    )


def _row(caller: Caller, number: int, *, lock: bool = False) -> Contest:
    found = Contest.objects.select_for_update() if lock else Contest.objects.all()
    row: Contest | None = found.filter(pk=number).first() if 0 < number < 1 << 63 else None
    if row is None:
        raise YunhaiError(CONTEST_MISSING, contest=number)
    if not watches(caller) and not Paper.objects.filter(contest=row, person=caller.person_id).exists():
        raise YunhaiError(CONTEST_MISSING, contest=number)
    return row


def _view(row: Contest, caller: Caller) -> ContestView:
    with rls.acting(tenant=row.tenant_id):
        students = Paper.objects.filter(contest=row).count()
    return ContestView(
        id=row.pk,
        name=row.name,
        text=row.text,
        source=row.source,
        day=row.source.rpartition("/")[2][:10],
        live=row.live,
        codes=tuple(row.codes),
        odd_lots=row.odd_lots,
        cash=row.start_cash,
        fee=row.fee,
        kinds=tuple(row.kinds),
        begins=row.begins_ns,
        ends=row.ends_ns,
        weights=weights_of(row),
        join_code=row.join_code if watches(caller) else "",
        state=row.state,
        now=market_now(row),
        speed=row.clock_speed,
        students=students,
        final_position=row.final_position,
        final_source=row.final_source,
        final_hash=row.final_hash,
    )


def weights_of(row: Contest) -> Weights:
    """A contest's."""
    return Weights(gain=row.weight_return, drawdown=row.weight_drawdown, sharpe=row.weight_sharpe)


# --- where a contest stands ---------------------------------------------------------------------------------------------


def market_now(row: Contest) -> int:
    """The market time that everybody in the contest is at; of a draft its beginning."""
    return row.begins_ns if row.state == "draft" else places.market_now(row)


def _given(row: Contest) -> tuple[dict[int, list[PaperOrder]], dict[int, Paper]]:
    """Every account's instructions, and the accounts, read as the tenant."""
    with rls.acting(tenant=row.tenant_id):
        papers = {paper.pk: paper for paper in Paper.objects.filter(contest=row)}
        given: dict[int, list[PaperOrder]] = {paper: [] for paper in papers}
        for order in PaperOrder.objects.filter(paper__contest=row).order_by("paper_id", "number"):
            given[order.paper_id].append(order)
    return given, papers


def standing(row: Contest) -> tuple[Standing, dict[int, Paper]]:
    """Every account of a contest at the position that is shown. YunhaiError as of the source."""
    place = place_of(row)
    given, papers = _given(row)
    floor = floors.of(("contest", row.pk), lambda: Floor(place.source, rules_over(row, place.source)))
    ended = row.final_position is not None
    return floor.bring(place.source, given, place.position, exact=ended), papers


def placings(row: Contest, shown: Standing) -> tuple[Placed, ...]:
    """The ranking of a standing."""
    return ranking(shown.scores, weights_of(row))


# --- setting up ---------------------------------------------------------------------------------------------------------


def make(caller: Caller, draft: Draft) -> ContestView:
    """A new draft with its join code. CONTEST_WRONG, CONTEST_SOURCE_UNFIT, CONTESTS_FULL."""
    draft, live = fitted(draft)
    in_turn(caller.tenant_id)
    if Contest.objects.count() >= CONTESTS_MAX:
        raise YunhaiError(CONTESTS_FULL, most=CONTESTS_MAX)
    row = Contest(tenant_id=caller.tenant_id, made_by_id=caller.person_id, join_code=_new_code())
    _fill(row, draft, live=live)
    row.save()
    _write(row, "made", caller)
    return _view(row, caller)


def change(caller: Caller, number: int, draft: Draft) -> ContestView:
    """Another set-up for a draft. CONTEST_MISSING, STEP_NOT_NOW once it is open, else as `make`."""
    row = _row(caller, number, lock=True)
    if row.state != "draft":
        raise not_now(row.state, "change")
    draft, live = fitted(draft)
    _fill(row, draft, live=live)
    row.save()
    _write(row, "changed", caller)
    return _view(row, caller)


def _fill(row: Contest, draft: Draft, *, live: bool) -> None:
    places.fill(row, draft)
    row.name, row.text, row.live, row.kinds = draft.name, draft.text, live, list(draft.kinds)
    row.weight_return, row.weight_drawdown = draft.weights.gain, draft.weights.drawdown
    row.weight_sharpe = draft.weights.sharpe


def _new_code() -> str:
    while True:
        code = "".join(secrets.choice(JOIN_ALPHABET) for _ in range(JOIN_CODE_CHARACTERS))
        if not Contest.objects.filter(join_code=code).exists():
            return code


def _write(row: Contest, step: str, caller: Caller) -> None:
    Step.objects.create(
        tenant_id=row.tenant_id,
        contest=row,
        step=step,
        person_id=caller.person_id,
        market_ns=market_now(row),
        speed=row.clock_speed,
    )


# --- leading ------------------------------------------------------------------------------------------------------------


def lead(caller: Caller, number: int, do: str, *, confirm: str = "") -> ContestView:
    """open, freeze, resume or end; an end is final and wants the contest's name. CONTEST_MISSING, STEP_NOT_NOW,
    END_NOT_CONFIRMED."""
    row = _row(caller, number, lock=True)
    state, step = stepped(row.state, do)
    if do == "end":
        if confirm.strip() != row.name:
            raise YunhaiError(END_NOT_CONFIRMED)
        _end(row)
    elif do == "open":
        row.clock_at_ns, row.clock_wall_ns, row.clock_speed = row.begins_ns, places.wall_now(), 0
    elif not row.live:
        turn(row, speed=0)
    row.state = state
    row.save()
    _write(row, step, caller)
    return _view(row, caller)


def set_clock(caller: Caller, number: int, *, speed: int | None = None, to: int | None = None) -> ContestView:
    """Start, pause (speed 0) or move the common clock forward. CONTEST_MISSING, STEP_NOT_NOW, CLOCK_WRONG."""
    row = _row(caller, number, lock=True)
    if row.state != "open":
        raise not_now(row.state, "clock")
    if row.live:
        raise clock_wrong("the running day is its own clock", "盤中競賽跟著市場走")
    turn(row, speed=speed, to=to)
    row.save()
    _write(row, "clock-moved" if to is not None else "clock-started" if speed else "clock-paused", caller)
    return _view(row, caller)


def _end(row: Contest) -> None:
    """Work everything out from nothing and keep what came of it."""
    if not row.live:
        turn(row, speed=0)
    place = place_of(row, to_order=True)
    row.final_position = place.position
    row.final_source = place.source.hash_at(place.position).hex()
    final = _evaluated(row)
    row.final_rows, row.final_hash = [asdict(one) for one in final.rows], final.hash
    floors.drop(("contest", row.pk))


def _evaluated(row: Contest) -> RankingView:
    """The ranking at the final position from the stored instructions, kept nowhere."""
    assert row.final_position is not None
    source = sources.opened(row.source)
    given, papers = _given(row)
    shown = alone(source, rules_over(row, source), given, row.final_position)
    return _ranking(row, shown, papers, source)


def verify(caller: Caller, number: int) -> tuple[bool, str]:
    """Whether an ended contest comes to its ranking again, and the hash it comes to. CONTEST_MISSING, STEP_NOT_NOW."""
    row = _row(caller, number)
    if row.state != "ended":
        raise not_now(row.state, "end")
    again = _evaluated(row)
    return again.hash == row.final_hash, again.hash


# --- the ranking --------------------------------------------------------------------------------------------------------


def ranked(caller: Caller, number: int) -> RankingView:
    """The ranking: live for those who lead and watch; for students once the contest has ended, as it was kept. CONTEST_MISSING."""
    row = _row(caller, number)
    if row.state == "ended":
        return kept(row)
    if not watches(caller):
        raise YunhaiError(CONTEST_MISSING, contest=number)
    if row.state == "draft":
        return RankingView(position=0, time=row.begins_ns, final=False, hash="", rows=())
    shown, papers = standing(row)
    return _ranking(row, shown, papers, sources.opened(row.source))


def kept(row: Contest) -> RankingView:
    """An ended contest's ranking, as its end fixed it."""
    position = row.final_position or 0
    return RankingView(
        position=position,
        time=sources.opened(row.source).time_of(position),
        final=True,
        hash=row.final_hash,
        rows=tuple(RankedView(**one) for one in row.final_rows or ()),
    )


def _ranking(row: Contest, shown: Standing, papers: Mapping[int, Paper], source: Source) -> RankingView:
    rows = tuple(_ranked(one, papers[one.paper], shown.results[one.paper]) for one in placings(row, shown))
    head: dict[str, object] = {
        "contest": row.pk,
        "source": row.source,
        "codes": list(row.codes),
        "cash": row.start_cash,
        "fee": row.fee,
        "kinds": list(row.kinds),
        "hours": [row.begins_ns, row.ends_ns],
        "weights": [row.weight_return, row.weight_drawdown, row.weight_sharpe],
        "position": shown.position,
        "events": source.hash_at(shown.position).hex(),
    }
    if row.odd_lots:  # said only where it is so: rankings from before there were odd lots keep their hash
        head["odd_lots"] = True
    return RankingView(
        position=shown.position,
        time=shown.time,
        final=row.state == "ended",
        hash=hash_of(head, [asdict(one) for one in rows]),
        rows=rows,
    )


def _ranked(one: Placed, paper: Paper, result: Result) -> RankedView:
    return RankedView(
        place=one.place,
        paper=one.paper,
        name=paper.name,
        points=one.points,
        equity=result.equity,
        gain=one.score.gain,
        return_ppm=one.score.return_ppm,
        drawdown_ppm=one.score.drawdown_ppm,
        ratio=one.score.ratio,
        orders=len(result.orders),
        trades=one.score.trades,
        fees=one.score.fees,
        digest=result.digest,
    )


# --- joining ------------------------------------------------------------------------------------------------------------


def join(caller: Caller, code: str, name: str = "") -> int:
    """A student's paper account in the contest of a join code: a new one, or the one they have. JOIN_CODE_UNKNOWN, CONTEST_FULL,
    CONTEST_WRONG of a name that is none."""
    wanted = join_code(code)
    with transaction.atomic():
        row = Contest.objects.select_for_update().filter(join_code=wanted, state__in=("open", "frozen")).first()
        if row is None:
            raise YunhaiError(JOIN_CODE_UNKNOWN)
        mine = Paper.objects.filter(contest=row, person=caller.person_id).first()
        if mine is not None:
            return int(mine.pk)
        with rls.acting(tenant=row.tenant_id):
            full = Paper.objects.filter(contest=row).count() >= CONTEST_PAPERS_MAX
        if full:
            raise YunhaiError(CONTEST_FULL, most=CONTEST_PAPERS_MAX)
        person = caller.person
        made = Paper.objects.create(
            tenant_id=caller.tenant_id,
            contest=row,
            person_id=caller.person_id,
            name=student_name(name, str(person) if person is not None else "?"),
            start_cash=row.start_cash,
            fee=row.fee,
        )
        return int(made.pk)


def student_row(caller: Caller, number: int, paper: int) -> tuple[Contest, Paper]:
    """A student's account for the teacher. CONTEST_MISSING, PAPER_MISSING."""
    row = _row(caller, number)
    found = Paper.objects.filter(contest=row, pk=paper).first() if 0 < paper < 1 << 63 else None
    if found is None:
        raise YunhaiError(PAPER_MISSING, paper=paper)
    return row, found


CSV_HEAD: Final = (
    "place",
    "name",
    "points",
    "equity",
    "gain",
    "return_percent",
    "drawdown_percent",
    "ratio",
    "orders",
    "trades",
    "fees_and_tax",
    "digest",
)


def csv_rows(found: RankingView) -> Sequence[Sequence[str]]:
    """The ranking as rows of text. A name that a spreadsheet would take for a formula gets an apostrophe."""

    def plain(name: str) -> str:
        return "'" + name if name[:1] in "=+-@" else name

    return [
        (
            str(one.place),
            plain(one.name),
            decimal_text(one.points, decimals=3),
            decimal_text(one.equity, decimals=4),
            decimal_text(one.gain, decimals=4),
            decimal_text(one.return_ppm, decimals=4),
            decimal_text(one.drawdown_ppm, decimals=4),
            decimal_text(one.ratio, decimals=3),
            str(one.orders),
            str(one.trades),
            decimal_text(one.fees, decimals=4),
            one.digest,
        )
        for one in found.rows
    ]
