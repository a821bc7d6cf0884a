"""Published cases: the list, a case, its sealed versions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from heirloom.archive import Damaged, NoObject
from heirloom.calls.models import Collection, Entry
from heirloom.cases import queries, sealing
from heirloom.cases.models import Case, Seal
from heirloom.catalogue import rights, search
from heirloom.catalogue.store import archive
from heirloom.errors import NotFound
from heirloom.keys import object_id
from heirloom.text import Translated
from heirloom.web.case_page import case_page
from heirloom.web.reader import languages
from heirloom.web.templatetags.heirloom_case import goal_name
from heirloom.web.templatetags.heirloom_public import country_name, own_name

from . import summaries
from .cards import case_card
from .summaries import PublishedCase

PAGE: Final = 24
Themes = Mapping[int, list[tuple[str, Translated]]]


# -- the list --------------------------------------------------------------------------------------------------------


def _themes(who: rights.Viewer) -> Themes:
    """The themes under which collections show the cases that *who* may see, by case; one query beside rights."""
    rows = (
        Entry.objects.filter(
            collection__published_at__isnull=False,
            theme__isnull=False,
            seal__case__in=summaries.published_rows(who),
        )
        .order_by("-collection__published_at", "position", "pk")
        .values_list("seal__case_id", "collection__slug", "theme__slug", "theme__title")
    )
    found: dict[int, list[tuple[str, Translated]]] = {}
    for case, collection, theme, title in rows:
        found.setdefault(case, []).append((f"{collection}.{theme}", title))
    return found


def _values(case: PublishedCase, themes: Themes) -> dict[str, list[str]]:
    return {
        "theme": [slug for slug, _title in themes.get(case.pk, [])],
        "country": list(case.shown.countries),
        "language": list(case.shown.languages),
        "sdg": [str(goal) for goal in case.shown.goals],
    }


def _facets(
    cases: Iterable[PublishedCase], themes: Themes, chosen: Mapping[str, Sequence[str]]
) -> tuple[list[dict[str, Any]], list[PublishedCase]]:
    """Count each facet over what the other facets leave, and return the cases that all of them leave."""
    described = [(case, _values(case, themes)) for case in cases]

    def fits(values: Mapping[str, list[str]], leave_out: str = "") -> bool:
        return all(
            name == leave_out or not wanted or set(wanted) & set(values[name])
            for name, wanted in chosen.items()
        )

    titles = {slug: title for of_case in themes.values() for slug, title in of_case}
    named: dict[str, tuple[str, Callable[[str], Any]]] = {
        "theme": (_("Theme"), lambda value: titles.get(value, value)),
        "country": (_("Country"), country_name),
        "language": (_("Can be read in"), own_name),
        "sdg": (_("Development goal"), lambda value: goal_name(int(value))),
    }
    facets = []
    for name, (label, say) in named.items():
        counted = Counter(
            value for _case, values in described if fits(values, name) for value in values[name]
        )
        order = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        if name == "sdg":
            order.sort(key=lambda pair: int(pair[0]))
        options = [
            {"value": value, "label": say(value), "count": count, "selected": value in chosen[name]}
            for value, count in order
        ]
        if len(options) > 1 or any(option["selected"] for option in options):
            facets.append({"name": name, "label": label, "open": name == "theme", "options": options})
    return facets, [case for case, values in described if fits(values)]


@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """List the published cases that this visitor may see."""
    who, query = rights.viewer(request.user), request.GET
    words = query.get("q", "").replace("\x00", "")[:500]
    found: search.Found | None = None
    if search.has_tokens(words):
        found = search.find(
            words,
            "case",
            summaries.published_rows(who),
            language=languages(request)[0],
            limit=search.MOST_MATCHES,
        )
    elif words.strip():
        found = search.Found((), asked=False)
    listed = summaries.published(who, among=found.pks if found is not None else None)
    themes = _themes(who)
    chosen = {name: query.getlist(name)[:50] for name in ("theme", "country", "language", "sdg")}
    facets, listed = _facets(listed, themes, chosen)
    page = Paginator(listed, PAGE).get_page(query.get("page"))
    covers = summaries.open_items(who, [case.shown.cover[0] for case in page.object_list if case.shown.cover])
    path = reverse("cases")
    pairs = [(name, value) for name, values in chosen.items() for value in values]
    tags = []
    for facet in facets:
        for option in facet["options"]:
            if option["selected"]:
                rest = [pair for pair in pairs if pair != (facet["name"], option["value"])]
                rest += [("q", words)] if words else []
                url = f"{path}?{urlencode(rest)}" if rest else path
                tags.append({"label": option["label"], "facet": facet["label"], "url": url})
    return render(
        request,
        "heirloom/public/cases.html",
        {
            "page_obj": page,
            "total": page.paginator.count,
            "cards": [
                case_card(case.shown, covers, theme=themes[case.pk][0][1] if case.pk in themes else "")
                for case in page.object_list
            ],
            "facets": facets,
            "chosen": tags,
            "words": words,
            "hidden": [("q", words)] if words else [],
            "search_hidden": pairs,
            "narrowed": bool(words or pairs),
            "loose": bool(found and found.loose and listed),
            "warning": search.warning(words) if words else None,
            "action": path,
            "clear_url": path if tags else "",
        },
    )


# -- one case --------------------------------------------------------------------------------------------------------


def public_numbers(case: Case) -> list[int]:
    """Return the numbers of the sealed versions that are or were the published one, as the case's package says."""
    numbers = {case.published_seal.number} if case.published_seal else set()
    identifier, kept = object_id("case", case.key), archive()
    try:
        for version in kept.versions(identifier):
            if sealing.PUBLICATION in kept.files(identifier, version.number):
                said = json.loads(kept.read(identifier, sealing.PUBLICATION, version.number))
                if not said["withdrawn"]:
                    numbers.add(int(said["seal"]))
    except (NoObject, Damaged):
        pass
    return sorted(numbers)


def _versions(case: Case, current: Seal, shown: int) -> list[dict[str, Any]]:
    numbers = public_numbers(case)
    return [
        {
            "number": seal.number,
            "at": seal.sealed_at,
            "digest": seal.digest,
            "note": seal.note,
            "current": seal.number == current.number,
            "shown": seal.number == shown,
        }
        for seal in reversed(case.seals.all())
        if seal.number in numbers
    ]


def _show(request: HttpRequest, case: Case, seal: Seal, published: Seal) -> HttpResponse:
    who = rights.viewer(request.user)
    open_items = summaries.open_items(who, seal.content["items"])
    content = {**seal.content, "facts": seal.facts}
    page = case_page(content, may_see=open_items.__contains__)
    collections = Collection.objects.filter(entries__seal__case=case, published_at__isnull=False).distinct()
    return render(
        request,
        "heirloom/public/case.html",
        {
            "case": case,
            "seal": seal,
            "page": page,
            "cover": _cover(page),
            "withheld": len(seal.content["items"]) - len(open_items),
            "current": seal.number == published.number,
            "versions": _versions(case, published, seal.number),
            "lineage": [_replication(made) for made in queries.replications(published)],
            "collections": collections,
            "countries": [
                country_name(code)
                for code in summaries.summarise(seal.digest, seal.number, seal.content, seal.facts).countries
            ],
            "kit_url": reverse("kit", args=[case.key]),
            "kit_name": f"kit-{case.key}-v{published.number}.zip",
            "replicate_url": reverse("replicate", args=[case.key]),
            "crate_url": reverse("case-crate", args=[case.key])
            if rights.protocol_allows(None, case.protocol)
            else "",
        },
    )


def _cover(page: Mapping[str, Any]) -> dict[str, Any] | None:
    """The cover and its picture's file, unless a section shows the same thing: nobody needs it twice."""
    cover = page["cover"]
    if not cover or any(section["item"] == cover for section in page["sections"]):
        return None
    media = next((one for one in cover["media"] if one["picture"]), None)
    return {"item": cover, "media": media} if media else None


def _replication(made: Any) -> dict[str, Any]:
    """A replication with what its comparison says, in counts."""
    verdicts = Counter(one.get("verdict", "") for one in made.comparison.values() if isinstance(one, Mapping))
    return {
        "row": made,
        "identical": verdicts["identical"],
        "different": verdicts["different"],
        "own": verdicts["other-conditions"],
        "runs": sum(verdicts.values()),
    }


@require_safe
def case(request: HttpRequest, key: str) -> HttpResponse:
    """Show the published version of a case."""
    found, seal = queries.published_case(request.user, key)
    return _show(request, found, seal, seal)


@require_safe
def seal(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Show a version of a case that is, or once was, the published one."""
    found, published = queries.published_case(request.user, key)
    asked = next((one for one in found.seals.all() if one.number == number), None)
    if asked is None or number not in public_numbers(found):
        raise NotFound
    return _show(request, found, asked, published)
