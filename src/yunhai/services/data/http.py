"""/api/v1/data: the catalogue of the history, reports of imports, rows and files of them. Read only."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from yunhai.kernel.limits import (
    DATA_FILE_ROWS_MAX,
    DATA_IMPORTS_MAX,
    DATA_PLACE_MAX,
    DATA_REPORT_ROWS_MAX,
    DATA_ROWS_MAX,
    DATA_TEXT_CHARACTERS_MAX,
    HISTORY_CODE_CHARACTERS_MAX,
)
from yunhai.market.lake.taking import CONTENT_TYPES
from yunhai.platform.shell.api import open_to, signed_in
from yunhai.services.data import api as data

PREFIX = "/data"
SERVICE = "3.3"
router = Router(tags=["data"], auth=signed_in)


class RowsIn(Schema):
    """`from`, `to`: dates, or moments with their offset; `as_of`: nothing that was known later; `segment` of bars and trades."""

    code: str = Field(max_length=HISTORY_CODE_CHARACTERS_MAX, examples=["2330"])
    first: str = Field("", alias="from", max_length=40, examples=["2020-01-01"])
    last: str = Field("", alias="to", max_length=40, examples=["2026-08-21"])
    as_of: str = Field("", max_length=40)
    segment: Literal["", "board", "odd_lot", "odd_lot_after", "fixed_price", "futures", "spread"] = ""

    def question(self, dataset: str) -> data.Question:
        return data.Question(
            dataset=dataset, code=self.code, first=self.first, last=self.last, as_of=self.as_of, segment=self.segment
        )


class PreviewIn(RowsIn):
    """`after`: so many rows on."""

    after: int = Field(0, ge=0, le=DATA_FILE_ROWS_MAX)
    limit: int = Field(100, ge=1, le=DATA_ROWS_MAX)


class RowsFileIn(RowsIn):
    form: Literal["csv", "parquet"] = "csv"


class ImportsIn(Schema):
    """Of one dataset ("" of all), of a number below `before`."""

    dataset: str = Field("", max_length=40)
    before: int | None = Field(None, ge=0, le=DATA_PLACE_MAX)
    limit: int = Field(DATA_IMPORTS_MAX, ge=1, le=DATA_IMPORTS_MAX)


class ReportIn(Schema):
    """`reason`: one number (0: any); `text`: rows that have it; `after`: the place that the answer before named as `next`."""

    reason: int = Field(0, ge=0, le=99_999)
    text: str = Field("", max_length=DATA_TEXT_CHARACTERS_MAX)
    after: int = Field(0, ge=0, le=DATA_PLACE_MAX)
    limit: int = Field(100, ge=1, le=DATA_REPORT_ROWS_MAX)


@router.get("/datasets", response=list[data.DatasetView], summary="The catalogue of the history 資料集目錄")
@open_to(service=SERVICE)
def list_datasets(request: HttpRequest) -> list[data.DatasetView]:
    """Every table, an empty one too."""
    return data.datasets()


@router.get("/datasets/{dataset}", response=data.WholeDataset, summary="One dataset 資料集")
@open_to(service=SERVICE)
def one_dataset(request: HttpRequest, dataset: str) -> data.WholeDataset:
    """With the dictionary of its columns and the hashes of its files."""
    return data.dataset(dataset)


@router.get("/datasets/{dataset}/rows", response=data.RowsView, summary="Rows of a dataset 資料列")
@open_to(service=SERVICE)
def rows(request: HttpRequest, dataset: str, asked: Query[PreviewIn]) -> data.RowsView:
    """Of one code, the newest day first, point in time; at most 500 at a time."""
    return data.rows(asked.question(dataset), after=asked.after, limit=asked.limit)


@router.get("/datasets/{dataset}/file", summary="Rows of a dataset as a file 下載資料")
@open_to(service=SERVICE)
def file(request: HttpRequest, dataset: str, asked: Query[RowsFileIn]) -> HttpResponse:
    """CSV or Parquet, in the table's order; at most 200,000 rows (7593)."""
    answer = HttpResponse(data.file(asked.question(dataset), asked.form), content_type=CONTENT_TYPES[asked.form])
    name = f"{dataset}-{asked.code.replace('/', '-')}.{asked.form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@router.get("/imports", response=list[data.ImportView], summary="Imports 匯入紀錄")
@open_to(service=SERVICE)
def list_imports(request: HttpRequest, asked: Query[ImportsIn]) -> list[data.ImportView]:
    """The newest first, at most 200 at a time."""
    return data.imports(name=asked.dataset, before=asked.before, limit=asked.limit)


@router.get("/imports/{imported}", response=data.ImportView, summary="One import 匯入")
@open_to(service=SERVICE)
def one_import(request: HttpRequest, imported: int) -> data.ImportView:
    return data.one_import(imported)


@router.get("/imports/{imported}/report", response=data.ReportView, summary="Rows that an import named 匯入報告")
@open_to(service=SERVICE)
def report(request: HttpRequest, imported: int, asked: Query[ReportIn]) -> data.ReportView:
    """By line; at most 500 at a time."""
    return data.report(imported, reason=asked.reason, text=asked.text, after=asked.after, limit=asked.limit)
