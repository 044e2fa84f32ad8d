"""What keeps the demo from living: 7660-7669."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOT_BEGUN: Final = 7660
CHECK_FAILED: Final = 7661
OTHER_HOME: Final = 7662

register(
    *rows(
        (
            NOT_BEGUN,
            "demo-not-begun",
            None,
            500,
            "示範沒有開始：{reason}",
            "The demo did not begin: {reason}",
            "請看資料夾 logs 裡的日誌；換一個 --home 可重新開始。",
            "See the logs in its folder; another --home begins anew.",
        ),
        (
            CHECK_FAILED,
            "demo-check-failed",
            None,
            500,
            "示範的自我檢查在「{step}」失敗：{reason}",
            "The demo's own check failed at {step}: {reason}",
            "請附上資料夾 logs 裡的日誌回報此問題。",
            "Report it with the logs in its folder.",
        ),
        (
            OTHER_HOME,
            "demo-home-in-use",
            None,
            409,
            "{home} 不是示範的資料夾",
            "{home} is not a demo's folder",
            "請以 --home 指定新的資料夾。",
            "Name a new folder with --home.",
        ),
    )
)
