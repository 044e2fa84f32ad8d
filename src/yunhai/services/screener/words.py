"""What the screener's scripts show, in the reader's language; `{places}` are filled by the script."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    "group.price": _("Price"),
    "group.volume": _("Volume"),
    "group.flows": _("Institutional flows"),
    "group.margin": _("Margin and short"),
    "group.revenue": _("Monthly revenue"),
    "group.common": _("Usual indicators"),
    "group.indicators": _("All indicators"),
    "unit.shares": pgettext_lazy("unit", "shares"),
    "unit.lots": pgettext_lazy("unit", "lots"),
    "unit.NT$": _("NT$"),
    "unit.NT$1,000": _("NT$ thousand"),
    "remove": _("Take the condition {name} out"),
    "none": _("No condition yet: take a ready-made screen, add one below, or write."),
    "found": _("{found} of {stocks} stocks on {date}"),
    "took": _("{rows} daily bars read in {seconds} s"),
    "absent": _("{count} more had no trade that day"),
    "nothing": _("No stock fits"),
    "nothing_text": _("Loosen a condition, or ask below why a stock is out."),
    "missing": _("{name}: no stock has a value on {date}; the newest there is: {latest}."),
    "missing_all": _("{name}: there is no data for it."),
    "partly": _("{name}: known of {known} of {stocks} stocks"),
    "before": _("No daily bars are known on that date. The newest are of {date}."),
    "data": _("Daily bars to {bars} · flows {flows} · margin {margin} · revenue {revenue}"),
    "no_data": pgettext_lazy("data", "none"),
    "unlisted": _("{code} had no trade that day."),
    "in": pgettext_lazy("screen", "in"),
    "out": pgettext_lazy("screen", "out"),
    "holds": _("holds"),
    "fails": _("does not hold"),
    "more": _("Show all {count}"),
    "security": _("Security"),
    "close": pgettext_lazy("screen", "Close"),
    "change": pgettext_lazy("price", "Change"),
    "volume": _("Volume (lots)"),
    "choose": _("Choose {code}"),
    "choose_all": _("Choose all that are shown"),
    "chosen": _("{count} chosen"),
    "sort": _("Sort by {name}"),
    "new_list": _("New list"),
    "list_added": _("{count} added to {name}"),
    "list_full": _("A list holds at most {most} securities."),
    "saved": _("{name} is kept"),
    "updated": _("{name} is updated"),
    "removed": _("{name} is removed"),
    "own": _("My screens"),
    "save_title": _("Keep the screen"),
    "rename_title": _("Rename the screen"),
}


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
