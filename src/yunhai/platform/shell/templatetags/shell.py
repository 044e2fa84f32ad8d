"""Template words of the house: the scripts' dictionary."""

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from yunhai.platform.shell.words import words

register = template.Library()


@register.simple_tag
def script_words() -> SafeString:
    """`<script type="application/json" id="words">`: what scripts show, in the active language."""
    return json_script(words(), "words")
