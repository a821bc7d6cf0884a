"""Telling a case: the form of its content, its preview, and who works on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from heirloom.cases import actions, content, facts, queries, rerun, rules, sealing
from heirloom.cases.errors import EditedMeanwhile, NotReadyToSeal
from heirloom.cases.models import Case, CaseMember, Cost
from heirloom.catalogue import rights
from heirloom.catalogue.models import Community, Item, Place, Protocol, Term
from heirloom.errors import HeirloomError
from heirloom.people.models import User
from heirloom.people.queries import person_by_email
from heirloom.text import Translated
from heirloom.web.case_page import case_page
from heirloom.web.forms.drafts import base_version, page_name, refused, remember, saved
from heirloom.web.forms.nested import parts, translated
from heirloom.web.forms.refusals import plain, refusal
from heirloom.web.forms.writing import writing_languages
from heirloom.web.reader import languages


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
        error = plain(_("A case needs a title."), field="title")
    return render(
        request,
        "heirloom/my/case_new.html",
        {"error": error, "wrong": error["wrong"] if error else {}, "languages": languages(request)[:1]},
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
    read["partners"] = [
        part | {"country": part["country"].upper()}
        for part in parts(
            post, "partners", plain=("uri", "country"), texts=("name", "role"), before=before["partners"]
        )
    ]
    read["sources"] = parts(post, "sources", plain=("title", "url"))
    return read


def _form(
    request: HttpRequest, case: Case, shown: Mapping[str, Any], revision: int, error: Any = None
) -> dict[str, Any]:
    more = request.POST.get("more", "")
    assert isinstance(request.user, User)
    may_edit = rules.may_edit(request.user, case)
    # Each list ends with an empty part, folded away until somebody wants one more; a case begins with a section in sight.
    blank = {
        name: [
            *shown[name],
            *([{"blank": True, "open": name == more or (name == "sections" and not shown[name])}] * may_edit),
        ]
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
        "version": revision,
        "page": page_name(request),
        "error": error,
        "wrong": error["wrong"] if error else {},
        "languages": writing_languages(request, facts.languages(shown)),
        "items": list(_choosable_items(request.user, case)),
        "runs": list(case.runs.all()),
        "places": _offered(Place.objects.order_by("pk"), shown["places"], 500),
        "communities": _offered(Community.objects.order_by("slug"), shown["communities"], 200),
        "terms": _offered_terms(shown["terms"]),
        "protocols": _offered(Protocol.objects.order_by("pk"), [shown["protocol"]], 100),
        "cost_kinds": Cost.Kind.choices,
        "may_lead": rules.may_lead(request.user, case),
        "may_edit": may_edit,
    }


def _offered(rows: QuerySet[Any], chosen: Iterable[str | None], most: int) -> list[Any]:
    """Return the first *most* rows and, whatever their place, those that are chosen."""
    offered = list(rows[:most])
    missing = {key for key in chosen if key} - {row.key for row in offered}
    return [*offered, *(rows.filter(key__in=missing) if missing else [])]


def _offered_terms(chosen: Iterable[str]) -> list[Term]:
    offered = list(Term.objects.order_by("scheme", "code")[:500])
    missing = set(chosen) - {str(term) for term in offered}
    codes = [name.partition(":")[2] for name in missing]
    more = Term.objects.filter(code__in=codes) if codes else []
    return [*offered, *(term for term in more if str(term) in missing)]


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
    version = base_version(request, f"case:{key}", case.revision)
    try:
        made = actions.save_content(request.user, case, posted, revision=version)
    except HeirloomError as error:
        # After a conflict the form carries the version it was compared with, so that saving again replaces it.
        current = case.revision if isinstance(error, EditedMeanwhile) else version
        context = _form(request, case, posted, current, refusal(error))
        return render(request, "heirloom/my/case_edit.html", context, status=error.status)
    if "more" in request.POST or request.POST.get("add_language"):
        fresh = queries.case_for_editing(request.user, key)
        context = _form(request, fresh, content.describe(fresh), made.revision)
        return render(request, "heirloom/my/case_edit.html", context)
    messages.success(request, _("Saved."))
    return redirect("case-edit", key)


@login_required
@require_POST
def autosave(request: HttpRequest, key: str) -> JsonResponse:
    """Save a case in the background."""
    assert isinstance(request.user, User)
    try:
        case = queries.case_for_editing(request.user, key)
        posted = _posted(request, content.describe(case))
        version = base_version(request, f"case:{key}", case.revision)
        made = actions.save_content(request.user, case, posted, revision=version)
    except HeirloomError as error:
        return refused(error)
    remember(request, f"case:{key}", made.revision)
    return saved(made.revision)


@login_required
@require_GET
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Show the case as others would see it, and what is still lacking. A protocol also binds those who work on the case."""
    case = queries.case_for_editing(request.user, key)
    sealed = sealing.sealed_content(case)
    who = rights.viewer(request.user)
    seen = {
        item.key
        for item in sealing.shown_items(case)
        if item.state != Item.State.WITHDRAWN and rights.protocol_allows(who, item.protocol)
    }
    sealed["facts"] = facts.compute(sealed, rerun.rerunnable(sealed))
    return render(
        request,
        "heirloom/my/case_preview.html",
        {"case": case, "page": case_page(sealed, may_see=seen.__contains__), "lacking": _lacking(case)},
    )


def _lacking(case: Case) -> str:
    try:
        actions.check_ready(case, {"agreed": True})
    except NotReadyToSeal as error:
        return str(refusal(error)["message"])
    return ""


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, key: str) -> HttpResponse:
    """Share the work on a case."""
    assert isinstance(request.user, User)
    case = queries.case_for_editing(request.user, key)
    error: dict[str, Any] | None = None
    if request.method == "POST":
        try:
            error = _share(request, request.user, case)
        except HeirloomError as refused_:
            error = refusal(refused_)
        if error is None:
            messages.success(request, _("Saved."))
            if (
                request.POST.get("email", "").strip().lower() == request.user.email
                and "remove" in request.POST
            ):
                return redirect("my")
            return redirect("case-people", key)
    return render(
        request,
        "heirloom/my/case_people.html",
        {
            "case": case,
            "members": case.members.select_related("user").order_by("pk"),
            "roles": CaseMember.Role.choices,
            "may_lead": rules.may_lead(request.user, case),
            "email": request.POST.get("email", "") if error and "remove" not in request.POST else "",
            "role": request.POST.get("role", CaseMember.Role.EDITOR),
            "error": error,
            "wrong": error["wrong"] if error else {},
        },
        status=400 if error else 200,
    )


def _share(request: HttpRequest, user: User, case: Case) -> dict[str, Any] | None:
    """Give or take a role as the form asks; return what was wrong with the address, if anything."""
    person = person_by_email(request.POST.get("email", ""))
    if person is None:
        asked = _("Nobody here has this address. Ask them to create an account first.")
        return plain(asked, field="email", kept=_("Nothing was changed."))
    role = request.POST.get("role", "")
    if "remove" in request.POST:
        actions.set_member(user, case, person, None)
    elif role in CaseMember.Role.values:
        actions.set_member(user, case, person, role)
    else:
        return plain(_("Choose one of the offered values."), field="role")
    return None
