"""What every template knows: the installation, the reader, and the ways from here."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from heirloom.calls.models import CallMember
from heirloom.people.models import Grant, User
from heirloom.people.queries import has_grant


def _entries(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    entries = []
    for label, name in pairs:
        try:
            entries.append({"label": label, "url": reverse(name)})
        except NoReverseMatch:
            continue
    return entries


def _navigation() -> list[dict[str, str]]:
    return _entries(
        (_("Collection"), "explore"), (_("Cases"), "cases"), (_("Calls"), "calls"), (_("Map"), "map")
    )


def _account_menu(user: Any) -> list[dict[str, str]]:
    if not isinstance(user, User):
        return _entries((_("Sign in"), "account_login"), (_("Create an account"), "account_signup"))
    pairs = [(_("My work"), "my")]
    roles = set(CallMember.objects.filter(user=user).values_list("role", flat=True))
    if CallMember.Role.REVIEWER in roles:
        pairs.append((_("My reviews"), "reviews"))
    if CallMember.Role.ORGANISER in roles or has_grant(user, Grant.Role.ORGANISER):
        pairs.append((_("Organise calls"), "organise"))
    pairs += [(_("Account and security"), "my-account"), (_("Sign out"), "account_logout")]
    return _entries(*pairs)


def _footer() -> list[dict[str, str]]:
    return _entries(
        (_("About this installation"), "about"), (_("For programs: API and harvesting"), "for-programs")
    )


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the installation's name and address, the reader's theme, and the menus, each made only where it is shown."""
    theme = request.COOKIES.get("theme", "")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "theme": theme if theme in {"light", "dark"} else "",
        "navigation": SimpleLazyObject(_navigation),
        "account_menu": SimpleLazyObject(lambda: _account_menu(getattr(request, "user", None))),
        "footer_links": SimpleLazyObject(_footer),
    }
