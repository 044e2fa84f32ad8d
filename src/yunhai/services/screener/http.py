"""/api/v1/screener: the words of screens, what a screen finds and why, and one's own screens."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.limits import (
    SCREEN_CHARACTERS_MAX,
    SCREEN_EXPLAINED_MAX,
    SCREEN_MATCHES_MAX,
    SCREEN_NAME_CHARACTERS_MAX,
)
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.screener import api as screener
from yunhai.services.screener.fields import EXAMPLES, FIELDS, FUNCTIONS

PREFIX = "/screener"
SERVICE = "3.3"
router = Router(tags=["screener"], auth=signed_in)
_WRITTEN = "kd.k(9,3,3) > kd.d(9,3,3) and revenue_growth > 20"


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class FieldOut(Schema):
    """A column; both names are words of the language."""

    name: str
    zh: str
    en: str
    group: str
    unit: str


class FunctionOut(Schema):
    """A function as it is called."""

    name: str
    written: str
    zh: str
    en: str


class IndicatorWordOut(Schema):
    """`name.output(numbers)`; the first output needs no name. `numbers`: the defaults of its parameters."""

    name: str
    zh: str
    en: str
    outputs: list[str]
    outputs_zh: list[str]
    numbers: list[float]


class WordsOut(Schema):
    fields: list[FieldOut]
    functions: list[FunctionOut]
    indicators: list[IndicatorWordOut]


class ExampleOut(Schema):
    key: str
    zh: str
    en: str
    says_zh: str
    says_en: str
    text: str


class TextIn(Strict):
    text: str = Field(max_length=SCREEN_CHARACTERS_MAX, examples=[_WRITTEN])


class ReadOut(Schema):
    conditions: list[screener.ConditionView]


class RunIn(TextIn):
    """`on`: the last session up to this date; `as_of`: nothing known later (without it: by the end of `on`); `explain`: codes that
    are told of, in or not."""

    on: str = Field("", max_length=10, examples=["2026-08-21"])
    as_of: str = Field("", max_length=40)
    explain: list[str] = Field([], max_length=SCREEN_EXPLAINED_MAX)
    limit: int = Field(SCREEN_MATCHES_MAX, ge=1, le=SCREEN_MATCHES_MAX)


class SavedListOut(Schema):
    screens: list[screener.SavedView]


class SavedIn(TextIn):
    name: str = Field(max_length=SCREEN_NAME_CHARACTERS_MAX * 2, examples=["成長股"])


class SavedChangeIn(Strict):
    """What is left out stays."""

    name: str | None = Field(None, max_length=SCREEN_NAME_CHARACTERS_MAX * 2)
    text: str | None = Field(None, max_length=SCREEN_CHARACTERS_MAX)


@router.get("/words", response=WordsOut, summary="Words of screens 選股用語")
@open_to(service=SERVICE)
def words(request: HttpRequest) -> dict[str, Any]:
    """Columns, functions, indicators; how they go together: docs/guides/screener.md."""
    return {
        "fields": [asdict(one) for one in FIELDS],
        "functions": [asdict(one) for one in FUNCTIONS],
        "indicators": [
            {
                "name": one.name.lower(),
                "zh": one.zh,
                "en": one.en,
                "outputs": [each.name.lower() for each in one.outputs],
                "outputs_zh": [each.zh for each in one.outputs],
                "numbers": [each.default for each in one.parameters if each.kind != "choice"],
            }
            for one in screener.indicators()
        ],
    }


@router.get("/examples", response=list[ExampleOut], summary="Ready-made screens 現成條件")
@open_to(service=SERVICE)
def examples(request: HttpRequest) -> list[dict[str, Any]]:
    return [asdict(one) for one in EXAMPLES]


@router.get("/data", response=screener.DataView, summary="How far the data goes 資料日期")
@open_to(service=SERVICE)
def data(request: HttpRequest) -> screener.DataView:
    return screener.data()


@router.post("/read", response=ReadOut, summary="Read a screen 解讀條件")
@open_to(service=SERVICE)
def read(request: HttpRequest, body: TextIn) -> dict[str, Any]:
    """Its conditions, each in words. 7457 says at which character it is wrong."""
    return {"conditions": screener.read(body.text)}


@router.post("/run", response=screener.ScreenedView, summary="Screen all stocks 執行選股")
@open_to(service=SERVICE)
def run(request: HttpRequest, body: RunIn) -> screener.ScreenedView:
    """Every stock that fits, with the values of each condition; point in time. Changes nothing."""
    return screener.run(body.text, on=body.on, as_of=body.as_of, explain=tuple(body.explain), limit=body.limit)


@router.get("/screens", response=SavedListOut, summary="My screens 自存條件")
@open_to(service=SERVICE)
def saved(request: HttpRequest) -> dict[str, Any]:
    """Of the person who asks, oldest first; the same at every broker."""
    return {"screens": screener.saved(caller_of(request))}


@router.post("/screens", response={201: screener.SavedView}, summary="Keep a screen 儲存條件")
@open_to(service=SERVICE)
def save(request: HttpRequest, body: SavedIn) -> Status[screener.SavedView]:
    """A name is used once. 7571-7573; 7457 for what is no screen."""
    return Status(201, screener.save(caller_of(request), name=body.name, text=body.text))


@router.put("/screens/{screen}", response=screener.SavedView, summary="Change a screen 修改條件")
@open_to(service=SERVICE)
def change(request: HttpRequest, screen: int, body: SavedChangeIn) -> screener.SavedView:
    """Its name, its text, or both. 7570 for one that is not one's own."""
    return screener.change(caller_of(request), screen, name=body.name, text=body.text)


@router.delete("/screens/{screen}", response={204: None}, summary="Forget a screen 刪除條件")
@open_to(service=SERVICE)
def remove(request: HttpRequest, screen: int) -> Status[None]:
    """7570 for one that is not one's own."""
    screener.remove(caller_of(request), screen)
    return Status(204, None)
