"""Template words of the house: a page's scripts and their dictionary, and how money, prices, counts and times are written."""

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString

from yunhai.kernel.clock import moment_text
from yunhai.kernel.money import SCALE, decimal_text, price_text
from yunhai.platform.shell.modules import graph
from yunhai.platform.shell.words import word, words

register = template.Library()
MINUS = "−"


@register.simple_tag(takes_context=True)
def module(context: Context, name: str) -> SafeString:
    """`{% module "charts/chart_page.js" %}`: the script, and links by which everything that it imports comes at the same time."""
    request = context.get("request")
    named: set[str] = request.__dict__.setdefault("modules_named", set()) if request is not None else set()
    fresh = [one for one in graph(name) if one not in named]
    named.update(fresh, (name,))
    links = format_html_join("", '<link rel="modulepreload" href="{}">', ((static(one),) for one in fresh))
    return format_html('{}<script type="module" src="{}"></script>', links, static(name))


@register.simple_tag
def script_words() -> SafeString:
    """`<script type="application/json" id="words">`: what scripts show, in the active language."""
    return json_script(words(), "words")


@register.filter
def say(key: str, area: str = "") -> str:
    """The words of a key such as "filled", of an area such as "state"; the key itself where there are none."""
    return word(f"{area}.{key}") if area else word(key)


def grouped(text: str) -> str:
    """Decimal text with its thousands apart."""
    whole, point, part = text.partition(".")
    return f"{int(whole):,}{point}{part}"


@register.filter
def nt(amount: int) -> str:
    """1/10,000 NT$ as money: grouped, decimals only where there are some. "1,086,546"."""
    sign = MINUS if amount < 0 else ""
    return sign + grouped(decimal_text(abs(amount), places=2 if amount % SCALE else 0))


@register.filter
def price(amount: int) -> str:
    """1/10,000 NT$ as a price: "1,085.00"; "–" for none."""
    return grouped(price_text(amount)) if amount else "–"


@register.filter
def count(number: int) -> str:
    """A whole number, grouped."""
    return f"{MINUS if number < 0 else ''}{abs(number):,}"


@register.filter
def amount_of(amount: int, asset: str) -> str:
    """An amount of an asset: money of "TWD", else shares."""
    return nt(amount) if asset == "TWD" else count(amount)


@register.filter
def tone(amount: int) -> str:
    """up, down or flat."""
    return "up" if amount > 0 else "down" if amount < 0 else "flat"


@register.filter
def clock(moment_ns: int) -> str:
    """Time of day of a moment in ns: "09:00:00.123"."""
    return moment_text(moment_ns)[11:23]


@register.filter
def clock_of(iso: str) -> str:
    """Time of day of ISO text, to the millisecond."""
    return iso[11:23]


@register.filter
def absolute(number: int) -> int:
    """Without its sign."""
    return abs(number)
