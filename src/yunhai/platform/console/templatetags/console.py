"""Small words of the Console's templates: names of columns, levels, roles; times; the language's own name of two."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunhai.kernel.money import decimal_text
from yunhai.platform.console import words
from yunhai.platform.console.processes import Process
from yunhai.platform.console.rules import MARKS
from yunhai.platform.shell.context import english

register = template.Library()


@register.simple_tag
def either(zh: str, en: str) -> str:
    """The name in the reader's language, the other where it has none."""
    return (en or zh) if english() else (zh or en)


@register.simple_tag
def column_name(word: str) -> str:
    return words.column_names().get(word, word)


@register.simple_tag
def level_name(word: str) -> str:
    return words.level_names().get(word, word)


@register.simple_tag
def mark(level: str) -> str:
    """● ◐ ○ –"""
    return MARKS.get(level, "–")


@register.simple_tag
def kind_name(word: str) -> str:
    return words.kind_names().get(word, word)


@register.simple_tag
def status_name(word: str) -> str:
    return words.status_names().get(word, word)


@register.simple_tag
def role_name(word: str) -> str:
    return words.role_names().get(word, word)


@register.simple_tag
def subject_name(word: str) -> str:
    return words.subject_names().get(word, word)


@register.simple_tag
def channel_name(word: str) -> str:
    return words.channel_names().get(word, word)


@register.simple_tag
def weight(pool: Any, tenant: int) -> int:
    """A broker's weight in a pool, 1 where none is kept."""
    return int(pool.weights.get(str(tenant), 1))


@register.simple_tag
def part_state(part: Process) -> str:
    """A process in words: what it answers outweighs what is said of it."""
    if part.answers is False:
        return _("Does not answer")
    states = {
        "ready": _("Ready"),
        "starting": _("Starting"),
        "unready": _("Not ready"),
        "waiting": _("Waiting to be started again"),
        "stopped": pgettext("process", "Stopped"),
    }
    return states.get(part.state, _("Answers") if part.answers else _("Not asked"))


@register.filter
def lasted(seconds: int) -> str:
    """3 d 04:05:06."""
    days, rest = divmod(int(seconds), 86_400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text


@register.filter
def per_mille(ppm: int) -> str:
    """A rate in parts per million as ‰: 1425 is 1.425‰."""
    return decimal_text(ppm, decimals=3) + "‰"
