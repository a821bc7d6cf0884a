"""Erasing for good: a case with everything that rests on it, an item, and the command that does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.factories.calls import accept, make_call, make_review, make_reviewer, make_submission
from tests.factories.cases import make_case
from tests.factories.catalogue import make_kept_item
from tests.factories.people import make_user

from heirloom.calls import actions, collection
from heirloom.calls.models import Collection, Review, Submission
from heirloom.calls.purge import purge_case
from heirloom.cases.models import Case, Replication, Run, Seal
from heirloom.catalogue import derivatives, search, store
from heirloom.catalogue.actions_errors import InUse, InvalidField
from heirloom.catalogue.models import Change, Item
from heirloom.cli import main
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import LogEntry, User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
TITLE = Translated({"en": "Our rivers"})


@pytest.fixture
def archivist() -> User:
    return make_user("archivist@example.org", grants=["archivist"])


def published() -> tuple[Case, Case, Collection]:
    """Two cases in a published collection; the first shows an item, and has a run and a replication."""
    call, organiser = make_call()
    made = []
    for title in ("Songs of Nong", "Boats of Mai"):
        applicant = make_user()
        item = make_kept_item()
        section = {
            "heading": {},
            "body": {"en": {"text": "We listened.", "origin": "human"}},
            "item": item.key,
        }
        submission = make_submission(call, applicant, case=make_case(applicant, title, sections=[section]))
        make_review(submission, organiser, make_reviewer(call, organiser))
        accept(submission, organiser)
        made.append(submission.case)
    actions.announce_decisions(organiser, call)
    shown = collection.publish_collection(organiser, call, TITLE, TITLE)
    run = Run.objects.create(case=made[0], method="diversity.coverage", method_version="1")
    replication = Replication.objects.create(seal=made[0].seals.get(), who="Village", run=run)
    for kind, thing in (("run", run), ("replication", replication)):
        store.archive().write(
            object_id(kind, thing.key), {"record.json": b"{}"}, message="x", agent=store.SYSTEM
        )
    return Case.objects.get(pk=made[0].pk), Case.objects.get(pk=made[1].pk), shown


def test_a_case_goes_with_everything_that_rests_on_it(archivist: User) -> None:
    case, other, shown = published()
    keys = [
        ("case", case.key),
        ("run", Run.objects.get().key),
        ("replication", Replication.objects.get().key),
    ]
    purge_case(archivist, case, "the singers withdrew their consent")
    assert list(Case.objects.all()) == [other]
    assert [(Seal.objects.count(), Submission.objects.count(), Review.objects.count())] == [(1, 1, 1)]
    assert (Run.objects.count(), Replication.objects.count(), Item.objects.count()) == (0, 0, 2)
    archive = store.archive()
    assert not any(archive.exists(object_id(kind, key)) for kind, key in keys)
    assert {stone.object_id for stone in archive.tombstones()} == {object_id(*key) for key in keys}
    assert {stone.reason for stone in archive.tombstones()} == {"the singers withdrew their consent"}
    assert search.find("Nong", "case", Case.objects.all()).pks == ()
    assert [change.kind for change in Change.objects.filter(about="case", key=case.key)] == [
        "Create",
        "Delete",
    ]
    kept = json.loads(archive.read(object_id("collection", shown.key), "record.json"))
    assert [entry["case"] for entry in kept["entries"]] == [other.key]
    shown.refresh_from_db()
    assert shown.object_version == 2
    assert [entry.seal.case for entry in shown.entries.all()] == [other]
    assert LogEntry.objects.filter(action="purge", actor=archivist, key=case.key).exists()
    assert not archive.verify().damaged


def test_only_archivists_purge_and_only_with_a_reason(archivist: User) -> None:
    case = make_case(make_user())
    for person in (make_user(), make_user(grants=["cataloguer", "organiser"])):
        with pytest.raises(NotAllowed):
            purge_case(person, case, "x")
    with pytest.raises(InvalidField):
        purge_case(archivist, case, "  ")
    assert Case.objects.exists()


def test_the_command_asks_first(archivist: User, capsys: pytest.CaptureFixture[str]) -> None:
    item = make_kept_item(title=Translated({"en": "Naga boat"}))
    asked = ["purge", "item", item.key, "--by", archivist.email, "--reason", "court order"]
    assert main(asked) == 1
    said = capsys.readouterr().out
    assert "Naga boat" in said
    assert "1 files" in said
    assert Item.objects.exists()
    assert main([*asked, "--yes"]) == 0
    assert not Item.objects.exists()
    assert [stone.reason for stone in store.archive().tombstones()] == ["court order"]
    assert main([*asked, "--yes"]) == 1
    assert "purge.unknown" in capsys.readouterr().err


def test_the_command_waits_for_the_key(
    archivist: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(make_user(), "Songs of Nong")
    asked = ["purge", "case", case.key, "--by", archivist.email, "--reason", "the family asked"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, left in (("yes", 1), (case.key, 0)):
        monkeypatch.setattr("builtins.input", lambda _prompt, answer=answer: answer)
        assert main(asked) == left
        assert Case.objects.count() == left
    assert "Songs of Nong" in capsys.readouterr().out


def test_what_a_case_shows_and_what_others_may_not_erase_stays(
    archivist: User, capsys: pytest.CaptureFixture[str]
) -> None:
    case, _other, _shown = published()
    item = Item.objects.get(key=next(iter(case.seals.get().content["items"])))
    asked = ["purge", "item", item.key, "--reason", "x", "--yes", "--by"]
    assert main([*asked, archivist.email]) == 1
    assert InUse.code in capsys.readouterr().err
    assert main([*asked, make_user("other@example.org").email]) == 1
    assert store.archive().exists(object_id("item", item.key))


def test_pictures_made_from_a_purged_file_go_too(
    archivist: User, django_capture_on_commit_callbacks: object, tmp_path: Path
) -> None:
    item = make_kept_item()
    path = derivatives.master(item.media.get())
    assert path.is_file()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert main(["purge", "item", item.key, "--by", archivist.email, "--reason", "x", "--yes"]) == 0
    assert not path.exists()
