"""The content of a call as one plain value (``heirloom/call/1``): what is edited, imported and kept with the collection."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

from heirloom.cases.reading import Reader
from heirloom.errors import gettext_noop

from .models import Call, Criterion, Level, Phase, Question, Theme

FORMAT = "heirloom/call/1"
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def describe(call: Call) -> dict[str, Any]:
    """Return the content of *call*; reads each child table once."""
    return {
        "format": FORMAT,
        "slug": call.slug,
        "title": call.title.to_json(),
        "summary": call.summary.to_json(),
        "body": call.body.to_json(),
        "contact": call.contact,
        "time_zone": call.time_zone,
        "blind": call.blind,
        "reviews_per_submission": call.reviews_per_submission,
        "sources": call.sources,
        "phases": [
            {
                "kind": phase.kind,
                "opens_at": phase.opens_at.isoformat(),
                "closes_at": phase.closes_at.isoformat() if phase.closes_at else None,
            }
            for phase in call.phases.all()
        ],
        "themes": [
            {"slug": theme.slug, "title": theme.title.to_json(), "description": theme.description.to_json()}
            for theme in call.themes.all()
        ],
        "questions": [
            {
                "slug": question.slug,
                "kind": question.kind,
                "text": question.text.to_json(),
                "help": question.help.to_json(),
                "choices": question.choices,
                "required": question.required,
                "eligibility": question.eligibility,
                "required_answer": question.required_answer,
                "identifying": question.identifying,
                "max_length": question.max_length,
            }
            for question in call.questions.all()
        ],
        "criteria": [
            {
                "slug": criterion.slug,
                "title": criterion.title.to_json(),
                "description": criterion.description.to_json(),
                "weight": str(criterion.weight.normalize()),
                "levels": [
                    {"value": level.value, "anchor": level.anchor.to_json()}
                    for level in criterion.levels.all()
                ],
            }
            for criterion in call.criteria.all()
        ],
    }


def apply(call: Call, data: object, *, keep_rubric: bool) -> None:
    """Check *data* and write it into *call*; call it inside a transaction.

    With *keep_rubric* (people have applied) questions, themes and criteria keep their rows: their texts may change, but
    none is added, removed or weighed anew.

    Raises:
        InvalidContent: with the first field that is wrong.
        AlreadyAnnounced: a part that must stay would change.
    """
    reader = Reader(data)
    call.title = reader.translated("title", required=True)
    call.summary = reader.translated("summary")
    call.body = reader.translated("body")
    call.contact = reader.text("contact", 254)
    call.time_zone = reader.text("time_zone", 60) or "UTC"
    if call.time_zone not in zoneinfo.available_timezones():
        raise reader.refuse("time_zone", gettext_noop("There is no such time zone."))
    call.blind = reader.value.get("blind") is not False
    call.reviews_per_submission = reader.number("reviews_per_submission", 1, 20)
    call.sources = list(
        reader.parts("sources", lambda part: {"title": part.text("title"), "url": part.web_address("url")})
    )
    phases = list(reader.parts("phases", _phase))
    themes = list(reader.parts("themes", _theme))
    questions = list(reader.parts("questions", _question))
    criteria = list(reader.parts("criteria", _criterion))
    _check_slugs(
        reader, {"themes": themes, "questions": questions, "criteria": [pair[0] for pair in criteria]}
    )
    if len({phase.kind for phase in phases}) != len(phases):
        raise reader.refuse("phases", gettext_noop("Each kind of phase stands once."))
    call.save()
    _replace_phases(call, phases)
    _merge(call.themes, call, themes, ("title", "description"), "themes", keep_rubric)
    fields = (
        "kind",
        "text",
        "help",
        "choices",
        "required",
        "eligibility",
        "required_answer",
        "identifying",
        "max_length",
    )
    _merge(call.questions, call, questions, fields, "questions", keep_rubric)
    _merge_criteria(call, criteria, keep_rubric)


def _slug(part: Reader) -> str:
    slug = part.text("slug", 50, _SLUG)
    if not slug:
        raise part.refuse("slug", gettext_noop("Give a short name of small letters, digits and hyphens."))
    return slug


def _phase(part: Reader) -> Phase:
    phase = Phase(
        kind=part.choice("kind", Phase.Kind.values),
        opens_at=part.moment("opens_at"),
        closes_at=part.moment_or_none("closes_at"),
    )
    if phase.closes_at is not None and phase.closes_at <= phase.opens_at:
        raise part.refuse("closes_at", gettext_noop("A phase closes after it opens."))
    return phase


def _theme(part: Reader) -> Theme:
    return Theme(
        slug=_slug(part),
        title=part.translated("title", required=True),
        description=part.translated("description"),
    )


def _question(part: Reader) -> Question:
    kind = part.choice("kind", Question.Kind.values)
    eligibility = part.flag("eligibility")
    required_answer = part.value.get("required_answer")
    if eligibility and (kind != Question.Kind.YES_NO or not isinstance(required_answer, bool)):
        raise part.refuse(
            "eligibility",
            gettext_noop("An eligibility question is answered by yes or no, and says which is needed."),
        )
    choices = list(
        part.parts(
            "choices",
            lambda one: {"value": _slug_of(one), "text": one.translated("text", required=True).to_json()},
        )
    )
    if kind == Question.Kind.CHOICE and len(choices) < 2:
        raise part.refuse("choices", gettext_noop("A question of one of several needs at least two choices."))
    return Question(
        slug=_slug(part),
        kind=kind,
        text=part.translated("text", required=True),
        help=part.translated("help"),
        choices=choices,
        required=part.flag("required") or eligibility,
        eligibility=eligibility,
        required_answer=required_answer if eligibility else None,
        identifying=part.flag("identifying"),
        max_length=part.number_or_none("max_length", 1, 100_000),
    )


def _slug_of(part: Reader) -> str:
    value = part.text("value", 50, _SLUG)
    if not value:
        raise part.refuse("value", gettext_noop("Give a short name of small letters, digits and hyphens."))
    return value


def _criterion(part: Reader) -> tuple[Criterion, list[Level]]:
    weight = part.amount("weight")
    if not weight:
        raise part.refuse("weight", gettext_noop("A weight is more than nothing."))
    levels = list(
        part.parts(
            "levels",
            lambda one: Level(
                value=one.number("value", 0, 100), anchor=one.translated("anchor", required=True)
            ),
        )
    )
    if len({level.value for level in levels}) != len(levels) or len(levels) < 2:
        raise part.refuse(
            "levels", gettext_noop("A criterion needs at least two levels with different values.")
        )
    criterion = Criterion(
        slug=_slug(part),
        title=part.translated("title", required=True),
        description=part.translated("description"),
        weight=weight,
    )
    return criterion, levels


def _check_slugs(reader: Reader, lists: dict[str, list[Any]]) -> None:
    for name, rows in lists.items():
        if len({row.slug for row in rows}) != len(rows):
            raise reader.refuse(name, gettext_noop("Each short name stands once."))


def _replace_phases(call: Call, phases: list[Phase]) -> None:
    call.phases.exclude(kind__in=[phase.kind for phase in phases]).delete()
    for phase in phases:
        Phase.objects.update_or_create(
            call=call, kind=phase.kind, defaults={"opens_at": phase.opens_at, "closes_at": phase.closes_at}
        )


def _merge(
    manager: Any, call: Call, rows: list[Any], fields: tuple[str, ...], part: str, keep: bool
) -> dict[str, Any]:
    """Bring the child rows to *rows*, matched by slug, so that what refers to them stays."""
    from .errors import AlreadyAnnounced

    known = {row.slug: row for row in manager.all()}
    wanted = {row.slug for row in rows}
    if keep and set(known) != wanted:
        raise AlreadyAnnounced(part=part)
    manager.exclude(slug__in=wanted).delete()
    merged = {}
    for position, row in enumerate(rows):
        old = known.get(row.slug)
        if old is None:
            row.call = call
            row.position = position
            row.save()
            merged[row.slug] = row
            continue
        if keep and any(
            getattr(old, name) != getattr(row, name)
            for name in fields
            if name in {"kind", "eligibility", "weight"}
        ):
            raise AlreadyAnnounced(part=part)
        for name in fields:
            setattr(old, name, getattr(row, name))
        old.position = position
        old.save()
        merged[row.slug] = old
    return merged


def _merge_criteria(call: Call, criteria: list[tuple[Criterion, list[Level]]], keep: bool) -> None:
    from .errors import AlreadyAnnounced

    rows = _merge(
        call.criteria,
        call,
        [pair[0] for pair in criteria],
        ("title", "description", "weight"),
        "criteria",
        keep,
    )
    for criterion, levels in criteria:
        row = rows[criterion.slug]
        values = {level.value for level in levels}
        if keep and values != set(row.levels.values_list("value", flat=True)):
            raise AlreadyAnnounced(part="criteria")
        row.levels.exclude(value__in=values).delete()
        for level in levels:
            Level.objects.update_or_create(
                criterion=row, value=level.value, defaults={"anchor": level.anchor}
            )
