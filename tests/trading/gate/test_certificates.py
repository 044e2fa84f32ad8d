"""Certificates and consents at the gate, beyond the table of refusals: what is taken, what is remembered, what is asked.

The property: whatever the order in which certificates, renewals, revocations and consents come, the gate takes a signature
exactly when a plain reckoning of what stands says so, and books replayed from the same facts are the same.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trading.gate.test_gate import (
    ANNE_CERTIFICATE,
    ANNE_CONSENT,
    CLERK_CERTIFICATE,
    CLERK_CONSENT,
    DESK,
    EAST_FACT,
    STRICT,
    WALL_MS,
    but,
)
from tests.trading.scene import ANNE, BEN, CLERK, EAST, NT, WEST, Scene
from yunhai.trading.books.books import Books
from yunhai.trading.facts import Decided
from yunhai.trading.gate.asked import Asker
from yunhai.trading.shape import checked

TAKEN: list[tuple[str, dict[str, Any], int, dict[str, Any]]] = [
    ("an investor by web", {}, ANNE, {}),
    ("an investor by a program", {"channel": "api"}, ANNE, {}),
    ("a clerk at the desk", DESK, BEN, {"person": CLERK}),
]


def strict() -> Scene:
    scene = Scene.open()
    for fact in (STRICT, ANNE_CERTIFICATE, ANNE_CONSENT, CLERK_CERTIFICATE, CLERK_CONSENT):
        scene.fact(fact)
    return scene


@pytest.mark.parametrize(("what", "fields", "account", "send"), TAKEN)
def test_what_is_under_a_certificate_and_consented_to_is_taken(
    what: str, fields: dict[str, Any], account: int, send: dict[str, Any]
) -> None:
    scene = strict()
    decision = scene.decide(scene.instruction(account, **fields), **send)
    assert decision.accepted, (what, decision.error())


TAKING_BACK: list[tuple[str, tuple[Decided, ...], int]] = [
    ("consent never given", (STRICT, ANNE_CERTIFICATE), 0),
    ("consent to another broker only", (STRICT, ANNE_CERTIFICATE, but(ANNE_CONSENT, tenant=WEST)), 0),
    ("consent withdrawn", (STRICT, ANNE_CERTIFICATE, ANNE_CONSENT, but(ANNE_CONSENT, allowed=False)), 0),
    ("no certificate, demanded since", (STRICT,), 0),
    ("no certificate, broker suspended since", (but(STRICT, status="suspended"),), 0),
    ("consent withdrawn, certificate revoked", (STRICT, but(ANNE_CERTIFICATE, status="revoked")), 6173),
    ("on hold", (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, status="held")), 6173),
    ("expired", (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_after=WALL_MS - 1)), 6172),
    ("not yet valid", (STRICT, ANNE_CONSENT, but(ANNE_CERTIFICATE, not_before=WALL_MS + 1)), 6171),
    ("a certificate that is another's", (STRICT, but(ANNE_CERTIFICATE, person=2)), 6170),
    ("a certificate for another use", (STRICT, but(ANNE_CERTIFICATE, profile="clerk")), 6174),
]
"""What became so after the order was taken, and the code of taking it back."""


@pytest.mark.parametrize(("what", "facts", "code"), TAKING_BACK, ids=[row[0] for row in TAKING_BACK])
@pytest.mark.parametrize("action", ["cancel", "cut"])
def test_who_may_no_longer_order_may_take_an_order_back(
    action: str, what: str, facts: tuple[Decided, ...], code: int
) -> None:
    """Only what says that the signature may not be its person's own stands in the way; re-pricing is ordering."""
    scene = Scene.open()
    order = scene.new(ANNE, price=95 * NT, quantity=2_000)
    for fact in facts:
        scene.fact(fact)
    fields = {"action": action, "order": order} | ({"quantity": 1_000} if action == "cut" else {})
    assert scene.decide(scene.instruction(ANNE, action="reprice", order=order, price=96 * NT)).code, what
    before = scene.books.state_hash()
    decision = scene.decide(scene.instruction(ANNE, **fields))
    assert decision.code == code
    assert scene.books.state_hash() == before
    wrong = scene.instruction(ANNE, **fields)
    assert scene.decide(wrong, signature=bytes(64)).code == 6102, "the signature must be right"
    found = scene.gate.preview(checked(scene.instruction(ANNE, **fields)), asker=Asker(1), wall_ns=scene.wall)
    assert next(one for one in found.verdicts if one.name == "consent").verdict == "passed"


def test_a_broker_that_demands_none_takes_a_bare_key_whatever_its_certificate() -> None:
    scene = strict()
    scene.fact(EAST_FACT)
    scene.fact(but(ANNE_CERTIFICATE, status="revoked"))
    scene.fact(but(ANNE_CONSENT, allowed=False))
    assert scene.decide(scene.instruction(ANNE)).accepted


def test_a_renewal_takes_the_place_of_what_it_renews() -> None:
    scene = strict()
    scene.fact(but(ANNE_CERTIFICATE, not_after=WALL_MS - 1))
    assert scene.decide(scene.instruction(ANNE)).code == 6172
    scene.fact(but(ANNE_CERTIFICATE, certificate=9))
    scene.fact(but(ANNE_CERTIFICATE, status="revoked", reason=4))
    assert scene.decide(scene.instruction(ANNE)).accepted


def test_a_preview_says_whether_the_broker_may_take_it() -> None:
    scene = strict()
    scene.fact(but(ANNE_CONSENT, allowed=False))
    found = scene.gate.preview(checked(scene.instruction(ANNE)), asker=Asker(1), wall_ns=scene.wall)
    verdicts = {verdict.name: verdict for verdict in found.verdicts}
    assert verdicts["certificate"].verdict == "skipped"
    assert (verdicts["consent"].verdict, verdicts["consent"].code, found.code) == ("refused", 6176, 6176)


def test_a_refusal_for_its_certificate_binds_nothing() -> None:
    """The same words may be sent again once the certificate is there: no client id and no nonce was taken."""
    scene = strict()
    scene.fact(but(ANNE_CONSENT, allowed=False))
    instruction = scene.instruction(ANNE)
    before = (dict(scene.books.known), dict(scene.books.nonces))
    assert scene.send(instruction).code == 6176
    assert (scene.books.known, scene.books.nonces) == before
    scene.fact(ANNE_CONSENT)
    assert scene.send(instruction).accepted


steps = st.one_of(
    st.builds(
        lambda number, status: ("certificate", number, status),
        st.integers(1, 4),
        st.sampled_from(("valid", "held", "revoked")),
    ),
    st.builds(lambda tenant, allowed: ("consent", tenant, allowed), st.sampled_from((EAST, WEST)), st.booleans()),
    st.just(("restart", 0, False)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=12))
def test_any_history_decides_by_the_latest_certificate_and_the_last_word(history: list[tuple[str, int, Any]]) -> None:
    scene = Scene.open()
    scene.fact(STRICT)
    certificates: dict[int, str] = {}
    consents: dict[int, bool] = {}
    for what, number, value in history:
        if what == "certificate":
            certificates[number] = value
            scene.fact(but(ANNE_CERTIFICATE, certificate=number, status=value))
        elif what == "consent":
            consents[number] = value
            scene.fact(but(ANNE_CONSENT, tenant=number, allowed=value))
        else:
            scene.replace_books(Books.restore(scene.books.state()))
    if not certificates:
        wanted = 6170
    elif certificates[max(certificates)] != "valid":
        wanted = 6173
    elif EAST not in consents:
        wanted = 6175
    else:
        wanted = 0 if consents[EAST] else 6176
    assert scene.decide(scene.instruction(ANNE)).code == wanted
    assert scene.replayed().state_hash() == scene.books.state_hash()
