"""/api/v1/matrix: the service matrix, read by all signed in. It is changed in the Console, where every change says why."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from yunhai.platform.entitlements import api as entitlements
from yunhai.platform.entitlements.models import Service
from yunhai.platform.shell.api import open_to, signed_in

router = Router(tags=["matrix"], auth=signed_in)
PREFIX = "/matrix"


class ServiceOut(Schema):
    number: str
    name_zh: str
    name_en: str
    in_figure: bool
    built: bool
    cells: list[entitlements.CellView]


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
