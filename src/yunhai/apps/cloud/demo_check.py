"""The demo tried as a visitor would: sign in by a link, look, register a key, buy, change, cancel, read what happened.

Only the public door is used, with a browser's cookies, plus `yunhai books check` at the end. Each step says what it saw;
the first that does not hold ends the check (7661).
"""

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx
import msgspec

from yunhai.apps.cloud import demo_errors
from yunhai.apps.cloud.demo_people import BROKERS, INVESTOR
from yunhai.apps.cloud.demo_setup import Link
from yunhai.apps.cloud.places import HOME_VARIABLE, Places
from yunhai.client import Ack, Client, Draft, FixedToken, Refused, Signer, Stream
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.http.structs import Market, SecuritySaid

CODE: Final = "2891"
"""What the check buys: cheap and liquid."""
LOT: Final = 1_000
ODD: Final = 7
OPEN_S: Final = 60.0
FILL_S: Final = 60.0
ODD_S: Final = 150.0
TICK: Final = Decimal("0.1")
"""Of a price between 50 and 100."""
BOOKS_S: Final = 30.0
POLL_S: Final = 0.3
CONTINUOUS: Final = "continuous"
Found = TypeVar("Found")


@dataclass(slots=True)
class Check:
    """One run against `origin`."""

    origin: str
    places: Places
    links: tuple[Link, ...]
    say: Callable[[str, str], None]
    seen: dict[str, Any] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """What was seen. YunhaiError 7661 at the first step that does not hold."""
        with httpx.Client(base_url=self.origin, follow_redirects=True, timeout=20, trust_env=False) as browser:
            me = self._step("sign in 登入", lambda: self._sign_in(browser))
            signer = self._step("register a key 登記金鑰", lambda: self._register(browser))
            token = self._token(browser, BROKERS[0].tenant)
            account = next(iter(sorted(me["accounts"])))
            with Client(self.origin, FixedToken(token)) as client:
                market = self._step("market open 市場開盤", lambda: self._market(client))
                draft = Draft(
                    tenant=BROKERS[0].tenant, account=account, date=market.date, key=signer.key, channel="web"
                )
                security = next(one for one in market.securities if one.code == CODE)
                self._step(
                    "buy 1 lot and 7 shares 買一張與七股", lambda: self._buy(client, signer, draft, token, security)
                )
                self._step(
                    "cut, re-price, cancel 減量、改價、取消", lambda: self._change(client, signer, draft, security)
                )
                self._step("odd lot filled 零股成交", lambda: self._odd(client))
                self._step("holdings 庫存", lambda: self._holdings(client, account))
            self._step("timeline 歷程", lambda: self._timeline(browser))
        self._step("rooms 各室", self._rooms)
        self._step("books check 帳務勾稽", self._books)
        return self.seen

    def _step(self, name: str, what: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            found = what()
        except (Refused, YunhaiError, httpx.HTTPError, KeyError, StopIteration) as problem:
            if isinstance(problem, YunhaiError) and problem.code == demo_errors.CHECK_FAILED:
                raise
            reason = f"{type(problem).__name__}: {problem}"
            raise YunhaiError(demo_errors.CHECK_FAILED, step=name, reason=reason, reason_zh=reason) from problem
        self.say("check", f"✓ {name} ({time.monotonic() - began:.1f} s)")
        return found

    # --- as a browser ---------------------------------------------------------------------------------------------------

    def _sign_in(self, browser: httpx.Client) -> dict[str, Any]:
        link = next(one for one in self.links if one.person == INVESTOR.key)
        page = browser.get(link.path)
        _require("sign in", page.status_code == httpx.codes.OK, f"HTTP {page.status_code} at {page.url.path}")
        _require("sign in", page.url.path == INVESTOR.opens, f"led to {page.url.path}")
        again = httpx.get(self.origin + link.path, trust_env=False)
        _require("sign in", again.status_code >= httpx.codes.BAD_REQUEST, "the link opened a second time")
        me = _json(browser.get("/api/v1/me"))
        self.seen["person"] = me["person"]
        return me

    def _register(self, browser: httpx.Client) -> Signer:
        """As the browser's own script does with WebCrypto."""
        signer = Signer.generate()
        challenge = _json(browser.post("/api/v1/keys/challenge", headers=_csrf(browser)))["challenge"]
        body = {
            "public": base64.urlsafe_b64encode(signer.public).decode().rstrip("="),
            "challenge": challenge,
            "proof": signer.prove(challenge),
            "kind": "device",
            "name": "demo check",
        }
        answer = _json(browser.post("/api/v1/keys", json=body, headers=_csrf(browser)))
        return signer.numbered(answer["key"])

    def _token(self, browser: httpx.Client, tenant: int) -> str:
        answer = browser.post("/api/v1/token", json={"tenant": tenant, "role": "investor"}, headers=_csrf(browser))
        return str(_json(answer)["token"])

    # --- as a trader ----------------------------------------------------------------------------------------------------

    def _market(self, client: Client) -> Market:
        """Wait until trading is continuous: the day begins ten seconds before."""
        return _until("market open", OPEN_S, client.market, lambda market: market.phases.get("board") == CONTINUOUS)

    def _buy(self, client: Client, signer: Signer, draft: Draft, token: str, security: SecuritySaid) -> None:
        """Two ticks above the best price asked: far enough to trade, too near to interrupt trading 瞬間價格穩定措施."""
        asked = asyncio.run(self._asked(token))
        price = f"{min(asked + 2 * TICK, Decimal(security.limit_up)):.2f}"
        board = draft.buy(CODE, price=price, quantity=LOT)
        preview = client.preview(board)
        _require("buy", preview.error is None, f"preview refuses: {preview.error}")
        ack = client.place(signer.sign(board))
        odd = client.place(signer.sign(draft.buy(CODE, price=price, quantity=ODD, segment="odd_lot")))
        filled = _until("buy", FILL_S, lambda: client.order(ack.order_id), lambda one: one.filled == LOT)
        self.seen |= {"order": ack.order_id, "order_number": ack.order_number, "price": filled.average_price}
        self.seen["odd_order"] = odd.order_id

    def _odd(self, client: Client) -> None:
        """Odd lots are matched every five seconds, from 09:10 on; the demo's clock goes there by itself."""
        order = self.seen["odd_order"]
        _until("odd lot", ODD_S, lambda: client.order(order), lambda one: one.filled == ODD)

    async def _asked(self, token: str) -> Decimal:
        """The best price asked on the board, once there is one."""
        async with Stream(self.origin, FixedToken(token)) as stream:
            await stream.subscribe("quotes", codes=[CODE], segments=["board"])
            while True:
                message = await stream.next(timeout_s=OPEN_S)
                for quote in message.body["data"]["quotes"]:
                    if quote["asks"]:
                        return Decimal(quote["asks"][0][0])

    def _change(self, client: Client, signer: Signer, draft: Draft, security: SecuritySaid) -> None:
        """An order far below the market: five lots, three after the cut, one tick dearer, then gone."""

        def send(instruction: Any) -> Ack:
            return client.place(signer.sign(instruction))

        order = send(draft.buy(CODE, price=security.limit_down, quantity=5 * LOT)).order_id
        send(draft.cut(order, quantity=2 * LOT))
        _until("change", FILL_S, lambda: client.order(order), lambda one: one.leaves == 3 * LOT)
        dearer = f"{Decimal(security.limit_down) + TICK:.2f}"
        send(draft.reprice(order, price=dearer))
        _until("change", FILL_S, lambda: client.order(order), lambda one: Decimal(one.price) == Decimal(dearer))
        send(draft.cancel(order))
        gone = _until("change", FILL_S, lambda: client.order(order), lambda one: one.leaves == 0)
        _require("change", gone.filled == 0, "it traded")
        self.seen["changed_order"] = order

    def _holdings(self, client: Client, account: int) -> None:
        held = {one.code: one for one in client.account(account).positions}
        shares = held[CODE].free + held[CODE].reserved
        _require("holdings", shares == LOT + ODD, f"{shares} shares of {CODE}")
        self.seen["shares"] = shares

    def _timeline(self, browser: httpx.Client) -> None:
        order = self.seen["order"]

        def ask() -> str:
            answer = browser.get(f"/api/v1/timeline/order:{order}")
            return answer.text if answer.status_code == httpx.codes.OK else ""

        text = _until("timeline", BOOKS_S, ask, lambda found: self.seen["order_number"] in found)
        self.seen["timeline_entries"] = len(msgspec.json.decode(text).get("entries", ()))

    def _rooms(self) -> None:
        """Everybody else's link opens their own room."""
        for link in self.links:
            if link.person == INVESTOR.key:
                continue
            with httpx.Client(base_url=self.origin, follow_redirects=True, timeout=20, trust_env=False) as browser:
                page = browser.get(link.path)
                ok = page.status_code == httpx.codes.OK and not page.url.path.startswith("/demo")
                _require("rooms", ok, f"{link.person}: HTTP {page.status_code} at {page.url.path}")

    def _books(self) -> None:
        """The market goes on meanwhile: the check reads one consistent state."""
        done = subprocess.run(
            [sys.executable, "-m", "yunhai.apps.cli", "books", "check"],
            env=os.environ | {HOME_VARIABLE: str(self.places.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = (done.stdout + done.stderr).strip().splitlines()
        _require("books check", done.returncode == 0, " | ".join(said[-4:]))


def _csrf(browser: httpx.Client) -> dict[str, str]:
    """The header that a page's script sends, and the origin a browser would."""
    token = browser.cookies.get("yunhai_csrf") or ""
    return {"X-CSRFToken": token, "Origin": str(browser.base_url).rstrip("/")}


def _json(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of a good answer. YunhaiError 7661."""
    good = answer.status_code < httpx.codes.BAD_REQUEST
    _require(answer.request.url.path, good, f"HTTP {answer.status_code}: {answer.text[:200]}")
    value: dict[str, Any] = answer.json()
    return value


def _until(step: str, seconds: float, ask: Callable[[], Found], holds: Callable[[Found], bool]) -> Found:
    """Ask until it holds. YunhaiError 7661 after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found = ask()
        if holds(found):
            return found
        _require(step, time.monotonic() < until, f"not within {seconds:g} s: {found}")
        time.sleep(POLL_S)


def _require(step: str, right: bool, reason: str) -> None:
    if not right:
        raise YunhaiError(demo_errors.CHECK_FAILED, step=step, reason=reason, reason_zh=reason)
