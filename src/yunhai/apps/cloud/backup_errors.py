"""What backup and restore refuse: 7650-7669."""

from typing import Final

from yunhai.kernel.errors import register, rows

NO_JOURNAL: Final = 7650
DUMP_FAILED: Final = 7651
NOT_A_BACKUP: Final = 7652
HOME_NOT_EMPTY: Final = 7653
NOT_THE_SAME: Final = 7654
OUTSIDE_DATABASE: Final = 7655
TARGET_THERE: Final = 7656

register(
    *rows(
        (
            NO_JOURNAL,
            "backup-no-journal",
            None,
            404,
            "{home} 沒有日誌，無可備份",
            "There is no journal in {home}, nothing to back up",
            "請以 --home 指定安裝資料夾。",
            "Name the installation with --home.",
        ),
        (
            DUMP_FAILED,
            "backup-database-failed",
            None,
            500,
            "資料庫匯出或匯入失敗：{reason}",
            "The database could not be dumped or loaded: {reason}",
            "請確認資料庫在執行（yunhai up）且磁碟未滿後再試。",
            "See that the database runs (yunhai up) and the disk is not full, then try again.",
        ),
        (
            NOT_A_BACKUP,
            "backup-not-understood",
            None,
            422,
            "{path} 不是雲海的備份：{reason}",
            "{path} is no backup of Yunhai: {reason}",
            "請選 yunhai backup 產生的檔案。",
            "Choose a file that yunhai backup made.",
        ),
        (
            HOME_NOT_EMPTY,
            "restore-home-not-empty",
            None,
            409,
            "{home} 已有內容，不覆蓋",
            "{home} holds something already; nothing is overwritten",
            "請以 --home 指定新的資料夾。",
            "Name a new folder with --home.",
        ),
        (
            NOT_THE_SAME,
            "restore-not-the-same",
            None,
            500,
            "還原的日誌與備份所記不同：{reason}",
            "The restored journal is not what the backup tells: {reason}",
            "請改用另一份備份；此資料夾請勿使用。",
            "Use another backup; do not use this folder.",
        ),
        (
            OUTSIDE_DATABASE,
            "backup-outside-database",
            None,
            409,
            "資料庫在外部，請用它自己的備份工具",
            "The database is an outside one: back it up with its own tools",
            "以 --journal-only 備份其餘部分，資料庫另以 pg_dump 或 pgBackRest 備份。",
            "Back the rest up with --journal-only, and the database with pg_dump or pgBackRest.",
        ),
        (
            TARGET_THERE,
            "backup-target-exists",
            None,
            409,
            "{path} 已存在，不覆蓋",
            "{path} exists already; nothing is overwritten",
            "請換一個檔名。",
            "Choose another name.",
        ),
    )
)
