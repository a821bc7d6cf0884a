"""Calls and receipts as visitors meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories.calls import make_call, make_submission, words
from tests.factories.cases import make_case
from tests.factories.people import make_user

from heirloom.calls.models import Call

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]


def test_a_call_says_what_when_who_and_how_it_is_judged(client: Client) -> None:
    call, _ = make_call(
        body=words("We seek **songs**.\n\n<script>alert(1)</script>"),
        time_zone="Asia/Vientiane",
        sources=[{"title": "A report", "url": "https://example.org/report"}],
    )
    said = client.get(reverse("call", args=[call.slug])).content.decode()
    assert "<strong>songs</strong>" in said
    assert "<script>alert" not in said
    for part in ("Song", "Did the people agree?", "Who decides?", "level 5", "67%", "33%", "Asia/Vientiane"):
        assert part in said, part
    assert "https://example.org/report" in said
    assert reverse("apply", args=[call.slug]) in said


def test_one_cannot_apply_to_what_is_not_open(client: Client) -> None:
    now = timezone.now()
    call, _ = make_call(
        phases=[
            {
                "kind": "submission",
                "opens_at": (now + timedelta(days=3)).isoformat(),
                "closes_at": (now + timedelta(days=9)).isoformat(),
            },
            {
                "kind": "review",
                "opens_at": (now + timedelta(days=9)).isoformat(),
                "closes_at": (now + timedelta(days=12)).isoformat(),
            },
        ]
    )
    said = client.get(reverse("call", args=[call.slug])).content.decode()
    assert reverse("apply", args=[call.slug]) not in said
    assert "You can apply from" in said
    assert "Opens later" in client.get(reverse("calls")).content.decode()


def test_a_call_in_preparation_is_its_organisers_alone(client: Client) -> None:
    call, organiser = make_call(announced=False)
    assert client.get(reverse("call", args=[call.slug])).status_code == 404
    assert "Songs of rivers" not in client.get(reverse("calls")).content.decode()
    stranger, own = Client(), Client()
    stranger.force_login(make_user(grants=["organiser"]))
    own.force_login(organiser)
    assert stranger.get(reverse("call", args=[call.slug])).status_code == 404
    said = own.get(reverse("call", args=[call.slug])).content.decode()
    assert "Not announced yet" in said
    assert reverse("apply", args=[call.slug]) not in said


def test_a_receipt_tells_its_call_date_and_digest_and_nothing_else(client: Client) -> None:
    call, _ = make_call()
    applicant = make_user("kham@example.org", name="Kham Phoui")
    submission = make_submission(call, applicant, case=make_case(applicant, "A secret title"))
    assert submission.seal
    said = client.get(reverse("receipt", args=[submission.receipt])).content.decode()
    assert submission.seal.digest in said
    assert call.slug in said
    for hidden in ("A secret title", "Kham", "kham@example.org", submission.key, submission.case.key):
        assert hidden not in said
    assert 'content="noindex"' in said
    for wrong in ("XXXXX-XXXXX", "%00", "x" * 500):
        assert client.get(f"/receipts/{wrong}/").status_code == 404


def test_a_time_zone_that_does_not_exist_breaks_no_page(client: Client) -> None:
    call, _ = make_call()
    Call.objects.filter(pk=call.pk).update(time_zone="Nowhere/Atall")
    assert client.get(reverse("call", args=[call.slug])).status_code == 200
    assert client.get(reverse("calls")).status_code == 200
