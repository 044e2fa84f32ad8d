"""The words that scripts show: one dictionary in the reader's language, put into every page as JSON.

Scripts hold no text of their own, so that every word is translated in one place (locale/). `{places}` are filled by the
script. Keys are `area.word`.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    # connection and page
    "link.live": _("Live"),
    "link.connecting": _("Connecting"),
    "link.reconnecting": _("Reconnecting"),
    "link.offline": _("Offline"),
    "toast.close": _("Close"),
    "mode.simulated": pgettext_lazy("mode", "Simulated"),
    "mode.live": pgettext_lazy("mode", "Live trading"),
    "error.network": _("No connection. Nothing was sent; try again."),
    "error.unknown": _("That did not work. Try again in a moment."),
    "error.signed_out": _("You are signed out. Sign in again."),
    "error.busy": _("Too many requests. Try again in {seconds} s."),
    "copy.done": _("Copied"),
}


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
