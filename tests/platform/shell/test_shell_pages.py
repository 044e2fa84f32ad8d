"""The house's own pages: the front door, language and look, one's keys, the style page."""

import pytest
from django.test import Client

from tests.platform.factories import BROKER, EXCHANGE, browser, person, place, tenant
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import rls
from yunhai.trading.signatures import new_key, point_of


@pytest.fixture
def brokers(db: None) -> None:
    tenant(BROKER)
    tenant(EXCHANGE)


def status(owner: Person, key: int) -> str:
    with rls.acting(person=owner.pk):
        return next(one.status for one in identity.keys_of(owner) if one.key == key)


@pytest.mark.usefixtures("brokers")
class TestDoors:
    def test_the_front_door_leads_to_the_first_room(self) -> None:
        assert browser(place("investor", account=7)).get("/")["Location"] == "/pocket/"
        assert Client().get("/")["Location"].startswith("/account/login/")
        nowhere = browser(person()).get("/")
        assert nowhere.status_code == 200
        assert "目前沒有可進入的工作區" in nowhere.content.decode()

    def test_language_is_kept_with_the_person(self) -> None:
        somebody = place("investor", account=7)
        answer = browser(somebody).post("/language/", {"language": "en", "next": "/pocket/"})
        assert (answer.status_code, answer["Location"], answer.cookies["yunhai_language"].value) == (
            302,
            "/pocket/",
            "en",
        )
        somebody.refresh_from_db()
        assert somebody.language == "en"
        assert b'lang="en"' in browser(somebody).get("/timeline/").content

    def test_look_is_kept_with_the_person(self) -> None:
        somebody = place("investor", account=7)
        answer = browser(somebody).post("/look/", {"theme": "dark"})
        assert (answer.status_code, answer.cookies["yunhai_theme"].value) == (204, "dark")
        somebody.refresh_from_db()
        assert somebody.theme == "dark"
        assert b'data-theme="dark"' in browser(somebody).get("/timeline/").content

    def test_what_is_unknown_changes_nothing(self) -> None:
        somebody = place("investor", account=7)
        client = browser(somebody)
        assert "yunhai_language" not in client.post("/language/", {"language": "xx"}).cookies
        assert "yunhai_theme" not in client.post("/look/", {"theme": '"><script>'}).cookies
        assert client.post("/language/", {"language": "en", "next": "//elsewhere.example"})["Location"] == "/"
        assert client.get("/language/").status_code == 405

    def test_the_style_page_is_the_operators(self) -> None:
        assert browser(place("operator", EXCHANGE)).get("/style").status_code == 200
        assert browser(place("investor", account=7)).get("/style").status_code == 404
        assert Client().get("/style").status_code == 404

    def test_a_key_is_ended_by_its_owner_only(self) -> None:
        owner, other = place("investor", account=7), place("investor", account=8)
        with rls.acting(person=owner.pk):
            key = identity.add_key(owner, point_of(new_key()), kind="device", name="電話")
        assert "電話" in browser(owner).get("/account/devices/").content.decode()
        assert "電話" not in browser(other).get("/account/devices/").content.decode()
        assert browser(other).post(f"/account/devices/{key.pk}/end/").status_code == 404
        assert status(owner, key.pk) == "active"
        assert browser(owner).post(f"/account/devices/{key.pk}/end/").status_code == 302
        assert status(owner, key.pk) == "revoked"
