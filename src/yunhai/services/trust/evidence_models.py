"""Rows of evidence 證據: one for every accepted instruction under a certificate, from its acceptance to its place in the journal.

Written by the follower of the journal (`follower.py`) alone; deleted by the retention job alone, which writes down what it
deleted. `state` says how far one has come; times are wall time.
"""

from enum import IntEnum
from typing import ClassVar

from django.db import models

from yunhai.platform.readings.models import ReadModel
from yunhai.platform.tenancy.models import TenantModel, audited


class EvidenceState(IntEnum):
    """How far the evidence of an instruction has come."""

    WAITING = 0  # for its stamp or status 等待時戳
    BUILT = 1  # to be sealed 已製作
    SENT = 2  # its seal is on the way to the journal 封存中
    SEALED = 3  # 已封存
    PLACED = 4  # under a checkpoint: may be exported 可匯出
    ASIDE = 5  # the core refused its seal for good: somebody has to look 已擱置


class EvidenceCheckpoint(models.Model):
    """A checkpoint of the journal, its statement stamped by the time-stamping authority. `statement` the exact bytes."""

    sequence = models.BigIntegerField(primary_key=True)
    group = models.BigIntegerField()
    statement = models.BinaryField()
    token = models.BinaryField()
    stamped_at = models.DateTimeField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class Evidence(ReadModel):
    """The evidence of one accepted instruction. `sequence` its record's, `record` its slots; `head` the tenant's chain before
    that record's commit group; `certificate` the number of the certificate that counted then. `bundle` as sealed, `sha256` of
    it; `outbox` the seal's, `seal` its sequence in the journal; `revocation` that of the revocation which a file has to show, 0:
    none; `code` why the last try failed, 0: it did not."""

    sequence = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    person = models.BigIntegerField()
    number = models.BigIntegerField(unique=True)
    order_id = models.BigIntegerField()
    key = models.BigIntegerField()
    certificate = models.BigIntegerField()
    accepted_ns = models.BigIntegerField()
    record = models.BinaryField()
    head = models.BinaryField()
    state = models.SmallIntegerField(default=EvidenceState.WAITING)
    bundle = models.BinaryField(null=True)
    sha256 = models.BinaryField(null=True)
    stamped_at = models.DateTimeField(null=True)
    outbox = models.BigIntegerField(default=0)
    seal = models.BigIntegerField(default=0)
    revocation = models.BigIntegerField(default=0)
    checkpoint = models.ForeignKey(
        EvidenceCheckpoint, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    tries = models.IntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    code = models.IntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["order_id"], name="evidence_order"),
            models.Index(fields=["tenant", "account", "-sequence"], name="evidence_account"),
            models.Index(fields=["sequence"], name="evidence_open", condition=models.Q(state__lt=4)),
        ]


class EvidenceKey(models.Model):
    """Which certificate of a key counts, as the journal said up to the mark."""

    key = models.BigIntegerField(primary_key=True)
    certificate = models.BigIntegerField()
    sha256 = models.BinaryField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class EvidenceRevocation(models.Model):
    """Where in the journal a certificate was revoked or held: the fact's sequence, its wall time, the tenant in whose chain it
    stands (`chained`), and that chain before its commit group."""

    sequence = models.BigIntegerField(primary_key=True)
    certificate = models.BigIntegerField(db_index=True)
    at_ns = models.BigIntegerField()
    chained = models.BigIntegerField()
    head = models.BinaryField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class EvidenceMark(models.Model):
    """Up to where the follower has read: one row. `heads`: by tenant, its chain after that group (hex)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    journal = models.BinaryField()
    sequence = models.BigIntegerField()
    group = models.BigIntegerField()
    chain = models.BinaryField()
    heads = models.JSONField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class EvidenceDeleted(ReadModel):
    """What the retention job deleted: enough to say that it was there, and what the journal sealed."""

    sequence = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    account = models.BigIntegerField()
    person = models.BigIntegerField()
    sha256 = models.BinaryField(null=True)
    accepted_ns = models.BigIntegerField()
    deleted_at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True


@audited()
class EvidenceHold(TenantModel):
    """A dispute: the evidence of an instruction is kept until it is released, whatever its age. `by` who said so, `reason` why."""

    number = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    by = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(released_at__isnull=True), name="evidence_held_once"
            ),
        ]
