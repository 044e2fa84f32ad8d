"""Hostile bytes for every reader of the journal: no crash, no hang, only refusals by name."""

import pytest

from tests.fuzz.journal_reader import CORPUS, fuzz
from tests.fuzz.runner import run


def test_a_moment_of_fuzzing() -> None:
    outcome = run(fuzz, CORPUS, seconds=1.5)
    assert outcome.cases > 200
    assert outcome.refused > 50


@pytest.mark.full
def test_a_minute_of_fuzzing() -> None:
    outcome = run(fuzz, CORPUS, seconds=60, seed=2)
    assert outcome.cases > 10_000
