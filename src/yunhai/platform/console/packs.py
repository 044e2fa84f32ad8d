"""Rule packs that there are: those of the house's own files, and those that were published.

A pack's name may have several published contents; the newest is the one in use. A file of the house counts as long as
nothing was published under its name.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console.errors import PACK_UNKNOWN
from yunhai.platform.console.models import Pack

_FOLDER: Final = "yunhai.exchange.rules.packs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A pack that days may name. `published` ISO date or "" for a file of the house that was never published."""

    name: str
    sha256: str
    source: str
    published: str
    versions: int


def house_files() -> dict[str, bytes]:
    """The house's own packs by name."""
    folder = files("yunhai.exchange.rules") / "packs"
    found = (one for one in folder.iterdir() if one.name.endswith(".toml"))
    return {one.name.removesuffix(".toml"): one.read_bytes() for one in sorted(found, key=lambda one: one.name)}


def content(name: str) -> bytes:
    """The bytes in use under a name. YunhaiError 7374."""
    published = Pack.objects.filter(pack=name).order_by("-id").first()
    data = bytes(published.toml) if published else house_files().get(name)
    if data is None:
        raise YunhaiError(PACK_UNKNOWN)
    return data


def base(name: str) -> bytes | None:
    """What a pack's `based_on` names, for the loader."""
    try:
        return content(name)
    except YunhaiError:
        return None


def loaded(name: str) -> RulePack:
    """YunhaiError 7374."""
    return load_pack(content(name), base=base)


def known() -> tuple[Known, ...]:
    """Every pack, by name."""
    house = house_files()
    published: dict[str, list[Pack]] = {}
    for pack in Pack.objects.order_by("-id"):
        published.setdefault(pack.pack, []).append(pack)
    rows = []
    for name in sorted({*house, *published}):
        latest = published.get(name, [])
        digest = bytes(latest[0].sha256).hex() if latest else hashlib.sha256(house[name]).hexdigest()
        rows.append(
            Known(
                name=name,
                sha256=digest,
                source="published" if latest else "house",
                published=latest[0].published_at.isoformat() if latest else "",
                versions=len(latest),
            )
        )
    return tuple(rows)
