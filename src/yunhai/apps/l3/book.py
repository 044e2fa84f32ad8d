"""A rule pack as one book's settings, for replays: one security, the board segment, no interruption, no deferral."""

from pathlib import Path
from typing import Final

from yunhai.exchange.books import BookConfig
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import daily_limits, day_ladder
from yunhai.exchange.rules.words import Rank, SecurityKind
from yunhai.kernel.errors import YunhaiError

NO_CAP: Final = 2**32 - 1
_PACKS: Final = Path(__file__).parents[2] / "exchange" / "rules" / "packs"


def _bytes_of(name: str) -> bytes | None:
    path = _PACKS / f"{name}.toml"
    return path.read_bytes() if path.parent == _PACKS and path.is_file() else None


def pack_named(name: str) -> RulePack:
    """A built-in pack by its id, or the pack of a TOML file. YunhaiError 2001-2010."""
    data = _bytes_of(name)
    if data is None:
        path = Path(name)
        if path.suffix != ".toml" or not path.is_file():
            raise YunhaiError(2010, pack=name)
        data = path.read_bytes()
    return load_pack(data, base=_bytes_of)


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
