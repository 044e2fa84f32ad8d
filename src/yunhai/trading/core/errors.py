"""What the core process refuses: rows 65xx of the error catalogue (`yunhai.kernel.errors`), tokens among them."""

from typing import Final

from yunhai.kernel.errors import register, rows

CORE_NOT_READY: Final = 6500
CORE_HALTED: Final = 6501
DAY_NOT_OPEN: Final = 6502
DAY_ALREADY_OPEN: Final = 6503
CLOCK_NOT_DRIVEN: Final = 6506
CLOCK_BACKWARDS: Final = 6507
FACT_MALFORMED: Final = 6509
FACT_NOT_FROM_OUTBOX: Final = 6510
BODY_TOO_LARGE: Final = 6511
BODY_MALFORMED: Final = 6512
NOTHING_FOUND: Final = 6513
NOT_ALLOWED: Final = 6514
ROUTE_UNKNOWN: Final = 6515
METHOD_NOT_ALLOWED: Final = 6516
QUERY_MALFORMED: Final = 6517
LOOKUP_MISSING: Final = 6518
TOKEN_MISSING: Final = 6520
TOKEN_MALFORMED: Final = 6521
TOKEN_ALGORITHM: Final = 6522
TOKEN_SIGNATURE: Final = 6523
TOKEN_EXPIRED: Final = 6524
TOKEN_AUDIENCE: Final = 6525
TOKEN_CLAIMS: Final = 6526
TOKEN_TYPE: Final = 6527
TOKEN_REVOKED: Final = 6528
SOCKET_MESSAGE: Final = 6530
SOCKET_TOO_MANY: Final = 6531
SOCKETS_OF_ONE: Final = 6532
SETTLEMENT_EARLY: Final = 6533
SNAPSHOT_REFUSED: Final = 6535
SECURITY_UNKNOWN: Final = 6536
KEY_NOT_USABLE: Final = 6538
DAY_NOT_OVER: Final = 6539
CORE_FAULT: Final = 6540

register(
    *rows(
        (
            6500,
            "core-not-ready",
            None,
            503,
            "交易核心尚未就緒：{reason}",
            "The core is not ready: {reason}",
            "請稍候再試。",
            "Try again in a moment.",
        ),
        (
            6501,
            "core-halted",
            None,
            503,
            "交易核心已停止受理：日誌無法寫入",
            "The core takes nothing more: its journal cannot be written",
            "請通知維運人員檢查磁碟，再重新啟動。",
            "Have the operator check the disk, then restart the core.",
        ),
        (
            6502,
            "day-not-open",
            None,
            409,
            "市場日尚未開啟",
            "No market day is open",
            "請於開盤日開啟後再送。",
            "Send it again once the day is open.",
        ),
        (
            6503,
            "day-already-open",
            None,
            409,
            "市場日 {date} 已開啟",
            "The market day {date} is open already",
            "請先關閉該日。",
            "Close that day first.",
        ),
        (
            6506,
            "clock-not-driven",
            None,
            409,
            "此時鐘不可由指令推進（{clock}）",
            "This clock does not move by command ({clock})",
            "請改用示範或受控時鐘。",
            "Use a demo or driven clock.",
        ),
        (
            6507,
            "clock-backwards",
            None,
            409,
            "市場時間不可倒退",
            "Market time does not go back",
            "請給較晚之時間。",
            "Give a later time.",
        ),
        (
            6509,
            "fact-malformed",
            None,
            422,
            "事實內容不合：{reason}",
            "The fact is malformed: {reason}",
            "請依文件之格式再送。",
            "Send it in the documented form.",
        ),
        (
            6510,
            "fact-not-from-outbox",
            None,
            422,
            "編號 {number} 之事實不得由此送入",
            "A fact of number {number} may not come in this way",
            "請改用該作業之專用途徑。",
            "Use the route made for it.",
        ),
        (
            6511,
            "body-too-large",
            None,
            413,
            "內容過大（上限 {bytes} 位元組）",
            "The body is too large (at most {bytes} bytes)",
            "請減少內容。",
            "Send less at a time.",
        ),
        (
            6512,
            "body-malformed",
            None,
            422,
            "內容格式不合：{reason}",
            "The body is malformed: {reason}",
            "請依 API 文件修正。",
            "Correct it by the API document.",
        ),
        (
            6513,
            "nothing-found",
            None,
            404,
            "查無此項",
            "There is no such thing",
            "請確認編號。",
            "Check the id.",
        ),
        (
            6514,
            "not-allowed",
            None,
            403,
            "此身分不得執行此作業",
            "This role may not do that",
            "請改以有權限之身分。",
            "Ask somebody who may.",
        ),
        (
            6515,
            "route-unknown",
            None,
            404,
            "查無此路徑",
            "There is no such route",
            "請查 API 文件。",
            "See the API document.",
        ),
        (
            6516,
            "method-not-allowed",
            None,
            405,
            "此路徑不接受該方法",
            "The route does not take this method",
            "請查 API 文件。",
            "See the API document.",
        ),
        (
            6517,
            "query-malformed",
            None,
            422,
            "查詢參數不合：{reason}",
            "The query is malformed: {reason}",
            "請依 API 文件修正。",
            "Correct it by the API document.",
        ),
        (
            6518,
            "client-lookup-missing",
            None,
            403,
            "尚未登記查詢此客戶之事由，或登記已逾 {hours} 小時",
            "No reason to look at this client is registered, or it is more than {hours} hours old",
            "請於營業檯以事由開啟客戶；剛登記者請稍候再試。",
            "Open the client at the desk with a reason; if that was just now, ask again in a moment.",
        ),
        (
            6520,
            "token-missing",
            None,
            401,
            "未提供權杖",
            "No token was given",
            "請先登入並取得權杖。",
            "Sign in and get a token first.",
        ),
        (
            6521,
            "token-malformed",
            None,
            401,
            "權杖格式不合",
            "The token is malformed",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6522,
            "token-algorithm",
            None,
            401,
            "權杖之演算法不受接受",
            "The token's algorithm is not taken",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6523,
            "token-signature",
            None,
            401,
            "權杖簽章不符",
            "The token's signature is wrong",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6524,
            "token-expired",
            None,
            401,
            "權杖已逾期",
            "The token has expired",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6525,
            "token-audience",
            None,
            401,
            "權杖並非供本系統使用",
            "The token is for somebody else",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6526,
            "token-claims",
            None,
            401,
            "權杖內容不合：{claim}",
            "The token's claims are wrong: {claim}",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6527,
            "token-type",
            None,
            401,
            "權杖種類不符",
            "The token is of another type",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            6528,
            "token-revoked",
            None,
            401,
            "此登入已失效",
            "This session was ended",
            "請重新登入。",
            "Sign in again.",
        ),
        (
            6530,
            "socket-message",
            None,
            422,
            "訊息不合：{reason}",
            "The message is malformed: {reason}",
            "請依文件修正。",
            "Correct it by the document.",
        ),
        (
            6531,
            "socket-too-many",
            None,
            429,
            "尚有過多未回覆之訊息",
            "Too many messages wait for their answers",
            "請等候回覆後再送。",
            "Wait for answers before sending more.",
        ),
        (
            6532,
            "sockets-of-one",
            None,
            429,
            "同一人之委託連線已達上限 {most} 條",
            "One person may have {most} order connections open",
            "請關閉不用之連線。",
            "Close those that are not used.",
        ),
        (
            6533,
            "settlement-early",
            None,
            409,
            "{date} 尚未到期（今日 {today}）",
            "{date} has not come; today is {today}",
            "請於交割日辦理。",
            "Settle on the settlement day.",
        ),
        (
            6535,
            "snapshot-refused",
            None,
            409,
            "此時無法建立快照：{reason}",
            "No snapshot can be made now: {reason}",
            "請稍候再試。",
            "Try again in a moment.",
        ),
        (
            6536,
            "security-unknown",
            None,
            404,
            "本日無此證券 {code}",
            "The security {code} is not listed today",
            "請查證券代號。",
            "Check the code.",
        ),
        (
            6538,
            "key-not-usable",
            None,
            503,
            "權杖公鑰無法使用",
            "The token's public key cannot be used",
            "請確認 credentials/token.pub 為 Ed25519 公鑰。",
            "See that credentials/token.pub is an Ed25519 public key.",
        ),
        (
            6539,
            "day-not-over",
            None,
            409,
            "市場尚未收盤",
            "The market's day is not over",
            "請於收盤後再執行日終作業。",
            "Close the day after the market's end.",
        ),
        (
            6540,
            "core-fault",
            None,
            500,
            "交易核心程式出錯（{reason}）",
            "The core's program failed ({reason})",
            "請回報錯誤。",
            "Report it: this is a mistake of the program.",
        ),
    )
)

REGISTERED: Final = True
"""Import it to be sure that these errors are known."""
