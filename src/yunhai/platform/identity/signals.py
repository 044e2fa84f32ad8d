"""What follows from signing out and from second factors, whoever's code did it.

The core is told in the transaction that adds or removes a factor (the model's own signals; allauth's come after the
commit). Whoever has just set one up has shown that they hold it: their session counts as opened with it.
"""

from typing import Any, Final

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from yunhai.platform.identity.api import end_session, refresh_trade
from yunhai.platform.identity.caller import session_id
from yunhai.platform.identity.models import Person

FACTORS: Final = frozenset({Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN})


@receiver(user_logged_out)
def _signed_out(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    if isinstance(user, Person) and request.session.session_key:
        end_session(user, session_id(request.session.session_key))


@receiver(post_save, sender=Authenticator)
def _factor_kept(sender: Any, instance: Authenticator, created: bool, **_: Any) -> None:
    if created and instance.type in FACTORS:
        refresh_trade(instance.user)


@receiver(post_delete, sender=Authenticator)
def _factor_gone(sender: Any, instance: Authenticator, **_: Any) -> None:
    if instance.type in FACTORS:
        refresh_trade(instance.user)


@receiver(authenticator_added)
def _factor_shown(sender: Any, request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
