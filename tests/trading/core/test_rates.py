"""Token buckets: exact counts in virtual time."""

from yunhai.trading.rates import ORDERS, Quota, Rates, headers

QUOTA = Quota("account:orders", 250, 10.0)


def test_a_full_bucket_gives_its_limit_at_once_and_then_its_rate() -> None:
    rates = Rates()
    taken = [rates.take(QUOTA, 1, 0.0).allowed for _ in range(260)]
    assert taken == [True] * 250 + [False] * 10
    assert rates.take(QUOTA, 1, 0.04).allowed  # 25 a second
    assert not rates.take(QUOTA, 1, 0.04).allowed
    later = sum(rates.take(QUOTA, 1, 0.04 + place / 100).allowed for place in range(1, 101))
    assert later == 25


def test_one_account_does_not_use_anothers() -> None:
    rates = Rates()
    for _ in range(251):
        rates.take(QUOTA, 1, 0.0)
    assert rates.take(QUOTA, 2, 0.0).allowed
    assert rates.take(Quota("account:changes", 1, 1.0), 1, 0.0).allowed


def test_the_headers_say_scope_limit_rest_and_reset() -> None:
    rates = Rates()
    first = rates.take(QUOTA, 1, 0.0)
    assert (first.remaining, first.reset) == (249, 1)
    for _ in range(249):
        last = rates.take(QUOTA, 1, 0.0)
    assert (last.remaining, last.reset) == (0, 10)
    refused = rates.take(QUOTA, 1, 0.0)
    assert (refused.allowed, refused.remaining, refused.reset) == (False, 0, 1)
    assert dict(headers(last)) == {
        b"ratelimit-limit": b"250",
        b"ratelimit-remaining": b"0",
        b"ratelimit-reset": b"10",
        b"ratelimit-scope": b"account:orders",
    }


def test_looking_takes_nothing_and_lifting_allows_everything() -> None:
    rates = Rates()
    assert [rates.look(ORDERS, 9, 0.0).remaining for _ in range(3)] == [ORDERS.limit] * 3
    lifted = Rates(lifted=True)
    assert all(lifted.take(QUOTA, 1, 0.0).allowed for _ in range(1_000))
