"""Who can begin: the first operator's link, and what stands in the database before anybody has signed in."""

import re
from typing import Any

import pytest
from django.test import Client

from yunhai.kernel.errors import YunhaiError

pytestmark = pytest.mark.usefixtures("db")
PASSWORD = "mountain-river-and-sea 9"
EMAIL = "First@Operator.example"


def rows(as_role: Any, number: int) -> list[dict[str, Any]]:
    """The outbox's facts of a number, oldest first."""
    from yunhai.platform.outbox.models import Row

    with as_role("reader"):
        return [row.value for row in Row.objects.filter(number=number).order_by("id")]


def changes(as_role: Any) -> list[Any]:
    from yunhai.platform.console.models import Change

    with as_role("migrator"):
        return list(Change.objects.order_by("id"))


def added(as_role: Any, email: str = EMAIL, **names: str) -> Any:
    from yunhai.apps.cloud.operators import add_operator

    with as_role("migrator"):
        return add_operator(email, **names)


def choose_password(link: str) -> Any:
    """Follow the link as a browser does; the answer to the form, or to the link where it is dead."""
    browser = Client()
    answer = browser.get(link)
    if answer.status_code != 302:
        return answer
    return browser.post(answer.headers["Location"], {"password1": PASSWORD, "password2": PASSWORD})


def test_the_first_operator_comes_in_by_a_link_that_is_good_once(as_role: Any) -> None:
    made = added(as_role, name_zh="何總控")
    answer = choose_password(made.link)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password/reset/key/done/")
    dead = choose_password(made.link)
    assert dead.status_code == 200
    assert "password1" not in dead.content.decode(), "the link was used"
    browser = Client()
    signed_in = browser.post("/account/login/", {"login": EMAIL.lower(), "password": PASSWORD})
    assert signed_in.status_code == 302
    assert browser.get("/api/v1/me").json()["roles"] == ["operator"]
    refused = browser.get("/api/v1/console/changes")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, 7002), "a second factor comes first"


def test_another_link_until_a_password_is_chosen(as_role: Any) -> None:
    first, second = added(as_role), added(as_role, EMAIL.upper())
    assert (first.person, first.tenant) == (second.person, second.tenant)
    assert len([one for one in changes(as_role) if one.subject == "member"]) == 1
    assert choose_password(second.link).status_code == 302
    assert "password1" not in choose_password(first.link).content.decode()
    with pytest.raises(YunhaiError, match=r"^7515"):
        added(as_role)


def test_somebody_who_has_a_password_gets_a_place_and_no_link(as_role: Any) -> None:
    from yunhai.platform.identity import api as identity

    with as_role("migrator"):
        person = identity.make_person("known@test.example", password=PASSWORD)
    made = added(as_role, "known@test.example")
    assert (made.person, made.link) == (person.pk, "")


def test_an_empty_installation_gets_its_own_tenant_and_every_step_is_kept(as_role: Any) -> None:
    made = added(as_role)
    assert [(one.subject, one.key, one.by_id) for one in changes(as_role)] == [
        ("tenant", str(made.tenant), None),
        ("member", f"{made.tenant} {made.person} operator", None),
    ]
    assert [value["columns"] for value in rows(as_role, 1)] == [["exchange"]]
    assert len(rows(as_role, 6)) > 50, "the matrix is told to the core"


def test_the_command_prints_the_whole_link(as_role: Any, monkeypatch: pytest.MonkeyPatch, cloud_places: Any) -> None:
    from click.testing import CliRunner

    from yunhai.apps.commands import operator

    monkeypatch.setattr(operator, "set_up_django", lambda places, role: None)
    cloud_places.status.unlink(missing_ok=True)
    with as_role("migrator"):
        said = CliRunner().invoke(
            operator.command, ["add", EMAIL, "--home", str(cloud_places.home)], standalone_mode=False
        )
        wrong = CliRunner().invoke(operator.command, ["add", "nobody"])
    assert (wrong.exit_code, changes(as_role)[1:]) == (2, changes(as_role)[1:2])
    assert said.exception is None, said.output
    assert re.search(r"http://localhost:8600/account/password/reset/key/[0-9a-z]+-[0-9a-z]+-[0-9a-f]+/\n", said.output)


@pytest.mark.full
def test_the_demo_opens_its_accounts_as_anybody_does(as_role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One way to open an account: what it writes and tells is the same whoever asks."""
    from tests.trading.scene import LISTED, PACK_BYTES
    from yunhai.apps.cloud import seed
    from yunhai.services.accounts import api as accounts

    opened = []
    real = accounts.open_account

    def spy(**said: Any) -> Any:
        opened.append(real(**said))
        return opened[-1]

    monkeypatch.setattr(accounts, "open_account", spy)
    with as_role("migrator"):
        seed.plant_demo(LISTED, PACK_BYTES)
    told = rows(as_role, 2)
    assert [value["account"] for value in told] == [one.account for one in opened]
    investors = {value["account"] for value in rows(as_role, 3) if value["role"] == "investor"}
    assert investors == {one.account for one in opened}
    assert len(told) == len(set(investors)) > 20
