"""What a bookmark may be called, purely, and how a security is named in a replay."""

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REPLAY_NAME_CHARACTERS_MAX, REPLAY_NOTE_CHARACTERS_MAX
from yunhai.market.replay.source import BOARD
from yunhai.services.replay.errors import BOOKMARK_NAME


def checked_name(name: str) -> str:
    """A bookmark's name without needless blanks. BOOKMARK_NAME."""
    found = " ".join(name.split())
    if not 0 < len(found) <= REPLAY_NAME_CHARACTERS_MAX or not found.isprintable():
        raise _unfit()
    return found


def checked_note(note: str) -> str:
    """Its note, which may be empty. BOOKMARK_NAME."""
    found = " ".join(note.split())
    if len(found) > REPLAY_NOTE_CHARACTERS_MAX or not found.isprintable():
        raise _unfit()
    return found


def _unfit() -> YunhaiError:
    return YunhaiError(BOOKMARK_NAME, most=REPLAY_NAME_CHARACTERS_MAX, note=REPLAY_NOTE_CHARACTERS_MAX)


def listing_name(code: str, segment: str) -> str:
    """How a replay calls a security of a segment: the code, with the segment where that is not the board."""
    return code if segment == BOARD else f"{code}:{segment}"
