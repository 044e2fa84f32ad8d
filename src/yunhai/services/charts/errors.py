"""The charts' rows of the error catalogue (7331-7339)."""

from typing import Final

from yunhai.kernel.errors import register, rows

INDICATOR_TEXT: Final = 7331
DRAWING_MISSING: Final = 7332
DRAWINGS_FULL: Final = 7333
DRAWING_WRONG: Final = 7334
RANGE_WRONG: Final = 7335
CODE_WRONG: Final = 7336
SETUP_MISSING: Final = 7337
SETUPS_FULL: Final = 7338
SETUP_NAME: Final = 7339

register(
    *rows(
        (
            INDICATOR_TEXT,
            "chart-indicators-unreadable",
            None,
            422,
            "指標寫法有誤（第 {at} 字）：{reason}",
            "The indicators cannot be read at character {at}: {reason}",
            "寫法如 kd(9,3,3),ma(5)；名稱與參數見 /api/v1/charts/indicators。",
            "Write them as kd(9,3,3),ma(5); names and parameters are at /api/v1/charts/indicators.",
        ),
        (
            DRAWING_MISSING,
            "drawing-not-found",
            None,
            404,
            "找不到這條畫線",
            "There is no such drawing",
            "可能已在另一裝置刪除；請重新載入線圖。",
            "It may have been deleted on another device; load the chart again.",
        ),
        (
            DRAWINGS_FULL,
            "drawings-full",
            None,
            409,
            "畫線已達上限：{most} 條",
            "There are {most} drawings already, as many as there may be",
            "請先刪除不用的畫線。",
            "Delete some that you no longer need.",
        ),
        (
            DRAWING_WRONG,
            "drawing-wrong",
            None,
            422,
            "畫線有誤：{reason}",
            "The drawing is wrong: {reason}",
            "趨勢線須有兩個不同時間的點，水平線一個；價格為正數，至多四位小數。",
            "A trend line has two points of different times, a horizontal line one; prices are positive, of four decimals at most.",
        ),
        (
            RANGE_WRONG,
            "chart-range-wrong",
            None,
            422,
            "線圖的範圍有誤：{reason}",
            "The chart's range is wrong: {reason}",
            "日期寫成 2026-08-21，時刻寫成 2026-08-21T13:30:00+08:00；起日不得晚於迄日。",
            "Write a date as 2026-08-21 and a moment as 2026-08-21T13:30:00+08:00; from is not after to.",
        ),
        (
            CODE_WRONG,
            "chart-code-wrong",
            None,
            422,
            "代號不合格式：{code}",
            "This is no code: {code}",
            "代號為 1 至 24 個英數字。",
            "A code has 1 to 24 letters and digits.",
        ),
        (
            SETUP_MISSING,
            "chart-setup-not-found",
            None,
            404,
            "找不到這個自選組合",
            "There is no such set-up",
            "可能已在另一裝置刪除；請重新載入線圖。",
            "It may have been deleted on another device; load the chart again.",
        ),
        (
            SETUPS_FULL,
            "chart-setups-full",
            None,
            409,
            "自選組合已達上限：{most} 個",
            "There are {most} set-ups already, as many as there may be",
            "請先刪除不用的，或以同名覆寫。",
            "Delete one that you no longer need, or save under a name that is there.",
        ),
        (
            SETUP_NAME,
            "chart-setup-name-wrong",
            None,
            422,
            "自選組合的名稱有誤：{reason}",
            "The set-up's name is wrong: {reason}",
            "名稱為 1 至 {most} 個看得見的字。",
            "A name has 1 to {most} characters that can be seen.",
        ),
    )
)
