"""The Lab's pages about data: the catalogue, a dataset with its dictionary and rows, an import with what it refused.

They are rendered whole by the server; a question stands in the page's address, so that it can be sent to somebody.
"""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import DATA_FILE_ROWS_MAX, DATA_PLACE_MAX, DATA_TEXT_CHARACTERS_MAX
from yunhai.platform.shell import refusals
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.services.data import api as data
from yunhai.services.data.errors import DATASET_UNKNOWN, IMPORT_UNKNOWN

app_name = "data"

ROOM: Final = ("investor",)
IMPORTS_SHOWN: Final = 30
ROWS_SHOWN: Final = 100
REPORT_ROWS_SHOWN: Final = 100
FILES_SHOWN: Final = 60


def _number(request: HttpRequest, name: str, most: int) -> int:
    """A whole number of the address; 0 of anything else."""
    text = request.GET.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else 0


@require_safe
@page(*ROOM, service="3.3")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Datasets, and imports with the newest first; of an empty lake how to fill it."""
    every = data.datasets()
    before = _number(request, "before", DATA_PLACE_MAX)
    made = data.imports(before=before or None, limit=IMPORTS_SHOWN + 1)
    return render(
        request,
        "data/catalogue.html",
        {
            "page": page_data(request),
            "datasets": [one for one in every if one.rows],
            "absent": [one for one in every if not one.rows],
            "imports": made[:IMPORTS_SHOWN],
            "before": before,
            "older": made[IMPORTS_SHOWN - 1].number if len(made) > IMPORTS_SHOWN else 0,
        },
    )


@require_safe
@page(*ROOM, service="3.3")
def dataset(request: HttpRequest, dataset: str) -> HttpResponse:
    """Its columns, imports, files, and rows of a code as they were known at a moment. 404 of a name that is none."""
    try:
        whole = data.dataset(dataset)
    except YunhaiError as error:
        if error.code == DATASET_UNKNOWN:
            raise Http404 from None
        raise
    asked = {name: request.GET.get(name, "")[:40].strip() for name in ("code", "from", "to", "as_of", "segment")}
    asked["code"] = asked["code"].upper() or (data.a_code(dataset) if whole.dataset.rows else "")
    shown: dict[str, Any] = {}
    status = 200
    if asked["code"]:
        shown, status = _preview(request, dataset, asked)
    return render(
        request,
        "data/dataset.html",
        {
            "page": page_data(request),
            "whole": whole,
            "files": whole.files[:FILES_SHOWN],
            "imports": data.imports(name=dataset, limit=IMPORTS_SHOWN),
            "asked": asked,
            "segments": data.SEGMENTS if any(one.name == "segment" for one in whole.columns) else (),
            **shown,
        },
        status=status,
    )


def _preview(request: HttpRequest, dataset: str, asked: dict[str, str]) -> tuple[dict[str, Any], int]:
    """(what the page shows of the rows, its status)."""
    question = data.Question(
        dataset=dataset,
        code=asked["code"],
        first=asked["from"],
        last=asked["to"],
        as_of=asked["as_of"],
        segment=asked["segment"],
    )
    after = _number(request, "after", DATA_FILE_ROWS_MAX)
    kept = {name: value for name, value in asked.items() if value}
    try:
        rows = data.rows(question, after=after, limit=ROWS_SHOWN)
    except YunhaiError as error:
        return {"refusal": refusals.shown(error)}, error.entry.http
    return {
        "rows": rows,
        "first_row": after + 1,
        "last_row": after + len(rows.rows),
        "here": urlencode(kept),
        "further": urlencode(kept | {"after": after + ROWS_SHOWN}) if rows.more and after < DATA_FILE_ROWS_MAX else "",
        "back": urlencode(kept | {"after": max(0, after - ROWS_SHOWN)}) if after else "",
        "file": f"/api/v1/data/datasets/{dataset}/file?{urlencode(kept)}",
    }, 200


@require_safe
@page(*ROOM, service="3.3")
def one_import(request: HttpRequest, imported: int) -> HttpResponse:
    """What an import came to, and the rows that it named, by reason and text. 404 of a number that is none."""
    try:
        made = data.one_import(imported)
    except YunhaiError as error:
        if error.code == IMPORT_UNKNOWN:
            raise Http404 from None
        raise
    reason = _number(request, "reason", 99_999)
    text = request.GET.get("text", "")[:DATA_TEXT_CHARACTERS_MAX]
    if all(one.code != reason for one in made.reasons):
        reason = 0
    after = _number(request, "after", DATA_PLACE_MAX)
    found = data.report(imported, reason=reason, text=text, after=after, limit=REPORT_ROWS_SHOWN)
    kept = {"reason": reason or "", "text": text}
    return render(
        request,
        "data/import.html",
        {
            "page": page_data(request),
            "made": made,
            "report": found,
            "reason": reason,
            "text": text,
            "after": after,
            "start": urlencode(kept),
            "further": urlencode(kept | {"after": found.next}) if found.next else "",
            "reasons": {one.code: one for one in made.reasons},
        },
    )


urlpatterns = [
    path("lab/data/", catalogue, name="catalogue"),
    path("lab/data/imports/<int:imported>/", one_import, name="import"),
    path("lab/data/<str:dataset>/", dataset, name="dataset"),
]
