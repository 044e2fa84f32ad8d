"""From a request to its caller: the session's cookie or an `Authorization: Bearer` token, never both."""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.errors import TOKEN_REFUSED
from yunhai.platform.identity.caller import DEMO_KEY, NOBODY, TENANT_KEY, Caller, caller_at, session_id
from yunhai.platform.identity.client_certificates import came, require_tenant
from yunhai.platform.identity.models import EndedSession, Person
from yunhai.platform.tenancy import rls
from yunhai.trading.tokens import Claims, Verifier
from yunhai.trading.trust.mutual import require_bound

OTHER_TOKENS: Final = ("/csc/",)
"""Below these paths a bearer token is not ours of a few minutes, but OAuth's, which whoever answers there looks at."""


def resolve(request: HttpRequest) -> Caller:
    """Who asks. TOKEN_REFUSED for a bearer token that is not good; a bad session is simply nobody. 6831-6835 where a client
    certificate, or the token that came with it, is refused.

    Runs inside the request's transaction and leaves `app.person` told.
    """
    certificate = came(request)
    header = request.headers.get("Authorization", "")
    if header[:7].lower() == "bearer " and not request.path.startswith(OTHER_TOKENS):
        return _by_token(header[7:].strip())
    person = request.user
    if not isinstance(person, Person) or not person.is_active:
        return NOBODY
    rls.tell(tenant=None, person=person.pk)
    demo = bool(request.session.get(DEMO_KEY)) and settings.YUNHAI_DEMO
    wanted = request.session.get(TENANT_KEY)
    caller = caller_at(
        person,
        wanted,
        mfa=demo or gave_second_factor(request, person),
        demo=demo,
        session=session_id(request.session.session_key or ""),
    )
    require_tenant(certificate, caller.tenant_id)
    if caller.tenant_id != (wanted or 0):  # the session says where it is at work: its broker's list goes by that
        request.session[TENANT_KEY] = caller.tenant_id
    return caller


def gave_second_factor(request: HttpRequest, person: Person) -> bool:
    """Whether this session was opened, or later raised, with a second factor or a passkey."""
    records: list[dict[str, Any]] = get_authentication_records(request, person)
    return any(record.get("method") == "mfa" and record.get("type") != "recovery_codes" for record in records)


@lru_cache(maxsize=4)
def _verifier(path: Path, _changed_ns: int) -> Verifier:
    return Verifier(path.read_bytes())


def verified(token: str) -> Claims:
    """A token's claims. TOKEN_REFUSED, and why in the log only."""
    path: Path = settings.YUNHAI_TOKEN_PUBLIC
    try:
        return _verifier(path, path.stat().st_mtime_ns).claims(token, now_s=time.time())
    except (YunhaiError, OSError):
        raise YunhaiError(TOKEN_REFUSED) from None


def _by_token(token: str) -> Caller:
    claims = verified(token)
    require_bound(claims)
    rls.tell(tenant=None, person=claims.person)
    person = Person.objects.filter(pk=claims.person, is_active=True).first()
    dead = person is None or claims.issued * 1_000 < person.revoked_before
    if dead or EndedSession.objects.filter(sid=claims.session).exists():
        raise YunhaiError(TOKEN_REFUSED)
    assert person is not None
    return caller_at(person, claims.tenant, mfa=claims.mfa, session=claims.session, bearer=True, only_role=claims.role)
