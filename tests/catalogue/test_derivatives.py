"""Deep-zoom masters: made once, shared, and served to those who may see the item."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from tests.factories.catalogue import make_kept_item

from heirloom.catalogue import derivatives

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def masters() -> list[Path]:
    return sorted(Path(settings.DERIVATIVES_ROOT).rglob("*.tif"))


def test_the_same_picture_in_two_items_is_made_once() -> None:
    paths = {derivatives.master(make_kept_item().media.get()) for _ in range(2)}
    assert list(paths) == masters()
    assert not list(Path(settings.DERIVATIVES_ROOT).rglob("*.lock"))


@pytest.mark.django_db(transaction=True)
def test_the_master_of_an_erased_item_goes_but_not_one_that_another_item_has() -> None:
    first, second = make_kept_item(), make_kept_item()
    derivatives.master(first.media.get())
    for item, left in ((first, 1), (second, 0)):
        with transaction.atomic():
            derivatives.forget_soon(item.media.all())
            item.media.all().delete()
            assert len(masters()) == 1
        assert len(masters()) == left


def test_a_worker_makes_masters_beforehand() -> None:
    item = make_kept_item()
    derivatives.make_master.call(item.key, "media/picture.png")
    derivatives.make_master.call(item.key, "media/none.png")
    assert len(masters()) == 1
