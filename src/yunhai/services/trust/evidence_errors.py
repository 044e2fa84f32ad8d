"""The catalogue's rows of evidence in the service (7890-7894); what is wrong inside a file has 6884-6895."""

from typing import Final

from yunhai.kernel.errors import register, rows

EVIDENCE_UNKNOWN: Final = 7890
EVIDENCE_OTHER_JOURNAL: Final = 7891
EVIDENCE_DELETED: Final = 7892
EVIDENCE_SET_ASIDE: Final = 7893
EVIDENCE_DEFECT: Final = 7894

register(
    *rows(
        (
            EVIDENCE_UNKNOWN,
            "trust-evidence-not-found",
            None,
            404,
            "查無委託 {number} 的證據",
            "There is no evidence of instruction {number}",
            "未使用憑證的委託沒有證據檔；其簽章在日誌中。",
            "An instruction under no certificate has none; its signature is in the journal.",
        ),
        (
            EVIDENCE_OTHER_JOURNAL,
            "trust-evidence-other-journal",
            None,
            500,
            "證據資料表屬於另一份日誌",
            "The tables of evidence came from another journal",
            "請確認 YUNHAI_HOME 與資料庫是同一套安裝。",
            "See that YUNHAI_HOME and the database are of one installation.",
        ),
        (
            EVIDENCE_DELETED,
            "trust-evidence-deleted",
            None,
            410,
            "委託 {number} 的證據已逾保存年限，於 {date} 刪除",
            "The evidence of instruction {number} was past its years and deleted on {date}",
            "日誌中仍有其紀錄與封存雜湊。",
            "The journal still holds its record and the seal's hash.",
        ),
        (
            EVIDENCE_SET_ASIDE,
            "trust-evidence-set-aside",
            None,
            409,
            "核心拒絕此證據的封存，已擱置",
            "The core refused the seal of this evidence, which is set aside",
            "讀取程序啟動時會再試；原因見其紀錄檔（seal set aside）。",
            "It is tried again when the reader starts; its log says why (seal set aside).",
        ),
        (
            EVIDENCE_DEFECT,
            "trust-evidence-defect",
            None,
            500,
            "製作此證據時發生程式錯誤",
            "A defect kept this evidence from being made",
            "會再試；原因見讀取程序的紀錄檔（evidence waits）。",
            "It is tried again; the reader's log has the trace (evidence waits).",
        ),
    )
)
