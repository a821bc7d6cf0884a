"""What requests and answers of several parts are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal

from django.db.models import QuerySet
from ninja import Schema
from ninja.params import Path, Query
from pydantic import AfterValidator, Field, StringConstraints

from heirloom.text import Translated

MOST: Final = 100
_DEEPEST: Final = 20
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Key = Annotated[str, Path(pattern=r"^[0-9a-z]{26}$", description="the key of a thing: 26 signs")]
Slug = Annotated[str, Path(pattern=r"^[-a-zA-Z0-9_]{1,50}$", description="a short name in addresses")]
PageNumber = Annotated[int, Query(ge=1, le=100_000, description="which page, from 1")]
PageSize = Annotated[int, Query(ge=1, le=MOST, description="how many on a page")]


def storable(value: Any, depth: int = 0) -> Any:
    """Refuse what a database cannot keep: NUL, lone surrogates, numbers that are none, nesting without end."""
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValueError("a character that cannot be kept")
    elif isinstance(value, dict):
        for key, inner in value.items():
            storable(key, depth + 1)
            storable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            storable(inner, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    elif isinstance(value, int) and not -(2**53) <= value <= 2**53:
        raise ValueError("a number too large")
    return value


# No NUL: the pattern tells programs what the validator refuses.
Line = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$"), AfterValidator(storable)]
Prose = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$"), AfterValidator(storable)]
Value = Annotated[dict[str, Any], AfterValidator(storable)]
"""A JSON object that an action reads and checks field by field."""


class TextPart(Schema):
    """A text in one language, and who wrote it: a person, a machine, or a machine whose work a person checked."""

    text: str
    origin: Literal["human", "machine", "reviewed"] = "human"
    original: str | None = None


Texts = dict[str, TextPart]
"""A text in one or more languages, by BCP 47 tag."""


class TextIn(Schema):
    """A text in one language as it is sent."""

    text: Prose
    origin: Literal["human", "machine", "reviewed"] = "human"


_Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
TextsIn = Annotated[dict[_Tag, TextIn], Field(max_length=50)]
TitleIn = Annotated[dict[_Tag, TextIn], Field(min_length=1, max_length=50)]
"""A text that must be there in at least one language."""


def translated(sent: dict[str, TextIn]) -> Translated:
    """Read a text as it was sent. Raises InvalidTranslated, InvalidLanguageTag."""
    return Translated.from_json(
        {tag: {"text": part.text, "origin": part.origin} for tag, part in sent.items()}
    )


class Page(Schema):
    """Where a page of a list stands."""

    total: int
    page: int
    pages: int


def paged(
    rows: QuerySet[Any] | Sequence[Any], page: int, size: int, shown: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of *rows* as an answer; two queries for a queryset, whatever its length."""
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    pages = max(1, -(-total // size))
    page = min(page, pages)
    part = rows[(page - 1) * size : page * size]
    return {"results": [shown(row) for row in part], "total": total, "page": page, "pages": pages}
