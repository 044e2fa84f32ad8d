"""Signatures verified by a process of their own: its verdicts, and that nothing waits for it when it is gone."""

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from yunhai.trading import signatures
from yunhai.trading.core import proving
from yunhai.trading.core.proving import PATIENCE_S, Prover, Wanted
from yunhai.trading.instructions import signed_attributes
from yunhai.trading.signatures import new_key, point_of, sign

WAIT_S = 120


def triple(text: bytes, signed: bytes) -> Wanted:
    """A claim that `signed`'s signature is of `text`."""
    key = new_key()
    return point_of(key), signed_attributes(text), sign(key, signed)


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    signatures._proven.clear()
    yield
    signatures._proven.clear()


async def proven(prover: Prover, wanted: list[Wanted]) -> None:
    done = asyncio.Event()
    prover.prove(wanted, done.set)
    await asyncio.wait_for(done.wait(), WAIT_S)


async def ready(prover: Prover, probe: Wanted | None = None) -> None:
    """Until there is a child that answers, and has verified the `probe`."""
    probe = probe or triple(b"a", b"a")
    until = time.monotonic() + WAIT_S
    while probe not in signatures._proven:
        assert time.monotonic() < until
        await proven(prover, [probe])
        await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_each_of_a_batch_has_its_own_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "PATIENCE_S", WAIT_S)
    prover = Prover()
    await ready(prover)
    right, altered = triple(b"one", b"one"), triple(b"one", b"two")
    cut = (right[0], right[1], right[2][:-1])
    off_curve = (b"\x04" + bytes(64), right[1], right[2])
    await proven(prover, [right, altered, cut, off_curve])
    assert signatures._proven[right] is True
    assert signatures._proven[altered] is False
    assert signatures._proven[off_curve] is False
    assert cut not in signatures._proven, "what has another size is the gate's to refuse"
    prover.close()


@pytest.mark.asyncio
@pytest.mark.full
async def test_before_the_child_is_there_and_after_it_was_killed_the_gate_verifies_itself() -> None:
    prover = Prover()
    one = triple(b"one", b"one")
    await proven(prover, [one])
    assert not signatures._proven, "the child is not ready yet: nothing waits for it"
    await ready(prover)
    assert prover._child is not None
    prover._child.kill()
    prover._child.wait()
    many = [triple(b"%d" % number, b"%d" % number) for number in range(40)]
    await proven(prover, many)
    assert all(signatures.verify(*wanted) for wanted in many)
    await asyncio.sleep(1.1)
    await ready(prover)
    prover.close()


@pytest.mark.full
@pytest.mark.asyncio
async def test_a_child_that_hangs_is_given_up_and_replaced() -> None:
    prover = Prover()
    await ready(prover)
    assert prover._child is not None
    prover._child.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    one = triple(b"one", b"one")
    await proven(prover, [one])
    assert PATIENCE_S * 0.9 < time.monotonic() - began < PATIENCE_S * 20
    assert one not in signatures._proven
    signatures._proven.clear()
    await ready(prover, one)
    assert signatures._proven[one] is True
    prover.close()
