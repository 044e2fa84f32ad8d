"""The screener's API: what is found and why, what is missing, point in time, an empty lake, and screens of one's own."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.screener.asking import at, codes, refusal, run, send
from tests.services.screener.stocks import days, fill
from yunhai.kernel.limits import SCREEN_CHARACTERS_MAX, SCREENS_AT_ONCE_MAX, SCREENS_KEPT_MAX

pytestmark = pytest.mark.usefixtures("db")

GOOD = "close > 50 and foreign_net > 0"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("screener"))


@pytest.fixture
def at_home(home: Path) -> Iterator[None]:
    with at(home):
        yield


@pytest.fixture
def at_an_empty_home(tmp_path: Path) -> Iterator[None]:
    with at(tmp_path):
        yield


# -- what is found -------------------------------------------------------------------------------------------------------


def test_a_stock_is_found_with_the_values_of_each_condition(two: tuple[Any, Any], at_home: None) -> None:
    answer = run(two[0], "收盤價 > 70 and (sum(foreign_net, 5) > 10000 or close < 1)", explain=["2222", "6666", "0000"])
    assert (answer["date"], answer["stocks"], answer["absent"], answer["found"]) == ("2026-08-21", 4, 1, 1)
    (one,) = answer["matches"]
    assert (one["code"], one["close"], one["volume"]) == ("1111", 89.5, 1_000_000)
    assert one["change"] == pytest.approx((89.5 / 89 - 1) * 100)
    assert [side["text"] for condition in answer["conditions"] for side in condition["sides"]] == [
        "close",
        "sum(foreign_net, 5)",
        "close",
    ]
    assert one["values"] == [[89.5], [15_000.0, 89.5]]
    assert answer["conditions"][0]["zh"] == "收盤價 > 70"
    (out,) = answer["explained"]
    assert (out["code"], out["holds"], out["values"][1]) == ("2222", [False, False], [-15_000.0, 60.5])
    assert answer["unlisted"] == ["6666", "0000"]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("kd-golden-cross", ["3333"]),
        ("volume-breakout", ["5555"]),
        ("foreign-buying", ["1111"]),
        ("trust-buying", ["1111"]),
        ("revenue-growth", ["1111"]),
        ("margin-drop", ["1111"]),
        ("averages-in-order", ["1111", "5555"]),
        ("rsi-rebound", ["3333"]),
    ],
)
def test_a_ready_made_screen_finds_what_it_says(
    two: tuple[Any, Any], at_home: None, key: str, found: list[str]
) -> None:
    examples = {one["key"]: one for one in send(two[0], "GET", "/examples").json()}
    assert codes(run(two[0], examples[key]["text"])) == found


def test_every_ready_made_screen_is_held_to_a_stock_here(two: tuple[Any, Any], at_home: None) -> None:
    (mark,) = [
        one
        for one in test_a_ready_made_screen_finds_what_it_says.pytestmark
        if one.name == "parametrize"  # type: ignore[attr-defined]
    ]
    assert {key for key, _ in mark.args[1]} == {one["key"] for one in send(two[0], "GET", "/examples").json()}


def test_which_columns_have_no_value_and_since_when(two: tuple[Any, Any], at_home: None) -> None:
    answer = run(two[0], "margin_balance > 0 and value > 0 and foreign_net > 0 and revenue > 0 and close > 0")
    told = {one["name"]: (one["known"], one["latest"]) for one in answer["columns"]}
    assert told == {
        "close": (4, ""),
        "foreign_net": (2, ""),
        "margin_balance": (1, ""),
        "revenue": (2, ""),
        "value": (0, ""),
    }
    early = run(two[0], "margin_balance > 0", on=days()[40])
    assert (early["found"], early["columns"][0]["known"], early["columns"][0]["latest"]) == (0, 0, "")


def test_point_in_time(two: tuple[Any, Any], at_home: None) -> None:
    """Of a past date what was known by its end; of a moment nothing that came later."""
    assert run(two[0], "close > 1", on=days()[10])["date"] == days()[10]
    saturday = run(two[0], "close > 1", on="2026-08-15")
    assert (saturday["date"], codes(saturday)) == ("2026-08-14", ["1111", "2222", "3333", "5555", "6666"])
    assert codes(run(two[0], "revenue_growth > 20", on="2026-08-14")) == ["1111"]
    assert codes(run(two[0], "revenue_growth > 20", on="2026-08-07")) == []  # July's came on the tenth
    assert codes(run(two[0], "foreign_net > 0", as_of="2026-08-21T16:00:00+08:00")) == []
    assert codes(run(two[0], "foreign_net > 0", as_of="2026-08-21T17:00:00+08:00")) == ["1111"]
    none = run(two[0], "close > 1", on="2020-01-02")
    assert (none["date"], none["empty"], none["found"]) == ("", False, 0)


def test_an_empty_lake_is_no_refusal(two: tuple[Any, Any], at_an_empty_home: None) -> None:
    answer = run(two[0], "close > 1 and foreign_net > 0", explain=["2330"])
    assert (answer["date"], answer["empty"], answer["found"], answer["matches"]) == ("", True, 0, [])
    assert [one["text"] for one in answer["conditions"]] == ["close > 1", "foreign_net > 0"]
    assert send(two[0], "GET", "/data").json() == {"bars": "", "flows": "", "margin": "", "revenue": ""}


def test_how_far_the_data_goes(two: tuple[Any, Any], at_home: None) -> None:
    assert send(two[0], "GET", "/data").json() == {
        "bars": "2026-08-21",
        "flows": "2026-08-21",
        "margin": "2026-08-21",
        "revenue": "2026-07-01",
    }


def test_so_many_stocks_and_no_more(two: tuple[Any, Any], at_home: None) -> None:
    answer = run(two[0], "close > 1", limit=2)
    assert (answer["found"], codes(answer)) == (4, ["1111", "2222"])


def test_the_same_again_is_the_same(two: tuple[Any, Any], at_home: None) -> None:
    first, second = run(two[0], GOOD), run(two[1], "  收盤 > 50 and  外資買賣超 > 0")
    assert {**first, "milliseconds": 0} == {**second, "milliseconds": 0}


def test_a_new_import_is_seen(two: tuple[Any, Any], tmp_path: Path) -> None:
    from tests.market.lake_scene import DAILY, take, write

    with at(tmp_path):
        take(tmp_path / "lake", write(tmp_path / "one.csv", DAILY, "2330,2026-08-20,100,101,99,100,1000"))
        assert run(two[0], "close > 1")["date"] == "2026-08-20"
        take(tmp_path / "lake", write(tmp_path / "two.csv", DAILY, "2330,2026-08-21,100,101,99,100.5,1000"))
        assert run(two[0], "close > 1")["matches"][0]["close"] == 100.5


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "told", "place"),
    [
        ({"text": ""}, (422, 7457), 1),
        ({"text": "close > "}, (422, 7457), 8),
        ({"text": "收盤價 > 5 and 天氣 > 3"}, (422, 7457), 13),
        ({"text": "close > 5\x00"}, (422, 7104), None),
        ({"text": "close > 5'; DROP TABLE"}, (422, 7457), 10),
        ({"text": "kd.k(0) > 1"}, (422, 7702), None),
        ({"text": GOOD, "on": "2026-13-01"}, (422, 7574), None),
        ({"text": GOOD, "as_of": "yesterday"}, (422, 7574), None),
        ({"text": GOOD, "explain": ["臺積電"]}, (422, 7576), None),
        ({"text": GOOD, "limit": 0}, (422, 7104), None),
        ({"text": "x" * (SCREEN_CHARACTERS_MAX + 1)}, (422, 7104), None),
        ({"text": GOOD, "more": 1}, (422, 7104), None),
    ],
)
def test_what_is_no_question(two: tuple[Any, Any], at_home: None, body: Any, told: Any, place: int | None) -> None:
    answer = send(two[0], "POST", "/run", body)
    assert refusal(answer) == told
    error = answer.json()["error"]
    if place is not None:
        said = (f"第 {place} 字" in error["zh"], f"character {place}" in error["en"])
        assert (error["details"]["at"], *said) == (place, True, True)


def test_reading_tells_the_conditions_or_where_it_is_wrong(two: tuple[Any, Any]) -> None:
    told = send(two[0], "POST", "/read", {"text": "收盤價 > 5 and always(trust_net > 0, 3)"}).json()["conditions"]
    assert [(one["text"], one["zh"]) for one in told] == [
        ("收盤價 > 5", "收盤價 > 5"),
        ("always(trust_net > 0, 3)", "連續 3 日投信買賣超 > 0"),
    ]
    assert refusal(send(two[0], "POST", "/read", {"text": "close >"})) == (422, 7457)


def test_nobody_and_a_tenant_without_the_service_get_nothing(at_home: None) -> None:
    from django.test import Client

    from tests.platform import factories as make

    assert send(Client(), "POST", "/run", {"text": GOOD}).status_code == 401
    make.tenant(make.OTHER_BROKER, columns=["underwriting"])
    make.tenant(make.BROKER, columns=["proprietary"])
    without = make.browser(make.place("sales", make.BROKER), number=make.BROKER)
    assert refusal(send(without, "POST", "/run", {"text": GOOD})) == (403, 7103)
    assert refusal(send(without, "GET", "/screens")) == (403, 7103)


def test_a_few_screens_at_a_time(two: tuple[Any, Any], at_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.services.screener import screens

    taken = threading.BoundedSemaphore(SCREENS_AT_ONCE_MAX)
    for _ in range(SCREENS_AT_ONCE_MAX):
        taken.acquire()
    monkeypatch.setattr(screens, "_turns", taken)
    monkeypatch.setattr(screens, "SCREEN_WAIT_SECONDS_MAX", 0)
    assert refusal(send(two[0], "POST", "/run", {"text": "close > 1.2345"})) == (429, 7575)
    taken.release()
    assert run(two[0], "close > 1.2345")["found"] == 4
    assert not taken.acquire(blocking=False) or taken.release() is None


# -- screens of one's own ------------------------------------------------------------------------------------------------


def kept(browser: Any) -> list[tuple[str, str]]:
    return [(one["name"], one["text"]) for one in send(browser, "GET", "/screens").json()["screens"]]


def test_a_screen_is_kept_changed_and_forgotten(two: tuple[Any, Any]) -> None:
    anne, _ = two
    answer = send(anne, "POST", "/screens", {"name": " 成長股 ", "text": GOOD})
    assert (answer.status_code, answer.json()["name"]) == (201, "成長股")
    number = answer.json()["id"]
    assert send(anne, "PUT", f"/screens/{number}", {"name": "我的"}).json()["text"] == GOOD
    assert send(anne, "PUT", f"/screens/{number}", {"text": "close > 1"}).json()["name"] == "我的"
    assert kept(anne) == [("我的", "close > 1")]
    assert send(anne, "DELETE", f"/screens/{number}").status_code == 204
    assert kept(anne) == []


def test_nobody_sees_or_changes_another_persons_screen(two: tuple[Any, Any]) -> None:
    anne, ben = two
    number = send(anne, "POST", "/screens", {"name": "mine", "text": GOOD}).json()["id"]
    assert kept(ben) == []
    for method, body in (("PUT", {"name": "his"}), ("DELETE", None)):
        assert refusal(send(ben, method, f"/screens/{number}", body)) == (404, 7570)
    assert kept(anne) == [("mine", GOOD)]


def test_the_database_itself_shows_a_screen_to_its_person_only(two: tuple[Any, Any]) -> None:
    from django.db import connection

    from tests.platform.factories import BROKER
    from yunhai.platform.tenancy.rls import acting

    send(two[0], "POST", "/screens", {"name": "mine", "text": GOOD})
    count = "SELECT count(*) FROM screener_savedscreen"
    with connection.cursor() as cursor:
        cursor.execute(count)
        assert cursor.fetchone() == (0,), "nobody asks: nothing is there"
        with acting(tenant=BROKER, person=2**40):
            cursor.execute(count)
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "mine", "text": "close > 1"}, (409, 7573)),
        ({"name": " ", "text": "close > 1"}, (422, 7572)),
        ({"name": "other", "text": "close >"}, (422, 7457)),
        ({"name": "other", "text": ""}, (422, 7457)),
        ({"name": "other", "text": "close > 1\x00"}, (422, 7104)),
        ({"name": "x" * 41, "text": "close > 1"}, (422, 7572)),
    ],
)
def test_a_refused_screen_changes_nothing(two: tuple[Any, Any], body: Any, told: Any) -> None:
    anne, _ = two
    send(anne, "POST", "/screens", {"name": "mine", "text": GOOD})
    second = send(anne, "POST", "/screens", {"name": "second", "text": GOOD}).json()["id"]
    assert refusal(send(anne, "POST", "/screens", body)) == told
    assert refusal(send(anne, "PUT", f"/screens/{second}", body)) == told
    assert kept(anne) == [("mine", GOOD), ("second", GOOD)]
    assert refusal(send(anne, "DELETE", f"/screens/{2**70}")) == (404, 7570)


def test_so_many_screens_and_no_more(two: tuple[Any, Any]) -> None:
    from yunhai.services.screener.models import SavedScreen

    anne, ben = two
    send(anne, "POST", "/screens", {"name": "first", "text": GOOD})
    person = anne.session["_auth_user_id"]
    _fill_up(SavedScreen, int(person))
    assert refusal(send(anne, "POST", "/screens", {"name": "one more", "text": GOOD})) == (409, 7571)
    assert len(kept(anne)) == SCREENS_KEPT_MAX
    assert send(ben, "POST", "/screens", {"name": "mine", "text": GOOD}).status_code == 201


def _fill_up(model: Any, person: int) -> None:
    from yunhai.platform.tenancy.rls import acting

    with acting(person=person):
        model.objects.bulk_create(
            model(person_id=person, name=f"screen {place}", text=GOOD) for place in range(SCREENS_KEPT_MAX - 1)
        )


def test_the_page_is_the_investors(two: tuple[Any, Any]) -> None:
    from tests.platform import factories as make

    page = two[0].get("/pocket/screener/")
    assert page.status_code == 200
    assert "選股" in page.content.decode()
    assert make.browser(make.place("operations")).get("/pocket/screener/").status_code == 404
