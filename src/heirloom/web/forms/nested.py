"""Forms with parts: names such as ``sections.0.heading.lo`` become nested values, texts become translated texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from heirloom.errors import HeirloomError
from heirloom.text import Text, Translated, canonical

MAX_FIELDS = 5000
MAX_PARTS = 200


def translated(post: QueryDict, name: str, before: Translated | None = None) -> dict[str, Any]:
    """Read the text in several languages that was asked for under *name*, as JSON.

    A machine's text stays a machine's until somebody changes it or says that it was read and is right. A language whose
    field was not on the page keeps its text.
    """
    before = before or Translated()
    texts: dict[str, Text] = dict(before.items())
    prefix = f"{name}."
    for key in post:
        if not key.startswith(prefix):
            continue
        tag = key[len(prefix) :]
        if "." in tag:
            continue
        try:
            language = canonical(tag)
        except HeirloomError:
            continue
        value = post.get(key, "").replace("\r\n", "\n").strip()
        old = before.get(language)
        if not value:
            texts.pop(language, None)
        elif old is not None and old.value == value:
            reviewed = old.origin == "machine" and f"{key}.reviewed" in post
            texts[language] = Text(value, "reviewed") if reviewed else old
        else:
            texts[language] = Text(value, "human")
    return Translated(texts).to_json()


def indices(post: QueryDict, name: str) -> list[int]:
    """Return the numbers of the parts of *name* that were sent, in the order that their ``position`` asks for."""
    prefix = f"{name}."
    found = {
        int(number)
        for key in list(post)[:MAX_FIELDS]
        if key.startswith(prefix)
        and (number := key[len(prefix) :].partition(".")[0]).isdecimal()
        and len(number) < 10
    }

    def place(number: int) -> tuple[float, int]:
        try:
            return float(post.get(f"{name}.{number}.position", "") or number), number
        except ValueError:
            return float(number), number

    return sorted(found, key=place)[:MAX_PARTS]


def known_texts(rows: Iterable[Mapping[str, Any]] | None, field: str) -> dict[tuple[str, str], Text]:
    """Return the texts that *field* of any of *rows* holds, by language and words."""
    return {
        (language, text.value): text
        for row in rows or []
        for language, text in Translated.from_json(row.get(field) or {}).items()
    }


def part_text(post: QueryDict, name: str, known: Mapping[tuple[str, str], Text]) -> dict[str, Any]:
    """Read a part's text in several languages, as JSON.

    Parts move, so where a text comes from is found by its words: what stood in any part of the list before keeps its
    origin. A part's form shows all its languages, so there is nothing to carry over.
    """
    read = Translated.from_json(translated(post, name))
    texts = {}
    for language, text in read.items():
        old = known.get((language, text.value), text)
        reviewed = old.origin == "machine" and f"{name}.{language}.reviewed" in post
        texts[language] = Text(old.value, "reviewed") if reviewed else old
    return Translated(texts).to_json()


def parts(
    post: QueryDict,
    name: str,
    plain: Iterable[str] = (),
    texts: Iterable[str] = (),
    flags: Iterable[str] = (),
    before: Sequence[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Read the repeated parts of a form; a part that is marked for removal, or is wholly empty, is left out.

    Args:
        plain: fields of one value; texts: fields in several languages; flags: check boxes.
        before: the parts as they were loaded, for the origin of texts.
    """
    known = {field: known_texts(before, field) for field in texts}
    read = []
    for number in indices(post, name):
        base = f"{name}.{number}"
        if post.get(f"{base}.remove"):
            continue
        part: dict[str, Any] = {field: post.get(f"{base}.{field}", "").strip() for field in plain}
        for field in texts:
            part[field] = part_text(post, f"{base}.{field}", known[field])
        if not any(part.values()):
            continue
        part |= {field: f"{base}.{field}" in post for field in flags}
        read.append(part)
    return read
