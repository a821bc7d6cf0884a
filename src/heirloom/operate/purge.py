"""Erasing something for good, as an operator does it: say what would go, ask, do it."""

from __future__ import annotations

import sys

from heirloom.calls.purge import purge_case
from heirloom.cases.models import Case
from heirloom.catalogue.actions import purge_item
from heirloom.catalogue.models import Item
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.people.models import User


class NothingToPurge(HeirloomError):
    """There is no such thing here."""

    code = "purge.unknown"
    message = gettext_noop("There is no {kind} {key}.")
    kept = gettext_noop("Nothing was erased.")
    status = 404


def purge(by: User, kind: str, key: str, reason: str, *, sure: bool) -> int:
    """Erase an item or a case with its packages; return 1 when nobody confirmed it.

    Raises:
        NothingToPurge; NotAllowed: *by* is no archivist; InUse: a case shows the item; InvalidField: no reason.
    """
    found: Item | Case | None
    found = (Item if kind == "item" else Case).objects.filter(key=key).first()
    if found is None:
        raise NothingToPurge(kind=kind, key=key)
    if not sure:
        sys.stdout.write(f"{kind} {key}: {found}\n{_what_goes(found)}\nThis cannot be undone.\n")
        if not sys.stdin.isatty():
            sys.stdout.write("Nothing was erased. Say --yes to erase it.\n")
            return 1
        if input("Type the key to erase it: ").strip() != key:
            sys.stdout.write("Nothing was erased.\n")
            return 1
    if isinstance(found, Item):
        purge_item(by, found, reason)
    else:
        purge_case(by, found, reason)
    sys.stdout.write(
        f"{kind} {key} is erased; a tombstone with the reason stays.\n"
        "The mirror follows at the next `heirloom mirror`. Backups made before still hold it.\n"
    )
    return 0


def _what_goes(found: Item | Case) -> str:
    if isinstance(found, Item):
        return f"Its package with {found.media.count()} files goes, in all versions."
    return (
        f"Its {found.seals.count()} sealed versions go, and {found.submissions.count()} applications with their reviews, "
        f"{found.runs.count()} runs and all replications. The items that it shows stay."
    )
