"""Language, theme, the icon, health, and the page of components."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from heirloom import __version__

_YEAR = 365 * 24 * 3600
_LEAST_FREE = 200 * 1024**2


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """Return to the page the person was on, if it is one of ours."""
    target = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return HttpResponseRedirect(target)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language and go back to the same place."""
    response = _back(request)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.SECURE,
            samesite="Lax",
        )
        if request.user.is_authenticated:
            request.user.language = language
            request.user.save(update_fields=["language"])
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark, or as the device has it."""
    response = _back(request)
    theme = request.POST.get("theme", "")
    if theme in {"light", "dark"}:
        response.set_cookie("theme", theme, max_age=_YEAR, secure=settings.SECURE, samesite="Lax")
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@require_safe
@cache_control(max_age=24 * 3600, public=True)
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Lead whatever asks for the icon by its old name, such as feed readers and bookmarks, to the picture."""
    return HttpResponseRedirect(static("favicon.png"))


@require_GET
@never_cache
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Say whether this installation can serve: the database answers, the archive is there, the disk has room."""
    checks: dict[str, Any] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks["database"] = "ok"
    except DatabaseError:
        checks["database"] = "unreachable"
    checks["archive"] = "ok" if settings.ARCHIVE_ROOT.is_dir() else "missing"
    free = shutil.disk_usage(settings.DATA).free if settings.DATA.is_dir() else 0
    checks["disk"] = "ok" if free >= _LEAST_FREE else "full"
    healthy = all(state == "ok" for state in checks.values())
    return JsonResponse(
        {"status": "ok" if healthy else "failing", "version": __version__, "checks": checks},
        status=200 if healthy else 503,
    )


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Show every component of the design system."""
    return render(request, "heirloom/dev/components.html", {"here": reverse("components")})
