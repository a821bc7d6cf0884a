"""Middleware that turns a coded error into a page or an answer."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from heirloom.errors import HeirloomError


def explain(error: HeirloomError) -> dict[str, str]:
    """Return the error in the reader's language: what was wrong and what was kept."""
    params = {
        name: gettext(str(value)) if name == "problem" else str(value) for name, value in error.params.items()
    }
    return {
        "code": error.code,
        "message": gettext(error.message).format(**params),
        "kept": gettext(error.kept) if error.kept else "",
    }


class HeirloomErrorMiddleware:
    """Answer a :class:`HeirloomError` that no view caught with its own status and a page that explains it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, HeirloomError):
            return None
        return render(request, "heirloom/error.html", {"error": explain(exception)}, status=exception.status)
