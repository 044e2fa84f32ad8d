"""/api/v1/trust: one's own certificates, devices, consents and cloud signatures; a desk's registrations; the operator's CA."""

from base64 import urlsafe_b64encode
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ACTIVATION_HASHES_MAX, ACTIVATION_SECONDS_MAX
from yunhai.platform.identity.models import Person
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.trust import api, factors, oauth, rules, signing
from yunhai.services.trust.errors import CLIENT_UNKNOWN, HASHES_WRONG
from yunhai.services.trust.models import Client, Credential
from yunhai.services.trust.schemas import (
    ActivationOut,
    ApplyIn,
    CredentialIn,
    CredentialOut,
    DecideIn,
    DemandIn,
    EndedOut,
    EndIn,
    FactorIn,
    InterfaceIn,
    IssueIn,
    LifeIn,
    NewOAuthClientOut,
    OAuthClientIn,
    OAuthClientOut,
    OperatorEndIn,
    ProposalDecideIn,
    RevokeIn,
    SignedOut,
    SpendIn,
    ToldOut,
    ToSignIn,
)

router = Router(tags=["trust"], auth=signed_in)
PREFIX = "/trust"
SERVICE: Final = "3.7"
_BIG: Final = 2**31 - 1
_DESK: Final = ("sales", "keyin", "operations")


# --- one's own ---------------------------------------------------------------------------------------------------------


@router.get("", response=api.Person360, summary="My trust at a glance 我的憑證與同意")
@open_to()
def overview(request: HttpRequest) -> api.Person360:
    return api.overview(_person(request))


@router.get("/certificates", response=list[api.CertificateView], summary="My certificates 我的憑證")
@open_to()
def certificates(request: HttpRequest) -> list[api.CertificateView]:
    return list(api.certificates(_person(request)))


@router.post(
    "/certificates", response={201: api.CertificateView}, summary="A certificate for one of my keys 為我的金鑰申請憑證"
)
@open_to(service=SERVICE, mfa=True)
def issue(request: HttpRequest, body: IssueIn) -> Status[api.CertificateView]:
    """At once where a broker has registered the person; else 7801 says what is missing. 7813, 7815, 7818, 7860, 6806."""
    return Status(201, api.issue(_person(request), body.key, profile=body.profile))


@router.get("/certificates/{int:certificate}", response=api.CertificateView, summary="A certificate 一張憑證")
@open_to()
def certificate(request: HttpRequest, certificate: int) -> api.CertificateView:
    return api.certificate(_person(request), certificate)


@router.get("/certificates/{int:certificate}/file", summary="The certificate itself, X.509 憑證檔")
@open_to()
def certificate_file(request: HttpRequest, certificate: int) -> HttpResponse:
    answer = HttpResponse(api.der(_person(request), certificate), content_type="application/pkix-cert")
    answer["Content-Disposition"] = f'attachment; filename="certificate-{certificate}.cer"'
    return answer


@router.post(
    "/certificates/{int:certificate}/renew", response={201: api.CertificateView}, summary="Renew a certificate 更新憑證"
)
@open_to(service=SERVICE, mfa=True)
def renew(request: HttpRequest, certificate: int) -> Status[api.CertificateView]:
    """In its last 30 days, over the same key. 7810, 7811, 7812, 7860, 6806."""
    return Status(201, api.renew(_person(request), certificate))


@router.get("/certificates/{int:certificate}/told", response=ToldOut, summary="Does the gate know? 核心是否已知")
@open_to()
def told(request: HttpRequest, certificate: int) -> dict[str, bool]:
    """Whether the certificate's latest state has reached the gate. 7810, 7340."""
    return {"core": api.core_knows(api.certificate(_person(request), certificate).outbox)}


@router.post(
    "/certificates/{int:certificate}/revoke", response=api.CertificateView, summary="Revoke or hold 廢止或暫停憑證"
)
@open_to()
def revoke(request: HttpRequest, certificate: int, body: RevokeIn) -> api.CertificateView:
    """The gate refuses within a second of the answer. Needs no second factor: who lost it must be able to. 7810."""
    return api.revoke(_person(request), certificate, reason=body.reason)


@router.post(
    "/certificates/{int:certificate}/release", response=api.CertificateView, summary="End a hold 恢復暫停的憑證"
)
@open_to(mfa=True)
def release(request: HttpRequest, certificate: int) -> api.CertificateView:
    """Of a hold that the person put. 7810, 7816, 7823."""
    return api.release(_person(request), certificate)


@router.get("/devices", response=list[api.DeviceView], summary="My keys and what each lacks 我的裝置與金鑰")
@open_to()
def devices(request: HttpRequest) -> list[api.DeviceView]:
    return list(api.devices(_person(request)))


@router.get("/consents", response=list[api.ConsentView], summary="Which brokers may take my certificate 憑證使用同意")
@open_to()
def consents(request: HttpRequest) -> list[api.ConsentView]:
    return list(api.consents(_person(request)))


@router.put("/consents/{int:broker}", response=api.ConsentView, summary="Consent 同意券商受理我的憑證")
@open_to(service=SERVICE, mfa=True)
def consent(request: HttpRequest, broker: int) -> api.ConsentView:
    """No new application: the broker relies on the first registration. 7821."""
    return api.consent(_person(request), min(broker, _BIG))


@router.delete("/consents/{int:broker}", response=api.ConsentView, summary="Withdraw a consent 撤回同意")
@open_to()
def withdraw(request: HttpRequest, broker: int) -> api.ConsentView:
    """The gate refuses within a second. 7820, 7821."""
    return api.withdraw(_person(request), min(broker, _BIG))


@router.get("/signatures", response=list[api.SignatureView], summary="What I signed in the cloud 我的雲端簽章")
@open_to()
def signatures(request: HttpRequest) -> list[api.SignatureView]:
    return list(api.signatures(_person(request)))


# --- cloud keys --------------------------------------------------------------------------------------------------------


@router.get("/credentials", response=list[CredentialOut], summary="My keys in the cloud 我的雲端憑證")
@open_to()
def credentials(request: HttpRequest) -> list[dict[str, Any]]:
    return [_credential(one) for one in api.credentials(_person(request))]


@router.post("/credentials", response={201: CredentialOut}, summary="A key in the cloud 新增雲端憑證")
@open_to(service=SERVICE, mfa=True)
def make_credential(request: HttpRequest, body: CredentialIn) -> Status[dict[str, Any]]:
    """`order` signs instructions, `document` documents. 7801, 7831, 7860, 6806, 6807."""
    made, _ = signing.make_credential(_person(request), body.kind)
    return Status(201, _credential(made))


@router.delete("/credentials/{credential}", response={204: None}, summary="Disable a key in the cloud 停用雲端憑證")
@open_to()
def disable(request: HttpRequest, credential: str) -> Status[None]:
    """Its certificates are revoked. 7830."""
    signing.disable(_person(request), credential)
    return Status(204, None)


@router.post("/credentials/{credential}/challenge", summary="What a passkey is asked 取得通行密鑰驗證題")
@open_to(service=SERVICE)
def challenge(request: HttpRequest, credential: str, body: ToSignIn) -> dict[str, Any]:
    """WebAuthn options, made of the hashes, and a state to hand back. 7830, 7832, 7835."""
    person = _person(request)
    hashes, _ = _hashes(body, signing.credential_of(person, credential))
    return factors.challenge(person, hashes)


@router.post(
    "/credentials/{credential}/authorise", response={201: ActivationOut}, summary="Authorise signatures 授權簽章"
)
@open_to(service=SERVICE)
def authorise(request: HttpRequest, credential: str, body: FactorIn) -> Status[dict[str, Any]]:
    """One use, 60 seconds, these hashes only. 7830, 7832-7835, 7837-7840."""
    person = _person(request)
    held = signing.credential_of(person, credential)
    hashes, what = _hashes(body, held)
    made = signing.authorise(request, person, held, hashes, code=body.code, answer=body.answer, what=what)
    said = {"activation": signing.activation_of(made), "expires_in": ACTIVATION_SECONDS_MAX, "number": made.number}
    return Status(201, said)


@router.post("/credentials/{credential}/sign", response=SignedOut, summary="Sign 簽章")
@open_to(service=SERVICE)
def sign(request: HttpRequest, credential: str, body: SpendIn) -> dict[str, Any]:
    """7830, 7835, 7837, 7838, 7841, 7860, 7880-7885, 6807."""
    person = _person(request)
    held = signing.credential_of(person, credential)
    hashes, _ = _hashes(body, held)
    made = signing.sign(person, held, body.activation, hashes)
    return {"signatures": [urlsafe_b64encode(one).rstrip(b"=").decode() for one in made]}


def _hashes(body: ToSignIn, credential: Credential) -> tuple[list[bytes], str]:
    """What is to be signed and a line about it. Hashes or texts, not both."""
    if bool(body.hashes) == bool(body.texts):
        raise YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    if body.hashes:
        return rules.checked_hashes(body.hashes), ""
    texts = [one.encode() for one in body.texts]
    found = [rules.order_hash(one, key=credential.signing_key) for one in texts]
    if len(set(found)) != len(found):
        raise YunhaiError(HASHES_WRONG, most=ACTIVATION_HASHES_MAX)
    return found, "; ".join(rules.summary_of(one) for one in texts)[:200]


def _credential(one: Credential) -> dict[str, Any]:
    held = signing.certificate_of(one)
    return {
        "credential": one.name,
        "kind": one.kind,
        "key": one.signing_key,
        "usable": signing.usable(one),
        "certificate": api.view(held) if held is not None else None,
    }


# --- a desk ------------------------------------------------------------------------------------------------------------


@router.get("/registrations", response=list[api.RegistrationView], summary="Registrations 身分登錄")
@open_to(*_DESK, "compliance", service=SERVICE)
def registrations(request: HttpRequest, status: str = "", person: int = 0) -> list[api.RegistrationView]:
    return list(api.registrations(caller_of(request).tenant_id, status=status[:10], person=min(max(person, 0), _BIG)))


@router.post("/registrations", response={201: api.RegistrationView}, summary="Apply for a person 申請登錄")
@open_to(*_DESK, service=SERVICE, mfa=True)
def apply(request: HttpRequest, body: ApplyIn) -> Status[api.RegistrationView]:
    """Another person of the broker approves; nobody applies for themselves. 7803, 7805, 7807-7809, 7825."""
    caller = caller_of(request)
    made = api.apply(
        tenant=caller.tenant_id,
        person=body.person,
        documents=[one.dict() for one in body.documents],
        by=caller.person_id,
        kind=body.kind,
        note=body.note,
    )
    return Status(201, made)


@router.post(
    "/registrations/{int:registration}/decide", response=api.RegistrationView, summary="Approve or refuse 核准或駁回"
)
@open_to("operations", "compliance", service=SERVICE, mfa=True)
def decide(request: HttpRequest, registration: int, body: DecideIn) -> api.RegistrationView:
    """Never by who applied, nor by the person. 7802, 7804, 7806, 7809, 7825."""
    caller = caller_of(request)
    return api.decide(
        min(registration, _BIG), tenant=caller.tenant_id, by=caller.person_id, approve=body.approve, note=body.note
    )


@router.post(
    "/registrations/{int:registration}/end",
    response=api.RegistrationView,
    summary="Ask to end a registration 申請終止登錄",
)
@open_to(*_DESK, "compliance", mfa=True)
def ask_end(request: HttpRequest, registration: int, body: EndIn) -> api.RegistrationView:
    """Another person of the broker decides. 7802, 7822, 7825."""
    caller = caller_of(request)
    return api.ask_end(min(registration, _BIG), tenant=caller.tenant_id, by=caller.person_id, note=body.note)


@router.post(
    "/registrations/{int:registration}/end/decide",
    response=api.RegistrationView,
    summary="End or keep it 核准或駁回終止",
)
@open_to("operations", "compliance", mfa=True)
def decide_end(request: HttpRequest, registration: int, body: DecideIn) -> api.RegistrationView:
    """Ended, its certificates are revoked and no other is issued. Never by who asked. 7802, 7804, 7809, 7822, 7825."""
    caller = caller_of(request)
    return api.decide_end(
        min(registration, _BIG), tenant=caller.tenant_id, by=caller.person_id, approve=body.approve, note=body.note
    )


@router.get(
    "/desk/certificates", response=list[api.CertificateView], summary="Certificates we registered 本券商登錄之憑證"
)
@open_to(*_DESK, "compliance", service=SERVICE)
def desk_certificates(request: HttpRequest, person: int = 0) -> list[api.CertificateView]:
    return list(api.desk_certificates(caller_of(request).tenant_id, person=min(max(person, 0), _BIG)))


@router.post(
    "/desk/certificates/{int:certificate}/revoke", response=api.CertificateView, summary="Revoke for a person 代為廢止"
)
@open_to(*_DESK, "compliance", mfa=True)
def desk_revoke(request: HttpRequest, certificate: int, body: RevokeIn) -> api.CertificateView:
    """Of a person this broker registered; of an interface by operations alone. 7810."""
    caller = caller_of(request)
    interfaces = "operations" in caller.roles
    return api.desk_revoke(
        caller.tenant_id, certificate, reason=body.reason, by=caller.person_id, interfaces=interfaces
    )


@router.post(
    "/desk/certificates/{int:certificate}/release",
    response=api.CertificateView,
    summary="End a desk's hold 恢復券商暫停",
)
@open_to(*_DESK, "compliance", mfa=True)
def desk_release(request: HttpRequest, certificate: int) -> api.CertificateView:
    """Of a hold that a desk put. 7810, 7816, 7823."""
    caller = caller_of(request)
    interfaces = "operations" in caller.roles
    return api.desk_release(caller.tenant_id, certificate, by=caller.person_id, interfaces=interfaces)


@router.get("/interfaces", response=list[api.ProposalView], summary="What was proposed for our interfaces 介面憑證提案")
@open_to("operations", "compliance", service=SERVICE)
def interfaces(request: HttpRequest) -> list[api.ProposalView]:
    return list(api.interfaces(caller_of(request).tenant_id))


@router.post(
    "/interfaces", response={201: api.ProposalView}, summary="Propose a certificate for an interface 申請介面憑證"
)
@open_to("operations", service=SERVICE, mfa=True)
def propose_interface(request: HttpRequest, body: InterfaceIn) -> Status[api.ProposalView]:
    """For the broker's own system, software or line: its key signed the request; the name is the broker's code, or begins with it
    and a hyphen. Another person approves. 7815, 7819, 7824."""
    caller = caller_of(request)
    made = api.propose_interface(
        tenant=caller.tenant_id,
        profile=body.profile,
        request=body.request,
        name=body.name,
        line=body.line,
        by=caller.person_id,
    )
    return Status(201, made)


@router.post(
    "/interfaces/{int:proposal}/decide", response=api.ProposalView, summary="Issue or refuse it 核准或駁回介面憑證"
)
@open_to("operations", "compliance", service=SERVICE, mfa=True)
def decide_interface(request: HttpRequest, proposal: int, body: ProposalDecideIn) -> api.ProposalView:
    """Never by who proposed it. Approved, `pem` is the certificate. 7826-7828, 7860, 6806."""
    caller = caller_of(request)
    return api.decide_interface(min(proposal, _BIG), tenant=caller.tenant_id, by=caller.person_id, approve=body.approve)


# --- the operator ------------------------------------------------------------------------------------------------------


@router.get("/authority", summary="State of the CA and the HSM 憑證機構狀態")
@open_to("operator")
def authority(request: HttpRequest) -> dict[str, Any]:
    """As the trust process says. 7860."""
    return dict(api.authority_state())


@router.get("/authority/certificates", response=list[api.CertificateView], summary="Every certificate 全部憑證")
@open_to("operator")
def every_certificate(
    request: HttpRequest, serial: str = "", profile: str = "", state: str = ""
) -> list[api.CertificateView]:
    return list(api.every_certificate(serial=serial[:40], profile=profile[:10], state=state[:10]))


@router.post(
    "/authority/certificates/{int:certificate}/revoke", response=api.CertificateView, summary="Revoke any 廢止任一憑證"
)
@open_to("operator", mfa=True)
def operator_revoke(request: HttpRequest, certificate: int, body: RevokeIn) -> api.CertificateView:
    """7810."""
    return api.operator_revoke(certificate, reason=body.reason, by=caller_of(request).person_id)


@router.post(
    "/authority/certificates/{int:certificate}/release",
    response=api.CertificateView,
    summary="End any hold 恢復任一憑證",
)
@open_to("operator", mfa=True)
def operator_release(request: HttpRequest, certificate: int) -> api.CertificateView:
    """7810, 7816."""
    return api.operator_release(certificate, by=caller_of(request).person_id)


@router.post(
    "/authority/brokers/{int:broker}/people/{int:person}/end",
    response=EndedOut,
    summary="End a person's registrations at a broker 終止券商登錄",
)
@open_to("operator", mfa=True)
def operator_end(request: HttpRequest, broker: int, person: int, body: OperatorEndIn) -> dict[str, int]:
    """Their certificates there are revoked and no other is issued. 7821, 7822, 7825."""
    ended = api.operator_end(
        tenant=min(broker, _BIG), person=min(person, _BIG), by=caller_of(request).person_id, note=body.note
    )
    return {"ended": ended}


@router.get("/authority/profiles", response=list[api.ProfileView], summary="Profiles and their lives 憑證樣板與效期")
@open_to("operator")
def profiles(request: HttpRequest) -> list[api.ProfileView]:
    return list(api.profiles())


@router.put("/authority/profiles/{profile}", response={204: None}, summary="Change a profile's life 調整效期")
@open_to("operator", mfa=True)
def set_life(request: HttpRequest, profile: str, body: LifeIn) -> Status[None]:
    """Of certificates issued from now on. 7815, 7817."""
    api.set_life(profile, body.days)
    return Status(204, None)


@router.put(
    "/authority/brokers/{int:broker}",
    response={202: api.ProposalView, 204: None},
    summary="Demand certificates 券商是否須憑證簽章",
)
@open_to("operator", mfa=True)
def demand(request: HttpRequest, broker: int, body: DemandIn) -> Status[Any]:
    """On at once; off when another operator confirms it: 202 with what waits for that. 7821, 7829."""
    made = api.demand(min(broker, _BIG), on=body.on, reason=body.reason, by=caller_of(request).person_id)
    return Status(204, None) if made is None else Status(202, made)


@router.get(
    "/authority/proposals", response=list[api.ProposalView], summary="What waits for another operator 待另一位決定"
)
@open_to("operator")
def offs(request: HttpRequest) -> list[api.ProposalView]:
    return list(api.offs())


@router.post(
    "/authority/proposals/{int:proposal}/decide", response=api.ProposalView, summary="Confirm or refuse it 確認或駁回"
)
@open_to("operator", mfa=True)
def decide_off(request: HttpRequest, proposal: int, body: ProposalDecideIn) -> api.ProposalView:
    """Never by who proposed it. Confirmed, the broker demands certificates no more. 7826-7828."""
    return api.decide_off(min(proposal, _BIG), by=caller_of(request).person_id, approve=body.approve)


@router.get("/authority/clients", response=list[OAuthClientOut], summary="Programs that may ask 簽章用戶端")
@open_to("operator")
def oauth_clients(request: HttpRequest) -> list[dict[str, Any]]:
    return [_client(one) for one in Client.objects.all()]


@router.post("/authority/clients", response={201: NewOAuthClientOut}, summary="Register a program 登記簽章用戶端")
@open_to("operator", mfa=True)
def add_oauth_client(request: HttpRequest, body: OAuthClientIn) -> Status[dict[str, Any]]:
    """7858."""
    made, secret = oauth.add_client(
        body.name, body.redirects, confidential=body.confidential, by=caller_of(request).person_id
    )
    return Status(201, _client(made) | {"secret": secret})


@router.delete("/authority/clients/{program}", response={204: None}, summary="Disable a program 停用簽章用戶端")
@open_to("operator", mfa=True)
def remove_oauth_client(request: HttpRequest, program: str) -> Status[None]:
    """Its tokens are dead at once. 7850."""
    if not Client.objects.filter(client=program[:32], enabled=True).update(enabled=False):
        raise YunhaiError(CLIENT_UNKNOWN)
    return Status(204, None)


def _client(one: Client) -> dict[str, Any]:
    return {
        "client": one.client,
        "name": one.name,
        "redirects": list(one.redirects),
        "confidential": one.secret_hash is not None,
        "enabled": one.enabled,
    }


def _person(request: HttpRequest) -> Person:
    person = caller_of(request).person
    assert person is not None  # open_to has seen to it
    return person
