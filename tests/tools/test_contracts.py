"""The import rules of `pyproject.toml`, each with a violation planted that must be caught, and the clean tree that must pass."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.full

LAYERS = ("apps", "services", "platform", "client", "market", "trading", "exchange", "journal", "kernel", "native")


@pytest.fixture
def tree(tmp_path: Path, repository: Path) -> Path:
    """An empty house under the repository's own contracts."""
    (tmp_path / "pyproject.toml").write_bytes((repository / "pyproject.toml").read_bytes())
    for package in ("tools", "yunhai", *(f"yunhai/{layer}" for layer in LAYERS)):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    """Exit code and output of import-linter over `tree`."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = dict(os.environ, PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1", COLUMNS="200")
    result = subprocess.run(
        [program, "--no-cache"], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def test_the_clean_house_passes(tree: Path) -> None:
    code, output = lint(tree)
    assert code == 0, output
    assert "4 kept, 0 broken" in output


PLANTED = [
    ("yunhai/kernel", "import yunhai.exchange", "Imports go downwards only"),
    ("yunhai/kernel", "import yunhai.apps", "Imports go downwards only"),
    ("yunhai/native", "import yunhai.kernel", "Imports go downwards only"),
    ("yunhai/exchange", "import yunhai.journal", "Imports go downwards only"),
    ("yunhai/journal", "import yunhai.exchange", "Imports go downwards only"),
    ("yunhai/exchange", "import yunhai.trading", "Imports go downwards only"),
    ("yunhai/trading", "import yunhai.platform", "Imports go downwards only"),
    ("yunhai/platform", "import yunhai.services", "Imports go downwards only"),
    ("yunhai/services", "import yunhai.apps", "Imports go downwards only"),
    ("yunhai/newcomer", "", "Imports go downwards only"),
    ("yunhai/trading", "from django.db import models", "Django stops at platform and services"),
    ("yunhai/journal", "import django", "Django stops at platform and services"),
    ("yunhai/trading", "import ninja", "Django stops at platform and services"),
    ("yunhai/kernel", "def f() -> None:\n    import secrets", "Kernel and exchange are pure"),
    ("yunhai/apps", "import tests", "Nothing imports the tests"),
    ("yunhai/exchange", "from tests.reference import engine", "Nothing imports the tests"),
    ("tools", "import tests", "Nothing imports the tests"),
    ("yunhai/apps", "import bench", "Nothing imports the tests"),
]


@pytest.mark.parametrize(("package", "line", "contract"), PLANTED, ids=[f"{p}: {x}" for p, x, _ in PLANTED])
def test_a_planted_import_is_caught(tree: Path, package: str, line: str, contract: str) -> None:
    (tree / package).mkdir(exist_ok=True)
    (tree / package / "__init__.py").touch()
    (tree / package / "planted.py").write_text(line + "\n")
    code, output = lint(tree)
    assert code != 0, output
    assert contract in output
    assert "BROKEN" in output or "missing layer" in output.lower() or "newcomer" in output, output


def test_platform_and_services_may_use_django(tree: Path) -> None:
    for package in ("platform", "services", "apps"):
        (tree / "yunhai" / package / "allowed.py").write_text("import django\nimport ninja\n")
    code, output = lint(tree)
    assert code == 0, output


@pytest.mark.parametrize("part", ["kernel", "exchange"])
def test_every_impure_module_is_caught_in_the_pure_packages(tree: Path, part: str) -> None:
    modules = (
        "asyncio",
        "io",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "threading",
        "time",
        "urllib",
    )
    (tree / "yunhai" / part / "planted.py").write_text("".join(f"import {module}\n" for module in modules))
    code, output = lint(tree)
    assert code != 0
    caught = set(re.findall(rf"yunhai\.{part} is not allowed to import (\w+)", output))
    assert caught >= set(modules), output
