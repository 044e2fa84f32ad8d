"""What the trust process, its ceremony and the HSM refuse: 6800-6829, 6843-6849."""

from typing import Final

from yunhai.kernel.errors import register, rows

CA_MISSING: Final = 6800
PROFILE_UNKNOWN: Final = 6801
SUBJECT_NOT_USABLE: Final = 6802
KEY_NOT_USABLE: Final = 6803
LIFE_NOT_USABLE: Final = 6804
SERIAL_UNKNOWN: Final = 6805
ISSUING_DOWN: Final = 6806
SIGNING_DOWN: Final = 6807
KEY_UNKNOWN: Final = 6808
HASH_NOT_USABLE: Final = 6809
REQUEST_MALFORMED: Final = 6810
STATUS_NOT_USABLE: Final = 6811
TOO_OFTEN: Final = 6812
MODULE_MISSING: Final = 6820
TOKEN_MISSING: Final = 6821
PIN_WRONG: Final = 6822
HSM_FAILED: Final = 6823
HSM_SLOW: Final = 6824
HSM_BUSY: Final = 6825
CEREMONY_DONE: Final = 6826
WITNESSES: Final = 6827
SAFE_NOT_APART: Final = 6828
NOT_SOFTWARE: Final = 6829
PROBE_NOT_POSSIBLE: Final = 6843
ROOT_KEY_MISSING: Final = 6844
ROOT_KEY_SHUT: Final = 6845
ROOT_KEY_OTHER: Final = 6846
NOTHING_TO_RENEW: Final = 6847

_HSM_ZH: Final = "請檢查 HSM 與其連線；恢復後會自動重連。yunhai ca status 可看狀態。"
_HSM_EN: Final = "Check the HSM and the way to it; it is opened again by itself. See yunhai ca status."

register(
    *rows(
        (
            CA_MISSING, "ca-not-made", None, 409,
            "尚未舉行金鑰儀式，沒有簽發憑證機構", "No key ceremony was held yet: there is no issuing CA",
            "請依 docs/guides/key-ceremony.md 執行 yunhai ca ceremony。",
            "Run yunhai ca ceremony as docs/guides/key-ceremony.md says.",
        ),
        (
            PROFILE_UNKNOWN, "profile-unknown", None, 422,
            "沒有可簽發的憑證樣板 {profile}", "There is no profile {profile} to issue",
            "樣板列於 docs/concepts/trust.md 第 3 節。", "docs/concepts/trust.md section 3 lists the profiles.",
        ),
        (
            SUBJECT_NOT_USABLE, "subject-not-usable", None, 422,
            "主體名稱不可用：{reason}", "The subject cannot be used: {reason}",
            "請用代號與可列印字元，不放姓名與證號。", "Use a pseudonym of printable characters, no name and no ID number.",
        ),
        (
            KEY_NOT_USABLE, "public-key-not-usable", None, 422,
            "公鑰不是 P-256 的 SubjectPublicKeyInfo", "The public key is no SubjectPublicKeyInfo of P-256",
            "請送 P-256 公鑰的 DER。", "Send the DER of a P-256 public key.",
        ),
        (
            LIFE_NOT_USABLE, "life-not-usable", None, 422,
            "有效日數須在 1 至 {most} 之間", "A life is 1 to {most} days",
            "請改正有效日數。", "Correct the number of days.",
        ),
        (
            SERIAL_UNKNOWN, "serial-unknown", None, 404,
            "沒有這個序號的憑證", "There is no certificate of this serial number",
            "請核對序號。", "Check the serial number.",
        ),
        (
            ISSUING_DOWN, "issuing-not-possible", None, 503,
            "目前無法簽發憑證：{reason}", "No certificate can be issued now: {reason}", _HSM_ZH, _HSM_EN,
        ),
        (
            SIGNING_DOWN, "cloud-signing-not-possible", None, 503,
            "目前無法以雲端金鑰簽章：{reason}", "Cloud keys cannot sign now: {reason}",
            "裝置金鑰仍可簽章；HSM 恢復後雲端簽章會自動恢復。",
            "Device keys can sign meanwhile; cloud signing is back as soon as the HSM is.",
        ),
        (
            KEY_UNKNOWN, "hsm-key-unknown", None, 404,
            "HSM 中沒有這把金鑰", "The HSM has no such key",
            "請核對金鑰名稱。", "Check the key's name.",
        ),
        (
            HASH_NOT_USABLE, "hash-not-usable", None, 422,
            "雜湊值須為 1 至 {most} 個 SHA-256", "1 to {most} SHA-256 hashes are signed at once",
            "請送 32 位元組的雜湊值。", "Send hashes of 32 bytes.",
        ),
        (
            REQUEST_MALFORMED, "trust-request-malformed", None, 422,
            "請求格式不符：{reason}", "The request is not one: {reason}",
            "請依 docs/concepts/trust.md 第 5 節。", "See docs/concepts/trust.md section 5.",
        ),
        (
            STATUS_NOT_USABLE, "status-not-usable", None, 422,
            "憑證狀態不可用：{reason}", "The status cannot be used: {reason}",
            "狀態為 valid、held 或 revoked；已廢止者不能恢復。",
            "A status is valid, held or revoked; what is revoked stays so.",
        ),
        (
            TOO_OFTEN,
            "pki-too-often",
            None,
            429,
            "此位址於 {seconds} 秒內已詢問 {limit} 次",
            "This address has asked {limit} times within {seconds} s",
            "請稍候再問；狀態回覆可保存至 nextUpdate。",
            "Wait a moment; a status answer may be kept until its nextUpdate.",
        ),
        (
            MODULE_MISSING, "hsm-module-missing", None, 503,
            "找不到 PKCS#11 模組", "The PKCS#11 module is not found",
            "請設定 YUNHAI_PKCS11_MODULE，或安裝 SoftHSM2（apt-get install softhsm2）。",
            "Set YUNHAI_PKCS11_MODULE, or install SoftHSM2 (apt-get install softhsm2).",
        ),
        (
            TOKEN_MISSING, "hsm-token-missing", None, 503,
            "HSM 中沒有標籤為 {label} 的權杖", "The HSM has no token of label {label}", _HSM_ZH, _HSM_EN,
        ),
        (
            PIN_WRONG, "hsm-pin-wrong", None, 503,
            "HSM 不接受 PIN", "The HSM does not take the PIN",
            "請檢查憑證資料夾中的 hsm.pin；錯誤次數過多會被鎖住。",
            "Check hsm.pin among the credentials; too many wrong ones lock the token.",
        ),
        (HSM_FAILED, "hsm-failed", None, 503, "HSM 作業失敗：{reason}", "The HSM failed: {reason}", _HSM_ZH, _HSM_EN),
        (
            HSM_SLOW, "hsm-slow", None, 503,
            "HSM 在 {seconds} 秒內沒有回應", "The HSM did not answer within {seconds} s", _HSM_ZH, _HSM_EN,
        ),
        (
            HSM_BUSY, "hsm-busy", None, 503,
            "等候 HSM 的作業過多", "Too many operations wait for the HSM",
            "請稍後再試。", "Try again in a moment.",
        ),
        (
            CEREMONY_DONE, "ceremony-done", None, 409,
            "金鑰儀式已於 {at} 舉行", "The key ceremony was held at {at}",
            "根憑證不可重做；要另立一個請用新的 YUNHAI_HOME。",
            "A root is not made twice; for another one use a new YUNHAI_HOME.",
        ),
        (
            WITNESSES, "ceremony-witnesses", None, 422,
            "金鑰儀式須有兩位不同的具名見證人", "A ceremony needs two different named witnesses",
            "請給兩次 --witness。", "Give --witness twice.",
        ),
        (
            SAFE_NOT_APART, "ceremony-safe-not-apart", None, 422,
            "根金鑰的匯出處 {path} 不可用：{reason}", "The root key cannot be exported to {path}: {reason}",
            "請指定 YUNHAI_HOME 之外的可卸除媒體資料夾。", "Name a folder on a medium that leaves, outside YUNHAI_HOME.",
        ),
        (
            NOT_SOFTWARE, "hsm-not-software", None, 409,
            "只有軟體 HSM 可由此處初始化", "Only a software HSM is initialised here",
            "請用廠商的工具建立標籤為 {label} 的權杖。", "Make the token of label {label} with the vendor's tools.",
        ),
        (
            PROBE_NOT_POSSIBLE, "probe-not-possible", None, 409,
            "無法對此系統執行反面測試：{reason}", "The negative tests cannot be run on this system: {reason}",
            "請先以 yunhai up --mutual 啟動並完成金鑰儀式。", "Start it with yunhai up --mutual after the key ceremony.",
        ),
        (
            ROOT_KEY_MISSING, "root-key-missing", None, 422,
            "{path} 不存在或不能讀取", "{path} is not there or cannot be read",
            "請掛載保險箱之媒體，以 --safe 指定其資料夾；示範之根金鑰未保存，不能更新。",
            "Mount the medium from the safe and name its folder by --safe; a demonstration's root key was thrown away.",
        ),
        (
            ROOT_KEY_SHUT, "root-key-shut", None, 403,
            "這兩半通行碼不能開啟根金鑰", "These two halves do not open the root's key",
            "請依首次儀式之順序，由兩位見證人各自輸入信封內之一半。",
            "Each witness types the half of their envelope, in the order of the first ceremony.",
        ),
        (
            ROOT_KEY_OTHER, "root-key-of-another", None, 409,
            "此媒體上的根金鑰不屬於本安裝之根憑證", "The root key on this medium is not of this installation's root",
            "請取出正確之媒體。", "Take the right medium.",
        ),
        (
            NOTHING_TO_RENEW, "ca-nothing-to-renew", None, 409,
            "新憑證只到 {until}，不比現有的久", "A new certificate would end at {until}, no later than the present one",
            "根憑證將到期時須以新的 YUNHAI_HOME 另立根憑證。",
            "When the root itself is about to end, another root is made, in a new YUNHAI_HOME.",
        ),
    )
)  # fmt: skip
