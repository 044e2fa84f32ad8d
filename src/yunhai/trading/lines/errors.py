"""The lines' rows of the error catalogue (6300-6399)."""

from typing import Final

from yunhai.kernel.errors import register, rows

LOGIN_REFUSED: Final = 6300
UNKNOWN_LINE: Final = 6301
WRONG_BROKER: Final = 6302
WRONG_PASSWORD: Final = 6303
LINE_CLOSED: Final = 6304
QUEUE_FULL: Final = 6310
OFFERED_TWICE: Final = 6311
NOT_LOGGED_IN: Final = 6320
SEQUENCE_GAP: Final = 6321
LINE_SILENT: Final = 6322

_CREDENTIALS = (
    "請確認線路編號、證券商代號與密碼三者皆正確。",
    "Check that line number, broker number and password are all right.",
)
_INSIDE = (
    "僅記於日誌；對外一律回覆 6300。請由營運人員核對線路設定。",
    "Kept in the journal only; the answer outside is 6300. Operations compare it with the line's settings.",
)
_AGAIN = ("請重新登入線路。", "Log the line in again.")

register(
    *rows(
        (LOGIN_REFUSED, "line-login-refused", None, 403, "線路登入遭拒", "The line's login is refused", *_CREDENTIALS),
        (UNKNOWN_LINE, "line-unknown", None, 403, "無此線路 {line}", "There is no line {line}", *_INSIDE),
        (
            WRONG_BROKER,
            "line-wrong-broker",
            None,
            403,
            "線路 {line} 的證券商代號不符",
            "The broker number is not that of line {line}",
            *_INSIDE,
        ),
        (
            WRONG_PASSWORD,
            "line-wrong-password",
            None,
            403,
            "線路 {line} 的密碼不符",
            "The password is not that of line {line}",
            *_INSIDE,
        ),
        (LINE_CLOSED, "line-closed", None, 403, "線路 {line} 已停用", "Line {line} is closed", *_INSIDE),
        (
            QUEUE_FULL,
            "line-queue-full",
            None,
            429,
            "貴公司待送交易所的委託已達 {most} 筆上限",
            "The broker's queue to the exchange is full: {most} instructions wait",
            "請待佇列消化後再送；取消亦須等候。",
            "Wait until the queue has drained, then send again.",
        ),
        (
            OFFERED_TWICE,
            "line-offered-twice",
            None,
            500,
            "指示 {number} 重複進入線路佇列",
            "Instruction {number} was given to the lines twice",
            "請回報錯誤。",
            "Report it: this is a mistake of the program.",
        ),
        (
            NOT_LOGGED_IN,
            "line-not-logged-in",
            None,
            409,
            "線路 {line} 尚未登入",
            "Line {line} is not logged in",
            *_AGAIN,
        ),
        (
            SEQUENCE_GAP,
            "line-sequence-gap",
            None,
            409,
            "線路 {line} 電文序號不連續：應為 {expected}，收到 {given}",
            "Line {line}'s messages are not in sequence: {expected} was due, {given} came",
            *_AGAIN,
        ),
        (
            LINE_SILENT,
            "line-silent",
            None,
            409,
            "線路 {line} 逾時無回應",
            "Line {line} has been silent for too long",
            *_AGAIN,
        ),
    )
)

REGISTERED: Final = True
