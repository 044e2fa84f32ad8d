"""What the boards' scripts show, in the reader's language."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """By key; `{places}` are filled by the script."""
    return {
        "watchlist": _("Watchlist"),
        "name": _("Name of the list"),
        "new": _("New list"),
        "rename": _("Rename the list"),
        "removed": _("List {name} removed"),
        "full": _("A list holds at most {most} securities."),
        "limit.up": _("Limit-up"),
        "limit.down": _("Limit-down"),
        "members": _("{count} members, shares as of {date}"),
        "million": _("{count} million"),
        "column.volume": _("Volume (lots)"),
        "column.value": _("Value"),
        "column.amplitude": _("Amplitude"),
        "leader": _("Leads: {code}"),
        "members_of": _("The stocks of {name}"),
        "stamp.live": _("Live, {time}"),
        "stamp.old": _("Disconnected; as of {time}"),
        "spark": _("The index through the day: {count} minutes, from {low} to {high}"),
    }
