"""The journal's rows of the error catalogue (3xxx) and the bridge from the native module's faults to them."""

from typing import Final, NoReturn

from yunhai.journal.reasons import chinese, disk_error
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
AFTER_CLOSING: Final = 3013
SEGMENT_LONG: Final = 3014
SEQUENCE_UNKNOWN: Final = 3015
TAIL_CUT: Final = 3020
CHECKPOINT_DIFFERS: Final = 3021
CHECKPOINT_INVALID: Final = 3022
CHECKPOINT_INSIDE: Final = 3023
SNAPSHOT_INVALID: Final = 3030
REPLAY_DIFFERS: Final = 3031
EXPORT_INVALID: Final = 3040

_PLACE_ZH: Final = "：{reason}（區段 {segment}，序號 {sequence}，位元組 {offset}）"
_PLACE_EN: Final = ": {reason} (segment {segment}, sequence {sequence}, byte {offset})"
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
            "找不到日誌：{reason}",
            "There is no journal in this folder: {reason}",
            "請確認資料夾。",
            "Check the folder's name.",
        ),
        (
            SEGMENT_HEADER,
            "segment-header-damaged",
            None,
            500,
            f"區段標頭損壞{_PLACE_ZH}",
            f"A segment's header is damaged{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            DAMAGED_RECORD,
            "record-damaged",
            None,
            500,
            f"紀錄損壞{_PLACE_ZH}",
            f"A record is damaged or out of place{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            DAMAGED_GROUP,
            "group-damaged",
            None,
            500,
            f"批次損壞{_PLACE_ZH}",
            f"A commit group is damaged or out of place{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            CHAIN_BROKEN,
            "chain-broken",
            None,
            500,
            f"雜湊鏈不符{_PLACE_ZH}",
            f"The hash chain does not fit{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            SEGMENT_MISSING,
            "segment-missing",
            None,
            500,
            f"缺少區段{_PLACE_ZH}",
            f"A segment is missing{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            SEGMENT_SHORT,
            "segment-short",
            None,
            500,
            f"區段檔案被截短{_PLACE_ZH}",
            f"A segment file was cut{_PLACE_EN}",
            *_RESTORE,
        ),
        (
            BAD_RECORDS,
            "records-refused",
            None,
            422,
            "紀錄格式錯誤：{reason}",
            "The records are not in the journal's form: {reason}",
            "請送 64 位元組的紀錄。",
            "Send whole 64-byte records.",
        ),
        (
            HALTED,
            "journal-halted",
            None,
            500,
            "磁碟錯誤，日誌已停止：{reason}：{disk}",
            "The disk failed; the journal has halted: {reason}: {disk}",
            *_DISK,
        ),
        (DISK, "journal-disk", None, 500, "磁碟錯誤：{reason}：{disk}", "The disk refused: {reason}: {disk}", *_DISK),
        (
            AFTER_CLOSING,
            "bytes-after-closing",
            None,
            500,
            "關閉標記之後另有資料，不屬於任何紀錄：區段 {segment}，位元組 {offset} 起（最後序號 {sequence}）",
            "Bytes of no record stand after the closing mark: segment {segment}, byte {offset} (last sequence {sequence})",
            *_RESTORE,
        ),
        (
            SEGMENT_LONG,
            "segment-long",
            None,
            500,
            "區段檔案被加長：區段 {segment} 原長 {length} 位元組，今為 {size}",
            "Something was appended to a segment file: {segment} was made {length} bytes long and is {size}",
            *_RESTORE,
        ),
        (
            SEQUENCE_UNKNOWN,
            "sequence-unknown",
            None,
            404,
            "日誌沒有序號 {sequence}，最後一筆是 {last}",
            "The journal holds no sequence {sequence}; the last one is {last}",
            "請改用 1 至最後序號之間的號碼。",
            "Use a number from 1 to the last sequence.",
        ),
        (
            TAIL_CUT,
            "tail-cut",
            None,
            500,
            "日誌尾端被截去：{reason}（序號 {sequence} 起缺失，檢查點批次 {group}）",
            "The end of the journal was cut off: {reason} (missing from sequence {sequence} on, checkpoint of group {group})",
            *_RESTORE,
        ),
        (
            CHECKPOINT_DIFFERS,
            "checkpoint-differs",
            None,
            500,
            "日誌與檢查點不符：{reason}",
            "The journal differs from a signed checkpoint: {reason}",
            *_RESTORE,
        ),
        (
            CHECKPOINT_INVALID,
            "checkpoint-invalid",
            None,
            422,
            "檢查點無效：{reason}",
            "The checkpoint is damaged or not signed by this key: {reason}",
            *_CHECKPOINT,
        ),
        (
            CHECKPOINT_INSIDE,
            "checkpoint-inside-journal",
            None,
            422,
            "檢查點與匯出檔不可放在日誌資料夾內：{folder}",
            "Checkpoints and exports must be kept outside a journal's folder: {folder}",
            "請改放其他資料夾，最好是另一台機器。",
            "Choose another folder, best on another machine.",
        ),
        (
            SNAPSHOT_INVALID,
            "snapshot-invalid",
            None,
            422,
            "快照無效：{reason}",
            "The snapshot is damaged or of another journal: {reason}",
            "請刪除快照，改由日誌重放。",
            "Delete the snapshot and replay the journal instead.",
        ),
        (
            REPLAY_DIFFERS,
            "replay-differs",
            None,
            500,
            "重放結果與日誌不符：{reason}",
            "Replaying the commands gives other events than the journal holds: {reason}",
            "請確認程式版本與商品設定。",
            "Check the program's version and the books' settings.",
        ),
        (
            EXPORT_INVALID,
            "export-invalid",
            None,
            422,
            "匯出檔無效：{reason}",
            "The export is damaged or does not fit the checkpoint: {reason}",
            "請重新匯出。",
            "Export it again.",
        ),
    )
)


def refusal(code: int, reason: str, **details: object) -> YunhaiError:
    """The catalogue's error with its reason in both languages."""
    return YunhaiError(code, reason=reason, reason_zh=chinese(reason), **details)


def error_of(fault: Fault) -> YunhaiError:
    """The catalogue's error for a native fault, with the record's place where there is one."""
    code, number, segment, sequence, offset, detail = fault.args
    if code == LOCKED:
        return YunhaiError(LOCKED)
    details: dict[str, object] = {}
    if segment:
        details |= {"segment": segment, "sequence": sequence, "offset": offset}
    if number:
        details["disk"], details["disk_zh"] = disk_error(number)
    return refusal(code, detail, **details)


def raise_fault(fault: Fault) -> NoReturn:
    raise error_of(fault) from None
