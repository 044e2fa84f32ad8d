"""What the platform refuses: 7000-7099 who asks, 7100-7199 what they ask for."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOT_SIGNED_IN: Final = 7001
SECOND_FACTOR_NEEDED: Final = 7002
CLIENT_REFUSED: Final = 7003
TOKEN_REFUSED: Final = 7004
FORGED: Final = 7005
TOO_MANY_TRIES: Final = 7006
LINK_DEAD: Final = 7007
MEMBERSHIP_MISSING: Final = 7008
NOT_THERE: Final = 7101
ROLE_MISSING: Final = 7102
NOT_ENTITLED: Final = 7103
BAD_REQUEST: Final = 7104
CHALLENGE_STALE: Final = 7105
KEY_NOT_PROVEN: Final = 7106
KEY_NOT_P256: Final = 7107
KEYS_TOO_MANY: Final = 7108
KEY_TAKEN: Final = 7109
CELL_NOT_NAMED: Final = 7110
METHOD_NOT_ALLOWED: Final = 7111
OPERATOR_ELSEWHERE: Final = 7112
BODY_TOO_LARGE: Final = 7118
PART_AWAY: Final = 7119
FAULT: Final = 7199

_SIGN_IN = ("請先登入。", "Sign in first.")
register(
    *rows(
        (NOT_SIGNED_IN, "not-signed-in", None, 401, "尚未登入", "Nobody is signed in", *_SIGN_IN),
        (
            SECOND_FACTOR_NEEDED,
            "second-factor-needed",
            None,
            403,
            "此事需要以第二因子登入",
            "This needs a sign-in with a second factor",
            "請在帳號設定加入驗證器或通行密鑰，再以它登入。",
            "Add an authenticator or a passkey to your account, then sign in with it.",
        ),
        (
            CLIENT_REFUSED,
            "client-refused",
            None,
            401,
            "API 用戶端的代號或密鑰不對，或已停用",
            "The API client's key or secret is wrong, or it is revoked",
            "請檢查代號與密鑰，或重新申請。",
            "Check key and secret, or make a new client.",
        ),
        (
            TOKEN_REFUSED,
            "token-refused",
            None,
            401,
            "權杖無效、過期或已撤銷",
            "The token is not valid, has expired or was revoked",
            "請重新取得權杖。",
            "Get a new token.",
        ),
        (
            FORGED,
            "request-forged",
            None,
            403,
            "無法確認這個請求出自本站頁面",
            "This request cannot be shown to come from our own pages",
            "請重新載入頁面再試；程式請改用權杖。",
            "Load the page again and retry; programs use a token.",
        ),
        (
            TOO_MANY_TRIES,
            "too-many-tries",
            None,
            429,
            "嘗試次數過多",
            "Too many tries",
            "請稍候再試。",
            "Wait a while, then try again.",
        ),
        (
            LINK_DEAD,
            "link-dead",
            None,
            404,
            "登入連結已用過、過期或不存在",
            "The sign-in link was used, has expired or does not exist",
            "請重新產生連結。",
            "Make a new link.",
        ),
        (
            MEMBERSHIP_MISSING,
            "membership-missing",
            None,
            404,
            "您在這個租戶沒有身分",
            "You are nobody at this tenant",
            "請選擇您所屬的券商。",
            "Choose a tenant that you belong to.",
        ),
        (
            NOT_THERE,
            "not-there",
            None,
            404,
            "沒有這個東西，或不是您的",
            "There is no such thing, or it is not yours",
            "請檢查編號。",
            "Check the id.",
        ),
        (
            ROLE_MISSING,
            "role-missing",
            None,
            403,
            "您的身分不能做這件事：需要 {roles}",
            "Your role may not do this: it takes {roles}",
            "請向貴公司的管理者申請。",
            "Ask your tenant's administrator.",
        ),
        (
            NOT_ENTITLED,
            "not-entitled",
            None,
            403,
            "服務 {service} 未對此租戶開放",
            "Service {service} is not open to this tenant",
            "請向平台營運者申請開通。",
            "Ask the platform's operator to open it.",
        ),
        (
            BAD_REQUEST,
            "bad-request",
            None,
            422,
            "請求的形式不對：{reason}",
            "The request has the wrong shape: {reason}",
            "請依 API 文件更正。",
            "Correct it by the API document.",
        ),
        (
            CHALLENGE_STALE,
            "challenge-stale",
            None,
            409,
            "驗證題已過期或不是給您的",
            "The challenge has expired or was not yours",
            "請重新取得驗證題。",
            "Get a new challenge.",
        ),
        (
            KEY_NOT_PROVEN,
            "key-not-proven",
            None,
            422,
            "對驗證題的簽章與公鑰不符",
            "The signature over the challenge does not fit the public key",
            "請以該私鑰簽署驗證題本文。",
            "Sign the challenge's text with that private key.",
        ),
        (
            KEY_NOT_P256,
            "key-not-p256",
            None,
            422,
            "公鑰不是 P-256 曲線上的點",
            "The public key is not a point of P-256",
            "請產生 ECDSA P-256 金鑰。",
            "Make an ECDSA P-256 key.",
        ),
        (
            KEYS_TOO_MANY,
            "keys-too-many",
            None,
            409,
            "有效的金鑰或用戶端已達 {most} 個",
            "There are already {most} active keys or clients",
            "請先停用不用的。",
            "Revoke one that is not used.",
        ),
        (
            KEY_TAKEN,
            "key-taken",
            None,
            409,
            "這把公鑰已登記過",
            "This public key is registered already",
            "請產生新的金鑰。",
            "Make a new key.",
        ),
        (
            CELL_NOT_NAMED,
            "cell-not-named",
            None,
            422,
            "服務矩陣沒有這一格或這個等級：{what}",
            "The service matrix has no such cell or level: {what}",
            "請看 GET /api/v1/matrix。",
            "See GET /api/v1/matrix.",
        ),
        (
            METHOD_NOT_ALLOWED,
            "web-method-not-allowed",
            None,
            405,
            "此位址不接受這個方法",
            "This address does not take this method",
            "請依 API 文件更正。",
            "Correct it by the API document.",
        ),
        (
            OPERATOR_ELSEWHERE,
            "operator-elsewhere",
            None,
            409,
            "平台營運者只能屬於交易所租戶",
            "An operator belongs to the exchange's tenant and to no other",
            "請改給其他身分。",
            "Give another role.",
        ),
        (
            BODY_TOO_LARGE,
            "web-body-too-large",
            None,
            413,
            "內容過大（上限 {bytes} 位元組）",
            "The body is too large (at most {bytes} bytes)",
            "請減少內容或分次送出。",
            "Send less, or send it in parts.",
        ),
        (
            PART_AWAY,
            "part-away",
            None,
            503,
            "正在啟動或重啟，暫時無法回應",
            "It is starting or being started again, and cannot answer for the moment",
            "請稍候幾秒再試；委託請以同一 client_id 再送。",
            "Try again in a few seconds; send an order again with the same client_id.",
        ),
        (
            FAULT,
            "web-fault",
            None,
            500,
            "網站本身出錯",
            "The web process itself failed",
            "請稍後再試；若一再發生請回報。",
            "Try again later; report it if it happens again.",
        ),
    )
)
