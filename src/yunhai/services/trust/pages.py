"""The Consortium's routes below /csc/, and the one page of them: a person lets a program sign. `app_name` is `trust`."""

from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.headers import policy
from yunhai.platform.shell.refusals import shown
from yunhai.services.trust import csc, factors, oauth, signing
from yunhai.services.trust.errors import FACTOR_WRONG, FLOW_WRONG, SCOPE_WRONG
from yunhai.services.trust.models import Client, Credential
from yunhai.services.trust.rooms import conformance, console, desk, evidence, interfaces, mine

app_name = "trust"
FIELDS: Final = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "credentialID",
    "numSignatures",
    "hashes",
    "hash",
    "hashAlgorithmOID",
    "description",
)


@page()
def authorize(request: HttpRequest, version: str) -> HttpResponse:
    """`oauth2/authorize`: who asks for what, the person's second factor, and back to the program with a code.

    A program or address that is not registered is told here and to nobody; what else is wrong, to the program."""
    said = {name: str((request.POST or request.GET).get(name, ""))[:4_000] for name in FIELDS}
    client = oauth.client_of(said["client_id"])
    redirect = oauth.require_redirect(client, said["redirect_uri"])
    try:
        wish = _wish(request, said, client)
    except YunhaiError as refused:
        word = "invalid_scope" if refused.code == SCOPE_WRONG else "invalid_request"
        text = refused.text("en")
        return HttpResponseRedirect(oauth.back(redirect, error=word, error_description=text, state=said["state"]))
    if request.method != "POST":
        return _asked(request, said, wish)
    if "refuse" in request.POST:
        return HttpResponseRedirect(oauth.back(redirect, error="access_denied", state=said["state"]))
    try:
        code = _allowed(request, said, wish, redirect)
    except YunhaiError as refused:
        return _asked(request, said, wish, refused)
    return HttpResponseRedirect(oauth.back(redirect, code=code, state=said["state"]))


def _wish(request: HttpRequest, said: dict[str, str], client: Client) -> dict[str, Any]:
    """What the program asks for, checked."""
    person = caller_of(request).person
    assert person is not None  # the guard has seen to it
    if said["response_type"] != "code":
        raise YunhaiError(FLOW_WRONG)
    scope = said["scope"] or "service"
    if scope not in oauth.SCOPES:
        raise YunhaiError(SCOPE_WRONG)
    oauth.require_challenge(said["code_challenge"], said["code_challenge_method"])
    credential: Credential | None = None
    hashes: list[bytes] = []
    if scope == "credential":
        credential = signing.credential_of(person, said["credentialID"])
        texts = (said["hashes"] or said["hash"]).split(",")
        hashes = csc.hashes_of({"hashes": texts, "hashAlgorithmOID": said["hashAlgorithmOID"]}, "v2")
    return {"client": client, "person": person, "scope": scope, "credential": credential, "hashes": hashes}


def _allowed(request: HttpRequest, said: dict[str, str], wish: dict[str, Any], redirect: str) -> str:
    """The code for what was allowed. A session with a second factor may give scope service; credential wants one now."""
    person, authorisation = wish["person"], None
    code, answer = request.POST.get("code", ""), request.POST.get("answer") or None
    if wish["scope"] == "credential":
        authorisation = signing.authorise(
            request,
            person,
            wish["credential"],
            wish["hashes"],
            code=code,
            answer=answer,
            what=said["description"],
            client=wish["client"],
        )
    elif not caller_of(request).mfa:
        if not code and answer is None:
            raise YunhaiError(FACTOR_WRONG)
        factors.check(request, person, [], code=code, answer=answer)
    return oauth.grant_code(
        wish["client"],
        person,
        scope=wish["scope"],
        redirect=redirect,
        challenge=said["code_challenge"],
        method=said["code_challenge_method"],
        credential=wish["credential"],
        hashes=wish["hashes"],
        authorisation=authorisation,
    )


def _asked(
    request: HttpRequest, said: dict[str, str], wish: dict[str, Any], refused: YunhaiError | None = None
) -> HttpResponse:
    kinds = factors.kinds_of(wish["person"])
    needed = wish["scope"] == "credential" or not caller_of(request).mfa
    passkey = needed and factors.PASSKEY in kinds
    found = {
        "said": said,
        "wish": wish,
        "hashes": [one.hex() for one in wish["hashes"]],
        "refused": shown(refused) if refused is not None else None,
        "code_wanted": needed and factors.TOTP in kinds,
        "challenge": factors.challenge(wish["person"], wish["hashes"]) if passkey else None,
        "nothing": needed and not kinds,
    }
    status = refused.entry.http if refused is not None else 200
    answer = render(request, "trust/authorize.html", found, status=status)
    parts = urlsplit(said["redirect_uri"])
    nonce = getattr(request, "csp_nonce", "")
    whole = policy(nonce, settings.YUNHAI_ORIGIN)
    # the form's answer is a redirect to the program, which the policy counts as the form's action
    answer["Content-Security-Policy"] = whole.replace(
        "form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    return answer


def _routes() -> list[Any]:
    made = []
    for version in csc.SPECS:
        below = f"csc/{version}"
        for route, view in (
            ("info", csc.info),
            ("oauth2/authorize", authorize),
            ("oauth2/token", csc.token),
            ("oauth2/revoke", csc.revoke),
            ("credentials/list", csc.credentials_list),
            ("credentials/info", csc.credentials_info),
            ("credentials/authorize", csc.credentials_authorize),
            ("credentials/getChallenge", csc.credentials_challenge),
            ("signatures/signHash", csc.sign_hash),
        ):
            name = f"{version}-{route.replace('/', '-')}"
            made.append(path(f"{below}/{route}", view, {"version": version}, name=name))
    return made


urlpatterns = [
    *_routes(),
    *(one for room in (mine, desk, interfaces, evidence, console, conformance) for one in room.urlpatterns),
]
