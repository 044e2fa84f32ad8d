"""Prices, money and quantities as integers, and their exact decimal text.

A price and an amount of money are counted in 1/10,000 NT$ (the exchange's own scale, 9(5)V9(4)); a quantity in
shares; a rate in parts per million. No float ever holds one of them: text is read digit by digit and anything but
plain ASCII digits with at most one point (an exponent, NaN, a blank, `_`, full-width digits, a sign) is refused.

`Price`, `Money`, `Quantity` and `Rate` are distinct names of `int` to the type checker and plain ints at run time.
"""

from typing import Final, NewType

from yunhai.kernel import limits
from yunhai.kernel.errors import YunhaiError

Price = NewType("Price", int)
"""1/10,000 NT$ a share; 0 stands for "no price"."""
Money = NewType("Money", int)
"""1/10,000 NT$, signed."""
Quantity = NewType("Quantity", int)
"""Shares or units."""
Rate = NewType("Rate", int)
"""Parts per million: 3.5 % is 35,000."""

SCALE: Final = 10_000
DECIMALS: Final = 4
PRICE_MAX: Final = Price(limits.PRICE_MAX)
"""99,999.9999 NT$, the widest price the exchange's records hold (9(5)V9(4))."""
QUANTITY_MAX: Final = Quantity(limits.QUANTITY_MAX)
"""The widest quantity a trading record holds."""
MONEY_MAX: Final = Money(limits.MONEY_MAX)
MILLION: Final = 1_000_000

_DIGITS: Final = frozenset("0123456789")


def scaled(text: str, *, decimals: int) -> int:
    """A plain unsigned decimal as an integer of 10^-decimals: scaled("1.5", decimals=2) is 150.

    YunhaiError 2101 not a plain number, 2102 more decimals than fit (trailing zeros may go).
    """
    whole, point, part = text.partition(".")
    if (
        not whole
        or (point and not part)
        or len(text) > limits.NUMBER_CHARACTERS_MAX
        or not _DIGITS.issuperset(whole)
        or not _DIGITS.issuperset(part)
    ):
        raise YunhaiError(2101, text=text)
    part = part.rstrip("0")
    if len(part) > decimals:
        raise YunhaiError(2102, text=text)
    scale = int("1" + "0" * decimals)
    return int(whole) * scale + int(part.ljust(decimals, "0") or "0")


def price_of(text: str) -> Price:
    """A price from text such as "101.5". YunhaiError 2101, 2102, 2103 (above 99,999.9999)."""
    value = scaled(text, decimals=DECIMALS)
    if value > PRICE_MAX:
        raise YunhaiError(2103, text=text)
    return Price(value)


def money_of(text: str) -> Money:
    """An unsigned amount in NT$ from text. YunhaiError 2101, 2102, 2103."""
    value = scaled(text, decimals=DECIMALS)
    if value > MONEY_MAX:
        raise YunhaiError(2103, text=text)
    return Money(value)


def quantity_of(text: str) -> Quantity:
    """A number of shares from text. YunhaiError 2101, 2102, 2103."""
    value = scaled(text, decimals=0)
    if value > QUANTITY_MAX:
        raise YunhaiError(2103, text=text)
    return Quantity(value)


def rate_of(text: str) -> Rate:
    """A rate from a percentage such as "3.5%", up to four decimals. YunhaiError 2101, 2102, 2103 (above 1000 %)."""
    if not text.endswith("%"):
        raise YunhaiError(2101, text=text)
    value = scaled(text[:-1], decimals=4)
    if value > 10 * MILLION:
        raise YunhaiError(2103, text=text)
    return Rate(value)


def decimal_text(value: int, *, decimals: int = DECIMALS, places: int = 0) -> str:
    """The exact decimal of value × 10^-decimals, without trailing zeros but with at least `places` decimals."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**decimals)
    digits = str(part).zfill(decimals).rstrip("0") if decimals else ""
    digits = digits.ljust(places, "0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def price_text(price: int) -> str:
    """A price as the exchange prints it: two decimals, more only if it has more."""
    cents, rest = divmod(price, 100)
    if rest or cents < 0:
        return decimal_text(price, places=2)
    return f"{cents // 100}.{cents % 100:02}"


def rate_text(rate: int) -> str:
    return decimal_text(rate, decimals=4) + "%"


def amount(price: int, quantity: int) -> Money:
    """Price × quantity. YunhaiError 2103 if either is out of its bounds."""
    if not 0 <= price <= PRICE_MAX:
        raise YunhaiError(2103, text=price_text(price))
    if not 0 <= quantity <= QUANTITY_MAX:
        raise YunhaiError(2103, text=str(quantity))
    return Money(price * quantity)


assert SCALE == 10**DECIMALS
