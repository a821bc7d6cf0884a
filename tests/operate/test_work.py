"""What a worker completes when it starts: packages, imports and runs that a crash cut off."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError
from django_tasks_db.models import DBTaskResult
from tests.factories.catalogue import make_community, make_item, make_protocol
from tests.factories.people import make_user

from heirloom.archive.lock import hold
from heirloom.cases import run_actions
from heirloom.cases.models import Run
from heirloom.catalogue.actions_errors import WrongState
from heirloom.catalogue.actions_import import begin_import, run_import
from heirloom.catalogue.actions_settle import lock_of, settle_imports
from heirloom.catalogue.importers.draft import ItemDraft
from heirloom.catalogue.importers.sources import Source
from heirloom.catalogue.models import ImportBatch, Item
from heirloom.catalogue.store import archive
from heirloom.keys import object_id
from heirloom.operate import work as working
from heirloom.operate.work import MAX_TRIES, WorkerRunning, work
from heirloom.pathways import registry
from heirloom.text import Translated

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]


def source() -> Source:
    def drafts() -> Iterator[ItemDraft]:
        yield ItemDraft("museum", "1", kind="object", title=Translated({"en": "Boat"}))

    return Source(drafts=drafts())


def test_packages_that_a_crash_prevented_are_written_at_the_start() -> None:
    community = make_community("weavers")
    protocol = make_protocol("members", communities=[community])
    item = make_item(state="published")
    draft = make_item(state="draft")
    assert not archive().exists(object_id("item", item.key))
    work(until_empty=True)
    assert archive().exists(object_id("community", community.key))
    assert archive().exists(object_id("protocol", protocol.key))
    item.refresh_from_db()
    assert (item.object_version, item.digest) == (1, archive().head(object_id("item", item.key)).digest)
    assert not archive().exists(object_id("item", draft.key))
    work(until_empty=True)
    item.refresh_from_db()
    assert item.object_version == 1, "once is enough"


def test_an_import_that_was_cut_off_is_set_down_as_failed_and_can_be_done_again() -> None:
    person = make_user(grants=["cataloguer"])
    batch = begin_import(person, "csv", "museum")
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.RUNNING)
    batch.refresh_from_db()
    with pytest.raises(WrongState):
        run_import(person, batch, source())
    work(until_empty=True)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.FAILED
    assert batch.ended_at is not None
    assert "import.cut-off" in str(batch.report)
    run_import(person, batch, source())
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.DONE
    assert Item.objects.get().title.text("en") == "Boat"


def test_an_import_that_is_still_at_work_is_left_alone() -> None:
    batch = begin_import(make_user(grants=["cataloguer"]), "csv", "museum")
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.RUNNING)
    script = (
        "import sys; from heirloom.archive.lock import hold\n"
        "with hold(sys.argv[1], 'the import', timeout=5): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, lock_of(batch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "held\n"
        assert settle_imports() == 0
        batch.refresh_from_db()
        assert batch.state == ImportBatch.State.RUNNING
    finally:
        other.kill()
        other.wait()
        other.stdin.close()
        other.stdout.close()
    assert settle_imports() == 1
    assert settle_imports() == 0


def test_an_import_holds_its_lock_while_it_runs_and_lets_go() -> None:
    person = make_user(grants=["cataloguer"])
    batch = begin_import(person, "csv", "museum")
    settled = []

    def drafts() -> Iterator[ItemDraft]:
        settled.append(settle_imports())
        yield ItemDraft("museum", "1", kind="object", title=Translated({"en": "Boat"}))

    run_import(person, batch, Source(drafts=drafts()))
    assert settled == [0]
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.DONE
    assert not Path(lock_of(batch)).exists()


def test_a_run_whose_job_was_lost_is_resumed_and_given_up_after_three_tries() -> None:
    person = make_user()
    with tempfile.TemporaryDirectory() as folder:
        inputs, params = registry.pathway("diversity").fixture("coverage", Path(folder))
        first, second = (
            run_actions.request_run(person, "diversity.coverage", inputs, params) for _ in range(2)
        )
    DBTaskResult.objects.all().delete()
    Run.objects.update(state=Run.State.RUNNING)
    Run.objects.filter(pk=second.pk).update(attempts=MAX_TRIES)
    work(until_empty=True)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == Run.State.DONE
    assert second.state == Run.State.FAILED
    assert second.error["code"] == "run.given-up"


def test_what_cannot_be_completed_does_not_keep_the_worker_from_its_jobs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> int:
        raise DatabaseError("no room")

    person = make_user(grants=["cataloguer"])
    batch = begin_import(person, "csv", "museum")
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.RUNNING)
    monkeypatch.setattr(working, "keep_missing", broken)
    work(until_empty=True)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.FAILED
    assert "could not be completed" in caplog.text


def test_two_workers_of_one_name_do_not_work_at_once(installation: Path) -> None:
    name = str(installation / "worker-main.lock")
    with hold(name, "the name", timeout=5, forget=False), pytest.raises(WorkerRunning):
        work(until_empty=True)
    work(until_empty=True)
