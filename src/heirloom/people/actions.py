"""What is done to people's records: logging, grants, messages, download and erasure of personal data."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

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
        subject=subject[:300],
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
    """Send waiting messages once each; a message that fails stays, with its error, for a later attempt."""
    sent = failed = 0
    for key in list(_waiting().values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            message = Message.objects.select_for_update().filter(pk=key, sent_at=None).first()
            if message is None:
                continue
            message.attempts += 1
            try:
                EmailMessage(message.subject, message.body, to=[message.to]).send()
            except OSError as error:
                message.error = f"{type(error).__name__}: {error}"[:1000]
                failed += 1
            else:
                message.sent_at = timezone.now()
                message.error = ""
                sent += 1
            message.save(update_fields=["attempts", "error", "sent_at"])
    return {"sent": sent, "failed": failed}
