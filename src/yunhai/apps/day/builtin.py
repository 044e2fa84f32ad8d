"""A small day that needs no file: real codes, real prices of one day, made-up quantities.

What is real: the four securities, their open, high, low and close of 2026-07-29 and the close before it, and the
branches' codes and names. What is **not** real: who bought and sold how many shares. The quantities were drawn at random
so that there is something to trade; the output says so.
"""

from importlib.resources import files
from typing import Final

from yunhai.apps.day.bars import History
from yunhai.apps.day.path import Bar
from yunhai.apps.day.report import Report, parse_report

LABEL: Final = "built-in illustrative day, quantities made up 內建示範日（數量為虛構）"

HISTORY: Final = {
    "2330": History(Bar(open=22_600_000, high=22_800_000, low=21_800_000, close=22_000_000), 22_800_000),
    "2317": History(Bar(open=2_400_000, high=2_465_000, low=2_310_000, close=2_370_000), 2_380_000),
    "2603": History(Bar(open=2_050_000, high=2_055_000, low=1_980_000, close=2_015_000), 2_000_000),
    "0050": History(Bar(open=969_500, high=970_000, low=918_000, close=937_000), 971_500),
}
"""Daily bars of 2026-07-29 and closes of 2026-07-28, 1/10,000 NT$."""


def builtin_report() -> Report:
    return parse_report((files("yunhai.apps") / "data" / "illustrative_day.csv").read_bytes())
