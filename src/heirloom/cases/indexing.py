"""What search knows of a case: the texts of the version that the public sees, or of the draft while there is none."""

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
    shown: Mapping[str, Any] = seal.content if seal is not None else content.describe(case)
    texts: list[Translated | str] = [
        Translated.from_json(shown["summary"]),
        Translated.from_json(shown["skills"]),
    ]
    for section in shown["sections"]:
        texts += [Translated.from_json(section["heading"]), Translated.from_json(section["body"])]
    texts += [Translated.from_json(partner["name"]) for partner in shown["partners"]]
    texts += [place.name for place in case.places.all()]
    texts += [term.label for term in case.terms.all()]
    texts += [community.name for community in case.communities.all()]
    return search.Entry("case", case.pk, [Translated.from_json(shown["title"])], texts)


def index_case(case: Case) -> None:
    """Bring the index up to date with one case; call it in the transaction that changes the case."""
    search.put([case_entry(with_content(Case.objects.filter(pk=case.pk)).get())])


def _all_cases() -> Iterator[search.Entry]:
    for case in with_content(Case.objects.order_by("pk")).iterator(chunk_size=200):
        yield case_entry(case)


search.register("case", _all_cases)
