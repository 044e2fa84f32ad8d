"""A rule pack as one book's settings, for replays: one security, the board segment, no interruption, no deferral."""

from dataclasses import replace

from yunhai.exchange.books import BookConfig
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import day_ladder
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue_config import TradedToday, day_limits
from yunhai.exchange.venue_config import book_config as venue_book_config


def book_config(pack: RulePack, *, reference: int, seed: int = 1) -> BookConfig:
    """The book of a share with that reference (previous close), 1/10,000. YunhaiError 2205-2207."""
    share = TradedToday(code="", kind=SecurityKind.STOCK, reference=reference)
    config = venue_book_config(
        pack,
        share,
        segment=SegmentName.BOARD,
        day=pack.effective_from,
        seed=seed,
        ladder=day_ladder(pack, share.kind, reference, day_limits(pack, share)),
    )
    return replace(config, band_ppm=0, defer_ppm=0)
