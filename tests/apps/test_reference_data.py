"""Packs by name: shipped ones, files, and files without an end."""

from pathlib import Path

import pytest

from yunhai.apps.reference_data import pack_named, rule_pack
from yunhai.exchange.rules.words import SegmentName
from yunhai.exchange.venue_config import TradedToday, plan_day
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PACK_BYTES_MAX
from yunhai.market.l3.book import book_config


def test_a_pack_goes_by_its_id_or_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine"
    file.write_text('id = "mine"\nbased_on = "twse-2026"\n')
    assert pack_named(str(file)).id == "mine"
    monkeypatch.chdir(tmp_path)
    file.rename(tmp_path / "twse-2026")
    assert pack_named("twse-2026") is rule_pack("twse-2026")


def test_a_file_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    endless = tmp_path / "endless.toml"
    endless.symlink_to("/dev/zero")
    with pytest.raises(YunhaiError) as refused:
        pack_named(str(endless))
    assert (refused.value.code, refused.value.details["bytes"]) == (2003, PACK_BYTES_MAX + 1)


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_what_is_no_pack_is_refused(name: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        pack_named(name)
    assert refused.value.code == 2010


def test_a_replay_s_book_is_the_venue_s_without_its_band() -> None:
    pack = rule_pack("twse-2026")
    share = TradedToday(code="", kind=pack.new_listing.kinds[0], reference=1_000_000)
    (venue_s,) = (
        place.config
        for place in plan_day(pack=pack, day=pack.effective_from, instruments=[share], seed=1).books
        if place.program.segment is SegmentName.BOARD
    )
    made = book_config(pack, reference=1_000_000)
    assert (made.band_ppm, made.defer_ppm) == (0, 0)
    assert venue_s.band_ppm == 35_000
    assert (made.prices == venue_s.prices).all()
    for field in ("lot", "max_quantity", "allowed", "actions", "tie_break", "market_price_rule", "band_fallback"):
        assert getattr(made, field) == getattr(venue_s, field)
