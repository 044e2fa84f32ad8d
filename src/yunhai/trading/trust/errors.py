"""What is refused in certificates, signatures, time stamps, status and evidence: rows 6850-6899 of the catalogue.

Each failed check has a number of its own; `reason` (and `reason_zh`) says which rule of it. Evidence adds the member of the
file and the bytes where the fault begins.
"""

from typing import Final

from yunhai.kernel.errors import YunhaiError, register, rows

CERTIFICATE_MALFORMED: Final = 6850
PATH_NOT_FOUND: Final = 6851
CERTIFICATE_SIGNATURE: Final = 6852
NOT_YET_VALID: Final = 6853
EXPIRED: Final = 6854
REVOKED: Final = 6855
STATUS_UNKNOWN: Final = 6856
STATUS_STALE: Final = 6857
NOT_AN_AUTHORITY: Final = 6858
PATH_TOO_LONG: Final = 6859
NAME_NOT_PERMITTED: Final = 6860
POLICY_NOT_VALID: Final = 6861
CRITICAL_UNKNOWN: Final = 6862
FORM_WRONG: Final = 6863
ALGORITHM_REFUSED: Final = 6864
USAGE_WRONG: Final = 6865
SERVER_NAME: Final = 6866
SEARCH_TOO_LARGE: Final = 6867
CMS_MALFORMED: Final = 6868
CMS_NOT_OURS: Final = 6869
CMS_DIGEST: Final = 6870
CMS_SIGNATURE: Final = 6871
CMS_SIGNER: Final = 6872
STAMP_MALFORMED: Final = 6873
STAMP_REFUSED: Final = 6874
STAMP_IMPRINT: Final = 6875
STAMP_SIGNATURE: Final = 6876
STAMP_CERTIFICATE: Final = 6877
STAMP_OTHER: Final = 6878
STATUS_MALFORMED: Final = 6879
STATUS_OTHER: Final = 6880
STATUS_SIGNATURE: Final = 6881
STATUS_RESPONDER: Final = 6882
STATUS_TIME: Final = 6883
EVIDENCE_MALFORMED: Final = 6884
EVIDENCE_DAMAGED: Final = 6885
EVIDENCE_TEXT: Final = 6886
EVIDENCE_KEY: Final = 6887
EVIDENCE_RECORD: Final = 6888
EVIDENCE_JOURNAL: Final = 6889
EVIDENCE_SEAL: Final = 6890
EVIDENCE_CHECKPOINT: Final = 6891
EVIDENCE_ANCHOR: Final = 6892
EVIDENCE_TIME: Final = 6893
EVIDENCE_REVOKED: Final = 6894
EVIDENCE_NOT_PLACED: Final = 6895
EVIDENCE_AUTHORITY: Final = 6896

BROKEN: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
"""What asn1crypto raises for bytes that are not what they are taken for: at first sight, or when a part is looked at."""

_OTHER_CERTIFICATE = ("請改用有效且用途相符的憑證。", "Use a valid certificate of the right kind.")
_ISSUER = ("請聯絡簽發憑證的機構。", "Tell the authority that issued it.")
_STATUS = ("請取得目前的憑證狀態後再驗。", "Fetch the current status and check again.")
_ALGORITHM = ("請改用 P-256 金鑰與 SHA-256。", "Use a P-256 key with SHA-256.")
_NOT_THIS = ("此簽章不能作為該委託的證明。", "This signature proves nothing about that instruction.")
_STAMP = ("請重新取得時戳。", "Fetch another time stamp.")
_EVIDENCE = (
    "請重新匯出證據檔；若仍不符，請保留兩檔並通知稽核。",
    "Export it again; if it still fails, keep both files and tell the auditor.",
)

register(
    *rows(
        (
            6850,
            "certificate-malformed",
            None,
            422,
            "憑證格式錯誤：{reason}",
            "A certificate is malformed: {reason}",
            *_ISSUER,
        ),
        (
            6851,
            "path-not-found",
            None,
            422,
            "找不到通往信任根的憑證路徑：{reason}",
            "No path leads to a trusted root: {reason}",
            "請附上簽發憑證，並確認信任根。",
            "Add the issuing certificates and check the root.",
        ),
        (
            6852,
            "certificate-signature-wrong",
            None,
            422,
            "憑證簽章不符：{reason}",
            "A certificate's signature is wrong: {reason}",
            *_ISSUER,
        ),
        (
            6853,
            "path-not-yet-valid",
            None,
            422,
            "憑證尚未生效：{reason}",
            "A certificate was not yet valid: {reason}",
            *_OTHER_CERTIFICATE,
        ),
        (
            6854,
            "path-expired",
            None,
            422,
            "憑證已過期：{reason}",
            "A certificate had expired: {reason}",
            *_OTHER_CERTIFICATE,
        ),
        (
            6855,
            "path-revoked",
            None,
            422,
            "憑證已廢止：{reason}",
            "A certificate was revoked: {reason}",
            *_OTHER_CERTIFICATE,
        ),
        (
            6856,
            "path-status-unknown",
            None,
            422,
            "無法得知憑證是否廢止：{reason}",
            "Whether a certificate was revoked cannot be told: {reason}",
            *_STATUS,
        ),
        (
            6857,
            "path-status-stale",
            None,
            422,
            "憑證狀態資料過舊：{reason}",
            "What is known of a certificate's status is too old: {reason}",
            *_STATUS,
        ),
        (
            6858,
            "not-an-authority",
            None,
            422,
            "簽發者無權簽發憑證：{reason}",
            "An issuer may not issue certificates: {reason}",
            *_ISSUER,
        ),
        (
            6859,
            "path-too-long",
            None,
            422,
            "憑證路徑過長：{reason}",
            "The path is longer than an authority allows: {reason}",
            *_ISSUER,
        ),
        (
            6860,
            "name-not-permitted",
            None,
            422,
            "憑證名稱超出簽發者之名稱限制：{reason}",
            "A name lies outside its issuer's constraints: {reason}",
            *_ISSUER,
        ),
        (
            6861,
            "policy-not-valid",
            None,
            422,
            "憑證政策不符：{reason}",
            "No policy holds along the path: {reason}",
            *_OTHER_CERTIFICATE,
        ),
        (
            6862,
            "critical-extension-unknown",
            None,
            422,
            "憑證有無法辨識的關鍵擴充：{reason}",
            "A critical extension is not understood: {reason}",
            *_ISSUER,
        ),
        (
            6863,
            "certificate-form-wrong",
            None,
            422,
            "憑證不符 RFC 5280 之規定：{reason}",
            "A certificate breaks a rule of RFC 5280: {reason}",
            *_ISSUER,
        ),
        (
            6864,
            "algorithm-refused",
            None,
            422,
            "演算法或金鑰不被接受：{reason}",
            "An algorithm or key is not accepted: {reason}",
            *_ALGORITHM,
        ),
        (
            6865,
            "certificate-usage-wrong",
            None,
            422,
            "憑證用途不符：{reason}",
            "The certificate is not for this use: {reason}",
            *_OTHER_CERTIFICATE,
        ),
        (
            6866,
            "server-name-differs",
            None,
            422,
            "憑證不是此主機的：{reason}",
            "The certificate is not of this host: {reason}",
            "請確認主機名稱。",
            "Check the host's name.",
        ),
        (
            6867,
            "path-search-too-large",
            None,
            422,
            "憑證過多或路徑過於複雜：{reason}",
            "Too many certificates, or paths too many to try: {reason}",
            "請只附上需要的憑證。",
            "Send only the certificates that are needed.",
        ),
        (6868, "cms-malformed", None, 422, "CMS 格式錯誤：{reason}", "The CMS is malformed: {reason}", *_NOT_THIS),
        (
            6869,
            "cms-not-ours",
            None,
            422,
            "CMS 不是委託簽章的唯一編碼：{reason}",
            "The CMS is not the one encoding of an instruction's signature: {reason}",
            *_NOT_THIS,
        ),
        (
            6870,
            "cms-digest-differs",
            None,
            422,
            "CMS 內容與摘要不符",
            "The content is not what the signed digest says",
            *_NOT_THIS,
        ),
        (
            6871,
            "cms-signature-wrong",
            None,
            422,
            "CMS 簽章不符",
            "The signature is not this certificate's over this content",
            *_NOT_THIS,
        ),
        (
            6872,
            "cms-signer-missing",
            None,
            422,
            "CMS 缺少簽署者憑證：{reason}",
            "The signer's certificate is not there: {reason}",
            *_NOT_THIS,
        ),
        (
            6873,
            "stamp-malformed",
            None,
            422,
            "時戳格式錯誤：{reason}",
            "The time stamp is malformed: {reason}",
            *_STAMP,
        ),
        (
            6874,
            "stamp-not-granted",
            None,
            422,
            "時戳機構拒絕：{reason}",
            "The time-stamping authority refused: {reason}",
            *_STAMP,
        ),
        (6875, "stamp-imprint-differs", None, 422, "時戳不是此資料的", "The time stamp is of other data", *_STAMP),
        (
            6876,
            "stamp-signature-wrong",
            None,
            422,
            "時戳簽章不符：{reason}",
            "The time stamp's signature is wrong: {reason}",
            *_STAMP,
        ),
        (
            6877,
            "stamp-certificate-wrong",
            None,
            422,
            "時戳憑證不符：{reason}",
            "The time stamp's certificate is wrong: {reason}",
            *_STAMP,
        ),
        (
            6878,
            "stamp-other-request",
            None,
            422,
            "時戳不是此請求的：{reason}",
            "The time stamp answers another request: {reason}",
            *_STAMP,
        ),
        (
            6879,
            "status-malformed",
            None,
            422,
            "憑證狀態格式錯誤：{reason}",
            "The status answer is malformed: {reason}",
            *_STATUS,
        ),
        (
            6880,
            "status-other-certificate",
            None,
            422,
            "憑證狀態屬於另一張憑證",
            "The status answer is of another certificate",
            *_STATUS,
        ),
        (
            6881,
            "status-signature-wrong",
            None,
            422,
            "憑證狀態簽章不符：{reason}",
            "The status answer's signature is wrong: {reason}",
            *_STATUS,
        ),
        (
            6882,
            "status-responder-refused",
            None,
            422,
            "回覆者無權回覆憑證狀態：{reason}",
            "The responder may not answer for this issuer: {reason}",
            *_STATUS,
        ),
        (
            6883,
            "status-not-current",
            None,
            422,
            "憑證狀態不在有效時間內：{reason}",
            "The status answer is not of that time: {reason}",
            *_STATUS,
        ),
        (
            6884,
            "evidence-malformed",
            None,
            422,
            "證據檔格式錯誤：{member}，位元組 {first}–{last}：{reason}",
            "The evidence file is malformed: {member}, bytes {first}-{last}: {reason}",
            *_EVIDENCE,
        ),
        (
            6885,
            "evidence-damaged",
            None,
            422,
            "證據檔內容遭更動：{member}，位元組 {first}–{last}",
            "The evidence file was changed: {member}, bytes {first}-{last}",
            *_EVIDENCE,
        ),
        (
            6886,
            "evidence-text-differs",
            None,
            422,
            "委託文字與紀錄不符：{reason}",
            "The text is not the record's: {reason}",
            *_EVIDENCE,
        ),
        (
            6887,
            "evidence-key-differs",
            None,
            422,
            "憑證與委託不符：{reason}",
            "The certificate is not the instruction's: {reason}",
            *_EVIDENCE,
        ),
        (
            6888,
            "evidence-record-damaged",
            None,
            422,
            "委託紀錄損壞：{reason}",
            "The instruction's record is damaged: {reason}",
            *_EVIDENCE,
        ),
        (
            6889,
            "evidence-journal-broken",
            None,
            422,
            "日誌證明不成立：{reason}",
            "The journal's proof does not hold: {reason}",
            *_EVIDENCE,
        ),
        (
            6890,
            "evidence-seal-differs",
            None,
            422,
            "封存紀錄不符：{reason}",
            "The seal is not this evidence's: {reason}",
            *_EVIDENCE,
        ),
        (
            6891,
            "evidence-checkpoint-differs",
            None,
            422,
            "證據與檢查點不符：{reason}",
            "The evidence does not arrive at the checkpoint: {reason}",
            *_EVIDENCE,
        ),
        (
            6892,
            "evidence-checkpoint-unproven",
            None,
            422,
            "檢查點之時戳不符：{reason}",
            "The checkpoint's own stamp does not hold: {reason}",
            *_EVIDENCE,
        ),
        (
            6893,
            "evidence-time-impossible",
            None,
            422,
            "證據之時間順序不合：{reason}",
            "The evidence's times contradict each other: {reason}",
            *_EVIDENCE,
        ),
        (
            6894,
            "evidence-revoked",
            None,
            422,
            "憑證於時戳之前已廢止，且未證明受理在先：{reason}",
            "The certificate was revoked before the stamp, and nothing shows that the acceptance was earlier: {reason}",
            *_EVIDENCE,
        ),
        (
            6895,
            "evidence-not-placed",
            None,
            409,
            "證據尚未封存於檢查點：{reason}",
            "The evidence has not yet its place under a checkpoint: {reason}",
            "請稍候再匯出。",
            "Export it again in a minute.",
        ),
        (
            6896,
            "evidence-authority-revoked",
            None,
            422,
            "時戳、檢查點或狀態回覆者之憑證已廢止：{reason}",
            "The certificate of the time stamp, the checkpoint or the status answer was revoked: {reason}",
            *_EVIDENCE,
        ),
    )
)


def refused(code: int, english: str, chinese: str, **details: object) -> YunhaiError:
    """The catalogue's error with its reason in both languages."""
    return YunhaiError(code, reason=english, reason_zh=chinese, **details)
