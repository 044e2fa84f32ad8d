"""What the rooms of trust call things, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def states() -> dict[str, tuple[str, str]]:
    """(name, tone) of certificates, consents and registrations."""
    return {
        "valid": (_("valid"), "good"),
        "held": (_("on hold"), "wait"),
        "revoked": (pgettext("certificate", "revoked"), "bad"),
        "expired": (pgettext("certificate", "expired"), "bad"),
        "renewed": (_("renewed"), ""),
        "not-yet-valid": (_("not valid yet"), "wait"),
        "given": (pgettext("consent", "given"), "good"),
        "withdrawn": (pgettext("consent", "withdrawn"), "bad"),
        "missing": (pgettext("consent", "not given"), "wait"),
        "applied": (_("waits for a second person"), "wait"),
        "approved": (_("approved"), "good"),
        "refused": (pgettext("registration", "refused"), "bad"),
        "active": (_("may sign"), "good"),
        "ended": (pgettext("key", "ended"), ""),
    }


def reasons() -> dict[str, str]:
    """Why a certificate is revoked; `hold` can be taken back."""
    return {
        "hold": _("Hold for now (can be undone)"),
        "key_compromise": _("The device or key is lost or in other hands"),
        "cessation": _("No longer needed"),
        "superseded": _("Replaced by another"),
        "affiliation_changed": _("No longer with this firm"),
        "privilege_withdrawn": _("The right to sign was withdrawn"),
        "unspecified": _("No reason given"),
    }


def documents() -> dict[str, str]:
    """Kinds of identity documents."""
    return {
        "id_card": _("National ID card"),
        "passport": _("Passport"),
        "resident_certificate": _("Resident certificate"),
        "second_document": _("Second document (health card, driving licence)"),
        "company_registration": _("Company registration"),
        "mandate": _("Mandate"),
    }


def key_kinds() -> dict[str, str]:
    """Kinds of signing keys."""
    return {
        "device": _("Device"),
        "cloud": _("Cloud"),
        "clerk": _("Desk terminal"),
        "api": _("API program"),
        "order": _("Orders"),
        "document": _("Documents"),
    }


def registration_kinds() -> dict[str, str]:
    """What a person is registered as."""
    return {"investor": _("Investor"), "clerk": _("Clerk"), "program": _("API program")}


def factors() -> dict[str, str]:
    """Second factors."""
    return {"totp": _("Authenticator app"), "passkey": _("Passkey")}


def revokers() -> dict[str, str]:
    """Who revoked."""
    return {
        "person": _("by the person"),
        "desk": _("by the broker's desk"),
        "operator": _("by the operator"),
        "key": _("with its key"),
    }


def interfaces() -> dict[str, str]:
    """What a certificate opens a connection for."""
    return {"broker": _("Broker's system"), "software": _("Software or program"), "line": _("Line")}


def scripts() -> dict[str, str]:
    """What the scripts of these pages say."""
    return {
        "this_device": _("This device"),
        "device_none": _("This device has no key yet."),
        "device_here": _("This device holds key {key}."),
        "device_gone": _("The key that this device held was ended; it was forgotten here."),
    }
