"""Prices and money in the browser: the same exact decimals and the same ticks as the core's."""

import random
from typing import Any

import pytest

from yunhai.apps.reference_data import rule_pack
from yunhai.exchange.rules.prices import steps_of, tick, tick_below
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import PRICE_MAX, price_of, price_text

FORMAT = "/static/shell/js/format.js"


def run(page: Any, body: str, value: Any = None) -> Any:
    """What a function body gives, with the module as `m`."""
    return page.evaluate(f"async (v) => {{ const m = await import('{FORMAT}'); {body} }}", value)


def test_a_price_has_the_one_normal_form(scripts_page: Any) -> None:
    chance = random.Random(3)
    prices = [1, 100, 9_999, 10_000, 1_015_000, int(PRICE_MAX), *(chance.randrange(1, PRICE_MAX) for _ in range(300))]
    said = run(scripts_page, "return v.map((one) => m.priceText(BigInt(one)))", [str(one) for one in prices])
    assert said == [price_text(one) for one in prices]
    read = run(scripts_page, "return v.map((one) => String(m.units(one)))", said)
    assert read == [str(one) for one in prices]


TEXTS = [
    "101.5",
    "101.50",
    "0.01",
    "5",
    "005",
    "1.23456",
    "1.2300000",
    "1e3",
    "-",
    "1.",
    ".5",
    "１０",
    "1_0",
    "0x10",
    "NaN",
    "99999.9999",
]


def test_what_is_no_price_is_none(scripts_page: Any) -> None:
    said = run(
        scripts_page, "return v.map((one) => m.units(one)).map((one) => one === null ? null : String(one))", TEXTS
    )
    assert said == [_units_of(text) for text in TEXTS]
    assert run(scripts_page, "return ['', ' ', null, undefined].map(m.units)") == [None] * 4


def _units_of(text: str) -> str | None:
    try:
        return str(int(price_of(text)))
    except YunhaiError:
        return None


def test_amounts_in_a_sentence_are_grouped_and_nothing_else_is(scripts_page: Any) -> None:
    said = [
        "購買力 5549574.00 不足，需 151816030.00 (6150)",
        "#13058 W0001 2330",
        "97.90 to 119.00",
        "1,234.50 and 12345.6789",
    ]
    read = run(scripts_page, "return v.map((one) => m.readable(one))", said)
    assert read[0] == "購買力 5,549,574.00 不足，需 151,816,030.00 (6150)"
    assert read[1:] == [*said[1:3], "1,234.50 and 12,345.6789"]


def test_money_and_changes_as_people_read_them(scripts_page: Any) -> None:
    table = [
        ("m.money('1234567')", "1,234,567"),
        ("m.money('1234567.5')", "1,234,567.50"),
        ("m.money('-1234.25')", "−1,234.25"),
        ("m.money('20', { signed: true })", "+20"),
        ("m.money('')", "–"),
        ("m.money('123456789012345.6789')", "123,456,789,012,345.6789"),
        ("m.price('1085')", "1,085.00"),
        ("m.price('9.095')", "9.095"),
        ("m.count(-7000)", "−7,000"),
        ("m.clockTime('2026-08-21T09:00:00.123+08:00', 3)", "09:00:00.123"),
        ("m.change('110', '100')", {"tone": "up", "amount": "10.00", "percent": "10.00%"}),
        ("m.change('66.6', '66.7')", {"tone": "down", "amount": "0.10", "percent": "0.15%"}),
        ("m.change('50', '50')", {"tone": "flat", "amount": "0.00", "percent": "0.00%"}),
        ("m.change('', '50')", None),
        ("m.change('50', '')", None),
    ]
    body = "return [" + ", ".join(source for source, _ in table) + "]"
    assert run(scripts_page, body) == [expected for _, expected in table]


@pytest.mark.parametrize("kind", [SecurityKind.STOCK, SecurityKind.ETF])
def test_a_step_is_the_rule_packs_tick(scripts_page: Any, kind: SecurityKind) -> None:
    pack = rule_pack("twse-2026")
    steps = [{"at": str(step.at), "tick": str(step.tick)} for step in steps_of(pack, kind)]
    chance = random.Random(4)
    edges = [step.at for step in steps_of(pack, kind) if step.at]
    prices = [p for at in edges for p in (at, at + 1, at - 1)] + [chance.randrange(100, 20_000_000) for _ in range(200)]
    said = run(
        scripts_page,
        """const steps = v.steps.map((one) => ({ at: BigInt(one.at), tick: BigInt(one.tick) }));
        return v.prices.map((one) => [1, -1].map((way) => String(m.stepped(steps, BigInt(one), way))));""",
        {"steps": steps, "prices": [str(one) for one in prices]},
    )
    expected = []
    for price in prices:
        size = int(tick(pack, kind, price))
        above = (price // size + 1) * size
        under = int(tick_below(pack, kind, price))
        below = price - under if price % under == 0 else price // under * under
        expected.append([str(above), str(below if below > 0 else price)])
    assert said == expected
    assert run(
        scripts_page,
        """const steps = [{ at: 0n, tick: 500n }];
        return [1, -1].map((way) => String(m.stepped(steps, 100000n, way, { up: 100000n, down: 100000n })));""",
    ) == ["100000", "100000"]
