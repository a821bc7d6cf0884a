"""Making a call: its texts, dates, questions, themes and rubric on one page."""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heirloom.calls import actions, content, queries, rules
from heirloom.calls.models import Call, Phase, Question, Submission
from heirloom.cases.errors import InvalidContent
from heirloom.catalogue.actions_errors import Stale
from heirloom.errors import HeirloomError, NotAllowed
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.forms.nested import indices, known_texts, part_text, parts, translated
from heirloom.web.forms.refusals import refusal, target
from heirloom.web.forms.writing import writing_languages
from heirloom.web.reader import languages

_LISTS = ("themes", "questions", "criteria", "sources")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a call with its title and short name."""
    assert isinstance(request.user, User)
    if not rules.may_create_call(request.user):
        raise NotAllowed
    error: dict[str, Any] | None = None
    title = Translated()
    if request.method == "POST":
        title = Translated.from_json(translated(request.POST, "title"))
        try:
            if not title:
                raise InvalidContent(field="title", problem=_("This is needed in at least one language."))
            call = actions.create_call(request.user, request.POST.get("slug", ""), title)
        except HeirloomError as refused:
            error = refusal(refused)
        else:
            return redirect("call-edit", call.slug)
    return render(
        request,
        "heirloom/organise/call_new.html",
        {
            "error": error,
            "wrong": error["wrong"] if error else {},
            "languages": languages(request)[:1],
            "title": title,
            "slug": request.POST.get("slug", ""),
        },
        status=400 if error else 200,
    )


def organised(request: HttpRequest, slug: str) -> Call:
    """Return a call that the person organises. Raises NotFound."""
    return queries.organised_call(request.user, slug)


def _moment(text: str, zone: str) -> str | None:
    """Return the local date and time of a form's field with the call's offset."""
    if not text.strip():
        return None
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        return text
    try:
        return found.replace(tzinfo=zoneinfo.ZoneInfo(zone or "UTC")).isoformat()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return text


def _local(moment: str | None, zone: str) -> str:
    """Return a moment as a ``datetime-local`` field wants it, in the call's time zone."""
    if not moment:
        return ""
    try:
        return datetime.fromisoformat(moment).astimezone(zoneinfo.ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        return moment


def _posted(post: QueryDict, before: Mapping[str, Any], language: str) -> dict[str, Any]:
    read = dict(before)
    for name in ("title", "summary", "body"):
        read[name] = translated(post, name, Translated.from_json(before[name]))
    zone = post.get("time_zone", "").strip()
    read |= {
        "contact": post.get("contact", "").strip(),
        "time_zone": zone,
        "blind": "blind" in post,
        "reviews_per_submission": post.get("reviews_per_submission", ""),
        "sources": parts(post, "sources", plain=("title", "url")),
        "themes": parts(
            post, "themes", plain=("slug",), texts=("title", "description"), before=before["themes"]
        ),
    }
    read["phases"] = [
        {
            "kind": kind,
            "opens_at": _moment(opens, zone),
            "closes_at": _moment(post.get(f"phase.{kind}.closes_at", ""), zone),
        }
        for kind in Phase.Kind.values
        if (opens := post.get(f"phase.{kind}.opens_at", "").strip())
    ]
    questions = parts(
        post,
        "questions",
        plain=("slug", "kind", "max_length", "choices_text", "required_answer"),
        texts=("text", "help"),
        flags=("required", "eligibility", "identifying"),
        before=before["questions"],
    )
    old = {question["slug"]: question for question in before["questions"]}
    read["questions"] = [
        question
        | {
            "required_answer": question["required_answer"] != "no" if question["eligibility"] else None,
            "choices": _choices(question.pop("choices_text"), old.get(question["slug"], {}), language),
        }
        for question in questions
        if question["slug"] or question["text"]
    ]
    read["criteria"] = _posted_criteria(post, before)
    return read


def _choices(text: str, old: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """Read choices written one a line as ``short-name: text`` in *language*; their other translations stay."""
    known = {choice["value"]: choice["text"] for choice in old.get("choices", [])}
    found = []
    for line in text.splitlines():
        value, _colon, words = line.partition(":")
        if not value.strip():
            continue
        said = dict(known.get(value.strip(), {}))
        if words.strip() and words.strip() not in {part["text"] for part in said.values()}:
            said[language] = {"text": words.strip(), "origin": "human"}
        found.append({"value": value.strip(), "text": said})
    return found


def _posted_criteria(post: QueryDict, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = {name: known_texts(before["criteria"], name) for name in ("title", "description")}
    anchors = [level for criterion in before["criteria"] for level in criterion["levels"]]
    found = []
    for number in indices(post, "criteria"):
        base = f"criteria.{number}"
        if post.get(f"{base}.remove"):
            continue
        criterion = {
            "slug": post.get(f"{base}.slug", "").strip(),
            "weight": post.get(f"{base}.weight", "").strip(),
            "title": part_text(post, f"{base}.title", known["title"]),
            "description": part_text(post, f"{base}.description", known["description"]),
            "levels": [
                level
                for level in parts(
                    post, f"{base}.levels", plain=("value",), texts=("anchor",), before=anchors
                )
                if level["anchor"]
            ],
        }
        if criterion["slug"] or criterion["title"]:
            found.append(criterion)
    return found


def _seen(described: Mapping[str, Any]) -> str:
    """Return a short mark of a call's content: the form that was made on it carries it back."""
    text = json.dumps(described, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit the whole call on one page."""
    assert isinstance(request.user, User)
    call = organised(request, slug)
    before = content.describe(call)
    if request.method == "GET":
        return render(
            request, "heirloom/organise/call_edit.html", _form(request, call, before, _seen(before))
        )
    posted = _posted(request.POST, before, languages(request)[0])
    try:
        if request.POST.get("seen") != _seen(before):
            raise Stale
        actions.save_call(request.user, call, posted)
    except HeirloomError as refused:
        context = _form(request, call, posted, _seen(before), _named(refusal(refused), posted))
        return render(request, "heirloom/organise/call_edit.html", context, status=refused.status)
    if "more" in request.POST or request.POST.get("add_language"):
        fresh = content.describe(organised(request, slug))
        context = _form(request, call, fresh, _seen(fresh))
        return render(request, "heirloom/organise/call_edit.html", context)
    messages.success(request, _("Saved."))
    return redirect("call-edit", slug)


def _named(error: dict[str, Any], posted: Mapping[str, Any]) -> dict[str, Any]:
    """Call the field of an error as the form does: phases by their kind, choices by the field they are written in."""
    steps = error["field"].split(".")
    if len(steps) >= 2 and steps[0] == "phases" and steps[1].isdecimal():
        field = f"phase.{posted['phases'][int(steps[1])]['kind']}.{steps[-1]}"
    elif len(steps) >= 3 and steps[0] == "questions" and steps[2] == "choices":
        field = f"questions.{steps[1]}.choices_text"
    else:
        return error
    return {**error, "field": field, "target": target(field), "wrong": {field: error["message"]}}


def _form(
    request: HttpRequest, call: Call, shown: Mapping[str, Any], seen: str, error: dict[str, Any] | None = None
) -> dict[str, Any]:
    more = request.POST.get("more", "")
    texts = {"title", "description", "text", "help", "anchor"}

    def readable(part: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: Translated.from_json(value) if name in texts and isinstance(value, Mapping) else value
            for name, value in part.items()
        }

    applied = call.submissions.exclude(state=Submission.State.DRAFT).exists()
    # Each list ends with an empty part, folded away until somebody wants one more.
    lists = {
        name: [
            *map(readable, shown[name]),
            *([] if applied and name != "sources" else [{"blank": True, "open": name == more}]),
        ]
        for name in _LISTS
    }
    for criterion in lists["criteria"]:
        levels = list(enumerate(map(readable, criterion.get("levels", []))))
        free = [(value - 1, {"value": value}) for value in range(len(levels) + 1, 6)]
        criterion["levels"] = levels or free
        criterion["free_levels"] = free if levels and not applied else []
    for question in lists["questions"]:
        question["needs"] = "no" if question.get("required_answer") is False else "yes"
        question["choices_text"] = "\n".join(
            f"{choice['value']}: {Translated.from_json(choice['text']).text(languages(request))}"
            for choice in question.get("choices") or []
        )
    zone = shown["time_zone"] or "UTC"
    held = {phase["kind"]: phase for phase in shown["phases"]}
    phases = [
        {
            "kind": kind,
            "label": label,
            "opens_at": _local((held.get(kind) or {}).get("opens_at"), zone),
            "closes_at": _local((held.get(kind) or {}).get("closes_at"), zone),
        }
        for kind, label in Phase.Kind.choices
    ]
    used = [tag for name in ("title", "summary", "body") for tag in shown[name]]
    return {
        "call": call,
        "shown": shown,
        "title": Translated.from_json(shown["title"]),
        "summary": Translated.from_json(shown["summary"]),
        "body": Translated.from_json(shown["body"]),
        "lists": {name: list(enumerate(rows)) for name, rows in lists.items()},
        "phases": phases,
        "question_kinds": Question.Kind.choices,
        "yes_no": [("yes", _("Yes")), ("no", _("No"))],
        "time_zones": [(name, name) for name in sorted(zoneinfo.available_timezones())],
        "languages": writing_languages(request, used),
        "applied": applied,
        "seen": seen,
        "error": error,
        "wrong": error["wrong"] if error else {},
    }


@login_required
@require_POST
def announce(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the call to the public."""
    assert isinstance(request.user, User)
    call = organised(request, slug)
    try:
        actions.announce(request.user, call)
    except HeirloomError as refused:
        described = content.describe(call)
        context = _form(request, call, described, _seen(described), refusal(refused))
        return render(request, "heirloom/organise/call_edit.html", context, status=refused.status)
    messages.success(request, _("The call is announced."))
    return redirect("organise-call", slug)
