"""Every page of a signed-in person: who gets in, and that it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from tests.factories.catalogue import make_community, make_item
from tests.factories.pages import ROLES, Scene, browser, make_scene, read

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def scene(installation: Path) -> Scene:
    return make_scene()


OPEN_TO = {
    "my": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "my-account": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "my-erase": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "case-new": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "my-items": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "item-new": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "runs": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "run-methods": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "run-new": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "apply": {"applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser"},
    "case-edit": {"applicant"},
    "case-preview": {"applicant"},
    "case-people": {"applicant"},
    "case-replications": {"applicant"},  # organisers too, once it is published
    "submission": {"applicant"},
    "submission-withdraw": {"applicant"},
    "item-edit": {"applicant"},
    "community-steward": {"applicant"},
}


def _address(name: str, scene: Scene) -> str:
    case = scene.submission.case
    given = {
        "run-new": ["diversity.coverage"],
        "apply": [scene.call.slug],
        "case-edit": [case.key],
        "case-preview": [case.key],
        "case-people": [case.key],
        "case-replications": [case.key],
        "submission": [scene.submission.key],
        "submission-withdraw": [scene.submission.key],
    }
    if name == "item-edit":
        return reverse(name, args=[make_item(state="draft", owner=scene.applicant).key])
    if name == "community-steward":
        return reverse(name, args=[make_community(stewards=[scene.applicant]).slug])
    return reverse(name, args=given.get(name, []))


@pytest.mark.parametrize("name", OPEN_TO)
def test_who_gets_in(scene: Scene, name: str) -> None:
    address = _address(name, scene)
    for role in ROLES:
        response = browser(scene.who(role)).get(address)
        if role == "anonymous":
            assert response.status_code == 302
            assert response.headers["Location"].startswith("/account/login/")
        elif role in OPEN_TO[name]:
            assert response.status_code == 200, (role, response.status_code)
            read(response)
        else:
            assert response.status_code == 404, (role, response.status_code)


@pytest.mark.parametrize("language", ["lo", "my", "zh-hans"])
def test_pages_stand_in_other_languages(scene: Scene, language: str) -> None:
    client = browser(scene.applicant)
    client.cookies["language"] = language
    for name in ("my", "case-edit", "submission", "run-new", "item-new"):
        response = client.get(_address(name, scene))
        assert response.status_code == 200
        read(response)
