"""The Cloud Signature Consortium's API: version 2 (2.0.0.2) below /csc/v2, and version 1's field names below /csc/v1.

Thin: a request is read, asked of `signing`, and answered in the Consortium's words. A refusal is `{"error",
"error_description"}` as the specification says, with the catalogue's `code` beside. Access tokens are OAuth's (`oauth.py`);
`info` needs none. Every activation is bound to its hashes (SCAL 2).
"""

import json
from base64 import b64encode
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ACTIVATION_HASHES_MAX, ACTIVATION_SECONDS_MAX
from yunhai.platform.tenancy import rls
from yunhai.services.trust import factors, oauth, process, rules, signing
from yunhai.services.trust.errors import (
    ACCESS_WRONG,
    ALGORITHM_WRONG,
    CLIENT_UNKNOWN,
    CODE_WRONG,
    FACTOR_USED,
    FACTOR_WRONG,
    FLOW_WRONG,
    HASHES_WRONG,
    PKCE_WRONG,
    REQUEST_WRONG,
    SCOPE_WRONG,
)
from yunhai.services.trust.models import Credential, Grant
from yunhai.trading.trust import activations

SHA256: Final = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
EC_KEY: Final = "1.2.840.10045.2.1"
P256: Final = "1.2.840.10045.3.1.7"
SPECS: Final = {"v1": "1.0.4.0", "v2": "2.0.0.2"}
METHODS: Final = (
    "info",
    "oauth2/authorize",
    "oauth2/token",
    "oauth2/revoke",
    "credentials/list",
    "credentials/info",
    "credentials/authorize",
    "credentials/getChallenge",
    "signatures/signHash",
)
_WORDS: Final = {
    ACCESS_WRONG: "invalid_token",
    CLIENT_UNKNOWN: "invalid_client",
    CODE_WRONG: "invalid_grant",
    PKCE_WRONG: "invalid_grant",
    SCOPE_WRONG: "invalid_scope",
    FLOW_WRONG: "unsupported_grant_type",
    FACTOR_WRONG: "invalid_otp",
    FACTOR_USED: "invalid_otp",
}
View = Callable[..., HttpResponse]


def refused(error: YunhaiError) -> JsonResponse:
    """A refusal as the specification writes it: 400, but for tokens, rates and what is away."""
    status = error.entry.http if error.entry.http in (401, 429, 502, 503) else 400
    word = _WORDS.get(error.code, "invalid_request" if status < 500 else "temporarily_unavailable")
    body = {"error": word, "error_description": error.text("en"), "code": error.code, "zh": error.text("zh")}
    answer = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    if status == 401:
        answer["WWW-Authenticate"] = f'Bearer error="{word}"'
    return answer


def answering(view: View) -> View:
    """A route of the API: POST, JSON, whatever it wrote undone where it refuses, never kept by a cache."""

    @csrf_exempt  # no cookie counts here: the token in the header does
    @wraps(view)
    def answered(request: HttpRequest, version: str) -> HttpResponse:
        if request.method != "POST":
            return JsonResponse({"error": "invalid_request"}, status=405, headers={"Allow": "POST"})
        try:
            with transaction.atomic():
                answer = view(request, version)
        except YunhaiError as problem:
            oauth.after_refusal(problem)
            answer = refused(problem)
        answer["Cache-Control"] = "no-store"
        return answer

    return answered


# --- what is asked -----------------------------------------------------------------------------------------------------


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request, {} of none. REQUEST_WRONG."""
    try:
        value = json.loads(request.body or b"{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise YunhaiError(REQUEST_WRONG, reason="JSON")
    return value


def caller(request: HttpRequest, *scopes: str) -> Grant:
    """Whose access token it is; the database is told. ACCESS_WRONG, also of a token of another scope than `scopes` (none
    named: service)."""
    header = request.headers.get("Authorization", "")
    if header[:7].lower() != "bearer ":
        raise YunhaiError(ACCESS_WRONG)
    grant = oauth.access(header[7:].strip())
    if grant.scope not in (scopes or ("service",)):
        raise YunhaiError(ACCESS_WRONG)
    rls.tell(tenant=None, person=grant.person_id)
    return grant


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > 8_000:
        raise YunhaiError(REQUEST_WRONG, reason=name)
    return value


def _credential(body: dict[str, Any], grant: Grant) -> Credential:
    name = _text(body, "credentialID")
    if not name:
        raise YunhaiError(REQUEST_WRONG, reason="credentialID")
    return signing.credential_of(grant.person, name)


def hashes_of(body: dict[str, Any], version: str) -> list[bytes]:
    """The hashes by the version's name for them. HASHES_WRONG, ALGORITHM_WRONG, REQUEST_WRONG."""
    value = body.get("hash" if version == "v1" else "hashes")
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    algorithm = _text(body, "hashAlgo" if version == "v1" else "hashAlgorithmOID")
    if algorithm and algorithm != SHA256:
        raise YunhaiError(ALGORITHM_WRONG, algorithm=algorithm[:40])
    return rules.checked_hashes(value)


# --- routes ------------------------------------------------------------------------------------------------------------


@csrf_exempt
def info(request: HttpRequest, version: str) -> HttpResponse:
    """`info`: what this service is and does."""
    said: dict[str, Any] = {
        "specs": SPECS[version],
        "name": "Yunhai 雲海",
        "logo": f"{settings.YUNHAI_ORIGIN}/static/shell/favicon.svg",
        "region": "TW",
        "lang": "zh-TW",
        "description": "Central authentication of a securities cloud: certificates and signatures in the cloud",
        "authType": ["oauth2code"],
        "oauth2": f"{settings.YUNHAI_ORIGIN}/csc/{version}",
        "methods": list(METHODS),
    }
    if version == "v2":
        said |= {
            "asynchronousOperationMode": False,
            "validationInfo": False,
            "signAlgorithms": {"algos": [ECDSA_SHA256]},
            "signature_formats": {"formats": [], "envelope_properties": []},
            "conformance_levels": [],
        }
    return JsonResponse(said, json_dumps_params={"ensure_ascii": False})


@answering
def credentials_list(request: HttpRequest, version: str) -> HttpResponse:
    """`credentials/list`: the person's own."""
    grant = caller(request)
    body = body_of(request)
    if body.get("userID"):
        raise YunhaiError(REQUEST_WRONG, reason="userID")  # the token says whose
    found = list(Credential.objects.filter(person=grant.person, enabled=True))
    if body.get("onlyValid"):
        found = [one for one in found if signing.usable(one)]
    said: dict[str, Any] = {"credentialIDs": [one.name for one in found]}
    if version == "v2":
        if body.get("onlyValid"):
            said["onlyValid"] = True
        if body.get("credentialInfo"):
            said["credentialInfos"] = [{"credentialID": one.name} | described(one, body, version) for one in found]
    return JsonResponse(said)


@answering
def credentials_info(request: HttpRequest, version: str) -> HttpResponse:
    """`credentials/info`."""
    grant = caller(request)
    body = body_of(request)
    return JsonResponse(described(_credential(body, grant), body, version), json_dumps_params={"ensure_ascii": False})


def described(credential: Credential, body: dict[str, Any], version: str) -> dict[str, Any]:
    """A credential in the Consortium's words."""
    certificate = signing.certificate_of(credential)
    enabled = signing.usable(credential)
    wanted = _text(body, "certificates") or "single"
    said: dict[str, Any] = {
        "description": "委託簽章 Orders" if credential.kind == "order" else "文件簽章 Documents",
        "key": {
            "status": "enabled" if enabled else "disabled",
            "algo": [ECDSA_SHA256],
            "len": 256,
            "curve": P256,
        },
        "SCAL": "2",
        "multisign": ACTIVATION_HASHES_MAX,
        "lang": "zh-TW",
    }
    if certificate is not None:
        der = bytes(certificate.der)
        said["cert"] = {"status": _certificate_word(certificate.status, enabled=enabled)}
        if wanted in ("single", "chain"):
            chain = [der, process.authority("ca")] if wanted == "chain" else [der]
            said["cert"]["certificates"] = [b64encode(one).decode() for one in chain]
        if body.get("certInfo"):
            said["cert"] |= _certificate_info(der)
    if version == "v1":
        said["authMode"] = "explicit"
        if body.get("authInfo"):
            said["PIN"] = {"presence": "false"}
            said["OTP"] = {
                "presence": "true",
                "type": "offline",
                "ID": "totp",
                "format": "N",
                "label": "驗證碼",
                "description": "驗證器的六位數驗證碼",
            }
    else:
        said["signatureQualifier"] = ""
        said["auth"] = {"mode": "explicit"}
        if body.get("authInfo"):
            said["auth"] |= _factors(credential)
    return said


def _certificate_word(status: str, *, enabled: bool) -> str:
    words = {"revoked": "revoked", "held": "suspended", "expired": "expired"}
    return words.get(status, "valid" if enabled else "expired")


def _certificate_info(der: bytes) -> dict[str, str]:
    found = x509.load_der_x509_certificate(der)
    return {
        "issuerDN": found.issuer.rfc4514_string(),
        "serialNumber": f"{found.serial_number:040x}",
        "subjectDN": found.subject.rfc4514_string(),
        "validFrom": f"{found.not_valid_before_utc:%Y%m%d%H%M%SZ}",
        "validTo": f"{found.not_valid_after_utc:%Y%m%d%H%M%SZ}",
    }


def _factors(credential: Credential) -> dict[str, Any]:
    """Either one is enough."""
    objects = []
    kinds = factors.kinds_of(credential.person)
    if factors.TOTP in kinds:
        objects.append(
            {"type": "Password", "id": "OTP", "format": "N", "generator": "totp", "label": "驗證碼 Authenticator code"}
        )
    if factors.PASSKEY in kinds:
        objects.append({"type": "ChallengeResponse", "id": "passkey", "format": "A", "label": "通行密鑰 Passkey"})
    return {"expression": " OR ".join(str(one["id"]) for one in objects), "objects": objects}


@answering
def credentials_challenge(request: HttpRequest, version: str) -> HttpResponse:
    """`credentials/getChallenge`: what a passkey is asked for these hashes (WebAuthn options and a state)."""
    grant = caller(request)
    body = body_of(request)
    credential = _credential(body, grant)
    return JsonResponse({"challenge": factors.challenge(credential.person, hashes_of(body, version))})


@answering
def credentials_authorize(request: HttpRequest, version: str) -> HttpResponse:
    """`credentials/authorize`: the activation for these hashes, for a second factor given now."""
    grant = caller(request)
    body = body_of(request)
    credential = _credential(body, grant)
    hashes = hashes_of(body, version)
    if body.get("numSignatures", len(hashes)) != len(hashes):
        raise YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    code, answer = _factor_given(body, version)
    made = signing.authorise(
        request,
        grant.person,
        credential,
        hashes,
        code=code,
        answer=answer,
        what=_text(body, "description"),
        client=grant.client,
    )
    return JsonResponse({"SAD": signing.activation_of(made), "expiresIn": ACTIVATION_SECONDS_MAX})


def _factor_given(body: dict[str, Any], version: str) -> tuple[str, object]:
    if version == "v1":
        return _text(body, "OTP"), None
    given = body.get("authData") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise YunhaiError(REQUEST_WRONG, reason="authData")
    values = {str(one.get("id", "")): one.get("value") for one in given}
    return str(values.get("OTP") or ""), values.get("passkey")


@answering
def sign_hash(request: HttpRequest, version: str) -> HttpResponse:
    """`signatures/signHash`: one signature, DER, for each hash, in order; all or none."""
    grant = caller(request, *oauth.SCOPES)
    body = body_of(request)
    credential = _credential(body, grant)
    algorithm = _text(body, "signAlgo")
    if algorithm not in (ECDSA_SHA256, EC_KEY) or body.get("signAlgoParams"):
        raise YunhaiError(ALGORITHM_WRONG, algorithm=algorithm[:40])
    named = body.get("hashAlgo" if version == "v1" else "hashAlgorithmOID")
    if algorithm == EC_KEY and named != SHA256:
        raise YunhaiError(ALGORITHM_WRONG, algorithm=str(named)[:40])
    if body.get("operationMode", "S") != "S":
        raise YunhaiError(REQUEST_WRONG, reason="operationMode")
    hashes = hashes_of(body, version)
    sad = _text(body, "SAD")
    if not sad and grant.scope == "credential":
        sad = request.headers["Authorization"][7:].strip()  # the access token is the activation
    if not sad:
        raise YunhaiError(activations.MALFORMED)
    made = signing.sign(grant.person, credential, sad, hashes, client=grant.client_id)
    return JsonResponse({"signatures": [b64encode(rules.der_signature(one)).decode() for one in made]})


@answering
def token(request: HttpRequest, version: str) -> HttpResponse:
    """`oauth2/token`: a form, as OAuth has it."""
    said = request.POST
    if said.get("grant_type") != "authorization_code":
        raise YunhaiError(FLOW_WRONG)
    client = oauth.client_of(said.get("client_id", ""), said.get("client_secret", ""))
    made = oauth.exchange(
        said.get("code", ""),
        client=client,
        redirect=said.get("redirect_uri", ""),
        verifier=said.get("code_verifier", ""),
    )
    answer = {"access_token": made.token, "token_type": made.kind, "expires_in": made.seconds, "scope": made.scope}
    return JsonResponse(answer | ({"credentialID": made.credential} if made.credential else {}))


@answering
def revoke(request: HttpRequest, version: str) -> HttpResponse:
    """`oauth2/revoke`: 204 whatever the token was."""
    said = request.POST
    client = oauth.client_of(said.get("client_id", ""), said.get("client_secret", ""))
    oauth.revoke(said.get("token", ""), client=client)
    return HttpResponse(status=204)
