"""What is done to people's records: logging, grants, messages, download and erasure of personal data."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from .models import Grant, LogEntry, Message, User

logger = logging.getLogger("heirloom.people")

type_of_actor = User | AnonymousUser | None
MAX_ATTEMPTS = 8


def log(actor: type_of_actor, action: str, about: str, key: str, **details: Any) -> LogEntry:
    """Append one row to the log. Call it inside the transaction of the action that it records."""
    person = actor if isinstance(actor, User) else None
    entry = LogEntry.objects.create(actor=person, action=action, about=about, key=key, details=details)
    logger.info(action, extra={"actor": person.pk if person else None, "about": about, "key": key})
    return entry


@transaction.atomic
def grant(by: type_of_actor, user: User, role: Grant.Role) -> Grant:
    """Give *user* a role in the whole installation."""
    made, created = Grant.objects.get_or_create(
        user=user, role=role, defaults={"granted_by": by if isinstance(by, User) else None}
    )
    if created:
        log(by, "grant", "user", str(user.pk), role=str(role))
    return made


def post(
    user: User, subject: str, body: str, *, about: str = "", key: str = "", approved: bool = True
) -> Message:
    """Put a message into the outbox, in the person's language, to leave after this transaction."""
    message = Message.objects.create(
        to=user.email,
        user=user,
        language=user.language,
        subject=" ".join(subject.split())[:300],
        body=body,
        about=about,
        key=key,
        approved_at=timezone.now() if approved else None,
    )
    if approved:
        deliver_soon()
    return message


def deliver_soon() -> None:
    """Ask a worker to empty the outbox once this transaction is through."""
    from .jobs import deliver_outbox  # jobs call actions

    transaction.on_commit(deliver_outbox.enqueue)


def deliver_waiting() -> None:
    """Ask for delivery of what was left in the outbox by a process that died before it could ask."""
    if _waiting().exists():
        deliver_soon()


def _waiting() -> QuerySet[Message]:
    return Message.objects.filter(sent_at=None, approved_at__isnull=False, attempts__lt=MAX_ATTEMPTS)


def deliver(limit: int = 100) -> Mapping[str, int]:
    """Send waiting messages once each; a message that fails stays, with its error, for a later attempt.

    No transaction is open while the mail server is talked to: it may take its time, and nobody else could write
    to SQLite meanwhile. A lock among the processes of this machine, and the counted attempt among machines, see to it that a
    message is not sent twice.
    """
    sent = failed = 0
    with _alone():
        for key, attempts in list(_waiting().values_list("pk", "attempts")[:limit]):
            claim = _waiting().filter(pk=key, attempts=attempts)
            if not claim.update(attempts=attempts + 1):
                continue
            message = Message.objects.get(pk=key)
            try:
                EmailMessage(message.subject, message.body, to=[message.to]).send()
            except (OSError, ValueError) as error:
                # ValueError: an address or subject that cannot stand in a header; it must not stop the others.
                error_text = f"{type(error).__name__}: {error}"[:1000]
                Message.objects.filter(pk=key).update(error=error_text)
                failed += 1
            else:
                Message.objects.filter(pk=key).update(sent_at=timezone.now(), error="")
                sent += 1
    return {"sent": sent, "failed": failed}


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only process of this machine that empties the outbox."""
    settings.DATA.mkdir(parents=True, exist_ok=True)
    with (settings.DATA / "outbox.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
