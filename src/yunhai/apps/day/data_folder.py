"""Where the public market data is, if it is there: never part of the project, always optional."""

import os
from pathlib import Path
from typing import Final

REPORTS: Final = "tw_official/twse_broker_branch_trades_*.csv*"
DAILY_BARS: Final = "tw_daily/tw_all_daily_ohlcv_*.csv*"


def data_folders() -> list[Path]:
    """Folders to look in: `YUNHAI_DATA`, else `../shared/data` beside the current folder or the source tree."""
    named = os.environ.get("YUNHAI_DATA")
    if named:
        return [Path(named)]
    roots = (Path.cwd(), Path(__file__).resolve().parents[4])
    return [folder for folder in dict.fromkeys(root.parent / "shared" / "data" for root in roots) if folder.is_dir()]


def latest(folders: list[Path], pattern: str) -> Path | None:
    """The last file by name that fits, in the first folder that has one."""
    for folder in folders:
        found = sorted(folder.glob(pattern))
        if found:
            return found[-1]
    return None


def daily_bars_near(report: Path) -> Path | None:
    """The daily bars of the data folder the report lies in, else of any data folder; None if there are none."""
    return latest([report.resolve().parent.parent, *data_folders()], DAILY_BARS)
