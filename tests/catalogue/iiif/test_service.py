"""The image service over HTTP's words: paths, answers, headers, conditions, limits, and everything hostile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from heirloom.catalogue.iiif.image_request import Limits
from heirloom.catalogue.iiif.service import Response, ServedImage, negotiated, respond
from heirloom.errors import NotAllowed

BASE = "https://images.example/iiif/3"


def header(response: Response, name: str) -> str | None:
    """The only value of header *name*."""
    found = [value for key, value in response.headers if key.lower() == name.lower()]
    assert len(found) <= 1, f"{name} twice"
    return found[0] if found else None


def info(shelf: Any, identifier: str) -> dict[str, Any]:
    """The image information of *identifier*."""
    response = respond(shelf, f"{identifier}/info.json", {})
    assert response.status == 200
    document = json.loads(response.body)
    assert isinstance(document, dict)
    return document


def test_image_information(shelf: Any) -> None:
    response = respond(shelf, "/mural/info.json", {})
    assert response.status == 200
    assert (
        header(response, "content-type")
        == 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    )
    assert header(response, "access-control-allow-origin") == "*"
    assert header(response, "vary") == "Accept"
    document = json.loads(response.body)
    assert next(iter(document)) == "@context"
    assert document == {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": f"{BASE}/mural",
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": 1500,
        "height": 1100,
        "sizes": [
            {"width": 187, "height": 137},
            {"width": 375, "height": 275},
            {"width": 750, "height": 550},
            {"width": 1500, "height": 1100},
        ],
        "tiles": [{"width": 256, "scaleFactors": [1, 2, 4, 8]}],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFormats": ["webp", "tif", "gif"],
        "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary"],
    }


def test_grey_images_do_not_promise_colour(shelf: Any) -> None:
    assert info(shelf, "rubbing")["extraQualities"] == ["gray", "bitonal"]
    assert respond(shelf, "rubbing/full/200,/0/color.jpg", {}).status == 200


def test_rights_and_links_are_told(shelf: Any) -> None:
    links = {"partOf": [{"id": f"{BASE}/manifest", "type": "Manifest"}], "seeAlso": [], "label": "no"}
    rights = "http://rightsstatements.org/vocab/NoC-US/1.0/"
    shelf.images["mural"] = replace(shelf.images["mural"], rights=rights, links=links)
    document = info(shelf, "mural")
    assert document["rights"] == rights
    assert document["partOf"] == links["partOf"]
    assert "seeAlso" not in document
    assert "label" not in document


@pytest.mark.parametrize("tile", [True, False])
def test_every_listed_size_and_tile_is_served(shelf: Any, decode: Callable[[bytes], Any], tile: bool) -> None:
    for identifier in ("mural", "rubbing", "seal"):
        document = info(shelf, identifier)
        width, height = document["width"], document["height"]
        if not tile:
            for size in document["sizes"]:
                answer = respond(
                    shelf, f"{identifier}/full/{size['width']},{size['height']}/0/default.jpg", {}
                )
                image = decode(answer.body)
                assert (image.width, image.height) == (size["width"], size["height"])
            continue
        side = document["tiles"][0]["width"]
        for factor in document["tiles"][0]["scaleFactors"]:
            step = side * factor
            for x in range(0, width, step):
                for y in range(0, height, step):
                    # Implementation notes, section 3.
                    w, h = min(step, width - x), min(step, height - y)
                    out_width, out_height = -(-w // factor), -(-h // factor)
                    path = f"{identifier}/{x},{y},{w},{h}/{out_width},{out_height}/0/default.jpg"
                    answer = respond(shelf, path, {})
                    assert answer.status == 200, path
                    image = decode(answer.body)
                    assert (image.width, image.height) == (out_width, out_height)


@pytest.mark.parametrize("path", ["mural", "/mural", "mural/", "/mural/"])
def test_the_base_uri_leads_to_the_information(shelf: Any, path: str) -> None:
    response = respond(shelf, path, {})
    assert response.status == 303
    assert header(response, "location") == f"{BASE}/mural/info.json"
    assert header(response, "access-control-allow-origin") == "*"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/ld+json"),
        ("*/*", "application/ld+json"),
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ('application/ld+json;profile="http://iiif.io/api/image/3/context.json"', "application/ld+json"),
        ("application/json, application/ld+json;q=0.9", "application/json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/json;q=0.5, */*", "application/ld+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("image/png", "application/ld+json"),
        ("application/json;q=banana", "application/ld+json"),
        ("application/ld+json;q=0", "application/ld+json"),
    ],
)
def test_the_information_is_negotiated(accept: str, kind: str) -> None:
    assert negotiated(accept).split(";")[0] == kind


def test_links_name_the_canonical_image_and_the_profile(shelf: Any) -> None:
    for path, canonical in (
        ("mural/full/max/0/default.jpg", "mural/full/max/0/default.jpg"),
        ("mural/pct:0,0,50,50/pct:50/0/color.png", "mural/0,0,750,550/375,275/0/default.png"),
        ("mural/256,256,256,256/256,256/0/color.jpg", "mural/256,256,256,256/max/0/default.jpg"),
        ("mural/256,256,256,256/256,/0/default.jpg", "mural/256,256,256,256/max/0/default.jpg"),
        ("mural/0,0,512,512/256,256/0/default.jpg", "mural/0,0,512,512/256,256/0/default.jpg"),
    ):
        response = respond(shelf, path, {})
        assert header(response, "link") == (
            f'<{BASE}/{canonical}>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"'
        )


def test_the_short_way_for_tiles_gives_the_same_answer(shelf: Any) -> None:
    # An escaped path misses nothing but the short way's pattern.
    for region, size in (
        ("256,512,256,256", "256,256"),
        ("0,0,512,512", "256,"),
        ("512,0,512,512", "256,256"),
    ):
        short = respond(shelf, f"mural/{region}/{size}/0/default.jpg", {})
        long = respond(shelf, f"mural/{region.replace(',', '%2C')}/{size}/0/default.jpg", {})
        assert short.status == 200
        assert short == long


def test_identifiers_are_decoded_once(shelf: Any) -> None:
    path = shelf.images["mural"].path
    for identifier in (
        "ark:/12025/654xz321",
        "ຮູບ 1",
        "100%25",
        "https://example.com/?54#a",
        "a.b~c",
        "info.json",
    ):
        shelf.images[identifier] = ServedImage(path)
        escaped = quote(identifier, safe="")
        uri = f"{BASE}/{quote(identifier, safe=':')}"
        assert json.loads(respond(shelf, f"{escaped}/info.json", {}).body)["id"] == uri
        assert header(respond(shelf, escaped, {}), "location") == f"{uri}/info.json"
        for region in ("full/200,", "0,0,256,256/256,256"):
            response = respond(shelf, f"{escaped}/{region}/0/default.jpg", {})
            assert response.status == 200
            assert (header(response, "link") or "").startswith(f"<{uri}/")
            # A server that decodes paths before it hands them on.
            assert respond(shelf, f"{identifier}/{region}/0/default.jpg", {}, encoded=False) == response
        assert respond(shelf, f"{identifier}/info.json", {}, encoded=False).status == 200
        assert respond(shelf, identifier, {}, encoded=False).status == 303


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "none",
        "none/info.json",
        "none/full/max/0/default.jpg",
        "none/0,0,256,256/256,256/0/default.jpg",
        "a/b/info.json",
        "mural/full/max/0",
        "%5Bfrob%5D/info.json",
        "%00/info.json",
        "mural%00/info.json",
        "info.json",
        "mural/x/info.json",
        "../mural/info.json",
        "%2e%2e%2fmural/info.json",
        "%ff%fe/info.json",
        "mural//info.json",
    ],
)
def test_what_is_not_there(shelf: Any, path: str) -> None:
    response = respond(shelf, path, {})
    assert response.status == 404
    assert header(response, "access-control-allow-origin") == "*"
    assert header(response, "content-type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("mural/full/full/0/default.jpg", 400),
        ("mural/full/max/0/default.jp2", 400),
        ("mural/full/max/0/default", 400),
        ("mural/full/max/0/.jpg", 400),
        ("mural/full/max/0/default.jpg.png", 400),
        ("mural/x/max/0/default.jpg", 400),
        ("mural/1500,0,10,10/max/0/default.jpg", 400),
        ("mural/0,0,256,256/300,300/0/default.jpg", 400),
        ("mural/0,0,256,256/0,0/0/default.jpg", 400),
        ("mural/0,0,0,0/256,256/0/default.jpg", 400),
        ("mural/full/max/400/default.jpg", 400),
        ("mural/full/%5Emax/0/default.jpg", 200),
        ("mural/full/^2000,/0/default.jpg", 200),
        ("mural/full/^20000,/0/default.jpg", 400),
        ("mural/full/200,/0/default.jpg?x=1", 400),
        ("mural/" + "9" * 3000, 400),
    ],
)
def test_faults_are_told(shelf: Any, path: str, status: int) -> None:
    response = respond(shelf, path, {})
    assert response.status == status
    if status != 200:
        assert response.body.decode().strip()
        assert header(response, "content-type") == "text/plain; charset=utf-8"


def test_enlarging_can_be_switched_off(shelf: Any) -> None:
    shelf.images["mural"] = replace(shelf.images["mural"], limits=Limits(upscale=False))
    assert respond(shelf, "mural/full/^2000,/0/default.jpg", {}).status == 501
    assert respond(shelf, "mural/full/^200,/0/default.jpg", {}).status == 200


def test_methods(shelf: Any) -> None:
    for path in ("mural/info.json", "mural/full/200,/0/default.jpg", "mural/0,0,256,256/max/0/default.jpg"):
        whole = respond(shelf, path, {})
        head = respond(shelf, path, {}, method="HEAD")
        assert head.status == 200
        assert head.body == b""
        assert set(head.headers) <= set(whole.headers)
        assert header(head, "etag") == header(whole, "etag")
        preflight = respond(shelf, path, {}, method="OPTIONS")
        assert preflight.status == 204
        assert header(preflight, "access-control-allow-origin") == "*"
        assert "GET" in (header(preflight, "access-control-allow-methods") or "")
        for method in ("POST", "PUT", "DELETE", "get", ""):
            refused = respond(shelf, path, {}, method=method)
            assert refused.status == 405
            assert header(refused, "allow") == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path", ["mural/info.json", "mural/full/200,/0/default.jpg", "mural/0,0,256,256/256,256/0/default.jpg"]
)
def test_a_good_copy_is_not_sent_again(shelf: Any, path: str) -> None:
    whole = respond(shelf, path, {})
    tag = header(whole, "etag")
    assert tag
    assert header(whole, "content-length") == str(len(whole.body))
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = respond(shelf, path, {"if-none-match": known})
        assert answer.status == 304
        assert answer.body == b""
        assert header(answer, "etag") == tag
        assert header(answer, "cache-control") == header(whole, "cache-control")
    assert respond(shelf, path, {"if-none-match": '"other"'}).status == 200
    modified = header(whole, "last-modified")
    assert modified
    # The tag decides where both are given (RFC 9110, 13.2.2).
    assert respond(shelf, path, {"if-none-match": '"other"', "if-modified-since": modified}).status == 200
    if not path.endswith("info.json"):
        assert respond(shelf, path, {"if-modified-since": modified}).status == 304
        for since in ("Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "", "Thu, 99 Jan 1970 00:00:00 GMT"):
            assert respond(shelf, path, {"if-modified-since": since}).status == 200


def test_tags_change_with_the_file_and_with_what_is_allowed(shelf: Any, master: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tif"
    copy.write_bytes(master.read_bytes())
    shelf.images["copy"] = ServedImage(copy)
    path = "copy/0,0,256,256/256,256/0/default.jpg"
    tags = {header(respond(shelf, path, {}), "etag")}
    shelf.images["copy"] = ServedImage(copy, limits=Limits(max_width=1000))
    tags.add(header(respond(shelf, path, {}), "etag"))
    shelf.images["copy"] = ServedImage(str(copy), detail=800)
    tags.add(header(respond(shelf, path, {}), "etag"))
    os.utime(copy, (1_600_000_000, 1_600_000_000))
    answer = respond(shelf, path, {})
    tags.add(header(answer, "etag"))
    assert len(tags) == 4
    assert header(answer, "last-modified") == "Sun, 13 Sep 2020 12:26:40 GMT"


def test_protected_images_stay_out_of_shared_caches(shelf: Any) -> None:
    assert (
        header(respond(shelf, "mural/full/200,/0/default.jpg", {}), "cache-control")
        == "public, max-age=86400"
    )
    shelf.images["mural"] = replace(shelf.images["mural"], public=False)
    for path in ("mural/info.json", "mural/full/200,/0/default.jpg", "mural/0,0,256,256/max/0/default.jpg"):
        assert header(respond(shelf, path, {}), "cache-control") == "private, no-cache"


def test_limits_hold_for_every_size(shelf: Any, decode: Callable[[bytes], Any]) -> None:
    shelf.images["mural"] = replace(shelf.images["mural"], limits=Limits(max_width=400, max_height=300))
    document = info(shelf, "mural")
    assert (document["maxWidth"], document["maxHeight"]) == (400, 300)
    assert document["sizes"][-1] == {"width": 375, "height": 275}
    assert "sizeUpscaling" in document["extraFeatures"]
    image = decode(respond(shelf, "mural/full/max/0/default.jpg", {}).body)
    assert (image.width, image.height) == (400, 293)
    image = decode(respond(shelf, "mural/0,0,100,50/^max/0/default.jpg", {}).body)
    assert (image.width, image.height) == (400, 200)
    for path in ("full/401,", "full/,301", "0,0,512,512/max"):
        status = respond(shelf, f"mural/{path}/0/default.jpg", {}).status
        assert status == (200 if path.endswith("max") else 400)
    shelf.images["mural"] = replace(shelf.images["mural"], limits=Limits(max_width=200))
    assert "tiles" not in info(shelf, "mural")
    assert respond(shelf, "mural/256,256,256,256/256,256/0/default.jpg", {}).status == 400
    shelf.images["mural"] = replace(shelf.images["mural"], limits=Limits(max_area=65_536))
    assert info(shelf, "mural")["maxArea"] == 65_536
    assert respond(shelf, "mural/256,256,256,256/256,256/0/default.jpg", {}).status == 200


def test_withheld_detail_cannot_be_had_tile_by_tile(shelf: Any, decode: Callable[[bytes], Any]) -> None:
    shelf.images["mural"] = replace(shelf.images["mural"], detail=800)
    document = info(shelf, "mural")
    assert (document["width"], document["height"]) == (750, 550)
    assert document["tiles"][0]["scaleFactors"] == [1, 2, 4]
    assert document["sizes"][-1] == {"width": 750, "height": 550}
    stored = decode(respond(shelf, "mural/256,256,256,256/256,256/0/default.jpg", {}).body)
    drawn = decode(respond(shelf, "mural/256,256,256,256/256,256/0/default.png", {}).body)
    assert (stored - drawn).abs().avg() <= 0.01
    plain = decode(respond(shelf, "mural/full/max/0/default.png", {}).body)
    assert (plain.crop(256, 256, 256, 256) - drawn).abs().max() == 0
    assert respond(shelf, "mural/1024,0,256,256/256,256/0/default.jpg", {}).status == 400
    shelf.images["mural"] = replace(shelf.images["mural"], detail=1)
    assert info(shelf, "mural")["width"] == 187


def test_the_source_may_refuse(shelf: Any) -> None:
    class Guarded:
        base_uri = BASE

        def find(self, identifier: str) -> ServedImage | None:
            raise NotAllowed

    for path in (
        "mural/info.json",
        "mural/full/max/0/default.jpg",
        "mural/0,0,256,256/256,256/0/default.jpg",
        "mural",
    ):
        response = respond(Guarded(), path, {})
        assert response.status == 403
        assert header(response, "cache-control") == "no-store"


def test_a_missing_or_broken_master_is_a_fault_of_ours(shelf: Any, tmp_path: Path) -> None:
    shelf.images["gone"] = ServedImage(tmp_path / "gone.tif")
    (tmp_path / "broken.tif").write_bytes(b"II*\0broken")
    shelf.images["broken"] = ServedImage(tmp_path / "broken.tif")
    for identifier in ("gone", "broken"):
        for path in ("info.json", "full/max/0/default.jpg", "0,0,256,256/256,256/0/default.jpg"):
            response = respond(shelf, f"{identifier}/{path}", {})
            assert response.status == 500
            assert str(tmp_path) not in response.body.decode()


def test_a_tile_asks_the_source_once(shelf: Any) -> None:
    for path in (
        "mural/256,256,256,256/256,256/0/default.jpg",
        "mural/1024,1024,256,76/256,76/0/default.jpg",
    ):
        shelf.asked.clear()
        assert respond(shelf, path, {}).status == 200
        assert shelf.asked == ["mural"]


hostile = st.text(max_size=40) | st.lists(
    st.sampled_from(
        [
            "mural",
            "full",
            "max",
            "0",
            "default.jpg",
            "info.json",
            "..",
            "",
            "%",
            "%2",
            "%2F",
            "%00",
            "^",
            "!",
            "0,0,1,1",
            "0,0,256,256",
            "256,256",
            "pct:0,0,1,1",
            "pct:1",
            "^pct:999999999999",
            "999999999999,",
            "!1,1",
            "\ud800",
            "๑,๑",
            "90",
            "!45.5",
            "360",
            "gray.png",
            "bitonal.gif",
            "color.webp",
            "default.tif",
            "\x00",
            "\r\n",
            "é",
            "💠",
        ]
    ),
    max_size=8,
).map("/".join)


@given(
    hostile,
    st.sampled_from(["GET", "HEAD", "OPTIONS", "TRACE", ""]),
    st.booleans(),
    st.dictionaries(
        st.sampled_from(["accept", "if-none-match", "if-modified-since"]), st.text(max_size=60), max_size=3
    ),
)
@example("mural/full/\u0661,/0/default.jpg", "GET", False, {})
@example("%ED%A0%80/info.json", "GET", True, {})
@example(
    "mural/full/max/0/default.jpg", "GET", True, {"if-modified-since": "Mon, 01 Jan 99999 00:00:00 +9999"}
)
@example("mural/full/max/0/default.jpg", "GET", True, {"accept": ";q=", "if-none-match": '"'})
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_requests_are_answered(
    shelf: Any, path: str, method: str, encoded: bool, headers: dict[str, str]
) -> None:
    response = respond(shelf, path, headers, method=method, encoded=encoded)
    assert response.status in (200, 204, 303, 304, 400, 404, 405, 501)
    for name, value in response.headers:
        line = f"{name}: {value}"
        assert line.isascii()
        assert line.isprintable()
    json.dumps(response.headers)
