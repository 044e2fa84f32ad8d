"""On what terms a listing is traded on paper 交易條件: prices, lots, kinds of orders, charges, from the rule pack.

The same `BookConfig` that the venue would trade the security by says what is taken. A source of trades has no pack: any price above
0, any quantity, market and limit ROD, no limits of the day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from yunhai.exchange.books import ALL_ACTIONS, BookConfig, kinds_mask
from yunhai.exchange.rules.charges import tax_row
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import day_ladder
from yunhai.exchange.rules.words import SecurityKind, SegmentName
from yunhai.exchange.venue_config import TradedToday, book_config, day_limits
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PAPER_LATENCY_SECONDS_MAX, PAPER_ORDERS_MAX
from yunhai.kernel.money import MILLION, MONEY_MAX, PRICE_MAX, QUANTITY_MAX
from yunhai.market.paper.errors import RULES_UNFIT
from yunhai.market.paper.words import SEGMENTS, Rules
from yunhai.market.replay.source import BOARD, Listing, Source
from yunhai.trading.books.charges import ROUNDINGS, commission, dollars

ROD_ONLY: Final = kinds_mask((1, 0), (2, 0))
_EVERY_PHASE: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """Commission and tax of one listing: rates in millionths, `minimum` 1/10,000, roundings as `ROUNDINGS` numbers them."""

    ppm: int
    minimum: int
    rounding: int
    tax_ppm: int
    day_tax_ppm: int
    tax_rounding: int

    def commission(self, value: int) -> int:
        """On an order's whole executed value."""
        return commission(value, self.ppm, self.minimum, self.rounding)

    def tax(self, value: int, *, day_trade: bool) -> int:
        """On what was sold."""
        return dollars(value, self.day_tax_ppm if day_trade else self.tax_ppm, self.tax_rounding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One listing's terms. `prices`: the valid ones, empty where any price is; `floor`, `ceiling`: lowest and highest."""

    listing: Listing
    lot: int
    most: int
    prices: frozenset[int]
    floor: int
    ceiling: int
    allowed: tuple[int, ...]
    actions: tuple[int, ...]
    charges: Charges

    def price_fault(self, price: int) -> int:
        """The exchange's refusal of a limit, 0 if it is valid."""
        if price > self.ceiling:
            return 1015
        if price < self.floor:
            return 1016
        return 1017 if self.prices and price not in self.prices else 0


def terms_of(source: Source, rules: Rules) -> dict[int, Terms]:
    """The terms of every listing that the rules offer, and of the board's that says what a share is worth, by its book.
    RULES_UNFIT, CODES_UNFIT, 2202-2208 of the pack."""
    fault = _fault(source, rules)
    if fault:
        reason, reason_zh = fault
        raise YunhaiError(RULES_UNFIT, reason=reason, reason_zh=reason_zh)
    kinds = dict(rules.kinds)
    offered = [source.listing(name) for name in rules.names] or [
        one for one in source.listings if one.segment in SEGMENTS
    ]
    codes = {one.code for one in offered} | {code for code, _ in rules.holdings}
    boards = [one for one in source.listings if one.segment == BOARD and one.code in codes]
    return {
        one.book: _terms(rules, source.day, one, kinds.get(one.code, SecurityKind.STOCK), tape=not source.has_book)
        for one in (*offered, *boards)
    }


def _fault(source: Source, rules: Rules) -> tuple[str, str] | None:
    if not 0 <= rules.cash <= MONEY_MAX:
        return "starting cash is below 0 or above the highest amount", "起始資金小於 0 或超過上限"
    if not 0 < rules.orders <= PAPER_ORDERS_MAX:
        return f"1 to {PAPER_ORDERS_MAX} orders", f"委託筆數須為 1 至 {PAPER_ORDERS_MAX}"
    if not 0 <= rules.latency_ns <= PAPER_LATENCY_SECONDS_MAX * SECOND:
        return (
            f"latency is above {PAPER_LATENCY_SECONDS_MAX} s or below 0",
            f"延遲須為 0 至 {PAPER_LATENCY_SECONDS_MAX} 秒",
        )
    if any(ppm is not None and not 0 <= ppm <= MILLION // 10 for ppm in (rules.commission_ppm, rules.tax_ppm)):
        return "a rate is below 0 or above 10 %", "費率小於 0 或超過 10%"
    if rules.commission_minimum is not None and not 0 <= rules.commission_minimum <= MONEY_MAX:
        return "the least commission is below 0", "最低手續費小於 0"
    if rules.pack is None and source.has_book:
        return "a source with a book needs a rule pack", "有委託簿之來源須指定規則包"
    if rules.short_selling and not source.has_book:
        return "no short selling in a source of trades: it has no highest price", "僅有成交之來源不得賣空（沒有漲停價）"
    if rules.holdings and not source.has_book:
        return "no holdings in a source of trades: it has no reference price", "僅有成交之來源無參考價，不得有庫存"
    codes = {one.code for one in source.listings if one.segment == BOARD}
    held = [code for code, _ in rules.holdings]
    if len(set(held)) != len(held) or not set(held) <= codes:
        return "a holding is of no security of the source, or stands twice", "庫存證券不在來源中或重複"
    if any(not 0 < shares <= QUANTITY_MAX for _, shares in rules.holdings):
        return "a holding is no number of shares", "庫存股數有誤"
    if any(source.listing(name).segment not in SEGMENTS for name in rules.names):
        return f"only {', '.join(SEGMENTS)} are traded on paper", "模擬交易僅限整股與盤中零股"
    return None


def _terms(rules: Rules, day: date, listing: Listing, kind: SecurityKind, *, tape: bool) -> Terms:
    if tape or rules.pack is None:
        charges = Charges(
            ppm=rules.commission_ppm or 0,
            minimum=rules.commission_minimum or 0,
            rounding=0,
            tax_ppm=rules.tax_ppm or 0,
            day_tax_ppm=rules.tax_ppm or 0,
            tax_rounding=0,
        )
        return Terms(
            listing=listing,
            lot=1,
            most=QUANTITY_MAX,
            prices=frozenset(),
            floor=1,
            ceiling=PRICE_MAX,
            allowed=(ROD_ONLY,) * _EVERY_PHASE,
            actions=(ALL_ACTIONS,) * _EVERY_PHASE,
            charges=charges,
        )
    config = _config(rules.pack, day, listing, kind)
    prices = config.prices.tolist()
    return Terms(
        listing=listing,
        lot=listing.lot if listing.segment == BOARD else config.lot,
        most=config.max_quantity,
        prices=frozenset(prices),
        floor=prices[0],
        ceiling=prices[-1],
        allowed=config.allowed,
        actions=config.actions,
        charges=_charges(rules, rules.pack, day, kind, odd=listing.segment != BOARD),
    )


def _config(pack: RulePack, day: date, listing: Listing, kind: SecurityKind) -> BookConfig:
    share = TradedToday(
        code=listing.code,
        kind=kind,
        reference=listing.reference,
        lot=listing.lot if listing.segment == BOARD and listing.lot != pack.board.lot else None,
    )
    return book_config(
        pack,
        share,
        segment=SegmentName(listing.segment),
        day=day,
        seed=0,
        ladder=day_ladder(pack, kind, listing.reference, day_limits(pack, share)),
    )


def _charges(rules: Rules, pack: RulePack, day: date, kind: SecurityKind, *, odd: bool) -> Charges:
    """An odd lot's sale is no day trade."""
    settings = pack.settings
    least = settings.commission_minimum_odd_lot if odd else settings.commission_minimum
    tax = day_tax = rules.tax_ppm
    if tax is None:
        tax = pack.tax_rate(tax_row(pack, kind, day))
        day_tax = tax if odd else pack.tax_rate(tax_row(pack, kind, day, day_trade=True))
    return Charges(
        ppm=pack.fees.commission if rules.commission_ppm is None else rules.commission_ppm,
        minimum=least.value if rules.commission_minimum is None else rules.commission_minimum,
        rounding=ROUNDINGS.index(settings.commission_rounding.value),
        tax_ppm=tax,
        day_tax_ppm=tax if day_tax is None else day_tax,
        tax_rounding=ROUNDINGS.index(settings.tax_rounding.value),
    )
