"""Money is exact: text to integer and back, bounds, and everything that is not a plain decimal refused."""

import pytest

from yunhai.kernel import money
from yunhai.kernel.errors import YunhaiError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("0.01", 100),
        ("101.5", 1_015_000),
        ("18600", 186_000_000),
        ("1808.08", 18_080_800),
        ("0.0001", 1),
        ("99999.9999", 999_999_999),
        ("7.50000000", 75_000),
        ("007.5", 75_000),
    ],
)
def test_price_of_text(text, value):
    assert money.price_of(text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 2101),
        (" 1", 2101),
        ("1 ", 2101),
        ("+1", 2101),
        ("-1", 2101),
        ("1e3", 2101),
        ("NaN", 2101),
        ("inf", 2101),
        ("1_000", 2101),
        ("1,000", 2101),
        ("１０", 2101),
        ("١", 2101),
        (".5", 2101),
        ("5.", 2101),
        ("1.2.3", 2101),
        ("²", 2101),
        ("0x10", 2101),
        ("1\n", 2101),
        ("9" * 5000, 2101),
        ("0.00001", 2102),
        ("1.23456", 2102),
        ("100000", 2103),
    ],
)
def test_a_text_that_is_no_price_is_refused(text, code):
    with pytest.raises(YunhaiError) as refused:
        money.price_of(text)
    assert refused.value.code == code


@pytest.mark.parametrize("value", [0, 1, 99, 100, 10_000, 1_015_000, 999_999_999])
def test_price_text_reads_back(value):
    assert money.price_of(money.price_text(value)) == value


def test_text_of_prices_money_and_rates():
    assert money.price_text(1_015_000) == "101.50"
    assert money.price_text(1_015_025) == "101.5025"
    assert money.decimal_text(-12_345) == "-1.2345"
    assert money.decimal_text(50_000) == "5"
    assert money.rate_text(35_000) == "3.5%"
    assert money.rate_of("3.5%") == 35_000
    assert money.rate_of("0.1425%") == 1_425


@pytest.mark.parametrize("text", ["3.5", "%", "3,5%", "1001%", "-1%", "0.00001%"])
def test_a_text_that_is_no_rate_is_refused(text):
    with pytest.raises(YunhaiError):
        money.rate_of(text)


def test_amount_is_exact_and_bounded():
    assert money.amount(18_080_800, 42_718) == 772_375_614_400
    assert money.amount(money.PRICE_MAX, money.QUANTITY_MAX) <= money.MONEY_MAX
    for price, quantity in ((money.PRICE_MAX + 1, 1), (-1, 1), (1, -1), (1, money.QUANTITY_MAX + 1)):
        with pytest.raises(YunhaiError):
            money.amount(price, quantity)


def test_quantities():
    assert money.quantity_of("499000") == 499_000
    for text in ("1.5", "4294967296", "-1", ""):
        with pytest.raises(YunhaiError):
            money.quantity_of(text)
