"""The pages of errors: plain, in the reader's language, and right also when nothing else works."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.utils import translation
from django.views import defaults

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_an_address_that_is_not_there(client: Client) -> None:
    for address in (
        "/nothing/",
        "/items/x/",
        "/cases/x/",
        "/calls/x/",
        "/runs/x/",
        "/places/x/",
        "/communities/x/",
    ):
        response = client.get(address)
        assert response.status_code == 404, address
        assert b"<h1>" in response.content


def test_what_may_not_be_done() -> None:
    response = defaults.permission_denied(RequestFactory().get("/"), PermissionDenied("x"))
    assert response.status_code == 403
    assert "This is not open to you" in response.content.decode()


def test_a_broken_server_needs_nothing_to_say_so() -> None:
    with translation.override("lo"):
        response = defaults.server_error(RequestFactory().get("/"))
    said = response.content.decode()
    assert response.status_code == 500
    assert '<html lang="lo">' in said
    assert "/static/" not in said


def test_a_form_from_elsewhere_is_refused_with_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "lo"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()


def test_pages_are_only_read(client: Client) -> None:
    for address in ("/", "/explore/", "/cases/", "/calls/", "/map/", "/about/", "/collections/"):
        assert client.post(address).status_code == 405, address
        assert client.head(address).status_code == 200, address
