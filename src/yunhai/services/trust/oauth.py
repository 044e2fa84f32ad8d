"""OAuth 2 for programs that ask for signatures: authorization code with PKCE, nothing else (RFC 6749, 7636, CSC API §8.4).

Scope `service` gives an access token to ask in a person's name; scope `credential` is one authorisation of certain hashes,
whose token is the activation itself. A code lives a minute and serves once; codes and tokens are kept as hashes.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from django.db import connection, transaction
from django.utils import timezone

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import OAUTH_CODE_SECONDS_MAX, OAUTH_TOKEN_SECONDS_MAX, REDIRECT_CHARACTERS_MAX
from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy import rls
from yunhai.services.trust import rules, signing
from yunhai.services.trust.errors import (
    ACCESS_WRONG,
    CLIENT_UNKNOWN,
    CODE_WRONG,
    PKCE_MISSING,
    PKCE_WRONG,
    REDIRECT_UNFIT,
    REDIRECT_WRONG,
    SCOPE_WRONG,
)
from yunhai.services.trust.models import Authorisation, Client, Credential, Grant

SCOPES: Final = ("service", "credential")
VERIFIER_CHARACTERS: Final = (43, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a code is exchanged for. `kind` Bearer, or SAD of scope credential."""

    token: str
    kind: str
    seconds: int
    scope: str
    credential: str


# --- clients -----------------------------------------------------------------------------------------------------------


def add_client(name: str, redirects: Iterable[str], *, confidential: bool, by: int) -> tuple[Client, str]:
    """Register a program, by the operator; its secret, shown this once, "" of a public client. REDIRECT_UNFIT."""
    wanted = list(redirects)
    if not wanted or not all(_fit(one) for one in wanted):
        raise YunhaiError(REDIRECT_UNFIT, limit=REDIRECT_CHARACTERS_MAX)
    secret = secrets.token_urlsafe(32) if confidential else ""
    client = Client.objects.create(
        name=name[:60],
        client=f"yh-{secrets.token_hex(10)}",
        secret_hash=bytes.fromhex(rules.sha256_hex(secret)) if secret else None,
        redirects=wanted,
        made_by=by,
    )
    return client, secret


def _fit(address: str) -> bool:
    """https, or http to this very machine; no fragment (RFC 6749 §3.1.2, RFC 8252 §7.3)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    secure = bool(parts.netloc) and (parts.scheme == "https" or local)
    return len(address) <= REDIRECT_CHARACTERS_MAX and secure and not parts.fragment


def client_of(client: str, secret: str | None = None) -> Client:
    """A registered program; where a secret is given or kept, the right one. CLIENT_UNKNOWN."""
    found = Client.objects.filter(client=client[:32], enabled=True).first()
    if found is None:
        raise YunhaiError(CLIENT_UNKNOWN)
    if secret is None:
        return found
    kept = bytes(found.secret_hash).hex() if found.secret_hash is not None else ""
    given = rules.sha256_hex(secret) if secret else ""
    if not secrets.compare_digest(kept, given):
        raise YunhaiError(CLIENT_UNKNOWN)
    return found


def require_redirect(client: Client, redirect: str) -> str:
    """The address, if it is registered, letter by letter. REDIRECT_WRONG."""
    if redirect not in client.redirects:
        raise YunhaiError(REDIRECT_WRONG)
    return redirect


# --- codes and tokens --------------------------------------------------------------------------------------------------


def grant_code(
    client: Client,
    person: Person,
    *,
    scope: str,
    redirect: str,
    challenge: str,
    method: str,
    credential: Credential | None = None,
    hashes: Iterable[bytes] = (),
    authorisation: Authorisation | None = None,
) -> str:
    """A code for what the person has just let the client do. SCOPE_WRONG, PKCE_MISSING."""
    if scope not in SCOPES:
        raise YunhaiError(SCOPE_WRONG)
    require_challenge(challenge, method)
    code = secrets.token_urlsafe(32)
    Grant.objects.create(
        client=client,
        person=person,
        scope=scope,
        credential=credential,
        hashes=[one.hex() for one in hashes],
        authorisation=authorisation,
        redirect=redirect,
        challenge=challenge,
        code_hash=rules.sha256_hex(code),
        code_until=timezone.now() + timedelta(seconds=OAUTH_CODE_SECONDS_MAX),
    )
    return code


def require_challenge(challenge: str, method: str) -> None:
    """PKCE_MISSING unless it is one of S256."""
    if method != "S256" or len(challenge) != 43 or rules.from_base64(challenge) is None:
        raise YunhaiError(PKCE_MISSING)


def exchange(code: str, *, client: Client, redirect: str, verifier: str) -> Token:
    """The token of a code, once. CODE_WRONG, REDIRECT_WRONG, PKCE_WRONG. A code that comes a second time revokes what it
    gave (RFC 6749 §4.1.2)."""
    row = _found(rules.sha256_hex(code))
    if row is None or row.client_id != client.pk or row.code_until < timezone.now():
        raise YunhaiError(CODE_WRONG)
    if row.code_used_at is not None:
        raise _SecondUseError(row)
    if row.redirect != redirect:
        raise YunhaiError(REDIRECT_WRONG)
    least, most = VERIFIER_CHARACTERS
    if not least <= len(verifier) <= most or not secrets.compare_digest(rules.challenge_of(verifier), row.challenge):
        raise YunhaiError(PKCE_WRONG)
    token, seconds = secrets.token_urlsafe(32), OAUTH_TOKEN_SECONDS_MAX
    rls.tell(tenant=None, person=row.person_id)
    if row.authorisation is not None:
        token = signing.activation_of(row.authorisation)
        seconds = int((row.authorisation.until - timezone.now()).total_seconds())
        if seconds < 1:
            raise YunhaiError(CODE_WRONG)
    row.code_used_at = timezone.now()
    row.token_hash = rules.sha256_hex(token)
    row.token_until = timezone.now() + timedelta(seconds=seconds)
    row.save()
    return Token(
        token=token,
        kind="Bearer" if row.authorisation is None else "SAD",
        seconds=seconds,
        scope=row.scope,
        credential=row.credential.name if row.credential is not None else "",
    )


class _SecondUseError(YunhaiError):
    """CODE_WRONG, of a code that was used: what it gave is to be revoked, though the request is refused."""

    def __init__(self, grant: Grant) -> None:
        super().__init__(CODE_WRONG)
        self.grant, self.person = grant.pk, grant.person_id


def after_refusal(error: YunhaiError) -> None:
    """What a refused exchange leaves: after the request's own part was undone, and with it what the database was told, so
    that it is told again whose grant it is."""
    if not isinstance(error, _SecondUseError):
        return
    with transaction.atomic(), rls.acting(person=error.person):
        Grant.objects.filter(pk=error.grant, revoked_at__isnull=True).update(revoked_at=timezone.now())


def access(token: str) -> Grant:
    """The living grant of an access token. ACCESS_WRONG."""
    row = _found(rules.sha256_hex(token)) if token else None
    dead = row is None or row.revoked_at is not None or row.token_until is None or row.token_until < timezone.now()
    if row is None or dead or not row.client.enabled or not row.person.is_active:
        raise YunhaiError(ACCESS_WRONG)
    return row


def revoke(token: str, *, client: Client) -> None:
    """End a token of that client; another's or none changes nothing (RFC 7009 §2.2)."""
    row = _found(rules.sha256_hex(token)) if token else None
    if row is not None and row.client_id == client.pk and row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])


def _found(digest: str) -> Grant | None:
    """The grant of a code's or token's hash: the database shows it to whoever names that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.grant', %s, true)", [digest])
    rows = Grant.objects.select_for_update(of=("self",)).select_related("client", "person")
    return rows.filter(code_hash=digest).first() or rows.filter(token_hash=digest).first()


def back(redirect: str, **fields: str) -> str:
    """The client's address with what it is told."""
    joint = "&" if urlsplit(redirect).query else "?"
    return f"{redirect}{joint}{urlencode({name: value for name, value in fields.items() if value})}"
