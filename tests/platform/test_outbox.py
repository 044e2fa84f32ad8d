"""The outbox and its relay: in the same transaction, in order, each row once, and nothing held up by a bad one."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from django.db import transaction

from tests.platform_fixtures import committing
from yunhai.platform.outbox.api import put
from yunhai.platform.outbox.relay import Answer, Round, relay_once
from yunhai.trading.facts import CellSet, PoolSet, from_json


class Core:
    """A core that keeps what it takes, refuses numbers it does not know, and can be away."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.seen: set[int] = set()
        self.batches = 0
        self.away = False
        self.bad: set[int] = set()

    def post(self, batch: Sequence[dict[str, Any]]) -> Answer:
        self.batches += 1
        if self.away:
            return Answer(0)
        if any(item["outbox"] in self.bad for item in batch):
            return Answer(422, '{"error": {"code": 6509}}')
        for item in batch:
            from_json(item["number"], item["value"])
            if item["outbox"] not in self.seen:
                self.seen.add(item["outbox"])
                self.taken.append(item["outbox"])
        return Answer(200)


def cell(level: str) -> CellSet:
    return CellSet(service="1.3", column="brokerage", level=level)


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture(scope="module")
def server(migrated: Any) -> Iterator[Any]:
    """A database where commits stay, for all tests here."""
    with committing(migrated) as found:
        yield found


@pytest.fixture
def reader(server: Any) -> Iterator[Any]:
    """A connection as the reader; the outbox is empty."""
    with psycopg.connect(**server.superuser("yunhai"), autocommit=True) as cleaner:
        cleaner.execute("TRUNCATE outbox_row")
    with psycopg.connect(**server.connection("reader")) as found:
        yield found


def put_all(*levels: str) -> list[int]:
    with transaction.atomic():
        return [put(cell(level)) for level in levels]


def test_a_decision_needs_a_transaction(server: Any) -> None:
    with pytest.raises(RuntimeError):
        put(cell("none"))


def test_rows_go_in_order_and_once(reader: Any, core: Core) -> None:
    ids = put_all("full", "partial", "none")
    assert relay_once(reader, core.post) == Round(sent=3)
    assert relay_once(reader, core.post) == Round()
    assert core.taken == ids


def test_a_decision_that_is_undone_is_not_told(reader: Any, core: Core) -> None:
    with transaction.atomic():
        put(cell("none"))
        transaction.set_rollback(True)
    assert relay_once(reader, core.post) == Round()


def test_more_rows_than_a_batch(reader: Any, core: Core) -> None:
    ids = put_all(*["none"] * 7)
    assert [relay_once(reader, core.post, limit=3).sent for _ in range(4)] == [3, 3, 1, 0]
    assert core.taken == ids


def test_a_core_that_is_away_is_waited_for(reader: Any, core: Core) -> None:
    ids = put_all("none")
    core.away = True
    assert relay_once(reader, core.post) == Round(reachable=False)
    core.away = False
    assert relay_once(reader, core.post) == Round(sent=1)
    assert core.taken == ids


def test_a_relay_that_died_before_marking_posts_again_and_the_core_takes_it_once(reader: Any, core: Core) -> None:
    ids = put_all("full", "none")

    def dies(batch: Sequence[dict[str, Any]]) -> Answer:
        core.post(batch)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relay_once(reader, dies)
    assert relay_once(reader, core.post) == Round(sent=2)
    assert core.taken == ids


def test_a_row_refused_for_its_shape_is_marked_and_does_not_hold_up_the_rest(reader: Any, core: Core) -> None:
    ids = put_all("full", "partial", "none")
    core.bad = {ids[1]}
    assert relay_once(reader, core.post) == Round(sent=2, refused=1)
    assert core.taken == [ids[0], ids[2]]
    found = reader.execute("SELECT id, refused FROM outbox_row WHERE refused <> ''").fetchall()
    assert found == [(ids[1], '{"error": {"code": 6509}}')]
    assert relay_once(reader, core.post) == Round()


@pytest.mark.parametrize("status", [404, 409, 429, 500, 503])
def test_an_answer_of_not_now_skips_nothing(reader: Any, status: int) -> None:
    put_all("none")
    assert relay_once(reader, lambda _: Answer(status)) == Round(reachable=False)
    assert reader.execute("SELECT count(*) FROM outbox_row WHERE sent_at IS NULL").fetchone() == (1,)


def test_two_relays_do_not_run_into_each_other(server: Any, reader: Any, core: Core) -> None:
    put_all("none")
    with psycopg.connect(**server.connection("reader")) as other:

        def meanwhile(batch: Sequence[dict[str, Any]]) -> Answer:
            assert relay_once(other, core.post) == Round()
            return core.post(batch)

        assert relay_once(reader, meanwhile) == Round(sent=1)
    assert core.batches == 1


def test_what_is_put_is_what_the_core_reads(reader: Any, core: Core) -> None:
    with transaction.atomic():
        put(PoolSet(pool="A", tenants=(1, 2), weights={2: 3}), tenant=5, by=8)
    got: list[dict[str, Any]] = []
    relay_once(reader, lambda batch: got.extend(batch) or Answer(200))  # type: ignore[func-returns-value]
    fact = from_json(got[0]["number"], got[0]["value"])
    assert isinstance(fact, PoolSet)
    assert (fact.pool, fact.tenants, fact.weights, fact.by, got[0]["tenant"]) == ("A", (1, 2), {2: 3}, 8, 5)
    assert fact.wall_ns > 0
