"""Django's name for this folder."""

from django.apps import AppConfig


class ChartsConfig(AppConfig):
    name = "yunhai.services.charts"
    label = "charts"
    default_auto_field = "django.db.models.BigAutoField"

    def warm(self) -> None:
        """Opens the lake's engine and reads the registry of indicators: what a chart's first bars would wait for."""
        from yunhai.services.charts import api

        api.warm()
