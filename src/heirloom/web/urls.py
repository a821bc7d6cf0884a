"""Addresses of pages and the API; each group of pages keeps its own list."""

from django.urls import URLPattern, URLResolver, include, path

from heirloom.web.api import app as api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("heirloom.web.site.urls")),
    path("", include("heirloom.web.public.urls")),
    path("", include("heirloom.web.exchange.urls")),
    path("api/", api.urls),
    path("my/", include("heirloom.web.my.urls")),
    path("organise/", include("heirloom.web.organise.urls")),
    path("review/", include("heirloom.web.review.urls")),
    path("account/", include("allauth.urls")),
]
