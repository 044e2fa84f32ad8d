"""The screener's rows of the error catalogue (7570-7579). A screen that cannot be read is 7457, an indicator 7700-7702."""

from typing import Final

from yunhai.kernel.errors import register, rows

SCREEN_UNKNOWN: Final = 7570
SCREENS_FULL: Final = 7571
NAME_MALFORMED: Final = 7572
NAME_TAKEN: Final = 7573
DATE_WRONG: Final = 7574
BUSY: Final = 7575
CODE_WRONG: Final = 7576

register(
    *rows(
        (
            SCREEN_UNKNOWN,
            "saved-screen-not-found",
            None,
            404,
            "查無自存的選股條件 {screen}",
            "There is no saved screen {screen}",
            "請重新整理頁面；可能已在其他裝置刪除。",
            "Reload the page: it may have been removed on another device.",
        ),
        (
            SCREENS_FULL,
            "saved-screens-too-many",
            None,
            409,
            "自存的選股條件最多 {most} 組",
            "There are {most} saved screens already, the limit",
            "請先刪除不用的條件。",
            "Remove one that is not needed first.",
        ),
        (
            NAME_MALFORMED,
            "saved-screen-name-malformed",
            None,
            422,
            "條件名稱須為 1 至 {most} 個字",
            "A screen's name has 1 to {most} characters",
            "請重新命名。",
            "Give it another name.",
        ),
        (
            NAME_TAKEN,
            "saved-screen-name-taken",
            None,
            409,
            "已有名為「{name}」的選股條件",
            "There is a screen named {name} already",
            "請換一個名稱，或更新原有的條件。",
            "Choose another name, or update the one there is.",
        ),
        (
            DATE_WRONG,
            "screen-date-wrong",
            None,
            422,
            "選股日期有誤：{reason}",
            "The screen's date is wrong: {reason}",
            "日期寫成 2026-08-21，時刻寫成 2026-08-21T17:30:00+08:00。",
            "Write a date as 2026-08-21 and a moment as 2026-08-21T17:30:00+08:00.",
        ),
        (
            BUSY,
            "screener-busy",
            None,
            429,
            "選股使用中，已等候 {seconds} 秒",
            "The screener is busy; waited {seconds} seconds",
            "請稍後再試。",
            "Try again in a moment.",
        ),
        (
            CODE_WRONG,
            "screen-code-wrong",
            None,
            422,
            "代號不合格式：{code}",
            "This is no code: {code}",
            "代號為 1 至 24 個英數字。",
            "A code has 1 to 24 letters and digits.",
        ),
    )
)
