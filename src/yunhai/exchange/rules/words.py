"""The words a rule pack may use: one enumeration per choice, spelled in the file as its value.

Where the order book wants a number for a choice (`BookConfig`, docs/concepts/matching.md §2) the word has it as
`.code`: the place of the word in its list.
"""

from enum import StrEnum


class Word(StrEnum):
    """A choice that the book knows by its place in the list."""

    @property
    def code(self) -> int:
        return list(type(self)).index(self)


class SecurityKind(StrEnum):
    """What a security is, as far as ticks, limits and taxes care (證券種類)."""

    STOCK = "stock"  # 普通股
    PREFERRED = "preferred"  # 特別股
    TDR = "tdr"  # 臺灣存託憑證
    CLOSED_END_FUND = "closed-end-fund"  # 封閉式基金
    ETF = "etf"  # 指數股票型基金，國內成分
    ETF_FOREIGN = "etf-foreign"  # 國外成分 ETF，無漲跌幅限制
    ETF_LEVERAGED = "etf-leveraged"  # 國內成分槓桿／反向 ETF
    ETF_BOND = "etf-bond"  # 債券 ETF
    ETN = "etn"  # 指數投資證券
    ETN_FOREIGN = "etn-foreign"  # 國外標的 ETN，無漲跌幅限制
    REIT = "reit"  # 不動產投資信託
    WARRANT_CALL = "warrant-call"  # 認購權證
    WARRANT_PUT = "warrant-put"  # 認售權證
    SUBSCRIPTION_WARRANT = "subscription-warrant"  # 認股權憑證
    CONVERTIBLE = "convertible"  # 可轉換公司債
    BOND_WITH_WARRANT = "bond-with-warrant"  # 附認股權公司債
    CORPORATE_BOND = "corporate-bond"  # 公司債、金融債
    GOVERNMENT_BOND = "government-bond"  # 公債
    FOREIGN_BOND = "foreign-bond"  # 外國債券


class SegmentName(StrEnum):
    """A market segment with books of its own (交易時段)."""

    BOARD = "board"  # 一般交易（整股）
    ODD_LOT = "odd_lot"  # 盤中零股
    ODD_LOT_AFTER = "odd_lot_after"  # 盤後零股
    FIXED_PRICE = "fixed_price"  # 盤後定價


class SpanPhase(StrEnum):
    """The book's phase during a span; `yunhai.kernel.records.Phase` has the number."""

    COLLECT = "collect"
    CONTINUOUS = "continuous"

    @property
    def code(self) -> int:
        return 1 if self is SpanPhase.COLLECT else 2


class Match(StrEnum):
    """When a span matches."""

    NONE = "none"
    AT_END = "auction-at-end"  # 時段終了集合競價
    PERIODIC = "periodic-auction"  # 分盤集合競價
    CONTINUOUS = "continuous"  # 逐筆交易


class OrderKind(StrEnum):
    """Order type and time in force (委託種類)."""

    MARKET_ROD = "market-rod"
    MARKET_IOC = "market-ioc"
    MARKET_FOK = "market-fok"
    LIMIT_ROD = "limit-rod"
    LIMIT_IOC = "limit-ioc"
    LIMIT_FOK = "limit-fok"

    @property
    def bit(self) -> int:
        """Its bit of `BookConfig.allowed`."""
        return 1 << list(OrderKind).index(self)


class Action(StrEnum):
    """A change of a resting order (取消、減量、改價)."""

    CANCEL = "cancel"
    CUT = "cut"
    REPRICE = "reprice"

    @property
    def bit(self) -> int:
        """Its bit of `BookConfig.actions`."""
        return 1 << list(Action).index(self)


class Rank(StrEnum):
    """Order among orders of one price (時間優先／隨機)."""

    TIME = "time"
    RANDOM_BEFORE_FIRST_MATCH = "random-before-first-match"


class PriceBasis(StrEnum):
    """Where a segment's prices come from."""

    LADDER = "ladder"
    CLOSING_PRICE = "closing-price"  # 盤後定價：收盤價


class TieBreak(Word):
    """`BookConfig.tie_break`."""

    NEAREST_LAST = "nearest-last"
    MIDDLE = "middle"


class Candidates(Word):
    """`BookConfig.candidates`."""

    EVERY_TICK = "every-tick"
    ORDER_PRICES = "order-prices"


class EqualDistance(Word):
    """`BookConfig.equal_distance`."""

    HIGHER = "higher"
    LOWER = "lower"


class RestingMarketPrice(Word):
    """`BookConfig.market_price_rule`."""

    TAIWAN = "taiwan"
    OWN_SIDE = "own-side"


class Centre(Word):
    """`BookConfig.band_mode`: the centre of the volatility band."""

    WINDOW_AVERAGE = "window-average"
    LAST_TRADE = "last-trade"


class Fallback(Word):
    """`BookConfig.band_fallback`."""

    LAST_REFERENCE = "last-reference"
    LAST_TRADE = "last-trade"


class LimitRule(StrEnum):
    """How a kind's daily limits arise (漲跌幅)."""

    PERCENT = "percent"
    LEVERAGED = "leveraged"  # 幅度 × 倍數
    UNDERLYING = "underlying"  # 權證：依標的
    NONE = "none"


class Rounding(StrEnum):
    """What becomes of a fraction."""

    DOWN = "down"
    HALF_UP = "half-up"
    UP = "up"


class Tie(StrEnum):
    """Which of two equally near ticks is "the nearest"."""

    UP = "up"
    DOWN = "down"


class RankDrawn(StrEnum):
    """How often chance decides among the orders entered before a book's first match."""

    ONCE = "once"


class ChangedBase(StrEnum):
    """What the quantity cancelled and changed in the watch before an opening is measured against (暫緩開盤)."""

    ALL_ENTERED = "all-entered"  # 收單以來全部委託量，含已取消者


class FirstTrial(StrEnum):
    """What the first trial price of a watch is compared with (暫緩開收盤)."""

    ONE_BEFORE = "one-before"  # 監視前的最後一次試撮


class OddLotCycle(StrEnum):
    """The cycle of intraday odd lots 盤中零股 in a security that is matched periodically."""

    OWN = "own"  # 盤中零股自己的間隔


class IntervalSetting(StrEnum):
    """A setting that holds an interval of periodic matching (分盤間隔)."""

    ALTERED = "altered_match_seconds"
    FULL_DELIVERY = "full_delivery_match_seconds"


class RateSetting(StrEnum):
    """A setting that holds a rate (幅度、稅率)."""

    CORPORATE_BOND_LIMIT = "corporate_bond_limit"
    TDR_TAX = "tdr_tax"


class Confidence(StrEnum):
    """How well a setting is founded: A rule text read, B strong second hand, C weak, D common knowledge only."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
