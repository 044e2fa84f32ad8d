"""Packs in words: every field has Taiwan's term, placeholders are marked, nothing differs that prints the same."""

import pytest

from yunhai.apps.reference_data import pack_bytes, pack_ids, rule_pack
from yunhai.exchange.rules.describe import LABELS, differences, lines, plain
from yunhai.exchange.rules.loader import load_pack
from yunhai.kernel.clock import time_text


@pytest.mark.parametrize("name", pack_ids())
def test_every_field_has_taiwan_s_term(name: str) -> None:
    """Words of a path that are no number, date or row's own name in both languages."""
    untold = set()
    for path, _ in lines(plain(rule_pack(name))):
        untold |= {part for part in path if part.replace("_", "").replace("-", "").isalpha() and part.isascii()}
    assert sorted(untold - set(LABELS) - {"none"}) == []


@pytest.mark.parametrize("name", pack_ids())
def test_placeholders_are_fields_of_the_pack(name: str) -> None:
    pack = rule_pack(name)
    paths = [path for path, _ in lines(plain(pack))]
    for gap in pack.not_modelled:
        for field in gap.fields:
            parts = tuple(field.split("."))
            assert any(path[: len(parts)] == parts for path in paths), field
            assert pack.gap((*parts, "below")) is not None
    assert pack.not_modelled
    assert pack.gap(("segments", "board", "lot")) is None


@pytest.mark.parametrize("name", ["euronext", "nasdaq-2012", "sse-2023"])
def test_what_a_foreign_pack_only_fills_in_is_marked(name: str) -> None:
    pack = rule_pack(name)
    assert pack.gap(("fees", "commission")) is not None
    assert pack.gap(("settlement", "days")) is not None


def test_a_periodic_match_is_put_off_until_1320_in_2013() -> None:
    deferral = rule_pack("twse-2013").board.deferral
    assert deferral is not None
    assert time_text(deferral.until) == "13:20"
    assert any("權證" in gap.what for gap in rule_pack("twse-2013").not_modelled)


def test_a_tick_step_is_one_line() -> None:
    told = dict(lines(plain(rule_pack("twse-2026"))))
    assert told["ticks", "stock", "steps", "10"] == "0.05"
    assert told["treatments", "altered", "day_trade"] == "false"


def test_no_difference_prints_the_same() -> None:
    names = pack_ids()
    for one in names:
        for other in names:
            for each in differences(rule_pack(one), rule_pack(other)):
                assert (each.first or "—") != (each.second or "—"), each


def test_a_byte_order_mark_does_not_matter() -> None:
    data = pack_bytes("twse-2026")
    assert data is not None
    assert load_pack(b"\xef\xbb\xbf" + data) == load_pack(data)
