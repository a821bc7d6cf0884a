"""A person's own data: see it, take it along, have it erased."""

from __future__ import annotations

import json
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from heirloom.calls import personal
from heirloom.catalogue import rights
from heirloom.catalogue.models import Community, Membership
from heirloom.people.models import User
from heirloom.web.forms.refusals import plain


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
    may_found = rights.may_found(request.user)
    stewarded = Membership.objects.filter(community=OuterRef("pk"), role=Membership.Role.STEWARD)
    leads = Q(Exists(stewarded.filter(user=request.user)))
    if may_found:
        leads |= ~Q(Exists(stewarded))
    served = Community.objects.filter(leads).order_by("slug")
    return render(
        request, "heirloom/my/account.html", {"communities": list(served[:200]), "may_found": may_found}
    )


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
    error: dict[str, Any] | None = None
    needs_password = request.user.has_usable_password()
    if request.method == "POST":
        if not ratelimit.consume(request, action="reauthenticate", user=request.user):
            error = plain(_("Too many attempts. Wait a while."), kept=_("Nothing was erased."))
        elif not needs_password and "sure" not in request.POST:
            error = plain(
                _("Tick the box to say that you are sure."), field="sure", kept=_("Nothing was erased.")
            )
        elif needs_password and not request.user.check_password(request.POST.get("password", "")):
            error = plain(_("This is not your password."), field="password", kept=_("Nothing was erased."))
        else:
            user = request.user
            logout(request)
            personal.erase(user)
            return render(request, "heirloom/my/erased.html", {})
    return render(
        request,
        "heirloom/my/erase.html",
        {
            "kept": personal.what_stays(request.user),
            "needs_password": needs_password,
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=400 if error else 200,
    )
