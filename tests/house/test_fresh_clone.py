"""A stranger's first run: a fresh clone, an ordinary user with an empty home folder, no compiler to be used, then the demo.

Needs the network (or a package cache), and root to become someone else; as an ordinary user it runs as that user.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.full, pytest.mark.drill]

SYSTEM_PYTHON = Path("/usr/bin/python3")
_MINUTES = 15


@pytest.fixture
def stranger() -> str | None:
    """A user without privileges to become, or None to stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_name
    except KeyError:
        pytest.skip("there is no user `nobody` to become")


@pytest.fixture
def clone(repository: Path, stranger: str | None) -> Iterator[Path]:
    """A clone of the last commit in a folder that the stranger owns, with an empty home beside it."""
    folder = Path(tempfile.mkdtemp(prefix="yunhai-fresh-", dir="/var/tmp"))
    try:
        safe = ["-c", f"safe.directory={repository}", "-c", f"safe.directory={repository / '.git'}"]
        subprocess.run(
            ["git", *safe, "clone", "-q", "--no-hardlinks", str(repository), str(folder / "yunhai")], check=True
        )
        (folder / "home").mkdir()
        if stranger is not None:
            subprocess.run(["chown", "-R", stranger, str(folder)], check=True)
        yield folder / "yunhai"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


STEPS = (
    "登入",
    "登記金鑰",
    "市場開盤",
    "買一張與七股",
    "減量、改價、取消",
    "零股成交",
    "庫存",
    "歷程",
    "各室",
    "帳務勾稽",
)


def assert_a_whole_demo(output: str) -> None:
    """A link for each room was printed and every step of the demo's own check held."""
    links = [line for line in output.splitlines() if "/demo/sign-in/" in line]
    assert len(links) == len(set(links)) == 6, output[-6000:]
    held = [step for step in STEPS if any("✓" in line and step in line for line in output.splitlines())]
    assert held == list(STEPS), output[-6000:]
    assert "示範完整" in output


def test_a_stranger_gets_from_clone_to_demo(clone: Path, stranger: str | None) -> None:
    python = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, check=False
    )
    if python.stdout.strip() != b"True":
        pytest.skip("the system's own Python is older than 3.11")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_", "SSL_", "http", "HTTP", "no_", "NO_"))
    }
    environment = {
        **{name: value for name, value in kept.items() if name != "UV_CACHE_DIR"},
        "HOME": str(clone.parent / "home"),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "YUNHAI_COMPILER": "zig",
    }
    for words in (
        ("demo", "--once"),
        ("run", "yunhai", "--version"),
        ("test", "tests/house/test_cli.py", "tests/native"),
    ):
        result = subprocess.run(
            [clone / "dev", *words],
            cwd=clone,
            env=environment,
            user=stranger,
            extra_groups=[] if stranger else None,
            capture_output=True,
            text=True,
            timeout=_MINUTES * 60,
            check=False,
        )
        output = result.stdout + result.stderr
        assert result.returncode == 0, output[-6000:]
        if words[0] == "demo":
            assert_a_whole_demo(output)
    assert " passed" in output.splitlines()[-1], "pytest's own line closes the output"
    assert not list(clone.rglob("native-g++")), "the ziglang compiler was to build it"
