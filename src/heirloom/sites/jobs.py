"""What a worker does for monitored places by itself."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from . import keeping


@task()
def keep_sites() -> None:
    """Keep every monitored place in the archive, and look again tomorrow."""
    keeping.keep_all()
    keep_tomorrow()


def keep_tomorrow() -> None:
    """Have a worker do that soon after the next midnight, once however often this is asked for."""
    if DBTaskResult.objects.filter(task_path=keep_sites.module_path, status=TaskResultStatus.READY).exists():
        return
    night = timezone.localtime().replace(hour=0, minute=10, second=0, microsecond=0) + timedelta(days=1)
    keep_sites.using(run_after=night).enqueue()
