"""Set-ups by name, kinds of chart, and futures where the lake has them."""

from pathlib import Path
from typing import Any

import pytest

from tests.market.test_bars import small_day
from yunhai.kernel.limits import CHART_SETUPS_MAX
from yunhai.market.importers.importing import import_file
from yunhai.market.importers.own_journal import import_journal

pytestmark = pytest.mark.usefixtures("db")
NOW_NS = 1_790_000_000_000_000_000
TRADES = """成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價
20210723,TX     ,202108     ,150000,17409,68,-,-,*
20210726,TX     ,202108     ,084500,17500,4,-,-,*
20210726,TX     ,202108     ,090001,17520,2,-,-,
20210726,MTX    ,202108     ,134459,17480,2,-,-,
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from django.conf import settings

    monkeypatch.setattr(settings, "PLACES", type(settings.PLACES)(tmp_path))
    return tmp_path


@pytest.fixture
def client(db: None) -> Any:
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    return make.browser(make.place("investor", account=99), number=make.BROKER)


def keep(client: Any, name: str, **fields: Any) -> Any:
    return client.put("/api/v1/charts/setups", {"name": name, **fields}, content_type="application/json")


def setups(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/charts/setups").json()
    return found


def code_of(answer: Any) -> tuple[int, int]:
    return answer.status_code, int(answer.json()["error"]["code"])


def test_kept_by_name_replaced_by_the_same_name_forgotten(client: Any, home: Path) -> None:
    assert setups(client) == []
    made = keep(client, "  短線  KD ", indicators="kd(9,3,3),ma(5)", span="5m").json()
    assert {**made, "setup": 0} == {
        "setup": 0, "name": "短線 KD", "indicators": "KD(9,3,3),MA(5)", "span": "5m", "adjusted": "raw"
    }  # fmt: skip
    again = keep(client, "短線 KD", indicators="macd", span="1d", adjusted="backward").json()
    assert again["setup"] == made["setup"]
    keep(client, "A", indicators="", span="1w")
    assert [one["name"] for one in setups(client)] == ["A", "短線 KD"]
    assert client.delete(f"/api/v1/charts/setups/{made['setup']}").status_code == 204
    assert [one["name"] for one in setups(client)] == ["A"]


@pytest.mark.parametrize(
    ("name", "fields", "refusal"),
    [
        ("   ", {}, (422, 7339)),
        ("a\u200bb", {}, (422, 7339)),
        ("a", {"indicators": "nothing(5)"}, (404, 7700)),
        ("a", {"indicators": "kd("}, (422, 7331)),
    ],
    ids=["blank", "unseen", "unknown", "unread"],
)
def test_what_cannot_be_kept_changes_nothing(
    client: Any, home: Path, name: str, fields: dict[str, str], refusal: tuple[int, int]
) -> None:
    answer = keep(client, name, **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == refusal
    assert setups(client) == []


@pytest.mark.full
def test_so_many_and_no_more_and_nobody_elses(client: Any, home: Path) -> None:
    from tests.platform import factories as make

    for number in range(CHART_SETUPS_MAX):
        assert keep(client, f"{number:02}").status_code == 200
    assert code_of(keep(client, "one more")) == (409, 7338)
    assert keep(client, "07", indicators="ma(5)").status_code == 200, "a name that is there is replaced"
    mine = setups(client)
    assert len(mine) == CHART_SETUPS_MAX
    other = make.browser(make.place("investor", account=98), number=make.BROKER)
    assert setups(other) == []
    assert code_of(other.delete(f"/api/v1/charts/setups/{mine[0]['setup']}")) == (404, 7337)
    assert code_of(client.delete(f"/api/v1/charts/setups/{1 << 70}")) == (404, 7337)
    assert len(setups(client)) == CHART_SETUPS_MAX


def test_futures_where_they_were_imported_and_plainly_none_elsewhere(client: Any, home: Path) -> None:
    assert client.get("/api/v1/charts/futures").json() == []
    page = client.get("/pocket/chart/futures/", headers={"accept-language": "en"})
    assert (page.status_code, b'id="futures-empty"' in page.content) == (200, True)
    file = home / "day.csv"
    file.write_text(TRADES)
    import_file(home / "lake", file, now_ns=NOW_NS)
    contracts = client.get("/api/v1/charts/futures").json()
    assert [one["code"] for one in contracts] == ["TX202108", "MTX202108"]
    assert contracts[0]["last"] == "2021-07-26"
    page = client.get("/pocket/chart/futures/")
    assert b'data-code="TX202108"' in page.content
    asked = {"span": "1d", "segment": "futures"}
    (close,) = client.get("/api/v1/charts/MTX202108/bars", asked).json()["close"]
    assert close == 17480 * 10_000
    assert client.get("/api/v1/charts/TX202108/bars", {"span": "1d"}).json()["time"] == [], "no board lots of it"
    small_day(home / "journal")
    list(import_journal(home / "lake", home / "journal", now_ns=NOW_NS))
    minutes = client.get("/api/v1/charts/TX202108/bars", {"span": "5m", "segment": "futures"}).json()
    assert minutes["close"][-1] == 17520 * 10_000, "also where others have bars five years later"


@pytest.mark.parametrize("place", ["2330/panes", "many", "2330", "TX202108/?segment=futures"])
def test_every_kind_is_a_page(client: Any, home: Path, place: str) -> None:
    path = place if "?" in place else place + "/"
    answer = client.get(f"/pocket/chart/{path}")
    assert answer.status_code == 200
    assert b"chart-kinds" in answer.content


def test_what_is_no_code_is_no_page(client: Any, home: Path) -> None:
    assert client.get("/pocket/chart/_/panes/").status_code == 404


@pytest.mark.parametrize(
    "name", ["\\ud800", "\\u0000", "a\\u0000b", "x" * 41, ""], ids=["half", "nul", "in", "long", "no"]
)
def test_names_that_nothing_can_keep(client: Any, home: Path, name: str) -> None:
    answer = client.put("/api/v1/charts/setups", f'{{"name": "{name}"}}', content_type="application/json")
    assert answer.status_code == 422
    assert setups(client) == []


@pytest.mark.full
@pytest.mark.parametrize(
    "asked",
    [
        {"to": "9999-12-31", "as_of": "9999-12-31"},
        {"from": "0001-01-01", "to": "0001-01-02", "as_of": "0001-01-01"},
        {"segment": "futures", "adjusted": "backward", "to": "9999-12-31T23:59:59+00:00"},
        {"segment": "nothing"},
    ],
    ids=["far", "old", "futures", "unknown"],
)
def test_moments_beyond_any_bar(client: Any, home: Path, asked: dict[str, str]) -> None:
    small_day(home / "journal")
    list(import_journal(home / "lake", home / "journal", now_ns=NOW_NS))
    answer = client.get("/api/v1/charts/2330/bars", {"span": "1m", **asked})
    assert answer.status_code in (200, 422)
