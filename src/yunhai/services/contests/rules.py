"""What a contest may be, which step follows which, where its clock stands, and who is before whom; pure.

The common clock 共同時鐘: of a replayed day everybody in the class is at the same moment, which the teacher starts, stops and moves
forward. It never goes back: what was shown once cannot be traded upon. Of the running day the market itself is the clock.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.clock import TAIPEI_OFFSET, moment_text
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CONTEST_CASH_MAX,
    CONTEST_CODES_MAX,
    CONTEST_NAME_CHARACTERS_MAX,
    CONTEST_TEXT_CHARACTERS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
    PAPER_NAME_CHARACTERS_MAX,
    REPLAY_SPEED_MAX,
    REPLAY_SPEED_MIN,
)
from yunhai.kernel.money import MONEY_MAX, QUANTITY_MAX, SCALE, price_of
from yunhai.kernel.records import OrderType, Side, TimeInForce
from yunhai.market.paper.score import Score
from yunhai.services.contests.errors import (
    CLOCK_WRONG,
    CODE_NOT_HERE,
    CONTEST_WRONG,
    JOIN_CODE_UNKNOWN,
    KIND_NOT_ALLOWED,
    PAPER_ORDER_WRONG,
    STEP_NOT_NOW,
)

KINDS: Final = ("limit-rod", "limit-ioc", "limit-fok", "market-rod", "market-ioc", "market-fok")
JOIN_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters and digits that nobody takes for one another."""
THOUSAND: Final = 1_000
PER_CENT: Final = 100
STATE_ZH: Final = {"draft": "草稿", "open": "開放中", "frozen": "凍結", "ended": "已結束"}
_STEPS: Final = {
    ("draft", "open"): ("open", "opened"),
    ("open", "freeze"): ("frozen", "frozen"),
    ("frozen", "resume"): ("open", "resumed"),
    ("open", "end"): ("ended", "ended"),
    ("frozen", "end"): ("ended", "ended"),
}
_STEP_TEXT: Final = {
    "open": ("opened", "開放"),
    "freeze": ("frozen", "凍結"),
    "resume": ("resumed", "恢復"),
    "end": ("ended", "結束"),
    "change": ("changed", "修改"),
    "clock": ("given another time", "設定時鐘"),
}
ODD_LOT: Final = SegmentName.ODD_LOT.value
_CODE: Final = re.compile(rf"[0-9A-Za-z][0-9A-Za-z._-]{{0,{HISTORY_CODE_CHARACTERS_MAX - 1}}}")


# --- a contest's own words ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a ranking is made of, in per cent, 100 together: return, smallness of the drawdown, return over risk."""

    gain: int = 60
    drawdown: int = 20
    sharpe: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A contest as a teacher sets it up. `cash` 1/10,000 NT$, times market ns."""

    name: str
    text: str
    source: str
    codes: tuple[str, ...]
    odd_lots: bool
    cash: int
    fee: bool
    kinds: tuple[str, ...]
    begins: int
    ends: int
    weights: Weights


def wrong(reason: str, reason_zh: str) -> YunhaiError:
    """CONTEST_WRONG."""
    return YunhaiError(CONTEST_WRONG, reason=reason, reason_zh=reason_zh)


def plain(text: str, most: int, *, empty: bool = False) -> str:
    """Text on one line without needless blanks. CONTEST_WRONG."""
    found = " ".join(text.split())
    if not (0 if empty else 1) <= len(found) <= most or not found.isprintable():
        raise wrong(f"a text of 1 to {most} plain characters is needed", f"文字須為 1 至 {most} 個可顯示的字")
    return found


def checked(draft: Draft) -> Draft:
    """The draft in its one normal form. CONTEST_WRONG. Whether the source has the codes and the hours is not asked here."""
    codes = tuple(dict.fromkeys(one.strip().upper() for one in draft.codes))
    kinds = tuple(kind for kind in KINDS if kind in draft.kinds)
    weights = (draft.weights.gain, draft.weights.drawdown, draft.weights.sharpe)
    faults = (
        (
            not 1 <= len(codes) <= CONTEST_CODES_MAX or not all(_CODE.fullmatch(one) for one in codes),
            f"1 to {CONTEST_CODES_MAX} securities are needed",
            f"須有 1 至 {CONTEST_CODES_MAX} 檔證券",
        ),
        (not kinds or set(draft.kinds) - set(KINDS), "choose at least one order kind", "至少允許一種委託"),
        (not SCALE <= draft.cash <= CONTEST_CASH_MAX, "the start cash is out of bounds", "起始資金超出範圍"),
        (draft.begins >= draft.ends, "it ends before it begins", "結束時刻須晚於開始時刻"),
        (
            any(not 0 <= one <= PER_CENT for one in weights) or sum(weights) != PER_CENT,
            "the weights are 100 together",
            "權重合計須為 100",
        ),
    )
    for fails, reason, reason_zh in faults:
        if fails:
            raise wrong(reason, reason_zh)
    return Draft(
        name=plain(draft.name, CONTEST_NAME_CHARACTERS_MAX),
        text=plain(draft.text, CONTEST_TEXT_CHARACTERS_MAX, empty=True),
        source=draft.source,
        codes=codes,
        odd_lots=draft.odd_lots,
        cash=draft.cash,
        fee=draft.fee,
        kinds=kinds,
        begins=draft.begins,
        ends=draft.ends,
        weights=draft.weights,
    )


def student_name(text: str, otherwise: str) -> str:
    """The name a student is ranked by; `otherwise` where none is given, cut to fit. CONTEST_WRONG."""
    return plain(text, PAPER_NAME_CHARACTERS_MAX) if text.strip() else plain(otherwise, 200)[:PAPER_NAME_CHARACTERS_MAX]


def join_code(text: str) -> str:
    """A join code as it is stored. JOIN_CODE_UNKNOWN for what cannot be one."""
    found = text.strip().upper().replace("-", "").replace(" ", "")
    if len(found) != 8 or any(letter not in JOIN_ALPHABET for letter in found):
        raise YunhaiError(JOIN_CODE_UNKNOWN)
    return found


def stepped(state: str, do: str) -> tuple[str, str]:
    """(state after, the step's name). STEP_NOT_NOW."""
    if (state, do) not in _STEPS:
        raise not_now(state, do)
    return _STEPS[state, do]


def not_now(state: str, do: str) -> YunhaiError:
    """STEP_NOT_NOW."""
    step, step_zh = _STEP_TEXT.get(do, (do[:20], do[:20]))
    return YunhaiError(STEP_NOT_NOW, state=state, state_zh=STATE_ZH[state], step=step, step_zh=step_zh)


# --- the clock ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Market time was `at` (ns) at wall time `wall` (ns) and runs at `speed` thousandths; 0: it stands. Never beyond `end`."""

    at: int
    wall: int
    speed: int
    end: int

    def now(self, wall: int) -> int:
        """Market time at a wall time."""
        return min(self.end, self.at + max(0, wall - self.wall) * self.speed // THOUSAND)

    def set(self, wall: int, *, speed: int | None = None, to: int | None = None) -> "Clock":
        """The clock with another speed, or moved forward, as of `wall`. CLOCK_WRONG."""
        now = self.now(wall)
        if speed is not None and speed and not REPLAY_SPEED_MIN <= speed <= REPLAY_SPEED_MAX:
            raise clock_wrong("the speed is ×0.1 to ×1000", "速度須為 0.1 至 1000 倍")
        if to is not None and not now <= to <= self.end:
            raise clock_wrong("it goes forward only, up to the contest's end", "只能往前，且不超過結束時刻")
        return Clock(
            at=now if to is None else to, wall=wall, speed=self.speed if speed is None else speed, end=self.end
        )


def clock_wrong(reason: str, reason_zh: str) -> YunhaiError:
    """CLOCK_WRONG."""
    return YunhaiError(CLOCK_WRONG, reason=reason, reason_zh=reason_zh)


def at_text(moment: int, offset: int = TAIPEI_OFFSET) -> str:
    """Time of day, "09:00:00"."""
    found = moment_text(moment, offset=offset)[11:19]
    return found if found.count(":") == 2 else found + ":00"


# --- an order ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A ticket as it was filled in. `odd`: an odd lot; `price` decimal text, "" of a market order; `quantity` shares."""

    code: str
    odd: bool
    side: str
    order_type: str
    time_in_force: str
    quantity: int
    price: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A ticket in numbers. `name`: the listing's."""

    name: str
    side: int
    order_type: int
    time_in_force: int
    quantity: int
    price: int


def asked(ask: Ask, *, names: Sequence[str], kinds: Iterable[str]) -> Asked:
    """The ticket in numbers, if the account may give it; `names`: of the listings that may be traded. CODE_NOT_HERE,
    KIND_NOT_ALLOWED, PAPER_ORDER_WRONG, 2101-2103. Lots, ticks, limits and cash are checked when it arrives, by the engine."""
    code = ask.code.strip().upper()
    name = f"{code}:{ODD_LOT}" if ask.odd else code
    if ":" in code or name not in names:
        raise YunhaiError(CODE_NOT_HERE, code=name[:HISTORY_CODE_CHARACTERS_MAX] or "?")
    kind = f"{ask.order_type}-{ask.time_in_force}"
    if kind not in kinds:
        raise YunhaiError(KIND_NOT_ALLOWED, kind=kind[:20])
    market = ask.order_type == "market"
    price = 0 if market else price_of(ask.price.strip())
    made = Asked(
        name=name,
        side=int(Side[ask.side.upper()]),
        order_type=int(OrderType.MARKET if market else OrderType.LIMIT),
        time_in_force=int(TimeInForce[ask.time_in_force.upper()]),
        quantity=shares(ask.quantity, price),
        price=price,
    )
    if market and ask.price.strip():
        raise order_wrong("a market order has no price", "市價委託不填價格")
    if not market and not price:
        raise order_wrong("a limit order has a price", "限價委託須填價格")
    return made


def listing_code(name: str) -> str:
    """The security of a listing's name: of "2330" and of "2330:odd_lot" it is 2330."""
    return name.partition(":")[0]


def is_odd(name: str) -> bool:
    """Whether a listing's name is an odd-lot book's."""
    return name.endswith(f":{ODD_LOT}")


def shares(quantity: int, price: int) -> int:
    """A quantity that the engine can count. PAPER_ORDER_WRONG."""
    if not 0 < quantity <= QUANTITY_MAX or quantity * max(price, 1) > MONEY_MAX:
        raise order_wrong("the quantity is out of bounds", "數量超出範圍")
    return quantity


def order_wrong(reason: str, reason_zh: str) -> YunhaiError:
    """PAPER_ORDER_WRONG."""
    return YunhaiError(PAPER_ORDER_WRONG, reason=reason, reason_zh=reason_zh)


# --- the ranking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A student's place. `points` in thousandths, 0 to 100,000; `place` 1 is first, those equal in everything share one."""

    place: int
    paper: int
    points: int
    score: Score


def ranking(scores: Mapping[int, Score], weights: Weights) -> tuple[Placed, ...]:
    """Best first. By each of return, drawdown and return over risk a student gets the share of the others whom they are before
    (half of one for each they equal); points are the weighted mean, so that no unit is set against another. Then the higher
    return, the smaller drawdown, the higher ratio, lower charges, fewer orders traded. Whole numbers throughout."""
    measures = (
        (weights.gain, {paper: one.return_ppm for paper, one in scores.items()}),
        (weights.drawdown, {paper: -one.drawdown_ppm for paper, one in scores.items()}),
        (weights.sharpe, {paper: one.ratio for paper, one in scores.items()}),
    )
    others = len(scores) - 1
    points = dict.fromkeys(scores, PER_CENT * THOUSAND)
    if others > 0:
        halves = dict.fromkeys(scores, 0)
        for weight, figures in measures:
            ordered = sorted(figures.values())
            for paper, figure in figures.items():
                halves[paper] += weight * _beaten(ordered, figure)
        points = {paper: THOUSAND * found // (2 * others) for paper, found in halves.items()}

    def key(paper: int) -> tuple[int, ...]:
        one = scores[paper]
        return (-points[paper], -one.return_ppm, one.drawdown_ppm, -one.ratio, one.fees, one.trades)

    placed: list[Placed] = []
    for count, paper in enumerate(sorted(scores, key=lambda one: (key(one), one)), start=1):
        same = placed and key(placed[-1].paper) == key(paper)
        place = placed[-1].place if same else count
        placed.append(Placed(place=place, paper=paper, points=points[paper], score=scores[paper]))
    return tuple(placed)


def _beaten(ordered: Sequence[int], figure: int) -> int:
    """Twice the number of others below a figure, plus the number of others equal to it."""
    below, upto = bisect_left(ordered, figure), bisect_right(ordered, figure)
    return 2 * below + (upto - below - 1)


def hash_of(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of a ranking with the terms it was made under, in JSON without spaces and sorted keys, hex."""
    said = {"yunhai_contest": 1, "head": dict(head), "rows": [dict(row) for row in rows]}
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()
