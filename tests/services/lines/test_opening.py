"""Opening a market day from the Control Room: what it would be, who may, what is refused with nothing opened."""

from dataclasses import dataclass, field
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("db")

FRIDAY, MONDAY, SETTLES = "2026-08-21", "2026-08-24", "2026-08-26"
REFERENCES = "2330,2410\n0050,104.65"


@dataclass
class Core:
    """Stands for the core's inner socket: keeps what it was asked to open."""

    clock: str = "demo"
    opened: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, path: str, body: dict[str, Any] | None = None, *, slow: bool = False) -> Any:
        if path == "/status":
            return {"clock": self.clock, "open": False, "ready": True, "date": FRIDAY, "durable": 0}
        assert path == "/day/open"
        assert slow, "it may take its time"
        self.opened.append(dict(body or {}))
        return {"sequence": 77}


@pytest.fixture
def core(db: None, monkeypatch: pytest.MonkeyPatch) -> Core:
    from yunhai.services.lines import api, opening

    found = Core()
    monkeypatch.setattr(opening, "ask", found.ask)
    monkeypatch.setattr(api, "ask", found.ask)
    return found


@pytest.fixture
def operator(core: Core) -> Any:
    from tests.platform import factories as make

    make.tenant(make.EXCHANGE)
    return make.browser(make.place("operator", make.EXCHANGE), number=make.EXCHANGE)


def friday_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A last day with three securities, of which one traded and one is listed no more."""
    from yunhai.services.lines import opening
    from yunhai.services.orders.api import SecurityView
    from yunhai.services.settlement.api import DayBoard
    from yunhai.trading.facts import Listed

    board = DayBoard(
        day=FRIDAY,
        settles_on="2026-08-25",
        pack="twse-2026",
        mode="simulated",
        clock="demo",
        opened_ns=1,
        sequence=9,
        steps=(),
    )
    listed = (
        Listed(code="2330", kind="stock", reference=24_000_000, name="台積電", day_trade="both", limit_up=25_000_000),
        Listed(code="2412", kind="stock", reference=1_365_000, name="中華電"),
        Listed(code="9ZZZ", kind="stock", reference=100_000, name="已下市"),
    )
    traded = SecurityView(
        day=FRIDAY,
        code="2330",
        name="台積電",
        kind="stock",
        reference=24_000_000,
        last=24_100_000,
        shares=1000,
        value=1,
        trades=1,
    )
    monkeypatch.setattr(opening.settlement, "latest_day", lambda: board)
    monkeypatch.setattr(opening.orders, "listed_at", lambda sequence: listed if sequence == 9 else ())
    monkeypatch.setattr(opening.orders, "securities", lambda: [traded])


def post(client: Any, what: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/operations/day/{what}", body, content_type="application/json")


def test_the_next_day_takes_last_prices_and_leaves_out_what_is_gone(
    operator: Any, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    friday_was(monkeypatch)
    said = post(operator, "plan", {}).json()
    assert (said["date"], said["settles_on"], said["pack"]) == (MONDAY, SETTLES, "twse-2026")
    assert [(one["code"], one["reference"], one["source"]) for one in said["securities"]] == [
        ("2330", "2410", "close"),
        ("2412", "136.5", "reference"),
    ]
    assert said["left_out"] == ["9ZZZ"]
    assert core.opened == [], "a plan opens nothing"


def test_a_given_reference_goes_before_the_last_price_and_limits_begin_anew(
    operator: Any, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    friday_was(monkeypatch)
    body = {"references": [{"code": "2330", "reference": "2397"}], "at": "08:59:50"}
    assert post(operator, "open", body).json()["sequence"] == 77
    opened = core.opened[0]
    tsmc = next(one for one in opened["listed"] if one["code"] == "2330")
    assert tsmc["reference"] == 23_950_000, "rounded to the tick of the pack"
    assert tsmc["day_trade"] == "both"
    assert not tsmc.get("limit_up")
    assert (opened["date"], opened["at"], opened["settles_on"]) == (MONDAY, "08:59:50", SETTLES)
    assert opened["by"] > 0
    assert opened["seed"] > 0


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"date": "2026-08-22"}, 2210),
        ({"date": MONDAY, "pack": "no-such-pack"}, 7374),
        ({"date": MONDAY, "pack": "twse-2026"}, 7346),
        ({"date": MONDAY, "pack": "twse-2026", "references": "2330"}, 7345),
        ({"date": MONDAY, "pack": "twse-2026", "references": "2330,0"}, 7345),
        ({"date": MONDAY, "pack": "twse-2026", "references": "2330,2410\n2330,2400"}, 7345),
        ({"date": MONDAY, "pack": "twse-2026", "references": "9ZZZ,10"}, 7345),
        ({"date": MONDAY, "pack": "twse-2026", "references": REFERENCES}, 7369),
    ],
    ids=["saturday", "pack", "nothing-listed", "no-price", "price-0", "twice", "not-listed", "not-confirmed"],
)
def test_a_refusal_stands_on_the_page_and_nothing_is_opened(
    operator: Any, core: Core, said: dict[str, str], code: int
) -> None:
    answer = operator.post("/control/day/open/", said | {"do": "open"} | ({} if code == 7369 else {"checked": "1"}))
    page = answer.content.decode()
    assert str(code) in page
    assert answer.status_code in (404, 409, 422)
    assert 'name="references"' in page, "the form is there to go on with"
    assert core.opened == []


def test_a_first_day_is_opened_from_the_page_with_its_references(operator: Any, core: Core) -> None:
    said = {"date": MONDAY, "pack": "twse-2026", "references": REFERENCES}
    page = operator.post("/control/day/open/", said | {"do": "check"}).content.decode()
    assert "2,410.00" in page
    assert core.opened == []
    assert operator.post("/control/day/open/", said | {"do": "open", "checked": "1"}).status_code == 302
    assert [one["code"] for one in core.opened[0]["listed"]] == ["0050", "2330"]


def test_a_live_clock_takes_no_hour(operator: Any, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    friday_was(monkeypatch)
    core.clock = "live"
    assert post(operator, "open", {"date": MONDAY, "at": "09:30:00"}).status_code == 200
    assert core.opened[0]["at"] == ""


def test_a_brokers_clerk_opens_nothing(core: Core) -> None:
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    clerk = make.browser(make.place("operations", make.BROKER), number=make.BROKER)
    assert clerk.get("/control/day/open/").status_code == 404
    assert post(clerk, "open", {}).status_code in (403, 404)
    assert core.opened == []
