"""A rule pack as one book's settings, for replays: one security, the board segment, no interruption, no deferral."""

from pathlib import Path
from typing import Final

from yunhai.apps.reference_data import pack_bytes, rule_pack
from yunhai.exchange.books import BookConfig
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import daily_limits, day_ladder
from yunhai.exchange.rules.words import Rank, SecurityKind

NO_CAP: Final = 2**32 - 1


def pack_named(name: str) -> RulePack:
    """A shipped pack by its id, or the pack of a TOML file. YunhaiError 2001-2010; OSError if it cannot be read."""
    if name.endswith(".toml"):
        return load_pack(Path(name).read_bytes(), base=pack_bytes)
    return rule_pack(name)


def book_config(pack: RulePack, *, reference: int, seed: int = 1) -> BookConfig:
    """The book of a share with that reference (previous close), 1/10,000. YunhaiError 2205-2207."""
    kind = SecurityKind.STOCK
    limits = daily_limits(pack, kind, reference)
    board = pack.board
    return BookConfig(
        prices=day_ladder(pack, kind, reference, limits),
        lot=board.lot,
        max_quantity=board.max_quantity or NO_CAP,
        reference=reference,
        allowed=board.orders.masks(),
        actions=board.actions.masks(),
        shuffle=board.rank is Rank.RANDOM_BEFORE_FIRST_MATCH,
        seed=seed,
        tie_break=pack.auction.tie_break.code,
        candidates=pack.settings.candidates.value.code,
        equal_distance=pack.settings.equal_distance.value.code,
        better_filled=pack.auction.better_filled,
        market_price_rule=pack.market_orders.resting_price.code,
    )
