"""Small files that would unpack or spread into gigabytes are refused before anything is built from them."""

import gzip
import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.day.days import DAY, report_bytes, run_day
from yunhai.apps.day import failures, unpacked
from yunhai.apps.day.bars import HEADER as BARS
from yunhai.apps.day.bars import read_history
from yunhai.apps.day.report import COLUMNS, parse_report
from yunhai.apps.reference_data import instruments
from yunhai.kernel import limits
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import Quantity

HEADER = ",".join(COLUMNS).encode() + b"\n"
ROW = b"20260729,2330,1,1020AB,2200.00,1000,1000\n"
MANY = 4_000_000


def refused(content: bytes) -> tuple[int, int]:
    """(error number, most bytes held beside the file's own while refusing)."""
    packed = gzip.compress(content, 1)
    tracemalloc.start()
    try:
        with pytest.raises(YunhaiError) as refusal:
            parse_report(packed)
        return refusal.value.code, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"," * MANY + b"\n",
        b"," * MANY + b"\n" + ROW,
        HEADER + ROW + b"." * MANY,
        HEADER + b'"' + b"\n" * MANY + b'"',
        HEADER + b"\n" * MANY + ROW,
    ],
    ids=["commas", "column names", "points", "quoted line ends", "empty rows"],
)
def test_a_few_bytes_do_not_become_gigabytes(content: bytes) -> None:
    """The text itself is held a few times over; an array of positions or a list of fields would be 8 to 60 times it."""
    code, held = refused(content)
    assert code == failures.TOO_MUCH
    assert held < 6 * len(content)


def test_too_many_bytes_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunhai.apps.day.report.REPORT_BYTES_MAX", 1 << 20)
    for content in (b"\0" * MANY, HEADER + ROW * 30_000):
        code, held = refused(content)
        assert code == failures.TOO_MUCH
        assert held < 4 << 20


def test_rows_that_are_merely_wrong_are_still_named() -> None:
    with pytest.raises(YunhaiError) as refusal:
        parse_report(HEADER + ROW + b"," * 900 + b"\n")
    assert refusal.value.code == failures.ROWS_REFUSED


def test_a_report_of_more_value_than_sums_can_hold_is_refused() -> None:
    """1,000,000,000 shares at 99,999 on both sides are 2e18 of the 2.3e18 (1/10,000 NT$) that a report may be worth."""
    row = b"20260729,2330,1,10%02dAB,99999,1000000000,%d\n"
    assert parse_report(HEADER + row % (20, 10**9)).row.size == 1
    with pytest.raises(YunhaiError) as refusal:
        parse_report(HEADER + row % (20, 10**9) + row % (21, 10**9))
    assert refusal.value.code == failures.TOO_MUCH
    assert 2 * limits.REPORT_VALUE_MAX < 2**63


@pytest.mark.parametrize(
    "content",
    [BARS + b"\n2330," + b"," * MANY, BARS + b"\n" + b"\n" * 300, BARS + b"\n" + b"x" * 70_000],
    ids=["commas", "rows", "bytes"],
)
def test_daily_bars_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("yunhai.apps.day.bars.BARS_ROWS_MAX", 200)
    if b"x" in content:
        monkeypatch.setattr("yunhai.apps.day.bars.BARS_BYTES_MAX", 60_000)
    file = tmp_path / "bars.csv.gz"
    file.write_bytes(gzip.compress(content, 1))
    with pytest.raises(YunhaiError) as refusal:
        read_history(file, ["2330"], date(2026, 7, 29))
    assert refusal.value.code == failures.TOO_MUCH


def test_a_plain_file_is_read_no_further_than_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_bytes(b"x" * 5_000)
    assert len(unpacked.read_bounded(file, most=100)) == 101


def test_too_many_orders_are_counted_before_they_are_made() -> None:
    """A security traded by the share, 499 an order: twelve rows of 1,000,000,000 shares bought and sold
    would be 48 million orders."""
    rows = [("2330", "1020AB", f"{2200 + 5 * step}", 10**9, 10**9) for step in range(12)]
    listing = replace(instruments(DAY)["2330"], lot=Quantity(1))
    tracemalloc.start()
    try:
        with pytest.raises(YunhaiError) as refusal:
            run_day(report_bytes(rows), listings={"2330": listing})
        assert refusal.value.code == failures.CANNOT_PLAN
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
