"""What the replay service refuses by itself: 7280-7299. The engine's own refusals are 7480-7499."""

from typing import Final

from yunhai.kernel.errors import register, rows

BOOKMARK_UNKNOWN: Final = 7280
BOOKMARKS_FULL: Final = 7281
BOOKMARK_NAME: Final = 7282
NEVER_IN_MARKET: Final = 7283
ORDER_NOT_THERE: Final = 7284

register(
    *rows(
        (
            BOOKMARK_UNKNOWN,
            "replay-bookmark-not-found",
            None,
            404,
            "查無書籤 {bookmark}",
            "There is no bookmark {bookmark}",
            "請重新整理頁面；書籤可能已在其他裝置刪除。",
            "Reload the page: it may have been removed on another device.",
        ),
        (
            BOOKMARKS_FULL,
            "replay-bookmarks-too-many",
            None,
            409,
            "書籤最多 {most} 個",
            "There are {most} bookmarks already, the limit",
            "請先刪除不用的書籤。",
            "Remove one that is not needed first.",
        ),
        (
            BOOKMARK_NAME,
            "replay-bookmark-text-unfit",
            None,
            422,
            "書籤名稱須為 1 至 {most} 個可列印的字，附註至多 {note} 字",
            "A bookmark's name has 1 to {most} printable characters, its note at most {note}",
            "請修改名稱或附註。",
            "Change the name or the note.",
        ),
        (
            NEVER_IN_MARKET,
            "replay-order-never-in-market",
            None,
            409,
            "委託 {order} 未進入市場",
            "The order {order} was never in the market",
            "被退回或尚未送達交易所的委託沒有最佳執行資料；請查閱其歷程。",
            "One that was refused, or has not reached the exchange yet, has nothing to compare; see its timeline.",
        ),
        (
            ORDER_NOT_THERE,
            "replay-order-not-found",
            None,
            404,
            "查無委託 {order}",
            "There is no order {order}",
            "請確認委託編號與所選帳戶。",
            "Check the order's number and the chosen account.",
        ),
    )
)
