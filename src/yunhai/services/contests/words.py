"""Words of states, steps, order kinds and ways of filling, in the reader's language."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    "contest.draft": pgettext_lazy("contest", "Draft"),
    "contest.open": pgettext_lazy("contest", "Open"),
    "contest.frozen": pgettext_lazy("contest", "Frozen"),
    "contest.ended": pgettext_lazy("contest", "Ended"),
    "step.made": pgettext_lazy("contest", "Made"),
    "step.changed": pgettext_lazy("contest", "Changed"),
    "step.opened": pgettext_lazy("contest", "Opened"),
    "step.frozen": pgettext_lazy("contest", "Frozen"),
    "step.resumed": pgettext_lazy("contest", "Resumed"),
    "step.ended": pgettext_lazy("contest", "Ended"),
    "step.clock-started": _("Clock started"),
    "step.clock-paused": _("Clock paused"),
    "step.clock-moved": _("Clock moved forward"),
    "order.sent": pgettext_lazy("paper order", "Sent"),
    "order.pending": pgettext_lazy("paper order", "Sent"),
    "order.resting": pgettext_lazy("paper order", "In the queue"),
    "order.filled": pgettext_lazy("paper order", "Filled"),
    "order.gone": pgettext_lazy("paper order", "Cancelled"),
    "order.refused": pgettext_lazy("paper order", "Refused"),
    "type.limit": pgettext_lazy("order", "Limit"),
    "type.market": pgettext_lazy("order", "Market"),
    "force.rod": _("ROD (rest of day)"),
    "force.ioc": _("IOC (now or cancel)"),
    "force.fok": _("FOK (all or nothing)"),
    "how.took": _("Took what was shown"),
    "how.queue": _("From its place in the queue"),
    "how.through": _("Traded through"),
    "how.met": _("Met by an arriving order"),
    "how.auction": pgettext_lazy("fill", "Auction"),
    "how.tape": pgettext_lazy("fill", "From the tape"),
    "change.cancel": pgettext_lazy("verb", "Cancel"),
    "change.cut": pgettext_lazy("verb", "Cut"),
    "change.reprice": pgettext_lazy("verb", "Re-price"),
}


def word(area: str, key: str) -> str:
    """The words of a key of an area; the key itself where there are none."""
    return str(WORDS.get(f"{area}.{key}", key))


def kind_word(kind: str) -> str:
    """ "limit-rod" as people say it."""
    order_type, _, force = kind.partition("-")
    return f"{word('type', order_type)} {force.upper()}"
