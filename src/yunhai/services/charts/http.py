"""/api/v1/charts: bars with indicators, the registry of indicators, and one's own lines."""

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.limits import CHART_BARS_MAX, CHART_INDICATOR_CHARACTERS_MAX, CHART_SETUP_NAME_CHARACTERS_MAX
from yunhai.market.lake.taking import CONTENT_TYPES
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.charts import api as charts
from yunhai.services.charts.rules import indicators_of, latest_of, moment_of, points_of

PREFIX = "/charts"
SERVICE = "3.3"
router = Router(tags=["charts"], auth=signed_in)

Span = Literal["1s", "5s", "15s", "30s", "1m", "5m", "15m", "30m", "60m", "1d", "1w", "1mo"]
Segment = Literal["board", "odd_lot", "odd_lot_after", "fixed_price", "futures", "spread"]
Adjusted = Literal["raw", "backward", "forward"]


class ParameterOut(Schema):
    """`int` or `real` from `lowest` to `highest`, or one of `choices`."""

    name: str
    kind: str
    default: int | float | str
    lowest: float
    highest: float
    choices: list[str]


class OutputOut(Schema):
    """A row of results: over the prices or in a pane of its `own`; drawn as line, histogram, band, points or mark."""

    name: str
    zh: str
    pane: str
    style: str


class IndicatorOut(Schema):
    """An indicator of the registry. `starts`: whether values depend on where the bars begin: window (not beyond its own), fading,
    cumulative."""

    name: str
    zh: str
    en: str
    group: str
    maker: str
    starts: str
    parameters: list[ParameterOut]
    outputs: list[OutputOut]


class RowOut(OutputOut):
    """As long as `time`; null where there is no value."""

    values: list[float | None]


class ComputedOut(Schema):
    name: str
    label: str
    zh: str
    en: str
    outputs: list[RowOut]


class BarsOut(Schema):
    """Columns, ascending. `time` in seconds since 1970 (UTC) at which a span begins, prices and `value` in whole 1/`scale` NT$,
    `volume` in shares. `before`: how many older bars; `computed_from`: the first that indicators were computed over; `live`: the
    date of the market day that is running, whose bars of an hour and less are at the end; "" if none is."""

    code: str
    name: str
    span: str
    adjusted: str
    scale: int
    offset_seconds: int
    spans: list[str]
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
    indicators: list[ComputedOut]


class BarsIn(Schema):
    """`from`, `to`: dates, or moments with their offset, of the first and last span's beginning; `as_of`: nothing that was known
    later, and no `latest`; `latest`: the day that is trading, "date,open,high,low,close,shares", put at the end (not of forward
    prices); `segment`: board lots unless another is asked for."""

    span: Span = "1d"
    first: str = Field("", alias="from", max_length=40, examples=["2020-01-01"])
    last: str = Field("", alias="to", max_length=40, examples=["2026-08-21"])
    as_of: str = Field("", max_length=40)
    adjusted: Adjusted = "raw"
    indicators: str = Field("", max_length=CHART_INDICATOR_CHARACTERS_MAX, examples=["kd(9,3,3),ma(5)"])
    latest: str = Field("", max_length=120)
    segment: Segment = "board"
    limit: int = Field(CHART_BARS_MAX, ge=1, le=CHART_BARS_MAX)


class FileIn(BarsIn):
    """The same question; `form` of the file."""

    form: Literal["csv", "parquet"] = "csv"


class PointIn(Schema):
    """`time` in seconds since 1970, `price` in NT$ as decimal text."""

    model_config = ConfigDict(extra="forbid")
    time: int = Field(ge=0, le=9_000_000_000, examples=[1_787_241_600])
    price: str = Field(max_length=12, examples=["1080.5"])


class PointsIn(Schema):
    """Two points of a trend line, one of a horizontal line."""

    model_config = ConfigDict(extra="forbid")
    points: list[PointIn] = Field(min_length=1, max_length=2)


class DrawingIn(PointsIn):
    kind: Literal["trend", "horizontal"]


class ChosenIn(Schema):
    """What one's charts open with."""

    model_config = ConfigDict(extra="forbid")
    indicators: str = Field("", max_length=CHART_INDICATOR_CHARACTERS_MAX, examples=["kd(9,3,3),ma(5)"])
    span: Span = "1d"
    adjusted: Adjusted = "raw"


class SetupIn(ChosenIn):
    """A set-up by name."""

    name: str = Field(min_length=1, max_length=CHART_SETUP_NAME_CHARACTERS_MAX, examples=["短線"])


@router.get("/indicators", response=list[IndicatorOut], summary="Indicators by name 技術指標")
@open_to(service=SERVICE)
def list_indicators(request: HttpRequest) -> list[dict[str, Any]]:
    """The whole registry; docs/reference/indicators.md says what each equals."""
    return [
        {name: getattr(one, name) for name in ("name", "zh", "en", "group", "maker", "starts")}
        | {"parameters": [asdict(each) for each in one.parameters], "outputs": [asdict(each) for each in one.outputs]}
        for one in charts.known_indicators()
    ]


@router.get("/securities", response=list[charts.FoundSecurity], summary="Securities with a chart 可查線圖的證券")
@open_to(service=SERVICE)
def list_securities(request: HttpRequest) -> list[charts.FoundSecurity]:
    """Of the latest market day and of the history."""
    return charts.securities()


@router.put("/chosen", response=charts.ChosenView, summary="What my charts open with 記住線圖設定")
@open_to(service=SERVICE)
def choose(request: HttpRequest, body: ChosenIn) -> charts.ChosenView:
    wanted = charts.ChosenView(indicators=body.indicators, span=body.span, adjusted=body.adjusted)
    return charts.choose(caller_of(request).person_id, wanted)


@router.get("/setups", response=list[charts.SetupView], summary="My set-ups 自選組合")
@open_to(service=SERVICE)
def list_setups(request: HttpRequest) -> list[charts.SetupView]:
    return charts.setups(caller_of(request).person_id)


@router.put("/setups", response=charts.SetupView, summary="Keep a set-up by name 儲存自選組合")
@open_to(service=SERVICE)
def keep_setup(request: HttpRequest, body: SetupIn) -> charts.SetupView:
    """One of that name is replaced; at most 30."""
    wanted = charts.ChosenView(indicators=body.indicators, span=body.span, adjusted=body.adjusted)
    return charts.keep_setup(caller_of(request).person_id, body.name, wanted)


@router.delete("/setups/{setup}", response={204: None}, summary="Delete a set-up 刪除自選組合")
@open_to(service=SERVICE)
def forget_setup(request: HttpRequest, setup: int) -> Status[None]:
    """7337 also for one of somebody else."""
    charts.forget_setup(caller_of(request).person_id, setup)
    return Status(204, None)


@router.get(
    "/futures", response=list[charts.FuturesContract], summary="Futures contracts with history 有歷史的期貨契約"
)
@open_to(service=SERVICE)
def list_futures(request: HttpRequest) -> list[charts.FuturesContract]:
    """Of imported TAIFEX days; none where none was imported. Their bars are asked for with `segment=futures`."""
    return charts.futures()


@router.get("/{code}/bars", response=BarsOut, summary="Bars with indicators K 線與指標")
@open_to(service=SERVICE)
def bars(request: HttpRequest, code: str, asked: Query[BarsIn]) -> HttpResponse:
    """From the history, point in time; at most 10,000, the last of the range. A code without history has no bars."""
    return HttpResponse(charts.encoded(charts.bars(_question(code, asked))), content_type="application/json")


@router.get("/{code}/file", summary="Bars with indicators as a file 下載 K 線與指標")
@open_to(service=SERVICE)
def file(request: HttpRequest, code: str, asked: Query[FileIn]) -> HttpResponse:
    """CSV or Parquet of the same rows and numbers as `bars`: prices and `value` in NT$, indicators by their labels."""
    question = _question(code, asked)
    answer = HttpResponse(charts.file(question, asked.form), content_type=CONTENT_TYPES[asked.form])
    answer["Content-Disposition"] = f'attachment; filename="{code.upper()}-{asked.span}.{asked.form}"'
    return answer


def _question(code: str, asked: BarsIn) -> charts.Question:
    return charts.Question(
        code=code,
        span=asked.span,
        adjusted=asked.adjusted,
        first_ns=moment_of(asked.first),
        last_ns=moment_of(asked.last, end=True),
        as_of=moment_of(asked.as_of, end=True),
        limit=asked.limit,
        indicators=indicators_of(asked.indicators),
        latest=latest_of(asked.latest),
        segment=asked.segment,
    )


@router.get("/{code}/drawings", response=list[charts.DrawingView], summary="My lines over a security 我的畫線")
@open_to(service=SERVICE)
def list_drawings(request: HttpRequest, code: str) -> list[charts.DrawingView]:
    return charts.drawings(caller_of(request).person_id, code)


@router.post("/{code}/drawings", response={201: charts.DrawingView}, summary="Draw a line 新增畫線")
@open_to(service=SERVICE)
def draw(request: HttpRequest, code: str, body: DrawingIn) -> Status[charts.DrawingView]:
    points = points_of(body.kind, [(one.time, one.price) for one in body.points])
    return Status(201, charts.draw(caller_of(request).person_id, code, body.kind, points))


@router.put("/drawings/{drawing}", response=charts.DrawingView, summary="Move a line 移動畫線")
@open_to(service=SERVICE)
def move(request: HttpRequest, drawing: int, body: PointsIn) -> charts.DrawingView:
    """7332 also for a line of somebody else."""
    person = caller_of(request).person_id
    kind = charts.drawing_kind(person, drawing)
    return charts.move(person, drawing, points_of(kind, [(one.time, one.price) for one in body.points]))


@router.delete("/drawings/{drawing}", response={204: None}, summary="Delete a line 刪除畫線")
@open_to(service=SERVICE)
def erase(request: HttpRequest, drawing: int) -> Status[None]:
    """7332 also for a line of somebody else."""
    charts.erase(caller_of(request).person_id, drawing)
    return Status(204, None)
