"""Words of the Console: roles, columns, levels, kinds, statuses, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def role_names() -> dict[str, str]:
    """What people are at a tenant."""
    return {
        "investor": _("Investor"),
        "sales": _("Sales rep"),
        "keyin": _("Key-in clerk"),
        "operations": _("Operations"),
        "compliance": _("Compliance"),
        "api": _("API program"),
        "operator": _("Operator"),
    }


def column_names() -> dict[str, str]:
    """The matrix's columns."""
    return {
        "exchange": _("Exchange"),
        "public": _("Public edition"),
        "brokerage": _("Brokerage"),
        "proprietary": _("Proprietary"),
        "underwriting": _("Underwriting"),
    }


def level_names() -> dict[str, str]:
    """How a column's tenants have a service."""
    return {
        "full": pgettext("service level", "Full"),
        "partial": pgettext("service level", "Partial"),
        "external": pgettext("service level", "External"),
        "none": pgettext("service level", "None"),
    }


def kind_names() -> dict[str, str]:
    """Kinds of tenants."""
    return {
        "exchange": _("Exchange"),
        "broker": _("Broker"),
        "issuer": _("Listed company"),
        "vendor": _("Vendor"),
    }


def status_names() -> dict[str, str]:
    """Of tenants and lines."""
    return {
        "open": pgettext("status", "Open"),
        "suspended": _("Suspended"),
        "closed": pgettext("status", "Closed"),
    }


def subject_names() -> dict[str, str]:
    """What a change was of."""
    return {
        "tenant": _("Tenant"),
        "branch": _("Branch"),
        "cell": _("Matrix cell"),
        "line": _("Line"),
        "pool": _("Line pool"),
        "pack": _("Rule pack"),
        "member": _("Member"),
        "session": _("Session"),
        "day": pgettext("market", "Day"),
        "profile": _("Certificate profile"),
    }


def field_names() -> dict[str, str]:
    """Fields of what is changed."""
    return {
        "code": pgettext("tenant", "Code"),
        "kind": _("Kind"),
        "name_zh": _("Chinese name"),
        "name_en": _("English name"),
        "columns": _("Columns"),
        "status": _("Status"),
        "commission_ppm": _("Commission, per million"),
        "commission_minimum": _("Least commission"),
        "commission_minimum_odd_lot": _("Least commission, odd lot"),
        "level": _("Level"),
        "allowed": _("Named tenants"),
        "cap": _("Cap a second"),
        "tenant": _("Owner"),
        "tenants": _("Members"),
        "weights": _("Weights"),
        "sha256": "SHA-256",
        "password": _("Password"),
        "role": _("Role"),
        "email": _("E-mail"),
        "person": _("Person"),
    }


def channel_names() -> dict[str, str]:
    """By which way orders come in 委託來源."""
    return {
        "web": _("Web"),
        "mobile": _("Mobile"),
        "api": "API",
        "desk": _("Sales rep"),
        "keyin": _("Key-in"),
        "condition": _("Condition"),
        "program": _("Program"),
        "fix": "FIX",
    }
