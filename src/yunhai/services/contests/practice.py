"""Practices 練習: a person alone over a finished day, with the contests' clock, orders and evaluation, and a summary at the end.

A practice is a day, some securities, start cash and a clock that its owner starts, stops and moves forward; its paper account takes
the same orders as any. Begun anew it is another practice from the day's beginning, and the one before is kept. The clock never
goes back in either, so that what was seen once is not traded upon in the same account.

A day is offered when it is over. Its last board trade is then more than the 20 minutes old by which the matrix delays a running
day for some, so nothing is withheld of it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PRACTICES_A_PERSON_MAX
from yunhai.market.paper.summary import Summary, summary
from yunhai.platform.identity.api import in_turn
from yunhai.platform.identity.caller import Caller
from yunhai.services.contests import places, sources
from yunhai.services.contests.errors import PAPER_MISSING, PRACTICE_OVER, PRACTICES_FULL
from yunhai.services.contests.floors import Floor, Standing, floors
from yunhai.services.contests.models import Paper, PaperOrder, Practice
from yunhai.services.contests.places import place_of, rules_over
from yunhai.services.contests.rules import Draft, student_name
from yunhai.services.contests.setting import fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeView:
    """A practice. `now`, `begins`, `ends` market ns, `speed` thousandths, `cash` 1/10,000; `closed`: it was ended; `over`:
    ended, or its clock has come to the end and all of it is worked out."""

    paper: int
    source: str
    day: str
    codes: tuple[str, ...]
    odd_lots: bool
    cash: int
    fee: bool
    begins: int
    ends: int
    now: int
    speed: int
    closed: bool
    over: bool
    made_at: str


def days() -> tuple[sources.Day, ...]:
    """Those that are over, the journal's first, newest first."""
    return tuple(one for one in sources.days() if one.closed)


def practices(caller: Caller) -> tuple[PracticeView, ...]:
    """The caller's, newest first."""
    rows = Paper.objects.filter(person=caller.person_id, practice__isnull=False).select_related("practice")
    return tuple(view(row) for row in rows.order_by("-id")[:PRACTICES_A_PERSON_MAX])


def practice(caller: Caller, paper: int) -> PracticeView:
    """One of the caller's, by its paper account. PAPER_MISSING."""
    return view(_own(caller, paper))


def _held(paper: Paper) -> Practice:
    assert paper.practice is not None
    return paper.practice


def view(paper: Paper) -> PracticeView:
    """The practice of a paper account that has one."""
    row = _held(paper)
    shown = places.clock_of(row).now(places.wall_now() - (places.LOOK_BACK_NS if row.clock_speed else 0))
    closed = paper.closed_at is not None
    return PracticeView(
        paper=paper.pk,
        source=row.source,
        day=row.source.rpartition("/")[2][:10],
        codes=tuple(row.codes),
        odd_lots=row.odd_lots,
        cash=row.start_cash,
        fee=row.fee,
        begins=row.begins_ns,
        ends=row.ends_ns,
        now=places.market_now(row),
        speed=0 if closed else row.clock_speed,
        closed=closed,
        over=closed or shown >= row.ends_ns,
        made_at=row.made_at.isoformat(timespec="seconds"),
    )


def _own(caller: Caller, paper: int, *, lock: bool = False) -> Paper:
    found = Paper.objects.filter(person=caller.person_id, practice__isnull=False)
    if lock:
        found = found.select_for_update(of=("self",))
    row: Paper | None = found.filter(pk=paper).first() if 0 < paper < 1 << 63 else None
    if row is None:
        raise YunhaiError(PAPER_MISSING, paper=paper)
    return row


def running(paper: Paper) -> Practice:
    """The practice of a locked account, locked too: its clock and orders wait for one another. PRACTICE_OVER once it was ended."""
    if paper.closed_at is not None:
        raise YunhaiError(PRACTICE_OVER)
    row: Practice = Practice.objects.select_for_update().get(pk=paper.practice_id)
    return row


# --- what is done to one ------------------------------------------------------------------------------------------------


def make(caller: Caller, draft: Draft) -> int:
    """A new practice, its clock standing at the beginning; its paper account. CONTEST_WRONG, CONTEST_SOURCE_UNFIT also of a day
    that still runs, PRACTICES_FULL."""
    draft, live = fitted(draft)
    if live:
        raise sources.unfit(draft.source, "it still runs", "該日仍在進行")
    row = Practice(tenant_id=caller.tenant_id, person_id=caller.person_id)
    places.fill(row, draft)
    return _begun(caller, row)


def anew(caller: Caller, paper: int) -> int:
    """The same again from its beginning; the one before is ended and kept. The new paper account. PAPER_MISSING, PRACTICES_FULL."""
    before = _own(caller, paper, lock=True)
    row = Practice.objects.get(pk=before.practice_id)
    if before.closed_at is None:
        _close(before)
    row.pk = None
    row._state.adding = True
    row.clock_at_ns, row.clock_wall_ns, row.clock_speed = row.begins_ns, 0, 0
    return _begun(caller, row)


def _begun(caller: Caller, row: Practice) -> int:
    in_turn(caller.person_id)
    if Practice.objects.filter(person=caller.person_id).count() >= PRACTICES_A_PERSON_MAX:
        raise YunhaiError(PRACTICES_FULL, most=PRACTICES_A_PERSON_MAX)
    row.save()
    made = Paper.objects.create(
        tenant_id=caller.tenant_id,
        practice=row,
        person_id=caller.person_id,
        name=student_name("", str(caller.person)),
        start_cash=row.start_cash,
        fee=row.fee,
    )
    return int(made.pk)


def set_clock(caller: Caller, paper: int, *, speed: int | None = None, to: int | None = None) -> PracticeView:
    """Start, pause (speed 0) or move one's clock forward. PAPER_MISSING, PRACTICE_OVER, CLOCK_WRONG."""
    own = _own(caller, paper, lock=True)
    row = running(own)
    places.turn(row, speed=speed, to=to)
    row.save()
    own.practice = row
    return view(own)


def end(caller: Caller, paper: int) -> PracticeView:
    """No more orders: the clock stands where it is. PAPER_MISSING, PRACTICE_OVER."""
    own = _own(caller, paper, lock=True)
    _close(own)
    return view(own)


def _close(own: Paper) -> None:
    row = running(own)
    places.turn(row, speed=0)
    row.save()
    own.practice = row
    own.closed_at = datetime.now(UTC)
    own.save(update_fields=["closed_at"])


# --- what came of it ----------------------------------------------------------------------------------------------------


def standing(paper: Paper, given: list[PaperOrder]) -> Standing:
    """The account of a practice at the position that is shown. YunhaiError as of the source."""
    row = _held(paper)
    place = place_of(row)
    floor = floors.of(("practice", paper.pk), lambda: Floor(place.source, rules_over(row, place.source)))
    return floor.bring(place.source, {paper.pk: given}, place.position)


def summed(caller: Caller, paper: int) -> Summary:
    """What came of a practice up to the position that is shown. PAPER_MISSING."""
    own = _own(caller, paper)
    given = list(PaperOrder.objects.filter(paper=own).order_by("number"))
    return summary(standing(own, given).results[own.pk])
