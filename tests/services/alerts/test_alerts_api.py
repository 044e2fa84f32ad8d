"""The alerts' API: made, paused, armed again, removed, their firings seen; nobody else's."""

import json
from typing import Any

import pytest

from yunhai.kernel.limits import ALERTS_MAX, ALERTS_REMOVED_MAX

pytestmark = pytest.mark.usefixtures("db")

GOOD = {"code": "2330", "kind": "price_up", "value": "110"}


@pytest.fixture
def listed(db: None, as_role: Any) -> None:
    """One security of one day, as the reader writes it."""
    from django.db import connection

    with as_role("reader"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_security (day, code, name, kind, reference, last, shares, value, trades)"
            " VALUES ('2026-08-21', '2330', 'x', 'stock', 1000000, 1100000, 5000, 0, 1)"
        )


def send(browser: Any, method: str, path: str = "", body: Any = None) -> Any:
    text = json.dumps(body) if body is not None else ""
    return browser.generic(method, "/api/v1/alerts" + path, data=text, content_type="application/json")


def mine(browser: Any) -> list[dict[str, Any]]:
    return list(send(browser, "GET").json()["alerts"])


def test_an_alert_is_made_and_says_at_once_whether_it_holds(two: tuple[Any, Any], listed: None) -> None:
    holds = send(two[0], "POST", body=GOOD).json()
    assert (holds["value"], holds["state"], holds["holds"], holds["armed"]) == ("110.00", "armed", True, False)
    waits = send(two[0], "POST", body=GOOD | {"value": "110.5", "note": " a  b ", "expires_on": "2026-08-21"}).json()
    assert (waits["holds"], waits["note"], waits["expires_on"]) == (False, "a b", "2026-08-21")
    assert [one["id"] for one in mine(two[0])] == [waits["id"], holds["id"]]


def test_paused_and_armed_again(two: tuple[Any, Any], listed: None) -> None:
    number = send(two[0], "POST", body=GOOD).json()["id"]
    for state in ("paused", "paused", "armed"):
        assert send(two[0], "PUT", f"/{number}", {"state": state}).json()["state"] == state
    assert send(two[0], "PUT", f"/{number}", {"state": "fired"}).status_code == 422


def test_what_is_refused_leaves_nothing(two: tuple[Any, Any], listed: None) -> None:
    for wrong, code in (
        ({"kind": "x"}, 7579),
        ({"value": "0"}, 7580),
        ({"expires_on": "2026-08-20"}, 7581),
        ({"note": "x" * 81}, 7582),
    ):
        answer = send(two[0], "POST", body=GOOD | wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert send(two[0], "POST", body=GOOD | {"code": "9999"}).status_code == 404
    assert mine(two[0]) == []


def more(as_role: Any, number: int, count: int, *, removed: bool = False) -> None:
    """So many more like an alert, the removed ones as of an hour ago."""
    from django.db import connection

    with as_role("reader"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alerts_alert (person_id, security, kind, threshold, state, repeat, note, held, arming, fired_ns,"
            " watch, made_at, removed_at) SELECT person_id, security, kind, threshold, state, repeat, note, held, arming,"
            " fired_ns, watch, made_at, CASE WHEN %s THEN now() - interval '1 hour' END"
            " FROM alerts_alert, generate_series(1, %s) WHERE id = %s",
            (removed, count, number),
        )


def test_a_person_keeps_so_many(two: tuple[Any, Any], listed: None, as_role: Any) -> None:
    more(as_role, send(two[0], "POST", body=GOOD).json()["id"], ALERTS_MAX - 2)
    assert send(two[0], "POST", body=GOOD).status_code == 201
    answer = send(two[0], "POST", body=GOOD)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, 7578)
    assert len(mine(two[0])) == ALERTS_MAX


def test_somebody_elses_is_not_there(two: tuple[Any, Any], listed: None) -> None:
    number = send(two[0], "POST", body=GOOD).json()["id"]
    for method, body in (("PUT", {"state": "paused"}), ("DELETE", None)):
        answer = send(two[1], method, f"/{number}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, 7577)
    assert mine(two[1]) == []
    assert [one["state"] for one in mine(two[0])] == ["armed"]
    assert send(two[0], "DELETE", f"/{number}").status_code == 204


def test_firings_are_told_once_seen_and_only_to_their_person(two: tuple[Any, Any], listed: None, as_role: Any) -> None:
    from django.db import connection

    send(two[0], "POST", body=GOOD)
    with as_role("reader"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alerts_firing (alert_id, person_id, security, kind, threshold, note, sequence, value, price,"
            " market_ns, day, seen) SELECT id, person_id, security, kind, threshold, note, n, 1105000, 1105000, 0,"
            " '2026-08-21', false FROM alerts_alert, generate_series(7, 8) n"
        )
    told = send(two[0], "GET", "/firings").json()
    assert (told["unseen"], [one["sequence"] for one in told["firings"]]) == (2, [8, 7])
    assert send(two[0], "GET", f"/firings?since={told['firings'][1]['id']}").json()["firings"] == told["firings"][:1]
    assert send(two[1], "GET", "/firings").json() == {"unseen": 0, "newest": 0, "firings": []}
    send(two[1], "POST", "/firings/seen", {"upto": told["newest"]})
    assert send(two[0], "GET", "/firings").json()["unseen"] == 2
    assert send(two[0], "POST", "/firings/seen", {"upto": told["newest"]}).status_code == 204
    assert send(two[0], "GET", "/firings").json()["unseen"] == 0


@pytest.mark.parametrize("kind", ["limit_up", "limit_down", "kd_up", "kd_down", "ma_up", "ma_down"])
def test_kinds_that_need_no_value_take_none(two: tuple[Any, Any], listed: None, kind: str) -> None:
    made = send(two[0], "POST", body={"code": "2330", "kind": kind})
    assert (made.status_code, made.json()["value"]) == (201, "")
    refused = send(two[0], "POST", body={"code": "2330", "kind": kind, "value": "5"})
    assert (refused.status_code, refused.json()["error"]["code"], len(mine(two[0]))) == (422, 7580, 1)


def test_another_condition_arms_it_anew_and_a_note_does_not(two: tuple[Any, Any], listed: None, as_role: Any) -> None:
    from yunhai.services.alerts.models import Alert

    number = send(two[0], "POST", body=GOOD | {"value": "120"}).json()["id"]

    def arming() -> int:
        with as_role("reader"):
            return int(Alert.objects.get(pk=number).arming)

    for body, expected in (
        ({"note": "x"}, 1),
        ({"value": "120"}, 1),
        ({"value": "121"}, 2),
        ({"kind": "kd_up"}, 3),
        ({"repeat": True}, 4),
        ({"state": "paused"}, 4),
        ({"kind": "price_down", "value": "90"}, 4),
        ({"state": "armed"}, 5),
    ):
        assert send(two[0], "PUT", f"/{number}", body).status_code == 200
        assert arming() == expected, body
    (kept,) = mine(two[0])
    assert (kept["kind"], kept["value"], kept["note"], kept["repeat"], kept["state"]) == (
        "price_down",
        "90.00",
        "x",
        True,
        "armed",
    )
    wrong = send(two[0], "PUT", f"/{number}", {"kind": "over_ma", "value": "1"})
    assert (wrong.status_code, wrong.json()["error"]["code"], mine(two[0])) == (422, 7580, [kept])


def test_what_was_removed_comes_back_as_it_was(two: tuple[Any, Any], listed: None) -> None:
    made = send(two[0], "POST", body=GOOD | {"value": "120", "note": "n"}).json()
    assert send(two[0], "DELETE", f"/{made['id']}").status_code == 204
    assert mine(two[0]) == []
    assert send(two[0], "PUT", f"/{made['id']}", {"state": "paused"}).json()["error"]["code"] == 7577
    assert send(two[1], "POST", f"/{made['id']}/restore").json()["error"]["code"] == 7577
    assert send(two[0], "POST", f"/{made['id']}/restore").json() == made
    assert mine(two[0]) == [made] == [send(two[0], "POST", f"/{made['id']}/restore").json()]


def test_the_last_few_removed_are_kept_and_every_firing(two: tuple[Any, Any], listed: None, as_role: Any) -> None:
    from django.db import connection

    from yunhai.platform.entitlements.api import set_cell

    first, last = (send(two[0], "POST", body=GOOD).json()["id"] for _ in range(2))
    with as_role("reader"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alerts_firing (alert_id, person_id, security, kind, threshold, note, sequence, value, price,"
            " market_ns, day, seen) SELECT id, person_id, security, kind, threshold, '', 7, 1, 1, 0, '2026-08-21', false"
            " FROM alerts_alert WHERE id = %s",
            (first,),
        )
        cursor.execute("UPDATE alerts_alert SET removed_at = now() - interval '1 day' WHERE id = %s", (first,))
    more(as_role, last, ALERTS_REMOVED_MAX - 1, removed=True)
    (told,) = send(two[0], "GET", "/firings?limit=1").json()["firings"]
    assert told["alert"] == first
    assert send(two[0], "DELETE", f"/{last}").status_code == 204
    assert send(two[0], "POST", f"/{first}/restore").status_code == 404
    assert send(two[0], "POST", f"/{last}/restore").status_code == 200
    (told,) = send(two[0], "GET", "/firings").json()["firings"]
    assert (told["alert"], told["sequence"]) == (0, 7)
    set_cell("3.1", "brokerage", "full", by=0)
    for browser, code in ((two[1], 7577), (two[0], 7480)):  # no journal here: nothing to replay
        answer = send(browser, "GET", f"/firings/{told['id']}/moment")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
        assert browser.get(f"/pocket/alerts/{told['id']}/replay/").status_code == 404
