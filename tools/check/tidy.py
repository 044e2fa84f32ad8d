"""What every tracked file of the repository must keep.

- text is UTF-8, ends with exactly one newline, has no spaces before it at line ends and no carriage returns;
- a lock holds names, versions and hashes, never an address;
- no path of one machine and no host of a package registry but the public default where packages are fetched;
- a source file is at most 600 lines, a lone exception listed here with its reason;
- a relative link in a Markdown page leads somewhere;
- nothing larger than 1 MiB, no market data;
- every decision is in the decisions' index;
- the version is one number in two places.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST_SOURCE_LINES = 600
LARGEST_FILE_BYTES = 1 << 20
LONG_SOURCES: dict[str, str] = {"src/yunhai/kernel/limits.py": "every bound of the house, in one file on purpose"}
"""Source files allowed to be longer, each with its reason."""
PINNED = {"bench/workload.py": "a copy whose bytes define the workload"}
"""Files kept byte for byte as they came, each with its reason: their form is not ours to tidy."""

_SOURCES = (".py", ".pyi", ".cpp", ".hpp", ".h")
_DATA = (".gz", ".zip", ".parquet", ".xlsx", ".xls", ".npy", ".npz", ".so", ".whl")
_MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/\w")
_REGISTRY_HOSTS = re.compile(
    r"\b(?:pypi\.org|(?:files|test)\.python(?:hosted)?\.org|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org"
    r"|security\.debian\.org|snapshot\.debian\.org|crates\.io|conda\.anaconda\.org)\b"
)
_HOST_EXCEPTIONS = {"tools/dev/index.py": {"pypi.org"}}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_OWN_WORDS = {"tools/check/tidy.py", "tests/tools/test_tidy.py"}
"""The files that spell out what is forbidden, in order to forbid it."""


def tracked_files(root: Path) -> list[Path]:
    """Files that git tracks or would track, that exist."""
    command = ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
    return sorted({root / name for name in output.split("\0") if name and (root / name).is_file()})


def _text_faults(name: str, data: bytes) -> Iterator[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        yield f"{name}: not UTF-8"
        return
    if "\r" in text:
        yield f"{name}: carriage returns"
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield f"{name}: does not end with one newline"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip(" \t") and name not in PINNED:
            yield f"{name}:{number}: spaces at the end of the line"
        if name in _OWN_WORDS:
            continue
        if found := _MACHINE_PATHS.search(line):
            yield f"{name}:{number}: a path of one machine ({found[0]}…)"
        for host in _REGISTRY_HOSTS.findall(line):
            if host not in _HOST_EXCEPTIONS.get(name, set()):
                yield f"{name}:{number}: a registry's host ({host})"
    if name.endswith(".lock") and (
        "://" in text or re.search(r"^(-i|--index|--extra-index|--find-links)", text, re.MULTILINE)
    ):
        yield f"{name}: an address in a lock"


def _length_fault(name: str, data: bytes) -> Iterator[str]:
    lines = data.count(b"\n")
    watched = name.startswith(("src/", "native/", "tools/")) and name.endswith(_SOURCES) and name not in LONG_SOURCES
    watched = watched and "/migrations/" not in name  # written by Django
    if watched and lines > LONGEST_SOURCE_LINES:
        yield f"{name}: {lines} lines, more than {LONGEST_SOURCE_LINES}"


def _dead_links(root: Path, name: str, data: bytes) -> Iterator[str]:
    for target in _LINK.findall(data.decode("utf-8", "replace")):
        path = target.partition("#")[0]
        if path and "://" not in target and not target.startswith("mailto:"):
            place = root / path.lstrip("/") if path.startswith("/") else (root / name).parent / path
            if not place.exists():
                yield f"{name}: link to {target}, which is not there"


def _version_fault(root: Path) -> Iterator[str]:
    stated = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    package = (root / "src" / "yunhai" / "__init__.py").read_text(encoding="utf-8")
    if f'__version__ = "{stated}"' not in package:
        yield f"src/yunhai/__init__.py: __version__ is not pyproject.toml's {stated}"


def _unlisted_decisions(root: Path, names: Iterable[str]) -> Iterator[str]:
    index = root / "docs" / "decisions" / "README.md"
    listed = set(_LINK.findall(index.read_text(encoding="utf-8"))) if index.exists() else set()
    for name in names:
        folder, _, page = name.rpartition("/")
        if folder == "docs/decisions" and page[:4].isdigit() and page not in listed:
            yield f"{name}: not in docs/decisions/README.md"


def find(root: Path, files: Iterable[Path]) -> list[str]:
    """What is wrong with `files` of the repository `root`, as `file:line: what`."""
    files = list(files)
    found = list(_unlisted_decisions(root, (path.relative_to(root).as_posix() for path in files)))
    for path in files:
        name = path.relative_to(root).as_posix()
        data = path.read_bytes()
        if len(data) > LARGEST_FILE_BYTES or name.endswith(_DATA):
            found.append(f"{name}: {len(data)} bytes of data do not belong in the repository")
            continue
        if b"\0" in data:
            continue
        found.extend(_text_faults(name, data))
        found.extend(_length_fault(name, data))
        if name.endswith(".md"):
            found.extend(_dead_links(root, name, data))
    found.extend(_version_fault(root))
    return found


def incomplete_errors() -> list[str]:
    """Registered errors that lack a text in either language; every module is loaded, so that all have registered."""
    from tools.everything import load_everything
    from yunhai.kernel.errors import catalogue

    load_everything()
    return [
        line
        for entry in catalogue().values()
        for line in _error_faults(entry.code, entry.zh, entry.remedy_zh, entry.en)
    ]


def _error_faults(code: int, zh: str, remedy_zh: str, en: str) -> Iterator[str]:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for text in (zh, remedy_zh):
        if not chinese.search(text):
            yield f"error {code}: no Chinese in {text!r}"
    if not re.search(r"[A-Za-z]{2}", re.sub(r"{[^}]*}", "", en)):
        yield f"error {code}: no English in {en!r}"
    # A detail without a place is appended, so that one language may name fewer; a name only in one is a slip.
    if unknown := set(re.findall(r"{(\w+)", zh)) - set(re.findall(r"{(\w+)", en)):
        yield f"error {code}: {', '.join(sorted(unknown))} is named in Chinese only"
