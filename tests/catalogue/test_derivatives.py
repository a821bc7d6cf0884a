"""Deep-zoom masters: made once, shared, and served to those who may see the item."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from tests.factories.catalogue import make_kept_item
from tests.factories.people import make_user

from heirloom.catalogue import actions_media, derivatives

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def masters() -> list[Path]:
    return sorted(Path(settings.DERIVATIVES_ROOT).rglob("*.tif"))


def test_the_same_picture_in_two_items_is_made_once() -> None:
    paths = {derivatives.master(make_kept_item().media.get()) for _ in range(2)}
    assert list(paths) == masters()
    assert not list(Path(settings.DERIVATIVES_ROOT).rglob("*.lock"))


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
