"""What a draft would change in what is already there; pure values, so that a dry run and the real one cannot differ.

Rules: a silent field changes nothing. A translated text gains languages and may be corrected in a language that the
draft speaks, but machine text never takes the place of a person's. Lists grow by identity, unless the draft's
source has the last word in them (``ItemDraft.replaces``). Media are added, or take the place of the one with their name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from heirloom.text import Text, Translated

from .draft import LIST_FIELDS, PLAIN_FIELDS, TRANSLATED_FIELDS, ItemDraft, MediaDraft, plain


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after; ``field`` has the language after a dot (``"title.lo"``).

    ``old`` and ``new`` are values of drafts; what a report shows is made from them only when it is shown.
    """

    field: str
    old: Any
    new: Any

    @property
    def before(self) -> Any:
        """What was there, as JSON; of a list only the parts that are not in the other one."""
        return plain(self.old)

    @property
    def after(self) -> Any:
        """What is there then, as JSON; of a list only the parts that are not in the other one."""
        return plain(self.new)

    def to_json(self) -> dict[str, Any]:
        return {"field": self.field, "before": self.before, "after": self.after}


def _speaks_over(old: Text | None, new: Text) -> bool:
    """Whether *new* takes the place of *old* in one language."""
    if not new.value.strip():
        return False
    if old is None:
        return True
    if old.value == new.value:
        return old.origin == "machine" and new.origin != "machine"
    return new.origin != "machine" or old.origin == "machine"


def merged_text(before: Translated, after: Translated) -> Translated:
    """*before* with the languages of *after* added or corrected; *before* itself where nothing changes.

    A machine's text never replaces a person's, and a blank text never replaces anything.
    """
    taken = {language: text for language, text in after.items() if _speaks_over(before.get(language), text)}
    return before.merged(Translated(taken)) if taken else before


def _merged_part(before: Any, after: Any) -> Any:
    """Two mentions of the same agent, place, term, label or file: texts merged, silent fields kept."""
    if before == after or not hasattr(before, "__dataclass_fields__"):
        return before
    changes: dict[str, Any] = {}
    for part in fields(before):
        old, new = getattr(before, part.name), getattr(after, part.name)
        if isinstance(old, Translated):
            value: Any = merged_text(old, new)
        elif hasattr(old, "__dataclass_fields__"):
            value = _merged_part(old, new)
        else:
            value = old if new in ("", None) or (part.name == "kind" and new == part.default) else new
        if value != old:
            changes[part.name] = value
    return replace(before, **changes) if changes else before


def _identity(part: Any) -> Any:
    return part if isinstance(part, str) else part.identity


def _merged_list(before: tuple[Any, ...], after: tuple[Any, ...], *, replaces: bool) -> tuple[Any, ...]:
    if not after:
        return before
    known = {_identity(part): part for part in before}
    made: dict[Any, Any] = {} if replaces else dict(known)
    for part in after:
        identity = _identity(part)
        old = made.get(identity, known.get(identity))
        made[identity] = part if old is None else _merged_part(old, part)
    result = tuple(made.values())
    return before if result == before else result


def _merged_media(before: tuple[MediaDraft, ...], after: tuple[MediaDraft, ...]) -> tuple[MediaDraft, ...]:
    """Files are the same when their digests are; else when their names are and either digest is unknown."""
    made = list(before)
    names = {part.name: place for place, part in enumerate(made)}
    digests = {part.sha512: place for place, part in enumerate(made) if part.sha512}
    for part in after:
        place = digests.get(part.sha512) if part.sha512 else None
        if place is None:
            place = names.get(part.name)
        if place is None:
            names[part.name] = len(made)
            made.append(part)
            continue
        old = made[place]
        texts: dict[str, Any] = {
            "alt": merged_text(old.alt, part.alt),
            "caption": merged_text(old.caption, part.caption),
        }
        if part.language and part.language != old.language:
            made[place] = replace(old, language=part.language, **texts)
        elif texts["alt"] is not old.alt or texts["caption"] is not old.caption:
            made[place] = replace(old, **texts)
        if part.sha512 and old.sha512 and part.sha512 != old.sha512 and part.path is not None:
            made[place] = replace(made[place], path=part.path, sha512=part.sha512)
    result = tuple(made)
    return before if result == before else result


def merge(before: ItemDraft, after: ItemDraft) -> ItemDraft:
    """What the thing is after *after* has been taken in; the very same object where nothing changes."""
    changes: dict[str, Any] = {}
    for name in TRANSLATED_FIELDS:
        old: Translated = getattr(before, name)
        new = merged_text(old, getattr(after, name))
        if new is not old:
            changes[name] = new
    for name in PLAIN_FIELDS:
        given = getattr(after, name)
        if given not in ("", None) and given != getattr(before, name):
            changes[name] = given
    for name in LIST_FIELDS:
        had, given = getattr(before, name), getattr(after, name)
        if not given:
            continue
        if name == "media":
            parts: tuple[Any, ...] = _merged_media(had, given)
        else:
            parts = _merged_list(had, given, replaces=name in after.replaces)
        if parts is not had:
            changes[name] = parts
    if after.deleted and not before.deleted:
        changes["deleted"] = True
    return replace(before, **changes) if changes else before


def differences(before: ItemDraft | None, after: ItemDraft) -> list[Difference]:
    """Field by field what differs; with ``before=None`` everything that a new thing gets."""
    base = before or ItemDraft(source=after.source, source_id=after.source_id)
    found: list[Difference] = []
    for name in TRANSLATED_FIELDS:
        found.extend(_text_differences(name, getattr(base, name), getattr(after, name)))
    for name in (*PLAIN_FIELDS, "deleted"):
        old, new = getattr(base, name), getattr(after, name)
        if old != new:
            found.append(Difference(name, old, new))
    for name in LIST_FIELDS:
        old_parts, new_parts = getattr(base, name), getattr(after, name)
        if old_parts != new_parts:
            found.append(Difference(name, *_only_changed(old_parts, new_parts)))
    return found


def _text_differences(name: str, old: Translated, new: Translated) -> Iterable[Difference]:
    for language in [*old, *(language for language in new if language not in old)]:
        left, right = old.get(language), new.get(language)
        if left != right:
            yield Difference(
                f"{name}.{language}", left.value if left else None, right.value if right else None
            )


def _only_changed(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The parts that stand in one list and not in the other."""
    if not old or not new:
        return old, new
    return tuple(part for part in old if part not in new), tuple(part for part in new if part not in old)
