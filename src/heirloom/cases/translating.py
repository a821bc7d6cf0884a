"""What a translator may change of a case: its texts, in any language, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heirloom.errors import gettext_noop

from .errors import InvalidContent

TEXTS: Final = ("title", "summary", "skills")
PART_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sections": ("heading", "body"),
    "costs": ("what",),
    "reach": ("who", "evidence"),
    "goals": ("evidence",),
    "partners": ("name", "role"),
}


def only_texts(before: Mapping[str, Any], data: object) -> dict[str, Any]:
    """Return the content *before* with the texts of *data*; everything else of *data* is left aside.

    Raises:
        InvalidContent: *data* has not the parts that the case has, so its texts cannot be told apart.
    """
    given = data if isinstance(data, Mapping) else {}
    made = {**before, **{name: given[name] for name in TEXTS if name in given}}
    for name, fields in PART_TEXTS.items():
        if name not in given:
            continue
        parts = given[name]
        if not isinstance(parts, list) or len(parts) != len(before[name]):
            raise InvalidContent(
                field=name,
                problem=gettext_noop("A translator changes texts; parts are added and taken out by editors."),
            )
        made[name] = [
            {**old, **{field: part[field] for field in fields if field in part}}
            for old, part in zip(before[name], parts, strict=True)
            if isinstance(part, Mapping)
        ]
    return made
