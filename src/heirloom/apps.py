"""The one Django app."""

from django.apps import AppConfig


class HeirloomConfig(AppConfig):
    name = "heirloom"
    label = "heirloom"
    verbose_name = "Heirloom"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from heirloom.calls import rebuild as calls
        from heirloom.cases import indexing  # noqa: F401 -- tells search what it knows of cases
        from heirloom.cases import rebuild as cases
        from heirloom.sites import keeping as sites

        cases.register()
        calls.register()
        sites.register()
