"""Hostile files sent through the page's form and the API: refused with their code, and nothing of them stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.archive.safe import samples
from tests.archive.safe.hostile import HOSTILE
from tests.factories.catalogue import make_kept_item, png
from tests.factories.pages import browser, read
from tests.factories.people import make_user

from heirloom.catalogue.models import Item, Media
from heirloom.catalogue.store import archive
from heirloom.keys import object_id
from heirloom.people.models import LogEntry

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
]

EVIL_DRAWING = samples.svg(
    b'<script>alert(1)</script><rect onclick="alert(1)" width="3" height="3"/>'
    b'<image href="http://example.org/track.png"/><a xlink:href="javascript:alert(1)"><text>safe</text></a>'
)
NAMES = (
    "../../../escaped.png",
    "..\\..\\escaped.png",
    "/etc/cron.d/escaped.png",
    "C:\\escaped.png",
    "escaped\u202egpj.exe",
    "escaped.exe",
    "NUL",
    ".hidden",
    "-rf",
    "ຮູບ" * 400 + ".png",
    "a" * 5000 + ".png",
    "con.png.",
    "<script>alert(1)</script>.png",
)


class Sender:
    """A person with an item, who sends a file by the page and by the API."""

    def __init__(self) -> None:
        self.person = make_user(grants=["cataloguer"])
        self.item = make_kept_item(self.person)
        self.client = browser(self.person)
        self.page = reverse("item-edit", args=[self.item.key])
        self.operation = f"/api/items/{self.item.key}/files"

    def by_page(self, name: str, content: bytes) -> Any:
        return self.client.post(
            self.page, {"what": "upload", "file": SimpleUploadedFile(name, content), "alt.en": "A red boat"}
        )

    def by_api(self, name: str, content: bytes) -> Any:
        return self.client.post(
            self.operation, {"file": SimpleUploadedFile(name, content), "alt": "A red boat"}
        )


@pytest.fixture
def sender(installation: Path) -> Sender:
    return Sender()


def _everything(folder: Path, item: Item) -> tuple[Any, ...]:
    """All that a refused file must leave as it was: every file below the data folder, and the rows."""
    files = {
        str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()
    }
    item.refresh_from_db()
    rows = sorted(Media.objects.values_list("pk", "sha512"))
    return files, rows, item.revision, item.digest, LogEntry.objects.count()


@pytest.mark.parametrize(("name", "make", "code"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_upload_is_refused_and_nothing_of_it_stays(
    name: str, make: Callable[[], bytes], code: str, sender: Sender, installation: Path
) -> None:
    content = make()
    before = _everything(installation, sender.item)

    shown = sender.by_page(name, content)
    assert 400 <= shown.status_code < 500
    page = read(shown)
    assert shown.context["error"]["code"] == code
    assert page.values["alt.en"][-1] == "A red boat", "what was written stands in the form again"
    said = sender.by_api(name, content)
    assert said.status_code == shown.status_code
    told = said.json()
    assert told["code"] == code
    assert told["message"]
    assert told["message"] in " ".join(page.words)
    assert _everything(installation, sender.item) == before

    assert sender.by_page("boat.png", png(40, 30)).status_code == 302
    assert sender.item.media.count() == len(before[1]) + 1


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_is_kept_as_a_word_and_never_as_a_path(
    name: str, sender: Sender, installation: Path
) -> None:
    count = sender.item.media.count()
    for answer in (sender.by_page(name, png(40, 30)), sender.by_api(name, png(41, 30))):
        assert answer.status_code in (201, 302, 400, 422), answer.content
    for folder in (installation, *installation.parents, Path("/etc/cron.d"), Path.cwd()):
        assert not [path for path in folder.glob("*escaped*") if path.is_file()]
    assert not [path for path in installation.rglob("*") if path.suffix == ".exe"]
    for media in sender.item.media.all()[count:]:
        place, _, stored = media.path.partition("/")
        assert place == "media"
        assert "/" not in stored
        assert stored.endswith(".png")
        assert not stored.startswith((".", "-"))
        assert len(stored.encode()) <= 255
        assert "<" not in stored
    held = archive().files(object_id("item", sender.item.key))
    assert {media.path for media in sender.item.media.all()} <= set(held)
    page = sender.client.get(sender.page)
    assert page.status_code == 200
    assert b"<script>alert(1)" not in page.content


def test_hostile_drawing_is_kept_without_what_could_act(sender: Sender) -> None:
    assert sender.by_page("drawing.svg", EVIL_DRAWING).status_code == 302
    assert sender.by_api("drawing.svg", EVIL_DRAWING).status_code == 201
    held = [media for media in sender.item.media.all() if media.media_type == "image/svg+xml"]
    assert len(held) == 2
    for media in held:
        kept = archive().read(object_id("item", sender.item.key), media.path)
        assert b"safe" in kept
        for bad in (b"script", b"onclick", b"example.org", b"javascript"):
            assert bad not in kept


def test_hostile_upload_does_not_take_the_good_ones_beside_it_along(sender: Sender) -> None:
    """Several at once: those before the refused one stay, it and those after it do not."""
    before = sender.item.media.count()
    files = [
        SimpleUploadedFile("one.png", png(40, 30)),
        SimpleUploadedFile("two.png", b"MZ\x90\0" + bytes(200)),
        SimpleUploadedFile("three.png", png(42, 30)),
    ]
    answer = sender.client.post(sender.page, {"what": "upload", "file": files})
    assert 400 <= answer.status_code < 500
    assert answer.context["error"]["code"] == "intake.executable"
    assert sender.item.media.count() == before + 1
