"""A line logs in with line number, broker number and password, all three right (study §4.4, A20)."""

import pytest

from yunhai.trading.facts import LineSet, LineState, TenantSet
from yunhai.trading.lines.carriage import Carriage
from yunhai.trading.lines.exchange_side import LineServer
from yunhai.trading.lines.login import verifier_of
from yunhai.trading.lines.pool import Pool

VERIFIER = verifier_of("7A", "9801", "right", salt=b"0123456789abcdef")
FACTS = (
    TenantSet(tenant=7, code="9801"),
    TenantSet(tenant=8, code="9802"),
    LineSet(line="7A", tenant=7, verifier=VERIFIER),
    LineSet(line="8A", tenant=8, verifier=verifier_of("8A", "9802", "right")),
    LineSet(line="7B", tenant=7, verifier=verifier_of("7B", "9801", "right"), status="closed"),
    LineSet(line="7C", tenant=7, verifier=VERIFIER),
)

TABLE = [
    ("all right", "7A", "9801", "right", "up", 0),
    ("no such line", "ZZ", "9801", "right", "refused", 6301),
    ("another broker's number", "7A", "9802", "right", "refused", 6302),
    ("no broker's number", "7A", "", "right", "refused", 6302),
    ("wrong password", "7A", "9801", "Right", "refused", 6303),
    ("no password", "7A", "9801", "", "refused", 6303),
    ("everything wrong", "ZZ", "0000", "wrong", "refused", 6301),
    ("broker and password wrong", "7A", "9802", "wrong", "refused", 6302),
    ("closed", "7B", "9801", "right", "refused", 6304),
    ("closed and wrong", "7B", "9801", "wrong", "refused", 6303),
    ("a verifier moved from another line", "7C", "9801", "right", "refused", 6303),
]


def pool() -> Pool:
    made = Pool()
    for fact in FACTS:
        made.apply(fact, 0)
    return made


@pytest.mark.parametrize(
    ("case", "line", "broker", "password", "state", "reason"), TABLE, ids=[row[0] for row in TABLE]
)
def test_each_of_the_three_is_checked(
    case: str, line: str, broker: str, password: str, state: str, reason: int
) -> None:
    made = pool()
    before = made.view(0)
    fact = made.login(line, broker, password)
    assert (fact.line, fact.state, fact.reason) == (line, state, reason)
    assert made.view(0) == before, "checking a login changes nothing; the fact does"
    made.apply(fact, 0)
    assert [one.line for one in made.view(0).lines if one.state == "up"] == (["7A"] if state == "up" else [])


def test_the_exchange_side_checks_the_same_three_and_the_pool_follows() -> None:
    server = LineServer(lambda tenant, number, body: 0)
    for fact in FACTS:
        server.apply(fact)
    carriage = Carriage(pool(), server, body_of=lambda number: b"", answered=lambda tenant, number, code: None)
    assert carriage.login("7A", "9801", "wrong", 0) == LineState(line="7A", state="refused", reason=6303)
    assert carriage.pool.view(0).capacity == 0
    assert carriage.login("7A", "9801", "right", 0) == LineState(line="7A", state="up")
    assert carriage.pool.view(0).capacity == 20
    assert carriage.logout("7A", 0).state == "down"
    assert carriage.pool.view(0).capacity == 0


def test_two_verifiers_of_the_same_password_differ() -> None:
    assert verifier_of("7A", "9801", "right") != verifier_of("7A", "9801", "right")
    assert b"right" not in VERIFIER
