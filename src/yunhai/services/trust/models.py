"""Registrations, certificates, consents, keys in the HSM and what was signed with them.

A **registration** 身分登錄 belongs to the broker whose desk looked at a person's documents: one clerk applies, another
approves. Documents are kept by reference only. A **certificate** 憑證 is one X.509 over one key of one person; what it is now
(`status`) is told to the core in the transaction that changes it. A **consent** 同意 lets one broker take what is signed under
any certificate of a person. A **credential** 雲端憑證 is a key in the HSM; an **authorisation** 簽章授權 is one second factor
given for certain hashes: the record of every signature made in the cloud. A **client** is a program that asks for such
signatures by OAuth 2, a **grant** what one person let it do.

A person sees their own rows whatever broker they look at, so these models have no scope of a tenant: the database alone
decides, row by row (migration 0002). Staff see those of their broker; the exchange's operators certificates, and the
settings of profiles, which they alone write.
"""

from typing import ClassVar, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from yunhai.platform.tenancy.models import Tenant, audited, choices
from yunhai.services.trust.evidence_models import (
    Evidence,
    EvidenceCheckpoint,
    EvidenceDeleted,
    EvidenceHold,
    EvidenceKey,
    EvidenceMark,
)

__all__ = [
    "Authorisation",
    "Certificate",
    "Client",
    "Consent",
    "Credential",
    "Evidence",
    "EvidenceCheckpoint",
    "EvidenceDeleted",
    "EvidenceHold",
    "EvidenceKey",
    "EvidenceMark",
    "Grant",
    "ProfileSetting",
    "Proposal",
    "Registration",
]

REGISTRATION_KINDS: Final = ("investor", "clerk", "program")
REGISTRATION_STATES: Final = ("applied", "approved", "refused", "withdrawn")
CERTIFICATE_STATES: Final = ("valid", "held", "revoked", "expired")
PROFILES: Final = ("investor", "clerk", "document", "api", "broker", "software", "line")
CREDENTIAL_KINDS: Final = ("order", "document")
REVOKERS: Final = ("person", "desk", "operator", "key")
"""Who revoked: the person, the desk that registered them, the operator; or the key itself was revoked."""
FACTORS: Final = ("totp", "passkey")
PROPOSAL_KINDS: Final = ("interface", "demand_off")
PROPOSAL_STATES: Final = ("open", "approved", "refused")

PERSON: Final = settings.AUTH_USER_MODEL


@audited()
class Registration(models.Model):
    """A person's identity as one broker's desk found it. `documents`: [{kind, reference, checked_on}], never a picture and
    never an ID number; `pseudonym` what certificates call the person. `ending_by` who asked to end it, 0 nobody, `ended_by` who
    then did, the operator without being asked: it is `withdrawn`, and its certificates are revoked."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=choices(REGISTRATION_KINDS), default="investor")
    documents = models.JSONField(default=list)
    pseudonym = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=choices(REGISTRATION_STATES), default="applied")
    applied_by = models.BigIntegerField()
    applied_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.BigIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    ending_by = models.BigIntegerField(default=0)
    ending_at = models.DateTimeField(null=True)
    ended_by = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "person", "kind"],
                condition=models.Q(status__in=["applied", "approved"]),
                name="trust_registration_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="approved", decided_by=models.F("applied_by")),
                name="trust_registration_by_two",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="withdrawn", ended_by=models.F("ending_by")),
                name="trust_registration_ended_by_two",
            ),
        ]


@audited()
class Consent(models.Model):
    """Whether a person lets a broker take instructions under their certificates. `registration`: it came with one."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    allowed = models.BooleanField(default=True)
    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, null=True, related_name="+")
    given_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("tenant_id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "person"], name="trust_consent_once"),
        ]


@audited()
class Credential(models.Model):
    """A key in the HSM, of one person. `name` as the Cloud Signature Consortium's API calls it; `label` the HSM's name of
    the key; `signing_key` the identity's key of an `order` credential, as the core knows it; 0 of a `document` one."""

    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=8, choices=choices(CREDENTIAL_KINDS))
    label = models.CharField(max_length=80, unique=True)
    public = models.BinaryField(max_length=65, unique=True)
    signing_key = models.BigIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)


@audited(exclude=("der", "noticed_at", "told_days"))
class Certificate(models.Model):
    """A certificate. `tenant` the broker of the registration; `person` empty of an interface's (broker, software, line);
    `key` the signing key's id, 0 where it signs no orders; `serial` 20 bytes; `issuer` the chain above it is the trust
    process's. `renews` the one before it; `released_at` when a hold was last ended; `outbox` the row that told the core
    last; `noticed_at` when its end came near, `told_days` of which notice its person was told by mail last."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.BigIntegerField(default=0, db_index=True)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, null=True, related_name="+")
    profile = models.CharField(max_length=10, choices=choices(PROFILES))
    subject = models.CharField(max_length=80)
    serial = models.BinaryField(max_length=20, unique=True)
    sha256 = models.BinaryField(max_length=32, unique=True)
    der = models.BinaryField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    status = models.CharField(max_length=8, choices=choices(CERTIFICATE_STATES), default="valid")
    reason = models.SmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.BigIntegerField(default=0)
    revoker = models.CharField(max_length=8, choices=choices(REVOKERS), blank=True)
    released_at = models.DateTimeField(null=True)
    renews = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="renewed_by")
    noticed_at = models.DateTimeField(null=True)
    told_days = models.SmallIntegerField(null=True)
    outbox = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    written_by: ClassVar[tuple[str, ...]] = ("app", "reader")

    class Meta:
        ordering = ("-id",)


@audited()
class Proposal(models.Model):
    """What one person proposes and another decides. Of kind `interface`, at a broker: a certificate for its system, software or
    line; `what` {profile, name, line, request}. Of kind `demand_off`, at the operator's: the broker is to demand certificates
    no more."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=choices(PROPOSAL_KINDS))
    what = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=8, choices=choices(PROPOSAL_STATES), default="open")
    proposed_by = models.BigIntegerField()
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.BigIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~models.Q(status="approved", decided_by=models.F("proposed_by")),
                name="trust_proposal_by_two",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(kind="demand_off", status="open"),
                name="trust_proposal_off_once",
            ),
        ]


@audited()
class ProfileSetting(models.Model):
    """How long certificates of a profile live, where the operator wants another time than the profile's own."""

    profile = models.CharField(max_length=10, choices=choices(PROFILES), primary_key=True)
    days = models.IntegerField()

    class Meta:
        ordering = ("profile",)


class Client(models.Model):
    """A program that signs for people by OAuth 2. `secret_hash` empty: a public client, which PKCE alone protects."""

    name = models.CharField(max_length=60)
    client = models.CharField(max_length=32, unique=True)
    secret_hash = models.BinaryField(max_length=32, null=True)
    redirects = ArrayField(models.CharField(max_length=300), default=list)
    enabled = models.BooleanField(default=True)
    made_by = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)


class Grant(models.Model):
    """What a person let a client do. `scope` service: ask in their name, by an access token; credential: sign `hashes` once.
    Codes and tokens are kept as SHA-256 in hex, "" once there is none."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=10, choices=choices(("service", "credential")))
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, null=True, related_name="+")
    hashes = ArrayField(models.CharField(max_length=64), default=list)
    authorisation = models.ForeignKey("Authorisation", on_delete=models.PROTECT, null=True, related_name="+")
    redirect = models.CharField(max_length=300)
    challenge = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=64, db_index=True)
    code_until = models.DateTimeField()
    code_used_at = models.DateTimeField(null=True)
    token_hash = models.CharField(max_length=64, blank=True, db_index=True)
    token_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)


class Authorisation(models.Model):
    """One second factor given for certain hashes, and what came of it. `number` the activation's; `proof` what the factor
    was, hashed, so that it serves once; `hashes` hex, `used` how many of them are signed; `what` a line about it."""

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="+")
    number = models.CharField(max_length=32, unique=True)
    factor = models.CharField(max_length=8, choices=choices(FACTORS))
    proof = models.CharField(max_length=64)
    hashes = ArrayField(models.CharField(max_length=64), default=list)
    what = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()
    until = models.DateTimeField()
    signed = ArrayField(models.CharField(max_length=64), default=list)
    signed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person", "-given_at"], name="trust_authorised"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "proof"], name="trust_factor_once"),
        ]
