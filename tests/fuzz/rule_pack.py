"""Fuzz target: a rule pack from bytes, and every pure function on what was accepted."""

from datetime import date

from yunhai.apps.reference_data import pack_bytes, pack_ids
from yunhai.exchange.rules.charges import commission, transaction_tax
from yunhai.exchange.rules.describe import differences, lines, plain
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import NO_LIMITS, daily_limits, day_ladder, is_on_grid, round_nearest
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PERIOD_SECONDS_MAX

_BASES = {name: pack_bytes(name) for name in pack_ids()}
_DAY = date(2026, 7, 29)
_REFERENCES = (100, 99_900, 1_000_000, 186_000_000)

CORPUS = [data for data in _BASES.values() if data is not None]


def fuzz(data: bytes) -> None:
    """May raise YunhaiError only. An accepted pack must also work: limits on its grid, a ladder, fees, a description."""
    pack = load_pack(data, base=_BASES.get)
    for kind in (SecurityKind.STOCK, SecurityKind.ETF, SecurityKind.GOVERNMENT_BOND):
        for reference in _REFERENCES:
            _use(pack, kind, reference)
    for _ in lines(plain(pack)):
        pass
    assert differences(pack, pack) == []
    for segment in pack.segments.values():
        assert segment.orders.masks()[0] == segment.actions.masks()[0] == 0
        for span in segment.spans:
            assert span.cycle_seconds(_DAY) <= PERIOD_SECONDS_MAX


def _use(pack: RulePack, kind: SecurityKind, reference: int) -> None:
    try:
        assert is_on_grid(pack, kind, round_nearest(pack, kind, reference))
        limits = daily_limits(pack, kind, reference)
        if limits != NO_LIMITS:
            assert limits.up is not None
            assert limits.down is not None
            assert is_on_grid(pack, kind, limits.up)
            assert is_on_grid(pack, kind, limits.down)
            assert limits.down <= limits.up
        ladder = day_ladder(pack, kind, reference, limits)
        assert (ladder[1:] > ladder[:-1]).all()
        commission(pack, reference * 1000)
        transaction_tax(pack, kind, reference * 1000, _DAY)
    except YunhaiError as error:
        # A sound pack may still lack the kind, a rate of the day, or room for so high a price.
        if error.code not in (2202, 2205, 2206, 2207, 2208):
            raise AssertionError(f"an accepted pack refuses its own use: {error}") from error
