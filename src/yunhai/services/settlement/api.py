"""What other services may ask of settlement."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Sum

from yunhai.services.settlement.models import MarketDay, Obligation, Step
from yunhai.trading.books.steps import STEPS, settled

CASH: Final = "TWD"
_AMOUNTS: Final = ("owed", "due", "settled_owed", "settled_due", "fee", "tax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What one asset comes to on one settlement day. `net` > 0 comes in, < 0 goes out; `fee` and `tax` were taken on the
    trade day and are not part of it. `account` 0: the whole broker."""

    account: int
    settles_on: str
    asset: str
    owed: int
    due: int
    net: int
    fee: int
    tax: int
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """A step of a day: `state` done | next | waiting; times ns, 0 if not done."""

    name: str
    state: str
    sequence: int = 0
    by: int = 0
    market_ns: int = 0
    wall_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBoard:
    """A market day and how far it has been brought."""

    day: str
    settles_on: str
    pack: str
    mode: str
    clock: str
    opened_ns: int
    sequence: int
    steps: tuple[StepState, ...]

    @property
    def closed(self) -> bool:
        """Whether every closing step is done."""
        return all(step.state == "done" for step in self.steps[: len(STEPS)])

    @property
    def settled(self) -> bool:
        return all(step.state == "done" for step in self.steps)


def calendar(account: int, *, since: str = "") -> list[Due]:
    """An account's settlement calendar, by date, cash first; from a date on if given."""
    found = Obligation.objects.filter(account=account)
    if since:
        found = found.filter(settles_on__gte=since)
    rows = sorted(found, key=lambda row: (row.settles_on, row.asset != CASH, row.asset))
    return [
        Due(
            account=row.account,
            settles_on=row.settles_on.isoformat(),
            asset=row.asset,
            owed=row.owed,
            due=row.due,
            net=row.net,
            fee=row.fee,
            tax=row.tax,
            settled=row.settled,
        )
        for row in rows
    ]


def broker_net(settles_on: str) -> list[Due]:
    """What the caller's broker as a whole pays and delivers on a date: its net with the exchange, by asset."""
    return _summed(Obligation.objects.filter(settles_on=settles_on))


def open_dates() -> list[str]:
    """Dates with something not yet settled, of the caller's broker."""
    dates = {row.settles_on for row in Obligation.objects.all() if not row.settled}
    return [date.isoformat() for date in sorted(dates)]


def _summed(found: Any) -> list[Due]:
    totals = found.values("settles_on", "asset").annotate(**{f"sum_{name}": Sum(name) for name in _AMOUNTS})
    answer = []
    for row in totals:
        net = row["sum_due"] - row["sum_owed"]
        answer.append(
            Due(
                account=0,
                settles_on=row["settles_on"].isoformat(),
                asset=row["asset"],
                owed=row["sum_owed"],
                due=row["sum_due"],
                net=net,
                fee=row["sum_fee"],
                tax=row["sum_tax"],
                settled=net == row["sum_settled_due"] - row["sum_settled_owed"],
            )
        )
    return sorted(answer, key=lambda due: (due.settles_on, due.asset != CASH, due.asset))


def board(*, days: int = 5) -> list[DayBoard]:
    """The latest market days with their steps, newest first. The same for everybody."""
    found = list(MarketDay.objects.order_by("-day")[:days])
    done: dict[str, dict[str, Step]] = {}
    for step in Step.objects.filter(day__in=[row.day for row in found]):
        done.setdefault(step.day.isoformat(), {})[step.step] = step
    settlements = {settled(row.settles_on.isoformat()): row.day.isoformat() for row in found}
    for step in Step.objects.filter(step__in=settlements):  # taken on a later market day, which its row may bear
        done.setdefault(settlements[step.step], {})[step.step] = step
    return [_board_of(row, done.get(row.day.isoformat(), {})) for row in found]


def _board_of(row: MarketDay, done: dict[str, Step]) -> DayBoard:
    names = (*STEPS, settled(row.settles_on.isoformat()))
    return DayBoard(
        day=row.day.isoformat(),
        settles_on=row.settles_on.isoformat(),
        pack=row.pack,
        mode=row.mode,
        clock=row.clock,
        opened_ns=row.market_ns,
        sequence=row.sequence,
        steps=tuple(_states(names, done)),
    )


def _states(names: Iterable[str], done: dict[str, Step]) -> Iterable[StepState]:
    nothing_waits = True
    for name in names:
        step = done.get(name)
        if step is not None:
            yield StepState(
                name=name,
                state="done",
                sequence=step.sequence,
                by=step.by,
                market_ns=step.market_ns,
                wall_ns=step.wall_ns,
            )
        else:
            yield StepState(name=name, state="next" if nothing_waits else "waiting")
            nothing_waits = False


def latest_day() -> DayBoard | None:
    """The market day opened last."""
    found = board(days=1)
    return found[0] if found else None
