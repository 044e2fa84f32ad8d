"""The quotes' rows of the error catalogue (7260-7279)."""

from typing import Final

from yunhai.kernel.errors import register, rows

LIST_UNKNOWN: Final = 7260
TOO_MANY_LISTS: Final = 7261
TOO_MANY_CODES: Final = 7262
CODE_MALFORMED: Final = 7263
NAME_MALFORMED: Final = 7264
NAME_TAKEN: Final = 7265

register(
    *rows(
        (
            LIST_UNKNOWN,
            "watchlist-not-found",
            None,
            404,
            "查無自選清單 {watchlist}",
            "There is no watchlist {watchlist}",
            "請重新整理頁面；清單可能已在其他裝置刪除。",
            "Reload the page: the list may have been removed on another device.",
        ),
        (
            TOO_MANY_LISTS,
            "watchlists-too-many",
            None,
            409,
            "自選清單最多 {most} 份",
            "There are {most} watchlists already, the limit",
            "請先刪除不用的清單。",
            "Remove one that is not needed first.",
        ),
        (
            TOO_MANY_CODES,
            "watchlist-too-long",
            None,
            422,
            "一份自選清單最多 {most} 檔",
            "A watchlist holds at most {most} securities",
            "請先移除不看的證券，或另建清單。",
            "Take some off, or make another list.",
        ),
        (
            CODE_MALFORMED,
            "watchlist-code-malformed",
            None,
            422,
            "「{code}」不是證券代號",
            "{code} is no security's code",
            "代號為 4 至 12 個英數字，英文大寫。",
            "A code has 4 to 12 digits and capital letters.",
        ),
        (
            NAME_MALFORMED,
            "watchlist-name-malformed",
            None,
            422,
            "清單名稱須為 1 至 {most} 個字",
            "A list's name has 1 to {most} characters",
            "請重新命名。",
            "Give it another name.",
        ),
        (
            NAME_TAKEN,
            "watchlist-name-taken",
            None,
            409,
            "已有名為「{name}」的清單",
            "There is a list named {name} already",
            "請換一個名稱。",
            "Choose another name.",
        ),
    )
)
