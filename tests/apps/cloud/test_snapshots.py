"""Books at a place in the journal: the same from the beginning and from any snapshot; a wrong one is passed over."""

from pathlib import Path

import pytest

from tests.services.small_market import SmallMarket
from yunhai.apps.cloud.snapshots import newest_books
from yunhai.trading.core.restore import STATE_VERSION, CoreState, save


def keep(market: SmallMarket, folder: Path) -> int:
    """A snapshot as the core writes it; its sequence."""
    sequence = market.books.sequence
    folder.mkdir(exist_ok=True)
    state = CoreState(version=STATE_VERSION, time=market.time, first_number=1, books=market.books.state())
    save(folder, market.folder, sequence, state)
    return sequence


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    market = SmallMarket(tmp_path / "journal")
    market.endow()
    market.open_day()
    market.trade(20)
    return market


def test_books_are_the_same_with_and_without_a_snapshot(market: SmallMarket, tmp_path: Path) -> None:
    earlier = keep(market, tmp_path / "snapshots")
    at = {earlier: market.books.state_hash()}
    market.trade(20)
    at[market.books.sequence] = market.books.state_hash()
    keep(market, tmp_path / "snapshots")
    market.trade(20)
    at[market.books.sequence] = market.books.state_hash()
    for sequence, expected in at.items():
        for folder in (tmp_path / "snapshots", tmp_path / "none"):
            passed: list[int] = []
            books = newest_books(market.folder, folder, sequence, progress=passed.append)
            assert books.state_hash() == expected
            if folder.is_dir():
                assert not passed or passed[0] > earlier, "it began at the snapshot"
    market.close_journal()


def test_a_snapshot_that_is_not_right_is_passed_over(market: SmallMarket, tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    keep(market, folder)
    expected = market.books.state_hash()
    (damaged,) = folder.iterdir()
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(bytes(content))
    other = SmallMarket(tmp_path / "other", seed=9)
    other.endow()
    keep(other, folder)
    other.close_journal()
    assert len(list(folder.iterdir())) == 2
    assert newest_books(market.folder, folder, market.books.sequence).state_hash() == expected
    market.close_journal()
