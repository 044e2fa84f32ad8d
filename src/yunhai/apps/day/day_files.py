"""The day's own files 當日檔案 written into a folder: quotes, the securities of the day, fill totals and fills.

What they say comes from the venue (prices, quotes left) and from the fills read back out of the proven journal. A broker
證券商 is the firm, an account 帳號 the branch, as the report names no customer: its four characters after three zeros.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.apps.day import failures
from yunhai.apps.day.output import FinishedDay
from yunhai.exchange.files import fill_details, fill_totals, quotes_csv, security_file
from yunhai.journal.files import make_folder, whole_file
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import RECORD

QUOTES: Final = "quotes.csv"
SECURITIES: Final = "T30"
TOTALS: Final = "C06"
FILLS: Final = "C07"
NAMES: Final = (QUOTES, SECURITIES, TOTALS, FILLS)
FILLS_AT_ONCE: Final = 1 << 14

Progress = Callable[[float], None]


def require_folder(folder: Path) -> None:
    """YunhaiError 4037 if one of the files is there already, or the folder's name is a file's."""
    if folder.exists() and not folder.is_dir():
        raise _unusable(folder, "it is a file, not a folder", "是檔案，不是資料夾")
    for name in NAMES:
        if (folder / name).exists():
            raise _unusable(folder, f"it holds {name} already", f"已有 {name}")


def _unusable(path: Path, reason: str, reason_zh: str) -> YunhaiError:
    return YunhaiError(failures.TARGET_UNUSABLE, path=path, reason=reason, reason_zh=reason_zh)


def write_day_files(day: FinishedDay, folder: Path, *, progress: Progress) -> Mapping[str, Path]:
    """Write the four files, each whole or not at all; the paths by name. The day must have kept its fills.

    YunhaiError 2521 if a layout has no room for something, 4037; OSError.
    """
    assert day.venue is not None, "the cloud's venue is in its core"
    require_folder(folder)
    make_folder(folder)
    contents: dict[str, Iterator[bytes]] = {
        QUOTES: iter([quotes_csv(day.venue)]),
        SECURITIES: security_file(day.day.books),
        TOTALS: fill_totals(day.venue, _kept(day, None), broker_of=_characters),
        FILLS: fill_details(day.venue, _kept(day, progress), broker_of=_characters, account_of=_account),
    }
    for name, records in contents.items():
        with whole_file(folder / name) as file:
            file.writelines(records)
    return {name: folder / name for name in NAMES}


def _kept(day: FinishedDay, progress: Progress | None) -> Iterator[NDArray[np.void]]:
    """The fills as the journal held them, in arrays small enough to tell the progress between two."""
    done = 0
    for fills, _ in day.tape.kept:
        for start in range(0, fills.size, FILLS_AT_ONCE):
            part = fills[start : start + FILLS_AT_ONCE]
            yield part.view(RECORD)
            done += part.size
            if progress is not None:
                progress(done / max(day.tape.fills, 1))


def _characters(number: int) -> str:
    """The four characters that a tenant's or account's number was made of (`plan.branch_number`)."""
    return number.to_bytes(4, "big").decode("ascii", "replace")


def _account(account: int) -> str:
    return "000" + _characters(account)
