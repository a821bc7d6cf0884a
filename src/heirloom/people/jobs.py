"""Jobs about people: the outbox."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from . import actions


@task()
def deliver_outbox(attempt: int = 0) -> None:
    """Send what waits; when something failed, try again later, ever more patiently."""
    result = actions.deliver()
    if result["failed"] and attempt < actions.MAX_ATTEMPTS:
        later = timezone.now() + timedelta(minutes=2**attempt)
        deliver_outbox.using(run_after=later).enqueue(attempt + 1)
