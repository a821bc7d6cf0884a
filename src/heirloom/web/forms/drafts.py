"""Saving a draft while a person writes: which version a form was made on, and whether a newer one is its own.

A page that saves by itself names itself (``?page=``). When an answer is lost on the way, or somebody presses Save while the
page is saving, the form comes back with an older version than the row's, although nobody else has touched it. The session
remembers which page saved last, so that such a form is not taken for a conflict.
"""

from __future__ import annotations

import secrets

from django.http import HttpRequest, JsonResponse

from heirloom.cases.errors import EditedMeanwhile
from heirloom.errors import HeirloomError
from heirloom.web.middleware import explain

_MOST = 20


def page_name(request: HttpRequest) -> str:
    """Return the name of the page that is being shown: the one it had before an error, or a fresh one."""
    given = request.GET.get("page", "")
    return given if given.isalnum() and len(given) <= 40 else secrets.token_hex(8)


def base_version(request: HttpRequest, draft: str, current: int) -> int:
    """Return the version that the sent form may replace: the one it says, or the current one if this page made it.

    Args:
        draft: which draft, such as ``submission:KEY``.
        current: the version that is kept now.
    """
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else -1
    page = request.GET.get("page", "")
    own = request.session.get("drafts", {}).get(draft)
    if page and own == [page, current] and 0 <= version <= current:
        return current
    return version


def remember(request: HttpRequest, draft: str, version: int) -> None:
    """Note that the page which sent this form made *version*."""
    if not request.GET.get("page"):
        return
    drafts = dict(request.session.get("drafts", {}))
    drafts.pop(draft, None)
    drafts[draft] = [request.GET.get("page", ""), version]
    request.session["drafts"] = dict(list(drafts.items())[-_MOST:])


def saved(version: int) -> JsonResponse:
    """Answer a form that saves by itself: kept, and what its version is now."""
    return JsonResponse({"version": str(version)})


def refused(error: HeirloomError) -> JsonResponse:
    """Answer a form that saves by itself: not kept. Only somebody else's change is a conflict (409)."""
    status = error.status
    if status == EditedMeanwhile.status and not isinstance(error, EditedMeanwhile):
        status = 422
    return JsonResponse({"error": explain(error)}, status=status)
