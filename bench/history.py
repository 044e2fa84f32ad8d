"""`./dev bench history`: the whole market's two years into a lake, corrected as a whole, screened, read; a running day's bars.

Needs YUNHAI_DATA (or ../shared/data). Each import is a process of its own, so that its memory can be told: rows, seconds,
processor seconds (the calendar's loading among them) and the most memory. The second import is the same file with every
volume changed: 992,058 corrections in effect, each named in the report. Five conditions are asked of every stock by a new
process (engine and files opened anew) and again by the same. A day of 477,410 trades in 19 books is taken in 2,244 parts, and
a book's bars asked for after every tenth: as the reader process has them, and made anew of all trades. A run whose rows,
answers or bars differ from what they must be is void.
"""

import gzip
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from bench import common
from bench.replay import data_folder, percentiles, timed
from yunhai.apps.reference_data import trading_calendar
from yunhai.kernel.clock import HOUR, SECOND, TAIPEI_OFFSET, market_time
from yunhai.market.bars.making import TICK, folded, rows_of
from yunhai.market.bars.running import RunningBars, Tape
from yunhai.market.bars.spans import BOARD_CLOCK, SPANS
from yunhai.market.importers.importing import import_file
from yunhai.market.lake.errors import MARKS, NOTES, ROW_CORRECTION
from yunhai.market.lake.reading import Lake
from yunhai.market.screener import parse, screen

DAILY = "tw_daily/tw_all_daily_ohlcv_2024-07_2026-08.csv.gz"
BESIDE = (
    "tw_official/twse_exright_refprice_2003-05_2025-03.csv.gz",
    "tw_official/twse_TWT49U_exright_results_2025-11_2026-08.csv.gz",
)
OTHERS = (
    "tw_official/mops_monthly_revenue_twse_202401_on.csv.gz",
    "tw_daily/tw_institutional_by_stock_2024-07_2026-06.csv.gz",
    "tw_official/twse_MI_MARGN_margin_balance_2025-11_2026-08.csv.gz",
    "tw_daily/tw_longhist_40stocks_2000_2015.csv.gz",
)
ROWS = 992_058
BROKEN = 840
"""Rows that the data's own notes count as broken."""
SCREENS = {
    "facts": "close > 50 and change >= 1 and kd.k(9,3,3) > kd.d(9,3,3) and revenue_growth > 20 and sum(foreign_net, 5) > 0",
    "indicators": "cross_above(sma(5), sma(20)) and rsi(14) > 50 and macd.macdhist > 0 and adx(14) > 20 and kd.k > kd.d",
    "margin": "close > prev(close, 1) and revenue_growth > 0 and margin_change < 0 and trust_net > 0 and volume > 500000",
}
SCREENED_ON = date(2026, 5, 29)
TRADES, PARTS, BOOKS, ASKED_EACH = 477_410, 2_244, 19, 10


def apart(work: Callable[..., dict[str, Any]], *words: Any) -> dict[str, Any]:
    """What some work gives, in a process of its own, with its processor seconds and the most memory that it held."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, words))


def _measured(work: Callable[..., dict[str, Any]], words: tuple[Any, ...]) -> dict[str, Any]:
    began, processor = time.perf_counter(), time.process_time()
    found = work(*words)
    return found | {
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - processor,
        "most_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }


def imported(lake: str, path: str) -> dict[str, Any]:
    """One file, as `yunhai history import` takes it."""
    made = import_file(Path(lake), Path(path), now_ns=time.time_ns(), calendar=trading_calendar)
    return {
        "read": made.read,
        "stored": made.imports[0].rows,
        "reasons": made.reasons,
        "report": made.imports[0].report,
    }


def corrected(path: Path, into: Path) -> Path:
    """The same file with one share more in every row that has a volume."""
    with (
        gzip.open(path, "rt", encoding="utf-8") as source,
        gzip.open(into, "wt", encoding="utf-8", compresslevel=1) as file,
    ):
        file.write(source.readline())
        for line in source:
            before, _, volume = line.rstrip("\r\n").rpartition(",")
            file.write(f"{before},{int(float(volume)) + 1 if volume not in ('', '0') else volume}\n")
    return into


def imports(folder: Path, home: Path) -> dict[str, Any]:
    """The whole market's rows, with their dirt."""
    lake = home / "lake"
    for name in (*BESIDE, *OTHERS):
        imported(str(lake), str(folder / name))
    first = apart(imported, str(lake), str(folder / DAILY))
    wrong = sum(count for reason, count in first["reasons"].items() if reason not in (*MARKS, *NOTES))
    if (first["read"], wrong) != (ROWS, BROKEN):
        raise SystemExit(f"VOID: {first['read']:,} rows, {wrong:,} of them wrong")
    with Lake(lake) as opened:
        rows = len(
            opened.read("bars-1d", first_ns=int(market_time(date(2024, 7, 1))), columns=("start_ns",))["start_ns"]
        )
    if rows != first["stored"]:
        raise SystemExit(f"VOID: {rows:,} rows in the lake, not {first['stored']:,}")
    return _told("import", first) | {f"import_rows_of_reason_{code}": n for code, n in sorted(first["reasons"].items())}


def corrections(folder: Path, home: Path) -> dict[str, Any]:
    """The same rows again, every one of them with another volume."""
    lake = home / "lake"
    again = apart(imported, str(lake), str(corrected(folder / DAILY, home / "corrected.csv.gz")))
    named = (lake / again["report"]).read_bytes().count(b"\n")
    if again["reasons"].get(ROW_CORRECTION, 0) != again["stored"] or named < again["stored"]:
        raise SystemExit(f"VOID: {again['reasons']}, {named:,} rows named")
    return _told("corrections", again) | {"corrections_rows_named": named}


def _told(name: str, found: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{name}_rows": found["read"],
        f"{name}_rows_stored": found["stored"],
        f"{name}_s": found["seconds"],
        f"{name}_rows_a_second": found["read"] / found["seconds"],
        f"{name}_processor_s": found["processor_seconds"],
        f"{name}_most_memory_mb": found["most_memory_mb"],
    }


def screened(lake: str, text: str, rounds: int) -> dict[str, Any]:
    """Five conditions over every stock: the first time, and the fastest of so many times again."""
    with Lake(Path(lake)) as opened:
        first, cold = timed(lambda: screen(opened, parse(text), session=int(market_time(SCREENED_ON))))
        warm = common.best_of(
            rounds, lambda: timed(lambda: screen(opened, parse(text), session=int(market_time(SCREENED_ON))))[1]
        )
    return {"stocks": first.stocks, "found": len(first.matches), "rows": first.rows, "cold": cold, "warm": warm}


def charted(lake: str, rounds: int) -> dict[str, Any]:
    """2330 since 2000, adjusted backward."""
    with Lake(Path(lake)) as opened:
        first, cold = timed(lambda: opened.bars("2330", adjust="backward"))
        warm = common.best_of(rounds, lambda: timed(lambda: opened.bars("2330", adjust="backward"))[1])
    return {"bars": len(first), "cold": cold, "warm": warm}


def reads(home: Path, rounds: int) -> dict[str, Any]:
    lake, result = str(home / "lake"), dict[str, Any]()
    for name, text in SCREENS.items():
        found = apart(screened, lake, text, rounds)
        result |= {f"screen_on_{name}_{what}": found[what] for what in ("stocks", "found", "rows")}
        result |= {f"screen_on_{name}_{what}_ms": found[what] * 1e3 for what in ("cold", "warm")}
    found = apart(charted, lake, rounds)
    return (
        result
        | {"bars_of_2330": found["bars"]}
        | {f"bars_of_2330_{what}_ms": found[what] * 1e3 for what in ("cold", "warm")}
    )


def running(seed: int) -> dict[str, Any]:
    """A day's trades as they come, a book's bars asked for meanwhile."""
    rng = np.random.default_rng(seed)
    trades = np.empty(TRADES, TICK)
    begin = int(market_time(date(2026, 7, 29))) + 9 * HOUR
    times = begin + np.sort(rng.integers(0, int(4.5 * 3_600) * SECOND, TRADES))
    trades["placed_ns"], trades["day"] = BOARD_CLOCK.placed(times), BOARD_CLOCK.days(times)
    trades["security"] = np.minimum(rng.geometric(0.2, TRADES) - 1, BOOKS - 1)
    trades["price"] = 1_000_000 + 5_000 * rng.integers(-20, 21, TRADES)
    trades["quantity"] = 1_000 * rng.integers(1, 20, TRADES)
    tape = Tape()
    bars = RunningBars(tape, offset=TAIPEI_OFFSET)
    took: dict[str, list[float]] = {"running_1s_ms": [], "anew_1s_ms": [], "running_1m_ms": [], "anew_1m_ms": []}
    for number, part in enumerate(np.array_split(trades, PARTS), 1):
        tape.put(part)
        if number % ASKED_EACH:
            continue
        for span in ("1s", "1m"):
            kept, seconds = timed(lambda span=span: bars.of(0, SPANS[span]))
            took[f"running_{span}_ms"].append(seconds * 1e3)
            anew, seconds = timed(lambda span=span: _anew(tape, span))
            took[f"anew_{span}_ms"].append(seconds * 1e3)
            if kept.tobytes() != anew.tobytes():
                raise SystemExit(f"VOID: bars of {span} differ after {len(tape):,} trades")
    result: dict[str, Any] = {"day_trades": TRADES, "day_questions_a_span": PARTS // ASKED_EACH}
    for name, values in took.items():
        result |= percentiles(f"day_{name}", values)
    return result


def _anew(tape: Tape, span: str) -> Any:
    whole = tape.whole()
    return folded(rows_of(whole[whole["security"] == 0], SPANS[span], offset=TAIPEI_OFFSET))


def main() -> None:
    options = common.arguments(__doc__, rounds=5).parse_args()
    folder = data_folder()
    with tempfile.TemporaryDirectory(prefix="yunhai-bench-") as place:
        home = Path(place)
        result = imports(folder, home) | reads(home, options.rounds) | corrections(folder, home)
    common.report("history", result | running(20260729), options)


if __name__ == "__main__":
    main()
