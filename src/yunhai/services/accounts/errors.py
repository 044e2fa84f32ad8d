"""The accounts' rows of the error catalogue (7240-7259)."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOT_FOUND: Final = 7240
NUMBER_TAKEN: Final = 7241
BRANCH_UNKNOWN: Final = 7242
BAD_QUOTA: Final = 7243
DAY_UNKNOWN: Final = 7244
CONSENT_UNKNOWN: Final = 7245

register(
    *rows(
        (
            NOT_FOUND,
            "account-not-found",
            None,
            404,
            "查無帳戶 {account}",
            "There is no account {account}",
            "請核對帳戶編號。",
            "Check the account's number.",
        ),
        (
            NUMBER_TAKEN,
            "account-number-taken",
            None,
            409,
            "分公司 {branch} 已有帳號 {number}",
            "Branch {branch} has an account {number} already",
            "請改用其他帳號。",
            "Take another number.",
        ),
        (
            BRANCH_UNKNOWN,
            "branch-not-found",
            None,
            404,
            "查無分公司 {branch}",
            "There is no branch {branch}",
            "請核對分公司代號。",
            "Check the branch's code.",
        ),
        (
            BAD_QUOTA,
            "account-field-invalid",
            None,
            422,
            "帳戶欄位 {field} 的值 {value} 不可用",
            "{value} cannot be the account's {field}",
            "請見 API 文件所列的值。",
            "See the values that the API's document lists.",
        ),
        (
            DAY_UNKNOWN,
            "statement-day-not-found",
            None,
            404,
            "{day} 沒有開市，無對帳單",
            "No market was open on {day}: there is no statement",
            "請選擇開市日。",
            "Choose a day with a market.",
        ),
        (
            CONSENT_UNKNOWN,
            "consent-not-found",
            None,
            404,
            "沒有此項同意：{purpose}",
            "There is no such consent: {purpose}",
            "請見同意書清單。",
            "See the list of consents.",
        ),
    )
)
