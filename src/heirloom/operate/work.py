"""The worker that runs jobs, and picks up again what a killed worker left behind."""

from __future__ import annotations

import fcntl
import logging
import os
from typing import IO, Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.signals import task_finished
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from heirloom.cases import run_actions
from heirloom.cases.jobs import do_run
from heirloom.catalogue import actions_feed
from heirloom.catalogue.actions_keep import keep_missing
from heirloom.catalogue.actions_settle import settle_imports
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people import actions as people
from heirloom.sites.jobs import keep_tomorrow

logger = logging.getLogger("heirloom.work")

MAX_TRIES = 3


class WorkerRunning(HeirloomError):
    """Another worker with this name is at work."""

    code = "work.name-taken"
    message = gettext_noop("A worker named {name} is already running.")
    kept = gettext_noop("It goes on with its jobs.")
    status = 409


def _claim_name(name: str) -> IO[str]:
    """Hold the worker's name for this process; the kernel lets go of it however the process ends."""
    settings.DATA.mkdir(parents=True, exist_ok=True)
    handle = (settings.DATA / f"worker-{name}.lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise WorkerRunning(name=name) from error
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


@transaction.atomic
def put_back(name: str) -> int:
    """Return the jobs that a dead worker of this name left running to the queue; give up after three tries."""
    returned = 0
    for job in DBTaskResult.objects.select_for_update().filter(status=TaskResultStatus.RUNNING):
        if not job.worker_ids or job.worker_ids[-1] != name:
            continue
        if len(job.worker_ids) >= MAX_TRIES:
            job.set_failed(RuntimeError("the worker died three times while doing this"))
            continue
        job.status = TaskResultStatus.READY
        job.started_at = None
        job.save(update_fields=["status", "started_at"])
        returned += 1
    return returned


def pick_up() -> int:
    """Look after runs that no job stands for any more, and after folders of runs that are over; return how many were resumed.

    A job can end without its run: when it was given up, when its worker was stopped in the middle, or when the
    disk was so full that not even the failure could be written down.
    """
    waiting = DBTaskResult.objects.filter(
        task_path=do_run.module_path, status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING]
    )
    busy = {job.args_kwargs["args"][0] for job in waiting}
    resumed = 0
    for run in run_actions.unattended(busy):
        if run.attempts >= MAX_TRIES:
            run_actions.give_up(run)
        else:
            run_actions.resume(run)
            resumed += 1
    run_actions.sweep()
    people.deliver_waiting()
    actions_feed.announce_seasons()
    actions_feed.look_tomorrow()
    keep_tomorrow()
    return resumed


def tidy() -> None:
    """Complete in the archive and in the tables what a crash cut off; whatever cannot be done now is left to the next start."""
    for what in (settle_imports, keep_missing):
        try:
            if count := what():
                logger.warning("completed after a crash", extra={"what": what.__name__, "count": count})
        except (HeirloomError, OSError, DatabaseError):
            logger.exception("could not be completed", extra={"what": what.__name__})


def _look_after(task_result: TaskResult[Any], **_: object) -> None:
    """When a job broke off, do not let its run wait until the next start of a worker."""
    if task_result.status == TaskResultStatus.FAILED and task_result.task.module_path == do_run.module_path:
        pick_up()


def work(name: str = "main", *, until_empty: bool = False, interval: float = 1.0) -> None:
    """Run jobs until told to stop, or until none is left."""
    with _claim_name(name):
        tidy()
        returned = put_back(name) + pick_up()
        if returned:
            logger.warning("jobs put back", extra={"jobs": returned})
        worker = Worker(
            queue_names=["default"],
            interval=interval,
            batch=until_empty,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=name,
            excluded_queue_names=[],
        )
        if not until_empty:
            worker.configure_signals()
        task_finished.connect(_look_after)
        try:
            worker.run()
        finally:
            task_finished.disconnect(_look_after)
