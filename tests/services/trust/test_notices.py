"""Who is told by mail that a certificate ends: the person, in their language, once for each notice; the reader sees nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.utils import timezone

from tests.platform.factories import BROKER
from tests.services.trust.house import House
from tests.services.trust.test_registrations import as_reader
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import rls
from yunhai.services.trust import notices, tasks
from yunhai.services.trust.models import Certificate

__all__ = ["as_reader"]


@pytest.fixture
def ending(house: House) -> House:
    """The investor's certificate ends in 29 days; their address is confirmed."""
    house.register()
    EmailAddress.objects.get_or_create(
        user=house.investor, email=house.investor.email, defaults={"verified": True, "primary": True}
    )
    EmailAddress.objects.filter(user=house.investor).update(verified=True)
    set_days(house, 29)
    mail.outbox.clear()
    return house


def set_days(house: House, days: float) -> None:
    with rls.acting(person=house.investor.pk):
        Certificate.objects.update(not_after=timezone.now() + timedelta(days=days, hours=1))


def test_a_person_is_told_once_for_each_notice(ending: House, as_reader: Any) -> None:
    with as_reader():
        assert tasks.mail_notices() == 1
        assert tasks.mail_notices() == 0
    (letter,) = mail.outbox
    serial = ending.certificate()["serial"]
    assert letter.to == [ending.investor.email]
    assert "29" in letter.subject
    assert "憑證" in letter.subject
    assert serial[:16] in letter.body
    assert serial not in letter.body
    assert "/trust/" in letter.body
    assert ending.investor.name_zh not in letter.body or not ending.investor.name_zh
    set_days(ending, 6)
    with as_reader():
        assert tasks.mail_notices() == 1
        assert tasks.mail_notices() == 0
    assert "6" in mail.outbox[1].subject


def test_the_pocket_says_so_too(ending: House) -> None:
    page = ending.browser(ending.investor, BROKER).get("/pocket/").content.decode()
    assert "data-ends=" in page
    set_days(ending, 31)
    assert "data-ends=" not in ending.browser(ending.investor, BROKER).get("/pocket/").content.decode()


def test_it_is_written_in_the_reader_s_own_language(ending: House, as_reader: Any) -> None:
    Person.objects.filter(pk=ending.investor.pk).update(language="en")
    with as_reader():
        tasks.mail_notices()
    assert "A certificate of yours ends in 29 days" in mail.outbox[0].subject
    assert "Investor" in mail.outbox[0].body


def _changed(house: House, **fields: Any) -> None:
    with rls.acting(person=house.investor.pk):
        Certificate.objects.update(**fields)


def _renewed(house: House) -> None:
    number = house.certificate()["certificate"]
    assert house.call(house.investor, "POST", f"/certificates/{number}/renew")[0] == 201


NOBODY: list[tuple[str, Any]] = [
    ("it ends later", lambda house: set_days(house, 31)),
    ("it has ended", lambda house: set_days(house, -1)),
    ("it is revoked", lambda house: _changed(house, status="revoked")),
    ("it is on hold", lambda house: _changed(house, status="held")),
    ("the address was never confirmed", lambda house: EmailAddress.objects.update(verified=False)),
    ("the person is gone", lambda house: Person.objects.filter(pk=house.investor.pk).update(is_active=False)),
    ("it was renewed", _renewed),
]


@pytest.mark.parametrize(("what", "change"), NOBODY, ids=[row[0] for row in NOBODY])
def test_nobody_is_told_where(ending: House, as_reader: Any, what: str, change: Any) -> None:
    change(ending)
    mail.outbox.clear()
    with as_reader():
        assert tasks.mail_notices() == 0
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_asked_again(
    ending: House, as_reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def send(self) -> int:
            raise ConnectionRefusedError

    real = notices.letter
    monkeypatch.setattr(notices, "letter", lambda found: Away())
    with as_reader():
        assert tasks.mail_notices() == 0
    monkeypatch.setattr(notices, "letter", real)
    with as_reader():
        assert tasks.mail_notices() == 1


def test_the_application_is_shown_no_address(ending: House, as_reader: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trust_notices(ARRAY[30, 7], 100)")
        assert cursor.fetchone() == (0,)
    with as_reader():
        assert len(notices.due()) == 1
