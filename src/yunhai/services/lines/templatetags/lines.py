"""Small words of the Control Room's templates."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunhai.platform.console.words import channel_names, role_names

register = template.Library()


def _local(text: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(text))


@register.filter
def moment(text: str) -> str:
    """An ISO time as local date and time."""
    return _local(text).strftime("%m-%d %H:%M:%S")


@register.filter
def hour(text: str) -> str:
    """An ISO time as local time of day."""
    return _local(text).strftime("%H:%M:%S")


@register.simple_tag
def role_name(role: str) -> str:
    """A role as people call it."""
    return role_names().get(role, role)


@register.simple_tag
def channel_name(word: str) -> str:
    """A channel 委託來源 as people call it."""
    return channel_names().get(word, word)


@register.simple_tag
def action_name(word: str) -> str:
    """An instruction's action as people call it."""
    names = {
        "new": _("New order"),
        "cancel": pgettext("order", "Cancel"),
        "cut": pgettext("order", "Cut"),
        "reprice": _("Re-price"),
    }
    return names.get(word, word)
