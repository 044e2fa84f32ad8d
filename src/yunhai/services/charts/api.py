"""Charts: bars with their indicators as columns, and what a person keeps of them.

Indicators are computed here, over every bar that the lake has up to the asked end (of less than a day the last 20,000), and then
cut to the range: a value does not depend on how much of the chart is asked for, and the live value of the last bar is the
batch value, because it is the same computation.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

import msgspec
import numpy as np

from yunhai.kernel.clock import SECOND, TAIPEI_OFFSET
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import (
    CHART_BARS_MAX,
    CHART_SECURITIES_MAX,
    CHART_SETUPS_MAX,
    DRAWINGS_A_PERSON_MAX,
    DRAWINGS_MAX,
)
from yunhai.kernel.money import SCALE, decimal_text
from yunhai.market.indicators import Indicator, Request, catalogue, compute_or_missing, indicator
from yunhai.market.lake.adjusting import Adjust
from yunhai.market.lake.reading import HISTORY_BAR, Lake
from yunhai.market.lake.taking import Column, Form, taken
from yunhai.platform.identity.api import in_turn
from yunhai.services.charts import history
from yunhai.services.charts.errors import DRAWING_MISSING, DRAWINGS_FULL, RANGE_WRONG, SETUP_MISSING, SETUPS_FULL
from yunhai.services.charts.live import live
from yunhai.services.charts.models import Chosen, Drawing, Setup
from yunhai.services.charts.rules import (
    DAY_SPANS,
    Latest,
    Point,
    code_of,
    indicators_of,
    label,
    moment_of,
    setup_name_of,
)
from yunhai.services.orders import api as orders

DECIMALS: Final = 6
"""Of indicators' values as they are shown; nearer than a chart can draw."""
WARMED_BARS: Final = 250
NOBODY: Final = "-"
"""A code that no security has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Bars of `code` whose span begins from `first_ns` to `last_ns` (market time), the last `limit` of them."""

    code: str
    span: str = "1d"
    adjusted: Adjust = "raw"
    first_ns: int | None = None
    last_ns: int | None = None
    as_of: int | None = None
    limit: int = CHART_BARS_MAX
    indicators: tuple[Request, ...] = ()
    latest: Latest | None = None
    segment: str = "board"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One output of an indicator; NaN where there is no value."""

    name: str
    zh: str
    pane: str
    style: str
    values: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """One indicator: `label` as people write it."""

    name: str
    label: str
    zh: str
    en: str
    outputs: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Columns, ascending. `time` seconds since 1970 of each span's beginning, prices and `value` in 1/`scale` NT$, `volume` shares;
    `before`: how many older bars there are; `computed_from`: the first bar that indicators were computed over, 0 for none;
    `live`: the date of the market day that is running, "" if none is or nobody knows."""

    code: str
    name: str
    span: str
    adjusted: str
    scale: int
    offset_seconds: int
    spans: tuple[str, ...]
    before: int
    computed_from: int
    live: str
    time: list[int]
    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]
    volume: list[int]
    value: list[int]
    trades: list[int]
    indicators: list[Computed]


def bars(question: Question) -> Answer:
    """The answer to a chart's question; no bars are an answer too. YunhaiError 7335, 7450-7456, 7701-7706."""
    first, last = question.first_ns, question.last_ns
    if first is not None and last is not None and first > last:
        raise YunhaiError(RANGE_WRONG, reason="from is after to", reason_zh="起日晚於迄日")
    code = code_of(question.code)
    running = live(code, question.span if question.span not in DAY_SPANS else "60m", segment=question.segment)
    rows = history.bars(
        history.Wanted(
            code=code,
            segment=question.segment,
            live=running,
            span=question.span,
            adjust=question.adjusted,
            last_ns=last,
            as_of=question.as_of,
            latest=question.latest,
        )
    )
    begin = 0 if first is None else int(np.searchsorted(rows["start_ns"], first))
    begin = max(begin, len(rows) - min(question.limit, CHART_BARS_MAX))
    shown = rows[begin:]
    found = orders.prices([code])
    return Answer(
        code=code,
        name=next((one.name for one in found.values()), ""),
        span=question.span,
        adjusted=question.adjusted,
        scale=SCALE,
        offset_seconds=TAIPEI_OFFSET // SECOND,
        spans=history.spans(live=running is not None),
        before=begin,
        computed_from=int(rows["start_ns"][0] // SECOND) if len(rows) else 0,
        live="" if running is None or running.closed else running.date,
        time=(shown["start_ns"] // SECOND).tolist(),
        **{name: shown[name].tolist() for name in ("open", "high", "low", "close", "volume", "value", "trades")},
        indicators=_computed(question.indicators, rows, begin),
    )


def _computed(asked: tuple[Request, ...], rows: history.Bars, begin: int) -> list[Computed]:
    if not asked:
        return []
    columns = history.columns_of(rows)
    made = []
    for request in asked:
        known = indicator(request.name)
        values = compute_or_missing(request, columns)
        outputs = [
            Row(
                name=output.name,
                zh=output.zh,
                pane=pane,
                style=output.style,
                values=np.round(values.outputs[output.name][begin:], DECIMALS).tolist(),
            )
            for output, pane in zip(known.outputs, known.panes(request), strict=True)
        ]
        made.append(Computed(name=request.name, label=label(request), zh=known.zh, en=known.en, outputs=outputs))
    return made


def encoded(answer: Answer) -> bytes:
    """As JSON; a missing value is null."""
    return msgspec.json.encode(answer)


def file(question: Question, form: Form) -> bytes:
    """The same answer as a file: a row a bar, prices and value in NT$ as decimals, an indicator's output in a column of its own.
    YunhaiError as `bars`."""
    answer = bars(question)
    starts = np.array(answer.time, np.int64) * SECOND
    columns = [
        Column(name="code", kind="text", values=np.full(len(starts), answer.code, object)),
        Column(name="start_ns", kind="moment", values=starts),
    ]
    for name in ("open", "high", "low", "close", "volume", "value", "trades"):
        kind: Literal["whole", "amount"] = "whole" if name in ("volume", "trades") else "amount"
        columns.append(Column(name=name, kind=kind, values=np.array(getattr(answer, name), np.int64)))
    for computed in answer.indicators:
        for output in computed.outputs:
            name = computed.label if len(computed.outputs) == 1 else f"{computed.label}.{output.name}"
            columns.append(Column(name=name, kind="real", values=np.array(output.values, np.float64)))
    about = {
        "code": answer.code,
        "segment": question.segment,
        "span": answer.span,
        "adjusted": answer.adjusted,
        "as_of_ns": "" if question.as_of is None else str(question.as_of),
        "computed_from_ns": str(answer.computed_from * SECOND),
        "older_bars": str(answer.before),
    }
    return taken(columns, form, about=about, offset=TAIPEI_OFFSET)


def lake() -> Lake:
    """The installation's history, shared with whoever reads it beside the charts."""
    return history.lake()


def moment(text: str, *, end: bool = False) -> int | None:
    """Market time (UTC ns) of a date or a moment as people write it; None of "". `end`: of a date its last. YunhaiError 7335."""
    return moment_of(text, end=end)


def warm() -> None:
    """Make ready what a first answer needs: the registry, the functions, the lake's engine and what its files hold of nobody."""
    nothing = np.zeros(WARMED_BARS, HISTORY_BAR)
    nothing["start_ns"] = np.arange(WARMED_BARS)
    columns = history.columns_of(nothing)
    for request in indicators_of(FIRST.indicators):
        compute_or_missing(request, columns)
    lake().fetch("SELECT 1 AS one", {})
    lake().bars(NOBODY, newest=1)
    import_module("httpcore")  # what httpx itself loads at its first question


def known_indicators() -> list[Indicator]:
    """The registry, Taiwan's own first."""
    return list(catalogue().values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSecurity:
    """A security that can be looked for. `history`: the lake has its days."""

    code: str
    name: str
    history: bool


def securities() -> list[FoundSecurity]:
    """Of the latest market day and of the lake, ascending by code."""
    listed = {one.code: one.name for one in orders.securities()}
    kept = set(history.codes())
    every = sorted(kept | set(listed))[:CHART_SECURITIES_MAX]
    return [FoundSecurity(code=code, name=listed.get(code, ""), history=code in kept) for code in every]


def name_of(code: str) -> str:
    """A security's name; "" of one that never stood in our market."""
    return next((one.name for one in orders.prices([code]).values()), "")


# --- what a person keeps ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """Seconds since 1970, price as decimal text."""

    time: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingView:
    """A line over a security's bars."""

    drawing: int
    code: str
    kind: str
    points: tuple[PointView, ...]


def drawings(person: int, code: str) -> list[DrawingView]:
    """A person's over one security, the oldest first. YunhaiError 7336."""
    return [_view(one) for one in Drawing.objects.filter(person=person, code=code_of(code))[:DRAWINGS_MAX]]


def draw(person: int, code: str, kind: str, points: tuple[Point, ...]) -> DrawingView:
    """Keep a new line. YunhaiError 7333, 7336."""
    in_turn(person)
    mine = Drawing.objects.filter(person=person)
    for held, most in ((mine.filter(code=code_of(code)), DRAWINGS_MAX), (mine, DRAWINGS_A_PERSON_MAX)):
        if held.count() >= most:
            raise YunhaiError(DRAWINGS_FULL, most=most)
    made = Drawing(person_id=person, code=code_of(code), kind=kind)
    _place(made, points)
    made.save()
    return _view(made)


def drawing_kind(person: int, drawing: int) -> str:
    """YunhaiError 7332."""
    return _mine(person, drawing).kind


def move(person: int, drawing: int, points: tuple[Point, ...]) -> DrawingView:
    """Put a line elsewhere. YunhaiError 7332."""
    found = _mine(person, drawing)
    _place(found, points)
    found.save()
    return _view(found)


def erase(person: int, drawing: int) -> None:
    """Forget a line. YunhaiError 7332."""
    _mine(person, drawing).delete()


def _mine(person: int, drawing: int) -> Drawing:
    found = Drawing.objects.filter(person=person, pk=drawing).first() if 0 < drawing < 1 << 63 else None
    if found is None:
        raise YunhaiError(DRAWING_MISSING)
    return found


def _place(drawing: Drawing, points: tuple[Point, ...]) -> None:
    first, *rest = points
    drawing.first_ns, drawing.first_price = first.at_ns, first.price
    drawing.second_ns = rest[0].at_ns if rest else None
    drawing.second_price = rest[0].price if rest else None


def _view(of: Drawing) -> DrawingView:
    points = [(of.first_ns, of.first_price)]
    if of.second_ns is not None and of.second_price is not None:
        points.append((of.second_ns, of.second_price))
    return DrawingView(
        drawing=of.pk,
        code=of.code,
        kind=of.kind,
        points=tuple(PointView(time=at // SECOND, price=decimal_text(price)) for at, price in points),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenView:
    """What a person's charts open with."""

    indicators: str
    span: str
    adjusted: str


FIRST: Final = ChosenView(indicators="MA(5),MA(20),MA(60),KD(9,3,3)", span="1d", adjusted="raw")
"""What a chart shows somebody who has chosen nothing yet."""


def chosen(person: int) -> ChosenView:
    """What they last had on the chart, or `FIRST`."""
    found = Chosen.objects.filter(person=person).first()
    return FIRST if found is None else ChosenView(indicators=found.indicators, span=found.span, adjusted=found.adjusted)


def choose(person: int, wanted: ChosenView) -> ChosenView:
    """Remember what is on the chart. YunhaiError 7331, 7700-7709 of indicators that cannot be read."""
    text = ",".join(label(one) for one in indicators_of(wanted.indicators))
    fields: dict[str, Any] = {"indicators": text, "span": wanted.span, "adjusted": wanted.adjusted}
    Chosen.objects.update_or_create(person_id=person, defaults=fields)
    return ChosenView(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupView:
    """A set-up by name."""

    setup: int
    name: str
    indicators: str
    span: str
    adjusted: str


def setups(person: int) -> list[SetupView]:
    """A person's, by name."""
    return [_setup_view(one) for one in Setup.objects.filter(person=person)[:CHART_SETUPS_MAX]]


def keep_setup(person: int, name: str, wanted: ChosenView) -> SetupView:
    """Keep a set-up under a name; one of that name is replaced. YunhaiError 7338, 7339, 7331, 7700-7709."""
    name = setup_name_of(name)
    text = ",".join(label(one) for one in indicators_of(wanted.indicators))
    in_turn(person)
    mine = Setup.objects.filter(person=person)
    if not mine.filter(name=name).exists() and mine.count() >= CHART_SETUPS_MAX:
        raise YunhaiError(SETUPS_FULL, most=CHART_SETUPS_MAX)
    fields: dict[str, Any] = {"indicators": text, "span": wanted.span, "adjusted": wanted.adjusted}
    kept, _ = Setup.objects.update_or_create(person_id=person, name=name, defaults=fields)
    return _setup_view(kept)


def forget_setup(person: int, setup: int) -> None:
    """YunhaiError 7337."""
    found = Setup.objects.filter(person=person, pk=setup).first() if 0 < setup < 1 << 63 else None
    if found is None:
        raise YunhaiError(SETUP_MISSING)
    found.delete()


def _setup_view(of: Setup) -> SetupView:
    return SetupView(setup=of.pk, name=of.name, indicators=of.indicators, span=of.span, adjusted=of.adjusted)


# --- futures ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturesContract:
    """A futures contract of the lake: dates of its first and last day, how many there are, contracts traded in all."""

    code: str
    first: str
    last: str
    days: int
    volume: int


def futures() -> list[FuturesContract]:
    """Every contract of which the lake has days, the newest and most traded first; none where nothing was imported."""
    return [FuturesContract(**row) for row in history.contracts()]
