"""The matrix's first content, from `matrix.toml`; what this release builds, from the service manifests."""

import tomllib
from pathlib import Path
from typing import Any, Final

from yunhai.platform.entitlements.manifests import manifests
from yunhai.platform.tenancy.models import COLUMNS

MATRIX: Final = Path(__file__).parent / "matrix.toml"


def rows() -> list[dict[str, Any]]:
    """The study's rows: number, zh, en, in_figure, levels in the order of COLUMNS."""
    found: list[dict[str, Any]] = tomllib.loads(MATRIX.read_text("utf-8"))["service"]
    return found


def plant(service: Any, cell: Any) -> None:
    """Make rows and cells that are not there yet, with the models of the running migration; change none that is."""
    built = {number for manifest in manifests() for number in manifest.services}
    for position, row in enumerate(rows()):
        service.objects.update_or_create(
            number=row["number"],
            defaults={
                "name_zh": row["zh"],
                "name_en": row["en"],
                "in_figure": row.get("in_figure", True),
                "built": row["number"] in built,
                "position": position,
            },
        )
        for column, level in zip(COLUMNS, row["levels"], strict=True):
            cell.objects.get_or_create(service_id=row["number"], column=column, defaults={"level": level})
