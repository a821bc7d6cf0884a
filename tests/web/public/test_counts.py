"""Lists cost the same few queries however long they are, and few bytes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories.calls import accept, make_call, make_submission
from tests.factories.cases import make_case
from tests.factories.catalogue import (
    make_community,
    make_item,
    make_kept_item,
    make_place,
    make_term,
)
from tests.factories.people import make_user

from heirloom.calls import actions as call_actions
from heirloom.calls.collection import publish_collection
from heirloom.calls.models import Call
from heirloom.cases.models import Case
from heirloom.text import Translated
from heirloom.web.public import summaries

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]
LISTS = ["home", "explore", "map", "cases", "calls", "collections"]
MOST = 10
KNOWN = 7
"""What a signed-in person costs on top: session, account, communities, roles here, and the roles in calls for the menu."""


def fill(number: int) -> None:
    """One more of everything that lists show, each with all that a card could ask for."""
    organiser, applicant = make_user(grants=["organiser", "cataloguer"]), make_user()
    place = make_place(f"Place {number}", longitude=100.0 + number, latitude=18.0)
    item = make_kept_item(
        organiser,
        places=[place],
        communities=[make_community()],
        terms=[make_term("language", f"lang{number}"), make_term("form", "song")],
    )
    case = make_case(applicant, f"Case {number}", cover=item.key, places=[place.key])
    call, organiser = make_call(organiser)
    submission = make_submission(call, applicant, case=case)
    accept(submission, organiser)
    call_actions.announce_decisions(organiser, Call.objects.get(pk=call.pk))
    publish_collection(organiser, Call.objects.get(pk=call.pk), Translated({"en": "All"}), Translated({}))


def counts(client: Client) -> dict[str, int]:
    """Queries of each list, with nothing remembered from before."""
    found = {}
    for name in LISTS:
        summaries.forget()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(name)).status_code == 200
        found[name] = len(captured)
    return found


def test_lists_cost_the_same_at_one_and_three_rows(client: Client) -> None:
    fill(1)
    anonymous = counts(client)
    reader = Client()
    reader.force_login(make_user())
    signed_in = counts(reader)
    fill(2)
    fill(3)
    assert counts(client) == anonymous
    assert counts(reader) == signed_in
    assert max(anonymous.values()) <= MOST, anonymous
    assert all(signed_in[name] <= anonymous[name] + KNOWN for name in LISTS), (anonymous, signed_in)


def wire(client: Client, url: str) -> int:
    """Bytes of a first visit in English without pictures: the page and the styles and scripts it loads, compressed."""
    response = client.get(url, headers={"accept-encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    total = len(response.content)
    page = gzip.decompress(response.content).decode()
    loaded = re.findall(
        r'<(?:link rel="(?:stylesheet|modulepreload)"|script type="module")[^>]*(?:href|src)="/static/([^"]+)"',
        page,
    )
    assert loaded
    for name in loaded:
        path = finders.find(name)
        assert isinstance(path, str)
        total += len(gzip.compress(Path(path).read_bytes(), 6))
    return total


def test_a_first_visit_is_small(client: Client) -> None:
    for number in range(1, 5):
        fill(number)
    for number in range(30):
        make_item(
            title=f"A thing with a name of some length, number {number}",
            places=[make_place(f"Village {number}", longitude=number, latitude=number)],
            terms=[
                make_term(scheme, f"{scheme}-{number}")
                for scheme in ("language", "form", "technique", "material")
            ],
            date=f"{1000 + 30 * number}",
        )
    sizes = {name: wire(client, reverse(name)) for name in LISTS}
    assert max(sizes["explore"], sizes["cases"]) <= 60_000, sizes
    assert max(sizes.values()) <= 100_000, sizes
    case = Case.objects.filter(state="published").first()
    assert case
    assert wire(client, reverse("case", args=[case.key])) <= 60_000
    pictures = re.findall(r"<img [^>]*>", client.get(reverse("explore")).content.decode())
    assert all(
        'loading="lazy"' in picture and "width=" in picture and "height=" in picture for picture in pictures
    )
