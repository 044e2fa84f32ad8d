"""What /api/v1/trust takes, and says where that is not one of `views`, field by field; `http.py` has the routes."""

from typing import Any, Final

from ninja import Field, Schema
from pydantic import ConfigDict

from yunhai.kernel.limits import ACTIVATION_HASHES_MAX, DOCUMENT_REFERENCE_CHARACTERS_MAX, REGISTRATION_DOCUMENTS_MAX
from yunhai.services.trust import rules
from yunhai.services.trust.views import CertificateView

_REASONS: Final = f"^({'|'.join(rules.REASONS)})$"


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class ToldOut(Schema):
    core: bool


class IssueIn(Strict):
    """`profile`: only where a key may have one of two (investor, clerk)."""

    key: int = Field(ge=1, le=2**32 - 1)
    profile: str = Field("", pattern="^(|investor|clerk|api)$")


class RevokeIn(Strict):
    """`hold` may be ended again; every other reason is for good."""

    reason: str = Field("unspecified", pattern=_REASONS)


class CredentialIn(Strict):
    kind: str = Field("order", pattern="^(order|document)$")


class CredentialOut(Schema):
    """`key` its number in instructions, 0 of a document credential; `usable` it may sign now."""

    credential: str
    kind: str
    key: int
    usable: bool
    certificate: CertificateView | None


class ToSignIn(Strict):
    """What is to be signed: SHA-256 `hashes` in base64, or the canonical `texts` of instructions for this key."""

    hashes: list[str] = Field(default_factory=list, max_length=ACTIVATION_HASHES_MAX)
    texts: list[str] = Field(default_factory=list, max_length=ACTIVATION_HASHES_MAX)


class FactorIn(ToSignIn):
    """And a second factor: an authenticator's `code`, or the passkey's `answer` {state, response}."""

    code: str = Field("", max_length=12)
    answer: dict[str, Any] | None = None


class SpendIn(ToSignIn):
    activation: str = Field(max_length=2_000)


class ActivationOut(Schema):
    activation: str
    expires_in: int
    number: str


class SignedOut(Schema):
    """base64url of r ‖ s without padding, as an instruction's signature is written."""

    signatures: list[str]


class DocumentIn(Strict):
    """An identity document by reference; never its number."""

    kind: str = Field(max_length=30, examples=["id_card"])
    reference: str = Field(max_length=DOCUMENT_REFERENCE_CHARACTERS_MAX, examples=["RA-2026-000123"])
    checked_on: str = Field(max_length=10, examples=["2026-08-21"])


class ApplyIn(Strict):
    person: int = Field(ge=1, le=2**32 - 1)
    kind: str = Field("investor", pattern="^(investor|clerk|program)$")
    documents: list[DocumentIn] = Field(max_length=REGISTRATION_DOCUMENTS_MAX)
    note: str = Field("", max_length=200)


class DecideIn(Strict):
    approve: bool
    note: str = Field("", max_length=200)


class EndIn(Strict):
    note: str = Field("", max_length=200)


class OperatorEndIn(Strict):
    note: str = Field(min_length=1, max_length=200)


class EndedOut(Schema):
    ended: int


class LifeIn(Strict):
    days: int


class DemandIn(Strict):
    on: bool
    reason: str = Field(min_length=1, max_length=200)


class OAuthClientIn(Strict):
    name: str = Field(min_length=1, max_length=60)
    redirects: list[str] = Field(min_length=1, max_length=10)
    confidential: bool = False


class OAuthClientOut(Schema):
    client: str
    name: str
    redirects: list[str]
    confidential: bool
    enabled: bool


class NewOAuthClientOut(OAuthClientOut):
    """`secret` is shown this once; "" of a public client."""

    secret: str


class InterfaceIn(Strict):
    """`request` a PKCS#10 in PEM; `line` the two characters of a line's profile."""

    profile: str = Field(pattern="^(broker|software|line)$")
    name: str = Field(min_length=1, max_length=64)
    request: str = Field(max_length=8_000)
    line: str = Field("", max_length=2)


class ProposalDecideIn(Strict):
    approve: bool
