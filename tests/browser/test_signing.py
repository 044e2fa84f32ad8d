"""What a browser signs is, byte for byte, what the gate verifies."""

import base64
import random
import uuid
from typing import Any

import msgspec
import pytest

from yunhai.trading.instructions import FIELDS, VERSION_LINE, Instruction, canonical, signed_attributes
from yunhai.trading.signatures import Verifier

SIGNING = "/static/shell/js/signing.js"


def instruction(seed: int, **changes: Any) -> Instruction:
    """A plausible instruction; every seed another."""
    chance = random.Random(seed)
    fields: dict[str, Any] = {
        "action": "new",
        "mode": chance.choice(["simulated", "live"]),
        "tenant": chance.randrange(1, 2**32),
        "account": chance.randrange(1, 2**32),
        "client_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "date": "2026-08-21",
        "nonce": f"{chance.getrandbits(128):032x}",
        "signed_at": chance.randrange(1_700_000_000_000, 1_900_000_000_000),
        "key": chance.randrange(1, 2**32),
        "channel": chance.choice(["web", "mobile", "desk"]),
        "code": chance.choice(["2330", "0050", "00632R"]),
        "segment": chance.choice(["board", "odd_lot"]),
        "side": chance.choice(["buy", "sell"]),
        "order_type": "limit",
        "time_in_force": "rod",
        "credit": "cash",
        "price": "101.50",
        "quantity": chance.randrange(1, 499_000),
    }
    return Instruction(**(fields | changes))


ASKED = [
    *(instruction(seed) for seed in range(8)),
    instruction(20, order_type="market", price=""),
    instruction(
        21, channel="desk", instruction_kind="phone", instruction_id="call-7", instruction_at=1_800_000_000_000
    ),
    Instruction(
        action="cancel",
        mode="simulated",
        tenant=1,
        account=2,
        client_id="0f0e0d0c-0b0a-4908-8706-050403020100",
        date="2026-08-21",
        nonce="0" * 32,
        signed_at=1_800_000_000_000,
        key=3,
        channel="web",
        order=2**53 - 1,
    ),
]


def as_sent(value: Instruction) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_fields_and_version_are_the_same(scripts_page: Any) -> None:
    said = scripts_page.evaluate(
        f"async () => {{ const m = await import('{SIGNING}'); return [m.FIELDS, m.VERSION_LINE] }}"
    )
    assert said == [list(FIELDS), VERSION_LINE]


@pytest.mark.parametrize("whole", [True, False], ids=["every field", "empty fields left out"])
def test_text_and_attributes_are_pythons(scripts_page: Any, whole: bool) -> None:
    sent = [as_sent(one) for one in ASKED]
    if not whole:
        sent = [{name: value for name, value in one.items() if value not in ("", 0)} for one in sent]
    texts, attributes = scripts_page.evaluate(
        f"""async (all) => {{
            const m = await import('{SIGNING}');
            const texts = all.map(m.canonical);
            return [texts, await Promise.all(texts.map(async (text) => [...(await m.signedAttributes(text))]))];
        }}""",
        sent,
    )
    assert [text.encode() for text in texts] == [canonical(one) for one in ASKED]
    assert [bytes(one) for one in attributes] == [signed_attributes(canonical(one)) for one in ASKED]


def test_a_browsers_signature_verifies_and_its_key_stays(scripts_page: Any) -> None:
    public, signed, extracted = scripts_page.evaluate(
        f"""async (instruction) => {{
            const m = await import('{SIGNING}');
            const pair = await crypto.subtle.generateKey({{ name: "ECDSA", namedCurve: "P-256" }}, false, ["sign", "verify"]);
            const point = m.base64url(await crypto.subtle.exportKey("raw", pair.publicKey));
            let extracted = true;
            try {{ await crypto.subtle.exportKey("pkcs8", pair.privateKey); }} catch {{ extracted = false; }}
            return [point, await m.signed({{ pair }}, instruction), extracted];
        }}""",
        as_sent(ASKED[0]),
    )
    point = base64.urlsafe_b64decode(public + "==="[: -len(public) % 4])
    raw = base64.urlsafe_b64decode(signed["signature"] + "==")
    text = canonical(msgspec.convert(signed["instruction"], Instruction))
    assert text == canonical(ASKED[0])
    assert (len(point), len(raw), len(signed["signature"]), extracted) == (65, 64, 86, False)
    assert Verifier().verify(point, signed_attributes(text), raw)
    assert not Verifier().verify(point, signed_attributes(text + b" "), raw)


def test_the_key_is_kept_per_person_and_cannot_be_read_out(scripts_page: Any) -> None:
    before, mine, others, key = scripts_page.evaluate(
        f"""async () => {{
            const m = await import('{SIGNING}');
            const answers = {{ "/api/v1/keys/challenge": {{ challenge: "AAAA" }}, "/api/v1/keys": {{ id: 77 }} }};
            window.fetch = async (path) => new Response(JSON.stringify(answers[path]));
            const before = await m.deviceKey(5);
            await m.registerKey(5, "test");
            const mine = await m.deviceKey(5);
            return [before, [mine.key, mine.pair.privateKey.extractable], await m.deviceKey(6), (await m.deviceKey(5)).key];
        }}"""
    )
    assert (before, mine, others, key) == (None, [77, False], None, 77)
    scripts_page.evaluate(f"async () => (await import('{SIGNING}')).forgetKey(5)")
    assert scripts_page.evaluate(f"async () => (await import('{SIGNING}')).deviceKey(5)") is None
