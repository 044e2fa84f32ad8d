"""Market moments as commands write them."""

from datetime import UTC, datetime

from yunhai.kernel.errors import YunhaiError
from yunhai.trading.core.core import Core

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_in(core: Core, text: str) -> int:
    """ISO 8601 with offset, or HH:MM[:SS[.f]] of the open day, as ns since 1970. YunhaiError 2105, DAY_NOT_OPEN."""
    if "T" not in text:
        return core.open_day().at(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise YunhaiError(2105, text=text) from None
    if moment.tzinfo is None or moment < _EPOCH:
        raise YunhaiError(2105, text=text)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000
