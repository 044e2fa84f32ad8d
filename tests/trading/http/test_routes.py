"""Every route of the table: who is answered, what is malformed, and that what is refused changes nothing."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.trading.core_harness import ANNE, BEN, CARL, CLERK, EAST, OPERATIONS, WEST, CoreProcess, row
from yunhai.apps.cloud.sockets import listen
from yunhai.trading.facts import Lookup
from yunhai.trading.http.inner import INNER
from yunhai.trading.http.openapi import openapi_components, openapi_paths
from yunhai.trading.http.public import ROUTES
from yunhai.trading.http.routes import Route, Who, errors_of
from yunhai.trading.http.unix import unix_transport
from yunhai.trading.rates import READS

NT = 10_000


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreProcess]:
    with CoreProcess(tmp_path_factory.mktemp("core"), "--lift-line-caps", "--lift-rates") as core:
        core.prepare()
        yield core


def body_of(cloud: CoreProcess, route: Route, account: int = ANNE) -> dict[str, Any] | None:
    """A body that would do, were the asker the right one."""
    fresh = cloud.instruction(account).client_id
    bodies: dict[str, Any] = {
        "placeOrder": cloud.signed(account, code="1101", price=42 * NT),
        "previewOrder": msgspec.to_builtins(cloud.instruction(account)),
        "moveCash": {"account": account, "amount": "10", "kind": "deposit", "reference": fresh},
        "moveShares": {"account": account, "code": "1101", "quantity": 5, "reference": fresh},
        "transfer": {"source": account, "target": BEN, "amount": "1", "reference": fresh},
    }
    return bodies.get(route.name)


def ask(cloud: CoreProcess, client: httpx.Client, route: Route, account: int = ANNE) -> httpx.Response:
    order = next(iter(placed.values()), 1)
    path = route.path.replace("{order}", str(order)).replace("{account}", str(account))
    query = {"account": account} if route.name in ("listOrders", "getLimits") else None
    return client.request(route.method, path, json=body_of(cloud, route, account), params=query)


placed: dict[int, int] = {}


@pytest.fixture(scope="module", autouse=True)
def order(cloud: CoreProcess) -> int:
    """An order of Anne's, for the routes that name one."""
    with cloud.client(ANNE) as http:
        placed[ANNE] = http.post("/trade/v1/orders", json=cloud.signed(ANNE, code="1101", price=41 * NT)).json()[
            "order_id"
        ]
    return placed[ANNE]


def right_one(cloud: CoreProcess, route: Route) -> httpx.Client:
    return cloud.operations() if route.who is Who.OPERATIONS else cloud.client(ANNE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_right_one_is_answered(cloud: CoreProcess, route: Route) -> None:
    with right_one(cloud, route) as client:
        answer = ask(cloud, client, route)
    assert answer.status_code == route.status, answer.text
    msgspec.json.decode(answer.content, type=route.response)
    assert answer.headers["x-yunhai-mode"] == "simulated"
    assert answer.json()["mode"] == "simulated"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.who is not Who.ANYBODY], ids=lambda route: route.name
)
def test_nobody_else_is(cloud: CoreProcess, route: Route) -> None:
    """Anonymous 401; another tenant, same role: 404; same tenant, another's account: 404; lower role: 403 or 404."""
    before = cloud.status()["sequence"]
    strangers = [
        (anonymous(cloud), {401}),
        (cloud.client(CARL), {404}),
        (cloud.operations(WEST), {404}),
        (cloud.client(BEN), {404, 403}),
        (cloud.client(person=999), {404, 403}),
    ]
    if route.who is Who.SIGNED_IN:
        strangers = strangers[:1]
    if route.who is Who.OPERATIONS:
        unseen = {404} if route.name == "transfer" else set()  # the other account is not Anne's to see
        strangers += [(cloud.client(ANNE), {403} | unseen), (cloud.operations_without_mfa(), {403})]
    for client, statuses in strangers:
        with client:
            answer = ask(cloud, client, route)
        assert answer.status_code in statuses, (route.name, answer.status_code, answer.text)
        error = answer.json()["error"]
        assert error["code"] in errors_of(route), "every refusal is described"
    after = cloud.status()["sequence"]
    assert after - before <= 2 if route.name == "placeOrder" else after == before


def anonymous(cloud: CoreProcess) -> httpx.Client:
    transport = unix_transport(cloud.places.core_socket)
    return httpx.Client(transport=transport, base_url="http://core", timeout=60)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.request is not None], ids=lambda route: route.name
)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"\xff\xfe", b'{"a":NaN}'])
def test_a_malformed_body_is_422(cloud: CoreProcess, route: Route, content: bytes) -> None:
    with right_one(cloud, route) as client:
        answer = client.request(route.method, route.path, content=content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == 6512


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.request is not None], ids=lambda route: route.name
)
def test_unknown_fields_and_too_large_bodies_are_refused(cloud: CoreProcess, route: Route) -> None:
    body = body_of(cloud, route)
    assert body is not None
    with right_one(cloud, route) as client:
        answer = client.request(route.method, route.path, json=body | {"more": 1})
        assert answer.json()["error"]["code"] == 6512
        answer = client.request(route.method, route.path, content=b" " * 70_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, 6511)


def test_unknown_routes_and_methods_say_so(cloud: CoreProcess) -> None:
    with cloud.client(ANNE) as client:
        for method, path, status, code in (
            ("GET", "/trade/v1/nothing", 404, 6515),
            ("DELETE", "/trade/v1/orders", 405, 6516),
            ("GET", "/facts", 404, 6515),
            ("GET", "/status", 404, 6515),
            ("GET", "/trade/v1/orders/abc", 404, 6513),
            ("GET", "/trade/v1/orders/99999999999999999999999", 404, 6513),
            ("GET", "/trade/v1/orders?account=x", 422, 6517),
            ("GET", "/trade/v1/orders?account=70&account=71", 422, 6517),
            ("GET", "/trade/v1/orders?account=70&more=1", 422, 6517),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), path


def test_rate_headers_say_scope_and_rest(cloud: CoreProcess) -> None:
    began = time.monotonic()
    with cloud.client(ANNE) as client:
        first = client.get(f"/trade/v1/accounts/{ANNE}").headers
        second = client.get(f"/trade/v1/accounts/{ANNE}").headers
    assert first["ratelimit-scope"] == "person:reads"
    assert int(first["ratelimit-limit"]) == 300
    refilled = (time.monotonic() - began) * READS.per_second
    assert int(second["ratelimit-remaining"]) <= int(first["ratelimit-remaining"]) + refilled
    assert int(second["ratelimit-reset"]) >= 1


def test_a_withdrawal_is_the_investors_own_right(cloud: CoreProcess) -> None:
    def body(reference: str, kind: str = "withdrawal") -> dict[str, str | int]:
        return {"account": ANNE, "amount": "100.5", "kind": kind, "reference": reference}

    with cloud.client(ANNE) as anne, cloud.client(ANNE, mfa=False) as weak, cloud.client(CLERK) as clerk:
        before = anne.get(f"/trade/v1/accounts/{ANNE}").json()["buying_power"]
        assert anne.post("/trade/v1/cash", json=body("w1")).status_code == 200
        assert anne.post("/trade/v1/cash", json=body("w1")).status_code == 200
        after = anne.get(f"/trade/v1/accounts/{ANNE}").json()["buying_power"]
        assert float(before) - float(after) == 100.5
        for client, name in ((weak, "w2"), (clerk, "w3")):
            assert client.post("/trade/v1/cash", json=body(name)).status_code == 403
        assert anne.post("/trade/v1/cash", json=body("d1", "deposit")).status_code == 403
        assert anne.post("/trade/v1/cash", json=body("w4") | {"amount": "1e3"}).status_code == 422


def test_a_preview_says_every_check_and_changes_nothing(cloud: CoreProcess) -> None:
    before = cloud.status()["sequence"]
    with cloud.client(ANNE) as client:
        wish = msgspec.to_builtins(cloud.instruction(ANNE, price=500 * NT, quantity=7))
        said = client.post("/trade/v1/preview", json=wish).json()
    verdicts = {check["check"]: check["verdict"] for check in said["checks"]}
    assert verdicts["price"] == verdicts["quantity"] == "refused"
    assert verdicts["signature"] == "skipped"
    assert said["error"]["code"] == 6131
    assert cloud.status()["sequence"] == before


def test_the_catalogue_is_open_to_anybody(cloud: CoreProcess) -> None:
    with anonymous(cloud) as client:
        rows = client.get("/trade/v1/rejects").json()["rejects"]
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 200
        assert b"yunhai_core_accepted_total" in client.get("/metrics").content
    assert [row["code"] for row in rows][:2] == [6190, 6100]


def test_the_inner_socket_is_its_owners_alone(cloud: CoreProcess) -> None:
    assert cloud.places.inner_socket.stat().st_mode & 0o777 == 0o600
    served = {route.path for route in INNER}
    assert {"/facts", "/day/open", "/day/close", "/day/settle", "/clock", "/halts", "/status", "/pool"} <= served


def test_openapi_describes_what_is_served() -> None:
    paths = openapi_paths()
    described = {(method.upper(), path) for path, item in paths.items() for method in item}
    assert described == {(route.method, route.path) for route in ROUTES} | {("GET", "/trade/v1/ws")}
    components = openapi_components()
    text = msgspec.json.encode(paths).decode() + msgspec.json.encode(components).decode()
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in components, name
    for route in ROUTES:
        said = paths[route.path][route.method.lower()]
        assert str(route.status) in said["responses"]
        if route.request is not None:
            assert "example" in said["requestBody"]["content"]["application/json"]
            msgspec.convert(said["requestBody"]["content"]["application/json"]["example"], route.request)


def test_an_api_client_does_what_its_role_may_and_not_what_its_person_may(cloud: CoreProcess) -> None:
    body = {"account": ANNE, "amount": "1", "kind": "deposit", "reference": "by-a-client"}
    narrow = cloud.client(person=OPERATIONS[EAST], role="sales", session="client-0123")
    assert narrow.post("/trade/v1/cash", json=body).json()["error"]["code"] == 6513, "it has no such grant at all"
    own = cloud.client(person=OPERATIONS[EAST], role="operations", session="client-0123")
    assert own.post("/trade/v1/cash", json=body).status_code == 200


def test_an_investors_reference_takes_nobody_elses(cloud: CoreProcess) -> None:
    def out(account: int, amount: str, client: Any) -> Any:
        body = {"account": account, "amount": amount, "kind": "withdrawal", "reference": "W1"}
        return client.post("/trade/v1/cash", json=body)

    first = out(ANNE, "10", cloud.client(ANNE))
    assert first.status_code == 200
    assert out(ANNE, "10", cloud.client(ANNE)).json()["sequence"] == first.json()["sequence"], "once only"
    assert out(ANNE, "11", cloud.client(ANNE)).json()["error"]["code"] == 6405
    nameless = {"account": ANNE, "amount": "1", "kind": "withdrawal", "reference": ""}
    assert cloud.client(ANNE).post("/trade/v1/cash", json=nameless).json()["error"]["code"] == 6512
    for another in (out(BEN, "10", cloud.client(BEN)), out(BEN, "12", cloud.operations())):
        assert (another.status_code, another.json()["reference"]) == (200, "W1")


def test_a_clerk_sees_a_client_only_after_saying_why(cloud: CoreProcess) -> None:
    held = cloud.client(BEN).post("/trade/v1/orders", json=cloud.signed(BEN, price=95 * NT)).json()
    wish = msgspec.to_builtins(cloud.instruction(BEN))
    clerk = cloud.client(CLERK, role="sales")

    def looks() -> list[int]:
        answers = [
            clerk.get(f"/trade/v1/accounts/{BEN}"),
            clerk.get(f"/trade/v1/orders?account={BEN}"),
            clerk.get(f"/trade/v1/orders/{held['order_id']}"),
            clerk.get(f"/trade/v1/limits?account={BEN}"),
            clerk.post("/trade/v1/preview", json=wish),
        ]
        return [0 if answer.status_code == 200 else answer.json()["error"]["code"] for answer in answers]

    assert looks() == [6518] * 5
    soon = int(time.time() * 1_000) + 60_000
    cloud.post("/facts", [row(7_001, EAST, Lookup(by=CLERK, account=BEN, reason="phone_order", until=soon))])
    assert looks() == [0] * 5
    cloud.post("/facts", [row(7_002, EAST, Lookup(by=CLERK, account=CARL, reason="service", until=soon))])
    assert clerk.get(f"/trade/v1/accounts/{CARL}").json()["error"]["code"] == 6513, "of another broker"


def test_an_api_client_orders_as_its_role_may(cloud: CoreProcess) -> None:
    told = {"instruction_kind": "phone", "instruction_id": "R1", "instruction_at": time.time_ns() // 1_000_000 - 60_000}
    for role, code in (("investor", 6115), ("sales", 0)):
        client = cloud.client(CLERK, role=role, session="client-0123")
        body = cloud.signed(BEN, person=CLERK, channel="desk", price=95 * NT, **told)
        answer = client.post("/trade/v1/orders", json=body)
        assert (0 if answer.status_code == 201 else answer.json()["error"]["code"]) == code


def test_the_public_socket_is_its_owners_unless_said_otherwise(cloud: CoreProcess, tmp_path: Path) -> None:
    assert cloud.places.core_socket.stat().st_mode & 0o777 == 0o600
    for said, mode in (("600", 0o600), ("660", 0o660)):
        listener = listen(None, tmp_path / "some.sock", said)
        assert (tmp_path / "some.sock").stat().st_mode & 0o777 == mode
        listener.close()
