"""The timeline: any id of an order opens its whole life, proven by the journal; another tenant's is not there."""

import hashlib
import re
from typing import Any

import pytest
from django_scopes import scope

from tests.services.conftest import Read
from yunhai.journal import Reader
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.tenancy import rls
from yunhai.services.orders import api
from yunhai.trading.books.orders import UNSIGNED_CODES
from yunhai.trading.books.state import Order


def asked(text: str, *, tenant: int = 1, accounts: tuple[int, ...] | None = None) -> api.Timeline:
    rls.tell(tenant=tenant, person=1, accounts=accounts)
    with scope(tenant=tenant):
        return api.timeline(text)


def an_order(read: Read, *, tenant: int = 1) -> Order:
    """One of the open day that filled in part or whole."""
    return next(order for order in read.market.books.orders.values() if order.tenant == tenant and order.filled)


def closed_day_fill(tenant: int = 1) -> Any:
    from yunhai.services.orders.models import Fill

    rls.tell(tenant=tenant, person=1, accounts=None)
    with scope(tenant=tenant):
        return Fill.objects.filter(day="2026-08-21").first()


def test_every_id_of_an_order_opens_it(read_market: Read, db: None) -> None:
    order = an_order(read_market)
    by_id = asked(f"order:{order.order_id}")
    client = by_id.events[0].details["client_id"]
    trade = next(event.details["trade"] for event in by_id.events if event.kind == "fill")
    for text, kind in (
        (str(order.order_id), "order"),
        (f"instruction:{order.order_id}", "instruction"),
        (str(client), "client"),
        (order.order_number, "number"),
        (f"trade:{trade}", "trade"),
        (f"account:{order.account}", "account"),
    ):
        found = asked(text)
        assert found.kind == kind
        assert order.order_id in found.orders, text
    assert asked(str(client)).events == by_id.events


def test_a_life_in_order_from_signature_to_settlement(read_market: Read, db: None) -> None:
    fill = closed_day_fill()
    found = asked(f"order:{fill.order_id}")
    kinds = [event.kind for event in found.events]
    assert kinds[0] == "accepted"
    assert kinds[1].startswith("exchange-")
    assert found.events[1].details["answers"] == "new"
    assert isinstance(found.events[1].details["waited_ms"], int)
    assert "fill" in kinds
    assert kinds[-1] == "settlement"
    sequences = [event.sequence for event in found.events]
    assert sequences == sorted(sequences)
    accepted = found.events[0]
    assert accepted.details["signature_verdict"] == "valid"
    assert str(accepted.details["text"]).startswith("yunhai-instruction-1\naction=new\n")
    assert [entry.kind for entry in accepted.entries] == ["reserve"]
    filled = next(event for event in found.events if event.kind == "fill" and event.sequence == fill.sequence)
    assert {entry.kind for entry in filled.entries} >= {"value", "shares", "fee"}


def test_every_event_is_proven_by_the_journal(read_market: Read, db: None) -> None:
    found = asked(f"order:{an_order(read_market).order_id}")
    chains = {}
    records = {}
    for group in Reader(read_market.journal, follow=True):
        chains[group.number] = group.chain.hex()
        if group.count == len(group.slots):
            for place in range(group.count):
                records[group.first_sequence + place] = hashlib.sha256(group.slots[place].tobytes()).hexdigest()
    for event in found.events:
        assert event.chain == chains[event.group]
        assert event.segment
        assert event.sequence not in records or event.record_hash == records[event.sequence]


def test_what_is_not_the_callers_is_not_there(read_market: Read, db: None) -> None:
    order = an_order(read_market, tenant=2)
    client = asked(f"order:{order.order_id}", tenant=2).events[0].details["client_id"]
    for text in (f"order:{order.order_id}", str(client), f"account:{order.account}", f"instruction:{order.order_id}"):
        with pytest.raises(YunhaiError) as refused:
            asked(text)
        assert refused.value.code == 7220
        with pytest.raises(YunhaiError):
            asked(text, tenant=2, accounts=(order.account + 1,))
    mine = asked(f"order:{order.order_id}", tenant=2, accounts=(order.account,))
    assert mine.orders == (order.order_id,)


def test_a_trade_shows_only_the_callers_side(read_market: Read, db: None) -> None:
    fill = closed_day_fill()
    found = asked(f"trade:{fill.trade}")
    from yunhai.services.orders.models import Order as Row

    rls.tell(tenant=1, person=1, accounts=None)
    with scope(tenant=1):
        assert Row.objects.filter(order_id__in=found.orders).count() == len(found.orders)
    assert all(event.details.get("trade", fill.trade) == fill.trade for event in found.events)


@pytest.mark.parametrize(
    "nonsense", ["", "order:", "order:x", "0", "9" * 30, "number:ZZZZZZ", "trade:999999", "雲", "a:b"]
)
def test_nonsense_opens_nothing(read_market: Read, db: None, nonsense: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        asked(nonsense)
    assert refused.value.code == 7220


def test_a_refused_instruction_says_why(read_market: Read, db: None) -> None:
    rls.tell(tenant=1, person=1, accounts=None)
    with scope(tenant=1):
        refused = api.refusals(limit=1)[0]
    found = asked(refused.client_id)
    assert [event.kind for event in found.events] == ["refused"]
    assert found.events[0].details["code"] == 6140
    assert found.events[0].entries == ()
    assert found.events[0].details["signature_verdict"] == "valid"


def test_what_another_sent_under_an_accounts_number_is_not_in_its_history(
    read_market: Read, db: None, as_role: Any
) -> None:
    """Refused before its signature was right: the account's owner sees nothing of it, staff and the sender do."""
    from yunhai.services.orders.models import Instruction

    with scope(tenant=1):
        rls.tell(tenant=1, person=None, accounts=None)
        real = Instruction.objects.filter(code=6140).first()
        assert real is not None
        mine, other = real.account, real.account + 1
        with as_role("reader"):
            real.sequence, real.code, real.person = real.sequence + 10**6, 6102, 77
            real.save(force_insert=True)
        for person, accounts, seen in ((5, (mine,), 0), (77, (mine,), 1), (77, (other,), 0), (5, None, 1)):
            rls.tell(tenant=1, person=person, accounts=accounts)
            assert Instruction.objects.filter(code=6102).count() == seen, (person, accounts)


def test_the_policy_names_the_codes_of_the_books(db: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT qual FROM pg_policies WHERE tablename = 'orders_instruction' AND policyname = 'app'")
        (policy,) = cursor.fetchone()
    assert {int(code) for code in re.findall(r"6\d{3}", policy)} == UNSIGNED_CODES


def test_a_service_above_tells_more_of_accepted_instructions(
    read_market: Read, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As trust does of evidence: by number, for those that are shown, and nothing else is changed."""
    from yunhai.services.orders import timeline

    order = an_order(read_market)
    asked_of: list[list[int]] = []

    def more(numbers: Any) -> dict[int, dict[str, object]]:
        asked_of.append(list(numbers))
        return {order.order_id: {"evidence": "placed"}, 999_999: {"evidence": "waiting"}}

    before = asked(f"order:{order.order_id}")
    monkeypatch.setattr(timeline, "_more", [])
    api.also_tell(more)
    api.also_tell(more)
    found = asked(f"order:{order.order_id}")
    numbers = [event.details["number"] for event in found.events if event.kind == "accepted"]
    assert asked_of == [numbers], "once, of what is shown"
    told = [event.details["evidence"] for event in found.events if "evidence" in event.details]
    assert told == ["placed"]
    assert [event.sequence for event in found.events] == [event.sequence for event in before.events]


@pytest.mark.parametrize(
    ("language", "row"), [("zh-hant", ("證據", "等待時戳")), ("en", ("Evidence", "waiting for its stamp"))]
)
def test_a_page_says_how_far_the_evidence_has_come(db: None, language: str, row: tuple[str, str]) -> None:
    from django.utils import translation

    from yunhai.services.orders import pages

    said: dict[str, object] = {"evidence": "waiting", "evidence_zh": "等待時戳", "evidence_en": "waiting for its stamp"}
    event = api.Event(
        sequence=1,
        kind="accepted",
        zh="委託受理",
        en="taken",
        order_id=1,
        market_time="",
        details={"action": "new"} | said,
    )
    with translation.override(language):
        shown = [(str(label), value) for label, value in pages._shown(event)["rows"]]
    assert row in shown
