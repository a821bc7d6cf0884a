"""Telling a case: the form of its content, its preview, and who works on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from heirloom.cases import actions, content, facts, queries, rerun, rules, sealing
from heirloom.cases.errors import EditedMeanwhile, InvalidContent, NotReadyToSeal
from heirloom.cases.models import Case, CaseMember, Cost
from heirloom.catalogue.models import Community, Item, Place, Protocol, Term
from heirloom.people.models import User
from heirloom.people.queries import person_by_email
from heirloom.text import Translated, canonical
from heirloom.web.case_page import case_page
from heirloom.web.forms.nested import parts, translated
from heirloom.web.middleware import explain
from heirloom.web.reader import languages

_BLANK = 1


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a case with its title."""
    error = None
    if request.method == "POST":
        title = Translated.from_json(translated(request.POST, "title"))
        if title:
            assert isinstance(request.user, User)
            return redirect("case-edit", actions.create_case(request.user, title).key)
        error = {"message": _("A case needs a title."), "kept": "", "code": ""}
    return render(
        request,
        "heirloom/my/case_new.html",
        {"error": error, "languages": languages(request)[:1]},
        status=400 if error else 200,
    )


def _posted(request: HttpRequest, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that the form sent; what it does not ask for stays as it was."""
    post = request.POST
    read = dict(before)
    for name in ("title", "summary", "skills"):
        read[name] = translated(post, name, Translated.from_json(before[name]))
    for name in ("started", "ended", "rights", "cover", "protocol"):
        if name in post:
            read[name] = post[name].strip() or (None if name in {"cover", "protocol"} else "")
    read["illustrative"] = "illustrative" in post
    for name in ("places", "communities", "terms"):
        if f"{name}.shown" in post:
            read[name] = post.getlist(name)
    read["sections"] = parts(
        post, "sections", plain=("item", "run"), texts=("heading", "body"), before=before["sections"]
    )
    read["costs"] = [
        part | {"currency": part["currency"].upper()}
        for part in parts(
            post,
            "costs",
            plain=("kind", "amount", "currency"),
            texts=("what",),
            flags=("recurring",),
            before=before["costs"],
        )
        if part["amount"] or part["currency"] or part["what"]
    ]
    read["reach"] = parts(
        post, "reach", plain=("number", "women"), texts=("who", "evidence"), before=before["reach"]
    )
    read["goals"] = [
        part
        for part in parts(
            post,
            "goals",
            plain=("goal", "target", "item", "run"),
            texts=("evidence",),
            before=before["goals"],
        )
        if part["goal"]
    ]
    read["partners"] = parts(
        post, "partners", plain=("uri", "country"), texts=("name", "role"), before=before["partners"]
    )
    read["sources"] = parts(post, "sources", plain=("title", "url"))
    return read


def _writing_languages(request: HttpRequest, shown: Mapping[str, Any]) -> list[str]:
    """Return the languages that the form asks for: those of the case, the reader's, and one that was asked for."""
    used = facts.languages(shown)
    wanted = [canonical(request.POST.get("language", "") or languages(request)[0]), *used]
    if asked := request.POST.get("add_language", "").strip():
        try:
            wanted.append(canonical(asked))
        except ValueError:
            messages.warning(request, _("“%(tag)s” is not a language tag.") % {"tag": asked})
    return list(dict.fromkeys(wanted))


def _form(
    request: HttpRequest, case: Case, shown: Mapping[str, Any], revision: int, error: Any = None
) -> dict[str, Any]:
    more = request.POST.get("more", "")
    assert isinstance(request.user, User)
    blank = {
        name: [*shown[name], *([{}] * (_BLANK if name == more or not shown[name] else 0))]
        for name in ("sections", "costs", "reach", "goals", "partners", "sources")
    }
    return {
        "case": case,
        "shown": shown,
        "parts": {
            name: [(number, _readable(part)) for number, part in enumerate(rows)]
            for name, rows in blank.items()
        },
        "title": Translated.from_json(shown["title"]),
        "summary": Translated.from_json(shown["summary"]),
        "skills": Translated.from_json(shown["skills"]),
        "revision": revision,
        "error": error,
        "languages": _writing_languages(request, shown),
        "items": list(_choosable_items(request.user, case)),
        "runs": list(case.runs.all()),
        "places": list(Place.objects.order_by("pk")[:500]),
        "communities": list(Community.objects.order_by("slug")[:200]),
        "terms": list(Term.objects.order_by("scheme", "code")[:500]),
        "protocols": list(Protocol.objects.order_by("pk")[:100]),
        "cost_kinds": Cost.Kind.choices,
        "goals": range(1, 18),
        "may_lead": rules.may_lead(request.user, case),
        "role": rules.role_on(request.user, case),
    }


def _readable(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part with its texts as translated texts, for the template."""
    texts = {"heading", "body", "what", "who", "evidence", "name", "role"}
    return {
        name: Translated.from_json(value) if name in texts and isinstance(value, Mapping) else value
        for name, value in part.items()
    }


def _choosable_items(user: User, case: Case) -> list[Item]:
    shown = {item.pk: item for item in sealing.shown_items(case)}
    mine = queries.embeddable_items(user).filter(owner=user).order_by("-updated_at")[:200]
    return [*shown.values(), *(item for item in mine if item.pk not in shown)]


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Edit the whole case on one page; every button works without scripts."""
    assert isinstance(request.user, User)
    case = queries.case_for_editing(request.user, key)
    before = content.describe(case)
    if request.method == "GET":
        return render(request, "heirloom/my/case_edit.html", _form(request, case, before, case.revision))
    posted = _posted(request, before)
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        revision = -1
    try:
        saved = actions.save_content(request.user, case, posted, revision=revision)
    except (InvalidContent, EditedMeanwhile) as error:
        current = case.revision if isinstance(error, EditedMeanwhile) else revision
        return render(
            request,
            "heirloom/my/case_edit.html",
            _form(request, case, posted, current, explain(error)),
            status=error.status,
        )
    if "more" in request.POST or request.POST.get("add_language"):
        fresh = queries.case_for_editing(request.user, key)
        context = _form(request, fresh, content.describe(fresh), saved.revision)
        return render(request, "heirloom/my/case_edit.html", context)
    messages.success(request, _("Saved."))
    return redirect("case-edit", key)


@login_required
@require_GET
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Show the case as others would see it, and what is still lacking."""
    case = queries.case_for_editing(request.user, key)
    sealed = sealing.sealed_content(case)
    sealed["facts"] = facts.compute(sealed, rerun.rerunnable(sealed))
    return render(
        request,
        "heirloom/my/case_preview.html",
        {"case": case, "page": case_page(sealed), "lacking": _lacking(case)},
    )


def _lacking(case: Case) -> str:
    try:
        actions.check_ready(case, {"agreed": True})
    except NotReadyToSeal as error:
        return explain(error)["message"]
    return ""


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, key: str) -> HttpResponse:
    """Share the work on a case."""
    assert isinstance(request.user, User)
    case = queries.case_for_editing(request.user, key)
    error = None
    if request.method == "POST":
        person = person_by_email(request.POST.get("email", ""))
        role = request.POST.get("role", "")
        if person is None:
            error = {
                "message": _("Nobody here has this address. Ask them to create an account first."),
                "kept": "",
            }
        else:
            try:
                actions.set_member(
                    request.user, case, person, role if role in CaseMember.Role.values else None
                )
            except NotReadyToSeal as refused:
                error = explain(refused)
            else:
                messages.success(request, _("Saved."))
                return redirect("case-people", key)
    return render(
        request,
        "heirloom/my/case_people.html",
        {
            "case": case,
            "members": case.members.select_related("user"),
            "roles": CaseMember.Role.choices,
            "may_lead": rules.may_lead(request.user, case),
            "error": error,
        },
        status=400 if error else 200,
    )
