"""IIIF Presentation 3: an item as a manifest, lists of items as collections (https://iiif.io/api/presentation/3.0/).

Wiring: ``GET /iiif/presentation/3/item/KEY/manifest`` -> :func:`manifest` of an item that
:func:`heirloom.catalogue.rights.visible` opens to the visitor, prefetched by
:func:`heirloom.catalogue.actions_keep.whole`; ``GET /iiif/presentation/3/collection/NAME[/PAGE]`` ->
:func:`collection`, :func:`collection_page`. All answers are ``application/ld+json`` with :data:`PROFILE`, and CORS open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from heirloom.catalogue import vocabularies
from heirloom.catalogue.exchange import (
    PAGE,
    Addresses,
    day_text,
    days,
    is_image,
    masters,
    others,
    words,
)
from heirloom.catalogue.models import Item, Label, Media, Place, Term
from heirloom.errors import gettext_noop
from heirloom.text import Translated

CONTEXT: Final = "http://iiif.io/api/presentation/3/context.json"
NAV_PLACE: Final = "http://iiif.io/api/extension/navplace/context.json"
PROFILE: Final = f'application/ld+json;profile="{CONTEXT}"'
THUMBNAIL: Final = 400
_EMPTY_CANVAS: Final = (1200, 1200)

LanguageMap = dict[str, list[str]]

_SCHEME_WORDS: Final = {
    Term.Scheme.LANGUAGE: gettext_noop("Language"),
    Term.Scheme.TECHNIQUE: gettext_noop("Technique"),
    Term.Scheme.MATERIAL: gettext_noop("Material"),
    Term.Scheme.FORM: gettext_noop("Form"),
    Term.Scheme.SUBJECT: gettext_noop("Subject"),
    Term.Scheme.PERIOD: gettext_noop("Period"),
}


def language_map(text: Translated | Mapping[str, str], default: str = "") -> LanguageMap:
    """A text as a language map: ``{"lo": ["..."]}``; ``none`` where the language is undetermined."""
    made: LanguageMap = {}
    for language, value in text.items():
        written = value if isinstance(value, str) else value.value
        if written:
            made.setdefault("none" if language == "und" else language, []).append(written)
    return made or ({"none": [default]} if default else {})


def _joined(texts: Iterable[Translated]) -> LanguageMap:
    """Several texts as one language map, each language with its values in order, none twice."""
    made: LanguageMap = {}
    for text in texts:
        for language, values in language_map(text).items():
            there = made.setdefault(language, [])
            there.extend(value for value in values if value not in there)
    return made


def _plain(*values: str) -> LanguageMap:
    return {"none": [value for value in values if value]}


def rights_address(uri: str) -> str:
    """The address as the specification wants it in ``rights``: the canonical ``http`` form (section 3.1)."""
    return uri.replace("https://creativecommons.org/", "http://creativecommons.org/", 1)


def manifest(item: Item, addresses: Addresses, site_name: str = "Heirloom") -> dict[str, Any]:
    """*item* as a manifest: a JSON object, without any query where *item* was prefetched by ``whole``.

    Every file that can be shown becomes a canvas; models and other files are offered as ``rendering``. An item without a
    showable file has one empty canvas, because a manifest must have one (section 5.2).
    """
    identifier = addresses.manifest(item.key)
    canvases = list(_canvases(item, addresses))
    features = [feature for place in item.places.all() if (feature := _feature(place, addresses))]
    made: dict[str, Any] = {
        "@context": [NAV_PLACE, CONTEXT] if features else CONTEXT,
        "id": identifier,
        "type": "Manifest",
        "label": language_map(item.title, item.key),
    }
    if summary := language_map(item.description):
        made["summary"] = summary
    if metadata := list(_metadata(item)):
        made["metadata"] = metadata
    if item.rights:
        made["rights"] = rights_address(item.rights)
    if statement := _required_statement(item):
        made["requiredStatement"] = statement
    made["provider"] = list(_providers(item, addresses, site_name))
    first_day = days(item.date)[0]
    if first_day is not None and 0 < first_day[0] <= 9999:
        made["navDate"] = f"{day_text(first_day)}T00:00:00Z"
    if features:
        made["navPlace"] = {
            "id": f"{identifier}#places",
            "type": "FeatureCollection",
            "features": features,
        }
    if thumbnail := thumbnails(item, addresses):
        made["thumbnail"] = thumbnail
    made["homepage"] = [
        {"id": addresses.page(item.key), "type": "Text", "format": "text/html", "label": made["label"]}
    ]
    made["seeAlso"] = [
        {
            "id": addresses.linked_art(item.key),
            "type": "Dataset",
            "format": "application/ld+json",
            "profile": "https://linked.art/ns/v1/linked-art.json",
            "label": {"en": ["Linked Art"]},
        }
    ]
    if rendering := [_file(item, media, addresses) for media in _unshowable(item)]:
        made["rendering"] = rendering
    made["partOf"] = [{"id": addresses.collection(), "type": "Collection"}]
    made["items"] = canvases or [_empty_canvas(item, identifier)]
    return made


# -- words about the item -----------------------------------------------------------------------------------


def _entry(label: str, value: LanguageMap) -> Iterator[dict[str, LanguageMap]]:
    if value:
        yield {"label": language_map(words(label)), "value": value}


def _metadata(item: Item) -> Iterator[dict[str, LanguageMap]]:
    date = dict(language_map(item.date_note))
    if item.date:
        date.setdefault("none", []).append(item.date)
    yield from _entry(gettext_noop("Date"), date)
    for role, names in _by_role(item).items():
        yield from _entry(role, _joined(names))
    yield from _entry(
        gettext_noop("Community"), _joined(community.name for community in item.communities.all())
    )
    yield from _entry(gettext_noop("Place"), _joined(place.name for place in item.places.all()))
    terms = sorted(item.terms.all(), key=lambda term: (term.scheme, term.code))
    for scheme, label in _SCHEME_WORDS.items():
        labels = [term.label or Translated({"und": term.code}) for term in terms if term.scheme == scheme]
        yield from _entry(label, _joined(labels))
    for mark in _labels(item):
        name = (
            vocabularies.LABEL_KINDS[mark.code].name if mark.code in vocabularies.LABEL_KINDS else mark.code
        )
        yield {
            "label": language_map(words(name)),
            "value": language_map(mark.text) or language_map(mark.community.name, mark.code),
        }
    for statement in item.statements:
        language = str(statement.get("language") or "none")
        if value := str(statement.get("value", "")):
            yield {
                "label": _plain(str(statement.get("name") or "statement")),
                "value": {"none" if language == "und" else language: [value]},
            }
    if item.source_id:
        yield from _entry(gettext_noop("Identifier"), _plain(item.source_id))


def _by_role(item: Item) -> dict[str, list[Translated]]:
    found: dict[str, list[Translated]] = {}
    for part in sorted(item.contributions.all(), key=lambda part: (part.position, part.pk)):
        found.setdefault(vocabularies.RELATORS.get(part.role, part.role), []).append(part.agent.name)
    return found


def _labels(item: Item) -> list[Label]:
    return sorted(item.labels.all(), key=lambda label: (label.position, label.pk))


def _required_statement(item: Item) -> dict[str, LanguageMap] | None:
    """What has to be shown wherever the item is: whose rights, and the communities' labels in their own words."""
    value: LanguageMap = {}
    if item.rights_holder:
        value["none"] = [item.rights_holder]
    for mark in _labels(item):
        said = language_map(mark.text) or language_map(mark.community.name)
        for language, texts in said.items():
            value.setdefault(language, []).extend(f"{mark.code}: {text}" for text in texts)
    if item.rights and not value:
        try:
            kind = vocabularies.statement(item.rights)
        except vocabularies.UnknownRights:
            return None
        value = language_map(words(kind.name))
    return (
        {"label": language_map(words(gettext_noop("Attribution and rights"))), "value": value}
        if value
        else None
    )


def _providers(item: Item, addresses: Addresses, site_name: str) -> Iterator[dict[str, Any]]:
    """Who gave the item, nearest first: its communities, where it came from, this installation."""
    for community in item.communities.all():
        address = addresses.community(community.slug)
        yield _agent(address, language_map(community.name, community.slug), address)
    if item.source and item.source_uri:
        yield _agent(item.source_uri, _plain(item.rights_holder or item.source), item.source_uri)
    yield _agent(addresses.base_url, _plain(site_name), addresses.base_url)


def _agent(identifier: str, label: LanguageMap, homepage: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "Agent",
        "label": label,
        "homepage": [{"id": homepage, "type": "Text", "format": "text/html", "label": label}],
    }


def _feature(place: Place, addresses: Addresses) -> dict[str, Any] | None:
    """A place as a GeoJSON feature of navPlace; the stored geometry, else the point."""
    geometry = place.geometry
    if not geometry and place.longitude is not None and place.latitude is not None:
        geometry = {"type": "Point", "coordinates": [place.longitude, place.latitude]}
    if not geometry:
        return None
    return {
        "id": addresses.place(place.key),
        "type": "Feature",
        "properties": {"label": language_map(place.name, place.gazetteer or place.key)},
        "geometry": geometry,
    }


# -- pictures and sound ------------------------------------------------------------------------------------


def _is_shown(media: Media) -> bool:
    return is_image(media) or (media.media_type.startswith(("audio/", "video/")) and bool(media.duration))


def _unshowable(item: Item) -> list[Media]:
    """Files without a canvas; transcripts are annotations where there is a canvas to carry them."""
    shown = any(map(_is_shown, masters(item)))
    return [media for media in masters(item) if not _is_shown(media)] + [
        media
        for media in others(item)
        if not (shown and media.role == Media.Role.TRANSCRIPT and media.media_type.startswith("text/"))
    ]


def _file(item: Item, media: Media, addresses: Addresses) -> dict[str, Any]:
    kinds = {"image": "Image", "audio": "Sound", "video": "Video", "model": "Model", "text": "Text"}
    return {
        "id": addresses.file(item.key, media.sha512),
        "type": kinds.get(media.media_type.partition("/")[0], "Dataset"),
        "format": media.media_type,
        "label": language_map(media.caption, media.original_name),
    }


def image_body(key: str, media: Media, addresses: Addresses) -> dict[str, Any]:
    """An image with its service; the address is a picture of at most 1,500 pixels that any client can show."""
    service = addresses.image(key, media.sha512)
    width, height = fitted(media, 1500)
    return {
        "id": f"{service}/full/{width},{height}/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
        "service": [{"id": service, "type": "ImageService3", "profile": "level2"}],
    }


def fitted(media: Media, longest: int) -> tuple[int, int]:
    """Width and height of a picture scaled down, never up, to fit a square of *longest* pixels."""
    assert media.width
    assert media.height
    scale = min(1.0, longest / max(media.width, media.height))
    return max(1, round(media.width * scale)), max(1, round(media.height * scale))


def thumbnails(item: Item, addresses: Addresses) -> list[dict[str, Any]]:
    """The first picture of the item, small, with its service."""
    first = next((media for media in item_images(item)), None)
    if first is None:
        return []
    service = addresses.image(item.key, first.sha512)
    width, height = fitted(first, THUMBNAIL)
    return [
        {
            "id": f"{service}/full/{width},{height}/0/default.jpg",
            "type": "Image",
            "format": "image/jpeg",
            "width": width,
            "height": height,
            "service": [{"id": service, "type": "ImageService3", "profile": "level2"}],
        }
    ]


def item_images(item: Item) -> list[Media]:
    """The pictures of *item*, in their order."""
    return [media for media in masters(item) if is_image(media)]


def _canvases(item: Item, addresses: Addresses) -> Iterator[dict[str, Any]]:
    transcripts = [media for media in others(item) if media.role == Media.Role.TRANSCRIPT]
    shown = [media for media in masters(item) if _is_shown(media)]
    for number, media in enumerate(shown, 1):
        canvas = _canvas(item, media, number, addresses)
        if number == 1 and transcripts:
            canvas["annotations"] = [_transcripts(item, canvas["id"], transcripts, addresses)]
        yield canvas


def _canvas(item: Item, media: Media, number: int, addresses: Addresses) -> dict[str, Any]:
    identifier = f"{addresses.manifest(item.key)}/canvas/{media.sha512[:16]}"
    canvas: dict[str, Any] = {
        "id": identifier,
        "type": "Canvas",
        "label": language_map(media.caption) or language_map(media.alt, str(number)),
    }
    if is_image(media):
        canvas |= {"width": media.width, "height": media.height}
        body = image_body(item.key, media, addresses)
    else:
        canvas["duration"] = media.duration
        body = _file(item, media, addresses) | {"duration": media.duration}
        del body["label"]
        if media.media_type.startswith("video/") and media.width and media.height:
            canvas |= {"width": media.width, "height": media.height}
            body |= {"width": media.width, "height": media.height}
        if media.language:
            body["language"] = media.language
    canvas["items"] = [
        {
            "id": f"{identifier}/page",
            "type": "AnnotationPage",
            "items": [
                {
                    "id": f"{identifier}/painting",
                    "type": "Annotation",
                    "motivation": "painting",
                    "body": body,
                    "target": identifier,
                }
            ],
        }
    ]
    return canvas


def _transcripts(item: Item, canvas: str, transcripts: list[Media], addresses: Addresses) -> dict[str, Any]:
    annotations = []
    for number, media in enumerate(transcripts, 1):
        body = {
            "id": addresses.file(item.key, media.sha512),
            "type": "Text",
            "format": media.media_type,
            "label": language_map(media.caption, media.original_name),
        }
        if media.language:
            body["language"] = media.language
        annotations.append(
            {
                "id": f"{canvas}/transcript/{number}",
                "type": "Annotation",
                "motivation": "supplementing",
                "body": body,
                "target": canvas,
            }
        )
    return {"id": f"{canvas}/transcripts", "type": "AnnotationPage", "items": annotations}


def _empty_canvas(item: Item, identifier: str) -> dict[str, Any]:
    width, height = _EMPTY_CANVAS
    return {
        "id": f"{identifier}/canvas/empty",
        "type": "Canvas",
        "label": language_map(item.title, item.key),
        "width": width,
        "height": height,
        "items": [{"id": f"{identifier}/canvas/empty/page", "type": "AnnotationPage", "items": []}],
    }


# -- collections -------------------------------------------------------------------------------------------


def reference(item: Item, addresses: Addresses) -> dict[str, Any]:
    """An item as an entry of a collection."""
    made: dict[str, Any] = {
        "id": addresses.manifest(item.key),
        "type": "Manifest",
        "label": language_map(item.title, item.key),
    }
    if thumbnail := thumbnails(item, addresses):
        made["thumbnail"] = thumbnail
    return made


def collection(
    name: str,
    label: Translated,
    total: int,
    addresses: Addresses,
    *,
    summary: Translated | None = None,
    size: int = PAGE,
) -> dict[str, Any]:
    """A collection of *total* items as a collection of its pages; a short one would be :func:`collection_page` itself."""
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": addresses.collection(name),
        "type": "Collection",
        "label": language_map(label, name),
    }
    if summary and (text := language_map(summary)):
        made["summary"] = text
    made["items"] = [
        {
            "id": addresses.collection(name, page),
            "type": "Collection",
            "label": _plain(f"{(page - 1) * size + 1}–{min(page * size, total)}"),
        }
        for page in range(1, -(-total // size) + 1)
    ]
    return made


def collection_page(
    name: str, page: int | None, label: Translated, items: Iterable[Item], addresses: Addresses
) -> dict[str, Any]:
    """The items of one page as a collection of manifests; ``page=None`` for a list that needs no pages."""
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": addresses.collection(name, page),
        "type": "Collection",
        "label": language_map(label, name),
        "items": [reference(item, addresses) for item in items],
    }
    if page is not None:
        made["partOf"] = [{"id": addresses.collection(name), "type": "Collection"}]
    return made
