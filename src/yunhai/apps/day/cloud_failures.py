"""What can go wrong with a day in the cloud, 7600-7699."""

from typing import Final

from yunhai.kernel.errors import register, rows

ORDER_REFUSED: Final = 7600
NOT_RECOVERED: Final = 7601
READER_BEHIND: Final = 7602
SIGNING_ENDED: Final = 7603
STAGE_REFUSED: Final = 7604

_REPORT: Final = ("請附上資料夾中的日誌回報此問題。", "Report it with the logs of the home folder.")

register(
    *rows(
        (
            ORDER_REFUSED,
            "cloud-day-order-refused",
            None,
            500,
            "第 {order} 筆委託遭拒：{reason}",
            "Order {order} of the plan was refused: {reason}",
            *_REPORT,
        ),
        (
            NOT_RECOVERED,
            "cloud-day-not-recovered",
            None,
            503,
            "核心在 {seconds} 秒內沒有恢復",
            "The core did not come back within {seconds} s",
            "請查看資料夾中的日誌後重跑。",
            "Read the logs of the home folder, then run again.",
        ),
        (
            READER_BEHIND,
            "cloud-day-reader-behind",
            None,
            503,
            "帳務讀者在 {seconds} 秒內沒有讀到第 {sequence} 筆（目前 {at}）",
            "The readers did not reach record {sequence} within {seconds} s (they are at {at})",
            "請查看讀者的日誌後重跑。",
            "Read the reader's log, then run again.",
        ),
        (
            SIGNING_ENDED,
            "cloud-day-signing-ended",
            None,
            500,
            "簽章程序提前結束",
            "The signing process ended too early",
            *_REPORT,
        ),
        (
            STAGE_REFUSED,
            "cloud-day-stage-refused",
            None,
            500,
            "步驟「{stage}」遭拒：{reason}",
            "The step {stage} was refused: {reason}",
            *_REPORT,
        ),
    )
)
