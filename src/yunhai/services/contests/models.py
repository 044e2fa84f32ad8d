"""Contests, practices, paper accounts, and what was asked of them.

Nothing here moves money or reaches the market: a paper order is a row, and what became of it is computed from the rows and the
day's events whenever it is asked. So instructions and steps are only ever added. Times named `_ns` are market times (UTC ns),
amounts 1/10,000 NT$.

The database shows a contest to its tenant; a practice, a paper account and its instructions to their person and to the tenant's
staff.
"""

from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from yunhai.kernel.limits import (
    CONTEST_NAME_CHARACTERS_MAX,
    CONTEST_TEXT_CHARACTERS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
    PAPER_NAME_CHARACTERS_MAX,
)
from yunhai.platform.tenancy.models import TenantModel, audited, choices

STATES: Final = ("draft", "open", "frozen", "ended")
STEPS: Final = (
    "made",
    "changed",
    "opened",
    "frozen",
    "resumed",
    "ended",
    "clock-started",
    "clock-paused",
    "clock-moved",
)
ACTIONS: Final = ("new", "cancel", "cut", "reprice")
SOURCE_CHARACTERS: Final = 80
JOIN_CODE_CHARACTERS: Final = 8


class OverDay(TenantModel):
    """The base of what is held over one day of the catalogue: which day, which securities (`odd_lots`: in odd lots too), its hours,
    what an account begins with, and its clock: market time was `clock_at_ns` at wall time `clock_wall_ns` and runs at
    `clock_speed` thousandths (0: it stands)."""

    source = models.CharField(max_length=SOURCE_CHARACTERS)
    codes = ArrayField(models.CharField(max_length=HISTORY_CODE_CHARACTERS_MAX))
    odd_lots = models.BooleanField(default=False)
    start_cash = models.BigIntegerField()
    fee = models.BooleanField(default=True)
    begins_ns = models.BigIntegerField()
    ends_ns = models.BigIntegerField()
    clock_at_ns = models.BigIntegerField(default=0)
    clock_wall_ns = models.BigIntegerField(default=0)
    clock_speed = models.IntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


@audited()
class Contest(OverDay):
    """A contest over one day. `kinds` allowed, each TYPE-FORCE ("limit-rod"); weights in per cent, 100 together. Its clock is the
    class's; a contest on the running day has none (`live`). What an end fixes: `final_position` in the source, the hash of the
    events before it, the ranking's rows and their hash."""

    name = models.CharField(max_length=CONTEST_NAME_CHARACTERS_MAX)
    text = models.CharField(max_length=CONTEST_TEXT_CHARACTERS_MAX, blank=True)
    live = models.BooleanField(default=False)
    kinds = ArrayField(models.CharField(max_length=12))
    weight_return = models.SmallIntegerField(default=60)
    weight_drawdown = models.SmallIntegerField(default=20)
    weight_sharpe = models.SmallIntegerField(default=20)
    join_code = models.CharField(max_length=JOIN_CODE_CHARACTERS)
    state = models.CharField(max_length=6, choices=choices(STATES), default="draft")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    final_position = models.BigIntegerField(null=True)
    final_source = models.CharField(max_length=64, blank=True)
    final_hash = models.CharField(max_length=64, blank=True)
    final_rows: Any = models.JSONField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "join_code"], name="contest_join_code_once"),
        ]


class Step(TenantModel):
    """One thing that was done to a contest: what, by whom, when (wall), and where its clock stood."""

    contest = models.ForeignKey(Contest, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(max_length=14, choices=choices(STEPS))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    market_ns = models.BigIntegerField(default=0)
    speed = models.IntegerField(default=0)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("id",)


class Practice(OverDay):
    """A person's own go at a finished day 練習, with a clock of their own. Begun anew, it is another one; the old one is kept."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    live: ClassVar[bool] = False
    final_position: ClassVar[int | None] = None

    class Meta:
        ordering = ("-id",)


class Paper(TenantModel):
    """A paper account 模擬帳戶: of a contest, of a practice, or without either a person's own, of which one is open at a time and
    runs over one day after another. `name`: how the person is ranked."""

    contest = models.ForeignKey(Contest, null=True, on_delete=models.PROTECT, related_name="+")
    practice = models.OneToOneField(Practice, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=PAPER_NAME_CHARACTERS_MAX)
    start_cash = models.BigIntegerField()
    fee = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contest", "person"], name="paper_of_contest_once"),
            models.UniqueConstraint(
                fields=["tenant", "person"],
                condition=models.Q(contest__isnull=True, practice__isnull=True, closed_at__isnull=True),
                name="paper_personal_once",
            ),
        ]


class PaperOrder(TenantModel):
    """An instruction as it was given, numbered from 1 in its account and day. `position` in `source`: the place in the day at which
    it came, set by the server. `code`: the listing's name, "2330" or "2330:odd_lot". A change names its order by `target`; `side` 1
    buy, 2 sell; `price` 0 of a market order."""

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    action = models.CharField(max_length=7, choices=choices(ACTIONS))
    target = models.IntegerField(default=0)
    source = models.CharField(max_length=SOURCE_CHARACTERS)
    position = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    code = models.CharField(max_length=HISTORY_CODE_CHARACTERS_MAX, blank=True)
    side = models.SmallIntegerField(default=0)
    order_type = models.SmallIntegerField(default=0)
    time_in_force = models.SmallIntegerField(default=0)
    price = models.IntegerField(default=0)
    quantity = models.BigIntegerField(default=0)
    at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["paper", "source", "number"], name="paper_order_number_once"),
        ]
