"""Django's name for this folder."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "yunhai.services.orders"
    label = "orders"
    default_auto_field = "django.db.models.BigAutoField"
