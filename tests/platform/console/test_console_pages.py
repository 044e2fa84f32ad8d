"""The Console's pages and routes: an operator works them, nobody else finds them, and each change is said back."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("db")

PAGES = [
    "/console/",
    "/console/tenants/",
    "/console/tenants/new/",
    "/console/tenants/9002/",
    "/console/matrix/",
    "/console/matrix/1.2/brokerage/",
    "/console/matrix/1.2/brokerage/reach/?level=none",
    "/console/packs/",
    "/console/packs/twse-2026/",
    "/console/packs/twse-2026/?against=twse-2013",
    "/console/lines/",
    "/console/changes/",
]
ROUTES = [
    "/api/v1/console/lines",
    "/api/v1/console/pools",
    "/api/v1/console/packs",
    "/api/v1/console/packs/twse-t1",
    "/api/v1/console/packs/twse-t1/diff/twse-2026",
    "/api/v1/console/processes",
    "/api/v1/console/changes",
    "/api/v1/console/tenants/9002/members",
]
WHY = "because the contract says so"


@pytest.fixture
def operator(db: None) -> Any:
    """A browser signed in as an operator of the exchange, with a broker and its line beside."""
    from tests.platform import factories as make

    make.tenant(make.EXCHANGE)
    make.tenant(make.BROKER)
    somebody = make.place("operator", make.EXCHANGE)
    return make.browser(somebody, number=make.EXCHANGE)


def answer(client: Any, method: str, path: str, body: Any = None) -> Any:
    return (
        getattr(client, method)(path, body, content_type="application/json") if body else getattr(client, method)(path)
    )


@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_an_operator_opens_every_page_in_both_languages(operator: Any, language: str) -> None:
    operator.cookies["yunhai_language"] = language
    for path in PAGES:
        page = operator.get(path)
        assert page.status_code == 200, path
        text = page.content.decode()
        assert "{%" not in text, path
        assert "{{" not in text, path


def test_an_operator_asks_every_route(operator: Any) -> None:
    assert {path: operator.get(path).status_code for path in ROUTES} == dict.fromkeys(ROUTES, 200)


@pytest.mark.parametrize("role", ["sales", "keyin", "operations", "compliance", "investor"])
def test_nobody_else_finds_the_console(operator: Any, role: str) -> None:
    from tests.platform import factories as make

    client = make.browser(make.place(role, account=7 if role == "investor" else 0), number=make.BROKER)
    assert {client.get(path).status_code for path in PAGES} == {404}
    assert {client.get(path).status_code for path in ROUTES} == {403}


def test_nobody_signed_in_is_sent_to_sign_in(operator: Any) -> None:
    from tests.platform import factories as make

    client = make.browser()
    assert {client.get(path).status_code for path in PAGES} == {302}
    assert {client.get(path).status_code for path in ROUTES} == {401}


def test_a_cell_switched_off_by_its_form_is_off_and_undone_by_the_matrix(operator: Any) -> None:
    from tests.platform import factories as make

    clerk = make.browser(make.place("sales"), number=make.BROKER)
    assert clerk.get("/desk/").status_code == 200
    said = operator.post("/console/matrix/1.2/brokerage/", {"level": "none", "reason": WHY})
    assert (said.status_code, said.headers["Location"]) == (302, "/console/matrix/")
    assert clerk.get("/desk/").status_code == 404
    body = {"query": "1000018", "reason": "phone_order"}
    refused = clerk.post("/api/v1/clients/search", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, 7103)
    change = operator.get("/api/v1/console/changes").json()[0]["id"]
    operator.post("/console/changes/", {"change": change, "reason": "by mistake", "next": "matrix"})
    assert clerk.get("/desk/").status_code == 200


def test_a_refused_form_says_why_and_changes_nothing(operator: Any) -> None:
    page = operator.post("/console/matrix/1.2/brokerage/", {"level": "none", "reason": "no"})
    assert page.status_code == 422
    assert "7362" in page.content.decode()
    assert operator.get("/api/v1/console/changes").json() == []


def test_a_new_line_shows_its_password_once(operator: Any) -> None:
    from tests.platform import factories as make

    page = operator.post(
        "/console/lines/", {"do": "add", "line": "z9", "tenant": make.BROKER, "cap": "20", "reason": WHY}
    )
    assert page.status_code == 200
    text = page.content.decode()
    start = text.index('id="secret">') + len('id="secret">')
    secret = text[start : text.index("<", start)]
    assert len(secret) == 20
    assert "no-store" in page.headers["Cache-Control"]
    assert secret not in operator.get("/console/lines/").content.decode()
    assert secret not in operator.get("/console/changes/").content.decode()


def test_a_tenant_is_added_edited_and_suspended(operator: Any) -> None:
    fields = {
        "code": "Y900",
        "kind": "broker",
        "name_zh": "新雲證券",
        "name_en": "New Cloud Securities",
        "columns": ["brokerage"],
        "status": "open",
        "commission_ppm": "1425",
        "commission_minimum": "20",
        "commission_minimum_odd_lot": "1",
        "reason": WHY,
    }
    made = operator.post("/console/tenants/new/", fields)
    assert made.status_code == 302
    path = made.headers["Location"]
    assert operator.post(path, {**fields, "do": "tenant", "status": "suspended"}).status_code == 422
    done = operator.post(path, {**fields, "do": "tenant", "status": "suspended", "confirm": "Y900"})
    assert done.status_code == 302
    assert operator.post(path, {"do": "branch", "code": "Y901", "name_zh": "台北", "reason": WHY}).status_code == 302
    assert "Y901" in operator.get(path).content.decode()


def test_staff_are_placed_and_withdrawn_but_not_the_last_operator(operator: Any) -> None:
    from tests.platform import factories as make

    somebody = make.person()
    path = f"/console/tenants/{make.BROKER}/"
    assert (
        operator.post(path, {"do": "member", "email": somebody.email, "role": "sales", "reason": WHY}).status_code
        == 302
    )
    clerk = make.browser(somebody, number=make.BROKER)
    assert clerk.get("/desk/").status_code == 200
    said = {"do": "withdraw", "person": somebody.pk, "role": "sales", "reason": WHY}
    assert operator.post(path, said).status_code == 302
    assert clerk.get("/desk/").status_code == 404
    assert (
        operator.post(path, {"do": "member", "email": "nobody@x.test", "role": "sales", "reason": WHY}).status_code
        == 422
    )
    assert (
        operator.post(path, {"do": "member", "email": somebody.email, "role": "operator", "reason": WHY}).status_code
        == 422
    )
    exchange = f"/console/tenants/{make.EXCHANGE}/"
    own = operator.get("/api/v1/me").json()["person"]
    last = operator.post(exchange, {"do": "withdraw", "person": own, "role": "operator", "reason": WHY})
    assert last.status_code == 422
    assert "7377" in last.content.decode()


def test_a_pack_is_published_from_its_text(operator: Any) -> None:
    toml = 'id = "my-market"\nbased_on = "twse-2026"\neffective_from = 2027-01-04\n'
    assert operator.post("/console/packs/", {"toml": toml, "reason": WHY}).status_code == 302
    assert "my-market" in operator.get("/console/packs/").content.decode()
    wrong = operator.post("/console/packs/", {"toml": 'id = "x"\nnonsense = 1\n', "reason": WHY})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "/api/v1/console/matrix/1.2/brokerage", {"level": "partial", "allowed": [9002], "reason": WHY}),
        ("post", "/api/v1/console/matrix/1.2/brokerage/reach", {"level": "none"}),
        ("post", "/api/v1/console/lines", {"line": "Z8", "tenant": 9002, "cap": 5, "reason": WHY}),
        ("put", "/api/v1/console/pools/main", {"tenants": [9002], "weights": {"9002": 2}, "reason": WHY}),
        ("post", "/api/v1/console/tenants/9002/branches", {"code": "B001", "name_zh": "分公司", "reason": WHY}),
    ],
)
def test_the_api_does_what_the_pages_do(operator: Any, method: str, path: str, body: dict[str, Any]) -> None:
    assert answer(operator, method, path, body).status_code in (200, 201)

    """Nothing: keeps the fixtures' order plain."""
