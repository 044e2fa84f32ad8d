"""The journal's rows of the error catalogue (3xxx) and the bridge from the native module's faults to them."""

import os
from typing import Final, NoReturn

from yunhai.kernel.errors import YunhaiError, register, rows
from yunhai.native._journal import Fault

LOCKED: Final = 3001
NOT_FOUND: Final = 3002
SEGMENT_HEADER: Final = 3003
DAMAGED_RECORD: Final = 3004
DAMAGED_GROUP: Final = 3005
CHAIN_BROKEN: Final = 3006
SEGMENT_MISSING: Final = 3007
SEGMENT_SHORT: Final = 3008
BAD_RECORDS: Final = 3009
HALTED: Final = 3010
DISK: Final = 3011
TAIL_CUT: Final = 3020
CHECKPOINT_DIFFERS: Final = 3021
CHECKPOINT_INVALID: Final = 3022
CHECKPOINT_INSIDE: Final = 3023
SNAPSHOT_INVALID: Final = 3030
REPLAY_DIFFERS: Final = 3031
EXPORT_INVALID: Final = 3040

_RESTORE = (
    "勿再寫入；請自備份還原，並與檢查點比對。",
    "Write nothing more to it; restore from a copy and compare with a checkpoint.",
)
_DISK = ("請檢查磁碟後重新啟動。", "Check the disk, then start again: opening proves what was kept.")
_CHECKPOINT = ("請改用正確的檢查點與公鑰。", "Use the right checkpoint file and public key.")

register(
    *rows(
        (
            LOCKED,
            "journal-locked",
            None,
            409,
            "另一程式正在寫入此日誌",
            "Another writer holds the journal",
            "請先停止該程式。",
            "Stop the other writer first.",
        ),
        (
            NOT_FOUND,
            "journal-not-found",
            None,
            404,
            "找不到日誌",
            "There is no journal in this folder",
            "請確認資料夾。",
            "Check the folder's name.",
        ),
        (
            SEGMENT_HEADER,
            "segment-header-damaged",
            None,
            500,
            "區段標頭損壞",
            "A segment's header is damaged",
            *_RESTORE,
        ),
        (DAMAGED_RECORD, "record-damaged", None, 500, "紀錄損壞", "A record is damaged or out of place", *_RESTORE),
        (DAMAGED_GROUP, "group-damaged", None, 500, "批次損壞", "A commit group is damaged or out of place", *_RESTORE),
        (CHAIN_BROKEN, "chain-broken", None, 500, "雜湊鏈不符", "The hash chain does not fit", *_RESTORE),
        (SEGMENT_MISSING, "segment-missing", None, 500, "缺少區段", "A segment is missing", *_RESTORE),
        (SEGMENT_SHORT, "segment-short", None, 500, "區段檔案被截短", "A segment file was cut", *_RESTORE),
        (
            BAD_RECORDS,
            "records-refused",
            None,
            422,
            "紀錄格式錯誤",
            "The records are not in the journal's form",
            "請送 64 位元組的紀錄。",
            "Send whole 64-byte records.",
        ),
        (
            HALTED,
            "journal-halted",
            None,
            500,
            "磁碟錯誤，日誌已停止",
            "The disk failed; the journal has halted",
            *_DISK,
        ),
        (DISK, "journal-disk", None, 500, "磁碟錯誤", "The disk refused", *_DISK),
        (TAIL_CUT, "tail-cut", None, 500, "日誌尾端被截去", "The end of the journal was cut off", *_RESTORE),
        (
            CHECKPOINT_DIFFERS,
            "checkpoint-differs",
            None,
            500,
            "日誌與檢查點不符",
            "The journal differs from a signed checkpoint",
            *_RESTORE,
        ),
        (
            CHECKPOINT_INVALID,
            "checkpoint-invalid",
            None,
            422,
            "檢查點無效",
            "The checkpoint is damaged or not signed by this key",
            *_CHECKPOINT,
        ),
        (
            CHECKPOINT_INSIDE,
            "checkpoint-inside-journal",
            None,
            422,
            "檢查點不可放在日誌資料夾內",
            "Checkpoints must be kept outside the journal's folder",
            "請改放其他資料夾，最好是另一台機器。",
            "Choose another folder, best on another machine.",
        ),
        (
            SNAPSHOT_INVALID,
            "snapshot-invalid",
            None,
            422,
            "快照無效",
            "The snapshot is damaged or of another journal",
            "請刪除快照，改由日誌重放。",
            "Delete the snapshot and replay the journal instead.",
        ),
        (
            REPLAY_DIFFERS,
            "replay-differs",
            None,
            500,
            "重放結果與日誌不符",
            "Replaying the commands gives other events than the journal holds",
            "請確認程式版本與商品設定。",
            "Check the program's version and the books' settings.",
        ),
        (
            EXPORT_INVALID,
            "export-invalid",
            None,
            422,
            "匯出檔無效",
            "The export is damaged or does not fit the checkpoint",
            "請重新匯出。",
            "Export it again.",
        ),
    )
)


def error_of(fault: Fault) -> YunhaiError:
    """The catalogue's error for a native fault, with the record's place where there is one."""
    code, number, segment, sequence, offset, detail = fault.args
    details: dict[str, object] = {"reason": detail}
    if segment:
        details |= {"segment": segment, "sequence": sequence, "offset": offset}
    if number:
        details["disk"] = os.strerror(number)
    return YunhaiError(code, **details)


def raise_fault(fault: Fault) -> NoReturn:
    raise error_of(fault) from None
