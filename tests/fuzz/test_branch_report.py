"""The report reader under hostile bytes: two seconds always, a minute in the full run."""

import time

import pytest

from tests.fuzz import branch_report
from tests.fuzz.runner import run


@pytest.mark.full
def test_the_report_reader_for_two_seconds() -> None:
    outcome = run(branch_report.fuzz, branch_report.CORPUS, seconds=2, least=100)
    assert outcome.cases > 20
    assert 0 < outcome.refused < outcome.cases


@pytest.mark.full
def test_the_report_reader_for_a_minute() -> None:
    outcome = run(branch_report.fuzz, branch_report.CORPUS, seconds=60, seed=int(time.time()))
    print(outcome)
    assert 0 < outcome.refused < outcome.cases
