"""Writing versions, one or many: staged, made durable together, then made visible one by one."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from heirloom.archive import inventory as inventories
from heirloom.archive import ocfl_write
from heirloom.archive.lock import Locked
from heirloom.archive.ocfl import NoRoom, ObjectVersion, Write
from heirloom.archive.storage import Stage

if TYPE_CHECKING:
    from heirloom.archive.archive import Archive

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says when a disk, or somebody's share of it, is full."""


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom from error
        raise


class _Batch:
    """Versions of different objects on their way; their locks are held until they are visible."""

    def __init__(self, archive: Archive, *, together: bool) -> None:
        self.archive = archive
        self.together = together
        self.held = ExitStack()
        self.staged: dict[str, tuple[Stage, ocfl_write.Prepared]] = {}

    def add(self, request: Write, timeout: float) -> None:
        """Lock the object and stage its next version. On any error the object is as if never asked for."""
        storage = self.archive.storage
        with ExitStack() as stack:
            if not self.staged:
                stack.enter_context(storage.lock("root", "the archive", shared=True, timeout=timeout))
            stack.enter_context(self.archive.lock(request.object_id, timeout=timeout))
            before = self.archive.before(request.object_id, request.expected_head)
            stage = stack.enter_context(storage.stage())
            with storage.later() if self.together else nullcontext():
                prepared = ocfl_write.prepare(storage, stage, self.archive.change(request), before)
            self.staged[request.object_id] = (stage, prepared)
            self.held.push(stack.pop_all())

    def finish(self) -> Iterator[ObjectVersion]:
        """Make all visible, then give them out; what fails is raised after those that did not."""
        storage = self.archive.storage
        made: list[ObjectVersion] = []
        failure: OSError | None = None
        with self.held:
            if self.together and self.staged:
                storage.sync()  # the content first: no name may ever lead to bytes that are not there
            for stage, prepared in self.staged.values():
                try:
                    with storage.later() if self.together and prepared.is_first else nullcontext():
                        ocfl_write.commit(storage, stage, prepared)
                except OSError as error:
                    failure = error
                    break
                made.append(_made(prepared))
            if self.together and made:
                storage.sync()
        yield from made
        if failure is not None:
            raise failure


def _made(prepared: ocfl_write.Prepared) -> ObjectVersion:
    inventory = inventories.parse(prepared.data, prepared.change.key)
    version = inventory.versions[-1]
    return ObjectVersion(
        object_id=inventory.object_id,
        number=inventory.head,
        digest=hashlib.sha512(prepared.data).hexdigest(),
        created=version.created,
        message=version.message,
        agent=version.agent,
    )


def write_many(
    archive: Archive, requests: Iterable[Write], at_once: int, timeout: float
) -> Iterator[ObjectVersion]:
    """See :meth:`heirloom.archive.Archive.write_many`."""
    together = at_once > 1
    batch = _Batch(archive, together=together)
    try:
        for request in requests:
            archive.change(request)  # refuses what cannot be kept before anything is locked
            if len(batch.staged) >= at_once or request.object_id in batch.staged:
                done, batch = batch, _Batch(archive, together=together)
                yield from _finished(done)
            try:
                with _room():
                    batch.add(request, 0 if batch.staged else timeout)
            except Locked:
                if not batch.staged:
                    raise
                # whoever holds it may wait for one of ours: let go of them, then wait
                done, batch = batch, _Batch(archive, together=together)
                yield from _finished(done)
                with _room():
                    batch.add(request, timeout)
    except Exception:
        done, batch = batch, _Batch(archive, together=together)
        yield from _finished(done)
        raise
    except BaseException:
        batch.held.close()
        raise
    yield from _finished(batch)


def _finished(batch: _Batch) -> Iterator[ObjectVersion]:
    with _room():
        yield from batch.finish()
