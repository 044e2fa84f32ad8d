"""Small words of the desk's templates."""

from datetime import datetime

from django import template
from django.utils import timezone

from yunhai.services.desk.words import kinds

register = template.Library()


@register.filter
def moment(text: str) -> str:
    """An ISO time as local date and time."""
    return timezone.localtime(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M:%S")


@register.simple_tag
def kind_name(word: str) -> str:
    """The name of a way of instruction."""
    return next((kind["name"] for kind in kinds() if kind["word"] == word), word)
