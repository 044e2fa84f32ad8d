"""Fuzz target: a broker-branch report from bytes, and the plan of whatever was accepted."""

import gzip
from datetime import date
from importlib.resources import files

import numpy as np

from yunhai.apps.day.levels import levels_of
from yunhai.apps.day.plan import SecurityTerms, make_plan
from yunhai.apps.day.report import parse_report
from yunhai.apps.day.securities import hours_of, settle_securities
from yunhai.apps.reference_data import instruments, rule_pack
from yunhai.kernel.records import Side

_PACK = rule_pack("twse-2026")
_HOURS = hours_of(_PACK, date(2026, 7, 29))
_LISTINGS = instruments(date(2026, 7, 29))
_PLANNED_ROWS = 40

_HEAD = "date,stock,seq,broker_branch,price,buy_shares,sell_shares\n"
_ROWS = (
    "20260729,00403A,1,1020合　　庫,8.36,0,10000\n"
    "20260729,00403A,2,102A合庫新竹,8.36,10000,0\n"
    "20260729,2330,3,126i宏遠光隆,2200.00,1234,17\n"
    "20260729,2330,4,9B2z台新證券,2205.00,499001,500218\n"
)
_BUILTIN = (files("yunhai.apps") / "data" / "illustrative_day.csv").read_bytes()

CORPUS = [
    (_HEAD + _ROWS).encode(),
    (_HEAD + _ROWS).encode("cp950"),
    (_HEAD + _ROWS).replace("1020合　　庫", '"1020合　　庫"').replace("\n", "\r\n").encode(),
    b"\xef\xbb\xbf" + (_HEAD + _ROWS).encode(),
    gzip.compress((_HEAD + _ROWS).encode(), mtime=0),
    _BUILTIN[:2000],
]


def fuzz(data: bytes) -> None:
    """May raise YunhaiError only. What is accepted must add up, and its plan must trade exactly what is not cut."""
    report = parse_report(data)
    levels = levels_of(report)
    assert levels.bought.sum() == report.bought.sum()
    assert levels.sold.sum() == report.sold.sum()
    assert len({branch.code for branch in report.branches}) == len(report.branches)
    securities = settle_securities(report, levels, _PACK, listing_of=_LISTINGS.get, history={}, stated={})
    if report.row.size > _PLANNED_ROWS or report.bought.sum() > 10**8:
        return
    terms = [
        SecurityTerms(
            code=one.listing.code, reference=one.reference, lot=1000, cap=499_000, board_book=at, odd_book=100 + at
        )
        for at, one in enumerate(securities)
    ]
    plan = make_plan(report, terms, _HOURS, seed=1)
    orders = plan.orders
    assert (orders["quantity"] > 0).all()
    assert (np.diff(orders["time"]) >= 0).all()
    for side, reported in ((Side.BUY, report.bought), (Side.SELL, report.sold)):
        cut = sum(one.shares for one in plan.cuts if one.side == side)
        assert int(orders["quantity"][orders["side"] == side].sum()) == int(reported.sum()) - cut
