"""The modules that a page's script imports, all of them, so that the page can name them before any has come.

A browser knows what a module imports when it has that module: a chain five deep is five waits in a row. `{% module %}` writes a
`<link rel="modulepreload">` for each, so that they come side by side.
"""

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders

_IMPORT: Final = re.compile(r'^(?:(?:import|export)\b[^"\';]*?\bfrom|import)\s*"([./][^"]+)"', re.MULTILINE)


def target(name: str, address: str) -> str:
    """The static name that a module called `name` means by an address: "/static/…" or relative to its own."""
    if address.startswith(settings.STATIC_URL):
        return address.removeprefix(settings.STATIC_URL)
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


@cache
def imports(name: str) -> tuple[str, ...]:
    """What one module imports statically, in order; nothing of a module that is not there."""
    found = finders.find(name)
    text = Path(found).read_text() if isinstance(found, str) else ""
    return tuple(target(name, address) for address in _IMPORT.findall(text))


@cache
def graph(name: str) -> tuple[str, ...]:
    """Every module that comes with one, those it names itself first; not the module itself."""
    seen: dict[str, None] = {}
    level = [name]
    while level:
        named = [one for each in level for one in imports(each)]
        level = [one for one in dict.fromkeys(named) if one not in seen and one != name]
        seen.update(dict.fromkeys(level))
    return tuple(seen)
