"""Deep-zoom masters: made once, shared, and served to those who may see the item."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from tests.factories.catalogue import make_community, make_kept_item, make_protocol
from tests.factories.people import make_user

from heirloom.catalogue import actions, actions_media, derivatives
from heirloom.catalogue.exchange import image_identifier
from heirloom.catalogue.iiif.service import respond
from heirloom.catalogue.models import Item

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]

BASE = "https://heirloom.example/iiif/image/3"


def masters() -> list[Path]:
    return sorted(Path(settings.DERIVATIVES_ROOT).rglob("*.tif"))


def test_the_same_picture_in_two_items_is_made_once() -> None:
    paths = {derivatives.master(make_kept_item().media.get()) for _ in range(2)}
    assert list(paths) == masters()
    assert not list(Path(settings.DERIVATIVES_ROOT).rglob("*.lock"))


def test_a_picture_is_served_to_those_who_may_see_it() -> None:
    steward = make_user()
    item = make_kept_item()
    identifier = image_identifier(item.key, item.media.get())
    open_to_all = derivatives.Images(BASE, None)
    answer = respond(open_to_all, f"/{identifier}/info.json", {})
    assert answer.status == 200
    assert open_to_all.find(identifier).public
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    actions.set_protocol(make_user(grants=["cataloguer"]), item, protocol)
    assert respond(derivatives.Images(BASE, None), f"/{identifier}/info.json", {}).status == 404
    found = derivatives.Images(BASE, steward).find(identifier)
    assert found is not None
    assert not found.public


def test_a_season_keeps_shared_caches_from_remembering() -> None:
    item = make_kept_item()
    Item.objects.filter(pk=item.pk).update(protocol=make_protocol("public", seasons=[["01-01", "12-31"]]))
    found = derivatives.Images(BASE, None).find(image_identifier(item.key, item.media.get()))
    assert found is not None
    assert not found.public


@pytest.mark.parametrize(
    "identifier", ["", "x", "../../etc/passwd", "a" * 26 + "-" + "b" * 16, "%00", "ເຮືອ-1"]
)
def test_no_other_identifier_finds_anything(identifier: str) -> None:
    make_kept_item()
    assert derivatives.Images(BASE, None).find(identifier) is None


def test_masters_of_files_that_are_gone_are_swept() -> None:
    by = make_user(grants=["cataloguer"])
    item = make_kept_item(by)
    derivatives.master(item.media.get())
    assert derivatives.sweep() == 0
    actions_media.remove_media(by, item.media.get())
    assert (derivatives.sweep(), masters()) == (1, [])


def test_a_worker_makes_masters_beforehand() -> None:
    item = make_kept_item()
    derivatives.make_master.call(item.key, "media/picture.png")
    derivatives.make_master.call(item.key, "media/none.png")
    assert len(masters()) == 1
