"""What follows from a signing key: a certificate where its person is registered, and its revocation with the key's."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from yunhai.platform.identity.models import SigningKey


@receiver(post_save, sender=SigningKey)
def _key_kept(sender: Any, instance: SigningKey, created: bool, **_: Any) -> None:
    from yunhai.services.trust import issuing

    if created:
        issuing.issue_if_registered(instance)
    elif instance.status == "revoked":
        issuing.revoke_of_key(instance)
