"""How times and amounts of readings are written in answers."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from yunhai.kernel.money import decimal_text

_TAIPEI: Final = timezone(timedelta(hours=8))
_SECOND: Final = 1_000_000_000


def moment(ns: int) -> str:
    """ISO 8601 with Taipei's offset and milliseconds, of ns since 1970; "" for 0, which stands for none."""
    if not ns:
        return ""
    seconds, rest = divmod(ns, _SECOND)
    at = datetime.fromtimestamp(seconds, UTC).astimezone(_TAIPEI)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}+08:00"


def money(amount: int) -> str:
    """Decimal text in NT$ of 1/10,000 NT$, at least two decimals."""
    return decimal_text(amount, places=2)


def quantity_of(asset: str, amount: int) -> str:
    """An amount of an asset: money as decimal text, shares as a whole number."""
    return money(amount) if asset == "TWD" else str(amount)
