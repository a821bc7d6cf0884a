"""What was wrong with a form: a sentence for the page, and the field that it is about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from heirloom.errors import HeirloomError
from heirloom.web.middleware import explain


def target(name: str) -> str:
    """Return the id of the field called *name*: hyphens for dots."""
    return name.replace(".", "-")


def refusal(error: HeirloomError, *, prefix: str = "", field: str = "") -> dict[str, Any]:
    """Return the error for ``heirloom/my/refusal.html`` and the fields' own marks.

    Args:
        prefix: what the form's names have before the names that the error uses (``"param."``).
        field: the field it is about, where the error itself does not say.

    Returns:
        ``explain``'s parts with ``todo``, the ``field`` (empty: the form as a whole), its ``target`` (an id) and ``wrong``, the
        sentence by field.
    """
    said: dict[str, Any] = dict(explain(error))
    named = field or str(error.params.get("field") or error.params.get("param") or "")
    if named and "problem" in error.params and "field" in error.params:
        said["message"] = _(str(error.params["problem"]))
    name = prefix + named if named else ""
    return {
        **said,
        "field": name,
        "target": target(name),
        "todo": _("Correct this and send the form again. What you wrote is still in it.") if name else "",
        "wrong": {name: said["message"]} if name else {},
    }


def plain(message: str, *, field: str = "", kept: str = "") -> dict[str, Any]:
    """Return a sentence of a page's own in the same form as :func:`refusal`."""
    return {
        "code": "",
        "message": message,
        "kept": kept,
        "field": field,
        "target": target(field),
        "todo": "",
        "wrong": {field: message} if field else {},
    }
