"""The locks: hashes only, no address, and exactly what the lists of requirements ask for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.dev.index import locked
from tools.lock import LOCKS


def wanted(repository: Path, sources: tuple[str, ...]) -> list[Requirement]:
    lines: list[str] = []
    for source in sources:
        text = (repository / source).read_text()
        if source.endswith(".toml"):
            lines += tomllib.loads(text)["project"]["dependencies"]
        else:
            lines += [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_answers_its_requirements(repository: Path, name: str) -> None:
    lock = (repository / "requirements" / name).read_text()
    for requirement in wanted(repository, LOCKS[name]):
        version, sums = locked(lock, canonicalize_name(requirement.name))
        assert requirement.specifier.contains(version), f"{requirement}: the lock has {version}; run ./dev lock"
        assert sums


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_hashes_and_no_address(repository: Path, name: str) -> None:
    lock = (repository / "requirements" / name).read_text()
    assert "://" not in lock
    entries = re.split(r"\n(?=\S)", lock.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_every_lock_is_made_by_the_tool(repository: Path) -> None:
    assert {path.name for path in (repository / "requirements").glob("*.lock")} >= set(LOCKS)


def test_runtime_is_part_of_dev(repository: Path) -> None:
    def names(lock: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (repository / "requirements" / lock).read_text(), re.MULTILINE))

    assert names("runtime.lock") <= names("dev.lock")
