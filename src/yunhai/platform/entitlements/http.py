"""/api/v1/matrix: the service matrix, read by all signed in, changed by operators."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from yunhai.platform.entitlements import api as entitlements
from yunhai.platform.entitlements.models import Service
from yunhai.platform.shell.api import caller_of, open_to, signed_in

router = Router(tags=["matrix"], auth=signed_in)
PREFIX = "/matrix"


class CellOut(Schema):
    service: str
    column: str
    level: str
    allowed: list[int]


class ServiceOut(Schema):
    number: str
    name_zh: str
    name_en: str
    in_figure: bool
    built: bool
    cells: list[CellOut]


class MatrixCellIn(Schema):
    """`allowed`: tenants of the column, for a partial or external cell; empty: the whole column."""

    model_config = ConfigDict(extra="forbid")
    level: str = Field(pattern="^(full|partial|external|none)$")
    allowed: list[int] = Field(default_factory=list, max_length=1_000)


@router.get("", response=list[ServiceOut], summary="The service matrix 服務矩陣")
@open_to()
def matrix(request: HttpRequest) -> list[dict[str, Any]]:
    """Every row in the study's order, with its five cells."""
    cells = entitlements.cells()
    return [
        {
            "number": service.number,
            "name_zh": service.name_zh,
            "name_en": service.name_en,
            "in_figure": service.in_figure,
            "built": service.built,
            "cells": [cell for cell in cells if cell.service == service.number],
        }
        for service in Service.objects.all()
    ]


@router.put("/{service}/{column}", response=CellOut, summary="Change one cell 變更一格")
@open_to("operator")
def set_cell(request: HttpRequest, service: str, column: str, body: MatrixCellIn) -> entitlements.CellView:
    """At once in menus, pages and API; the gate as soon as the core has the fact."""
    by = caller_of(request).person_id
    return entitlements.set_cell(service, column, body.level, body.allowed, by=by)
