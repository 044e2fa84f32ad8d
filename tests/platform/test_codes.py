"""A code of an authenticator app counts once, whichever web process it comes to, and at the same moment too."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone


def app(number: int) -> Any:
    """What stands for an authenticator: only its number counts."""
    return SimpleNamespace(pk=number)


def test_a_code_counts_once_and_is_anothers_business(db: None) -> None:
    from yunhai.platform.identity.codes import mark_used

    assert mark_used(app(1), "123456")
    cache.clear()  # as in a process that has not seen it
    assert not mark_used(app(1), "123456")
    assert not mark_used(app(1), " 123 456"), "the same, typed otherwise"
    assert mark_used(app(2), "123456")
    assert mark_used(app(1), "654321")


def test_the_same_digits_may_come_again_by_chance(db: None) -> None:
    from yunhai.platform.identity.codes import mark_used
    from yunhai.platform.identity.models import UsedCode

    assert mark_used(app(1), "123456")
    assert mark_used(app(1), "222222")
    long_ago = timezone.now() - timedelta(minutes=5)
    UsedCode.objects.update(until=long_ago)
    assert mark_used(app(1), "123456")
    assert UsedCode.objects.count() == 1, "what is over is cleared on the way"


def test_what_is_undone_leaves_its_code_unused(db: None) -> None:
    from yunhai.platform.identity.codes import mark_used

    with transaction.atomic():
        assert mark_used(app(1), "123456")
        transaction.set_rollback(True)
    assert mark_used(app(1), "123456")


def test_of_many_at_once_one_counts(committed_db: Any) -> None:
    from yunhai.platform.identity.codes import mark_used

    found: list[bool] = []
    ready = threading.Barrier(4)

    def asked() -> None:
        try:
            with transaction.atomic():
                ready.wait(60)
                found.append(mark_used(app(7), "123456"))
        finally:
            connection.close()

    threads = [threading.Thread(target=asked) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(found) == [False, False, False, True]
