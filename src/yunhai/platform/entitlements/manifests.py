"""Service manifests: every app's `service.toml`, read once.

A manifest names the rows of the matrix it builds and the menu entries it adds:

    name = "orders"
    services = ["1.1", "1.2", "1.3"]
    summary_zh = "…"
    summary_en = "…"
    depends_on = ["accounts", "ledger"]
    facts_read = ["AccountSet"]
    facts_written = []

    [[menu]]
    room = "pocket"            # pocket, lab, desk, control, evidence, console
    service = "1.3"            # "" where no cell covers it
    roles = ["investor"]       # [] = whoever may enter the room
    url = "/pocket/orders/"
    zh = "委託"
    en = "Orders"
    icon = "orders"
    position = 20
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from django.apps import apps

from yunhai.kernel.limits import PACK_BYTES_MAX

FILE: Final = "service.toml"


class MenuEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of a room's menu."""

    room: str
    url: str
    zh: str
    en: str
    service: str = ""
    roles: tuple[str, ...] = ()
    icon: str = ""
    position: int = 50


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an app says of itself."""

    name: str
    summary_zh: str
    summary_en: str
    services: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    facts_read: tuple[str, ...] = ()
    facts_written: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    menu: tuple[MenuEntry, ...] = ()


def read(path: Path) -> Manifest:
    """One manifest. msgspec.ValidationError or tomllib.TOMLDecodeError say what is wrong with it."""
    raw = path.read_bytes()
    if len(raw) > PACK_BYTES_MAX:
        raise ValueError(f"{path} is too large for a manifest")
    return msgspec.convert(tomllib.loads(raw.decode()), Manifest)


@cache
def manifests() -> tuple[Manifest, ...]:
    """Of every installed app of ours that has one."""
    files = (Path(config.path) / FILE for config in apps.get_app_configs() if config.name.startswith("yunhai."))
    return tuple(read(path) for path in files if path.is_file())


@cache
def menu() -> tuple[MenuEntry, ...]:
    """Every manifest's menu entries, in order of position."""
    entries = (entry for manifest in manifests() for entry in manifest.menu)
    return tuple(sorted(entries, key=lambda entry: (entry.room, entry.position, entry.url)))
