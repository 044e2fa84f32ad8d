"""What client certificates and lines by TLS refuse: 6830-6849."""

from typing import Final

from yunhai.kernel.errors import register, rows

CERTIFICATE_NEEDED: Final = 6830
CERTIFICATE_UNKNOWN: Final = 6831
CERTIFICATE_DEAD: Final = 6832
CERTIFICATE_NOT_FOR_THIS: Final = 6833
CERTIFICATE_OTHER_TENANT: Final = 6834
BOUND_TOKEN: Final = 6835
LINE_CERTIFICATE: Final = 6840
LINE_FRAME: Final = 6841
LINE_NOT_REACHED: Final = 6842

register(
    *rows(
        (
            CERTIFICATE_NEEDED, "client-certificate-needed", None, 401,
            "此處須以用戶端憑證連線", "A client certificate is needed here",
            "請由雙向 TLS 的連接埠連線並出示憑證。", "Connect to the mutual TLS port and show your certificate.",
        ),
        (
            CERTIFICATE_UNKNOWN, "client-certificate-unknown", None, 403,
            "用戶端憑證不在登錄之中", "The client certificate is not registered",
            "請使用本系統為此介面簽發的憑證。", "Use the certificate that was issued here for this interface.",
        ),
        (
            CERTIFICATE_DEAD, "client-certificate-dead", None, 403,
            "用戶端憑證已廢止、停用或過期", "The client certificate is revoked, held or expired",
            "請向營運單位申請新的憑證。", "Ask the operator for a new certificate.",
        ),
        (
            CERTIFICATE_NOT_FOR_THIS, "client-certificate-not-for-this", None, 403,
            "此憑證的樣板 {profile} 不得用於這個介面", "A certificate of profile {profile} is not for this interface",
            "請使用為此介面簽發的憑證。", "Use the certificate issued for this interface.",
        ),
        (
            CERTIFICATE_OTHER_TENANT, "client-certificate-other-tenant", None, 403,
            "用戶端憑證屬於另一家券商", "The client certificate is another broker's",
            "權杖與憑證須屬同一家券商。", "Token and certificate must be the same broker's.",
        ),
        (
            BOUND_TOKEN, "token-bound-to-certificate", None, 401,
            "權杖已綁定另一張憑證", "The token is bound to another certificate",
            "請以取得權杖時的憑證連線（RFC 8705）。", "Connect with the certificate the token was got with (RFC 8705).",
        ),
        (
            LINE_CERTIFICATE, "line-certificate", None, 403,
            "線路憑證與線路號碼或券商代號不符", "The line's certificate is not for this line and broker",
            "請使用為該線路簽發的憑證。", "Use the certificate issued for the line.",
        ),
        (
            LINE_FRAME, "line-frame", None, 422,
            "線路訊框格式不符", "A line's frame is not one",
            "請依 docs/concepts/lines.md 的訊框格式傳送。", "Send frames as docs/concepts/lines.md says.",
        ),
        (
            LINE_NOT_REACHED, "line-not-reached", None, 503,
            "線路 {line} 連不上對端：{reason}", "Line {line} cannot reach its far end: {reason}",
            "請檢查位址與憑證後再登入。", "Check address and certificates, and log in again.",
        ),
    )
)  # fmt: skip
