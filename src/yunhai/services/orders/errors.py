"""The orders' rows of the error catalogue (7220-7239)."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOTHING_FOUND: Final = 7220
SECURITY_NOT_FOUND: Final = 7221

register(
    *rows(
        (
            NOTHING_FOUND,
            "timeline-not-found",
            None,
            404,
            "查無「{id}」的紀錄",
            "There is nothing of {id}",
            "請輸入委託、成交、帳戶、指示的編號，委託書編號或客戶端識別碼。",
            "Give the number of an order, trade, account or instruction, an order number or a client id.",
        ),
        (
            SECURITY_NOT_FOUND,
            "security-not-read",
            None,
            404,
            "查無證券 {code} 的行情",
            "There is no market of {code} in the tables",
            "請核對證券代號。",
            "Check the code.",
        ),
    )
)
