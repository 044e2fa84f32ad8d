"""People are global; what they may do is said per tenant.

A `Person` signs in by e-mail. A `Membership` says what they are at a tenant: staff (account 0: the whole tenant) or an
investor, of one account. It is the same thing that the core learns as `GrantSet`. A `SigningKey` is a P-256 key that was
proved to be in the person's hands; an `ApiClient` signs in without a browser by key and secret, of which the hash is kept.

Rows about a person are shown by the database to that person and, where they name a tenant, inside that tenant.
"""

from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.crypto import salted_hmac

from yunhai.platform.tenancy.models import Tenant, audited, choices

ROLES: Final = ("investor", "sales", "keyin", "operations", "compliance", "api", "operator")
"""`operator` works the platform itself, at the tenant of kind exchange."""
STAFF: Final = frozenset(ROLES) - {"investor", "api"}
KEY_KINDS: Final = ("device", "api", "clerk")
LANGUAGES: Final = (("zh-hant", "中文"), ("en", "English"))
THEMES: Final = ("system", "light", "dark")


class People(BaseUserManager["Person"]):
    """Finds and makes people."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """A new person; without a password only a passkey or a sign-in link opens the door."""
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").lower())


@audited(exclude=("password", "last_login"))
class Person(AbstractBaseUser):
    """Someone who signs in. `epoch` counts "sign out everywhere": sessions of an earlier one are dead."""

    email = models.EmailField(unique=True, max_length=200)
    name_zh = models.CharField(max_length=60, blank=True)
    name_en = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, choices=LANGUAGES, default="zh-hant")
    theme = models.CharField(max_length=6, choices=choices(THEMES), default="system")
    is_active = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)  # made by the demo: may sign in by link, labelled as such
    epoch = models.IntegerField(default=0)
    revoked_before = models.BigIntegerField(default=0)  # wall ms; tokens issued before it are dead
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name_zh or self.name_en or f"#{self.pk}"

    def get_session_auth_hash(self) -> str:
        return salted_hmac("yunhai.identity.session", f"{self.password}|{self.epoch}", algorithm="sha256").hexdigest()


@audited()
class Membership(models.Model):
    """What a person is at a tenant. `account` 0: staff, of the whole tenant; else an investor's own account."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=choices(ROLES))
    account = models.BigIntegerField(default=0)
    branches = ArrayField(models.CharField(max_length=4), default=list, blank=True)  # codes; none: every branch
    allowed = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "tenant", "role", "account"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["investor", "api"]) | models.Q(account=0), name="staff_of_whole_tenant"
            ),
        ]


@audited()
class SigningKey(models.Model):
    """A P-256 public key, 65 bytes uncompressed, whose private half the person proved to hold."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="keys")
    public = models.BinaryField(max_length=65, unique=True)
    kind = models.CharField(max_length=6, choices=choices(KEY_KINDS), default="device")
    name = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=8, choices=choices(("active", "revoked")), default="active")
    until = models.BigIntegerField(default=0)  # wall ms; 0: open end
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)


@audited(exclude=("secret_hash", "used_at"))
class ApiClient(models.Model):
    """A program's way in: `key` names it, the secret's SHA-256 proves it (256 random bits need no slow hash)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="clients")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=32, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=10, choices=choices(ROLES))
    status = models.CharField(max_length=8, choices=choices(("active", "revoked")), default="active")
    made_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)


class Session(AbstractBaseSession):
    """A session. `sid` its public name; `person` who is signed in, `tenant` where they work now; 0: nobody, nowhere. The row
    is read to learn who asks, so no row security can ask who does."""

    sid = models.CharField(max_length=32, unique=True)
    person = models.BigIntegerField(default=0)
    tenant = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "-expire_date", "-sid"], name="session_of_tenant"),
        ]

    @classmethod
    def get_session_store_class(cls) -> type[Any]:
        from yunhai.platform.identity.sessions import SessionStore

        return SessionStore


class UsedCode(models.Model):
    """A code of an authenticator app that counted: no web process takes it again. `mark` hex, a hash of app and code; `until`
    when such a code may come again by chance. It is looked at while somebody signs in, so no row security can ask who does."""

    mark = models.CharField(max_length=64, primary_key=True)
    until = models.DateTimeField(db_index=True)


class EndedSession(models.Model):
    """A session that was signed out while tokens made from it may still live: their `sid` is dead here too."""

    sid = models.CharField(max_length=32, primary_key=True)
    ended_at = models.DateTimeField(auto_now_add=True)


class DemoLink(models.Model):
    """A sign-in link of the demo: its token's SHA-256, for whom, until when; used once."""

    token_hash = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    next = models.CharField(max_length=200, default="/")
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
