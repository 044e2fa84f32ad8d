"""Writes docs/reference/errors.md from the error registry: `python -m tools.error_reference [--check]`.

The page is generated so that it cannot tell anything else than the program does; a test holds the two together.
Every module of the package is imported first, because each area registers its own errors when it is loaded.
"""

import sys
from pathlib import Path

from tools.everything import load_everything
from tools.generated import write_or_check
from yunhai.kernel.errors import ErrorEntry, catalogue

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/errors.md"
AREAS = {
    1: "The book and its engine 委託簿與撮合",
    2: "Rules and instruments 規則與證券",
    3: "The journal 日誌",
    4: "Days and replays 重現與重播",
    5: "The command line 命令列",
    6: "The order's path 委託路徑",
    7: "The platform and its services 平台與服務",
}
HEAD = """# Errors 錯誤一覽

Generated from the registry (`yunhai.kernel.errors`) by `python -m tools.error_reference`; do not edit.

An error has one number everywhere: on the command line, in `--json` answers (`error.code`, `name`, `en`, `zh`,
`remedy_en`, `remedy_zh`, `details`), in the journal's records and on pages. "Status" is the exchange's own answer number
狀態碼 where it has one; "HTTP" is what a web answer carries. `{…}` are filled from the details.
"""


def page() -> str:
    """The whole page."""
    load_everything()
    parts = [HEAD]
    for thousand, title in AREAS.items():
        entries = [entry for code, entry in catalogue().items() if code // 1000 == thousand]
        if entries:
            parts.append(_section(title, entries))
    return "\n".join(parts)


def _section(title: str, entries: list[ErrorEntry]) -> str:
    rows = [
        f"## {title}",
        "",
        "| code | name | status | HTTP | meaning | remedy |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        status = "" if entry.status is None else str(entry.status)
        cells = (
            str(entry.code),
            f"`{entry.name}`",
            status,
            str(entry.http),
            f"{entry.zh}<br>{entry.en}",
            f"{entry.remedy_zh}<br>{entry.remedy_en}",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date (exit code 1 if not)."""
    return write_or_check(PAGE, page(), "tools.error_reference", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
