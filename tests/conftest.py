"""Fixtures and switches that every test folder shares."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.platform_fixtures"]

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the tests marked full")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("YUNHAI_DRILLS") != "1":
        unasked = pytest.mark.skip(reason="a drill of many minutes: set YUNHAI_DRILLS=1")
        for item in items:
            if item.get_closest_marker("drill"):
                item.add_marker(unasked)
    if config.getoption("--full"):
        return
    later = [item for item in items if item.get_closest_marker("full")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public market data, not part of the repository: `YUNHAI_DATA`, or `../shared/data` beside it."""
    folder = Path(os.environ.get("YUNHAI_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no market data at {folder} (set YUNHAI_DATA to the folder that holds it)")
    return folder
