"""Runs as a person asks for them and a worker does them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from django_tasks_db.models import DBTaskResult
from tests.factories.calls import words
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_community, make_item, make_protocol
from tests.factories.people import make_user

from heirloom.archive import Archive
from heirloom.cases import actions as case_actions
from heirloom.cases import queries, rules, run_actions
from heirloom.cases.errors import InvalidInputs, NoSuchMethod
from heirloom.cases.models import Run
from heirloom.catalogue.actions_media import add_media
from heirloom.catalogue.store import archive
from heirloom.errors import NotAllowed, NotFound
from heirloom.operate.work import put_back, work
from heirloom.pathways import registry
from heirloom.people.models import User

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]
METHOD = "diversity.coverage"


def ask(by: User, **options: object) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        inputs, params = registry.pathway("diversity").fixture("coverage", Path(folder))
    return run_actions.request_run(by, METHOD, inputs, params, **options)  # type: ignore[arg-type]


def test_a_worker_does_what_was_asked_for_and_keeps_it() -> None:
    person = make_user()
    run = ask(person)
    assert run.state == Run.State.QUEUED
    work(until_empty=True)
    run.refresh_from_db()
    assert (run.state, run.error, run.progress) == (Run.State.DONE, {}, 1.0)
    assert run.cpu_seconds > 0
    assert run.peak_bytes > 1_000_000
    held = archive().files(f"heirloom:run:{run.key}")
    assert {out["path"]: out["sha512"] for out in run.outputs}.items() <= {
        path: info.sha512 for path, info in held.items()
    }.items()
    assert archive().head(f"heirloom:run:{run.key}").digest == run.digest
    assert not list(Path(archive().storage.name).parent.glob("runs/*"))


def test_a_repeat_gives_the_same_bytes_and_is_linked() -> None:
    person = make_user()
    run = ask(person)
    work(until_empty=True)
    again = run_actions.repeat_run(person, Run.objects.get(pk=run.pk))
    work(until_empty=True)
    run.refresh_from_db()
    again.refresh_from_db()
    assert again.state == Run.State.DONE
    assert again.repeats == run
    assert [out["sha512"] for out in again.outputs] == [out["sha512"] for out in run.outputs]


def test_nobody_has_a_closed_file_read_by_repeating_a_run() -> None:
    steward, visitor, organiser = make_user(), make_user(), make_user(grants=["organiser"])
    protocol = make_protocol("stewards", communities=[make_community(stewards=[steward])])
    with tempfile.TemporaryDirectory() as folder:
        inputs, params = registry.pathway("diversity").fixture("coverage", Path(folder))
        item = make_item(owner=steward, protocol=protocol)
        kept = {
            name: [add_media(steward, item, path, path.name) for path in paths]
            for name, paths in inputs.items()
        }
    case = make_case(steward)
    run = run_actions.request_run(steward, METHOD, kept, params, case=case)
    work(until_empty=True)
    case = edit_case(
        steward, case, sections=[{"heading": {}, "body": words("See what came out."), "run": run.key}]
    )
    case_actions.publish(organiser, case_actions.seal(steward, case, consent=CONSENT))
    run = queries.run(visitor, run.key)
    assert run.state == Run.State.DONE
    assert not rules.may_repeat(visitor, run)
    with pytest.raises(NotAllowed):
        run_actions.repeat_run(visitor, run)
    assert run_actions.repeat_run(steward, run).repeats == run


def test_a_run_that_waits_is_cancelled_at_once() -> None:
    person = make_user()
    run = run_actions.cancel_run(person, ask(person))
    assert run.state == Run.State.CANCELLED
    work(until_empty=True)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED


def test_jobs_of_a_dead_worker_go_back_to_the_queue() -> None:
    person = make_user()
    run = ask(person)
    DBTaskResult.objects.update(status="RUNNING", worker_ids=["main"])
    Run.objects.update(state=Run.State.RUNNING)
    assert put_back("other") == 0
    work(until_empty=True)
    run.refresh_from_db()
    assert run.state == Run.State.DONE


def test_a_job_that_kills_its_worker_three_times_is_given_up() -> None:
    ask(make_user())
    DBTaskResult.objects.update(status="RUNNING", worker_ids=["main", "main", "main"])
    assert put_back("main") == 0
    assert DBTaskResult.objects.get().status == "FAILED"


def test_a_run_that_was_kept_before_the_worker_died_is_only_written_down() -> None:
    person = make_user()
    run = ask(person)
    work(until_empty=True)
    run.refresh_from_db()
    digest = run.digest
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, digest="", outputs=[])
    done = run_actions.do_run(run.key)
    assert (done.state, done.digest) == (Run.State.DONE, digest)
    assert len(done.outputs) == len(run.outputs)


def test_what_cannot_run_is_refused_before_anything_is_kept() -> None:
    person = make_user()
    with pytest.raises(NoSuchMethod):
        run_actions.request_run(person, "diversity.magic", {})
    with pytest.raises(InvalidInputs):
        run_actions.request_run(person, METHOD, {})
    assert list(archive().ids()) == []
    assert not Run.objects.exists()


def test_only_editors_run_on_a_case_and_only_its_people_see_it() -> None:
    owner, stranger = make_user(), make_user()
    case = make_case(owner)
    with pytest.raises(NotAllowed):
        ask(stranger, case=case)
    run = ask(owner, case=case)
    assert queries.run(owner, run.key) == run
    with pytest.raises(NotFound):
        queries.run(stranger, run.key)
    with pytest.raises(NotFound):
        queries.run(None, run.key)


def test_the_package_of_a_run_is_valid_ocfl() -> None:
    ask(make_user())
    work(until_empty=True)
    root = Archive.open(Path(archive().storage.name))
    report = root.verify()
    assert report.complete
    assert (report.damaged, report.invalid) == ([], {})
