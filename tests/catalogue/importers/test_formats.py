"""Manifests, Linked Art, LIDO, OAI-PMH and folders as drafts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from heirloom.archive.fetch import FetchFailed, FetchStatus
from heirloom.catalogue import lido, linkedart_read
from heirloom.catalogue.iiif import presentation_read
from heirloom.catalogue.importers.checks import prepared
from heirloom.catalogue.importers.draft import SourceError
from heirloom.catalogue.importers.folders import Folder
from heirloom.catalogue.importers.harvest import Harvest, HarvestFailed
from heirloom.catalogue.importers.sources import opened, walk

MANIFEST_2 = {
    "@context": "http://iiif.io/api/presentation/2/context.json",
    "@id": "https://x.org/m2",
    "@type": "sc:Manifest",
    "label": [{"@value": "Boat", "@language": "en"}, {"@value": "ເຮືອ", "@language": "lo"}],
    "description": "<p>A <b>boat</b> &amp; oars</p>",
    "attribution": "Museum of Boats",
    "license": "http://creativecommons.org/licenses/by/4.0/",
    "metadata": [
        {"label": "Date", "value": "c. 1937"},
        {"label": {"@value": "Maker", "@language": "en"}, "value": ["A", {"@value": "ກ", "@language": "lo"}]},
    ],
    "sequences": [
        {
            "canvases": [
                {
                    "label": "1r",
                    "images": [
                        {
                            "resource": {
                                "@id": "https://i.org/iiif/b1/full/full/0/default.jpg",
                                "@type": "dctypes:Image",
                                "format": "image/jpeg",
                                "service": {
                                    "@context": "http://iiif.io/api/image/2/context.json",
                                    "@id": "https://i.org/iiif/b1",
                                },
                            }
                        }
                    ],
                },
                {
                    "label": "1v",
                    "images": [{"resource": {"@id": "https://i.org/b1.jpg", "@type": "dctypes:Image"}}],
                },
                {
                    "label": "2r",
                    "images": [{"resource": {"@id": "javascript:alert(1)", "@type": "dctypes:Image"}}],
                },
            ]
        }
    ],
}


def test_a_manifest_of_version_2() -> None:
    (draft,) = prepared([presentation_read.draft(MANIFEST_2, "x")])
    assert {tag: text.value for tag, text in draft.title.items()} == {"en": "Boat", "lo": "ເຮືອ"}
    assert draft.description.text("en") == "A boat & oars"
    assert (draft.date, draft.rights, draft.rights_holder, draft.kind) == (
        "1937~", "https://creativecommons.org/licenses/by/4.0/", "Museum of Boats", "image",
    )  # fmt: skip
    assert [(one.name, one.value, one.language) for one in draft.statements] == [
        ("Maker", "ກ", "lo"),
        ("Maker", "A", ""),
    ]
    assert [(file.name, file.service) for file in draft.media] == [
        ("b1.jpg", "https://i.org/iiif/b1"),
        ("b1-2.jpg", ""),
    ]
    assert (draft.source_id, draft.source_uri) == ("https://x.org/m2", "https://x.org/m2")


def manifest_3(**more: Any) -> dict[str, Any]:
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": "https://x.org/m3",
        "type": "Manifest",
        "label": {"en": ["Song"], "none": ["S 1"]},
        "summary": {"lo": ["ເພງ", "ສອງ"]},
        "rights": "http://rightsstatements.org/vocab/InC/1.0/",
        "requiredStatement": {"label": {"en": ["By"]}, "value": {"en": ["Choir"], "lo": ["ຄະນະ"]}},
        "homepage": [{"id": "https://x.org/page", "type": "Text"}],
        "navPlace": {"features": [{"geometry": {"type": "Point", "coordinates": [102.1, 19.9]}, "properties": {"label": {"en": ["LP"]}}}]},
        "items": [
            {
                "type": "Canvas",
                "label": {"en": ["Side A"]},
                "items": [{"items": [{"motivation": "painting", "body": {"id": "https://x.org/a.mp3", "type": "Sound", "format": "audio/mpeg"}}]}],
                "annotations": [{"items": [{"motivation": "supplementing", "body": {"id": "https://x.org/a.vtt", "type": "Text", "format": "text/vtt", "language": "lo"}}]}],
            }
        ],
        **more,
    }  # fmt: skip


def test_a_manifest_of_version_3() -> None:
    (draft,) = prepared([presentation_read.draft(manifest_3(), "x")])
    assert {tag: text.value for tag, text in draft.title.items()} == {"en": "Song", "und": "S 1"}
    assert draft.description["lo"].value == "ເພງ\nສອງ"
    assert draft.kind == "recording"
    assert draft.source_uri == "https://x.org/page"
    assert (draft.places[0].longitude, draft.places[0].latitude) == (102.1, 19.9)
    assert [(file.name, file.role, file.language) for file in draft.media] == [
        ("a.mp3", "master", ""),
        ("a.vtt", "transcript", "lo"),
    ]
    assert {(one.value, one.language) for one in draft.statements} == {("Choir", "en"), ("ຄະນະ", "lo")}


@pytest.mark.parametrize("document", [{}, {"type": "Canvas"}, {"type": "Collection"}, {"@type": "sc:Layer"}])
def test_no_manifest(document: dict[str, Any]) -> None:
    with pytest.raises(presentation_read.NotPresentation):
        presentation_read.draft(document, "x")


def test_hostile_manifests_do_not_raise() -> None:
    for value in (None, 7, "x", [], {}, [[]], {"x": [None]}):
        for name in (
            "label",
            "metadata",
            "items",
            "navPlace",
            "requiredStatement",
            "homepage",
            "rights",
            "rendering",
            "summary",
        ):
            assert presentation_read.draft(manifest_3(**{name: value}), "x").source_id == "https://x.org/m3"
        for name in ("label", "metadata", "sequences", "license", "attribution", "description", "related"):
            assert presentation_read.draft({**MANIFEST_2, name: value}, "x").source_id == "https://x.org/m2"


def test_collections_are_walked_once_and_stay_on_their_host() -> None:
    web = {
        "https://x.org/top": {"type": "Collection", "items": [
            {"type": "Collection", "id": "https://x.org/sub"}, {"type": "Manifest", "id": "https://x.org/m3"},
            {"type": "Collection", "id": "https://elsewhere.org/c"}, {"type": "Manifest", "id": "https://x.org/broken"}]},
        "https://x.org/sub": {"@type": "sc:Collection", "members": [
            {"@type": "sc:Manifest", "@id": "https://x.org/m2"}, {"@type": "sc:Collection", "@id": "https://x.org/top"}]},
        "https://x.org/m3": manifest_3(),
        "https://x.org/m2": MANIFEST_2,
        "https://x.org/broken": [],
    }  # fmt: skip
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        return json.dumps(web[address]).encode()

    drafts = list(walk("https://x.org/top", "x", get))
    assert sorted(draft.source_id for draft in drafts) == ["", "https://x.org/m2", "https://x.org/m3"]
    assert [draft.where for draft in drafts if draft.fatal] == ["https://x.org/broken"]
    assert len(asked) == len(set(asked)) == 5


LINKED_ART: dict[str, Any] = {
    "@context": "https://linked.art/ns/v1/linked-art.json",
    "id": "https://x.org/object/1",
    "type": "HumanMadeObject",
    "_label": "Boat",
    "classified_as": [{"id": "aat:300178749", "type": "Type", "_label": "Boats"}],
    "identified_by": [
        {"type": "Name", "content": "Barque", "language": [{"id": "http://vocab.getty.edu/aat/300388306"}]},
        {"type": "Name", "content": "Alias", "language": [{"id": "aat:300388277"}]},
        {"type": "Name", "content": "Boat", "classified_as": [{"id": "aat:300404670"}], "language": [{"id": "aat:300388277"}]},
        {"type": "Identifier", "content": "B 17", "classified_as": [{"id": "http://vocab.getty.edu/aat/300312355", "_label": "Accession Number"}]},
    ],
    "referred_to_by": [
        {"type": "LinguisticObject", "content": "A boat.", "classified_as": [{"id": "aat:300435416"}], "language": [{"id": "aat:300388277"}]},
        {"type": "LinguisticObject", "content": "Gift of A", "classified_as": [{"id": "aat:300435418"}]},
        {"type": "LinguisticObject", "content": "3 m", "classified_as": [{"id": "aat:300435430", "_label": "Dimensions Statement"}]},
    ],
    "produced_by": {
        "type": "Production",
        "timespan": {"type": "TimeSpan", "begin_of_the_begin": "1930-01-01T00:00:00Z", "end_of_the_end": "1937-12-31T23:59:59Z"},
        "carried_out_by": [{"id": "https://viaf.org/1", "type": "Person", "_label": "A"}],
        "technique": [{"id": "http://vocab.getty.edu/aat/300053149", "type": "Type", "_label": "carving"}],
        "took_place_at": [{"id": "https://www.geonames.org/1655559", "type": "Place", "_label": "LP"}],
    },
    "made_of": [{"id": "http://vocab.getty.edu/aat/300011914", "type": "Material", "_label": "wood"}],
    "subject_to": [{"type": "Right", "classified_as": [{"id": "https://creativecommons.org/publicdomain/zero/1.0/", "type": "Type"}]}],
    "representation": [{"type": "VisualItem", "digitally_shown_by": [{"type": "DigitalObject", "access_point": [{"id": "https://x.org/1.jpg"}]}]}],
}  # fmt: skip


def test_linked_art() -> None:
    (draft,) = prepared([linkedart_read.draft(LINKED_ART, "x")])
    assert {tag: text.value for tag, text in draft.title.items()} == {"en": "Boat", "fr": "Barque"}
    assert draft.description["en"].value == "A boat."
    assert (draft.date, draft.rights_holder, draft.kind) == ("1930/1937", "Gift of A", "object")
    assert draft.rights == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert {(term.scheme, term.code) for term in draft.terms} == {
        ("form", "aat:300178749"), ("technique", "aat:300053149"), ("material", "aat:300011914"),
    }  # fmt: skip
    assert draft.contributions[0].agent.uri == "https://viaf.org/1"
    assert draft.places[0].gazetteer == "https://www.geonames.org/1655559"
    assert {(one.name, one.value) for one in draft.statements} == {
        ("accession number", "B 17"),
        ("Dimensions Statement", "3 m"),
    }
    assert draft.media[0].name == "1.jpg"


def test_hostile_linked_art_does_not_raise() -> None:
    for value in (None, 7, "x", [], {}, [[]], [None], {"id": 7}, [{"classified_as": "x", "content": 7}]):
        for name in LINKED_ART:
            assert linkedart_read.draft({**LINKED_ART, name: value}, "x").source == "x"


LIDO = """<?xml version="1.0" encoding="UTF-8"?>
<lido:lidoWrap xmlns:lido="http://www.lido-schema.org" xmlns:gml="http://www.opengis.net/gml">
 <lido:lido><lido:lidoRecID lido:type="local">L1</lido:lidoRecID>
  <lido:descriptiveMetadata xml:lang="de">
   <lido:objectClassificationWrap><lido:objectWorkTypeWrap><lido:objectWorkType>
     <lido:conceptID lido:type="URI">http://vocab.getty.edu/aat/300178749</lido:conceptID>
     <lido:term>Boot</lido:term><lido:term xml:lang="en">boat</lido:term></lido:objectWorkType></lido:objectWorkTypeWrap></lido:objectClassificationWrap>
   <lido:objectIdentificationWrap>
    <lido:titleWrap><lido:titleSet><lido:appellationValue lido:pref="alternate">Kahn</lido:appellationValue>
      <lido:appellationValue lido:pref="preferred">Boot</lido:appellationValue><lido:appellationValue xml:lang="en">Boat</lido:appellationValue></lido:titleSet></lido:titleWrap>
    <lido:repositoryWrap><lido:repositorySet><lido:workID>B 17</lido:workID></lido:repositorySet></lido:repositoryWrap>
    <lido:objectDescriptionWrap><lido:objectDescriptionSet><lido:descriptiveNoteValue>Ein Boot.</lido:descriptiveNoteValue></lido:objectDescriptionSet></lido:objectDescriptionWrap>
    <lido:objectMeasurementsWrap><lido:objectMeasurementsSet><lido:displayObjectMeasurements>3 m</lido:displayObjectMeasurements></lido:objectMeasurementsSet></lido:objectMeasurementsWrap>
   </lido:objectIdentificationWrap>
   <lido:eventWrap>
    <lido:eventSet><lido:event><lido:eventType><lido:term>Fund</lido:term></lido:eventType>
      <lido:eventPlace><lido:place><lido:namePlaceSet><lido:appellationValue>Hue</lido:appellationValue></lido:namePlaceSet></lido:place></lido:eventPlace></lido:event></lido:eventSet>
    <lido:eventSet><lido:event><lido:eventType><lido:conceptID>http://terminology.lido-schema.org/lido00007</lido:conceptID></lido:eventType>
     <lido:eventActor><lido:actorInRole><lido:actor lido:type="person"><lido:actorID>http://d-nb.info/gnd/1</lido:actorID><lido:actorID>77</lido:actorID>
       <lido:nameActorSet><lido:appellationValue>A</lido:appellationValue></lido:nameActorSet></lido:actor><lido:roleActor><lido:term>Maler</lido:term></lido:roleActor></lido:actorInRole></lido:eventActor>
     <lido:eventDate><lido:displayDate>um 1937</lido:displayDate><lido:date><lido:earliestDate>1936</lido:earliestDate><lido:latestDate>1938</lido:latestDate></lido:date></lido:eventDate>
     <lido:eventPlace><lido:place><lido:namePlaceSet><lido:appellationValue>LP</lido:appellationValue></lido:namePlaceSet><lido:gml><gml:Point><gml:pos>19.9 102.1</gml:pos></gml:Point></lido:gml></lido:place></lido:eventPlace>
     <lido:eventMaterialsTech><lido:materialsTech><lido:termMaterialsTech lido:type="material"><lido:term>Holz</lido:term></lido:termMaterialsTech></lido:materialsTech></lido:eventMaterialsTech>
    </lido:event></lido:eventSet>
   </lido:eventWrap>
  </lido:descriptiveMetadata>
  <lido:administrativeMetadata xml:lang="de">
   <lido:rightsWorkWrap><lido:rightsWorkSet><lido:rightsType><lido:conceptID>https://creativecommons.org/licenses/by-sa/4.0/</lido:conceptID></lido:rightsType>
     <lido:rightsHolder><lido:legalBodyName><lido:appellationValue>Museum</lido:appellationValue></lido:legalBodyName></lido:rightsHolder></lido:rightsWorkSet></lido:rightsWorkWrap>
   <lido:resourceWrap><lido:resourceSet><lido:resourceRepresentation><lido:linkResource lido:formatResource="image/jpeg">https://x.org/1.jpg</lido:linkResource></lido:resourceRepresentation></lido:resourceSet></lido:resourceWrap>
  </lido:administrativeMetadata></lido:lido>
 <lido:lido><lido:lidoRecID>L2</lido:lidoRecID></lido:lido>
</lido:lidoWrap>"""


def test_lido() -> None:
    first, second = prepared(lido.drafts(io.BytesIO(LIDO.encode()), "x"))
    assert (first.source_id, second.source_id) == ("L1", "L2")
    assert {tag: text.value for tag, text in first.title.items()} == {"de": "Boot", "en": "Boat"}
    assert first.description["de"].value == "Ein Boot."
    assert (first.date, first.date_note["de"].value) == ("1936/1938", "um 1937")
    assert [
        (part.agent.name["de"].value, part.role, part.agent.uri, part.agent.source_id)
        for part in first.contributions
    ] == [("A", "art", "http://d-nb.info/gnd/1", "x:77")]
    assert [(place.name["de"].value, place.latitude) for place in first.places] == [
        ("Hue", None),
        ("LP", 19.9),
    ]
    assert {(term.scheme, term.code) for term in first.terms} == {
        ("form", "aat:300178749"),
        ("material", "holz"),
    }
    assert first.rights == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert first.rights_holder == "Museum"
    assert {(one.name, one.value) for one in first.statements} == {
        ("inventory number", "B 17"),
        ("dimensions", "3 m"),
    }
    assert first.media[0].uri == "https://x.org/1.jpg"


@pytest.mark.parametrize(
    "text",
    [
        "", "<a/>", "<a>", LIDO[:-30], '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<l:lido xmlns:l="http://www.lido-schema.org">' + "<l:x>" * 100 + "</l:x>" * 100 + "</l:lido>",
    ],
)  # fmt: skip
def test_no_lido(text: str) -> None:
    with pytest.raises(lido.BadLido):
        list(lido.drafts(io.BytesIO(text.encode()), "x"))


def oai(body: str) -> bytes:
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-05-01T00:00:00Z</responseDate>{body}</OAI-PMH>'.encode()


def oai_record(number: int, content: str, status: str = "") -> str:
    return (
        f'<record><header{status}><identifier>oai:x:{number}</identifier><datestamp>2026-01-01</datestamp></header>'
        f'<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">{content}</oai_dc:dc></metadata></record>'
    )  # fmt: skip


CONTENT = (
    '<dc:title xml:lang="lo">ເຮືອ</dc:title><dc:title xml:lang="en">Boat</dc:title><dc:title xml:lang="en">Vessel</dc:title>'
    "<dc:creator>A</dc:creator><dc:contributor>B</dc:contributor><dc:subject>naga</dc:subject><dc:language>lo</dc:language>"
    "<dc:date>c. 1937</dc:date><dc:date>2001</dc:date><dc:type>Still Image</dc:type><dc:rights>CC BY 4.0</dc:rights>"
    "<dc:identifier>B 17</dc:identifier><dc:identifier>https://x.org/b</dc:identifier><dc:coverage>Laos</dc:coverage>"
)


def test_a_harvest_goes_on_after_a_busy_server_and_withdraws() -> None:
    answers: list[Any] = [
        FetchStatus(http_status=503),
        oai(f"<ListRecords>{oai_record(1, CONTENT)}<resumptionToken>t&amp;1</resumptionToken></ListRecords>"),
        FetchFailed(detail="reset"),
        oai(
            '<ListRecords><record><header status="deleted"><identifier>oai:x:2</identifier></header></record><resumptionToken/></ListRecords>'
        ),
    ]
    asked: list[str] = []
    slept: list[float] = []

    def get(address: str) -> bytes:
        asked.append(address)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    harvest = Harvest(
        "https://x.org/oai", "x", since="2026-01-01", set="a:b", language="en", get=get, sleep=slept.append
    )
    first, second = prepared(harvest)
    assert (
        asked[0]
        == asked[1]
        == "https://x.org/oai?verb=ListRecords&metadataPrefix=oai_dc&set=a%3Ab&from=2026-01-01"
    )
    assert asked[2] == asked[3] == "https://x.org/oai?verb=ListRecords&resumptionToken=t%261"
    assert slept == [1.0, 1.0, 1.0]
    assert harvest.next_since == "2026-05-01"
    assert {tag: text.value for tag, text in first.title.items()} == {"en": "Boat", "lo": "ເຮືອ"}
    assert (first.date, first.kind, first.source_uri) == ("1937~", "image", "https://x.org/b")
    assert first.rights == "https://creativecommons.org/licenses/by/4.0/"
    assert [(part.agent.name["en"].value, part.role) for part in first.contributions] == [
        ("A", "cre"),
        ("B", "ctb"),
    ]
    assert {(term.scheme, term.code) for term in first.terms} == {("subject", "naga"), ("language", "lao")}
    assert {(one.name, one.value) for one in first.statements} == {
        ("title", "Vessel"),
        ("date", "2001"),
        ("identifier", "B 17"),
        ("coverage", "Laos"),
    }
    assert (second.source_id, second.deleted) == ("oai:x:2", True)


@pytest.mark.parametrize(
    "answer",
    [
        oai('<error code="badArgument">no</error>'), b"<html></html>", b"nonsense",
        b'<!DOCTYPE a [<!ENTITY x "y">]><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"/>',
        oai("<ListRecords><resumptionToken>same</resumptionToken></ListRecords>"),
    ],
)  # fmt: skip
def test_harvests_that_fail(answer: bytes) -> None:
    with pytest.raises(HarvestFailed):
        list(Harvest("https://x.org/oai", "x", get=lambda _: answer, sleep=lambda _: None))


def test_nothing_new_is_no_error_and_patience_ends() -> None:
    nothing = oai('<error code="noRecordsMatch"/>')
    assert list(Harvest("https://x.org/oai", "x", get=lambda _: nothing)) == []

    def busy(_address: str) -> bytes:
        raise FetchStatus(http_status=503)

    slept: list[float] = []
    with pytest.raises(FetchStatus):
        list(Harvest("https://x.org/oai", "x", get=busy, sleep=slept.append))
    assert slept == [1.0, 2.0, 4.0, 8.0]


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">
<rdf:Description xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmpRights:WebStatement="https://creativecommons.org/licenses/by/4.0/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Boat</rdf:li><rdf:li xml:lang="en">Boat</rdf:li><rdf:li xml:lang="lo">ເຮືອ</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>A</rdf:li></rdf:Seq></dc:creator><dc:subject><rdf:Bag><rdf:li>naga</rdf:li></rdf:Bag></dc:subject>
<dc:date><rdf:Seq><rdf:li>1937-05-01T00:00:00</rdf:li></rdf:Seq></dc:date></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_a_folder(tmp_path: Path) -> None:
    for name in (
        "drum_1.jpg", "drum_2.jpg", "drum_10.jpg", "song.mp3", "song.lo.vtt", "song.json", "boat.tif", "boat.xmp", "mask-front.jpg",
        "mask-back.jpg", "alone.vtt", "virus.exe", ".hidden.jpg", "ນາກ.jpg", "hat_1.jpg", "sub/gong.wav", "bad.jpg", "bad.jpg.json",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" + name.encode())
    (tmp_path / "link.jpg").symlink_to(tmp_path / "boat.tif")
    (tmp_path / "boat.xmp").write_text(XMP)
    (tmp_path / "bad.jpg.json").write_text("{")
    (tmp_path / "song.json").write_text(
        json.dumps(
            {
                "id": "S1",
                "title": {"en": "Song", "lo": "ເພງ"},
                "date": "c. 1937",
                "forms": ["song"],
                "contributors": [{"name": "A", "role": "sng"}],
                "more": 7,
            }
        )
    )
    (tmp_path / "metadata.csv").write_text(
        "file,title@en,title@lo,rights\nmask,Mask,ໜ້າກາກ,CC0\nmissing.jpg,Lost,,\n,x,,\n", encoding="utf-8"
    )
    folder = Folder(tmp_path, "x", language="en")
    drafts = {draft.source_id: draft for draft in prepared(folder)}
    assert set(drafts) == {"drum", "S1", "boat", "mask", "ນາກ", "hat_1", "sub/gong", "bad", "missing"}
    assert [file.name for file in drafts["drum"].media] == ["drum_1.jpg", "drum_2.jpg", "drum_10.jpg"]
    song = drafts["S1"]
    assert [(file.name, file.role, file.language) for file in song.media] == [
        ("song.mp3", "master", ""),
        ("song.lo.vtt", "transcript", "lo"),
    ]
    assert (song.kind, song.date, song.title["lo"].value, song.contributions[0].role) == (
        "recording",
        "1937~",
        "ເພງ",
        "sng",
    )
    assert [(one.name, one.value) for one in song.statements] == [("more", "7")]
    boat = drafts["boat"]
    assert {tag: text.value for tag, text in boat.title.items()} == {"en": "Boat", "lo": "ເຮືອ"}
    assert (boat.date, boat.rights) == ("1937-05-01", "https://creativecommons.org/licenses/by/4.0/")
    mask = drafts["mask"]
    assert [file.name for file in mask.media] == ["mask-back.jpg", "mask-front.jpg"]
    assert (mask.title["lo"].value, mask.rights) == (
        "ໜ້າກາກ",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    )
    assert drafts["hat_1"].title["en"].value == "hat 1"
    assert [found.code for found in drafts["bad"].problems] == ["draft.unreadable"]
    assert [found.code for found in drafts["missing"].problems] == ["draft.file-missing"]
    assert {orphan["name"]: orphan["reason"] for orphan in folder.orphans} == {
        "virus.exe": "is of no kind that is kept", "alone.vtt": "describes no file", "missing": "has no file", "row 4": "names no file",
    }  # fmt: skip
    assert all(len(file.sha512) == 128 for draft in drafts.values() for file in draft.media)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        list(Folder(tmp_path / "none", "x"))


def test_files_of_documents_are_opened_by_their_form(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(MANIFEST_2))
    (tmp_path / "b.json").write_text("{")
    with opened("iiif", tmp_path, source="x") as source:
        assert [(draft.source_id, draft.fatal) for draft in source.drafts] == [
            ("https://x.org/m2", False),
            ("", True),
        ]
    path = tmp_path / "la.json"
    path.write_text(json.dumps([LINKED_ART, 7]))
    with opened("linked-art", path, source="x") as source:
        assert [draft.fatal for draft in source.drafts] == [False, True]
    path = tmp_path / "x.xml"
    path.write_text(LIDO)
    with opened("lido", path, source="x") as source:
        assert len(list(source.drafts)) == 2
    with opened(
        "oai",
        "https://x.org/oai",
        source="x",
        get=lambda _: oai(f"<ListRecords>{oai_record(1, CONTENT)}</ListRecords>"),
    ) as source:
        assert len(list(source.drafts)) == 1
    assert source.next_since == "2026-05-01T00:00:00Z"
