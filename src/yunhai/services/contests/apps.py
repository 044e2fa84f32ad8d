"""Django's name for this folder."""

from django.apps import AppConfig


class ContestsConfig(AppConfig):
    name = "yunhai.services.contests"
    label = "contests"
    default_auto_field = "django.db.models.BigAutoField"
