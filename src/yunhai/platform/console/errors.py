"""The Console's and the Control Room's rows of the error catalogue (7340-7399)."""

from typing import Final

from yunhai.kernel.errors import register, rows

CORE_UNREACHABLE: Final = 7340
CORE_ANSWER: Final = 7341
LINE_NOT_FOUND: Final = 7342
SESSION_NOT_FOUND: Final = 7343
ANOTHER_BROKER: Final = 7344
REFERENCE_LINE: Final = 7345
NO_SECURITIES: Final = 7346
CELL_UNKNOWN: Final = 7360
LEVEL_UNKNOWN: Final = 7361
REASON_SHORT: Final = 7362
NOTHING_CHANGED: Final = 7363
CHANGED_SINCE: Final = 7364
NOT_UNDOABLE: Final = 7365
TENANT_FIELD: Final = 7366
TENANT_TAKEN: Final = 7367
TENANT_UNKNOWN: Final = 7368
NOT_CONFIRMED: Final = 7369
LINE_TAKEN: Final = 7370
LINE_FIELD: Final = 7371
POOL_FIELD: Final = 7372
PACK_KNOWN: Final = 7373
PACK_UNKNOWN: Final = 7374
MEMBER_FIELD: Final = 7375
MEMBER_UNKNOWN: Final = 7376
LAST_OPERATOR: Final = 7377

register(
    *rows(
        (
            CORE_UNREACHABLE,
            "core-silent",
            None,
            503,
            "核心程序沒有回應",
            "The core does not answer",
            "請稍候再試；若持續，請查看總控台的程序頁。",
            "Try again in a moment; if it lasts, look at the Console's processes.",
        ),
        (
            CORE_ANSWER,
            "core-refused",
            None,
            409,
            "核心程序拒絕：{reason}",
            "The core refused: {reason}",
            "請依訊息處理後再試。",
            "Do what the message says, then try again.",
        ),
        (
            LINE_NOT_FOUND,
            "line-not-found",
            None,
            404,
            "沒有這條線路：{line}",
            "There is no line {line}",
            "請核對線路編號。",
            "Check the line's number.",
        ),
        (
            SESSION_NOT_FOUND,
            "session-not-found",
            None,
            404,
            "沒有這位登入者",
            "Nobody of this broker is signed in by that number",
            "請重新整理清單。",
            "Reload the list.",
        ),
        (
            ANOTHER_BROKER,
            "not-for-a-broker",
            None,
            403,
            "此動作屬於交易所營運人員",
            "This belongs to the exchange's operators",
            "請洽平台營運人員。",
            "Ask the platform's operators.",
        ),
        (
            REFERENCE_LINE,
            "reference-line-wrong",
            None,
            422,
            "參考價第 {line} 行：{reason}",
            "References, line {line}: {reason}",
            "每行一檔：代號,價格，例如 2330,2410。",
            "One security a line: code,price, for example 2330,2410.",
        ),
        (
            NO_SECURITIES,
            "day-without-securities",
            None,
            409,
            "沒有可開市的證券",
            "No security would be in that day",
            "第一個市場日須逐行輸入代號與參考價。",
            "Of a first day, give codes and references, one a line.",
        ),
        (
            CELL_UNKNOWN,
            "matrix-cell-unknown",
            None,
            404,
            "服務矩陣沒有這一格：{service} {column}",
            "The matrix has no cell {service} {column}",
            "請核對服務編號與欄位。",
            "Check the service's number and the column.",
        ),
        (
            LEVEL_UNKNOWN,
            "matrix-level-unknown",
            None,
            422,
            "沒有這種服務程度：{level}",
            "There is no level called {level}",
            "請選擇全部、部分、對外或無。",
            "Choose full, partial, external or none.",
        ),
        (
            REASON_SHORT,
            "change-reason-missing",
            None,
            422,
            "請說明變更原因（{least} 至 {most} 個字）",
            "A change needs a reason of {least} to {most} characters",
            "原因會與變更一併留存。",
            "It is kept with the change.",
        ),
        (
            NOTHING_CHANGED,
            "nothing-changed",
            None,
            409,
            "沒有任何變更",
            "Nothing would change",
            "請修改後再送出。",
            "Change something, then send.",
        ),
        (
            CHANGED_SINCE,
            "changed-since",
            None,
            409,
            "此項目在您開啟後已被他人變更",
            "Somebody changed this after you opened it",
            "請重新載入後再試。",
            "Reload and look again.",
        ),
        (
            NOT_UNDOABLE,
            "not-undoable",
            None,
            409,
            "此變更無法復原：{reason}",
            "This change cannot be undone: {reason}",
            "請改以新的變更處理。",
            "Make a new change instead.",
        ),
        (
            TENANT_FIELD,
            "tenant-field-wrong",
            None,
            422,
            "租戶資料有誤：{field}",
            "The tenant's {field} is wrong",
            "請更正該欄位。",
            "Correct that field.",
        ),
        (
            TENANT_TAKEN,
            "tenant-code-taken",
            None,
            409,
            "代號 {code} 已有租戶使用",
            "The code {code} is another tenant's",
            "請改用其他代號。",
            "Use another code.",
        ),
        (
            TENANT_UNKNOWN,
            "tenant-not-found",
            None,
            404,
            "沒有這個租戶",
            "There is no such tenant",
            "請重新整理清單。",
            "Reload the list.",
        ),
        (
            NOT_CONFIRMED,
            "not-confirmed",
            None,
            409,
            "此變更影響甚大，須輸入代號 {word} 確認",
            "This reaches far: type {word} to confirm it",
            "請輸入代號後再送出。",
            "Type the word, then send.",
        ),
        (
            LINE_TAKEN,
            "line-taken",
            None,
            409,
            "線路編號 {line} 已存在",
            "There is a line {line} already",
            "請改用其他編號。",
            "Use another number.",
        ),
        (
            LINE_FIELD,
            "line-field-wrong",
            None,
            422,
            "線路資料有誤：{field}",
            "The line's {field} is wrong",
            "線路編號為兩個大寫英數字，流量 1 至 10,000 筆/秒。",
            "A line has two capital letters or digits; its cap is 1 to 10,000 a second.",
        ),
        (
            POOL_FIELD,
            "pool-field-wrong",
            None,
            422,
            "線路池資料有誤：{field}",
            "The pool's {field} is wrong",
            "權重為 1 以上的整數，成員須為證券商。",
            "Weights are whole numbers from 1; members are brokers.",
        ),
        (
            PACK_KNOWN,
            "pack-published-already",
            None,
            409,
            "規則檔 {pack} 的這個版本已發布",
            "This version of {pack} is published already",
            "無須再次發布。",
            "There is nothing to do.",
        ),
        (
            PACK_UNKNOWN,
            "pack-not-found",
            None,
            404,
            "沒有這個規則檔",
            "There is no such rule pack",
            "請核對名稱。",
            "Check its name.",
        ),
        (
            MEMBER_FIELD,
            "member-field-wrong",
            None,
            422,
            "成員資料有誤：{field}",
            "The member's {field} is wrong",
            "請更正該欄位。",
            "Correct that field.",
        ),
        (
            MEMBER_UNKNOWN,
            "member-not-found",
            None,
            404,
            "沒有這位成員",
            "There is no such member",
            "請重新整理清單。",
            "Reload the list.",
        ),
        (
            LAST_OPERATOR,
            "last-operator",
            None,
            409,
            "不得移除最後一位平台營運人員",
            "The last operator cannot be taken away",
            "請先加入另一位營運人員。",
            "Add another operator first.",
        ),
    )
)
