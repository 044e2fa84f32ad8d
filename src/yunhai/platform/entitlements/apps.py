"""Django's name for this folder."""

from django.apps import AppConfig


class EntitlementsConfig(AppConfig):
    name = "yunhai.platform.entitlements"
    label = "entitlements"
    default_auto_field = "django.db.models.BigAutoField"
