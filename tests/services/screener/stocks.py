"""A lake of few stocks, each made so that one ready-made screen finds it.

1111 rises every day, is bought by institutions, grows, and its margin balance falls. 2222 falls every day. 3333 falls and turns
on the last day. 5555 stands still and breaks out on the last day with four times the volume, so that
its averages rise in order too. 6666 did not trade on the last day.
"""

from datetime import date, timedelta
from pathlib import Path

from tests.market.lake_scene import DAILY, take, write

LAST = date(2026, 8, 21)
COUNT = 80


def days() -> list[str]:
    """Weekdays up to the last, ascending."""
    found: list[str] = []
    on = LAST
    while len(found) < COUNT:
        if on.weekday() < 5:
            found.append(on.isoformat())
        on -= timedelta(days=1)
    return found[::-1]


def close_of(code: str, at: int) -> float:
    last = COUNT - 1
    match code:
        case "1111":
            return 50 + at * 0.5
        case "2222":
            return 100 - at * 0.5
        case "3333":
            return 80 - at * 0.5 if at < last else 80 - (last - 1) * 0.5 + 3
        case _:
            return 40 + (at % 2) * 0.5 if at < last else 43


def volume_of(code: str, at: int) -> int:
    return 4_000_000 if code == "5555" and at == COUNT - 1 else 1_000_000


def fill(folder: Path) -> Path:
    """A home whose lake has them."""
    lake = folder / "lake"
    bars = []
    for code in ("1111", "2222", "3333", "5555", "6666"):
        for at, on in enumerate(days()[: COUNT - 1 if code == "6666" else COUNT]):
            close = close_of(code, at)
            bars.append(f"{code},{on},{close},{close + 0.25:g},{close - 0.25:g},{close},{volume_of(code, at)}")
    take(lake, write(folder / "bars.csv", DAILY, *bars))
    take(
        lake,
        write(
            folder / "flows.csv",
            "stock_code,trade_date,foreign_net,foreign_dealer_net,trust_net,dealer_net,total_net",
            *(f"1111,{on},3000,0,2000,-1000,4000" for on in days()),
            *(f"2222,{on},-3000,0,-2000,0,-5000" for on in days()),
        ),
    )
    header = (
        "date,股票代號,股票名稱,融資買進,融資賣出,融資現金償還,融資前日餘額,融資今日餘額,融資限額,融券買進,融券賣出,"
        "融券現券償還,融券前日餘額,融券今日餘額,融券限額,資券互抵,註記"
    )
    margin = [
        f"{on.replace('-', '')},1111,x,0,10,0,{900 - 10 * at},{890 - 10 * at},9999,0,0,0,5,5,9,0,"
        for at, on in enumerate(days()[-4:])
    ]
    take(lake, write(folder / "margin.csv", header, *margin))
    take(
        lake,
        write(
            folder / "revenue.csv",
            "revenue_month,stock_code,monthly_revenue_thousand_twd,previous_month_revenue_thousand_twd,"
            "last_year_month_revenue_thousand_twd,ytd_revenue_thousand_twd,last_year_ytd_revenue_thousand_twd,first_seen_at",
            "202606,1111,900,800,1000,3000,5000,",
            "202607,1111,1300,900,1000,6500,5000,",
            "202607,2222,500,500,1000,1,2,",
        ),
    )
    return folder
