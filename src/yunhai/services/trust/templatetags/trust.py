"""Small words of the rooms of trust: states with their tone, names of profiles, reasons and documents, moments."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.context import english
from yunhai.services.trust import api
from yunhai.services.trust.rooms import words

register = template.Library()


@register.simple_tag
def one_of(zh: str, en: str) -> str:
    """The text in the reader's language, the other where it has none."""
    return (en or zh) if english() else (zh or en)


@register.simple_tag
def state_badge(state: str) -> SafeString:
    """A certificate's, consent's or registration's state, with its colour."""
    name, tone = words.states().get(state, (state, ""))
    return format_html('<span class="badge {}">{}</span>', tone, name)


@register.simple_tag
def reason_name(word: str) -> str:
    return words.reasons().get(word, word)


@register.simple_tag
def document_name(word: str) -> str:
    return words.documents().get(word, word)


@register.simple_tag
def kind_of_key(word: str) -> str:
    return words.key_kinds().get(word, word)


@register.simple_tag
def kind_of_registration(word: str) -> str:
    return words.registration_kinds().get(word, word)


@register.simple_tag
def factor_name(word: str) -> str:
    return words.factors().get(word, word)


@register.simple_tag
def revoker_name(word: str) -> str:
    return words.revokers().get(word, word)


@register.simple_tag
def interface_name(word: str) -> str:
    return words.interfaces().get(word, word)


@register.inclusion_tag("trust/parts/renewals.html", takes_context=True)
def certificates_that_end(context: dict[str, Any]) -> dict[str, Any]:
    """What whoever is signed in is told in their own rooms: certificates of theirs that end soon."""
    request = context.get("request")
    person = caller_of(request).person if request is not None else None
    return {"notices": api.ending(person) if person is not None else ()}


@register.filter
def minute(moment: Any) -> str:
    """ISO text or a moment as "2026-08-21 09:00"; "–" for none."""
    text = timezone.localtime(moment).isoformat() if isinstance(moment, datetime) else str(moment or "")
    return text[:16].replace("T", " ") or "–"


@register.filter
def day(moment: str) -> str:
    """The date of ISO text; "–" for none."""
    return moment[:10] or "–"


@register.filter
def minute_ms(milliseconds: int | None) -> str:
    """Milliseconds since 1970 as "2026-08-21 09:00"; "–" for none."""
    return minute(datetime.fromtimestamp(milliseconds / 1_000, UTC)) if milliseconds else "–"


@register.filter
def days_until_ms(milliseconds: int | None) -> int:
    """Whole days from now until a moment in milliseconds since 1970; negative when it is past."""
    left = (milliseconds or 0) / 1_000 - timezone.now().timestamp()
    return int(left // 86_400)


@register.filter
def short(text: str) -> str:
    """The first sixteen characters of a long hexadecimal name."""
    return f"{text[:16]}…" if len(text) > 17 else text
