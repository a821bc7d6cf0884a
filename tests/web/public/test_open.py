"""Every public page opens, empty and with something in it, in every language, with the same few queries."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.database, pytest.mark.django_db]

PLAIN = [
    "home",
    "explore",
    "map",
    "monitored-places",
    "cases",
    "calls",
    "collections",
    "about",
    "for-programs",
    "capture-protocol",
]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("language", ["en", "zh-hans", "lo", "th", "km", "my", "vi"])
def test_an_empty_installation_opens(client: Client, name: str, language: str) -> None:
    client.cookies["language"] = language
    response = client.get(reverse(name))
    assert response.status_code == 200
    page = response.content.decode()
    assert page.count("<h1") == 1
    assert "<script>" not in page
    assert " style=" not in page
    assert f'rel="canonical" href="http://127.0.0.1:8000{reverse(name)}"' in page
