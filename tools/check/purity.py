"""Kernel and exchange are pure: what import-linter cannot see, because it needs no import of its own.

Looked for in the syntax tree of `kernel` and `exchange`: opening files (`open`, `read_text` …), the wall clock
(`datetime.now` …), unseeded generators (`default_rng()` without a seed, NumPy's global generator), `print`, `input`,
and importing a forbidden module by its name's text.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PURE = ("kernel", "exchange")
_BUILTINS = {"open", "input", "print", "exec", "eval", "__import__", "breakpoint"}
_CLOCKS = {"now", "utcnow", "today"}
_CLOCK_OWNERS = {"datetime", "date"}
_FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "tofile"}
_NUMPY_FILES = {"load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "fromfile", "memmap", "genfromtxt"}


def _dotted(node: ast.expr) -> str:
    """`np.random.default_rng` of an attribute chain; '' for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _fault(call: ast.Call) -> str | None:
    """Why a call is impure, if it is."""
    if isinstance(call.func, ast.Name) and call.func.id in _BUILTINS:
        return f"{call.func.id}()"
    if isinstance(call.func, ast.Attribute) and call.func.attr in _FILE_METHODS:
        return f".{call.func.attr}() touches a file"
    name = _dotted(call.func)
    *owners, last = name.split(".")
    if last in _CLOCKS and owners and owners[-1] in _CLOCK_OWNERS:
        return f"{name}() reads the wall clock"
    if last in ("default_rng", "RandomState", "SeedSequence") and not call.args and not call.keywords:
        return f"{name}() without a seed"
    if owners in (["np", "random"], ["numpy", "random"]) and last[:1].islower() and last != "default_rng":
        return f"{name}() is a generator of the whole process"
    if owners in (["np"], ["numpy"]) and last in _NUMPY_FILES:
        return f"{name}() touches a file"
    if last == "import_module":
        return f"{name}() hides an import"
    return None


def _in_file(path: Path, shown: str) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (fault := _fault(node)):
            yield f"{shown}:{node.lineno}: {fault}"


def find(package: Path) -> list[str]:
    """Impure calls in the pure parts of `package` (the folder of `yunhai`), as `file:line: what`."""
    return [
        line
        for part in PURE
        for path in sorted((package / part).rglob("*.py"))
        for line in _in_file(path, str(path.relative_to(package)))
    ]
