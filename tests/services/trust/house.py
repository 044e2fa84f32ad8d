"""Two brokers, their desks, an investor with an account at both, a second investor, an operator; a device key for each."""

import base64
import hashlib
import json
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from tests.platform import factories
from tests.platform.factories import BROKER, EXCHANGE, OTHER_BROKER
from tests.services.trust.fake_process import FakeProcess
from yunhai.platform.identity import api as identity
from yunhai.platform.identity.models import Person, SigningKey
from yunhai.platform.tenancy import api as tenancy
from yunhai.platform.tenancy import rls
from yunhai.services.accounts import api as accounts
from yunhai.trading import signatures

SECRET = "JBSWY3DPEHPK3PXP"
DOCUMENTS = [{"kind": "id_card", "reference": "RA-2026-1", "checked_on": "2026-01-05"}]


class House:
    """See the module. `totp` moves a step on at each code, so that none is used twice by accident."""

    def __init__(self, fake: FakeProcess) -> None:
        self.fake = fake
        factories.tenant(EXCHANGE)
        for number in (BROKER, OTHER_BROKER):
            factories.tenant(number)
            tenancy.set_branch(number, "B001", name_zh="總公司")
        self.investor, self.neighbour = factories.person(), factories.person()
        self.accounts = {
            number: self._open(number, self.investor, at) for at, number in enumerate((BROKER, OTHER_BROKER), 1)
        }
        self._open(BROKER, self.neighbour, 3)
        self.clerk = factories.place("sales", BROKER)
        self.officer = factories.place("operations", BROKER)
        self.other_officer = factories.place("operations", OTHER_BROKER)
        self.other_clerk = factories.place("sales", OTHER_BROKER)
        self.operator = factories.place("operator", EXCHANGE)
        for person in (self.investor, self.neighbour):
            TOTP.activate(person, SECRET)
        self.signer = signatures.key_from_seed(b"investor")
        self.key = self.register_key(self.investor, self.signer)

    def _open(self, tenant: int, person: Person, number: int) -> int:
        with rls.acting(tenant=tenant):
            opened = accounts.open_account(tenant=tenant, branch="B001", number=f"{number:07}", person=person)
        return opened.account

    def register_key(self, person: Person, signer: Any, *, kind: str = "device") -> SigningKey:
        with rls.acting(person=person.pk):
            return identity.add_key(person, signatures.point_of(signer), kind=kind, name="手機")

    def browser(self, person: Person, number: int | None = None, **more: Any) -> Client:
        return factories.browser(person, number=number, **more)

    def call(
        self, person: Person, method: str, path: str, body: Any = None, *, number: int | None = None, mfa: bool = True
    ) -> tuple[int, Any]:
        """A route of /api/v1/trust; (status, JSON)."""
        client = self.browser(person, number, mfa=mfa)
        data = json.dumps(body) if body is not None else ""
        answer = client.generic(method, f"/api/v1/trust{path}", data=data, content_type="application/json")
        content = answer.content
        return answer.status_code, json.loads(content) if content and "json" in answer["Content-Type"] else content

    def apply(self, person: Person | None = None, *, kind: str = "investor", by: Person | None = None) -> int:
        """An application at the first broker's desk; its number."""
        who = person or self.investor
        body = {"person": who.pk, "documents": DOCUMENTS, "kind": kind}
        status, said = self.call(by or self.clerk, "POST", "/registrations", body, number=BROKER)
        assert status == 201, said
        return int(said["registration"])

    def register(self, person: Person | None = None, **how: Any) -> int:
        """Applied for and approved by another."""
        number = self.apply(person, **how)
        status, said = self.call(
            self.officer, "POST", f"/registrations/{number}/decide", {"approve": True}, number=BROKER
        )
        assert status == 200, said
        return number

    def certificate(self, person: Person | None = None, key: int = 0) -> Any:
        """The newest certificate of a person's key, as the API shows it."""
        _, said = self.call(person or self.investor, "GET", "/certificates")
        return next(one for one in said if not key or one["key"] == key)

    def credential(self, kind: str = "order", person: Person | None = None) -> Any:
        status, said = self.call(person or self.investor, "POST", "/credentials", {"kind": kind})
        assert status == 201, said
        return said

    def code(self, person: Person | None = None) -> str:
        """The authenticator's code now."""
        assert Authenticator.objects.filter(user=person or self.investor).exists()
        return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def forget_tries() -> None:
    cache.clear()


def code_of(said: Any) -> int:
    return int(said["error"]["code"])
