"""The packs against what the exchanges published: next-day limits, ex-date results, every price on its grid.

The figures that `docs/guides/rule-packs.md` states are asserted here.
"""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from yunhai.apps.reference_data import overlay
from yunhai.exchange.instruments import classify, multiple_of
from yunhai.exchange.rules import prices
from yunhai.exchange.rules.prices import NO_LIMITS, Limits
from yunhai.exchange.rules.words import SecurityKind as Kind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import price_of

QUOTES = "tw_official/tpex_daily_quotes_20260720.csv.gz"
EX_DATES = "tw_official/twse_TWT49U_exright_results_2025-11_2026-08.csv.gz"
BARS = "tw_daily/tw_all_daily_ohlcv_2024-07_2026-08.csv.gz"
NEXT_DAY = date(2026, 7, 21)


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return [{key.replace(" ", ""): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]


def _price(text: str) -> int:
    return price_of(text.replace(",", ""))


def _published(up: str, down: str) -> Limits:
    """The exchanges' tables show "no limit" as the lowest and the highest price of their field."""
    if down == "0.01" and up.replace(",", "") in ("9999.95", "9995.00"):
        return NO_LIMITS
    return Limits(_price(up), _price(down))


@pytest.fixture(scope="module")
def quotes(data_folder):
    return _rows(data_folder / QUOTES)


@pytest.fixture(scope="module")
def ex_dates(data_folder):
    return _rows(data_folder / EX_DATES)


def test_next_day_limits_of_four_digit_stocks(pack, quotes):
    stocks = [row for row in quotes if len(row["代號"]) == 4]
    different = {}
    for row in stocks:
        found = prices.daily_limits(pack, Kind.STOCK, _price(row["次日參考價"]))
        published = _published(row["次日漲停價"], row["次日跌停價"])
        if found != published:
            different[row["代號"]] = published
    assert (len(stocks), len(stocks) - len(different)) == (459, 457)
    assert set(different) == {"6967", "7814"}
    assert different["7814"] == NO_LIMITS
    exceptions = overlay(NEXT_DAY).exceptions
    assert {code: exceptions[code].rule for code in different} == {
        "6967": "ex-right-with-capital-increase",
        "7814": "new-listing",
    }


def test_the_two_exceptions_follow_from_their_rules(pack, quotes):
    rows = {row["代號"]: row for row in quotes}
    new = rows["7814"]
    found = prices.daily_limits(pack, Kind.STOCK, _price(new["次日參考價"]), unlimited=True)
    assert found == _published(new["次日漲停價"], new["次日跌停價"])
    # Ex-right with a cash-capital increase: limit-up from the price less dividend, which is the auction reference;
    # limit-down from the ex-right price, which the table does not show: any of 71.68 to 71.77 gives it.
    right = rows["6967"]
    published = _published(right["次日漲停價"], right["次日跌停價"])
    reference = _price(right["次日參考價"])
    fitting = [
        price
        for price in range(price_of("68"), reference, 100)
        if prices.daily_limits(pack, Kind.STOCK, price, up_reference=reference) == published
    ]
    assert (fitting[0], fitting[-1]) == (price_of("71.67"), price_of("71.77"))


def test_funds_notes_and_preferred_shares_by_kind(pack, quotes):
    """Every security that is neither a four-digit stock nor a warrant: 66 of 66, kinds told from code and overlay."""
    above = overlay(NEXT_DAY)
    others = [row for row in quotes if len(row["代號"]) != 4 and row["代號"][0] != "7"]
    kinds = {}
    for row in others:
        kind = classify(row["代號"], overlay=above)
        kinds.setdefault(kind, []).append(row["代號"])
        found = prices.daily_limits(pack, kind, _price(row["次日參考價"]), multiple=multiple_of(row["代號"]))
        assert found == _published(row["次日漲停價"], row["次日跌停價"]), row["代號"]
    without = sum(
        len(codes) for kind, codes in kinds.items() if kind in (Kind.ETF_FOREIGN, Kind.ETF_BOND, Kind.ETN_FOREIGN)
    )
    assert (len(others), without) == (66, 63)


def test_warrants_are_recognised_and_need_their_underlying(pack, quotes):
    warrants = [row for row in quotes if len(row["代號"]) == 6 and row["代號"][0] == "7"]
    assert len(warrants) == 4524
    for row in warrants:
        kind = classify(row["代號"])
        assert kind is (Kind.WARRANT_PUT if "售" in row["名稱"] else Kind.WARRANT_CALL), row["代號"]
        with pytest.raises(YunhaiError) as refused:
            prices.daily_limits(pack, kind, 100)
        assert refused.value.code == 2202


def test_ex_date_results(pack, ex_dates):
    """All 200 rows: auction base, limit-up from the price less dividend, limit-down from the ex-date price."""
    above = overlay(date(2026, 8, 24))
    wrong = []
    for row in ex_dates:
        code = row["股票代號"]
        kind = classify(code, overlay=above)
        reference, less_dividend = _price(row["除權息參考價"]), _price(row["減除股利參考價"])
        base = prices.opening_base(pack, kind, less_dividend)
        limits = prices.daily_limits(pack, kind, reference, up_reference=less_dividend, multiple=multiple_of(code))
        good = base == _price(row["開盤競價基準"]) and limits == _published(row["漲停價格"], row["跌停價格"])
        if not good:
            wrong.append(code)
    assert len(ex_dates) == 200
    assert wrong == []


def test_ex_date_reference_is_cut_not_rounded(ex_dates):
    for row in ex_dates:
        exact = Decimal(row["除權息前收盤價"].replace(",", "")) - Decimal(row["權值+息值"].replace(",", ""))
        assert int(exact * 100) * 100 == _price(row["除權息參考價"]), row["股票代號"]


def test_every_published_price_is_on_the_grid(pack, data_folder):
    """Closes, opens, highs and lows of the stocks of an official day: none off the grid."""
    count = 0
    for row in _rows(data_folder / QUOTES):
        code = row["代號"]
        kind = classify(code)
        for column in ("收盤", "開盤", "最高", "最低"):
            text = row[column].replace(",", "")
            if text.replace(".", "").isdigit() and _price(text):
                count += 1
                assert prices.is_on_grid(pack, kind, _price(text)), (code, column, text)
    assert count == 9_388


ADJUSTED = {
    *(2348, 2496, 2539, 2546, 2812, 2834, 2880, 2885, 2948, 4123, 4764, 5206, 5222, 5314, 5880, 6005, 6023, 6176),
    *(6225, 6241, 6469, 6680, 6691, 6958, 6968, 7805),
}
"""Securities of which that collection holds back-adjusted or filled-in rows in August 2026, no traded prices."""


@pytest.mark.full
def test_daily_bars_of_august_are_on_the_grid(pack, data_folder):
    """Four prices a bar of 2026-08-03 to 21, four-digit stocks: 118,451 of 118,572 on the grid.

    The other 121 are of 26 securities whose rows are not as traded.
    """
    count, off = 0, Counter()
    with gzip.open(data_folder / BARS, "rt", newline="") as file:
        for code, day, *bar, _ in islice(csv.reader(file), 1, None):
            if len(code) == 4 and code[0] != "0" and "2026-08-03" <= day <= "2026-08-21":
                count += len(bar)
                off[code] += sum(not prices.is_on_grid(pack, Kind.STOCK, round(Decimal(text) * 10_000)) for text in bar)
    assert (count, off.total()) == (118_572, 121)
    assert {int(code) for code, number in off.items() if number} == ADJUSTED


def test_the_command_gives_the_same_limits(quotes, repository):
    rows = [row for row in quotes if row["代號"][0] != "7" or len(row["代號"]) == 4]
    given = "".join(f"{row['代號']},{'stock' if len(row['代號']) == 4 else ''},{row['次日參考價']}\n" for row in rows)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "yunhai.apps.cli",
            "rules",
            "limits",
            "--pack",
            "twse-2026",
            "--date",
            "2026-07-21",
            "--json",
        ],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        cwd=repository,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    right = sum(
        (each["limit_up"], each["limit_down"])
        == ((None, None) if limits == NO_LIMITS else (limits.up / 10_000, limits.down / 10_000))
        for each, limits in zip(
            answer["limits"], (_published(row["次日漲停價"], row["次日跌停價"]) for row in rows), strict=True
        )
    )
    assert (right, len(rows)) == (524, 525)
    assert [each["code"] for each in answer["exceptions"]] == ["6967", "7814"]
