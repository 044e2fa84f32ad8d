"""The chart's API: who may, what an empty lake says, bounds, the same value however it is asked, and drawings of one's own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.services.charts.days import Day, bring, days

pytestmark = pytest.mark.usefixtures("db")

LAST = date(2026, 8, 21)
MADE = days(400, last=LAST)
TREND = {
    "kind": "trend",
    "points": [{"time": 1_780_000_000, "price": "600"}, {"time": 1_787_241_600, "price": "640.5"}],
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose lake has 400 days of 2330."""
    home = tmp_path_factory.mktemp("charts")
    bring(home / "lake", home, "2330", MADE)
    return home


@pytest.fixture
def at_home(lake: Path) -> Iterator[None]:
    from django.conf import settings

    before = settings.PLACES
    settings.PLACES = type(before)(lake)
    yield
    settings.PLACES = before


@pytest.fixture
def empty_home(tmp_path: Path) -> Iterator[None]:
    from django.conf import settings

    before = settings.PLACES
    settings.PLACES = type(before)(tmp_path)
    yield
    settings.PLACES = before


@pytest.fixture
def client(db: None) -> Any:
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    return make.browser(make.place("investor", account=99), number=make.BROKER)


def bars(client: Any, code: str = "2330", **asked: Any) -> Any:
    return client.get(f"/api/v1/charts/{code}/bars", asked)


def code_of(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


def units(cents: int) -> int:
    return cents * 100


def test_nobody_and_a_tenant_without_the_service_get_nothing(at_home: None, db: None) -> None:
    from django.test import Client

    from tests.platform import factories as make

    assert bars(Client()).status_code == 401
    make.tenant(make.OTHER_BROKER, columns=["underwriting"])
    make.tenant(make.BROKER, columns=["proprietary"])
    without = make.browser(make.place("sales", make.BROKER), number=make.BROKER)
    answer = bars(without)
    assert (answer.status_code, code_of(answer)) == (403, 7103)


@pytest.mark.usefixtures("empty_home")
def test_an_empty_lake_has_no_bars_and_no_error(client: Any) -> None:
    answer = bars(client, indicators="kd(9,3,3),ma(5)")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["time"], said["before"], said["computed_from"]) == ([], 0, 0)
    assert [one["label"] for one in said["indicators"]] == ["KD(9,3,3)", "MA(5)"]
    assert said["spans"] == ["1d", "1w", "1mo"]
    assert client.get("/api/v1/charts/securities").json() == []
    assert bars(client, span="1m").json()["time"] == []


@pytest.mark.usefixtures("at_home")
def test_the_bars_are_those_that_were_imported(client: Any) -> None:
    said = bars(client).json()
    assert len(said["time"]) == len(MADE)
    for name in ("open", "high", "low", "close"):
        assert said[name] == [units(getattr(day, name)) for day in MADE], name
    assert said["volume"] == [day.volume for day in MADE]
    assert said["time"][-1] == 1_787_241_600
    assert client.get("/api/v1/charts/securities").json() == [{"code": "2330", "name": "", "history": True}]
    assert bars(client, "9999").json()["time"] == []


@pytest.mark.usefixtures("at_home")
def test_a_range_a_limit_and_a_moment_cut_the_bars(client: Any) -> None:
    first, last = MADE[100].on.isoformat(), MADE[200].on.isoformat()
    said = bars(client, **{"from": first, "to": last}).json()
    assert said["close"] == [units(day.close) for day in MADE[100:201]]
    assert said["before"] == 100
    assert bars(client, limit=3).json()["close"] == [units(day.close) for day in MADE[-3:]]
    morning = f"{MADE[200].on.isoformat()}T09:00:00+08:00"  # a day's bar is known at 14:00
    assert bars(client, as_of=morning).json()["close"] == [units(day.close) for day in MADE[:200]]


@pytest.mark.usefixtures("at_home")
def test_a_value_does_not_depend_on_how_much_is_asked_for(client: Any) -> None:
    asked = "kd(9,3,3),ma(5),macd,obv,bbands(20,2,2)"
    whole = bars(client, indicators=asked).json()["indicators"]
    part = bars(client, indicators=asked, limit=10).json()["indicators"]
    for all_of, some in zip(whole, part, strict=True):
        for row, cut in zip(all_of["outputs"], some["outputs"], strict=True):
            assert cut["values"] == row["values"][-10:], all_of["label"]
    closes = [day.close / 100 for day in MADE]
    average = whole[1]["outputs"][0]["values"]
    assert average[:4] == [None] * 4
    assert average[4] == pytest.approx(sum(closes[:5]) / 5)
    assert average[-1] == pytest.approx(sum(closes[-5:]) / 5)


@pytest.mark.usefixtures("at_home")
def test_the_live_value_is_the_batch_value(client: Any, tmp_path: Path) -> None:
    """The day that trades, sent as `latest`, and the same day imported give the same bars and indicators, in every span."""
    from django.conf import settings

    today = days(401, last=date(2026, 8, 24), seed=11)[-1]
    other = tmp_path / "other"
    other.mkdir()
    bring(other / "lake", other, "2330", [*MADE, today])
    latest = f"2026-08-24,{_text(today)},{today.volume}"
    asked = {"indicators": "kd(9,3,3),ma(5),macd,rsi(6)"}
    for span in ("1d", "1w", "1mo"):
        live = bars(client, span=span, latest=latest, **asked).json()
        before, settings.PLACES = settings.PLACES, type(settings.PLACES)(other)
        batch = bars(client, span=span, **asked).json()
        settings.PLACES = before
        assert live == batch, span
    assert bars(client, latest=latest.replace("2026-08-24", "2026-08-20")).json()["time"][-1] == 1_787_241_600, "older"


def _text(day: Day) -> str:
    return ",".join(f"{price / 100:.2f}" for price in (day.open, day.high, day.low, day.close))


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"from": "2026-01-02", "to": "2026-01-01"}, 422, 7335),
        ({"from": "soon"}, 422, 7335),
        ({"indicators": "kd(9"}, 422, 7331),
        ({"indicators": "nothing"}, 404, 7700),
        ({"span": "2d"}, 422, 7104),
        ({"limit": 10_001}, 422, 7104),
        ({"adjusted": "sideways"}, 422, 7104),
        ({"latest": "1,2"}, 422, 7335),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_number(client: Any, asked: dict[str, Any], status: int, code: int) -> None:
    answer = bars(client, **asked)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_the_registry_is_listed(client: Any) -> None:
    known = {one["name"]: one for one in client.get("/api/v1/charts/indicators").json()}
    assert {"KD", "MA", "MACD", "RSI", "BBANDS", "DMI", "OBV", "BIAS", "PSY", "SAR", "ADX", "CCI", "VWAP"} <= set(known)
    assert [each["default"] for each in known["KD"]["parameters"]] == [9, 3, 3]


# --- drawings -----------------------------------------------------------------------------------------------------------


def test_a_line_is_kept_moved_and_deleted(client: Any) -> None:
    path = "/api/v1/charts/2330/drawings"
    made = client.post(path, TREND, content_type="application/json")
    assert made.status_code == 201
    line = made.json()
    assert (line["code"], line["points"]) == ("2330", TREND["points"])
    assert client.get(path).json() == [line]
    assert client.get("/api/v1/charts/2317/drawings").json() == []
    moved = {"points": [{"time": 1_780_000_000, "price": "610"}, {"time": 1_787_241_600, "price": "650"}]}
    one = f"/api/v1/charts/drawings/{line['drawing']}"
    assert client.put(one, moved, content_type="application/json").json()["points"] == moved["points"]
    wrong = client.put(one, {"points": moved["points"][:1]}, content_type="application/json")
    assert (wrong.status_code, code_of(wrong)) == (422, 7334)
    assert client.get(path).json()[0]["points"] == moved["points"], "what was refused changed nothing"
    assert client.delete(one).status_code == 204
    assert client.get(path).json() == []
    gone = client.delete(one)
    assert (gone.status_code, code_of(gone)) == (404, 7332)


def test_somebody_elses_line_is_not_there(client: Any) -> None:
    from tests.platform import factories as make

    line = client.post("/api/v1/charts/2330/drawings", TREND, content_type="application/json").json()
    for role, account in (("investor", 98), ("operations", 0)):  # at the same broker, staff too
        other = make.browser(make.place(role, account=account), number=make.BROKER)
        assert other.get("/api/v1/charts/2330/drawings").json() == []
        one = f"/api/v1/charts/drawings/{line['drawing']}"
        for answer in (
            other.put(one, {"points": TREND["points"]}, content_type="application/json"),
            other.delete(one),
        ):
            assert (answer.status_code, code_of(answer)) == (404, 7332)
    assert client.get("/api/v1/charts/2330/drawings").json() == [line]


def test_the_database_itself_shows_a_line_to_nobody_else(client: Any) -> None:
    from yunhai.platform.identity.models import Person
    from yunhai.platform.tenancy import rls
    from yunhai.services.charts.models import Drawing

    client.post("/api/v1/charts/2330/drawings", TREND, content_type="application/json")
    mine = Person.objects.get(pk=client.session["_auth_user_id"]).pk
    with rls.acting(person=mine):
        assert Drawing.objects.count() == 1
    with rls.acting(tenant=9_002, person=mine + 1):
        assert Drawing.objects.count() == 0


def test_lines_have_a_bound(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.services.charts import api

    monkeypatch.setattr(api, "DRAWINGS_MAX", 2)
    monkeypatch.setattr(api, "DRAWINGS_A_PERSON_MAX", 3)
    for code, status in (("2330", 201), ("2330", 201), ("2330", 409), ("2317", 201), ("2454", 409)):
        answer = client.post(f"/api/v1/charts/{code}/drawings", TREND, content_type="application/json")
        assert answer.status_code == status, code
        if status == 409:
            assert code_of(answer) == 7333


def test_what_the_chart_opens_with_is_remembered(client: Any) -> None:
    body = {"indicators": "kd,ma(5)", "span": "1w", "adjusted": "backward"}
    answer = client.put("/api/v1/charts/chosen", body, content_type="application/json")
    assert answer.json() == body | {"indicators": "KD(9,3,3),MA(5)"}
    page = client.get("/pocket/chart/2330/").content.decode()
    assert '"indicators": "KD(9,3,3),MA(5)"' in page
    refused = client.put("/api/v1/charts/chosen", body | {"indicators": "nothing"}, content_type="application/json")
    assert code_of(refused) == 7700
    assert '"indicators": "KD(9,3,3),MA(5)"' in client.get("/pocket/chart/2330/").content.decode()


def test_the_page_is_the_investors_and_says_how_to_import(client: Any) -> None:
    from tests.platform import factories as make

    page = client.get("/pocket/chart/2330/")
    assert page.status_code == 200
    assert "yunhai history import" in page.content.decode()
    assert "https://www.tradingview.com/" in page.content.decode(), "the licence asks for the link"
    assert client.get("/pocket/chart/").status_code == 200
    assert client.get("/pocket/chart/a;b/").status_code == 404
    assert make.browser(make.place("sales"), number=make.BROKER).get("/pocket/chart/2330/").status_code == 404


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        (
            "/pocket/chart/2330/",
            "span=1d&adjusted=raw&indicators=MA%285%29%2CMA%2820%29%2CMA%2860%29%2CKD%289%2C3%2C3%29",
        ),
        ("/pocket/chart/2330/?span=1w&indicators=", "span=1w&adjusted=raw&indicators="),
        ("/pocket/chart/2330/?segment=futures&as_of=2026-08-01&span=1mo", "span=1mo&adjusted=raw&indicators=MA%285%29"),
        ("/lab/chart/2330/?as_of=2026-08-01&indicators=KD", "span=1d&adjusted=raw&indicators=KD&as_of=2026-08-01"),
        ("/pocket/chart/2330/?span=1w%22%3E%3Cb%3E&indicators=", "span=1w%22%3E%3Cb%3E&adjusted=raw&indicators="),
    ],
    ids=["as chosen", "by the address", "futures", "as of a day", "nonsense"],
)
@pytest.mark.usefixtures("at_home")
def test_the_page_asks_ahead_for_what_its_script_asks(client: Any, address: str, asked: str) -> None:
    answer = client.get(address)
    first = answer.context["page"]["first"]
    assert first.startswith(f"/2330/bars?{asked}")
    href = first.replace("&", "&amp;")
    assert f'<link rel="preload" as="fetch" crossorigin href="/api/v1/charts{href}">' in answer.content.decode()
    assert client.get(f"/api/v1/charts{first}").status_code == (422 if "%22" in address else 200)
    assert "as_of" not in first or address.startswith("/lab/")
