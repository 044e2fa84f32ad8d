"""The catalogue's rows of central authentication (7800-7869; those of activations, 7880-7885, are `trading.trust`'s)."""

from typing import Final

from yunhai.kernel.errors import Row, register, rows

REGISTRATION_MISSING: Final = 7801
REGISTRATION_UNKNOWN: Final = 7802
REGISTRATION_STANDS: Final = 7803
REGISTRATION_BY_ONE: Final = 7804
DOCUMENTS_WRONG: Final = 7805
REGISTRATION_DECIDED: Final = 7806
PERSON_UNKNOWN: Final = 7807
REGISTRATION_KIND: Final = 7808
REGISTRATION_OWN: Final = 7809
CERTIFICATE_UNKNOWN: Final = 7810
CERTIFICATE_NOT_VALID: Final = 7811
RENEWAL_EARLY: Final = 7812
KEY_NOT_ACTIVE: Final = 7813
REASON_UNKNOWN: Final = 7814
PROFILE_NOT_FOR_KEY: Final = 7815
REVOKED_FOR_GOOD: Final = 7816
DAYS_WRONG: Final = 7817
CERTIFICATE_STANDS: Final = 7818
REQUEST_NOT_PROVEN: Final = 7819
CONSENT_UNKNOWN: Final = 7820
BROKER_UNKNOWN: Final = 7821
REGISTRATION_NOT_STANDING: Final = 7822
HOLD_OF_ANOTHER: Final = 7823
NAME_OF_ANOTHER: Final = 7824
ID_NUMBER_WRITTEN: Final = 7825
PROPOSAL_UNKNOWN: Final = 7826
PROPOSAL_DECIDED: Final = 7827
PROPOSAL_BY_ONE: Final = 7828
PROPOSAL_STANDS: Final = 7829
CREDENTIAL_UNKNOWN: Final = 7830
CREDENTIALS_TOO_MANY: Final = 7831
FACTOR_MISSING: Final = 7832
FACTOR_WRONG: Final = 7833
FACTOR_USED: Final = 7834
HASHES_WRONG: Final = 7835
ALGORITHM_WRONG: Final = 7836
TEXT_WRONG: Final = 7837
CREDENTIAL_NOT_USABLE: Final = 7838
TOO_MANY_TRIES: Final = 7839
CHALLENGE_STALE: Final = 7840
AUTHORISATION_UNKNOWN: Final = 7841
REQUEST_WRONG: Final = 7842
CLIENT_UNKNOWN: Final = 7850
REDIRECT_WRONG: Final = 7851
PKCE_MISSING: Final = 7852
PKCE_WRONG: Final = 7853
CODE_WRONG: Final = 7854
SCOPE_WRONG: Final = 7855
ACCESS_WRONG: Final = 7856
FLOW_WRONG: Final = 7857
REDIRECT_UNFIT: Final = 7858
PROCESS_AWAY: Final = 7860
PROCESS_ANSWER: Final = 7861


def _row(code: int, name: str, http: int, zh: str, en: str, remedy_zh: str, remedy_en: str) -> Row:
    return (code, name, None, http, zh, en, remedy_zh, remedy_en)


_API: Final = ("請見 API 文件。", "See the API's document.")
_FACTOR: Final = ("請以驗證器的新驗證碼或通行密鑰再試。", "Try with a new code of your authenticator, or a passkey.")
_AGAIN: Final = ("請自應用程式重新開始。", "Begin again from the program.")

register(
    *rows(
        _row(
            REGISTRATION_MISSING, "trust-not-registered", 409,
            "尚未辦理身分登錄，不能簽發憑證", "Nobody has registered your identity, so no certificate is issued",
            "請帶身分證明文件至任一券商辦理一次；之後各券商通用。",
            "Show your documents once, at any broker; every broker relies on it.",
        ),
        _row(
            REGISTRATION_UNKNOWN, "trust-registration-not-found", 404,
            "查無身分登錄 {registration}", "There is no registration {registration}",
            "請核對編號。", "Check the number.",
        ),
        _row(
            REGISTRATION_STANDS, "trust-registration-stands", 409,
            "此人在本券商已有申請中或已核准的登錄", "This person's registration here is applied for or approved already",
            "無須重辦。", "There is no need for another.",
        ),
        _row(
            REGISTRATION_BY_ONE, "trust-registration-needs-two", 403,
            "核准須由申請人以外的另一位人員辦理", "Another person than who applied must approve",
            "請由其他經辦核准。", "Have a colleague approve it.",
        ),
        _row(
            DOCUMENTS_WRONG, "trust-documents-wrong", 422,
            "身分文件須有 1 至 {most} 件，各有種類、存放編號與查驗日期",
            "1 to {most} documents are needed, each with kind, reference and date of the check",
            "請只填存放編號，不填證號。", "Give where the copy is kept, not the ID number.",
        ),
        _row(
            REGISTRATION_DECIDED, "trust-registration-decided", 409,
            "此登錄已是 {status}", "This registration is {status} already", "請重新整理。", "Look at it again.",
        ),
        _row(
            PERSON_UNKNOWN, "trust-person-not-here", 404,
            "本券商沒有此人的帳戶或職務", "This person has no account and no place at this broker",
            "請先開戶或授予職務。", "Open an account or give a place first.",
        ),
        _row(
            REGISTRATION_KIND, "trust-registration-kind", 422,
            "登錄種類 {kind} 不適用於此人", "A registration as {kind} does not fit this person",
            "投資人須有帳戶，營業員須有職務。", "An investor needs an account, a clerk a place.",
        ),
        _row(
            REGISTRATION_OWN, "trust-registration-of-oneself", 403,
            "本人的登錄須由他人申請與核准", "Nobody applies for their own registration or decides about it",
            "請由其他經辦辦理。", "Have colleagues do it.",
        ),
        _row(
            CERTIFICATE_UNKNOWN, "trust-certificate-not-found", 404,
            "查無憑證 {certificate}", "There is no certificate {certificate}", "請核對編號。", "Check the number.",
        ),
        _row(
            CERTIFICATE_NOT_VALID, "trust-certificate-not-valid", 409,
            "憑證已是 {status}", "The certificate is {status}", "請另行申請新憑證。", "Ask for a new one.",
        ),
        _row(
            RENEWAL_EARLY, "trust-renewal-too-early", 409,
            "到期前 {days} 天起才能更新", "A certificate is renewed in its last {days} days",
            "屆時會通知您。", "You will be told when it is time.",
        ),
        _row(
            KEY_NOT_ACTIVE, "trust-key-not-active", 409,
            "金鑰 {key} 不存在或已停用", "Key {key} is not there or is revoked", "請登記金鑰。", "Register a key.",
        ),
        _row(
            REASON_UNKNOWN, "trust-reason-unknown", 422,
            "沒有此廢止原因：{reason}", "There is no such reason to revoke: {reason}", *_API,
        ),
        _row(
            PROFILE_NOT_FOR_KEY, "trust-profile-not-for-key", 422,
            "{profile} 憑證不能用於此金鑰", "A certificate of profile {profile} does not fit this key",
            "請以適用的金鑰或登錄種類申請。", "Use a key and a registration that fit.",
        ),
        _row(
            REVOKED_FOR_GOOD, "trust-revoked-for-good", 409,
            "已廢止的憑證不能恢復", "What is revoked stays revoked", "請申請新憑證。", "Ask for a new certificate.",
        ),
        _row(
            DAYS_WRONG, "trust-days-wrong", 422,
            "有效日數須在 1 至 {most} 之間", "A life is 1 to {most} days", "請改正。", "Correct it.",
        ),
        _row(
            CERTIFICATE_STANDS, "trust-certificate-stands", 409,
            "金鑰 {key} 已有有效憑證", "Key {key} has a valid certificate already",
            "到期前可更新。", "It can be renewed before it ends.",
        ),
        _row(
            REQUEST_NOT_PROVEN, "trust-request-not-proven", 422,
            "憑證請求檔不是 P-256 的 PKCS#10，或未由其私鑰簽署", "The request is no PKCS#10 of P-256 that its key signed",
            "請以 openssl req -new 重製。", "Make it again with openssl req -new.",
        ),
        _row(
            CONSENT_UNKNOWN, "trust-consent-not-found", 404,
            "沒有給過此券商的同意", "No consent was given to this broker", "無須撤回。", "There is nothing to withdraw.",
        ),
        _row(
            BROKER_UNKNOWN, "trust-broker-not-found", 404,
            "查無券商 {tenant}", "There is no broker {tenant}", "請核對券商。", "Check the broker.",
        ),
        _row(
            REGISTRATION_NOT_STANDING, "trust-registration-not-standing", 409,
            "沒有可終止的已核准登錄，或尚未有人申請終止", "No approved registration is there to end, or nobody asked to end it",
            "請先由一位經辦申請終止。", "One person asks first, another decides.",
        ),
        _row(
            HOLD_OF_ANOTHER, "trust-hold-of-another", 403,
            "此暫停由 {revoker} 所設，您不能解除", "This hold was put by the {revoker}; it is not yours to end",
            "請洽設定暫停者：登錄券商或平台管理者。", "Ask who put it: the broker's desk, or the operator.",
        ),
        _row(
            NAME_OF_ANOTHER, "trust-name-of-another", 422,
            "介面憑證名稱須為券商代號 {code}，或以其加 - 開頭",
            "An interface's name is the broker's code {code}, or begins with it and a -",
            "請改正名稱。", "Correct the name.",
        ),
        _row(
            ID_NUMBER_WRITTEN, "trust-id-number-written", 422,
            "備註不可填寫證號", "A note may hold no ID number", "請刪除證號。", "Take the number out.",
        ),
        _row(
            PROPOSAL_UNKNOWN, "trust-proposal-not-found", 404,
            "查無提案 {proposal}", "There is no proposal {proposal}", "請核對編號。", "Check the number.",
        ),
        _row(
            PROPOSAL_DECIDED, "trust-proposal-decided", 409,
            "此提案已是 {status}", "This proposal is {status} already", "請重新整理。", "Look at it again.",
        ),
        _row(
            PROPOSAL_BY_ONE, "trust-proposal-needs-two", 403,
            "提案須由提案人以外的另一位人員決定", "Another person than who proposed it must decide",
            "請由其他人員辦理。", "Have a colleague do it.",
        ),
        _row(
            PROPOSAL_STANDS, "trust-proposal-stands", 409,
            "已有相同提案待另一位決定", "The same was proposed already and waits for another person",
            "請由另一位管理者決定。", "Have another operator decide.",
        ),
        _row(
            CREDENTIAL_UNKNOWN, "trust-credential-not-found", 404,
            "查無雲端憑證", "There is no such credential", "請核對代號。", "Check its name.",
        ),
        _row(
            CREDENTIALS_TOO_MANY, "trust-credentials-too-many", 409,
            "每人至多 {most} 把雲端金鑰", "A person has at most {most} cloud keys",
            "請先停用不用的。", "Disable one first.",
        ),
        _row(
            FACTOR_MISSING, "trust-factor-missing", 403,
            "尚未設定驗證器或通行密鑰", "You have no authenticator app and no passkey",
            "請先在帳號設定加入。", "Add one in your account first.",
        ),
        _row(FACTOR_WRONG, "trust-factor-wrong", 403, "第二因子不正確", "The second factor is wrong", *_FACTOR),
        _row(
            FACTOR_USED, "trust-factor-used", 403,
            "此驗證碼或通行密鑰回應已用過", "This code or answer was used already", *_FACTOR,
        ),
        _row(
            HASHES_WRONG, "trust-hashes-wrong", 422,
            "雜湊須為 1 至 {most} 個不同的 SHA-256（32 位元組，Base64）",
            "1 to {most} different SHA-256 hashes are needed (32 bytes, base64)", *_API,
        ),
        _row(
            ALGORITHM_WRONG, "trust-algorithm-wrong", 422,
            "只受理 SHA-256 與 ECDSA P-256：{algorithm}", "Only SHA-256 and ECDSA P-256 are taken: {algorithm}", *_API,
        ),
        _row(
            TEXT_WRONG, "trust-text-wrong", 422,
            "不是以此雲端金鑰簽署的標準文字", "This is no canonical text to be signed with this key",
            "請以標準文字與其金鑰編號送出。", "Send the canonical text with this key's number.",
        ),
        _row(
            CREDENTIAL_NOT_USABLE, "trust-credential-not-usable", 409,
            "此雲端憑證已停用、過期或廢止", "This credential is disabled, expired or revoked",
            "請使用其他憑證或重新申請。", "Use another, or ask for a new one.",
        ),
        _row(
            TOO_MANY_TRIES, "trust-too-many-tries", 429,
            "第二因子錯誤次數過多", "Too many wrong second factors", "請於數分鐘後再試。", "Try again in some minutes.",
        ),
        _row(
            CHALLENGE_STALE, "trust-challenge-stale", 403,
            "通行密鑰的驗證題已過期，或不屬於這些雜湊", "The passkey's challenge is stale, or for other hashes",
            "請重新取得驗證題。", "Ask for a new challenge.",
        ),
        _row(
            AUTHORISATION_UNKNOWN, "trust-authorisation-not-found", 403,
            "此簽章授權不屬於您或此憑證", "This activation is not of you and this credential", *_AGAIN,
        ),
        _row(
            REQUEST_WRONG, "trust-request-wrong", 400,
            "請求格式不符：{reason}", "The request is not one: {reason}", *_API,
        ),
        _row(
            CLIENT_UNKNOWN, "oauth-client-unknown", 401,
            "查無此用戶端或其密鑰不對", "There is no such client, or its secret is wrong",
            "請洽平台登記。", "Have it registered at the Console.",
        ),
        _row(
            REDIRECT_WRONG, "oauth-redirect-wrong", 400,
            "導回網址未登記", "The redirect address is not registered", "請洽平台登記。", "Have it registered.",
        ),
        _row(
            REDIRECT_UNFIT, "oauth-redirect-unfit", 422,
            "導回網址須為 https（或本機之 http）、不含片段，且不超過 {limit} 字",
            "A redirect address is https (or http to this machine), without a fragment, of at most {limit} characters",
            "請改正後再登記。", "Mend it and register again.",
        ),
        _row(
            PKCE_MISSING, "oauth-pkce-missing", 400,
            "必須使用 PKCE（S256）", "PKCE with S256 is required", *_API,
        ),
        _row(
            PKCE_WRONG, "oauth-pkce-wrong", 400,
            "PKCE 驗證碼不符", "The PKCE verifier is not the code's", *_AGAIN,
        ),
        _row(
            CODE_WRONG, "oauth-code-wrong", 400,
            "授權碼無效、過期或已用過", "The code is not good, has expired or was used", *_AGAIN,
        ),
        _row(SCOPE_WRONG, "oauth-scope-wrong", 400, "範圍只有 service 與 credential", "A scope is service or credential", *_API),
        _row(
            ACCESS_WRONG, "oauth-token-wrong", 401,
            "存取權杖無效、過期或已撤銷", "The access token is not good, has expired or was revoked", *_AGAIN,
        ),
        _row(
            FLOW_WRONG, "oauth-flow-wrong", 400,
            "只支援授權碼流程", "Only the authorization code flow is supported", *_API,
        ),
        _row(
            PROCESS_AWAY, "trust-process-away", 503,
            "憑證服務程序目前沒有回應", "The trust process does not answer",
            "裝置金鑰仍可簽章；請稍後再試。", "Device keys still sign; try again in a moment.",
        ),
        _row(
            PROCESS_ANSWER, "trust-process-answer", 502,
            "憑證服務程序拒絕：{reason}", "The trust process refused: {reason}", "請洽平台管理者。", "Ask the operator.",
        ),
    )
)  # fmt: skip
