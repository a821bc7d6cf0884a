"""Manifests: against the validator's schema where it is at hand, and our own invariants always."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalogue.exchange.conftest import add_media, whole_item
from tests.factories.catalogue import make_item

from heirloom.catalogue.exchange import Addresses
from heirloom.catalogue.iiif import presentation, presentation_read
from heirloom.catalogue.importers.checks import checked
from heirloom.catalogue.models import Item
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]
Rich = Callable[..., Item]


def identifiers(value: Any) -> Iterator[str]:
    """The ids of everything that a manifest defines (references to the outside are repeated on purpose)."""
    if isinstance(value, dict):
        if value.get("type") in {
            "Manifest",
            "Canvas",
            "AnnotationPage",
            "Annotation",
        } and "items" in value | {"body": 1}:
            yield value["id"]
        for name, part in value.items():
            if name not in {"partOf", "service", "thumbnail"}:
                yield from identifiers(part)
    elif isinstance(value, list):
        for part in value:
            yield from identifiers(part)


def is_language_map(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(texts, list) and texts and all(isinstance(text, str) and text for text in texts)
        for texts in value.values()
    )


def check(manifest: dict[str, Any]) -> None:
    found = list(identifiers(manifest))
    assert len(found) == len(set(found))
    assert is_language_map(manifest["label"])
    assert manifest["label"]
    assert manifest["items"]
    for entry in manifest.get("metadata", []):
        assert set(entry) == {"label", "value"}
        assert is_language_map(entry["label"]), entry
        assert is_language_map(entry["value"]), entry
    for canvas in manifest["items"]:
        assert ("width" in canvas) == ("height" in canvas)
        assert "width" in canvas or "duration" in canvas
        for page in canvas["items"]:
            for annotation in page["items"]:
                assert annotation["target"] == canvas["id"]
                assert annotation["motivation"] == "painting"


def test_a_picture(
    rich_item: Rich, addresses: Addresses, presentation_schema: Callable[[Any], list[str]]
) -> None:
    made = picture(rich_item, addresses)
    assert presentation_schema(made) == []


def picture(rich_item: Rich, addresses: Addresses) -> dict[str, Any]:
    item = rich_item()
    add_media(
        item, "one.tif", "image/tiff", width=6000, height=4000, alt=Translated({"en": "A boat", "lo": "ເຮືອ"})
    )
    add_media(item, "two.jpg", "image/jpeg", width=300, height=500)
    add_media(item, "scan.glb", "model/gltf-binary")
    add_media(item, "notes.pdf", "application/pdf", role="supplement")
    return presentation.manifest(whole_item(item.key), addresses, "Heirloom of Laos")


def test_a_picture_says_everything(rich_item: Rich, addresses: Addresses) -> None:
    made = picture(rich_item, addresses)
    check(made)
    assert made["label"] == {"en": ["Naga boat"], "lo": ["ເຮືອນາກ"], "zh-Hans": ["龙舟"]}
    assert made["rights"] == "http://creativecommons.org/licenses/by/4.0/"
    assert made["requiredStatement"]["value"] == {"none": ["Museum of Boats"], "lo": ["TK A: ໃຫ້ກຽດ"]}
    assert made["navDate"] == "1937-01-01T00:00:00Z"
    assert made["navPlace"]["features"][0]["geometry"]["coordinates"] == [102.135, 19.885]
    assert made["@context"][-1] == presentation.CONTEXT
    first, second = made["items"]
    assert (first["width"], first["height"]) == (6000, 4000)
    body = first["items"][0]["items"][0]["body"]
    assert (body["width"], body["height"]) == (1500, 1000)
    assert body["service"][0]["id"].startswith("https://example.org/iiif/3/")
    assert body["id"] == f"{body['service'][0]['id']}/full/1500,1000/0/default.jpg"
    assert second["items"][0]["items"][0]["body"]["width"] == 300
    assert {file["format"] for file in made["rendering"]} == {"model/gltf-binary", "application/pdf"}
    assert made["thumbnail"][0]["width"] == 400
    values = {text for entry in made["metadata"] for texts in entry["value"].values() for text in texts}
    assert {
        "about 1937",
        "1937~",
        "Agent mus",
        "Agent pht",
        "ໃຫ້ກຽດ",
        "3 m",
        "4",
        "B 17",
        "Luang Prabang",
    } <= values
    assert [provider["label"] for provider in made["provider"]][-1] == {"none": ["Heirloom of Laos"]}
    assert made["seeAlso"][0]["id"].endswith(f"/linked-art/item/{made['id'].split('/')[-2]}")


def recording(rich_item: Rich, addresses: Addresses) -> dict[str, Any]:
    item = rich_item("recording")
    add_media(item, "song.flac", "audio/flac", duration=61.5, language="lo")
    add_media(item, "dance.mp4", "video/mp4", duration=12.0, width=640, height=480)
    add_media(item, "song.vtt", "text/vtt", role="transcript", language="lo")
    return presentation.manifest(whole_item(item.key), addresses)


def test_a_recording(
    rich_item: Rich, addresses: Addresses, presentation_schema: Callable[[Any], list[str]]
) -> None:
    assert presentation_schema(recording(rich_item, addresses)) == []


def test_a_recording_has_time_and_its_transcript(rich_item: Rich, addresses: Addresses) -> None:
    made = recording(rich_item, addresses)
    check(made)
    song, dance = made["items"]
    assert song["duration"] == 61.5
    assert "width" not in song
    assert song["items"][0]["items"][0]["body"]["language"] == "lo"
    assert song["annotations"][0]["items"][0]["motivation"] == "supplementing"
    assert (dance["width"], dance["duration"]) == (640, 12.0)
    assert "rendering" not in made


@pytest.mark.parametrize("kind", Item.Kind.values)
def test_every_kind_without_files(
    kind: str, rich_item: Rich, addresses: Addresses, presentation_schema: Callable[[Any], list[str]]
) -> None:
    made = presentation.manifest(whole_item(rich_item(kind).key), addresses)
    check(made)
    assert presentation_schema(made) == []


def test_a_bare_item_and_collections(
    addresses: Addresses, presentation_schema: Callable[[Any], list[str]]
) -> None:
    item = make_item(title={"und": "?"})
    bare = presentation.manifest(whole_item(item.key), addresses)
    check(bare)
    assert bare["label"] == {"none": ["?"]}
    label = Translated({"en": "All", "vi": "Tất cả"})
    root = presentation.collection("all", label, 401, addresses, size=200)
    assert [page["label"]["none"] for page in root["items"]] == [["1–200"], ["201–400"], ["401–401"]]
    page = presentation.collection_page("all", 1, label, [whole_item(item.key)], addresses)
    assert page["partOf"] == [{"id": root["id"], "type": "Collection"}]
    assert page["items"][0]["id"] == bare["id"]
    for document in (bare, root, page):
        assert presentation_schema(document) == []


def test_no_query_for_a_whole_item(rich_item: Rich, addresses: Addresses) -> None:
    item = rich_item()
    add_media(item, "one.jpg", "image/jpeg", width=10, height=10)
    full = whole_item(item.key)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        presentation.manifest(full, addresses)
    assert len(queries) == 0


texts = st.dictionaries(
    st.sampled_from(["en", "lo", "th", "km", "my", "vi", "zh-Hans", "und", "x-tai-lue"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip),
    max_size=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=texts, description=texts, width=st.integers(1, 50_000), height=st.integers(1, 50_000))
def test_any_texts_and_sizes(
    title: dict[str, str], description: dict[str, str], width: int, height: int, addresses: Addresses
) -> None:
    item = make_item(title=title or {"en": "?"}, description=Translated(description), indexed=False)
    add_media(item, "one.jpg", "image/jpeg", width=width, height=height)
    made = presentation.manifest(whole_item(item.key), addresses)
    check(made)
    body = made["items"][0]["items"][0]["items"][0]["body"]
    assert 1 <= body["width"] <= min(1500, width)
    assert 1 <= body["height"] <= min(1500, height)


def test_what_is_written_can_be_read_back(rich_item: Rich, addresses: Addresses) -> None:
    item = rich_item()
    add_media(item, "one.jpg", "image/jpeg", width=30, height=20)
    draft = checked(presentation_read.draft(presentation.manifest(whole_item(item.key), addresses), "us"))
    assert draft.title == item.title
    assert {tag: text.value for tag, text in draft.description.items()} == {"en": "A boat.", "th": "เรือ"}
    assert (draft.kind, draft.date, draft.rights) == ("image", "1937~", item.rights)
    assert (draft.places[0].longitude, draft.places[0].latitude) == (102.135, 19.885)
    assert draft.media[0].service.startswith("https://example.org/iiif/3/")
    assert {"3 m", "B 17", "Agent mus", "TK A: ໃຫ້ກຽດ"} <= {one.value for one in draft.statements}
