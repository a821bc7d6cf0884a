"""Single values in the rules of a mapping: where they come from and how they are changed, compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from heirloom.text import Text, Translated

from . import paths
from .checks import problem
from .draft import Problem
from .values import Origin, clean, edtf, folded, language_code, language_tag, term_code, year_range


class RuleError(ValueError):
    """A rule says something that does not exist."""


Values = Callable[[Any, list[Problem]], Iterator[str]]

VALUE_KEYS: Final = frozenset(
    {"from", "value", "template", "map", "default", "split", "prefix", "as", "language", "origin", "unmapped"}
)
_CONVERTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "edtf": edtf,
    "language": language_code,
    "language-tag": lambda value: tag if (tag := language_tag(value)) != "und" else "",
    "file-name": lambda value: PurePosixPath(value.replace("\\", "/")).name,
    "lower": str.lower,
    "code": term_code,
}
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


class ValueCompiler:
    """Compiles one rule; gathers the columns that it reads."""

    def __init__(self, language: str, vocabularies: Mapping[str, Any], source: str, *, flat: bool) -> None:
        self.language = language
        self.vocabularies = vocabularies
        self.source = source
        self.flat = flat
        self.uses: set[str] = set()
        self.wants: set[str] = set()
        self.nested = False

    def getter(self, path: str, *, wanted: bool = True) -> Callable[[Any], Iterator[Any]]:
        """What reads *path* in a record: a column, or a dotted path. ``@`` is the record itself."""
        if path == "@":
            return lambda record: iter((record,))
        if not self.nested:
            name = path if self.flat else self._head(path)
            self.uses.add(name)
            if wanted:
                self.wants.add(name)
        if self.flat and not self.nested:
            return lambda record: iter((record[path],) if record.get(path) not in (None, "") else ())
        parsed = self._steps(path)
        if len(parsed) == 1 and not parsed[0][1] and not parsed[0][2]:  # the usual case, made quick
            key = parsed[0][0]
            return lambda record: iter(
                (record[key],) if isinstance(record, Mapping) and record.get(key) not in (None, "") else ()
            )
        return lambda record: paths.values(record, path)

    def _steps(self, path: str) -> tuple[paths.Step, ...]:
        try:
            return paths.steps(path)
        except paths.BadPath as error:
            raise RuleError(f'"{path}" is not a path') from error

    def _head(self, path: str) -> str:
        return self._steps(path)[0][0]

    def texts_of(self, spec: Any, what: str) -> Values:
        """What yields the texts of a value: a path, or an object with ``from``, ``value`` or ``template``."""
        if isinstance(spec, str):
            spec = {"from": spec}
        if not isinstance(spec, dict):
            raise RuleError(f'"{what}" is neither a name nor an object')
        if unknown := set(spec) - VALUE_KEYS:
            raise RuleError(f'"{what}" has unknown words: {", ".join(sorted(unknown))}')
        read = self._source(spec, what)
        change = self._change(spec, what)
        return lambda record, problems: change(read(record), problems)

    def _source(self, spec: Mapping[str, Any], what: str) -> Callable[[Any], Iterator[str]]:
        if "value" in spec:
            constant = paths.as_text(spec["value"])
            return lambda _record: iter((constant,))
        if "template" in spec:
            return self._template(str(spec["template"]))
        given = spec.get("from")
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise RuleError(f'"{what}" says neither "from" nor "value" nor "template"')
        getters = [self.getter(name, wanted=len(names) == 1 and "default" not in spec) for name in names]
        if spec.get("as") == "year-range":
            if len(getters) != 2:
                raise RuleError('"year-range" needs two names in "from"')
            return lambda record: iter(
                (year_range(*(next(map(paths.as_text, get(record)), "") for get in getters)),)
            )
        if len(getters) == 1:
            get = getters[0]
            return lambda record: (
                paths.as_text(part)
                for value in get(record)
                for part in (value if isinstance(value, list) else (value,))
            )
        return lambda record: next(
            (
                iter(found)
                for get in getters
                if (found := [text for value in get(record) if (text := paths.as_text(value))])
            ),
            iter(()),
        )

    def _template(self, template: str) -> Callable[[Any], Iterator[str]]:
        names = _TEMPLATE.findall(template)
        if not names:
            raise RuleError('a "template" without {names} is a "value"')
        getters = [self.getter(name) for name in names]
        pieces = _TEMPLATE.split(template)[::2]

        def filled(record: Any) -> Iterator[str]:
            found = [next(map(paths.as_text, get(record)), "") for get in getters]
            if all(found):
                yield "".join(piece + value for piece, value in zip(pieces, [*found, ""], strict=True))

        return filled

    def _change(
        self, spec: Mapping[str, Any], what: str
    ) -> Callable[[Iterator[str], list[Problem]], Iterator[str]]:
        split = spec.get("split", "")
        signs = (
            re.compile("|".join(map(re.escape, [split] if isinstance(split, str) else split)))
            if split
            else None
        )
        default = str(spec.get("default", ""))
        one = self._changed_one(spec, what)

        def change(values: Iterator[str], problems: list[Problem]) -> Iterator[str]:
            some = False
            for value in values:
                for part in signs.split(value) if signs else (value,):
                    if made := one(part, problems):
                        some = True
                        yield made
            if not some and default:
                yield default

        return change

    def _changed_one(self, spec: Mapping[str, Any], what: str) -> Callable[[str, list[Problem]], str]:
        mapped = spec.get("map")
        table = {folded(str(key)): str(value) for key, value in mapped.items()} if mapped else None
        unmapped = spec.get("unmapped", "keep")
        if unmapped not in ("keep", "skip", "problem"):
            raise RuleError('"unmapped" is neither "keep" nor "skip" nor "problem"')
        prefix = str(spec.get("prefix", ""))
        word = spec.get("as", "")
        if word not in ("", "year-range") and word not in _CONVERTERS:
            raise RuleError(f'"as" does not know "{word}"')
        convert = _CONVERTERS.get(word)

        def one(value: str, problems: list[Problem]) -> str:
            value = clean(value)
            if table is not None and value:
                new = table.get(folded(value))
                if new is None and unmapped != "keep":
                    if unmapped == "problem":
                        problems.append(problem("draft.value-unmapped", what, value))
                    return ""
                value = value if new is None else new
            if convert is not None:
                value = convert(value)
            return prefix + value if value else ""

        return one

    def language_of(self, spec: Any) -> Callable[[Any], str]:
        """The language of a text: a constant tag, or read from the record."""
        given = spec.get("language", self.language) if isinstance(spec, dict) else self.language
        if isinstance(given, dict):
            read = self.texts_of(given, "language")
            return lambda record: language_tag(next(read(record, []), "")) if record else self.language
        tag = language_tag(str(given))
        if given and given != "und" and tag == "und":
            raise RuleError(f'"{given}" is not a language tag')
        return lambda _record: tag

    def language_maps(self, spec: Any) -> Callable[[Any], dict[str, str]]:
        """What reads a language map, ``{"lo": "..."}``, where one stands instead of a text; only in nested records."""
        path = spec.get("from") if isinstance(spec, dict) else spec
        if (self.flat and not self.nested) or not isinstance(path, str):
            return lambda _record: {}
        get = self.getter(path)

        def read(record: Any) -> dict[str, str]:
            found: dict[str, str] = {}
            for value in get(record):
                if isinstance(value, Mapping):
                    for tag, part in value.items():
                        if text := clean(paths.as_text(part)):
                            found.setdefault(language_tag(str(tag)), text)
            return found

        return read

    def translated(self, spec: Any, what: str) -> Callable[[Any, list[Problem]], Translated]:
        """A translated text: one value, or a list of values each with its language."""
        specs = spec if isinstance(spec, list) else [spec]
        made = [
            (self.texts_of(one, what), self.language_of(one), origin_of(one), self.language_maps(one))
            for one in specs
        ]

        def read(record: Any, problems: list[Problem]) -> Translated:
            found: dict[str, Text] = {}
            for texts, language, origin, maps in made:
                for tag, text in maps(record).items():
                    found.setdefault(tag, Text(text, origin))
                if value := next(texts(record, problems), ""):
                    found.setdefault(language(record), Text(value, origin))
            return Translated(found)

        return read


def origin_of(spec: Any) -> Origin:
    origin: Any = spec.get("origin", "human") if isinstance(spec, dict) else "human"
    if origin not in ("human", "machine", "reviewed"):
        raise RuleError(f'"{origin}" is not an origin')
    found: Origin = origin
    return found
