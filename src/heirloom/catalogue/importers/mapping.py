"""A mapping: how the columns of a table or the keys of a record become fields, kept as a JSON or TOML file.

.. code-block:: json

    {"format": "heirloom/mapping/1", "source": "museum", "language": "en",
     "rules": [
       {"to": "source_id", "from": "Number"},
       {"to": "title", "from": "Title"},
       {"to": "title", "from": "Title (Lao)", "language": "lo"},
       {"to": "kind", "value": "object"},
       {"to": "date", "from": "Date", "as": "edtf"},
       {"to": "term", "scheme": "material", "from": "Material", "split": ";", "vocabulary": "materials"},
       {"to": "contribution", "name": "Maker", "role": {"from": "Role", "map": {"singer": "sng"}}}],
     "vocabularies": {"materials": {"silk": {"code": "aat:300014072", "label": {"en": "silk", "lo": "ໄໝ"}}}},
     "ignore": ["internal note"], "rest": "statements"}

``docs/import-and-export.md`` describes every word of it. What no rule names is kept as statements.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from heirloom.archive.safe_json import UnsafeJson, load_json
from heirloom.errors import gettext_noop
from heirloom.text import InvalidTranslated

from . import paths
from .checks import problem
from .draft import REPLACEABLE, ItemDraft, SourceError, Statement
from .rule_values import RuleError
from .rules import Row, Rule, compile_rule
from .values import UNDETERMINED, clean, language_tag

FORMAT: Final = "heirloom/mapping/1"
_KEYS = frozenset(
    {"format", "source", "language", "rules", "vocabularies", "ignore", "rest", "replaces", "reader", "note"}
)


class BadMapping(SourceError):
    """The mapping file cannot be used."""

    code = "import.mapping"
    message = gettext_noop("The mapping cannot be used. {where}: {reason}")
    kept = gettext_noop("Nothing was changed.")


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """A mapping ready for use.

    Attributes:
        source: name under which the records are kept and found again.
        rules: compiled, in the order of the file.
        named: names of columns or top-level keys that some rule uses or that are ignored.
        rest: ``"statements"`` keeps what no rule names, ``"ignore"`` drops it.
        reader: options of the reader (encoding, delimiter, sheet, header, records).
        plain: the file as JSON, for ``ImportBatch.mapping``.
    """

    source: str
    rules: tuple[Rule, ...]
    named: frozenset[str]
    rest: str
    replaces: frozenset[str]
    language: str
    reader: Mapping[str, Any]
    plain: Mapping[str, Any] = field(repr=False)

    def draft(self, record: Mapping[str, Any], where: str = "") -> ItemDraft:
        """One record as a draft. Never raises for what stands in the record: problems go into the draft."""
        try:
            return self._draft(record, where)
        except (
            InvalidTranslated
        ) as error:  # a text beyond all measure: nothing of the record is taken, and it is said
            return ItemDraft(
                self.source, "", problems=(problem("draft.unreadable", value=error, fatal=True),), where=where
            )

    def _draft(self, record: Mapping[str, Any], where: str) -> ItemDraft:
        row = Row(record)
        for rule in self.rules:
            rule(row)
        statements = row.lists["statements"]
        if self.rest == "statements":
            for name, value in record.items():
                if name not in self.named and value not in (None, "", [], {}):
                    statements.extend(
                        Statement(leaf, text, "")
                        for leaf, raw in paths.leaves(value, name)
                        if (text := clean(raw))
                    )
        fields: dict[str, Any] = {**row.plain, **row.texts}
        fields |= {name: tuple(dict.fromkeys(parts)) for name, parts in row.lists.items() if parts}
        return ItemDraft(
            source=self.source,
            **fields,
            replaces=self.replaces,
            problems=tuple(row.problems),
            where=where,
        )

    def drafts(self, records: Iterable[tuple[str, Mapping[str, Any] | Exception]]) -> Iterator[ItemDraft]:
        """Drafts of ``(where, record)`` pairs; a record that could not be read is a draft with a fatal problem."""
        for where, record in records:
            if isinstance(record, Exception):
                unreadable = problem("draft.unreadable", value=record, fatal=True)
                yield ItemDraft(self.source, "", problems=(unreadable,), where=where)
            else:
                yield self.draft(record, where)

    def absent(self, names: Iterable[str]) -> list[str]:
        """Columns that the rules want and *names* lacks; for the note of a dry run."""
        there = set(names)
        return sorted(name for rule in self.rules for name in rule.wants if name not in there)

    def unmapped(self, names: Iterable[str]) -> list[str]:
        """Columns that no rule names."""
        return [name for name in names if name not in self.named]


def load(data: bytes, name: str = "mapping.json", *, flat: bool = True) -> FieldMapping:
    """Read a mapping from the bytes of a JSON or (by its name) TOML file.

    Args:
        flat: the records are rows of a table, so that a ``from`` is the name of a column, dots and all; otherwise it is
            a dotted path (:mod:`heirloom.catalogue.importers.paths`).

    Raises:
        BadMapping: it is not well-formed, or a rule says something that does not exist.
    """
    try:
        plain: Any = (
            tomllib.loads(data.decode("utf-8")) if Path(name).suffix.lower() == ".toml" else load_json(data)
        )
    except (UnsafeJson, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(where=name, reason=str(error)) from error
    return from_plain(plain, name, flat=flat)


def from_plain(plain: Any, name: str = "mapping", *, flat: bool = True) -> FieldMapping:
    """A mapping from its JSON value. Raises BadMapping."""
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise BadMapping(where=name, reason=f'"format" is not "{FORMAT}"')
    if unknown := set(plain) - _KEYS:
        raise BadMapping(where=name, reason=f"unknown words: {', '.join(sorted(unknown))}")
    source = plain.get("source")
    if not isinstance(source, str) or not source.strip() or len(source) > 100:
        raise BadMapping(where=name, reason='"source" is missing or too long')
    rest = plain.get("rest", "statements")
    if rest not in ("statements", "ignore"):
        raise BadMapping(where=name, reason='"rest" is neither "statements" nor "ignore"')
    replaces = frozenset(plain.get("replaces", ()))
    if replaces - REPLACEABLE:
        raise BadMapping(where=name, reason=f'"replaces" can only name {", ".join(sorted(REPLACEABLE))}')
    language = language_tag(str(plain.get("language", "")))
    given = plain.get("rules")
    if not isinstance(given, list) or not given:
        raise BadMapping(where=name, reason='"rules" is empty')
    rules: list[Rule] = []
    for place, rule in enumerate(given, 1):
        try:
            rules.append(compile_rule(rule, language, plain.get("vocabularies", {}), source, flat=flat))
        except RuleError as error:
            raise BadMapping(where=f"{name}, rule {place}", reason=str(error)) from error
    if not any({"source_id", "key"} & {rule.to} for rule in rules):
        raise BadMapping(where=name, reason='no rule gives "source_id"')
    named = {use for rule in rules for use in rule.uses} | set(plain.get("ignore", ()))
    return FieldMapping(
        source=source.strip(),
        rules=tuple(rules),
        named=frozenset(named),
        rest=rest,
        replaces=replaces,
        language="" if language == UNDETERMINED else language,
        reader=plain.get("reader", {}),
        plain=plain,
    )


def read(path: Path, *, flat: bool = True) -> FieldMapping:
    """Read a mapping file. Raises BadMapping."""
    return load(path.read_bytes(), path.name, flat=flat)


def written(mapping: FieldMapping) -> bytes:
    """The mapping as a JSON file that :func:`load` reads back to the same mapping."""
    return json.dumps(mapping.plain, ensure_ascii=False, indent=2).encode() + b"\n"
