"""The content of a case as one plain value: what is edited, autosaved, sealed and rebuilt.

``describe`` turns rows into the value, ``apply`` turns the value back into rows after checking every part of it. The
format is versioned (``heirloom/case/1``) and documented in docs/formats.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Q

from heirloom.catalogue.models import Community, Item, Place, Protocol, Term
from heirloom.errors import gettext_noop

from .models import Case, Cost, GoalClaim, Partner, Reach, Run, Section
from .reading import Reader

FORMAT = "heirloom/case/1"
_T = TypeVar("_T")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TARGET = re.compile(r"\d{1,2}\.[0-9a-z]{1,2}")


def describe(case: Case) -> dict[str, Any]:
    """Return the content of *case*; reads each child table once (prefetch to read none again)."""
    return {
        "format": FORMAT,
        "title": case.title.to_json(),
        "summary": case.summary.to_json(),
        "skills": case.skills.to_json(),
        "started": case.started,
        "ended": case.ended,
        "rights": case.rights,
        "illustrative": case.illustrative,
        "sources": case.sources,
        "cover": case.cover.key if case.cover else None,
        "protocol": case.protocol.key if case.protocol else None,
        "communities": sorted(community.key for community in case.communities.all()),
        "places": sorted(place.key for place in case.places.all()),
        "terms": sorted(str(term) for term in case.terms.all()),
        "sections": [
            {
                "heading": section.heading.to_json(),
                "body": section.body.to_json(),
                "item": section.item.key if section.item else None,
                "run": section.run.key if section.run else None,
            }
            for section in case.sections.all()
        ],
        "costs": [
            {
                "kind": cost.kind,
                "what": cost.what.to_json(),
                "amount": f"{cost.amount:.2f}",
                "currency": cost.currency,
                "recurring": cost.recurring,
            }
            for cost in case.costs.all()
        ],
        "reach": [
            {
                "who": reach.who.to_json(),
                "number": reach.number,
                "women": reach.women,
                "evidence": reach.evidence.to_json(),
            }
            for reach in case.reach.all()
        ],
        "goals": [
            {
                "goal": claim.goal,
                "target": claim.target,
                "evidence": claim.evidence.to_json(),
                "item": claim.item.key if claim.item else None,
                "run": claim.run.key if claim.run else None,
            }
            for claim in case.goals.all()
        ],
        "partners": [
            {
                "name": partner.name.to_json(),
                "role": partner.role.to_json(),
                "uri": partner.uri,
                "country": partner.country,
            }
            for partner in case.partners.all()
        ],
    }


class _Links:
    """Finds the rows that the content names, all of a kind in one query; refuses what the editor may not see."""

    def __init__(self, case: Case, data: Reader, may_show: Q) -> None:
        wanted_items, wanted_runs = set(), set()
        for name in ("sections", "goals"):
            for part in data.value.get(name) or []:
                if isinstance(part, Mapping):
                    wanted_items.add(part.get("item"))
                    wanted_runs.add(part.get("run"))
        wanted_items.add(data.value.get("cover"))
        item_keys = {key for key in wanted_items if isinstance(key, str)}
        run_keys = {key for key in wanted_runs if isinstance(key, str)}
        self.items = {
            item.key: item
            for item in Item.objects.filter(
                key__in=item_keys, pk__in=Item.objects.filter(may_show).values("pk")
            )
        }
        self.runs = {run.key: run for run in Run.objects.filter(key__in=run_keys, case=case)}

    def item(self, reader: Reader, name: str = "item") -> Item | None:
        return self._found(
            reader, name, self.items, gettext_noop("There is no such item, or it is not open to you.")
        )

    def run(self, reader: Reader, name: str = "run") -> Run | None:
        return self._found(reader, name, self.runs, gettext_noop("This case has no such run."))

    @staticmethod
    def _found(reader: Reader, name: str, known: Mapping[str, _T], problem: str) -> _T | None:
        key = reader.value.get(name)
        if key in (None, ""):
            return None
        if not isinstance(key, str) or key not in known:
            raise reader.refuse(name, problem)
        return known[key]


def apply(case: Case, data: object, may_show: Q) -> None:
    """Check *data* and write it into the rows of *case*; call it inside a transaction.

    Args:
        case: a saved case.
        data: the content, as :func:`describe` gives it; unknown fields are ignored.
        may_show: filter on items that the editor may show.

    Raises:
        InvalidContent: with the first field that is wrong; no row is changed then.
    """
    reader = Reader(data)
    links = _Links(case, reader, may_show)
    case.title = reader.translated("title", required=True)
    case.summary = reader.translated("summary")
    case.skills = reader.translated("skills")
    case.started = reader.date("started")
    case.ended = reader.date("ended")
    case.rights = reader.web_address("rights")
    case.illustrative = reader.flag("illustrative")
    case.sources = list(
        reader.parts("sources", lambda part: {"title": part.text("title"), "url": part.web_address("url")})
    )
    case.cover = links.item(reader, "cover")
    case.protocol = _protocol(reader)
    sections = list(reader.parts("sections", lambda part: _section(part, links)))
    costs = list(reader.parts("costs", _cost))
    reach = list(reader.parts("reach", _reach))
    goals = list(reader.parts("goals", lambda part: _goal(part, links)))
    partners = list(reader.parts("partners", _partner))
    communities = _rows(reader, "communities", Community)
    places = _rows(reader, "places", Place)
    terms = _terms(reader)

    case.save()
    case.communities.set(communities)
    case.places.set(places)
    case.terms.set(terms)
    children: tuple[tuple[Any, list[Any]], ...] = (
        (case.sections, sections),
        (case.costs, costs),
        (case.reach, reach),
        (case.partners, partners),
        (case.goals, goals),
    )
    for manager, rows in children:
        manager.all().delete()
        for position, row in enumerate(rows):
            row.case = case
            if hasattr(row, "position"):
                row.position = position
        manager.model.objects.bulk_create(rows)


def _section(part: Reader, links: _Links) -> Section:
    item, run = links.item(part), links.run(part)
    if item and run:
        raise part.refuse("run", gettext_noop("A section shows an item or a run, not both."))
    return Section(heading=part.translated("heading"), body=part.translated("body"), item=item, run=run)


def _cost(part: Reader) -> Cost:
    currency = part.text("currency", 3, _CURRENCY)
    if not currency:
        raise part.refuse("currency", gettext_noop("Give the currency as three letters, such as LAK."))
    return Cost(
        kind=part.choice("kind", Cost.Kind.values),
        what=part.translated("what", required=True),
        amount=part.amount("amount"),
        currency=currency,
        recurring=part.flag("recurring"),
    )


def _reach(part: Reader) -> Reach:
    number = part.number("number", 0, 2_000_000_000)
    women = part.number_or_none("women", 0, 2_000_000_000)
    if women is not None and women > number:
        raise part.refuse("women", gettext_noop("This cannot be more than the whole number."))
    return Reach(
        who=part.translated("who", required=True),
        number=number,
        women=women,
        evidence=part.translated("evidence"),
    )


def _goal(part: Reader, links: _Links) -> GoalClaim:
    return GoalClaim(
        goal=part.number("goal", 1, 17),
        target=part.text("target", 6, _TARGET),
        evidence=part.translated("evidence", required=True),
        item=links.item(part),
        run=links.run(part),
    )


def _partner(part: Reader) -> Partner:
    return Partner(
        name=part.translated("name", required=True),
        role=part.translated("role"),
        uri=part.web_address("uri"),
        country=part.text("country", 2, _COUNTRY),
    )


def _protocol(reader: Reader) -> Protocol | None:
    key = reader.text("protocol", 40)
    if not key:
        return None
    found = Protocol.objects.filter(key=key).first()
    if found is None:
        raise reader.refuse("protocol", gettext_noop("There is no such protocol."))
    return found


def _rows(reader: Reader, name: str, model: Any) -> list[Any]:
    keys = reader.keys(name)
    rows = list(model.objects.filter(key__in=keys))
    if len(rows) != len(keys):
        raise reader.refuse(name, gettext_noop("One of these is not known here."))
    return rows


def _terms(reader: Reader) -> list[Term]:
    names = reader.keys("terms")
    pairs = [tuple(name.split(":", 1)) for name in names]
    if any(len(pair) != 2 for pair in pairs):
        raise reader.refuse("terms", gettext_noop("A term is written as scheme:code."))
    rows = [
        term
        for term in Term.objects.filter(code__in=[pair[1] for pair in pairs])
        if (term.scheme, term.code) in set(pairs)
    ]
    if len(rows) != len(pairs):
        raise reader.refuse("terms", gettext_noop("One of these is not known here."))
    return rows
