"""The rules of a mapping, compiled once and then run on every record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from heirloom.text import Text, Translated

from .draft import (
    AgentDraft,
    ContributionDraft,
    LabelDraft,
    MediaDraft,
    PlaceDraft,
    Problem,
    Statement,
    TermDraft,
)
from .merge import merged_text
from .rule_values import VALUE_KEYS, RuleError, ValueCompiler, origin_of
from .values import Origin, flag, folded, language_code, language_tag, number, shortened, term_code


class Row:
    """A record on its way to being a draft."""

    __slots__ = ("lists", "plain", "problems", "record", "texts")

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.plain: dict[str, Any] = {"source_id": ""}
        self.texts: dict[str, Translated] = {}
        self.lists: dict[str, list[Any]] = {name: [] for name in _LISTS.values()}
        self.problems: list[Problem] = []

    def add_text(self, name: str, language: str, value: str, origin: Origin) -> None:
        before = self.texts.get(name)
        made = Translated({language: Text(value, origin)})
        self.texts[name] = made if before is None else merged_text(before, made)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule: run it on a row. ``uses`` are the columns it reads, ``wants`` those it cannot do without."""

    to: str
    run: Callable[[Row], None]
    uses: frozenset[str]
    wants: frozenset[str]

    def __call__(self, row: Row) -> None:
        self.run(row)


_PLAIN: Final = frozenset(
    {
        "source_id",
        "key",
        "kind",
        "date",
        "rights",
        "rights_holder",
        "protocol",
        "source_uri",
        "illustrative",
        "deleted",
    }
)
_TEXTS: Final = frozenset({"title", "description", "date_note"})
_LISTS: Final = {
    "term": "terms",
    "contribution": "contributions",
    "place": "places",
    "community": "communities",
    "label": "labels",
    "statement": "statements",
    "media": "media",
}
_PARTS: Final = {
    "term": frozenset({"scheme", "code", "label", "uri", "vocabulary"}),
    "contribution": frozenset({"name", "role", "id", "uri", "kind"}),
    "place": frozenset({"name", "gazetteer", "country", "longitude", "latitude", "precision_km", "geometry"}),
    "community": frozenset(),
    "label": frozenset({"community", "code", "text"}),
    "statement": frozenset({"name"}),
    "media": frozenset({"name", "uri", "role", "media_type", "alt", "caption", "service"}),
}  # fmt: skip


def compile_rule(
    rule: Any, language: str, vocabularies: Mapping[str, Any], source: str, *, flat: bool
) -> Rule:
    """Compile one rule of a mapping. Raises RuleError."""
    if not isinstance(rule, dict):
        raise RuleError("a rule is an object")
    to = rule.get("to")
    compiler = ValueCompiler(language, vocabularies, source, flat=flat)
    spec = {name: value for name, value in rule.items() if name not in ("to", "each")}
    if to in _PLAIN:
        run = _plain_rule(compiler, to, spec)
    elif to in _TEXTS:
        run = _text_rule(compiler, to, spec)
    elif to in _LISTS:
        run = _list_rule(compiler, to, spec, rule.get("each"))
    elif to == "nothing":
        compiler.texts_of(spec, "from")
        return Rule(to, lambda _row: None, frozenset(compiler.uses), frozenset())
    else:
        raise RuleError(f'there is no field "{to}"')
    return Rule(to, run, frozenset(compiler.uses), frozenset(compiler.wants))


def _plain_rule(compiler: ValueCompiler, to: str, spec: dict[str, Any]) -> Callable[[Row], None]:
    read = compiler.texts_of(spec, to)
    as_flag = to in ("illustrative", "deleted")

    def run(row: Row) -> None:
        if row.plain.get(to):
            return  # the first rule that says something counts
        value = next(read(row.record, row.problems), "")
        if as_flag:
            said = flag(value)
            if said is not None:
                row.plain[to] = said
        elif value:
            row.plain[to] = value

    return run


def _text_rule(compiler: ValueCompiler, to: str, spec: dict[str, Any]) -> Callable[[Row], None]:
    read = compiler.texts_of(spec, to)
    language, origin, maps = compiler.language_of(spec), origin_of(spec), compiler.language_maps(spec)

    def run(row: Row) -> None:
        for tag, text in maps(row.record).items():
            row.add_text(to, tag, text, origin)
        if values := list(read(row.record, row.problems)):
            row.add_text(to, language(row.record), "\n\n".join(values), origin)

    return run


def _list_rule(compiler: ValueCompiler, to: str, spec: dict[str, Any], each: Any) -> Callable[[Row], None]:
    known = _PARTS[to]
    if unknown := set(spec) - known - VALUE_KEYS:
        raise RuleError(f'"{to}" has unknown words: {", ".join(sorted(unknown))}')
    if each is not None and (not isinstance(each, str) or compiler.flat):
        raise RuleError('"each" is a path, and only for nested records')
    entries = compiler.getter(each) if each else None
    compiler.nested = bool(each)
    make = _MAKERS[to](compiler, spec)
    name = _LISTS[to]

    def run(row: Row) -> None:
        made = row.lists[name]
        for record in entries(row.record) if entries else (row.record,):
            made.extend(make(record, row.problems))

    return run


Maker = Callable[[Any, list[Problem]], Iterator[Any]]


def _main(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name in VALUE_KEYS}


def _optional(
    compiler: ValueCompiler, spec: Mapping[str, Any], name: str
) -> Callable[[Any, list[Problem]], str]:
    if name not in spec:
        return lambda _record, _problems: ""
    given = spec[name]
    read = compiler.texts_of(given, name)
    return lambda record, problems: next(read(record, problems), "")


def _term(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    scheme = spec.get("scheme")
    if not isinstance(scheme, str):
        raise RuleError('a term needs a "scheme"')
    table = _vocabulary(compiler, spec.get("vocabulary", ""))
    if "code" in spec:
        code, uri = _optional(compiler, spec, "code"), _optional(compiler, spec, "uri")
        label = compiler.translated(spec["label"], "label") if "label" in spec else None

        def by_code(record: Any, problems: list[Problem]) -> Iterator[TermDraft]:
            if found := code(record, problems):
                if entry := table.get(folded(found)):
                    yield TermDraft(scheme, *entry)
                else:
                    yield TermDraft(
                        scheme,
                        found,
                        label(record, problems) if label else Translated(),
                        uri(record, problems),
                    )

        return by_code
    values = compiler.texts_of(_main(spec), "from")
    language, origin = compiler.language_of(spec), origin_of(spec)

    def by_label(record: Any, problems: list[Problem]) -> Iterator[TermDraft]:
        for value in values(record, problems):
            if entry := table.get(folded(value)):
                yield TermDraft(scheme, *entry)
            elif scheme == "language":
                yield TermDraft(scheme, language_code(value) or value, Translated(), "")
            elif made := term_code(value):
                yield TermDraft(scheme, made, Translated({language(record): Text(value, origin)}), "")

    return by_label


def _vocabulary(compiler: ValueCompiler, name: str) -> dict[str, tuple[str, Translated, str]]:
    if not name:
        return {}
    given = compiler.vocabularies.get(name)
    if not isinstance(given, Mapping):
        raise RuleError(f'there is no vocabulary "{name}"')
    table = {}
    for value, entry in given.items():
        if not isinstance(entry, Mapping) or not isinstance(entry.get("code"), str):
            raise RuleError(f'"{value}" of the vocabulary "{name}" has no "code"')
        labels = entry.get("label", {compiler.language: value})
        label = Translated({language_tag(tag): str(text) for tag, text in labels.items()})
        table[folded(value)] = (entry["code"], label, str(entry.get("uri", "")))
    return table


def _contribution(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    role, uri, kind = (_optional(compiler, spec, name) for name in ("role", "uri", "kind"))
    identifier = _optional(compiler, spec, "id")
    source = compiler.source

    def agent(name: Translated, record: Any, problems: list[Problem]) -> ContributionDraft:
        own = identifier(record, problems)
        person = AgentDraft(
            name=name,
            kind=kind(record, problems) or "person",
            uri=uri(record, problems),
            source_id=shortened(f"{source}:{own}", 200) if own else "",
        )
        return ContributionDraft(person, role(record, problems) or "cre")

    if "from" in spec:  # several names in one cell
        values, language, origin = (
            compiler.texts_of(_main(spec), "from"), compiler.language_of(spec), origin_of(spec)
        )  # fmt: skip

        def many(record: Any, problems: list[Problem]) -> Iterator[ContributionDraft]:
            for value in values(record, problems):
                yield agent(Translated({language(record): Text(value, origin)}), record, problems)

        return many
    if "name" not in spec:
        raise RuleError('a contribution needs a "name" or a "from"')
    names = compiler.translated(spec["name"], "name")

    def single(record: Any, problems: list[Problem]) -> Iterator[ContributionDraft]:
        if name := names(record, problems):
            yield agent(name, record, problems)

    return single


def _place(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    named = spec.get("name", _main(spec) if "from" in spec else None)
    names = compiler.translated(named, "name") if named is not None else None
    parts = {
        name: _optional(compiler, spec, name)
        for name in ("gazetteer", "country", "longitude", "latitude", "precision_km")
    }

    def make(record: Any, problems: list[Problem]) -> Iterator[PlaceDraft]:
        name = names(record, problems) if names else Translated()
        found = {part: read(record, problems) for part, read in parts.items()}
        if not name and not found["gazetteer"] and not found["longitude"]:
            return
        yield PlaceDraft(
            name=name,
            gazetteer=found["gazetteer"],
            country=found["country"].upper(),
            longitude=number(found["longitude"]),
            latitude=number(found["latitude"]),
            precision_km=number(found["precision_km"]),
        )

    return make


def _community(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    return compiler.texts_of(_main(spec), "from")


def _label(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    if not {"community", "code"} <= set(spec):
        raise RuleError('a label needs a "community" and a "code"')
    community, code = _optional(compiler, spec, "community"), compiler.texts_of(spec["code"], "code")
    texts = compiler.translated(spec["text"], "text") if "text" in spec else None

    def make(record: Any, problems: list[Problem]) -> Iterator[LabelDraft]:
        for value in code(record, problems):
            if slug := community(record, problems):
                yield LabelDraft(slug, value, texts(record, problems) if texts else Translated())

    return make


def _statement(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    name = spec.get("name", spec.get("from"))
    if not isinstance(name, str) or not name:
        raise RuleError('a statement needs a "name"')
    values = compiler.texts_of(_main(spec), "from")
    language = compiler.language_of(spec)

    def make(record: Any, problems: list[Problem]) -> Iterator[Statement]:
        for value in values(record, problems):
            tag = language(record)
            yield Statement(name, value, "" if tag == "und" else tag)

    return make


def _media(compiler: ValueCompiler, spec: dict[str, Any]) -> Maker:
    main = _main(spec)
    if "from" not in spec and "uri" not in spec:
        raise RuleError('media need a "from" (file names) or a "uri"')
    values = compiler.texts_of(main if "from" in main else spec["uri"], "from")
    name, role, media_type, service = (
        _optional(compiler, spec, part) for part in ("name", "role", "media_type", "service")
    )
    alt = compiler.translated(spec["alt"], "alt") if "alt" in spec else None
    caption = compiler.translated(spec["caption"], "caption") if "caption" in spec else None

    def make(record: Any, problems: list[Problem]) -> Iterator[MediaDraft]:
        for value in values(record, problems):
            address = value if value.startswith(("http://", "https://")) else ""
            yield MediaDraft(
                name=name(record, problems) or PurePosixPath(value.partition("?")[0].replace("\\", "/")).name,
                uri=address,
                role=role(record, problems) or "master",
                media_type=media_type(record, problems),
                alt=alt(record, problems) if alt else Translated(),
                caption=caption(record, problems) if caption else Translated(),
                service=service(record, problems),
            )

    return make


_MAKERS: Final[Mapping[str, Callable[[ValueCompiler, dict[str, Any]], Maker]]] = {
    "term": _term,
    "contribution": _contribution,
    "place": _place,
    "community": _community,
    "label": _label,
    "statement": _statement,
    "media": _media,
}
