"""A person's own data: see it, take it along, have it erased."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from heirloom.calls import personal
from heirloom.people.models import User


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Change one's name; find security, download and erasure."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        request.user.name = request.POST.get("name", "").strip()[:200]
        request.user.save(update_fields=["name"])
        messages.success(request, _("Saved."))
        return redirect("my-account")
    return render(request, "heirloom/my/account.html", {"kept": personal.what_stays(request.user)})


@login_required
@require_GET
def download(request: HttpRequest) -> HttpResponse:
    """Give a person everything that is kept about them, as JSON."""
    assert isinstance(request.user, User)
    data = json.dumps(personal.everything(request.user), ensure_ascii=False, indent=1)
    response = HttpResponse(data, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Ask, then erase a person's data; say what stays and why."""
    assert isinstance(request.user, User)
    error = ""
    if request.method == "POST":
        if not request.user.has_usable_password() or request.user.check_password(
            request.POST.get("password", "")
        ):
            user = request.user
            logout(request)
            personal.erase(user)
            return render(request, "heirloom/my/erased.html", {})
        error = _("This is not your password. Nothing was erased.")
    return render(
        request,
        "heirloom/my/erase.html",
        {"kept": personal.what_stays(request.user), "error": error},
        status=400 if error else 200,
    )
