"""Addresses of language, theme, the icon, health and the development page."""

from django.conf import settings
from django.urls import path

from . import views

urlpatterns = [
    path("language/", views.set_language, name="set-language"),
    path("theme/", views.set_theme, name="set-theme"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("health/", views.health, name="health"),
]
if settings.DEBUG or getattr(settings, "SHOW_COMPONENTS", False):
    urlpatterns.append(path("dev/components/", views.components, name="components"))
