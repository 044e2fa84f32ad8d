"""The Chinese of every reason a journal error gives: the native module's and this package's, word for word.

Reasons are said in English where they arise; `chinese` turns them. A reason that is not here stays as it is, and a test
holds this table against the native sources.
"""

import errno
import os
import re
from typing import Final

_EXACT: Final = {
    # native/journal/cursor.cpp
    "no segment file": "資料夾內沒有區段檔",
    "too many segments": "區段過多",
    "header damaged": "標頭損壞",
    "header does not fit the file": "標頭與檔名不符",
    "segment of another journal": "屬於另一日誌的區段",
    "of another version of the format": "格式版本不同",
    "records before this segment are missing": "此區段之前的紀錄缺失",
    "previous chain hash differs": "前一雜湊值不符",
    "vanished": "讀取途中消失",
    "group header damaged": "批次標頭損壞",
    "a group from elsewhere stands here": "此處是別處的批次",
    "record damaged": "紀錄內容損壞",
    "the header counts other records": "標頭所載筆數不符",
    "bytes after the group's last record": "批次最後一筆之後另有資料",
    # native/journal/tail.cpp
    "no sector is missing, yet the group is wrong": "磁區完整而批次有誤",
    "bytes after the last record": "最後一筆之後另有資料",
    "bytes after a torn group": "殘缺批次之後另有資料",
    "a later group is valid": "其後仍有完好的批次",
    "later records are valid": "其後仍有完好的紀錄",
    "the file changes while it is read": "讀取途中檔案有變動",
    # native/journal/log.cpp and writer.cpp
    "segment size must be a multiple of 4096 between 4096 and 4 GiB": "區段大小須為 4096 的倍數，介於 4096 位元組與 4 GiB",
    "the file is shorter than it was made; no crash does that": "檔案短於建立時的長度，當機不會如此",
    "records must be a positive number of 64-byte slots": "紀錄須為正整數個 64 位元組",
    "too many records at once": "一次送入的紀錄過多",
    "kind 0, or a fact whose length does not fit": "種類為 0，或事實的長度不符",
    "a fact larger than a segment holds": "事實大於一個區段所能容納",
    "the journal is closed": "日誌已關閉",
    "call commit: every group is full": "所有批次已滿，須先 commit",
    "nothing with this sequence was submitted": "未曾送入此序號",
    "the journal is closed and does not hold this sequence": "日誌已關閉，且沒有此序號",
    # what was asked of the disk
    "make folder": "建立資料夾",
    "open folder": "開啟資料夾",
    "list": "列出檔案",
    "lock": "鎖定",
    "open": "開啟檔案",
    "create": "建立檔案",
    "remove": "移除檔案",
    "rename": "改檔名",
    "read": "讀取",
    "write": "寫入",
    "write zeros": "預留空間",
    "size": "查檔案長度",
    "sync": "同步至磁碟",
    "sync folder": "同步資料夾",
    # this package
    "no such folder": "沒有這個資料夾",
    "of another journal": "屬於另一日誌",
    "the journal was written anew up to here": "至此為止的日誌已被重寫",
    "a tenant's chain differs": "某租戶的雜湊鏈不符",
    "too large": "檔案過大",
    "too large for a key": "檔案過大，不是金鑰",
    "not a checkpoint file": "不是檢查點檔",
    "the signature is not of this key": "簽章不屬於此公鑰",
    "not a PEM key": "不是 PEM 金鑰",
    "not an Ed25519 key": "不是 Ed25519 金鑰",
    "the checkpoint is of another journal": "檢查點屬於另一日誌",
    "the journal and the checkpoint disagree about this tenant": "日誌與檢查點對此租戶的紀錄不一致",
    "cut short": "檔案被截短",
    "not an export": "不是匯出檔",
    "the file's checksum differs": "檔案檢查碼不符",
    "of another journal than the checkpoint": "與檢查點不屬同一日誌",
    "the tenant's chain does not arrive at the checkpoint's head": "租戶的雜湊鏈與檢查點不符",
    "checksum differs": "檢查碼不符",
    "not a snapshot of this version": "不是此版本的快照",
    "the journal says otherwise": "與日誌所載不符",
    "the engine takes no command": "引擎不接受指令",
    "the engine gives more events": "引擎產生的事件較多",
    "the journal holds more events": "日誌所載的事件較多",
    "an event differs": "事件內容不同",
    "a fact's number, tenant or length is out of range": "事實的編號、租戶或長度超出範圍",
}

_PATTERNS: Final = (
    (re.compile(r"the group of sequence (\d+) stands here"), r"此處是序號 \1 的批次"),
    (re.compile(r"the record of sequence (\d+) stands here"), r"此處是序號 \1 的紀錄"),
    (
        re.compile(r"a record of (\d+)-(\d+) was edited and its checksum made to fit"),
        r"序號 \1-\2 中有紀錄被改寫，且檢查碼一併改過",
    ),
    (re.compile(r"a checkpoint vouches for sequence (\d+)"), r"檢查點證明曾有序號 \1"),
)

_DISK_ERRORS: Final = {
    errno.ENOSPC: "磁碟空間不足",
    errno.EDQUOT: "超過磁碟配額",
    errno.EIO: "輸入輸出錯誤",
    errno.EACCES: "權限不足",
    errno.EPERM: "不允許此操作",
    errno.EROFS: "檔案系統唯讀",
    errno.ENOENT: "沒有此檔案或資料夾",
    errno.ENOTDIR: "不是資料夾",
    errno.EISDIR: "是資料夾",
    errno.EEXIST: "檔案已存在",
    errno.EFBIG: "檔案過大",
    errno.ELOOP: "是符號連結",
    errno.EMFILE: "開啟的檔案過多",
}


def chinese(reason: str) -> str:
    """The reason in Chinese; itself if it is not known."""
    if reason in _EXACT:
        return _EXACT[reason]
    for pattern, text in _PATTERNS:
        if pattern.fullmatch(reason):
            return pattern.sub(text, reason)
    return reason


def disk_error(number: int) -> tuple[str, str]:
    """What the system says about an errno, in English and Chinese."""
    return os.strerror(number), _DISK_ERRORS.get(number, f"系統錯誤 {number}")
