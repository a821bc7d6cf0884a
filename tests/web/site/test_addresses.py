"""Small addresses that belong to the site as a whole."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def test_the_icon_is_found_by_its_old_name(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert "public" in answer.headers["Cache-Control"]
    path = answer.headers["Location"]
    assert path.startswith("/static/")
    assert finders.find(path.removeprefix("/static/")), "the picture is there"
    assert client.head("/favicon.ico").status_code == 302
    assert client.post("/favicon.ico").status_code == 405
