"""Every reason that the replays and the auction file can be refused for has its Chinese."""

import ast
import re
from pathlib import Path

from yunhai.market.l3.errors import in_chinese


def _samples(node: ast.expr) -> str:
    """A reason as written, its places filled."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return ""


def _reasons(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in ("refusal", "wrong"):
                    found |= {_samples(word.value) for word in node.keywords if word.arg == "reason"}
                    found |= {_samples(argument) for argument in node.args if isinstance(argument, ast.JoinedStr)}
                if name == "ValueError":
                    found |= {_samples(argument) for argument in node.args}
    return found - {""}


def test_every_reason_has_its_chinese(repository: Path) -> None:
    reasons = _reasons(repository / "src" / "yunhai" / "market" / "l3")
    assert len(reasons) > 25
    assert [reason for reason in sorted(reasons) if not re.search("[\u4e00-\u9fff]", in_chinese(reason))] == []
