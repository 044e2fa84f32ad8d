"""Permalinks 永久連結 and bookmarks: the exact moment, and the proof that it is still the same.

A link is a query string that a person can read: source, position, securities, how to look, and the hash of the events before the
position. Opening it computes the hash again and refuses when it differs: then the events are not those that were looked at when
the link was made. Nothing in it is secret and nothing in it grants anything; who may open it is decided where it is opened.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    REPLAY_CODES_MAX,
    REPLAY_LINK_CHARACTERS_MAX,
    REPLAY_NAME_CHARACTERS_MAX,
    REPLAY_VIEW_CHARACTERS_MAX,
)
from yunhai.market.replay.errors import LINK_DIFFERS, LINK_MALFORMED
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Source

_FIELDS: Final = ("source", "at", "codes", "view", "hash")
SOURCE_SHAPE: Final = re.compile(r"[a-z0-9]{1,20}(/[0-9A-Za-z._-]{1,40}){1,4}")
"""A source's id."""
_CODE: Final = re.compile(r"[0-9A-Za-z./_-]{1,40}(:[a-z_]{1,20})?")
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Permalink(msgspec.Struct, frozen=True, kw_only=True):
    """`position` in the source, `codes` names of its listings, `view` free text of whoever shows it, `events_hash` hex."""

    source: str
    position: int
    codes: tuple[str, ...]
    events_hash: str
    view: str = ""

    def text(self) -> str:
        """The link, without any address before it."""
        said = (self.source, str(self.position), ",".join(self.codes), self.view, self.events_hash)
        return urlencode([(name, value) for name, value in zip(_FIELDS, said, strict=True) if value], safe="/,:")


class Bookmark(msgspec.Struct, frozen=True, kw_only=True):
    """A named link; `time` is the market time at its position, ns."""

    name: str
    time: int
    link: Permalink


def read_link(text: str) -> Permalink:
    """A link as `text` gave it. LINK_MALFORMED."""
    if len(text) > REPLAY_LINK_CHARACTERS_MAX:
        raise _malformed("it is too long", "過長")
    try:
        pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise _malformed("it is no query string", "格式不合") from None
    said = dict(pairs)
    if len(said) != len(pairs) or not set(said) <= set(_FIELDS):
        raise _malformed("a field stands twice or is unknown", "欄位重複或不明")
    for name, shape in (("source", SOURCE_SHAPE), ("at", _WHOLE), ("hash", _HASH)):
        if not shape.fullmatch(said.get(name, "")):
            raise _malformed(f"{name} is missing or wrong", f"缺少 {name} 或其值有誤")
    codes = tuple(said.get("codes", "").split(","))
    if not 1 <= len(codes) <= REPLAY_CODES_MAX or not all(_CODE.fullmatch(code) for code in codes):
        raise _malformed("codes are missing or wrong", "缺少 codes 或其值有誤")
    return Permalink(
        source=said["source"],
        position=int(said["at"]),
        codes=codes,
        events_hash=said["hash"],
        view=_view(said.get("view", "")),
    )


def link_of(replay: Replay, view: str = "") -> Permalink:
    """A link to where a replay stands. LINK_MALFORMED if the view is too long."""
    return Permalink(
        source=replay.source.id,
        position=replay.position,
        codes=tuple(listing.name for listing in replay.listings),
        events_hash=replay.events_hash().hex(),
        view=_view(view),
    )


def bookmark_of(replay: Replay, name: str, view: str = "") -> Bookmark:
    """A bookmark of where a replay stands. LINK_MALFORMED if the name is empty or too long."""
    name = name.strip()
    if not 0 < len(name) <= REPLAY_NAME_CHARACTERS_MAX or not name.isprintable():
        raise _malformed("a name has 1 to 80 characters", "名稱須為 1 至 80 字")
    return Bookmark(name=name, time=replay.now, link=link_of(replay, view))


def open_link(link: Permalink, open_source: Callable[[str], tuple[Source, Keeping]]) -> Replay:
    """A replay at the link's position. LINK_DIFFERS if the events before it are others; SOURCE_UNKNOWN, CODES_UNFIT, OUTSIDE."""
    source, keeping = open_source(link.source)
    found = source.hash_at(link.position).hex()
    if found != link.events_hash:
        raise YunhaiError(LINK_DIFFERS, told=link.events_hash, found=found, index=link.position)
    replay = Replay(source, link.codes, keeping)
    replay.seek(link.position)
    return replay


def _view(text: str) -> str:
    if len(text) > REPLAY_VIEW_CHARACTERS_MAX or not text.isprintable():
        raise _malformed("view is too long or not printable", "view 過長或含不可列印字元")
    return text


def _malformed(reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(LINK_MALFORMED, reason=reason, reason_zh=reason_zh)
