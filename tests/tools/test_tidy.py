"""The tidy check: one planted fault a case, each found by name; and this repository itself is tidy where tests can say so."""

from pathlib import Path

import pytest

from tools.check import tidy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "src" / "yunhai").mkdir(parents=True)
    (tmp_path / "src" / "yunhai" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    return tmp_path


def check(root: Path, name: str, data: bytes) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return tidy.find(root, [path])


FAULTS = [
    ("docs/a.md", b"no newline", "does not end with one newline"),
    ("docs/a.md", b"two\n\n", "does not end with one newline"),
    ("docs/a.md", b"line \nnext\n", "spaces at the end"),
    ("docs/a.md", b"line\r\n", "carriage returns"),
    ("docs/a.md", "雲海\n".encode("cp950"), "not UTF-8"),
    ("docs/a.md", b"see /work/main/x\n", "path of one machine"),
    ("src/x.py", b"HERE = '/home/someone/x'\n", "path of one machine"),
    ("docs/a.md", b"from https://pypi.org/simple\n", "registry's host"),
    ("tools/dev/index.py", b"'https://files.pythonhosted.org/x'\n", "registry's host"),
    ("requirements/a.lock", b"a @ https://example.org/a.whl\n", "address in a lock"),
    ("requirements/a.lock", b"--index-url file:/x\na==1\n", "address in a lock"),
    ("src/yunhai/long.py", b"x = 1\n" * 601, "601 lines"),
    ("native/book/long.cpp", b"//\n" * 601, "601 lines"),
    ("docs/a.md", b"[there](nowhere.md)\n", "which is not there"),
    ("docs/decisions/0099-a.md", b"# a\n", "not in docs/decisions/README.md"),
    ("docs/day.csv.gz", b"x", "do not belong"),
    ("docs/large.txt", b"x" * 1_100_000, "do not belong"),
]


@pytest.mark.parametrize(("name", "data", "fault"), FAULTS, ids=[f"{name}: {fault}" for name, _, fault in FAULTS])
def test_a_planted_fault_is_caught(root: Path, name: str, data: bytes, fault: str) -> None:
    found = check(root, name, data)
    assert len(found) == 1, found
    assert found[0].startswith(name)
    assert fault in found[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("docs/a.md", "雲海\n".encode()),
        ("docs/a.md", b"[up](../pyproject.toml) [out](https://example.org) [here](#part)\n"),
        ("requirements/a.lock", b"a==1 \\\n    --hash=sha256:00\n"),
        ("tools/dev/index.py", b"'https://pypi.org/simple'\n"),
        ("tests/long.py", b"x = 1\n" * 700),
        ("src/yunhai/empty.py", b""),
        ("src/yunhai/ends.py", b"x = 'network/root/x'\n"),
    ],
)
def test_a_tidy_file_passes(root: Path, name: str, data: bytes) -> None:
    assert check(root, name, data) == []


def test_the_version_is_one_number(root: Path) -> None:
    (root / "src" / "yunhai" / "__init__.py").write_text('__version__ = "9.9.9"\n')
    assert tidy.find(root, []) == ["src/yunhai/__init__.py: __version__ is not pyproject.toml's 1.2.3"]


def test_tracked_files_leave_out_what_git_ignores(repository: Path) -> None:
    names = {path.relative_to(repository).parts[0] for path in tidy.tracked_files(repository)}
    assert "dev" in names
    assert not names & {".venv", ".git", "build"}


def test_error_texts_are_checked() -> None:
    def faults(**change: str) -> list[str]:
        texts = {"zh": "價格 {price} 有誤", "remedy_zh": "改價", "en": "bad price {price}"} | change
        return list(tidy._error_faults(9999, texts["zh"], texts["remedy_zh"], texts["en"]))

    assert faults() == []
    assert "no Chinese" in faults(zh="wrong {price}")[0]
    assert "no Chinese" in faults(remedy_zh="change it")[0]
    assert "no English" in faults(en="價格 {price}")[0]
    assert "price is named in Chinese only" in faults(en="bad price")[0]
    assert faults(zh="價格有誤") == []
