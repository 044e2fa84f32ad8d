"""Django's name for this folder."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "yunhai.platform.identity"
    label = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yunhai.platform.identity import codes, signals  # noqa: F401 - its receivers

        codes.install()
