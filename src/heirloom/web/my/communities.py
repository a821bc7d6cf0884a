"""Communities: added by cataloguers; each has its own page for its stewards: how it is described, who belongs to it, its protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from heirloom.catalogue import actions_community as actions
from heirloom.catalogue import rights
from heirloom.catalogue.actions_errors import InvalidField, InvalidProtocol
from heirloom.catalogue.models import Community, Membership, Protocol
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.people.queries import person_by_email
from heirloom.text import Translated
from heirloom.web.forms.nested import translated
from heirloom.web.forms.refusals import plain, refusal
from heirloom.web.forms.writing import writing_languages


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Add a community; its page then asks for the first steward, after whom stewards alone decide."""
    assert isinstance(request.user, User)
    if not rights.may_found(request.user):
        raise NotFound
    error: dict[str, Any] | None = None
    status = 200
    post = request.POST
    name = Translated.from_json(translated(post, "name"))
    description = Translated.from_json(translated(post, "description"))
    if request.method == "POST":
        try:
            made = actions.create_community(
                request.user,
                slug=post.get("slug", "").strip(),
                name=name,
                description=description,
                contact=post.get("contact", "").strip()[:2000],
            )
        except HeirloomError as refused:
            field = str(refused.params.get("field") or "slug")
            error, status = refusal(refused, field=field), refused.status
            if field == "name":
                error = plain(_("Give it a name."), field="name", kept=error["kept"])
        else:
            messages.success(request, _("Saved."))
            return redirect("community-steward", made.slug)
    return render(
        request,
        "heirloom/my/community_new.html",
        {
            "name": name,
            "description": description,
            "slug": post.get("slug", ""),
            "contact": post.get("contact", ""),
            "languages": writing_languages(request, [*name, *description]),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def community(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a community to those who serve it; each form of the page does one thing."""
    assert isinstance(request.user, User)
    found = Community.objects.filter(slug=slug).first()
    if found is None or not rights.may_lead(request.user, found):
        raise NotFound
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        what = request.POST.get("what", "")
        try:
            error = _act(request, request.user, found, what)
        except HeirloomError as refused:
            error, status = _placed(refused, what, request), refused.status
        else:
            if error is None:
                messages.success(request, _("Saved."))
                if not rights.may_lead(request.user, found):
                    return redirect("my-account")
                return redirect(request.path)
            status = 400
    return render(
        request, "heirloom/my/community.html", _page(request, request.user, found, error), status=status
    )


def _placed(error: HeirloomError, what: str, request: HttpRequest) -> dict[str, Any]:
    if isinstance(error, InvalidProtocol):
        number = request.POST.get("protocol", "")
        return refusal(error, field=f"protocol.{number or 'new'}.name" if "name" in str(error) else "")
    if isinstance(error, InvalidField) and what == "describe":
        return refusal(error, field="name")
    return refusal(error)


def _act(request: HttpRequest, user: User, found: Community, what: str) -> dict[str, Any] | None:
    """Do what one of the forms asks; return what was wrong with it, if anything."""
    post = request.POST
    if what == "describe":
        actions.edit_community(
            user,
            found,
            name=Translated.from_json(translated(post, "name", found.name)),
            description=Translated.from_json(translated(post, "description", found.description)),
            contact=post.get("contact", "").strip()[:2000],
        )
    elif what == "member":
        person = person_by_email(post.get("email", ""))
        if person is None:
            asked = _("Nobody here has this address. Ask them to create an account first.")
            return plain(asked, field="email", kept=_("Nothing was changed."))
        held = _pairs(post.get("attributes", ""))
        if held is None or any(len(values) > 1 for values in held.values()):
            return plain(_("Write one a line, as gender: women."), field="attributes")
        attributes = {name: values[0] for name, values in held.items()}
        actions.add_member(user, found, person, role=post.get("role", ""), attributes=attributes)
    elif what == "remove-member":
        one = found.memberships.filter(pk=_number(post.get("member"))).select_related("community").first()
        if one is None:
            raise NotFound
        actions.remove_member(user, one)
    elif what in {"protocol", "remove-protocol"}:
        return _protocol(request, user, found, remove=what == "remove-protocol")
    else:
        return plain(_("This form is not known here."), kept=_("Nothing was changed."))
    return None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 15 else -1


def _pairs(text: str) -> dict[str, list[str]] | None:
    """Read lines such as ``gender: women, men``; None where a line is not of this form."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, values = line.partition(":")
        listed = [value.strip() for value in values.split(",") if value.strip()]
        if not (name.strip() and colon and listed):
            return None
        found[name.strip()] = listed
    return found


def _lines(pairs: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{name}: {', '.join(values) if isinstance(values, list) else values}"
        for name, values in pairs.items()
    )


def _seasons(text: str) -> list[list[str]]:
    """Read lines such as ``04-13 04-16`` (from, to: month and day); the action refuses what is no season."""
    return [line.replace("–", " ").split() for line in text.splitlines() if line.strip()]


def _season_lines(seasons: Sequence[Sequence[str]]) -> str:
    return "\n".join(" ".join(span) for span in seasons)


def _protocol(request: HttpRequest, user: User, found: Community, *, remove: bool) -> dict[str, Any] | None:
    post = request.POST
    number = post.get("protocol", "")
    held = found.protocols.filter(pk=_number(number)).first() if number else None
    if number and held is None:
        raise NotFound
    if remove:
        if held is None:
            raise NotFound
        actions.remove_protocol(user, held)
        return None
    base = f"protocol.{number or 'new'}"
    asked = _pairs(post.get(f"{base}.attributes", ""))
    if asked is None:
        return plain(_("Write one a line, as gender: women."), field=f"{base}.attributes")
    seasons = _seasons(post.get(f"{base}.seasons", ""))
    if not all(rights.valid_season(span) for span in seasons):
        wrong = _("Write one a line, from and to as month and day: 04-13 04-16.")
        return plain(wrong, field=f"{base}.seasons")
    name = Translated.from_json(translated(post, f"{base}.name", held.name if held else None))
    note = Translated.from_json(translated(post, f"{base}.note", held.note if held else None))
    if not name:
        return plain(_("Give it a name."), field=f"{base}.name")
    audience = post.get(f"{base}.audience", "")
    if held is None:
        actions.define_protocol(
            user,
            name=name,
            audience=audience,
            communities=[found],
            seasons=seasons,
            attributes=asked,
            note=note,
        )
    else:
        actions.edit_protocol(
            user, held, name=name, note=note, audience=audience, seasons=seasons, attributes=asked
        )
    return None


def _page(request: HttpRequest, user: User, found: Community, error: dict[str, Any] | None) -> dict[str, Any]:
    post = request.POST
    what = post.get("what", "") if error else ""
    name, description, contact = found.name, found.description, found.contact
    if what == "describe":
        name = Translated.from_json(translated(post, "name", found.name))
        description = Translated.from_json(translated(post, "description", found.description))
        contact = post.get("contact", "")
    members = list(found.memberships.select_related("user").order_by("-role", "user__name", "pk"))
    protocols = list(found.protocols.order_by("pk"))
    sent = post.get("protocol", "") if what == "protocol" else None
    texts = (name, description, *(text for one in protocols for text in (one.name, one.note)))
    return {
        "community": found,
        "name": name,
        "description": description,
        "contact": contact,
        "languages": writing_languages(request, [tag for text in texts for tag in text]),
        "members": [(one, _lines(one.attributes)) for one in members],
        "may_end": rights.is_steward(user, found),
        "roles": Membership.Role.choices,
        "member": {
            "email": post.get("email", "") if what == "member" else "",
            "role": post.get("role", "") if what == "member" else Membership.Role.MEMBER,
            "attributes": post.get("attributes", "") if what == "member" else "",
        },
        "protocols": [_shown(request, one, sent=sent == str(one.pk)) for one in protocols],
        "fresh": _shown(request, None, sent=sent == ""),
        "audiences": Protocol.Audience.choices,
        "may_define": rights.may_define(user, [found]),
        "error": error,
        "wrong": error["wrong"] if error else {},
    }


def _shown(request: HttpRequest, one: Protocol | None, *, sent: bool) -> dict[str, Any]:
    post = request.POST
    base = f"protocol.{one.pk if one else 'new'}"
    shown = {
        "row": one,
        "base": base,
        "name": one.name if one else Translated(),
        "note": one.note if one else Translated(),
        "audience": one.audience if one else Protocol.Audience.MEMBERS,
        "seasons": _season_lines(one.seasons) if one else "",
        "attributes": _lines(one.attributes) if one else "",
        "open": sent,
    }
    if sent:
        shown |= {name: post.get(f"{base}.{name}", "") for name in ("audience", "seasons", "attributes")}
        shown |= {
            name: Translated.from_json(
                translated(post, f"{base}.{name}", getattr(one, name) if one else None)
            )
            for name in ("name", "note")
        }
    return shown
