"""docs/reference/rules.md names every field and every word that a pack may hold."""

from dataclasses import fields
from enum import Enum

import pytest

from yunhai.exchange.rules import pack, words

TABLES = [
    pack.RulePack,
    pack.Market,
    pack.TickTable,
    pack.TickStep,
    pack.DailyLimit,
    pack.NewListing,
    pack.ReferenceRules,
    pack.Auction,
    pack.MarketOrders,
    pack.Segment,
    pack.Span,
    pack.Cycle,
    pack.DelayTest,
    pack.PhaseOrders,
    pack.PhaseActions,
    pack.Volatility,
    pack.Deferral,
    pack.Treatment,
    pack.LongerTreatment,
    pack.OrderCaps,
    pack.Fees,
    pack.Tax,
    pack.Gap,
    pack.Settlement,
    pack.Settings,
    pack.Setting,
]
WORDS = [kind for kind in vars(words).values() if isinstance(kind, type) and issubclass(kind, Enum) and list(kind)]


@pytest.fixture(scope="module")
def page(repository) -> str:
    return (repository / "docs/reference/rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_field_is_explained(page, table):
    missing = [field.name for field in fields(table) if f"{field.name}`" not in page and f"[{field.name}" not in page]
    missing = [name for name in missing if f" {name} }}" not in page and f"{{ {name}," not in page]
    assert missing == []


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_word_is_explained(page, kind):
    assert [word.value for word in kind if f"`{word.value}`" not in page] == []
