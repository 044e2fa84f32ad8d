"""Tenants, and the base of every row that belongs to one.

A tenant's number is its key here, in the journal and in every fact. `TenantModel` gives a row its tenant and a manager
that refuses to answer outside a scope (django-scopes fails loudly); beneath it the database's row-level security shows
nothing of another tenant whatever SQL is sent (`rls.py`). A row of a tenant is reached through both or not at all.

Who may write a table is said by the model: `written_by` names the roles (app, reader) and `append_only` takes away
UPDATE and DELETE from them; `grants.py` turns it into privileges.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django_scopes import ScopedManager

from yunhai.kernel.limits import CHARGE_PPM_MAX, TENANT_NUMBER_MAX

ModelT = TypeVar("ModelT", bound=models.Model)

COLUMNS: Final = ("exchange", "public", "brokerage", "proprietary", "underwriting")
"""The service matrix's columns: 交易所, 公版, 經紀, 自營, 承銷."""
KINDS: Final = ("exchange", "broker", "issuer", "vendor")
STATUSES: Final = ("open", "suspended", "closed")


def choices(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Words as a field's choices; pages translate them."""
    return [(word, word) for word in words]


def audited(*, exclude: tuple[str, ...] = ()) -> Callable[[type[ModelT]], type[ModelT]]:
    """A model whose every insert, update and delete a database trigger keeps, with who and when, in `<Model>Event`."""
    events = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
    decorator: Callable[[type[ModelT]], type[ModelT]] = pghistory.track(*events, exclude=list(exclude))
    return decorator


@audited()
class Tenant(models.Model):
    """Who lives in the cloud. Names are public, as brokers' are; amounts are in 1/10,000 NT$."""

    number = models.BigIntegerField(
        primary_key=True, validators=[MinValueValidator(1), MaxValueValidator(TENANT_NUMBER_MAX)]
    )
    code = models.CharField(max_length=4, unique=True, validators=[RegexValidator(r"\A[0-9A-Z]{4}\Z")])
    kind = models.CharField(max_length=10, choices=choices(KINDS), default="broker")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    columns = ArrayField(models.CharField(max_length=14, choices=choices(COLUMNS)), default=list)
    status = models.CharField(max_length=10, choices=choices(STATUSES), default="open")
    commission_ppm = models.IntegerField(
        default=1425, validators=[MinValueValidator(0), MaxValueValidator(CHARGE_PPM_MAX)]
    )
    commission_minimum = models.BigIntegerField(default=200_000, validators=[MinValueValidator(0)])
    commission_minimum_odd_lot = models.BigIntegerField(default=10_000, validators=[MinValueValidator(0)])
    certificates = models.BooleanField(default=False)  # takes only what is signed under a certificate, with consent
    made_at = models.DateTimeField(auto_now_add=True)

    written_by: ClassVar[tuple[str, ...]] = ("app",)

    class Meta:
        ordering = ("code",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1, number__lte=TENANT_NUMBER_MAX), name="tenant_number_u32"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"


class TenantModel(models.Model):
    """The base of every row that belongs to one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[Any] = ScopedManager(tenant="tenant")

    written_by: ClassVar[tuple[str, ...]] = ("app",)
    append_only: ClassVar[bool] = False

    class Meta:
        abstract = True


@audited()
class Branch(TenantModel):
    """A branch 分點 of a broker: its four-character code stands on every order."""

    code = models.CharField(max_length=4, validators=[RegexValidator(r"\A[0-9A-Za-z]{4}\Z")])
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ("code",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "code"], name="branch_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"
