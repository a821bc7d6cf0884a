"""The one Django app."""

from django.apps import AppConfig


class HeirloomConfig(AppConfig):
    name = "heirloom"
    label = "heirloom"
    verbose_name = "Heirloom"
    default_auto_field = "django.db.models.BigAutoField"
