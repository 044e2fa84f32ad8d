"""The ledger's rows of the error catalogue (7200-7219)."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOT_FOUND: Final = 7201
ENTRY_KEPT: Final = 7202
BALANCE_MADE: Final = 7203
OTHER_JOURNAL: Final = 7204
IMPORT_INVALID: Final = 7205
CORE_UNREACHABLE: Final = 7206
IMPORT_REFUSED: Final = 7207
IMPORT_TOO_LARGE: Final = 7208
READER_FAILED: Final = 7209

register(
    *rows(
        (
            NOT_FOUND,
            "ledger-account-not-found",
            None,
            404,
            "查無此帳戶的帳務",
            "No books of such an account",
            "請核對帳戶編號。",
            "Check the account's number.",
        ),
        (
            ENTRY_KEPT,
            "ledger-entry-kept",
            None,
            409,
            "分錄只能新增，不得修改或刪除",
            "Ledger entries are only added, never changed",
            "更正請以沖回分錄為之。",
            "Correct by a reversal.",
        ),
        (
            BALANCE_MADE,
            "ledger-balance-made",
            None,
            409,
            "餘額只由分錄加總而來，不得直接寫入",
            "Balances are made from postings only",
            "請勿直接寫入餘額。",
            "Do not write balances.",
        ),
        (
            OTHER_JOURNAL,
            "ledger-other-journal",
            None,
            409,
            "資料表來自另一份日誌（序號 {sequence}）",
            "The tables were read from another journal (at sequence {sequence})",
            "請還原同一時點的日誌與資料庫，或清空讀面後重讀。",
            "Restore journal and database of the same moment, or empty the readings and read again.",
        ),
        (
            IMPORT_INVALID,
            "opening-file-invalid",
            None,
            422,
            "期初餘額檔有 {count} 處錯誤",
            "The opening balances have {count} faults",
            "請修正列出的每一列後再匯入；尚未匯入任何資料。",
            "Correct every row named and import again; nothing was taken.",
        ),
        (
            CORE_UNREACHABLE,
            "core-unreachable",
            None,
            503,
            "連不上核心：{reason}",
            "The core cannot be reached: {reason}",
            "請確認 yunhai core 正在執行，並以同一身分操作。",
            "See that yunhai core runs, and run this as the same user.",
        ),
        (
            IMPORT_REFUSED,
            "opening-part-refused",
            None,
            409,
            "核心拒收第 {part} 部分：{reason}",
            "The core refused part {part}: {reason}",
            "請依原因修正；已收部分不會重複入帳，可再次執行。",
            "Correct the cause and run again: parts already taken are not taken twice.",
        ),
        (
            IMPORT_TOO_LARGE,
            "opening-file-too-large",
            None,
            422,
            "期初餘額檔超過 {limit} 列或位元組",
            "The opening balances exceed {limit} rows or bytes",
            "請分成數個檔案，各給批次名稱。",
            "Split the file and give each its batch name.",
        ),
        (
            READER_FAILED,
            "reader-failed",
            None,
            500,
            "讀取程序停止：{reason}",
            "The reader stopped: {reason}",
            "請查看日誌檔與 yunhai books check。",
            "See the log and yunhai books check.",
        ),
    )
)
