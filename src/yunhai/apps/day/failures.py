"""The numbers 40xx: why a day is refused, whole or by row.

A file with one bad row is refused whole: a day of which some rows were left out would balance by luck only. Every bad
row is found before the file is refused, so that one look is enough.
"""

from dataclasses import dataclass
from typing import Final

from yunhai.kernel.errors import Language, YunhaiError, entry_of, register, rows

FILE_UNREADABLE: Final = 4001
COLUMN_MISSING: Final = 4002
WRONG_ENCODING: Final = 4003
REPORT_EMPTY: Final = 4004
ROWS_REFUSED: Final = 4005
GARBLED: Final = 4006
BARS_UNREADABLE: Final = 4007
TOO_MUCH: Final = 4008
FIELD_COUNT: Final = 4011
NOT_A_NUMBER: Final = 4012
NEGATIVE: Final = 4013
TOO_LARGE: Final = 4014
BAD_DATE: Final = 4015
DATES_MIXED: Final = 4016
BAD_SECURITY: Final = 4017
BAD_BRANCH: Final = 4018
BRANCH_RENAMED: Final = 4019
ROW_REPEATED: Final = 4020
NOTHING_TRADED: Final = 4021
UNKNOWN_SECURITY: Final = 4022
OFF_TICK: Final = 4023
OUTSIDE_LIMITS: Final = 4024
PRICE_ZERO: Final = 4025
TOO_FINE: Final = 4026
CANNOT_PLAN: Final = 4031
BAD_REFERENCE: Final = 4032
ORDER_REFUSED: Final = 4033
NOT_VERIFIED: Final = 4034
JOURNAL_NOT_EMPTY: Final = 4035
PACK_UNFIT: Final = 4036
TARGET_UNUSABLE: Final = 4037

ROWS_TOLD: Final = 1_000
"""Bad rows told one by one; the rest is counted."""

_REPAIR = ("改正該列後再試", "Correct the row and try again")

register(
    *rows(
        (
            FILE_UNREADABLE,
            "day-file-unreadable",
            None,
            422,
            "讀不到檔案 {path}：{reason}",
            "The file cannot be read: {path}: {reason}",
            "請指定分點進出檔（.csv 或 .csv.gz）",
            "Name a broker-branch report (.csv or .csv.gz)",
        ),
        (
            COLUMN_MISSING,
            "day-column-missing",
            None,
            422,
            "第 1 列（欄名）不符：{columns}",
            "Row 1 (the column names) is not as wanted: {columns}",
            "欄名須為 date,stock,seq,broker_branch,price,buy_shares,sell_shares",
            "The columns are date,stock,seq,broker_branch,price,buy_shares,sell_shares",
        ),
        (
            WRONG_ENCODING,
            "day-wrong-encoding",
            None,
            422,
            "第 {row} 列既非 UTF-8 也非 CP950（Big5）",
            "Row {row} is neither UTF-8 nor CP950 (Big5)",
            "請存成 UTF-8 或 CP950",
            "Save the file as UTF-8 or CP950",
        ),
        (
            REPORT_EMPTY,
            "day-report-empty",
            None,
            422,
            "檔案沒有任何成交列",
            "The file holds no row",
            "請換一個檔案",
            "Choose another file",
        ),
        (
            ROWS_REFUSED,
            "day-rows-refused",
            None,
            422,
            "拒絕整個檔案：{count} 列有誤，第一個是第 {row} 列：{reason}",
            "The file is refused: {count} bad row(s), the first is row {row}: {reason}",
            "改正列出的各列後再試",
            "Correct the rows listed and try again",
        ),
        (
            GARBLED,
            "day-names-garbled",
            None,
            422,
            "以 CP950（Big5）讀出的券商名稱不成名稱（第一個：{name}），疑為其他編碼",
            "Read as CP950 (Big5) the branches have no sensible names (the first: {name}): another encoding, it seems",
            "請存成 UTF-8 或 CP950",
            "Save the file as UTF-8 or CP950",
        ),
        (
            BARS_UNREADABLE,
            "day-bars-unreadable",
            None,
            422,
            "日線檔不可用：{path}：{reason}",
            "The daily bars cannot be used: {path}: {reason}",
            "日線檔欄名須為 stock_code,trade_date,open,high,low,close,volume（.csv 或 .csv.gz）",
            "Daily bars have the columns stock_code,trade_date,open,high,low,close,volume (.csv or .csv.gz)",
        ),
        (
            TOO_MUCH,
            "day-file-too-large",
            None,
            422,
            "檔案超過上限：{reason}",
            "The file has more than {reason}",
            "請拆成較小的檔案",
            "Split the file",
        ),
        (FIELD_COUNT, "row-field-count", None, 422, "欄數不符", "wrong number of fields", *_REPAIR),
        (NOT_A_NUMBER, "row-not-a-number", None, 422, "不是數字", "not a number", *_REPAIR),
        (NEGATIVE, "row-negative", None, 422, "負數", "negative", *_REPAIR),
        (TOO_LARGE, "row-too-large", None, 422, "數字過大", "the number is too large", *_REPAIR),
        (BAD_DATE, "row-bad-date", None, 422, "日期格式不符", "not a date (YYYYMMDD)", *_REPAIR),
        (DATES_MIXED, "row-dates-mixed", None, 422, "與第一列日期不同", "another date than the first row's", *_REPAIR),
        (BAD_SECURITY, "row-bad-security", None, 422, "證券代號格式不符", "not a security code", *_REPAIR),
        (BAD_BRANCH, "row-bad-branch", None, 422, "券商分點格式不符", "not a branch code and name", *_REPAIR),
        (BRANCH_RENAMED, "row-branch-renamed", None, 422, "同代號分點名稱不一", "branch code with two names", *_REPAIR),
        (ROW_REPEATED, "row-repeated", None, 422, "同券商同價重複", "security, branch and price repeated", *_REPAIR),
        (NOTHING_TRADED, "row-nothing-traded", None, 422, "買賣皆為零", "neither bought nor sold", *_REPAIR),
        (UNKNOWN_SECURITY, "row-unknown-security", None, 422, "查無此證券代號", "unknown security code", *_REPAIR),
        (OFF_TICK, "row-off-tick", None, 422, "價格不在升降單位上", "price off tick", *_REPAIR),
        (PRICE_ZERO, "row-price-zero", None, 422, "價格為零", "the price is zero", *_REPAIR),
        (TOO_FINE, "row-price-too-fine", None, 422, "小數超過四位", "more than four decimals", *_REPAIR),
        (OUTSIDE_LIMITS, "row-outside-limits", None, 422, "價格超出漲跌停", "price outside the daily limits", *_REPAIR),
        (
            CANNOT_PLAN,
            "day-cannot-plan",
            None,
            422,
            "無法排入一個交易日：{reason}",
            "These trades do not fit into one trading day: {reason}",
            "減少列數或價格數",
            "Use fewer rows or fewer prices",
        ),
        (
            BAD_REFERENCE,
            "day-bad-reference",
            None,
            422,
            "參考價不可用：{reason}",
            "The reference price cannot be used: {reason}",
            "格式：--reference 2330=1000.0",
            "Write --reference 2330=1000.0",
        ),
        (
            ORDER_REFUSED,
            "day-order-refused",
            None,
            500,
            "交易所拒絕了排定的委託 {order}：{reason}",
            "The venue refused the planned order {order}: {reason}",
            "這是程式錯誤，請回報",
            "This is a mistake in the program: please report it",
        ),
        (
            NOT_VERIFIED,
            "day-journal-not-verified",
            None,
            500,
            "日誌查驗不符：{reason}",
            "The journal does not verify: {reason}",
            "請以 yunhai journal verify 檢查",
            "Look with yunhai journal verify",
        ),
        (
            JOURNAL_NOT_EMPTY,
            "day-journal-not-empty",
            None,
            409,
            "日誌資料夾不是空的：{path}",
            "The folder for the journal is not empty: {path}",
            "請指定新的或空的資料夾",
            "Name a new or an empty folder",
        ),
        (
            PACK_UNFIT,
            "day-pack-unfit",
            None,
            422,
            "規則檔 {pack} 無法用來重現一日：{reason}",
            "The rule pack {pack} cannot carry a day: {reason}",
            "請改用有開盤與收盤集合競價、逐筆交易與盤中零股的規則檔",
            "Use a pack with an opening and a closing auction, continuous trading and odd-lot auctions",
        ),
        (
            TARGET_UNUSABLE,
            "day-target-unusable",
            None,
            422,
            "無法寫到 {path}：{reason}",
            "Cannot write to {path}: {reason}",
            "請指定其他檔案或資料夾",
            "Name another file or folder",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One bad row: its line in the file (the column names are line 1), the number of its reason, and what it said."""

    row: int
    code: int
    field: str
    value: str

    def reason(self, language: Language) -> str:
        """Why, and what the row said; what cannot be printed is shown by its number."""
        entry = entry_of(self.code)
        said = f"{self.field}={self.value!r}"
        return f"{entry.zh}（{said}）" if language == "zh" else f"{entry.en} ({said})"


class RowsRefusedError(YunhaiError):
    """4005 with the bad rows in the order of the file: the first `ROWS_TOLD` of `count`."""

    def __init__(self, refused: tuple[RefusedRow, ...], *, count: int) -> None:
        first = refused[0]
        super().__init__(
            ROWS_REFUSED, count=count, row=first.row, reason=first.reason("en"), reason_zh=first.reason("zh")
        )
        self.refused = refused
        self.count = count

    def as_json(self) -> dict[str, object]:
        """As any error, with its rows."""
        told = [
            {
                "row": one.row,
                "code": one.code,
                "field": one.field,
                "value": one.value,
                "reason": entry_of(one.code).en,
                "reason_zh": entry_of(one.code).zh,
            }
            for one in self.refused
        ]
        return {**super().as_json(), "rows": told}

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.refused, self.count)


def _again(refused: tuple[RefusedRow, ...], count: int) -> RowsRefusedError:
    return RowsRefusedError(refused, count=count)
