"""Why a rule pack is refused, in Chinese.

The checks state a reason once, in English, where it arises; this table has its Chinese. A reason without a row is shown
as it is; a test asks for a row of every reason that this package writes.
"""

import re
from typing import Final

from yunhai.kernel.errors import YunhaiError

_TABLE: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"it ends before it begins", "結束早於開始"),
        (r"it begins before the span before it ends", "開始早於前一時段結束"),
        (r"it begins after the pack does", "晚於規則檔生效日"),
        (r"it is before the start", "早於開始"),
        (r"it is before opening_until", "早於 opening_until"),
        (r"it is not within the continuous span", "不在逐筆時段內"),
        (r"(?:it is )?outside the span", "不在該時段內"),
        (r"it is outside the segment's day", "不在該市場時間內"),
        (r"before the segment begins", "早於該市場開始"),
        (r"dates do not ascend", "日期未遞增"),
        (r"steps do not ascend", "級距未遞增"),
        (r"ticks do not ascend", "檔位未遞增"),
        (r"the first step begins at 0", "第一級須自 0 起"),
        (r"the edge is not on the grids that meet there", "級距界線不在相鄰兩級的檔位上"),
        (r"a tick is above 0", "檔位須大於 0"),
        (r"above 0", "須大於 0"),
        (r"above 0 % and below 100 %", "須大於 0% 且小於 100%"),
        (r"at most (\S+)( %)?", r"至多 \1\2"),
        (r"(\d+) to (\d+)", r"須為 \1 至 \2"),
        (r"more than (\d+) elements", r"超過 \1 個元素"),
        (r"(.+) stands twice", r"\1 重複"),
        (r"(.+) is taxed twice on a day", r"\1 同日課稅兩次"),
        (r"only one of ticks and limits has (.+)", r"升降單位與漲跌幅只有一處有 \1"),
        (r"there are no ticks for (.+)", r"沒有 \1 的升降單位"),
        (r"the rule is (.+)", r"規則為 \1"),
        (r"a setting is named for it too", "又指明由設定決定"),
        (r"it is not longer", "並未較長"),
        (r"above the head office's", "高於總公司"),
        (r"state either it or a setting", "須寫明數值或設定之一"),
        (r"the row is for day trades", "此列僅用於當沖"),
        (r"the match is (.+)", r"撮合方式為 \1"),
        (r"the phase is (.+)", r"時段為 \1"),
        (r"no tick table", "沒有升降單位表"),
        (r"no step", "沒有級距"),
        (r"no kind", "沒有種類"),
        (r"no span", "沒有時段"),
        (r"no order could be entered", "無任何委託可輸入"),
        (r"not a multiple of the lot", "非交易單位之倍數"),
        (r"not shorter than the delay", "不短於暫緩時間"),
        (r"only an auction at the end can be delayed", "僅時段終了之集合競價可暫緩"),
        (r"the test needs trial matches", "測試須有試撮"),
        (r"trials are of call auctions", "試撮僅用於集合競價"),
        (r"state both or neither", "兩者須同時有或同時無"),
        (r"there is no board segment", "沒有整股市場"),
        (r"there is no continuous span", "沒有逐筆時段"),
        (r"there is no based_on", "沒有 based_on"),
        (r"the pack has no (.+)", r"規則檔沒有 \1"),
        (r"the base has no (.+)", r"所依據者沒有 \1"),
        (r"it also states a number of lots", "又寫明張數"),
        (r"lower-case letters, digits, points and hyphens only", "僅限小寫字母、數字、點與連字號"),
        (r"the number is out of bounds", "數字超出範圍"),
        (r"one of (.+) is wanted", r"須為下列之一：\1"),
        (r"a date from (\S+) to (\S+) is wanted", r"須為 \1 至 \2 之日期"),
        (r"1 to (\d+) printable characters are wanted", r"須為 1 至 \1 個可顯示字元"),
        (r"an array of strings is wanted", "須為文字陣列"),
        (r"an array is wanted", "須為陣列"),
        (r"a table of tables is wanted", "須為表格之表格"),
        (r"a table is wanted", "須為表格"),
        (r"a string is wanted", "須為文字"),
        (r"a whole number is wanted", "須為整數"),
        (r"true or false is wanted", "須為 true 或 false"),
        (r"a date such as (\S+) is wanted", r"須為日期，例如 \1"),
        (r"a local time such as (\S+) is wanted", r"須為時間，例如 \1"),
        (r"(?:a price|an amount|a percentage) such as (\S+) is wanted, as a string", r"須為文字，例如 \1"),
        (r"Not a plain decimal number: (.*)", r"不是數字：\1"),
        (r"More decimals than the scale holds: (.*)", r"小數位數過多：\1"),
        (r"The number is out of bounds: (.*)", r"數值超出範圍：\1"),
    )
)


_SYNTAX: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"Expected '=' after a key in a key/value pair", "鍵之後須為 ="),
        (r"Expected newline or end of document after a statement", "一行只能有一個敘述"),
        (r"Expected '(\]+)' at the end of (?:a|an) (?:table|array) declaration", r"表格名稱須以 \1 結束"),
        (r"Cannot overwrite a value", "同一鍵給值兩次"),
        (
            r"Cannot (?:declare|redefine namespace|mutate immutable namespace) (.+?)(?: twice)?",
            r"表格 \1 重複或不得再改",
        ),
        (r"Duplicate inline table key (.+)", r"鍵 \1 重複"),
        (r"Invalid statement", "不是敘述"),
        (r"Invalid initial character for a key part", "鍵的首字不合法"),
        (r"Invalid (?:value|hex value)", "值不合法"),
        (r"Invalid date or datetime", "日期或時間不合法"),
        (r"Unclosed (?:array|inline table)", "括號未關閉"),
        (r"Unterminated string|Expected .*[\"'].*", "字串未結束"),
        (r"(?:Found invalid|Illegal) character (.+)", r"不合法的字元 \1"),
        (r"Un(?:escaped|balanced).*|Escaped character.*", "字串內容不合法"),
    )
)
"""TOML's own syntax messages, without the place that follows them."""


def syntax_in_chinese(reason: str) -> str:
    """A TOML message in Chinese; the line stands beside it."""
    said = re.sub(r" \(at (?:line .*|end of document)\)$", "", reason)
    for pattern, chinese in _SYNTAX:
        found = pattern.fullmatch(said)
        if found:
            return found.expand(chinese)
    return "不合 TOML 語法"


def in_chinese(reason: str) -> str:
    """The reason in Chinese; itself if the table has no row for it."""
    for pattern, chinese in _TABLE:
        found = pattern.fullmatch(reason)
        if found:
            return found.expand(chinese) if found.groups() else chinese
    return reason


def refusal(code: int, *, line: int, key: str, reason: str) -> YunhaiError:
    """The error of a key of a pack, its reason in both languages."""
    return YunhaiError(code, line=line, key=key, reason=reason, reason_zh=in_chinese(reason))
