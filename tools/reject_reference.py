"""Writes docs/reference/rejects.md from the gate's list of checks: `python -m tools.reject_reference [--check]`.

The page, `GET /rejects` and the gate itself read one list, so that none of them can tell anything else.
"""

import sys
from pathlib import Path

from tools.generated import write_or_check
from yunhai.trading.gate.checks import CHECKS
from yunhai.trading.gate.gate import Reject, catalogue

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/rejects.md"
HEAD = """# Refusals of the gate 委託檢核與退單代碼

Generated from the gate's list of checks (`yunhai.trading.gate`) by `python -m tools.reject_reference`; do not edit.
`GET /trade/v1/rejects` answers the same.

An instruction is refused by the first check, in this order, that fails; what a check needs and does not find is a failure
too (6198). A refusal is journaled, takes no order number and reserves nothing. An instruction that passed the first four
checks is answered once: the same again gets the same answer, so a new try is a new instruction with a new client id and
nonce.

"Retry": **now** after the remedy, in a new instruction; **later** when something else has changed (the session, a balance,
a right); **never** as it is. "Who" can put it right. A wrong shape (6202-6223) is refused before, field by field; see
[errors](errors.md).
"""


def _section(title: str, rejects: list[Reject]) -> str:
    rows = [
        f"## {title}",
        "",
        "| code | name | who | retry | HTTP | meaning | remedy |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for reject in rejects:
        cells = (
            str(reject.code),
            f"`{reject.name}`",
            reject.owner,
            reject.retry,
            str(reject.http),
            f"{reject.zh}<br>{reject.en}",
            f"{reject.remedy_zh}<br>{reject.remedy_en}",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """The whole page."""
    rejects = catalogue()
    parts = [HEAD, _section("0. Before the checks 檢核之前", [one for one in rejects if one.check == "client-id"])]
    for place, check in enumerate(CHECKS, 1):
        parts.append(_section(f"{place}. {check.en} {check.zh}", [one for one in rejects if one.check == check.name]))
    parts.append(_section("In every check 各項檢核", [one for one in rejects if one.check == "every"]))
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date (exit code 1 if not)."""
    return write_or_check(PAGE, page(), "tools.reject_reference", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
