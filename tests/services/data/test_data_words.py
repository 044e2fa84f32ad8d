"""How a row is read on a page: by what its columns are."""

from typing import Any

import pytest

from yunhai.market.lake.tables import TABLES
from yunhai.services.data.columns import meanings


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ("close", "187.5", ("187.50", True)),
        ("close", "1080", ("1,080.00", True)),
        ("value", "-0.5", ("-0.50", True)),
        ("value", "1234567.8901", ("1,234,567.8901", True)),
        ("volume", 18_101_000, ("18,101,000", True)),
        ("mark", 7476, ("7476", True)),
        ("code", "2330", ("2330", False)),
        ("start_ns", "2026-11-20T00:00+08:00", ("2026-11-20", False)),
        ("start_ns", "2026-11-20T09:00:01.5+08:00", ("2026-11-20 09:00:01.5", False)),
    ],
)
def test_a_value_is_read_by_its_column(column: str, value: Any, read: tuple[str, bool]) -> None:
    from yunhai.services.data.templatetags.data import cells

    assert cells([value], [meanings(TABLES["bars-1d"])[column]]) == [read]


@pytest.mark.parametrize(
    ("number", "read"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (27_400, "27.4 kB"), (3_210_000_000, "3.2 GB")]
)
def test_bytes_are_read_in_thousands(number: int, read: str) -> None:
    from yunhai.services.data.templatetags.data import size

    assert size(number) == read


def test_every_column_means_something_in_both_languages() -> None:
    for table in TABLES.values():
        for name, one in meanings(table).items():
            assert one.zh, (table.name, name)
            assert one.en, (table.name, name)
            assert bool(one.unit_zh) == bool(one.unit_en), (table.name, name)
