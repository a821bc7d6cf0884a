"""Items of a person: describing them, their files, labels and protocol, publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from heirloom.archive.safe_errors import Refused
from heirloom.catalogue import actions, actions_media, queries, rights, vocabularies
from heirloom.catalogue.actions_errors import NoTitle, Stale
from heirloom.catalogue.dates import InvalidDate
from heirloom.catalogue.models import Community, Item, Media, Place, Protocol, Term
from heirloom.errors import HeirloomError, NotFound
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.text.languages import InvalidLanguageTag
from heirloom.web.addresses import media_url, picture
from heirloom.web.forms.nested import translated
from heirloom.web.forms.refusals import plain, refusal
from heirloom.web.forms.writing import writing_languages
from heirloom.web.templatetags.rights_names import rights_name

_MOST: Final = 500
_FIELDS: Final[Mapping[type[HeirloomError], str]] = {
    InvalidDate: "date",
    vocabularies.UnknownRights: "rights",
    NoTitle: "title",
}


@login_required
@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """List the items that this person described or may edit for a community."""
    assert isinstance(request.user, User)
    page = Paginator(queries.items_to_edit(request.user), 25).get_page(request.GET.get("page"))
    return render(request, "heirloom/my/items.html", {"page_obj": page})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin to describe a thing with its kind and title; everything else follows on its page."""
    assert isinstance(request.user, User)
    error: dict[str, Any] | None = None
    title = Translated.from_json(translated(request.POST, "title"))
    kind = request.POST.get("kind", Item.Kind.IMAGE)
    if request.method == "POST":
        if not title:
            error = plain(_("Give it a title."), field="title")
        else:
            try:
                made = actions.create_item(request.user, kind=kind, title=title)
            except HeirloomError as refused:
                error = _refusal(refused)
            else:
                return redirect("item-edit", made.key)
    return render(
        request,
        "heirloom/my/item_new.html",
        {
            "error": error,
            "wrong": error["wrong"] if error else {},
            "kinds": Item.Kind.choices,
            "kind": kind,
            "title": title,
            "languages": writing_languages(request, title),
        },
        status=400 if error else 200,
    )


def _refusal(error: HeirloomError) -> dict[str, Any]:
    return refusal(error, field=next((name for kind, name in _FIELDS.items() if isinstance(error, kind)), ""))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Show one item with all that may be changed of it: each form of the page does one thing."""
    assert isinstance(request.user, User)
    item = queries.get_item(request.user, key)
    if not (
        rights.may_edit(request.user, item)
        or rights.may_publish(request.user, item)
        or _may_label(request.user)
    ):
        raise NotFound
    error: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        what = request.POST.get("what", "")
        try:
            error, gone = _act(request, request.user, item, what)
        except HeirloomError as refused:
            error, status = _placed(refused, what, request), refused.status
        else:
            if gone:
                return redirect("my-items")
            if error is None:
                messages.success(request, _("Saved."))
                anchor = {"upload": "#files", "media": "#files", "remove-media": "#files", "label": "#labels"}
                return redirect(f"{request.path}{anchor.get(what, '')}")
            status = 400
    return render(
        request, "heirloom/my/item_edit.html", _page(request, request.user, key, error), status=status
    )


def _placed(error: HeirloomError, what: str, request: HttpRequest) -> dict[str, Any]:
    """Name the field of the form that was sent."""
    if what == "upload" and isinstance(error, Refused):
        return refusal(error, field="file")
    if isinstance(error, InvalidLanguageTag):
        return refusal(
            error, field="language" if what == "upload" else f"media.{request.POST.get('media')}.language"
        )
    if isinstance(error, vocabularies.UnknownLabel):
        return refusal(error, field="code")
    return _refusal(error)


def _may_label(user: User) -> bool:
    return bool(rights.viewer(user).stewarded)


def _act(request: HttpRequest, user: User, item: Item, what: str) -> tuple[dict[str, Any] | None, bool]:
    """Do what one of the forms asks; return what was wrong with it, and whether the item is gone."""
    post = request.POST
    match what:
        case "describe":
            actions.edit_item(user, item, revision=_number(post.get("version")), **_described(request, item))
        case "upload":
            return _upload(request, user, item), False
        case "media" | "remove-media":
            _media(request, user, item, remove=what == "remove-media")
        case "protocol" | "label" | "unlabel":
            return _guard(request, user, item, what), False
        case "publish":
            actions.publish_item(user, item)
        case "withdraw":
            actions.withdraw_item(user, item, post.get("reason", "").strip()[:500])
        case "discard":
            actions.discard_draft(user, item)
            messages.success(request, _("The draft was thrown away."))
            return None, True
        case _:
            return plain(_("This form is not known here."), kept=_("Nothing was changed.")), False
    return None, False


def _guard(request: HttpRequest, user: User, item: Item, what: str) -> dict[str, Any] | None:
    """Set the protocol, apply a label or take one off; return what was wrong with the form, if anything."""
    post = request.POST
    if what == "protocol":
        protocol = Protocol.objects.filter(key=post.get("protocol", "")).first()
        if post.get("protocol") and protocol is None:
            return plain(_("Choose one of the offered values."), field="protocol")
        actions.set_protocol(user, item, protocol)
    elif what == "label":
        community = Community.objects.filter(key=post.get("community", "")).first()
        if community is None:
            return plain(_("Choose one of the offered values."), field="community")
        words = Translated.from_json(translated(post, "label_text"))
        actions.apply_label(user, item, community, post.get("code", ""), words)
    else:
        labels = item.labels.select_related("item", "community")
        label = labels.filter(pk=_number(post.get("label"))).first()
        if label is None:
            raise NotFound
        actions.remove_label(user, label)
    return None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 15 else -1


def _described(request: HttpRequest, item: Item) -> dict[str, Any]:
    """Return the changes that the form of the description sent."""
    post = request.POST
    changes: dict[str, Any] = {
        name: Translated.from_json(translated(post, name, getattr(item, name)))
        for name in ("title", "description", "date_note")
    }
    changes |= {name: post.get(name, "").strip() for name in ("kind", "date", "rights", "rights_holder")}
    changes["illustrative"] = "illustrative" in post
    wanted = set(post.getlist("places"))
    if "places.shown" in post and wanted != {place.key for place in item.places.all()}:
        changes["places"] = list(Place.objects.filter(key__in=wanted))
    wanted = set(post.getlist("communities"))
    if "communities.shown" in post and wanted != {community.key for community in item.communities.all()}:
        changes["communities"] = list(Community.objects.filter(key__in=wanted))
    wanted = set(post.getlist("terms"))
    if "terms.shown" in post and wanted != {str(term) for term in item.terms.all()}:
        codes = [name.partition(":")[2] for name in wanted]
        changes["terms"] = [term for term in Term.objects.filter(code__in=codes) if str(term) in wanted]
    return changes


def _upload(request: HttpRequest, user: User, item: Item) -> dict[str, Any] | None:
    """Take in the files one by one; what is accepted before one is refused stays."""
    post = request.POST
    files = request.FILES.getlist("file")
    if not files:
        return plain(_("Choose a file."), field="file", kept=_("Nothing was stored."))
    for file in files:
        assert isinstance(file, UploadedFile)
        source: Path | BinaryIO
        if isinstance(file, TemporaryUploadedFile):
            source = Path(file.temporary_file_path())
        else:
            source = cast("BinaryIO", file.file)
        actions_media.add_media(
            user,
            item,
            source,
            str(file.name),
            role=post.get("role", Media.Role.MASTER),
            alt=Translated.from_json(translated(post, "alt")),
            caption=Translated.from_json(translated(post, "caption")),
            language=post.get("language", "").strip(),
        )
    return None


def _media(request: HttpRequest, user: User, item: Item, *, remove: bool) -> None:
    post = request.POST
    media = Media.objects.filter(pk=_number(post.get("media")), item=item).select_related("item").first()
    if media is None:
        raise NotFound
    if remove:
        actions_media.remove_media(user, media)
        return
    base = f"media.{media.pk}"
    actions_media.describe_media(
        user,
        media,
        alt=Translated.from_json(translated(post, f"{base}.alt", media.alt)),
        caption=Translated.from_json(translated(post, f"{base}.caption", media.caption)),
        role=post.get(f"{base}.role") or None,
        language=post.get(f"{base}.language", "").strip(),
    )


def _page(request: HttpRequest, user: User, key: str, error: dict[str, Any] | None) -> dict[str, Any]:
    item = queries.get_item(user, key)
    who = rights.viewer(user)
    post = request.POST
    what = post.get("what", "") if error else ""
    described: Mapping[str, Any] = _shown(request, item, sent=what == "describe")
    served = list(Community.objects.filter(pk__in=who.stewarded).order_by("slug"))
    texts = (item.title, item.description, item.date_note, *(media.alt for media in item.media.all()))
    stale = error is not None and error["code"] == Stale.code
    return {
        "item": item,
        "shown": described,
        "version": item.revision if stale or what != "describe" else post.get("version", ""),
        "languages": writing_languages(request, [tag for text in texts for tag in text]),
        "kinds": Item.Kind.choices,
        "statements": _statements(described["rights"]),
        "places": _offered(Place.objects.order_by("pk"), item.places.all(), _MOST),
        "communities": _offered(Community.objects.order_by("slug"), item.communities.all(), _MOST),
        "terms": _offered(Term.objects.order_by("scheme", "code"), item.terms.all(), _MOST),
        "protocols": list(Protocol.objects.order_by("pk")[:200]),
        "protocol": post.get("protocol")
        if what == "protocol"
        else item.protocol.key
        if item.protocol
        else "",
        "files": [_file(request, item, media, sent=what == "media") for media in item.media.all()],
        "roles": Media.Role.choices,
        "upload": _sent_upload(request) if what == "upload" else {"role": Media.Role.MASTER},
        "labels": [
            (label, vocabularies.LABEL_KINDS.get(label.code), label.community_id in who.stewarded)
            for label in item.labels.all()
        ],
        "label_kinds": [
            (kind.code, f"{kind.code}: {_(kind.name)}") for kind in vocabularies.LABEL_KINDS.values()
        ],
        "served": served,
        "applying": {
            "community": post.get("community", "") if what == "label" else "",
            "code": post.get("code", "") if what == "label" else "",
            "text": Translated.from_json(translated(post, "label_text")) if what == "label" else Translated(),
        },
        "may_edit": rights.may_edit(who, item),
        "may_publish": rights.may_publish(who, item) and item.state != Item.State.PUBLISHED,
        "may_withdraw": rights.may_withdraw(who, item) and item.state == Item.State.PUBLISHED,
        "may_protect": rights.may_set_protocol(who, item),
        "may_discard": item.state == Item.State.DRAFT
        and not item.object_version
        and (item.owner_id == user.pk or who.cataloguer),
        "error": error,
        "wrong": error["wrong"] if error else {},
    }


def _shown(request: HttpRequest, item: Item, *, sent: bool) -> dict[str, Any]:
    post = request.POST
    names = ("kind", "date", "rights", "rights_holder")
    texts = ("title", "description", "date_note")
    if not sent:
        return {
            **{name: getattr(item, name) for name in (*names, *texts, "illustrative")},
            "places": [place.key for place in item.places.all()],
            "communities": [community.key for community in item.communities.all()],
            "terms": [str(term) for term in item.terms.all()],
        }
    return {
        **{name: post.get(name, "") for name in names},
        **{name: Translated.from_json(translated(post, name, getattr(item, name))) for name in texts},
        "illustrative": "illustrative" in post,
        **{name: post.getlist(name) for name in ("places", "communities", "terms")},
    }


def _statements(chosen: str) -> list[tuple[str, str]]:
    """Return the statements and licences that are offered, and the one in use where it is none of them."""
    offered = [("", _("Not said yet"))]
    offered += [
        (one.uri, one.code if one.code.startswith("CC") else f"{one.code}: {rights_name(one.uri)[0]}")
        for one in vocabularies.STATEMENTS.values()
    ]
    if chosen and chosen not in vocabularies.STATEMENTS:
        offered.append((chosen, rights_name(chosen)[0]))
    return offered


def _offered(rows: Any, held: Iterable[Any], most: int) -> list[Any]:
    """Return the first *most* rows and, whatever their place, those that the item has."""
    offered = list(rows[:most])
    known = {row.pk for row in offered}
    return [*offered, *(row for row in held if row.pk not in known)]


def _file(request: HttpRequest, item: Item, media: Media, *, sent: bool) -> dict[str, Any]:
    post = request.POST
    base = f"media.{media.pk}"
    mine = sent and post.get("media") == str(media.pk)
    described = {
        "media_type": media.media_type,
        "width": media.width,
        "height": media.height,
        "sha512": media.sha512,
        "alt": media.alt,
    }
    return {
        "row": media,
        "base": base,
        "url": media_url(item.key, media.sha512),
        "picture": picture(item.key, described),
        "alt": Translated.from_json(translated(post, f"{base}.alt", media.alt)) if mine else media.alt,
        "caption": Translated.from_json(translated(post, f"{base}.caption", media.caption))
        if mine
        else media.caption,
        "role": post.get(f"{base}.role", media.role) if mine else media.role,
        "language": post.get(f"{base}.language", media.language) if mine else media.language,
    }


def _sent_upload(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    return {
        "alt": Translated.from_json(translated(post, "alt")),
        "caption": Translated.from_json(translated(post, "caption")),
        "role": post.get("role", ""),
        "language": post.get("language", ""),
    }
