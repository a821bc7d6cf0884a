"""A case as its page shows it, made from sealed content alone: the same for the public, reviewers and a preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heirloom.text import Translated

from .addresses import media_url, picture


def _texts(part: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**part, **{name: Translated.from_json(part.get(name) or {}) for name in names}}


def case_page(
    sealed: Mapping[str, Any], *, may_see: Callable[[str], bool] | None = None, named: bool = True
) -> dict[str, Any]:
    """Return what the template of a case needs.

    Args:
        sealed: the content of a seal, or of a draft in the same form.
        may_see: whether the reader may see the item with this key; what they may not is left out, and said.
        named: show who is behind the case; a blind reviewer does not see it.
    """
    items = {key: _item(key, pin) for key, pin in sealed["items"].items() if may_see is None or may_see(key)}
    runs = {key: _run(key, pin) for key, pin in sealed["runs"].items()}
    sections = [
        {
            **_texts(section, "heading", "body"),
            "item": items.get(section["item"] or ""),
            "withheld": bool(section["item"]) and section["item"] not in items,
            "run": runs.get(section["run"] or ""),
            "number": number,
        }
        for number, section in enumerate(sealed["sections"], start=1)
    ]
    places = [
        {**_texts(place, "name"), "key": key} for key, place in sorted(sealed["places_described"].items())
    ]
    return {
        "key": sealed["key"],
        "title": Translated.from_json(sealed["title"]),
        "summary": Translated.from_json(sealed["summary"]),
        "skills": Translated.from_json(sealed["skills"]),
        "started": sealed["started"],
        "ended": sealed["ended"],
        "rights": sealed["rights"],
        "illustrative": sealed["illustrative"],
        "sources": sealed["sources"] if named else [],
        "cover": items.get(sealed["cover"] or ""),
        "sections": sections,
        "items": items,
        "runs": runs,
        "costs": [_texts(cost, "what") for cost in sealed["costs"]],
        "reach": [_texts(reach, "who", "evidence") for reach in sealed["reach"]],
        "goals": [_texts(goal, "evidence") for goal in sealed["goals"]],
        "partners": [_texts(partner, "name", "role") for partner in sealed["partners"]] if named else [],
        "places": places,
        "points": [
            place for place in places if place["latitude"] is not None and place["longitude"] is not None
        ],
        "terms": [_texts(term, "label") for _, term in sorted(sealed["terms_described"].items())],
        "communities": [
            {**_texts(community, "name"), "key": key}
            for key, community in sorted(sealed["communities_described"].items())
        ]
        if named
        else [],
        "facts": sealed.get("facts") or {},
    }


def _item(key: str, pin: Mapping[str, Any]) -> dict[str, Any]:
    media = [
        {
            **_texts(one, "alt", "caption"),
            "url": media_url(key, one["sha512"]),
            "picture": picture(key, {**one, "alt": Translated.from_json(one.get("alt") or {})}),
        }
        for one in pin["media"]
    ]
    first = next((one["picture"] for one in media if one["picture"]), None)
    return {**_texts(pin, "title"), "key": key, "media": media, "picture": first, "url": f"/items/{key}/"}


def _run(key: str, pin: Mapping[str, Any]) -> dict[str, Any]:
    return {**_texts(pin, "title"), "key": key, "url": f"/runs/{key}/"}
