"""What the boards' scripts show, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def words() -> dict[str, str]:
    """By key; `{places}` are filled by the script."""
    return {
        "watchlist": _("Watchlist"),
        "name": _("Name of the list"),
        "new": _("New list"),
        "rename": _("Rename the list"),
        "removed": _("List {name} removed"),
        "remove_code": _("Take {code} off the list"),
        "full": _("A list holds at most {most} securities."),
        "not_today": _("not listed today"),
        "limit.up": _("Limit-up"),
        "limit.down": _("Limit-down"),
        "halted": pgettext("security", "Suspended"),
        "interrupted": pgettext("security", "Interrupted"),
        "trial": _("Trial match"),
        "members": _("{count} members, shares as of {date}"),
        "million": _("{count} million"),
        "column.volume": _("Volume (lots)"),
        "column.value": _("Value"),
        "spark": _("The index through the day: {count} minutes, from {low} to {high}"),
    }
