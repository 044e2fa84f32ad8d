"""Fixtures and switches that every test folder shares."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.platform_fixtures"]

ROOT = Path(__file__).resolve().parents[1]
GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""New objects before a look at the young, and looks before one at the older: what the tests make is small."""

# A busy machine may take any time over an example: how long one takes says nothing of what is tested.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the tests marked full")
    parser.addoption("--drill", action="store_true", help="also run the rehearsals marked drill")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full, drill = config.getoption("--full"), config.getoption("--drill")
    left_out = [mark for mark, asked in (("full", full or drill), ("drill", drill)) if not asked]
    kept: list[pytest.Item] = []
    later: list[pytest.Item] = []
    for item in items:
        (later if any(item.get_closest_marker(mark) for mark in left_out) else kept).append(item)
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = kept


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """What thousands of collected tests and their modules are made of stays to the end: the garbage collector is kept from
    going through all of it again and again, which took a fifth of the whole run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        gc.enable()


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
