"""Every bound of the house in one place, related by assertions.

A limit that is not here does not exist: code that must refuse the too large, the too long or the too many imports its
number from this file.
"""

from typing import Final

from yunhai.kernel.money import PRICE_MAX, QUANTITY_MAX

RECORD_BYTES: Final = 64
"""One trading record (docs/reference/records.md)."""

LADDER_PRICES_MAX: Final = 131_072
"""Prices in one book's ladder. A foreign venue needs 36,000 (10 % of 1,800 at 0.01)."""

PACK_BYTES_MAX: Final = 131_072
"""A rule pack file."""
PACK_NESTING_MAX: Final = 16
"""Brackets within brackets in a rule pack."""
PACK_ROWS_MAX: Final = 1_000
"""Elements of any one array in a rule pack."""
PACK_BASES_MAX: Final = 8
"""Packs based on packs based on packs."""

OVERLAY_BYTES_MAX: Final = 1_048_576
"""An overlay of instruments or of the calendar."""

ROWS_MAX: Final = 200_000
"""Rows one command takes on standard input."""
ROW_CHARACTERS_MAX: Final = 400

CODE_CHARACTERS_MAX: Final = 12
"""A security's code."""

SETTLEMENT_DAYS_MAX: Final = 10

FUZZ_CASE_MS: Final = 100
"""Longest time any one hostile input may keep a reader busy."""

assert LADDER_PRICES_MAX <= PRICE_MAX, "a ladder cannot hold more prices than there are"
assert LADDER_PRICES_MAX >= 2 * 36_000
assert PRICE_MAX < 2**31 <= QUANTITY_MAX + 1, "prices are i32, quantities u32"
assert PACK_BYTES_MAX <= OVERLAY_BYTES_MAX
