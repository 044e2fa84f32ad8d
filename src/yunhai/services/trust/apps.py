"""Django's name for this folder."""

from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "yunhai.services.trust"
    label = "trust"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunhai.services.orders import api as orders
        from yunhai.services.trust import (
            evidence,
            signals,  # noqa: F401 its receivers
        )

        orders.also_tell(evidence.on_timeline)
