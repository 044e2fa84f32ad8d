"""How states, kinds, rates and curves are written on the contests' pages."""

from collections.abc import Sequence

from django import template
from django.utils.translation import gettext

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import decimal_text
from yunhai.kernel.records import OrderType, TimeInForce
from yunhai.market.paper.words import Point
from yunhai.platform.shell import refusals
from yunhai.services.contests import words
from yunhai.services.contests.papers import OrderLine
from yunhai.services.contests.rules import at_text, is_odd, listing_code

register = template.Library()
WIDTH, HEIGHT = 600, 120
MARGIN = 4


@register.filter
def word_of(key: str, area: str) -> str:
    """The words of a key of an area."""
    return words.word(area, key)


@register.filter
def kind_word(kind: str) -> str:
    """An order kind: "limit-rod"."""
    return words.kind_word(kind)


@register.filter
def kind_of(line: OrderLine) -> str:
    """An order's kind."""
    kind = f"{OrderType(line.order_type).name}-{TimeInForce(line.time_in_force).name}"
    return words.kind_word(kind.lower())


@register.filter
def listing(name: str) -> str:
    """A listing's name as people say it: "2330", "2330 odd lot"."""
    return f"{listing_code(name)} {gettext('odd lot')}" if is_odd(name) else name


@register.filter
def percent(ppm: int) -> str:
    """Millionths as per cent with two decimals, and a sign where these are not all 0."""
    hundredths = abs(ppm) // 100
    sign = "" if not hundredths else "+" if ppm > 0 else "−"
    return sign + fall(hundredths * 100)


@register.filter
def fall(ppm: int) -> str:
    """Millionths as per cent with two decimals; never below 0."""
    return f"{ppm // 10_000}.{ppm // 100 % 100:02}%"


@register.filter
def hms(moment: int) -> str:
    """A market moment's time of day, "09:00:00"."""
    return at_text(moment)


@register.filter
def thousandths(value: int) -> str:
    """Thousandths as a decimal."""
    return ("−" if value < 0 else "") + decimal_text(abs(value), decimals=3, places=2)


@register.filter
def speed(value: int) -> str:
    """A clock's speed: "×10"."""
    return "×" + decimal_text(value, decimals=3)


@register.filter
def line_of(curve: Sequence[Point]) -> str:
    """An equity curve as the points of an SVG polyline of 600 × 120."""
    if not curve:
        return ""
    first, last = curve[0].time, curve[-1].time
    low, high = min(one.equity for one in curve), max(one.equity for one in curve)
    span, rise = max(1, last - first), max(1, high - low)
    inner = HEIGHT - 2 * MARGIN
    return " ".join(
        f"{(one.time - first) * WIDTH // span},{HEIGHT - MARGIN - (one.equity - low) * inner // rise}" for one in curve
    )


@register.simple_tag
def refusal_text(error: YunhaiError) -> str:
    """A refusal in the reader's language, with its number."""
    told = refusals.shown(error)
    return f"{told['text']} ({told['code']})"
