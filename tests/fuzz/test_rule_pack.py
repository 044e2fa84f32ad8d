"""The rule pack reader under hostile bytes: two seconds always, a minute in the full run. And the runner itself."""

import time

import pytest

from tests.fuzz import rule_pack, runner
from tests.fuzz.runner import run
from yunhai.kernel.errors import YunhaiError


@pytest.mark.full
def test_the_rule_pack_reader_for_two_seconds():
    outcome = run(rule_pack.fuzz, rule_pack.CORPUS, seconds=2, least=100)
    assert outcome.cases > 20
    assert 0 < outcome.refused < outcome.cases


@pytest.mark.full
def test_the_rule_pack_reader_for_a_minute():
    outcome = run(rule_pack.fuzz, rule_pack.CORPUS, seconds=60, seed=int(time.time()))
    print(outcome)
    assert 0 < outcome.refused < outcome.cases


def test_the_runner_catches_a_crash():
    def crashes(data: bytes) -> None:
        if len(data) != 8:
            raise IndexError("planted")

    with pytest.raises(AssertionError, match="IndexError: planted"):
        run(crashes, [b"12345678"], seconds=5)


def test_the_runner_catches_a_slow_case():
    def dawdles(data: bytes) -> None:
        until = time.thread_time() + 0.02
        while len(data) != 8 and time.thread_time() < until:
            pass

    with pytest.raises(AssertionError, match="ms, bound 10 ms"):
        run(dawdles, [b"12345678"], seconds=5, case_ms=10)


def test_the_runner_catches_a_hang(monkeypatch):
    def hangs(data: bytes) -> None:
        while len(data) != 8:
            pass

    monkeypatch.setattr(runner, "HANG_SECONDS", 0.2)
    with pytest.raises(AssertionError, match="TimeoutError"):
        run(hangs, [b"12345678"], seconds=5)


def test_the_runner_counts_refusals():
    def refuses(data: bytes) -> None:
        raise YunhaiError(2101, text=data)

    outcome = run(refuses, [b"12345678"], seconds=0.05, least=11)
    assert outcome.cases == outcome.refused > 10
