"""The data catalogue's rows of the error catalogue (7590-7593)."""

from typing import Final

from yunhai.kernel.errors import register, rows

DATASET_UNKNOWN: Final = 7590
IMPORT_UNKNOWN: Final = 7591
QUESTION_WRONG: Final = 7592
ROWS_TOO_MANY: Final = 7593

register(
    *rows(
        (
            DATASET_UNKNOWN,
            "dataset-unknown",
            None,
            404,
            "沒有這個資料集：{name}",
            "There is no such dataset: {name}",
            "資料集名稱見 /api/v1/data/datasets。",
            "The datasets are listed at /api/v1/data/datasets.",
        ),
        (
            IMPORT_UNKNOWN,
            "import-unknown",
            None,
            404,
            "沒有這次匯入：{number}",
            "There is no import of number {number}",
            "匯入編號見 /api/v1/data/imports。",
            "Imports are listed with their numbers at /api/v1/data/imports.",
        ),
        (
            QUESTION_WRONG,
            "data-question-wrong",
            None,
            422,
            "查詢有誤：{reason}",
            "The question is wrong: {reason}",
            "代號為 1 至 24 個英數字；日期寫成 2026-08-21；退回原因為匯入報告所列的編號。",
            "A code has 1 to 24 letters and digits, a date is 2026-08-21, a reason is a number that the import's report has.",
        ),
        (
            ROWS_TOO_MANY,
            "data-rows-too-many",
            None,
            422,
            "超過一個檔案可下載的 {most} 列",
            "More than the {most} rows that one file may hold",
            "請縮短日期範圍，分次下載。",
            "Ask for fewer days, and take the rest in further files.",
        ),
    )
)
