"""The acceptance of central authentication against a running cloud: `python -m tests.scenarios.trust_cloud ORIGIN PLAN`.

An investor who is registered at broker A signs at broker B, by a key of their device, through the public addresses alone: the
pages' API for consents and revocation, the core's for orders. Prints one JSON object: each answer's code, and how long after
the answer to a withdrawal or a revocation the gate still took an order.
"""

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import httpx

from yunhai.client.drafts import Draft
from yunhai.kernel.money import price_text
from yunhai.trading import signatures
from yunhai.trading.instructions import canonical

PATIENCE_S: Final = 60.0
CODE: Final = "2330"


class Session:
    """A signed-in browser without a browser: cookies and the CSRF token."""

    def __init__(self, origin: str, link: str) -> None:
        self.http = httpx.Client(base_url=origin, follow_redirects=True, timeout=60)
        self.http.get(link).raise_for_status()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A route of /api/v1. httpx.HTTPStatusError with the refusal."""
        headers = {"X-CSRFToken": self.http.cookies.get("yunhai_csrf") or "", "Referer": str(self.http.base_url)}
        answer = self.http.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.is_error:
            raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
        return answer.json() if answer.content else None

    def refusal(self, method: str, path: str, body: Any = None) -> int:
        """The code of a refusal; 0 if it is none."""
        try:
            self.call(method, path, body)
        except httpx.HTTPStatusError as refused:
            return int(refused.response.json()["error"]["code"])
        return 0


class Investor:
    """A device with a key of its own, and orders signed by it at one broker."""

    def __init__(self, session: Session, origin: str, plan: dict[str, Any]) -> None:
        self.session, self.origin, self.plan = session, origin, plan
        self.taken: list[int] = []
        session.call("GET", "/me")
        self.private = signatures.new_key()
        asked = session.call("POST", "/keys/challenge", {})["challenge"]
        proof = signatures.raw_of(self.private.sign(asked.encode(), _ecdsa()))
        body = {"public": _b64(signatures.point_of(self.private)), "challenge": asked, "proof": _b64(proof)}
        self.key = int(session.call("POST", "/keys", body | {"kind": "device", "name": "acceptance"})["key"])
        reference = next(one["reference"] for one in plan["listed"] if one["code"] == CODE)
        self.price = price_text(_below(reference))
        self.trade = httpx.Client(base_url=origin, timeout=60)

    def at(self, tenant: int) -> tuple[str, int]:
        """(token, account) at a broker."""
        token = self.session.call("POST", "/token", {"tenant": tenant, "role": "investor"})["token"]
        held = self.session.http.get("/api/v1/accounts", headers={"Authorization": f"Bearer {token}"}).json()
        return token, int(held[0]["account"])

    def order(self, token: str, tenant: int, account: int) -> int:
        """Place a buy far below the market: 0, or the refusal's code."""
        draft = Draft(tenant=tenant, account=account, date=self.plan["date"], key=self.key, channel="web")
        instruction = draft.new("buy", CODE, price=self.price, quantity=1, segment="odd_lot")
        signature = signatures.sign(self.private, canonical(instruction))
        body = {
            "instruction": {name: getattr(instruction, name) for name in instruction.__struct_fields__},
            "signature": _b64(signature),
        }
        answer = self.trade.post("/trade/v1/orders", json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 201:
            self.taken.append(int(answer.json()["order_id"]))
            return 0
        return int(answer.json()["error"]["code"])

    def until(self, wanted: int, *place: Any) -> tuple[float, int]:
        """(seconds until an order is first answered so, orders taken before that)."""
        began, others = time.monotonic(), 0
        while True:
            code = self.order(*place)
            if code == wanted:
                return time.monotonic() - began, others
            others += not code
            if time.monotonic() - began > PATIENCE_S:
                raise AssertionError(f"{code} after {PATIENCE_S} s, not {wanted}")
            time.sleep(0.02)


def _below(reference: int) -> int:
    """A price within the day's limits, on the tick of every price above NT$1,000 and of those below."""
    step = 50_000 if reference >= 10_000_000 else 10_000 if reference >= 5_000_000 else 5_000
    return int(reference * 0.95) // step * step


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def run(origin: str, plan: dict[str, Any], *, link: str, first: int, second: int) -> dict[str, Any]:
    """The whole story; every figure of it."""
    session = Session(origin, link)
    began = time.monotonic()
    investor = Investor(session, origin, plan)
    (held,) = [one for one in session.call("GET", "/trust/devices") if one["key"] == investor.key]
    told: dict[str, Any] = {"certificate": held["certificate"]["state"], "device_s": round(time.monotonic() - began, 3)}
    here = (*_swap(investor.at(first), first),)
    there = (*_swap(investor.at(second), second),)
    seconds, _ = investor.until(0, *here)
    told["at_first"], told["first_order_s"] = 0, round(seconds, 3)
    told["registrations"] = session.call("GET", "/trust")["brokers"]
    told["without_consent"] = investor.order(*there)
    session.call("PUT", f"/trust/consents/{second}")
    told["consent_to_accepted_s"] = round(investor.until(0, *there)[0], 3)
    told["with_consent"] = 0
    session.call("DELETE", f"/trust/consents/{second}")
    told["withdrawal_to_refusal_s"], told["taken_after_withdrawal"] = _figure(investor.until(6176, *there))
    told["after_withdrawal"] = investor.order(*there)
    session.call("PUT", f"/trust/consents/{second}")
    investor.until(0, *there)
    session.call("POST", f"/trust/certificates/{held['certificate']['certificate']}/revoke", {"reason": "superseded"})
    told["revocation_to_refusal_s"], told["taken_after_revocation"] = _figure(investor.until(6173, *there))
    path = f"/trust/certificates/{held['certificate']['certificate']}/told"
    told["core_told"] = session.call("GET", path)["core"]
    told["after_revocation"] = [investor.order(*there), investor.order(*here)]
    told["registrations_after"] = session.call("GET", "/trust")["brokers"]
    told["another_certificate"] = session.refusal("POST", "/trust/certificates", {"key": investor.key})
    session.call("DELETE", f"/keys/{investor.key}")
    told["orders"] = investor.taken
    return told


def _swap(found: tuple[str, int], tenant: int) -> tuple[str, int, int]:
    token, account = found
    return token, tenant, account


def _figure(found: tuple[float, int]) -> tuple[float, int]:
    return round(found[0], 3), found[1]


def main(origin: str, plan: Path) -> None:
    said = json.loads(plan.read_text())
    link = said["links"]["investor"][said.get("used", {}).get("investor", 0)]
    print(json.dumps(run(origin, said, link=link, first=11, second=12)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
