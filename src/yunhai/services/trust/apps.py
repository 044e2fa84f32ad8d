"""Django's name for this folder."""

from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "yunhai.services.trust"
    label = "trust"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunhai.services.trust import signals  # noqa: F401 its receivers
