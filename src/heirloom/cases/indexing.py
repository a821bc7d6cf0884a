"""What search knows of a case: what the version that the public sees says, or the draft while there is none.

Nothing of a draft that follows a published version is in the index: it would be found by people who must not know of it yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heirloom.catalogue import search
from heirloom.text import Translated

from . import content
from .models import Case
from .queries import with_content


def case_entry(case: Case) -> search.Entry:
    """Return the entry of a case that was loaded with its content."""
    seal = case.published_seal
    shown: Mapping[str, Any] = seal.content if seal is not None else _draft(case)
    texts: list[Translated | str] = [
        Translated.from_json(shown["summary"]),
        Translated.from_json(shown["skills"]),
    ]
    for section in shown["sections"]:
        texts += [Translated.from_json(section["heading"]), Translated.from_json(section["body"])]
    texts += [Translated.from_json(partner["name"]) for partner in shown["partners"]]
    for name, text in (("places", "name"), ("terms", "label"), ("communities", "name")):
        described = shown[f"{name}_described"]
        texts += [Translated.from_json(described[key][text]) for key in sorted(described)]
    return search.Entry("case", case.pk, [Translated.from_json(shown["title"])], texts)


def _draft(case: Case) -> dict[str, Any]:
    """The case in preparation, in the form of a seal as far as the index reads it."""
    return {
        **content.describe(case),
        "places_described": {place.key: {"name": place.name.to_json()} for place in case.places.all()},
        "terms_described": {str(term): {"label": term.label.to_json()} for term in case.terms.all()},
        "communities_described": {
            community.key: {"name": community.name.to_json()} for community in case.communities.all()
        },
    }


def index_case(case: Case) -> None:
    """Bring the index up to date with one case; call it in the transaction that changes the case."""
    search.put([case_entry(with_content(Case.objects.filter(pk=case.pk)).get())])


def _all_cases() -> Iterator[search.Entry]:
    for case in with_content(Case.objects.order_by("pk")).iterator(chunk_size=200):
        yield case_entry(case)


search.register("case", _all_cases)
