"""Django's name for this folder."""

from django.apps import AppConfig


class QuotesConfig(AppConfig):
    name = "yunhai.services.quotes"
    label = "quotes"
    default_auto_field = "django.db.models.BigAutoField"
