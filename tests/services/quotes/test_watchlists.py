"""Watchlists are kept with their person: through the API, past the API, and as rules."""

from typing import Any

import pytest

from tests.platform import factories as make
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import WATCHLIST_CODES_MAX, WATCHLISTS_MAX
from yunhai.services.quotes import rules

PATH = "/api/v1/quotes/watchlists"
MANY = [f"{1000 + place}" for place in range(WATCHLIST_CODES_MAX + 1)]


# -- rules -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (" 半導體 ", "半導體"),
        ("a  b", "a b"),
        ("x" * 40, "x" * 40),
        ("", None),
        ("   ", None),
        ("x" * 41, None),
        ("a\x07", None),
    ],
)
def test_a_name_is_short_and_plain(name: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(YunhaiError) as refused:
            rules.checked_name(name)
        assert refused.value.code == 7264
    else:
        assert rules.checked_name(name) == kept


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (["2330", "00878", "2330"], 0),
        (["00632R"], 0),
        (["23"], 7263),
        (["2330 "], 7263),
        (["臺積電股"], 7263),
        (MANY, 7262),
    ],
)
def test_codes_are_each_there_once(codes: list[str], code: int) -> None:
    if code:
        with pytest.raises(YunhaiError) as refused:
            rules.checked_codes(codes)
        assert refused.value.code == code
    else:
        assert rules.checked_codes(codes) == list(dict.fromkeys(codes))


def test_what_a_browser_brings_is_taken_as_far_as_it_is_new_and_fits() -> None:
    assert rules.new_codes(["2330", "x", "0050", "2330"], [["0050"], []]) == ["2330"]
    assert rules.new_codes(MANY, []) == MANY[:WATCHLIST_CODES_MAX]
    assert rules.new_codes(["2330"], [["2330"]]) == []


def test_a_free_name() -> None:
    assert rules.free_name("自選", []) == "自選"
    assert rules.free_name("自選", ["自選", "自選 2", "別的"]) == "自選 3"


# -- the API -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(db: None) -> tuple[Any, Any]:
    """Browsers of two investors of one broker."""
    make.tenant(make.BROKER)
    return tuple(make.browser(make.place("investor", account=account)) for account in (91, 92))  # type: ignore[return-value]


def send(browser: Any, method: str, path: str = "", body: Any = None) -> Any:
    return browser.generic(method, PATH + path, data=_json(body), content_type="application/json")


def _json(body: Any) -> str:
    import json

    return json.dumps(body) if body is not None else ""


def lists(browser: Any) -> list[tuple[str, list[str]]]:
    return [(one["name"], one["codes"]) for one in send(browser, "GET").json()["watchlists"]]


def test_a_list_is_made_changed_and_removed(two: tuple[Any, Any]) -> None:
    anne, _ = two
    assert lists(anne) == []
    answer = send(anne, "POST", body={"name": " 半導體 ", "codes": ["2330", "2454"]})
    assert (answer.status_code, answer.json()["name"]) == (201, "半導體")
    number = answer.json()["id"]
    assert send(anne, "PUT", f"/{number}", {"codes": ["2454"]}).json() == {
        "id": number,
        "name": "半導體",
        "codes": ["2454"],
    }
    assert send(anne, "PUT", f"/{number}", {"name": "晶片"}).json()["codes"] == ["2454"]
    assert lists(anne) == [("晶片", ["2454"])]
    assert send(anne, "DELETE", f"/{number}").status_code == 204
    assert lists(anne) == []


def test_nobody_sees_or_changes_another_persons_list(two: tuple[Any, Any]) -> None:
    anne, ben = two
    number = send(anne, "POST", body={"name": "mine", "codes": ["2330"]}).json()["id"]
    assert lists(ben) == []
    for method, body in (("PUT", {"codes": []}), ("DELETE", None)):
        answer = send(ben, method, f"/{number}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, 7260)
    assert lists(anne) == [("mine", ["2330"])]


def test_the_database_itself_shows_a_list_to_its_person_only(two: tuple[Any, Any]) -> None:
    from django.db import connection

    from yunhai.platform.tenancy.rls import acting

    anne, _ = two
    send(anne, "POST", body={"name": "mine", "codes": ["2330"]})
    count = "SELECT count(*) FROM quotes_watchlist"
    with connection.cursor() as cursor:
        cursor.execute(count)
        assert cursor.fetchone() == (0,), "nobody asks: nothing is there"
        with acting(tenant=make.BROKER, person=2**40):
            cursor.execute(count)
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"name": "mine", "codes": []}, 7265, 409),
        ({"name": " ", "codes": []}, 7264, 422),
        ({"name": "other", "codes": ["x"]}, 7263, 422),
        ({"name": "other", "codes": MANY}, 7262, 422),
    ],
)
def test_a_refused_list_changes_nothing(two: tuple[Any, Any], body: Any, code: int, status: int) -> None:
    anne, _ = two
    send(anne, "POST", body={"name": "mine", "codes": ["2330"]})
    answer = send(anne, "POST", body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    number = send(anne, "GET").json()["watchlists"][0]["id"]
    second = send(anne, "POST", body={"name": "second"}).json()["id"]
    assert send(anne, "PUT", f"/{second}", {"name": "mine"}).status_code == 409
    assert lists(anne) == [("mine", ["2330"]), ("second", [])]
    assert send(anne, "PUT", f"/{number}", {"codes": MANY}).status_code == 422
    assert lists(anne)[0] == ("mine", ["2330"])


def test_so_many_lists_and_no_more(two: tuple[Any, Any]) -> None:
    anne, ben = two
    for place in range(WATCHLISTS_MAX):
        assert send(anne, "POST", body={"name": f"list {place}"}).status_code == 201
    answer = send(anne, "POST", body={"name": "one more"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, 7261)
    assert send(ben, "POST", body={"name": "mine"}).status_code == 201


def test_a_browsers_own_list_is_taken_over_once(two: tuple[Any, Any]) -> None:
    anne, _ = two
    brought = {"codes": ["2330", "0050", "<script>"]}
    first = send(anne, "POST", "/import", brought).json()["watchlists"]
    assert [one["codes"] for one in first] == [["2330", "0050"]]
    assert send(anne, "POST", "/import", brought).json()["watchlists"] == first
    second = send(anne, "POST", "/import", {"codes": ["0050", "2603"]}).json()["watchlists"]
    assert [one["codes"] for one in second] == [["2330", "0050"], ["2603"]]
    assert len({one["name"] for one in second}) == 2


def test_industries_and_the_index(two: tuple[Any, Any]) -> None:
    anne, _ = two
    sectors = {one["sector"]: one for one in anne.get("/api/v1/quotes/sectors").json()["sectors"]}
    assert (sectors["24"]["zh"], sectors["24"]["dated"]) == ("半導體", "2026-08-21")
    assert "2330" in sectors["24"]["codes"]
    index = anne.get("/api/v1/quotes/index").json()
    assert (index["base"], index["days"]) == ("1000.00", [])


def test_the_boards_page_is_the_investors(two: tuple[Any, Any]) -> None:
    anne, _ = two
    page = anne.get("/pocket/boards/")
    assert page.status_code == 200
    assert "看板" in page.content.decode()
    assert make.browser(make.place("operations")).get("/pocket/boards/").status_code == 404
