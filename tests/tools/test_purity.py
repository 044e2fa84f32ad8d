"""The purity check: every planted call is named with its line, and seeded or computed code passes."""

from pathlib import Path

import pytest

from tools.check import purity


def planted(tmp_path: Path, part: str, text: str) -> list[str]:
    (tmp_path / part).mkdir(parents=True)
    (tmp_path / part / "planted.py").write_text("# one line above\n" + text + "\n")
    return purity.find(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "open('x')",
        "print('x')",
        "here.read_text()",
        "here.write_bytes(b'')",
        "datetime.now()",
        "datetime.datetime.utcnow()",
        "date.today()",
        "np.random.default_rng()",
        "np.random.shuffle(a)",
        "numpy.random.seed(1)",
        "np.load('x')",
        "array.tofile('x')",
        "importlib.import_module('time')",
        "__import__('time')",
        "eval('1')",
    ],
)
@pytest.mark.parametrize("part", ["kernel", "exchange", "exchange/rules"])
def test_an_impure_call_is_caught(tmp_path: Path, part: str, line: str) -> None:
    found = planted(tmp_path, part, line)
    assert len(found) == 1
    assert found[0].startswith(f"{part}/planted.py:2: ")


@pytest.mark.parametrize(
    "line",
    ["np.random.default_rng(7)", "np.array([1])", "datetime.fromtimestamp(0, tz)", "book.open_price(1)", "clock.now()"],
)
def test_pure_code_passes(tmp_path: Path, line: str) -> None:
    assert planted(tmp_path, "kernel", line) == []


def test_other_packages_may_read_files(tmp_path: Path) -> None:
    assert planted(tmp_path, "apps", "open('x')") == []
