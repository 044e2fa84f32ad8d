"""The alerts' rows of the error catalogue (7577-7589)."""

from typing import Final

from yunhai.kernel.errors import register, rows

ALERT_UNKNOWN: Final = 7577
ALERTS_FULL: Final = 7578
BAD_KIND: Final = 7579
BAD_THRESHOLD: Final = 7580
BAD_EXPIRY: Final = 7581
BAD_NOTE: Final = 7582

register(
    *rows(
        (
            ALERT_UNKNOWN,
            "alert-not-found",
            None,
            404,
            "查無警示 {alert}",
            "There is no alert {alert}",
            "請重新整理頁面；可能已在其他裝置刪除。",
            "Reload the page: it may have been removed on another device.",
        ),
        (
            ALERTS_FULL,
            "alerts-too-many",
            None,
            409,
            "警示最多 {most} 則",
            "There are {most} alerts already, the limit",
            "請先刪除不用的警示。",
            "Remove one that is not needed first.",
        ),
        (
            BAD_KIND,
            "alert-kind-unknown",
            None,
            422,
            "沒有「{kind}」這種警示條件",
            "There is no condition {kind}",
            "可用種類見 GET /api/v1/openapi.json 的 AlertIn，例如 price_up、kd_up。",
            "The kinds stand in GET /api/v1/openapi.json at AlertIn: price_up, for one, or kd_up.",
        ),
        (
            BAD_THRESHOLD,
            "alert-threshold-wrong",
            None,
            422,
            "警示的數值有誤：{value}",
            "The alert's value is wrong: {value}",
            "價格大於 0；漲跌幅最多兩位小數、至多 100；股數為整數；均線 2 至 240 日；其他條件不填。",
            "A price above 0; percent with two decimals, at most 100; whole shares; 2 to 240 days; nothing for other kinds.",
        ),
        (
            BAD_EXPIRY,
            "alert-expiry-wrong",
            None,
            422,
            "警示的到期日有誤：{value}",
            "The alert's expiry is wrong: {value}",
            "日期寫成 2026-08-21，不得早於目前的交易日。",
            "Write a date as 2026-08-21, not before the running market day.",
        ),
        (
            BAD_NOTE,
            "alert-note-wrong",
            None,
            422,
            "備註最多 {most} 個字",
            "A note has at most {most} characters",
            "請縮短備註，不含換行。",
            "Shorten the note; no line breaks.",
        ),
    )
)
