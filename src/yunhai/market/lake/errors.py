"""What history refuses: 7450-7459 questions and the lake itself, 7460-7479 rows of imported files.

A row's number stands in its import's report, beside the line and its text; `MARKS` are rows that were imported with a mark,
`NOTES` rows that are no fault of the file's.
"""

from typing import Final

from yunhai.kernel.errors import register, rows

FILE_MISSING: Final = 7450
FILE_DIFFERS: Final = 7451
LAKE_BUSY: Final = 7452
MANIFEST_UNREADABLE: Final = 7453
LAYOUT_UNKNOWN: Final = 7454
SOURCE_UNREADABLE: Final = 7455
QUESTION_WRONG: Final = 7456
SCREEN_WRONG: Final = 7457
TICKS_BACKWARDS: Final = 7458
MAPPING_WRONG: Final = 7459

ROW_FIELDS: Final = 7460
ROW_CODE: Final = 7461
ROW_DATE: Final = 7462
ROW_NUMBER: Final = 7463
ROW_PRICE: Final = 7464
ROW_VOLUME: Final = 7465
ROW_OHLC: Final = 7466
ROW_SHUT: Final = 7467
ROW_REPEATED: Final = 7468
ROW_CONTRADICTS: Final = 7469
ROW_MOVE: Final = 7470
ROW_BALANCE: Final = 7471
ROW_LENGTH: Final = 7472
ROW_INCOMPLETE: Final = 7473
ROW_UNTRADED: Final = 7474
ROW_TOTALS: Final = 7475
ROW_CORRECTION: Final = 7476
ROW_KNOWN: Final = 7477

MARKS: Final = (ROW_MOVE, ROW_TOTALS, ROW_CORRECTION)
NOTES: Final = (ROW_UNTRADED, ROW_KNOWN)

_ROW_ZH: Final = "請看匯入報告中該列的內容；更正來源檔後重新匯入。"
_ROW_EN: Final = "See the row in the import's report; correct the source and import it again."

register(
    *rows(
        (
            FILE_MISSING,
            "lake-file-missing",
            None,
            500,
            "資料湖缺檔：{path}",
            "A file of the lake is missing: {path}",
            "由備份取回，或重新匯入其來源。",
            "Take it from a backup, or import its source again.",
        ),
        (
            FILE_DIFFERS,
            "lake-file-differs",
            None,
            500,
            "資料湖檔案的雜湊不符：{path}",
            "A file of the lake has another hash: {path}",
            "檔案遭更動或毀損：由備份取回，或重新匯入其來源。",
            "It was changed or damaged: take it from a backup, or import its source again.",
        ),
        (
            LAKE_BUSY,
            "lake-busy",
            None,
            409,
            "另一個程序正在寫入資料湖：{path}",
            "Another process is writing the lake: {path}",
            "等它結束後再試。",
            "Try again when it has finished.",
        ),
        (
            MANIFEST_UNREADABLE,
            "lake-manifest-unreadable",
            None,
            500,
            "資料湖目錄檔無法讀取：{reason}",
            "The lake's manifest cannot be read: {reason}",
            "由備份取回 manifest.json。",
            "Take manifest.json from a backup.",
        ),
        (
            LAYOUT_UNKNOWN,
            "history-layout-unknown",
            None,
            422,
            "不認得檔案格式：{path}（已知 {known}）",
            "The file's layout is not known: {path} (known: {known})",
            "以 --layout 指定格式，或以 --columns 指定 CSV 欄位。",
            "Name the layout by --layout, or a CSV's columns by --columns.",
        ),
        (
            SOURCE_UNREADABLE,
            "history-source-unreadable",
            None,
            422,
            "來源檔無法讀取：{path}：{reason}",
            "The source cannot be read: {path}: {reason}",
            "請檢查檔案是否完整、編碼與大小。",
            "Check that it is whole, its encoding and its size.",
        ),
        (
            QUESTION_WRONG,
            "history-question-wrong",
            None,
            422,
            "歷史資料的查詢有誤：{reason}",
            "The question about history is wrong: {reason}",
            "請看 docs/guides/history.md。",
            "See docs/guides/history.md.",
        ),
        (
            SCREEN_WRONG,
            "screen-wrong",
            None,
            422,
            "選股條件有誤（第 {at} 字）：{reason}",
            "The screen is wrong at character {at}: {reason}",
            "請看 docs/guides/history.md 的條件寫法。",
            "See how conditions are written in docs/guides/history.md.",
        ),
        (
            TICKS_BACKWARDS,
            "ticks-backwards",
            None,
            422,
            "同一標的之成交時間倒退",
            "Trades of a security go back in time",
            "請先依時間排序。",
            "Sort them by time first.",
        ),
        (
            MAPPING_WRONG,
            "history-mapping-wrong",
            None,
            422,
            "欄位對應有誤：{reason}",
            "The column mapping is wrong: {reason}",
            "請看 docs/guides/history.md 的欄位對應。",
            "See the mapping of columns in docs/guides/history.md.",
        ),
        (ROW_FIELDS, "history-row-field-count", None, 422, "欄位數不符", "Another number of fields", _ROW_ZH, _ROW_EN),
        (ROW_CODE, "history-row-code", None, 422, "證券代號不合格式", "No security's code", _ROW_ZH, _ROW_EN),
        (ROW_DATE, "history-row-date", None, 422, "日期或時間不合格式", "No date or time", _ROW_ZH, _ROW_EN),
        (
            ROW_NUMBER,
            "history-row-number",
            None,
            422,
            "不是數字、位數過多或過大",
            "No number, too fine or too large",
            _ROW_ZH,
            _ROW_EN,
        ),
        (ROW_PRICE, "history-row-price", None, 422, "價格須大於 0", "A price is not above 0", _ROW_ZH, _ROW_EN),
        (ROW_VOLUME, "history-row-volume", None, 422, "數量為負", "A quantity is negative", _ROW_ZH, _ROW_EN),
        (
            ROW_OHLC,
            "history-row-ohlc",
            None,
            422,
            "開高低收矛盾（低 ≤ 開、收 ≤ 高不成立）",
            "Open, high, low and close contradict each other",
            _ROW_ZH,
            _ROW_EN,
        ),
        (ROW_SHUT, "history-row-market-shut", None, 422, "該日休市", "The market was shut that day", _ROW_ZH, _ROW_EN),
        (ROW_REPEATED, "history-row-repeated", None, 422, "與前列重複", "The same row again", _ROW_ZH, _ROW_EN),
        (
            ROW_CONTRADICTS,
            "history-row-contradicts",
            None,
            422,
            "與前列同鍵而值不同，取前列",
            "Same key as an earlier row, other values; the earlier one is kept",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_MOVE,
            "history-row-move",
            None,
            422,
            "漲跌逾限且無除權息事件：已匯入並加註",
            "A move beyond the limit without an ex-right event: imported with a mark",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_BALANCE,
            "history-row-balance",
            None,
            422,
            "餘額或合計不平：前日＋增－減≠今日",
            "Balances or totals do not roll forward",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_LENGTH,
            "history-row-length",
            None,
            422,
            "固定長度檔之列長不符",
            "Another length than the fixed layout's",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_INCOMPLETE,
            "history-row-incomplete",
            None,
            422,
            "應有之數字空白",
            "A number that must be there is blank",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_UNTRADED,
            "history-row-untraded",
            None,
            422,
            "當日無成交：無 K 線",
            "No trade that day: no bar",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_TOTALS,
            "history-row-totals",
            None,
            422,
            "該證券買進合計與賣出合計不等：已匯入並加註",
            "Bought and sold of the security differ in all: imported with a mark",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_CORRECTION,
            "history-row-correction",
            None,
            422,
            "與資料湖既有值不同：以更正列匯入",
            "Differs from what the lake holds: imported as a correction",
            _ROW_ZH,
            _ROW_EN,
        ),
        (
            ROW_KNOWN,
            "history-row-known",
            None,
            422,
            "資料湖已有相同之列",
            "The lake has the same row already",
            _ROW_ZH,
            _ROW_EN,
        ),
    )
)
