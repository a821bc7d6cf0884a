"""Items, their files, places, search."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import File, Form, Router, Schema, Status, UploadedFile
from ninja.params import Query
from pydantic import Field

from heirloom.cases.models import Case
from heirloom.cases.rules import visible_cases
from heirloom.catalogue import actions, actions_media, queries, rights, search
from heirloom.catalogue.actions_errors import InvalidField
from heirloom.catalogue.exchange import Addresses, is_image
from heirloom.catalogue.filters import Filters
from heirloom.catalogue.models import Item, Media, Place
from heirloom.errors import NotAllowed, NotFound
from heirloom.text import Translated
from heirloom.web.addresses import image_service, media_url
from heirloom.web.intake import received
from heirloom.web.public.summaries import of_seals
from heirloom.web.reader import languages

from .access import READ, WRITE, answers, person, signed_in
from .forms import Key, Line, Page, PageNumber, PageSize, Prose, Texts, TextsIn, TitleIn, paged, translated

router = Router(tags=["catalogue"])

Kind = Literal["image", "surface", "model", "recording", "text", "data", "place", "practice", "object"]


class FileOut(Schema):
    """A file of an item."""

    path: str
    name: str
    url: str
    media_type: str
    role: str
    size: int
    sha512: str
    width: int | None
    height: int | None
    duration: float | None
    language: str
    alt: Texts
    caption: Texts
    image_service: str | None = Field(description="where IIIF Image API 3.0 serves it")


class Named(Schema):
    """A thing by its key and name."""

    key: str
    name: Texts


class ItemCard(Schema):
    """An item as lists show it."""

    key: str
    kind: str
    state: str
    title: Texts
    date: str
    rights: str
    illustrative: bool
    updated_at: datetime
    url: str
    files: int
    places: list[Named]
    communities: list[Named]


class ItemPage(Page):
    """One page of items. ``loose``: nothing matched as typed, these match inside words. ``capped``: there are more."""

    results: list[ItemCard]
    capped: bool
    loose: bool


class TermOut(Schema):
    """A term of a vocabulary."""

    scheme: str
    code: str
    uri: str
    label: Texts


class ContributionOut(Schema):
    """Who did what; ``role`` is a MARC relator code."""

    name: Texts
    kind: str
    role: str
    uri: str


class LabelOut(Schema):
    """A Local Contexts label in the community's own words."""

    code: str
    community: Texts
    text: Texts


class ItemOut(ItemCard):
    """An item with everything that is known of it."""

    description: Texts
    date_note: Texts
    rights_holder: str
    source: str
    source_id: str
    source_uri: str
    statements: list[Any]
    revision: int
    object_version: int
    digest: str
    protocol: Named | None
    media: list[FileOut]
    terms: list[TermOut]
    contributions: list[ContributionOut]
    labels: list[LabelOut]
    manifest: str
    linked_art: str


class FacetValueOut(Schema):
    """A value of a facet: what to put into the filter, its name, and how many items have it."""

    value: str | int
    label: Texts | str
    count: int


class ItemQuery(Schema):
    """What is asked of a list of items. Values of one field are alternatives; fields are joined by AND."""

    q: Line = ""
    kind: list[Kind] = []
    language: list[Line] = []
    technique: list[Line] = []
    material: list[Line] = []
    form: list[Line] = []
    subject: list[Line] = []
    period: list[Line] = []
    community: list[Line] = []
    place: list[Line] = []
    country: list[Line] = []
    century: list[Annotated[int, Field(ge=-9999, le=9999)]] = []
    rights: list[Line] = []
    agent: list[Line] = []
    bbox: Annotated[
        str, Field(pattern=r"^$|^(-?[0-9]{1,3}(\.[0-9]{1,9})?,){3}-?[0-9]{1,3}(\.[0-9]{1,9})?$")
    ] = Field("", description="west,south,east,north in degrees")
    illustrative: bool | None = None
    mine: bool = Field(default=False, description="only those that you own")

    def filters(self) -> Filters:
        """The same as the catalogue reads it. Raises InvalidField."""
        given = self.model_dump()
        box = Filters.from_query({"bbox": [given.pop("bbox")]}).bbox
        if self.bbox and box is None:
            raise InvalidField(field="bbox", value=repr(self.bbox))
        made: dict[str, Any] = {
            name: tuple(value[:50]) if isinstance(value, list) else value for name, value in given.items()
        }
        return Filters(bbox=box, **made)


ItemQueryIn = Annotated[ItemQuery, Query()]


def card(item: Item) -> dict[str, Any]:
    """An item as lists show it; reads the prefetched ``media``, ``places`` and ``communities``."""
    return {
        "key": item.key,
        "kind": item.kind,
        "state": item.state,
        "title": item.title.to_json(),
        "date": item.date,
        "rights": item.rights,
        "illustrative": item.illustrative,
        "updated_at": item.updated_at,
        "url": f"{settings.SITE_URL}{reverse('item', args=[item.key])}",
        "files": len(item.media.all()),
        "places": [{"key": place.key, "name": place.name.to_json()} for place in item.places.all()],
        "communities": [{"key": one.key, "name": one.name.to_json()} for one in item.communities.all()],
    }


def shown_file(media: Media) -> dict[str, Any]:
    """A file as the API gives it."""
    return {
        "path": media.path,
        "name": media.original_name,
        "url": f"{settings.SITE_URL}{media_url(media.item.key, media.sha512)}",
        "media_type": media.media_type,
        "role": media.role,
        "size": media.size,
        "sha512": media.sha512,
        "width": media.width,
        "height": media.height,
        "duration": media.duration,
        "language": media.language,
        "alt": media.alt.to_json(),
        "caption": media.caption.to_json(),
        "image_service": f"{settings.SITE_URL}{image_service(media.item.key, media.sha512)}"
        if is_image(media)
        else None,
    }


def whole(item: Item) -> dict[str, Any]:
    """An item with everything that is known of it; reads what ``queries.get_item`` has fetched."""
    addresses = Addresses(settings.SITE_URL)
    return card(item) | {
        "description": item.description.to_json(),
        "date_note": item.date_note.to_json(),
        "rights_holder": item.rights_holder,
        "source": item.source,
        "source_id": item.source_id,
        "source_uri": item.source_uri,
        "statements": item.statements,
        "revision": item.revision,
        "object_version": item.object_version,
        "digest": item.digest,
        "protocol": {"key": item.protocol.key, "name": item.protocol.name.to_json()}
        if item.protocol
        else None,
        "media": [shown_file(media) for media in item.media.all()],
        "terms": [
            {"scheme": term.scheme, "code": term.code, "uri": term.uri, "label": term.label.to_json()}
            for term in item.terms.all()
        ],
        "contributions": [
            {
                "name": part.agent.name.to_json(),
                "kind": part.agent.kind,
                "role": part.role,
                "uri": part.agent.uri,
            }
            for part in item.contributions.all()
        ],
        "labels": [
            {"code": mark.code, "community": mark.community.name.to_json(), "text": mark.text.to_json()}
            for mark in item.labels.all()
        ],
        "manifest": addresses.manifest(item.key),
        "linked_art": addresses.linked_art(item.key),
    }


# -- reading -------------------------------------------------------------------------------------------------------


@router.get("/items", response=answers(ItemPage, 400, 422), operation_id="list_items")
def list_items(
    request: HttpRequest,
    asked: ItemQueryIn,
    sort: Literal["", "relevance", "recent", "title", "oldest", "newest"] = "",
    page: PageNumber = 1,
    size: PageSize = 24,
) -> dict[str, Any]:
    """List, filter and search the items that you may see."""
    found = queries.list_items(
        request.user,
        asked.filters(),
        sort=sort,
        page=page,
        size=size,
        language=languages(request)[0],
        facets=False,
    )
    return {
        "results": [card(item) for item in found.items],
        "total": found.total,
        "page": found.page,
        "pages": found.pages,
        "capped": found.capped,
        "loose": found.loose,
    }


@router.get("/facets", response=answers(dict[str, list[FacetValueOut]], 400, 422), operation_id="list_facets")
def facets(request: HttpRequest, asked: ItemQueryIn) -> dict[str, Any]:
    """Count the items that you may see by kind, language, community and so on."""
    found = queries.list_items(request.user, asked.filters(), size=1, language=languages(request)[0])
    return {
        name: [
            {
                "value": value.value,
                "label": value.label.to_json() if isinstance(value.label, Translated) else str(value.label),
                "count": value.count,
            }
            for value in values
        ]
        for name, values in found.facets.items()
    }


@router.get("/items/{key}", response=answers(ItemOut, *READ), operation_id="get_item")
def get_item(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Everything about one item."""
    return whole(queries.get_item(request.user, key))


class Hit(Schema):
    """Something that a search found."""

    kind: Literal["item", "case"]
    key: str
    title: Texts
    url: str


class Hits(Schema):
    """What a search found, the best first. ``more``: there is more. ``loose``: it matches inside words."""

    results: list[Hit]
    more: bool
    loose: bool


@router.get("/search", response=answers(Hits, 422), operation_id="search")
def find(
    request: HttpRequest,
    q: Annotated[Line, Query()],
    kind: Literal["item", "case"] = "item",
    size: PageSize = 20,
) -> dict[str, Any]:
    """Search items or published cases in any language and script."""
    language = languages(request)[0]
    if kind == "item":
        rows = Item.objects.filter(rights.visible_items(request.user))
        found = search.find(q, "item", rows, language=language, limit=size)
        items = Item.objects.only("key", "title").in_bulk(found.pks)
        hits = [
            {
                "kind": kind,
                "key": items[pk].key,
                "title": items[pk].title.to_json(),
                "url": f"{settings.SITE_URL}{reverse('item', args=[items[pk].key])}",
            }
            for pk in found.pks
            if pk in items
        ]
        return {"results": hits, "more": found.more, "loose": found.loose}
    published = Case.objects.filter(state=Case.State.PUBLISHED, published_seal__isnull=False).values("pk")
    shown = Case.objects.filter(visible_cases(request.user)).values("pk")
    cases = Case.objects.filter(pk__in=published).filter(pk__in=shown)
    found = search.find(q, "case", cases, language=language, limit=size)
    seals = Case.objects.select_related("published_seal").in_bulk(found.pks)
    summaries = of_seals([one.published_seal for one in seals.values() if one.published_seal])
    hits = [
        {
            "kind": kind,
            "key": case.key,
            "title": summaries[case.published_seal.digest].title.to_json(),
            "url": f"{settings.SITE_URL}{reverse('case', args=[case.key])}",
        }
        for pk in found.pks
        if (case := seals.get(pk)) is not None and case.published_seal is not None
    ]
    return {"results": hits, "more": found.more, "loose": found.loose}


class PlaceCard(Named):
    """A place as lists show it; degrees of WGS 84."""

    country: str
    gazetteer: str
    longitude: float | None
    latitude: float | None


class PlacePage(Page):
    """One page of places."""

    results: list[PlaceCard]


class PlaceOut(PlaceCard):
    """A place with its geometry (GeoJSON), what it is part of, and the newest items there that you may see."""

    geometry: dict[str, Any] | None
    precision_km: float | None
    part_of: Named | None
    items: list[ItemCard]
    total: int


class ClusterOut(Schema):
    """Items near each other: their middle and number, and the only place's key where there is but one."""

    longitude: float
    latitude: float
    count: int
    place: str


def _place(place: Place) -> dict[str, Any]:
    return {
        "key": place.key,
        "name": place.name.to_json(),
        "country": place.country,
        "gazetteer": place.gazetteer,
        "longitude": place.longitude,
        "latitude": place.latitude,
    }


@router.get("/places", response=answers(PlacePage, 422), operation_id="list_places")
def list_places(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the places of items that you may see."""
    seen = Item.objects.filter(rights.visible_items(request.user)).values("pk")
    theirs = Item.places.through.objects.filter(item__in=seen).values("place")
    return paged(Place.objects.filter(pk__in=theirs).order_by("pk"), page, size, _place)


@router.get("/places/{key}", response=answers(PlaceOut, *READ), operation_id="get_place")
def get_place(request: HttpRequest, key: Key) -> dict[str, Any]:
    """A place of items that you may see, and the newest of them."""
    found = queries.get_place(request.user, key)
    place = found.place
    if not found.total and not any(count for _part, count in found.parts):
        raise NotFound
    return _place(place) | {
        "geometry": place.geometry,
        "precision_km": place.precision_km,
        "part_of": {"key": place.part_of.key, "name": place.part_of.name.to_json()}
        if place.part_of
        else None,
        "items": [card(item) for item in found.items],
        "total": found.total,
    }


@router.get("/map", response=answers(list[ClusterOut], 400, 422), operation_id="get_map")
def get_map(
    request: HttpRequest, asked: ItemQueryIn, columns: Annotated[int, Query(ge=1, le=256)] = 32
) -> list[dict[str, Any]]:
    """Gather the items that you may see by the cells of a grid."""
    return [
        {
            "longitude": one.longitude,
            "latitude": one.latitude,
            "count": one.count,
            "place": one.place,
        }
        for one in queries.items_on_map(request.user, asked.filters(), columns=columns)
    ]


# -- writing -------------------------------------------------------------------------------------------------------


class ItemIn(Schema):
    """The description of an item. ``date`` is EDTF; ``rights`` the address of a licence or rights statement."""

    title: TitleIn
    description: TextsIn = {}
    date: Line = ""
    date_note: TextsIn = {}
    rights: Line = ""
    rights_holder: Annotated[Line, Field(max_length=300)] = ""
    illustrative: bool = False
    source_uri: Line = ""


class NewItem(ItemIn):
    """A new item."""

    kind: Kind


class ItemChange(Schema):
    """What changes of an item: only what is given. ``revision`` is the one that you saw."""

    revision: Annotated[int, Field(ge=0, le=2**31)]
    title: TitleIn | None = None
    description: TextsIn | None = None
    date: Line | None = None
    date_note: TextsIn | None = None
    rights: Line | None = None
    rights_holder: Annotated[Line, Field(max_length=300)] | None = None
    illustrative: bool | None = None
    source_uri: Line | None = None


def _fields(sent: Schema, **options: Any) -> dict[str, Any]:
    texts = {"title", "description", "date_note"}
    return {
        name: translated(getattr(sent, name)) if name in texts else value
        for name, value in sent.model_dump(**options).items()
    }


@router.post(
    "/items", response=answers(ItemOut, *WRITE, status=201), auth=signed_in, operation_id="create_item"
)
def create_item(request: HttpRequest, sent: NewItem) -> Status[dict[str, Any]]:
    """Begin to describe a thing, as a draft of yours."""
    item = actions.create_item(person(request), **_fields(sent))
    return Status(201, whole(queries.get_item(request.user, item.key)))


@router.patch("/items/{key}", response=answers(ItemOut, *WRITE), auth=signed_in, operation_id="edit_item")
def edit_item(request: HttpRequest, key: Key, sent: ItemChange) -> dict[str, Any]:
    """Change a description; 409 when somebody else saved meanwhile."""
    changes = _fields(sent, exclude_none=True)
    item = queries.get_item(request.user, key)
    actions.edit_item(person(request), item, **changes)
    return whole(queries.get_item(request.user, key))


class FileIn(Schema):
    """What is said of a file that is sent."""

    role: Literal["master", "transcript", "supplement"] = "master"
    language: Line = ""
    alt: Prose = Field("", description="what it shows, in the language of the request")


@router.post(
    "/items/{key}/files",
    response=answers(FileOut, *WRITE, status=201),
    auth=signed_in,
    operation_id="add_file",
)
def add_file(
    request: HttpRequest,
    key: Key,
    said: Annotated[FileIn, Form()],
    file: Annotated[UploadedFile, File()],  # noqa: ARG001 - the intake takes it from the request
) -> Status[dict[str, Any]]:
    """Add one file; it is judged by its content and kept at once."""
    item = queries.get_item(request.user, key)
    if not rights.may_edit(person(request), item):
        raise NotAllowed
    with received(request, actions_media.policy()) as uploads:
        sent = uploads.get("file", [])
        if len(sent) != 1:
            raise InvalidField(field="file", value=str(len(sent)))
        media = actions_media.add_media(
            person(request),
            item,
            sent[0].path,
            sent[0].accepted.original_name,
            role=said.role,
            language=said.language,
            alt=Translated({languages(request)[0]: said.alt}) if said.alt.strip() else None,
        )
    return Status(201, shown_file(media))


@router.post(
    "/items/{key}/publish", response=answers(ItemOut, *WRITE), auth=signed_in, operation_id="publish_item"
)
def publish_item(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Publish an item to those whom its protocol lets see it."""
    actions.publish_item(person(request), queries.get_item(request.user, key))
    return whole(queries.get_item(request.user, key))


class Reason(Schema):
    """Why."""

    reason: Prose = ""


class StateOut(Schema):
    """How something stands now."""

    key: str
    state: str


@router.post(
    "/items/{key}/withdraw", response=answers(StateOut, *WRITE), auth=signed_in, operation_id="withdraw_item"
)
def withdraw_item(request: HttpRequest, key: Key, sent: Reason) -> dict[str, Any]:
    """Take a published item from view."""
    item = actions.withdraw_item(person(request), queries.get_item(request.user, key), sent.reason)
    return {"key": item.key, "state": item.state}
