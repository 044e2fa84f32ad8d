"""Full delivery 全額交割 under the setting that matches it periodically: the other reading of the rules."""

from dataclasses import replace

from tests.exchange.venue_days import day_of, pack_of, stock
from yunhai.exchange.rules.words import SegmentName
from yunhai.kernel.records import TimeInForce


def test_full_delivery_matched_periodically_where_the_setting_says_so() -> None:
    pack = pack_of("twse-2026")
    settings = replace(
        pack.settings, full_delivery_match_seconds=replace(pack.settings.full_delivery_match_seconds, value=1800)
    )
    day = day_of(stock("2330", treatment="altered"), pack=replace(pack, settings=settings))
    day.buy("08:40:00", 1, "100")
    day.sell("08:40:00", 1, "100")
    day.buy("09:01:00", 1, "101")
    day.sell("09:01:00", 1, "101")
    market = day.buy("09:02:00", 1)
    ioc = day.buy("09:02:00", 1, "100", tif=TimeInForce.IOC)
    day.play()
    assert [at for at, _, _ in day.trades()] == ["09:00:00", "09:30:00"]
    assert [day.outcomes()[order] for order in (market, ioc)] == [1010, 1010]
    (board,) = (book for book in day.plan.books if book.program.segment is SegmentName.BOARD)
    assert board.config.band_ppm == 0
