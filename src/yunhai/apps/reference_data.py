"""Reads the reference data that ships with packages: rule packs, code lists, the calendar.

The exchange itself reads no files; here they become bytes and rows for it.
"""

from functools import cache
from importlib.resources import files

from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.kernel.errors import YunhaiError

_PACKS = files("yunhai.exchange.rules") / "packs"


def pack_ids() -> list[str]:
    """Ids of the rule packs that ship with Yunhai, in order."""
    return sorted(entry.name.removesuffix(".toml") for entry in _PACKS.iterdir() if entry.name.endswith(".toml"))


def pack_bytes(pack_id: str) -> bytes | None:
    """The file of a shipped pack; None if there is none of that id."""
    return (_PACKS / f"{pack_id}.toml").read_bytes() if pack_id in pack_ids() else None


@cache
def rule_pack(pack_id: str) -> RulePack:
    """A shipped pack, read and checked. YunhaiError 2010."""
    data = pack_bytes(pack_id)
    if data is None:
        raise YunhaiError(2010, pack=pack_id, known=", ".join(pack_ids()))
    return load_pack(data, base=pack_bytes)
