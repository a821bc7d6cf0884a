"""The image service: behind Django for those who signed in, in front of it for everybody."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries
from tests.factories.catalogue import make_community, make_kept_item, make_protocol, png
from tests.factories.people import make_user
from tests.web.exchange.reading import client

from heirloom.catalogue import actions, actions_media, derivatives
from heirloom.catalogue.models import Item
from heirloom.web.addresses import image_service
from heirloom.web.exchange import images

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def service_of(item: Item) -> str:
    return image_service(item.key, item.media.get().sha512)


def big_picture(by: Any, item: Item) -> None:
    actions_media.add_media(by, item, io.BytesIO(png(700, 500)), "big.png")


def test_a_picture_is_made_on_demand_and_served() -> None:
    item = make_kept_item()
    url = service_of(item)
    information = client().get(f"{url}/info.json", headers={"Host": "testserver"})
    assert information.status_code == 200
    assert information.json()["id"] == f"http://testserver{url}"
    assert (information.json()["width"], information.json()["height"]) == (3, 2)
    assert information["Access-Control-Allow-Origin"] == "*"
    picture = client().get(f"{url}/full/max/0/default.jpg")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert "public" in picture["Cache-Control"]
    assert len(list(Path(settings.DERIVATIVES_ROOT).rglob("*.tif"))) == 1
    assert client().get(url)["Location"] == f"{settings.SITE_URL}{url}/info.json"


def test_a_picture_under_a_protocol_comes_to_those_it_is_for_and_stays_private() -> None:
    steward = make_user()
    item = make_kept_item()
    url = service_of(item)
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    actions.set_protocol(make_user(grants=["cataloguer"]), item, protocol)
    for path in ("info.json", "full/max/0/default.jpg"):
        assert client().get(f"{url}/{path}").status_code == 404
        assert client(make_user()).get(f"{url}/{path}").status_code == 404
        response = client(steward).get(f"{url}/{path}")
        assert response.status_code == 200
        assert "private" in response["Cache-Control"]
        assert "Access-Control-Allow-Origin" not in response


def test_bad_requests_are_answered_as_the_image_api_says() -> None:
    url = service_of(make_kept_item())
    assert client().get(f"{url}/full/max/0/default.exe").status_code == 400
    assert client().get(f"{url}/9,9,1,1/max/0/default.jpg").status_code == 400
    assert client().post(f"{url}/info.json").status_code == 405
    assert client().options(f"{url}/info.json").status_code == 204


@pytest.mark.parametrize("identifier", ["x", "../../etc/passwd", "a" * 26 + "-" + "b" * 40, "%00", "ເຮືອ-1"])
def test_no_other_identifier_finds_anything(identifier: str) -> None:
    make_kept_item()
    assert client().get(f"/iiif/3/{identifier}/info.json").status_code == 404


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000/iiif/3"),
        ("localhost:1234", "http://localhost:1234/iiif/3"),
        ("evil.example", "http://127.0.0.1:8000/iiif/3"),
        ("localhost:80@evil.example", "http://127.0.0.1:8000/iiif/3"),
        ("", "http://127.0.0.1:8000/iiif/3"),
    ],
)
def test_addresses_are_those_of_this_installation_alone(host: str, base: str) -> None:
    assert images.base_uri({"HTTP_HOST": host, "wsgi.url_scheme": "http"}) == base


# -- in front of Django ----------------------------------------------------------------------------------------


class Front:
    """The service in front of an application that says it was reached."""

    def __init__(self) -> None:
        self.service = images.PublicImages(self.behind)

    @staticmethod
    def behind(_environ: dict[str, Any], start: Any) -> list[bytes]:
        start("418 Behind", [])
        return [b"behind"]

    def get(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost"}
        setup_testing_defaults(environ)
        told: list[Any] = []
        body = b"".join(self.service(environ, lambda status, headers, *_: told.extend([status, headers])))
        return int(told[0].split()[0]), dict(told[1]), body


def test_a_public_picture_with_a_master_is_served_in_front() -> None:
    item = make_kept_item()
    front, url = Front(), service_of(item)
    assert front.get(f"{url}/info.json")[0] == 418
    derivatives.master(item.media.get())
    front.service._known.clear()
    status, headers, _body = front.get(f"{url}/info.json")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = front.get(f"{url}/full/max/0/default.jpg")
    assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert front.get(f"{url}/full/max/0/default.jpg", "HEAD")[2] == b""


def test_the_database_is_asked_once_for_many_tiles(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    item = make_kept_item()
    derivatives.master(item.media.get())
    front, url = Front(), service_of(item)
    front.get(f"{url}/info.json")
    with django_assert_num_queries(0):
        for _ in range(20):
            assert front.get(f"{url}/full/max/0/default.jpg")[0] == 200


def test_a_withdrawn_picture_is_not_served_when_the_seconds_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    derivatives.master(item.media.get())
    front, url = Front(), service_of(item)
    now = [1000.0]
    monkeypatch.setattr(images.time, "monotonic", lambda: now[0])
    assert images.PublicImages.seconds <= 5
    assert front.get(f"{url}/info.json")[0] == 200
    actions.withdraw_item(by, item)
    now[0] += images.PublicImages.seconds + 0.01
    assert front.get(f"{url}/info.json")[0] == 418
    assert client().get(f"{url}/info.json").status_code == 404


@pytest.mark.parametrize("audience", ["signed-in", "members", "stewards"])
def test_what_is_not_for_everybody_is_never_served_in_front(audience: str) -> None:
    item = make_kept_item()
    derivatives.master(item.media.get())
    Item.objects.filter(pk=item.pk).update(protocol=make_protocol(audience, communities=[make_community()]))
    assert Front().get(f"{service_of(item)}/info.json")[0] == 418


def test_drafts_and_seasons_are_never_served_in_front() -> None:
    draft, seasonal = make_kept_item(publish=False), make_kept_item()
    Item.objects.filter(pk=seasonal.pk).update(protocol=make_protocol("public", seasons=[["01-01", "12-31"]]))
    for item in (draft, seasonal):
        derivatives.master(item.media.get())
        assert Front().get(f"{service_of(item)}/info.json")[0] == 418


def test_other_addresses_and_methods_go_on_to_django() -> None:
    item = make_kept_item()
    derivatives.master(item.media.get())
    front, url = Front(), service_of(item)
    for path in (
        "/",
        "/iiif/3/",
        "/iiif/3/x/info.json",
        url,
        "/iiif/presentation/3/collection/all",
        "/iiif/3/\xff/x",
    ):
        assert front.get(path)[0] == 418
    assert front.get(f"{url}/info.json", "POST")[0] == 418


def test_what_is_remembered_is_bounded() -> None:
    front = Front()
    front.service.capacity = 3
    for number in range(10):
        front.get(f"/iiif/3/{'a' * 26}-{number:040x}/info.json")
    assert len(front.service._known) == 3


def test_the_server_runs_it_in_front() -> None:
    from heirloom import wsgi

    assert isinstance(wsgi.application, images.PublicImages)


def test_too_many_masters_at_once_ask_the_visitor_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_MAKING", threading.BoundedSemaphore(1))
    monkeypatch.setattr(images, "_PATIENCE", 0.0)
    images._MAKING.acquire()
    response = client().get(f"{service_of(make_kept_item())}/info.json")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    images._MAKING.release()
