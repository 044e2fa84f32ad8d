"""What the alerts' scripts show, in the reader's language; `{places}` are filled by the script."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    "kind.price_up": _("Price at or above NT$ {value}"),
    "kind.price_down": _("Price at or below NT$ {value}"),
    "kind.change_up": _("Up {value} % or more"),
    "kind.change_down": _("Down {value} % or more"),
    "kind.volume_up": _("Volume at or above {value} shares"),
    "kind.limit_up": _("Limit-up reached"),
    "kind.limit_down": _("Limit-down reached"),
    "kind.kd_up": _("KD golden cross at the close"),
    "kind.kd_down": _("KD death cross at the close"),
    "kind.ma_up": _("5-day average above the 20-day"),
    "kind.ma_down": _("5-day average below the 20-day"),
    "kind.over_ma": _("Close above its {value}-day average"),
    "kind.under_ma": _("Close below its {value}-day average"),
    "value.price": _("Price (NT$)"),
    "value.change": _("Percent from the reference price"),
    "value.volume": _("Shares of the day"),
    "value.ma": _("Days of the average"),
    "state.armed": pgettext_lazy("alert", "Armed"),
    "state.fired": pgettext_lazy("alert", "Fired"),
    "state.paused": pgettext_lazy("alert", "Paused"),
    "state.expired": pgettext_lazy("alert", "Expired"),
    "level": pgettext_lazy("a line of the chart", "Alert"),
    "delete_of": _("Delete {name}"),
    "holds": _("True already: waits for the next crossing"),
    "repeats": _("every crossing"),
    "until": _("until {date}"),
    "last": _("last {price}"),
    "pause": _("Pause"),
    "arm": _("Arm again"),
    "change": pgettext_lazy("alert", "Change"),
    "delete": _("Delete"),
    "chart": _("Chart"),
    "replay": _("Replay"),
    "made": _("The alert on {code} is set"),
    "made_holds": _("Its condition is true already; it fires at the next crossing."),
    "changed": _("The alert on {code} is changed"),
    "deleted": _("The alert on {code} is deleted"),
    "undo": pgettext_lazy("a change", "Undo"),
    "nothing": _("Choose a security first."),
    "set": _("Set the alert"),
    "save": _("Save the change"),
    "fired": _("at {price}"),
    "toast": _("Alert: {what}"),
    "bell.none": _("Alerts: nothing new"),
    "bell.some": _("Alerts: {count} new"),
}


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
