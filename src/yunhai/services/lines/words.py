"""What the Control Room's scripts and boards show, in the reader's language."""

import re
from collections.abc import Iterable
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunhai.kernel.errors import entry_of
from yunhai.platform.shell.context import english
from yunhai.services.lines.api import Blocks
from yunhai.trading.books import steps
from yunhai.trading.gate.checks import CHECKS

_PLACE = re.compile(r"\{\w+\}")


def words() -> dict[str, str]:
    """Of the pool's script, by key."""
    return {
        "stale": _("The core does not answer; what you see is old."),
        "class.cancel": _("Cancels and cuts"),
        "class.reprice": _("Re-prices"),
        "class.new": _("New orders"),
        "class.held": _("Held behind their own order"),
        "queue.none": _("Nothing waits."),
        "wait.p50": _("Wait, median"),
        "wait.p99": _("Wait, slowest of a hundred"),
        "sent": _("Sent today"),
        "reason.line-cap": _("Within the guarantee; every line has carried its cap for this moment."),
        "reason.guarantee-used": _("The guarantee is used; the rest goes as the pool has capacity to lend."),
        "reason.behind-own": _("Own orders go first."),
        "reason.pool-busy": _("The guarantee is used and other brokers want the pool too: it is shared by weight."),
        "reason.lines-down": _("No line of the pool is logged in."),
        "reason.order-in-flight": _("An earlier instruction for the same order is not answered yet."),
        "line.up": pgettext("line", "Up"),
        "line.lost": pgettext("line", "Lost"),
        "line.down": pgettext("line", "Logged out"),
        "line.refused": pgettext("line", "Login refused"),
        "line.closed": pgettext("line", "Closed"),
        "lines.up": _("{up} of {all} up"),
        "lose": pgettext("line", "Cut"),
        "login": _("Log in"),
        "load": _("Load of line {line}"),
        "done.login": _("Line logged in"),
        "done.lose": _("Line cut"),
        "others": _(
            "{brokers} other brokers share the pool: {rate} a second, {queued} waiting, {lines} of {lines_all} lines up."
        ),
        "others.few": _("Figures of others are shown only as a sum of two brokers or more."),
        "column.state": _("State"),
        "column.lent": _("Lent"),
        "column.flight": _("In flight"),
        "column.pool": _("Pool"),
        "column.guarantee": _("Guarantee"),
        "column.weight": _("Weight"),
        "column.now": _("Now"),
        "column.waiting": _("Waiting"),
    }


def step_name(step: str) -> str:
    """A day's step as people call it."""
    date = steps.settlement_date(step)
    if date is not None:
        return _("Settlement of %(date)s") % {"date": date}
    return {
        steps.CLOSED: _("The exchange ends its day"),
        steps.EXPIRED: _("Open orders expire, reservations return"),
        steps.DAY_TRADE_TAX: _("Day trades matched, tax given back"),
    }.get(step, step)


def blocks(found: Iterable[Blocks]) -> list[str]:
    """What stands in the way, in words."""
    said = {
        "core": _("The core does not answer."),
        "halted": _("The core has stopped taking anything: its journal could not be written."),
        "queued": _("%(count)s instructions still wait for a line."),
        "reading": _("The books' reading is %(count)s records behind the journal."),
        "no-day": _("No market day was opened yet."),
    }
    return [said[one.what] % {"count": one.count} for one in found]


@cache
def _checks() -> dict[int, tuple[str, str]]:
    return {code: (check.zh, check.en) for check in CHECKS for code in check.codes}


def reject_text(code: int) -> str:
    """A refusal of the gate without the one order's details: the check's name, and what it says of any order."""
    entry = entry_of(code)
    zh, en = _checks().get(code, ("", ""))
    name, text = (en, entry.en) if english() else (zh, entry.zh)
    general = _PLACE.sub("…", text)
    mark = ": " if english() else "："
    return f"{name}{mark}{general}" if name else general
