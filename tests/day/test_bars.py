"""Daily bars: which bar and which close are taken, and what dirt is passed over."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from yunhai.apps.day import failures
from yunhai.apps.day.bars import History, read_history
from yunhai.apps.day.path import Bar
from yunhai.kernel.errors import YunhaiError

HEADER = "stock_code,trade_date,open,high,low,close,volume\n"
DAY = date(2026, 7, 29)
LINES = """\
2330,2026-07-28,2270,2305,2270,2280,43808482
2330,2026-07-29,2260,2280,2180,2200,55449661
2330,2026-07-30,2205,2260,2190,2205,44446679
23300,2026-07-28,1,1,1,1,1
1101,2026-06-30,30,31,29,30.5,1
2317,2026-07-27,250,251,249,250,1
2317,2026-07-28,250,240,249,250,1
2317,2026-07-29,nan,1,1,1,1
2317,yesterday,1,1,1,1,1
2317
2330,2026-07-24,2000,2000,2000,2000,1
"""


def test_the_bar_of_the_day_and_the_last_sound_close_before_it(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(HEADER + LINES)
    assert read_history(file, ["2330", "2317", "1101", "0050", "2330000"], DAY) == {
        "2330": History(Bar(open=22_600_000, high=22_800_000, low=21_800_000, close=22_000_000), 22_800_000),
        "2317": History(None, 2_500_000),
        "1101": History(None, None),
        "0050": History(None, None),
        "2330000": History(None, None),
    }


def test_packed_files_are_read_and_others_refused(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv.gz"
    file.write_bytes(gzip.compress((HEADER + LINES.rstrip()).encode()))
    assert read_history(file, ["2330"], DAY)["2330"].previous_close == 22_800_000
    for content in (b"code,day\n", gzip.compress(HEADER.encode())[:-4]):
        file.write_bytes(content)
        with pytest.raises(YunhaiError) as refusal:
            read_history(file, ["2330"], DAY)
        assert refusal.value.code == failures.BARS_UNREADABLE


def test_the_header_alone_is_no_history(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(HEADER)
    assert read_history(file, ["2330"], DAY) == {"2330": History(None, None)}
