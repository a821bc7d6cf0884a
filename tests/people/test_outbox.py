"""The outbox: what is posted leaves once, and what fails stays until it can leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings
from tests.factories.people import make_user

from heirloom.people import actions, jobs
from heirloom.people.models import Message

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]
On_commit = Callable[..., Any]


class Server(BaseEmailBackend):
    """A mail server that refuses some people."""

    refused: dict[str, Exception]
    seen: list[str]

    def send_messages(self, messages: list[Any]) -> int:
        for message in messages:
            for address in message.to:
                self.seen.append(address)
                if address in self.refused:
                    raise self.refused[address]
        return len(messages)


@pytest.fixture
def server(settings: Settings) -> type[Server]:
    Server.refused, Server.seen = {}, []
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    return Server


def test_a_message_leaves_once_in_the_person_s_language() -> None:
    user = make_user("kham@example.org")
    user.language = "lo"
    user.save()
    actions.post(user, "ສະບາຍດີ\r\nBcc: other@example.org", "ເນື້ອໃນ", about="case", key="k")
    assert actions.deliver() == {"sent": 1, "failed": 0}
    assert actions.deliver() == {"sent": 0, "failed": 0}
    (sent,) = mail.outbox
    assert (sent.subject, sent.to, sent.bcc) == ("ສະບາຍດີ Bcc: other@example.org", ["kham@example.org"], [])
    message = Message.objects.get()
    assert (message.language, message.attempts, message.error) == ("lo", 1, "")
    assert message.sent_at is not None


def test_what_nobody_approved_waits() -> None:
    message = actions.post(make_user(), "Hello", "x", approved=False)
    assert actions.deliver() == {"sent": 0, "failed": 0}
    Message.objects.filter(pk=message.pk).update(approved_at=timezone.now())
    assert actions.deliver()["sent"] == 1


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError("nobody listens"), TimeoutError("slow"), ValueError("bad header")]
)
def test_one_that_fails_stays_and_stops_no_other(server: type[Server], error: Exception) -> None:
    first, second = make_user("first@example.org"), make_user("second@example.org")
    server.refused = {"first@example.org": error}
    for user in (first, second):
        actions.post(user, "Hello", "x")
    assert actions.deliver() == {"sent": 1, "failed": 1}
    failed = Message.objects.get(user=first)
    assert (failed.attempts, failed.sent_at, failed.error) == (1, None, f"{type(error).__name__}: {error}")
    server.refused = {}
    assert actions.deliver() == {"sent": 1, "failed": 0}
    failed.refresh_from_db()
    assert (failed.attempts, failed.error) == (2, "")
    assert server.seen == ["first@example.org", "second@example.org", "first@example.org"]


def test_after_eight_attempts_it_is_left_alone(server: type[Server]) -> None:
    user = make_user()
    server.refused = {user.email: OSError("no")}
    actions.post(user, "Hello", "x")
    tried = [actions.deliver()["failed"] for _ in range(10)]
    assert tried == [1] * 8 + [0] * 2
    assert Message.objects.get().error == "OSError: no"


def test_a_failure_is_tried_again_later_and_later(server: type[Server]) -> None:
    user = make_user()
    server.refused = {user.email: OSError("no")}
    actions.post(user, "Hello", "x")
    before = timezone.now()
    jobs.deliver_outbox.func(0)
    jobs.deliver_outbox.func(3)
    waits = [(job.run_after - before).total_seconds() for job in DBTaskResult.objects.order_by("run_after")]
    assert [round(wait / 60) for wait in waits] == [1, 8]
    server.refused = {}
    jobs.deliver_outbox.func(4)
    assert DBTaskResult.objects.count() == 2


def test_it_leaves_only_with_the_action_that_posted_it(
    django_capture_on_commit_callbacks: On_commit,
) -> None:
    user = make_user()

    def breaks() -> None:
        with transaction.atomic():
            actions.post(user, "Never", "x")
            raise RuntimeError

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        breaks()
    assert (Message.objects.count(), DBTaskResult.objects.count()) == (0, 0)
    with django_capture_on_commit_callbacks(execute=True):
        actions.post(user, "Hello", "x")
    assert DBTaskResult.objects.count() == 1


def test_what_a_dead_process_left_is_asked_for_again(django_capture_on_commit_callbacks: On_commit) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.deliver_waiting()
    assert DBTaskResult.objects.count() == 0
    actions.post(make_user(), "Hello", "x")
    with django_capture_on_commit_callbacks(execute=True):
        actions.deliver_waiting()
    assert DBTaskResult.objects.count() == 1


def test_mail_goes_to_files_by_default(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    actions.post(make_user("kham@example.org"), "ສະບາຍດີ", "ເນື້ອໃນ")
    actions.deliver()
    (written,) = (tmp_path / "mail").iterdir()
    said = message_from_bytes(written.read_bytes().partition(b"-" * 79)[0], policy=default)
    assert (said["Subject"], said["To"]) == ("ສະບາຍດີ", "kham@example.org")
    assert said.get_content().strip() == "ເນື້ອໃນ"


def test_a_server_that_cannot_be_reached_is_a_failure_and_no_crash(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    actions.post(make_user(), "Hello", "x")
    assert actions.deliver() == {"sent": 0, "failed": 1}
    assert Message.objects.get().error.startswith("ConnectionRefusedError")


class Watcher(BaseEmailBackend):
    """Looks whether the database is held while a message leaves."""

    held: list[bool]

    def send_messages(self, messages: list[Any]) -> int:
        self.held.append(connection.in_atomic_block)
        return len(messages)


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_holds_up_nobody(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Watcher"
    Watcher.held = []
    actions.post(make_user(), "Hello", "x")
    assert actions.deliver()["sent"] == 1
    assert Watcher.held == [False]


class Gate(BaseEmailBackend):
    """A server that takes its time with the first message."""

    entered = threading.Event()
    leave = threading.Event()
    seen: list[str]

    def send_messages(self, messages: list[Any]) -> int:
        self.seen.extend(address for message in messages for address in message.to)
        self.entered.set()
        assert self.leave.wait(20)
        return len(messages)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_nothing_twice(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Gate"
    Gate.seen = []
    for name in ("a", "b"):
        actions.post(make_user(f"{name}@example.org"), "Hello", "x")
    results: list[int] = []

    def worker() -> None:
        try:
            results.append(actions.deliver()["sent"])
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    threads[0].start()
    assert Gate.entered.wait(20)
    threads[1].start()
    Gate.leave.set()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [0, 2]
    assert sorted(Gate.seen) == ["a@example.org", "b@example.org"]
