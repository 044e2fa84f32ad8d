"""Django's name for this folder."""

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "yunhai.platform.tenancy"
    label = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"
