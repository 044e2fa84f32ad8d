"""Commission, tax and settlement days: worked amounts and the dates at which rates end."""

from datetime import date
from itertools import pairwise

import pytest

from yunhai.apps.reference_data import calendar_around, pack_bytes, rule_pack
from yunhai.exchange.rules.charges import commission, settlement_date, tax_row, transaction_tax
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.words import SecurityKind as Kind
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.money import amount, money_of, price_of, rate_of

DAY = date(2026, 7, 29)


def _value(price: str, quantity: int) -> int:
    return amount(price_of(price), quantity)


@pytest.mark.parametrize(
    ("price", "quantity", "odd_lot", "rate", "dollars"),
    [
        ("600", 1_000, False, None, "855"),
        ("100", 1_000, False, None, "142"),
        ("10", 1_000, False, None, "20"),
        ("600", 1, True, None, "1"),
        ("600", 100, True, None, "85"),
        ("600", 1_000, False, "0.0855%", "513"),
        ("1808.05", 499_000, False, None, "1285659"),
    ],
)
def test_commission(pack, price, quantity, odd_lot, rate, dollars):
    charged = commission(pack, _value(price, quantity), odd_lot=odd_lot, rate=rate_of(rate) if rate else None)
    assert charged == money_of(dollars)


def test_no_trade_no_commission(pack):
    assert commission(pack, 0) == 0


@pytest.mark.parametrize(("value", "rate"), [(-1, None), (1, 1_426), (1, -1)])
def test_bad_commission_input_is_refused(pack, value, rate):
    with pytest.raises(YunhaiError) as refused:
        commission(pack, value, rate=rate)
    assert refused.value.code == 2103


@pytest.mark.parametrize(
    ("kind", "price", "day_trade", "dollars"),
    [
        (Kind.STOCK, "600", False, "1800"),
        (Kind.STOCK, "600", True, "900"),
        (Kind.ETF, "100", False, "100"),
        (Kind.ETF, "100", True, "100"),
        (Kind.WARRANT_CALL, "1.23", False, "1"),
        (Kind.ETF_BOND, "35", False, "0"),
        (Kind.CONVERTIBLE, "110", False, "0"),
        (Kind.GOVERNMENT_BOND, "100", False, "0"),
        (Kind.STOCK, "0.33", False, "0"),
    ],
)
def test_transaction_tax_of_a_thousand_shares(pack, kind, price, day_trade, dollars):
    assert transaction_tax(pack, kind, _value(price, 1_000), DAY, day_trade=day_trade) == money_of(dollars)


def test_the_day_trade_rate_ends_with_2027(pack):
    value = _value("600", 1_000)
    last = transaction_tax(pack, Kind.STOCK, value, date(2027, 12, 31), day_trade=True)
    after = transaction_tax(pack, Kind.STOCK, value, date(2028, 1, 3), day_trade=True)
    assert (last, after) == (money_of("900"), money_of("1800"))


@pytest.mark.parametrize("kind", [Kind.ETF_BOND, Kind.CORPORATE_BOND, Kind.CONVERTIBLE])
def test_what_bonds_pay_after_2026_is_not_known(pack, kind):
    assert pack.tax_rate(tax_row(pack, kind, date(2026, 12, 31))) == 0
    with pytest.raises(YunhaiError) as refused:
        tax_row(pack, kind, date(2027, 1, 4))
    assert refused.value.code == 2208


def test_no_day_trade_rate_in_2013(pack_2013):
    value = _value("100", 1_000)
    assert transaction_tax(pack_2013, Kind.STOCK, value, date(2013, 7, 1), day_trade=True) == money_of("300")


def test_settlement_two_days_later_or_one(pack):
    days = calendar_around(date(2024, 10, 30)).days
    # 2024-10-31 was shut by a typhoon although the calendar has it: T+2 of the 29th is the Friday.
    assert settlement_date(pack, date(2024, 10, 29), days) == date(2024, 11, 1)
    assert settlement_date(rule_pack("twse-t1"), date(2024, 10, 29), days) == date(2024, 10, 30)
    assert settlement_date(pack, date(2024, 11, 1), days) == date(2024, 11, 5)


def test_no_settlement_without_a_trading_day(pack):
    days = calendar_around(date(2024, 10, 30)).days
    for day, code in ((date(2024, 10, 31), 2210), (date(2024, 11, 2), 2210), (days[-1], 2209)):
        with pytest.raises(YunhaiError) as refused:
            settlement_date(pack, day, days)
        assert refused.value.code == code
    assert all(earlier < later for earlier, later in pairwise(days))


def test_a_warrant_issuers_hedge_sale_has_its_own_rate_for_five_years(pack):
    """Securities Transaction Tax Act Art. 2-3: 0.1 % on the underlying, from about 10 November 2023."""
    sale = 600_000 * 10_000
    for day, dollars in ((date(2023, 11, 9), 1800), (date(2026, 8, 21), 600), (date(2028, 11, 10), 1800)):
        assert transaction_tax(pack, Kind.STOCK, sale, day, hedge=True) == dollars * 10_000
        assert transaction_tax(pack, Kind.STOCK, sale, day) == 1800 * 10_000
    both = transaction_tax(pack, Kind.STOCK, sale, date(2026, 8, 21), day_trade=True, hedge=True)
    assert both == 600 * 10_000


def test_the_tax_on_depositary_receipts_is_its_setting(pack):
    text = 'id = "x"\nbased_on = "twse-2026"\n[settings.tdr_tax]\nvalue = "0.3%"'
    other = load_pack(text.encode(), base=pack_bytes)
    sale = 100_000 * 10_000
    paid = [transaction_tax(each, Kind.TDR, sale, date(2026, 8, 21)) for each in (pack, other)]
    assert paid == [100 * 10_000, 300 * 10_000]
