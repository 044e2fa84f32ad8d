"""What a feed folder or an auction file can be refused for: 4101-4119 (a day's report has its own numbers).

A reason is stated once, in English, where it arises; the table below has its Chinese, and a test asks for a row of every
reason that this package writes.
"""

import re
from typing import Final

from yunhai.kernel.errors import YunhaiError, register, rows

register(
    *rows(
        (
            4101,
            "feed-not-found",
            None,
            422,
            "找不到逐筆資料：{path}（{reason}）",
            "No feed at {path}: {reason}",
            "請給含 orders、trades、snapshots 三檔（.csv 或 .csv.gz）的資料夾。",
            "Give a folder that holds orders, trades and snapshots as .csv or .csv.gz.",
        ),
        (
            4102,
            "feed-unreadable",
            None,
            422,
            "{path} 無法讀取：{reason}",
            "{path} cannot be read: {reason}",
            "請確認檔案完整、為 UTF-8 或以 gzip 壓縮。",
            "Check that the file is whole, UTF-8, and gzip where its name says so.",
        ),
        (
            4103,
            "feed-column-missing",
            None,
            422,
            "{path} 第 1 列缺少欄位 {columns}",
            "{path} row 1 lacks the columns {columns}",
            "請補上欄位；欄名見 docs/guides/replay.md。",
            "Add the columns; their names are in docs/guides/replay.md.",
        ),
        (
            4104,
            "feed-bad-row",
            None,
            422,
            "{path} 第 {row} 列：{reason}",
            "{path} row {row}: {reason}",
            "請修正該列；整個資料夾未被採用。",
            "Correct the row; nothing of the folder was used.",
        ),
        (
            4105,
            "feed-too-large",
            None,
            422,
            "{path} 超過上限：{limit}",
            "{path} is over the limit: {limit}",
            "請拆成數個資料夾依序重播。",
            "Split it into folders and replay them in sequence.",
        ),
        (
            4106,
            "pack-not-replayable",
            None,
            422,
            "規則包 {pack} 不能用於逐筆重播：{reason}",
            "Pack {pack} cannot replay a feed: {reason}",
            "請改用只有集合競價與連續交易的規則包，例如 sse-2023。",
            "Use a pack of call auctions and continuous trading only, such as sse-2023.",
        ),
        (
            4111,
            "auction-file-unreadable",
            None,
            422,
            "{path} 不是競價檔：{reason}",
            "{path} is not an auction file: {reason}",
            "格式見 docs/guides/replay.md。",
            "The shape is in docs/guides/replay.md.",
        ),
        (
            4112,
            "auction-bad-row",
            None,
            422,
            "{path} 第 {row} 筆委託：{reason}",
            "{path} event {row}: {reason}",
            "請修正該筆；整個檔案未被採用。",
            "Correct the event; nothing of the file was used.",
        ),
        (
            4113,
            "auction-pack-mismatch",
            None,
            422,
            "{path} 與規則包 {pack} 不符：{reason}",
            "{path} does not fit pack {pack}: {reason}",
            "請以 --pack 指定該市場的規則包。",
            "Name that market's pack with --pack.",
        ),
    )
)

_TABLE: Final = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"not a folder", "不是資料夾"),
        (r"not a file", "不是檔案"),
        (r"one (\S+)\*\.csv or \S+ is needed, found none", r"須恰有一個 \1*.csv 或 \1*.csv.gz，未找到"),
        (r"one (\S+)\*\.csv or \S+ is needed, found (.+)", r"須恰有一個 \1*.csv 或 \1*.csv.gz，找到 \2"),
        (r"not UTF-8 at byte (\d+)", r"第 \1 位元組起不是 UTF-8"),
        (r"not UTF-8", "不是 UTF-8"),
        (r"cannot be unpacked or read: (.+)", r"無法解壓縮或讀取（\1）"),
        (r"cannot be read: (.+)", r"無法讀取（\1）"),
        (r"not CSV: (.+)", r"不是 CSV（\1）"),
        (r"not JSON: line (\d+) column (\d+): (.+)", r"第 \1 行第 \2 字起不是 JSON（\3）"),
        (r"not JSON: (.+)", r"不是 JSON（\1）"),
        (r"the key (\S+) stands twice in one object", r"同一物件中 \1 出現兩次"),
        (r"a column is named twice", "有欄名重複"),
        (r"(\d+) fields, the heading has (\d+)", r"有 \1 欄，標題列有 \2 欄"),
        (r"(\d+) fields, not (\d+)", r"有 \1 欄，應為 \2 欄"),
        (r"(\d+) fields are no whole levels", r"\1 欄不成整檔"),
        (r"(\d+) messages but (\d+) books", r"訊息 \1 筆，委託簿 \2 筆"),
        (r"(\S+) (\S+) does not follow (\S+)", r"\1 \2 未接續 \3"),
        (r"(\S+) (.+) is not a whole number of shares", r"\1 \2 不是整股數"),
        (r"(\S+) (.+) is not a whole number", r"\1 \2 不是整數"),
        (r"a field is not a whole number", "有欄位不是整數"),
        (r"(\S+) (\S+) is outside (\S+)", r"\1 \2 不在 \3 之內"),
        (r"(\S+) (\S+) is none of (.+)", r"\1 \2 不是 \3 之一"),
        (r"(\S+) (\S+) is not a time of day", r"\1 \2 不是時刻"),
        (r"(\S+) is not a number of seconds after midnight", r"\1 不是午夜起之秒數"),
        (r"(\S+) (\S+) is finer than 1/10,000", r"\1 \2 小於萬分之一"),
        (r"PrevClosePx differs from the rows before", "PrevClosePx 與前列不同"),
        (r"no snapshot, so no previous close", "沒有快照，故無前收盤價"),
        (r"BizIndex (\d+) is an order's too", r"BizIndex \1 已為委託所用"),
        (r"earlier than the row before", "早於前一列"),
        (r"type (\S+), direction (\S+): not a message of a continuous book", r"類別 \1、方向 \2：不是逐筆委託簿的訊息"),
        (r"order (\S+), size (\S+), price (\S+) is out of bounds", r"委託 \1、數量 \2、價格 \3 超出範圍"),
        (r"a level is out of bounds", "有檔位超出範圍"),
        (r"the levels are not in order", "檔位未依序"),
        (r"it interrupts continuous trading", "該規則包有盤中瞬間價格穩定措施"),
        (r"it matches periodically", "該規則包採分盤撮合"),
        (r"(.+) is not a security's code", r"\1 不是證券代號"),
        (r"date (.+) is not a date", r"日期 \1 有誤"),
        (r"expected: (\S+) is not a number of shares", r"expected：\1 不是股數"),
        (r"(\S+) (\S+) is not a number of shares", r"\1 \2 不是股數"),
        (r"(.+) (\S+) is not a price", r"\1 \2 不是價格"),
        (r"order_no (\S+) is outside (\S+)", r"order_no \1 不在 \2 之內"),
        (r"a cancel of (\d+), but the order is of (\d+)", r"取消 \1 股，但該委託為 \2 股"),
        (r"a cancel of the other side", "取消之買賣別與委託不同"),
        (r"tick (\S+) in the file, (\S+) in the pack", r"檔案之升降單位為 \1，規則包為 \2"),
        (r"the field (\S+) is missing", r"缺少欄位 \1"),
        (r"a text holds half a letter", "文字含不成字的半個代理碼"),
        (r"(\S+): unknown word (.+)", r"\1 不認得 \2"),
        (r"a field is wrong: (.+)", r"欄位有誤（\1）"),
    )
)


_WANTED: Final = re.compile(r"(\S+): (\S+) is wanted, not (\S+)")
_KINDS: Final = {
    "text": "文字",
    "number": "數字",
    "whole-number": "整數",
    "list": "陣列",
    "object": "物件",
    "nothing": "空值",
    "bool": "真假值",
}


def in_chinese(reason: str) -> str:
    """The reason in Chinese; itself if the table has no row for it."""
    if wanted := _WANTED.fullmatch(reason):
        kinds = [_KINDS.get(word, word) for word in wanted.groups()[1:]]
        return f"{'該筆' if wanted[1] == 'it' else wanted[1]} 須為{kinds[0]}，不是{kinds[1]}"
    for pattern, chinese in _TABLE:
        found = pattern.fullmatch(reason)
        if found:
            return found.expand(chinese)
    return reason


def refusal(code: int, *, reason: str, **details: object) -> YunhaiError:
    """The error of a number, its reason in both languages."""
    return YunhaiError(code, **details, reason=reason, reason_zh=in_chinese(reason))
