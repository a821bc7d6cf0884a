"""What is checked in every draft, whatever it came from; what cannot be used is kept as a statement, never dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from heirloom.catalogue import dates, vocabularies
from heirloom.errors import gettext_noop
from heirloom.text import Translated
from heirloom.text.zawgyi import check_encoding

from .draft import (
    ContributionDraft,
    ItemDraft,
    LabelDraft,
    MediaDraft,
    PlaceDraft,
    Problem,
    Statement,
    TermDraft,
)
from .merge import merge
from .values import rights_uri, shortened

KINDS: Final = frozenset(
    {"image", "surface", "model", "recording", "text", "data", "place", "practice", "object"}
)
SCHEMES: Final = frozenset({"language", "technique", "material", "form", "subject", "period"})
OTHER_ROLE: Final = "ctb"
MEDIA_ROLES: Final = frozenset({"master", "transcript", "supplement"})

#: One sentence a code, for pages and reports; ``{field}`` and ``{value}`` are filled in after translation.
SENTENCES: Final = {
    "draft.no-identifier": gettext_noop("The record has no identifier, so a later import could not find it again."),
    "draft.identifier-too-long": gettext_noop("The identifier {value} is longer than 300 characters."),
    "draft.no-title": gettext_noop("The record has no title."),
    "draft.kind-unknown": gettext_noop("{value} is not a kind of item. It was kept as a statement."),
    "draft.date-not-edtf": gettext_noop("The date {value} cannot be read. It was kept as it is written."),
    "draft.rights-unknown": gettext_noop(
        "{value} is not a statement of RightsStatements.org or Creative Commons. It was kept as a statement."
    ),
    "draft.term-unusable": gettext_noop("{value} is not a term of a vocabulary that we keep. It was kept as a statement."),
    "draft.role-unknown": gettext_noop("{value} is not a role that we know. It was kept as a statement, the role as contributor."),
    "draft.no-name": gettext_noop("A contributor has no name and was left out: {value}."),
    "draft.label-unknown": gettext_noop("There is no Local Contexts label {value}. It was kept as a statement."),
    "draft.place-out-of-range": gettext_noop("{value} is not on the earth. The place was kept without it."),
    "draft.country-unknown": gettext_noop("{value} is not a country code of two letters. The place was kept without it."),
    "draft.address-unusable": gettext_noop("{value} is not an address of the web, or too long. It was kept as a statement."),
    "draft.language-unknown": gettext_noop("{value} is not a language tag. The text was kept without a language."),
    "draft.zawgyi": gettext_noop("The text in {field} looks like Zawgyi: most devices cannot show or find it."),
    "draft.wrong-characters": gettext_noop("The text in {field} has lost characters: it was read in a wrong encoding."),
    "draft.seen-before": gettext_noop("The identifier {value} stands in the source more than once. The records were joined."),
    "draft.too-many-columns": gettext_noop("The row has more cells than the table has columns."),
    "draft.value-unmapped": gettext_noop("The mapping says nothing about {value} in {field}. It was kept as a statement."),
    "draft.file-missing": gettext_noop("There is no file {value}."),
    "draft.unreadable": gettext_noop("The record cannot be read: {value}."),
}  # fmt: skip


def problem(code: str, field: str = "", value: object = "", *, fatal: bool = False) -> Problem:
    """A problem with a known code; the value is shortened for the report."""
    assert code in SENTENCES, code
    shown = str(value)
    return Problem(code, field, shown if len(shown) <= 120 else shown[:119] + "…", fatal)


class _Findings:
    """Problems and kept statements of one draft while it is being checked."""

    __slots__ = ("problems", "statements")

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.statements: list[Statement] = []

    def keep(self, code: str, field: str, value: str, language: str = "") -> None:
        self.problems.append(problem(code, field, value))
        self.statements.append(Statement(field, value, language))


def is_address(value: str, limit: int) -> bool:
    """Whether *value* is an address that a column of *limit* characters may keep and a page may link to."""
    return (
        value.startswith(("http://", "https://")) and len(value) <= limit and not any(map(str.isspace, value))
    )


def checked(draft: ItemDraft) -> ItemDraft:
    """The draft with everything sound in its place and everything else kept as statements, problems added.

    Sound drafts come back unchanged (the same object).
    """
    if draft.deleted and draft.source_id:
        return draft
    found = _Findings()
    changes = dict(_checked_fields(draft, found))
    lists = {
        "terms": _checked_terms(draft.terms, found),
        "places": _checked_places(draft.places, found),
        "contributions": _checked_roles(draft, found),
        "labels": _checked_labels(draft, found),
        "media": tuple(_checked_media(draft.media)),
    }
    changes.update({name: parts for name, parts in lists.items() if parts != getattr(draft, name)})
    _check_texts(draft, found)
    if found.statements:
        changes["statements"] = draft.statements + tuple(found.statements)
    if found.problems:
        changes["problems"] = draft.problems + tuple(found.problems)
    return replace(draft, **changes) if changes else draft


def _checked_fields(draft: ItemDraft, found: _Findings) -> Iterator[tuple[str, Any]]:
    """The plain fields that have to change."""
    if not draft.source_id and not draft.key:
        found.problems.append(problem("draft.no-identifier", "source_id", fatal=True))
    elif len(draft.source_id) > 300:
        found.problems.append(problem("draft.identifier-too-long", "source_id", draft.source_id, fatal=True))
    if draft.kind and draft.kind not in KINDS:
        found.keep("draft.kind-unknown", "kind", draft.kind)
        yield "kind", ""
    if draft.date and (len(draft.date) > 100 or not dates.is_valid(draft.date)):
        found.keep("draft.date-not-edtf", "date", draft.date)
        yield "date", ""
    if draft.rights and (rights := rights_uri(draft.rights)) != draft.rights:
        yield "rights", rights
        if not rights:
            found.keep("draft.rights-unknown", "rights", draft.rights)
    if len(draft.rights_holder) > 300:
        found.statements.append(Statement("rights_holder", draft.rights_holder))
        yield "rights_holder", draft.rights_holder[:299] + "…"
    if draft.source_uri and not is_address(draft.source_uri, 500):
        found.keep("draft.address-unusable", "source_uri", draft.source_uri)
        yield "source_uri", ""


def _checked_terms(terms: tuple[TermDraft, ...], found: _Findings) -> tuple[TermDraft, ...]:
    sound: list[TermDraft] = []
    for term in terms:
        uri = term.uri
        if uri and not is_address(uri, 300):
            found.keep("draft.address-unusable", "terms.uri", uri)
            uri = ""
        try:
            if term.scheme not in SCHEMES:
                raise vocabularies.InvalidTerm(value=term.code, scheme=term.scheme)
            code, canonical = vocabularies.check_term(term.scheme, term.code, uri)
            uri = canonical if uri else ""  # what follows from the code is not what the source says
        except vocabularies.InvalidTerm:
            found.problems.append(problem("draft.term-unusable", "terms", f"{term.scheme}:{term.code}"))
            for language, text in term.label.items() or [("", None)]:
                found.statements.append(
                    Statement(term.scheme or "term", text.value if text else term.code, language)
                )
            continue
        sound.append(term if code == term.code and uri == term.uri else replace(term, code=code, uri=uri))
    return tuple(sound)


def _checked_labels(draft: ItemDraft, found: _Findings) -> tuple[LabelDraft, ...]:
    sound = []
    for label in draft.labels:
        try:
            code = vocabularies.check_label(label.code)
        except vocabularies.UnknownLabel:
            found.keep("draft.label-unknown", "labels", label.code)
            for language, text in label.text.items():
                found.statements.append(Statement("label", text.value, language))
            continue
        sound.append(label if code == label.code else replace(label, code=code))
    return tuple(sound)


def _checked_places(places: tuple[PlaceDraft, ...], found: _Findings) -> tuple[PlaceDraft, ...]:
    sound = []
    for place in places:
        bad = (place.longitude is None) != (place.latitude is None) or not (
            (place.longitude is None or -180 <= place.longitude <= 180)
            and (place.latitude is None or -90 <= place.latitude <= 90)
        )
        if bad:
            found.keep("draft.place-out-of-range", "places", f"{place.latitude}, {place.longitude}")
            place = replace(place, longitude=None, latitude=None)
        if place.country and not (
            len(place.country) == 2 and place.country.isascii() and place.country.isalpha()
        ):
            found.keep("draft.country-unknown", "places.country", place.country)
            place = replace(place, country="")
        if place.gazetteer and not is_address(place.gazetteer, 200):
            found.keep("draft.address-unusable", "places.gazetteer", place.gazetteer)
            place = replace(place, gazetteer="")
        if place.name or place.gazetteer or place.longitude is not None or place.geometry:
            sound.append(place)
    return tuple(sound)


def _checked_roles(draft: ItemDraft, found: _Findings) -> tuple[ContributionDraft, ...]:
    sound = []
    for part in draft.contributions:
        if part.role not in vocabularies.RELATORS:
            if part.role:
                found.keep("draft.role-unknown", "contributions.role", part.role)
            part = replace(part, role=OTHER_ROLE if part.role else "cre")
        if part.agent.uri and not is_address(part.agent.uri, 300):
            found.keep("draft.address-unusable", "contributions.uri", part.agent.uri)
            part = replace(part, agent=replace(part.agent, uri=""))
        if len(part.agent.source_id) > 200:
            part = replace(part, agent=replace(part.agent, source_id=shortened(part.agent.source_id, 200)))
        if part.agent.name:
            sound.append(part)
        else:
            found.problems.append(problem("draft.no-name", "contributions", part.agent.identity))
    return tuple(sound)


def _checked_media(media: tuple[MediaDraft, ...]) -> Iterator[MediaDraft]:
    for part in media:
        yield part if part.role in MEDIA_ROLES else replace(part, role="supplement")


def _texts(draft: ItemDraft) -> Iterator[tuple[str, Translated]]:
    yield "title", draft.title
    yield "description", draft.description
    yield "date_note", draft.date_note
    for part in draft.contributions:
        yield "contributions.name", part.agent.name
    for place in draft.places:
        yield "places.name", place.name
    for label in draft.labels:
        yield "labels.text", label.text
    for file in draft.media:
        yield "media.alt", file.alt
        yield "media.caption", file.caption


def _check_texts(draft: ItemDraft, found: _Findings) -> None:
    for name, translated in _texts(draft):
        for language, text in translated.items():
            value = text.value
            if value.isascii():
                continue
            where = f"{name}.{language}"
            if "\ufffd" in value:
                found.problems.append(problem("draft.wrong-characters", where, value))
            if any("\u1000" <= sign <= "\u109f" for sign in value) and check_encoding(value):
                found.problems.append(problem("draft.zawgyi", where, value))
    for statement in draft.statements:
        value = statement.value
        if (
            not value.isascii()
            and any("\u1000" <= sign <= "\u109f" for sign in value)
            and check_encoding(value)
        ):
            found.problems.append(problem("draft.zawgyi", statement.name, value))


def joined(drafts: Iterable[ItemDraft]) -> Iterator[ItemDraft]:
    """Drafts with neighbours of the same identifier joined into one: tables that give each language a row of its own.

    An identifier that comes again later, not next to its first place, passes on with a warning; whoever stores it
    meets the item that the first one made.
    """
    seen: set[tuple[str, str]] = set()
    last: ItemDraft | None = None
    for draft in drafts:
        identity = (draft.source, draft.source_id)
        if last is not None and draft.source_id and (last.source, last.source_id) == identity:
            twin = merge(last, draft)
            last = replace(twin, problems=last.problems + draft.problems)
            continue
        if last is not None:
            yield last
        if draft.source_id and identity in seen:
            draft = replace(
                draft, problems=(*draft.problems, problem("draft.seen-before", "source_id", draft.source_id))
            )
        seen.add(identity)
        last = draft
    if last is not None:
        yield last


def prepared(drafts: Iterable[ItemDraft]) -> Iterator[ItemDraft]:
    """What an import stores: neighbours joined, every draft checked."""
    return map(checked, joined(drafts))


def communities_of(draft: ItemDraft) -> Iterator[str]:
    """The slugs of the communities that must exist before the draft can be stored."""
    yield from draft.communities
    for label in draft.labels:
        yield label.community
