"""Rooms and menus: what a caller may enter, from the manifests, the matrix and their roles."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation

from yunhai.platform.entitlements.api import open_services
from yunhai.platform.entitlements.manifests import MenuEntry, menu
from yunhai.platform.identity.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room: who lives there."""

    name: str
    url: str
    zh: str
    en: str
    summary_zh: str
    summary_en: str
    roles: tuple[str, ...]


ROOMS: Final = (
    Room(
        name="pocket",
        url="/pocket/",
        zh="口袋",
        en="Pocket",
        summary_zh="投資人：報價、下單、庫存",
        summary_en="Investor: quotes, orders, holdings",
        roles=("investor",),
    ),
    Room(
        name="lab",
        url="/lab/",
        zh="實驗室",
        en="Lab",
        summary_zh="量化：線圖數值、歷史資料",
        summary_en="Quant: charts with their values, history",
        roles=("investor",),
    ),
    Room(
        name="desk",
        url="/desk/",
        zh="營業檯",
        en="Client Desk",
        summary_zh="營業員與輸單員：代客下單",
        summary_en="Sales and key-in: orders for clients",
        roles=("sales", "keyin"),
    ),
    Room(
        name="control",
        url="/control/",
        zh="控制室",
        en="Control Room",
        summary_zh="券商營運：線路、退單、當日總數",
        summary_en="Operations: lines, rejects, the day",
        roles=("operations", "compliance", "operator"),
    ),
    Room(
        name="evidence",
        url="/evidence/",
        zh="稽核室",
        en="Evidence",
        summary_zh="法遵稽核：委託證據、查詢紀錄",
        summary_en="Compliance: evidence of orders, who looked at whom",
        roles=("compliance",),
    ),
    Room(
        name="console",
        url="/console/",
        zh="總控台",
        en="Console",
        summary_zh="平台營運者：租戶、服務矩陣、規則包",
        summary_en="Operator: tenants, matrix, rule packs",
        roles=("operator",),
    ),
)


def _english() -> bool:
    return (translation.get_language() or "").startswith("en")


def rooms_of(caller: Caller, path: str) -> list[dict[str, Any]]:
    """The rooms a caller may enter: `name`, `key`, `url`, `summary`, `current`."""
    english = _english()
    own = _own(caller)
    here = room_of(caller, path)
    return [
        {
            "key": room.name,
            "name": room.en if english else room.zh,
            "summary": room.summary_en if english else room.summary_zh,
            "url": room.url,
            "current": room is here,
        }
        for room in own
    ]


def _own(caller: Caller) -> list[Room]:
    return [room for room in ROOMS if caller.roles.intersection(room.roles) and visible(caller, room)]


def room_of(caller: Caller, path: str) -> Room | None:
    """The room a page belongs to: the one it lies in; else the caller's own whose menu leads there; of a page of none (a
    timeline, one's sign-in) the caller's first, so that there is a way back."""
    own = _own(caller)
    led = (room for room in own if any(path.startswith(entry.url) for entry in _entries(caller, room)))
    return room_at(path) or next(led, None) or next(iter(own), None)


def room_at(path: str) -> Room | None:
    return next((room for room in ROOMS if path.startswith(room.url)), None)


def visible(caller: Caller, room: Room) -> bool:
    """A room is there while one entry of its menu is."""
    return bool(_entries(caller, room))


def _entries(caller: Caller, room: Room) -> list[MenuEntry]:
    services = open_services(caller.tenant)
    return [
        entry
        for entry in menu()
        if entry.room == room.name
        and (not entry.service or entry.service in services)
        and caller.roles.intersection(entry.roles or room.roles)
    ]


def menu_of(caller: Caller, path: str) -> list[dict[str, Any]]:
    """The entries of the room that the path belongs to: `name`, `url`, `icon`, `current`."""
    room = room_of(caller, path) if caller.person is not None else None
    if room is None:
        return []
    entries = _entries(caller, room)
    here = max((entry.url for entry in entries if path.startswith(entry.url)), key=len, default="")
    english = _english()
    return [
        {
            "name": entry.en if english else entry.zh,
            "url": entry.url,
            "icon": entry.icon,
            "current": entry.url == here,
        }
        for entry in entries
    ]
