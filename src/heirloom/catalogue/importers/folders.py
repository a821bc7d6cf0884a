"""A folder of media with what is known about them beside it.

Conventions, all optional:

- ``boat.jpg`` is an item with the identifier ``boat``; ``boat_1.jpg``, ``boat_2.jpg`` and ``boat_verso.jpg`` are files of one item
  when ``boat`` itself is described or is the beginning of at least two names that go on with numbers.
- ``boat.json`` or ``boat.jpg.json`` describes it (fields of :data:`SIDECAR`), ``boat.xmp`` likewise (Dublin Core in XMP).
- ``metadata.csv`` (or ``.xlsx``) in the top folder describes many: a column ``file`` or ``id``, the rest as in a CSV export
  (``title@lo``), or by a mapping.
- ``song.lo.vtt`` and ``song.lo.txt`` are transcripts of ``song`` in Lao.

What belongs to nothing is not dropped: :attr:`Folder.orphans` names it. Links and hidden files are passed over.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from heirloom.archive.safe_json import UnsafeJson, load_json
from heirloom.errors import HeirloomError, gettext_noop
from heirloom.text import Text, Translated
from heirloom.text.languages import is_well_formed

from . import tables
from .checks import problem
from .draft import AgentDraft, ContributionDraft, ItemDraft, MediaDraft, Problem, SourceError, TermDraft
from .mapping import FORMAT, FieldMapping, from_plain
from .merge import merge
from .values import clean, edtf, language_tag, rights_uri, term_code

MEDIA: Final = frozenset(
    [
        "jpg",
        "jpeg",
        "png",
        "tif",
        "tiff",
        "webp",
        "gif",
        "jp2",
        "avif",
        "mp3",
        "wav",
        "flac",
        "ogg",
        "oga",
        "opus",
        "m4a",
        "mp4",
        "m4v",
        "webm",
        "mov",
        "mkv",
        "glb",
        "gltf",
        "ply",
        "stl",
        "obj",
        "pdf",
        "zip",
        "csv",
    ]
)
TRANSCRIPTS: Final = frozenset({"vtt", "srt", "txt"})
SIDECARS: Final = frozenset({"json", "xmp"})
TABLES: Final = ("metadata.csv", "metadata.tsv", "metadata.xlsx")
MAX_SIDECAR: Final = 4 * 1024 * 1024

#: The fields of a JSON sidecar, as a mapping: texts are plain, or objects of languages.
SIDECAR: Final[Mapping[str, Any]] = {
    "format": FORMAT,
    "source": "folder",
    "rules": [
        {"to": "source_id", "from": "id"},
        *({"to": name, "from": name} for name in ("kind", "rights", "rights_holder", "source_uri", "illustrative")),
        *({"to": name, "from": name} for name in ("title", "description", "date_note")),
        {"to": "date", "from": "date", "as": "edtf"},
        {"to": "contribution", "each": "contributors[]", "name": "name", "role": "role", "id": "id", "uri": "uri", "kind": "kind"},
        {
            "to": "place", "each": "places[]", "name": "name", "gazetteer": "gazetteer", "country": "country",
            "longitude": "longitude", "latitude": "latitude",
        },
        *(
            {"to": "term", "scheme": scheme, "from": f"{scheme}s[]"}
            for scheme in ("language", "technique", "material", "form", "subject", "period")
        ),
        {"to": "community", "from": "communities[]"},
        {"to": "label", "each": "labels[]", "community": "community", "code": "code", "text": "text"},
    ],
    "ignore": ["alt", "caption"],
}  # fmt: skip


class NotFolder(SourceError):
    """There is no such folder."""

    code = "import.folder"
    message = gettext_noop("There is no folder {path}.")
    kept = gettext_noop("Nothing was changed.")


@dataclass(slots=True)
class _Group:
    """The files of one item."""

    identifier: str
    media: list[Path] = field(default_factory=list)
    transcripts: list[tuple[Path, str]] = field(default_factory=list)
    sidecars: list[Path] = field(default_factory=list)


@dataclass(slots=True)
class Folder:
    """A folder to be imported; iterate over it for drafts.

    Attributes:
        source: name under which the items are kept.
        mapping: for the table and JSON sidecars of another form.
        orphans: after iteration, files that belong to nothing and rows without a file, each with the reason.
    """

    path: Path
    source: str
    mapping: FieldMapping | None = None
    language: str = "und"
    orphans: list[dict[str, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[ItemDraft]:
        """Drafts in the order of their names.

        Raises:
            NotFolder; SourceError: the table cannot be read.
        """
        if not self.path.is_dir():
            raise NotFolder(path=self.path.name)
        self.orphans.clear()
        files = sorted(self._files(), key=self._name)
        described = self._table()
        groups = self._groups(files, set(described))
        for identifier, group in sorted(groups.items()):
            row = described.pop(identifier, None)
            if group.media or row is not None:
                yield self._draft(group, row)
            else:
                for path in [*group.sidecars, *(path for path, _ in group.transcripts)]:
                    self._orphan(self._name(path), "describes no file")
        for identifier, row in sorted(described.items()):
            self._orphan(identifier, "has no file")
            yield replace(row, problems=(*row.problems, problem("draft.file-missing", "media", identifier)))

    def _files(self) -> Iterator[Path]:
        for path in self.path.rglob("*"):
            hidden = any(
                part.startswith((".", "~$")) or part == "__MACOSX"
                for part in path.relative_to(self.path).parts
            )
            if hidden or path.is_symlink() or not path.is_file():
                continue
            if path.parent == self.path and path.name.lower() in TABLES:
                continue
            if _ending(path) in MEDIA | TRANSCRIPTS | SIDECARS:
                yield path
            else:
                self._orphan(self._name(path), "is of no kind that is kept")

    def _name(self, path: Path) -> str:
        return unicodedata.normalize("NFC", path.relative_to(self.path).as_posix())

    def _orphan(self, name: str, reason: str) -> None:
        self.orphans.append({"name": name, "reason": reason})

    # -- who belongs together ---------------------------------------------------------------------------

    def _groups(self, files: list[Path], described: set[str]) -> dict[str, _Group]:
        stems = {self._stem(path) for path in files if _ending(path) in MEDIA}
        known = described | {self._stem(path) for path in files if _ending(path) in SIDECARS}
        known |= {stem.rpartition(".")[0] for stem in known if stem.rpartition(".")[2].lower() in MEDIA}
        series: dict[str, int] = {}
        for stem in stems:
            if match := _NUMBERED.fullmatch(stem):
                series[match["base"]] = series.get(match["base"], 0) + 1
        groups: dict[str, _Group] = {}
        for path in files:
            identifier, language = self._belongs(path, known, series)
            group = groups.setdefault(identifier, _Group(identifier))
            ending = _ending(path)
            if ending in SIDECARS:
                group.sidecars.append(path)
            elif ending in TRANSCRIPTS:
                group.transcripts.append((path, language))
            else:
                group.media.append(path)
        return groups

    def _stem(self, path: Path) -> str:
        return self._name(path).rpartition(".")[0]

    def _belongs(self, path: Path, known: set[str], series: Mapping[str, int]) -> tuple[str, str]:
        """The identifier of the item that a file belongs to, and the language of a transcript."""
        stem, language = self._stem(path), ""
        ending = _ending(path)
        if ending in TRANSCRIPTS:
            base, _, tag = stem.rpartition(".")
            if base and is_well_formed(tag) and 2 <= len(tag) <= 12:
                stem, language = base, language_tag(tag)
        if ending in SIDECARS and stem.rpartition(".")[2].lower() in MEDIA:
            stem = stem.rpartition(".")[0]
        if stem in known:
            return stem, language
        if match := _PART.fullmatch(stem):
            base = match["base"]
            if base in known or (_NUMBERED.fullmatch(stem) and series.get(base, 0) >= 2):
                return base, language
        return stem, language

    # -- what is said about them ------------------------------------------------------------------------

    def _table(self) -> dict[str, ItemDraft]:
        """The rows of the table by the item that they describe."""
        path = next((self.path / name for name in TABLES if (self.path / name).is_file()), None)
        if path is None:
            return {}
        from heirloom.catalogue import export_csv  # it reads by the readers here

        found: dict[str, ItemDraft] = {}
        with path.open("rb") as stream:
            table = (
                tables.open_xlsx(path) if path.suffix == ".xlsx" else tables.open_csv(stream, restore=True)
            )
            for where, record in table:
                named = clean(record.get("file", "")) or clean(record.get("id", ""))
                identifier = _without_ending(unicodedata.normalize("NFC", named))
                if not identifier:
                    self._orphan(where, "names no file")
                    continue
                if self.mapping is not None:
                    row = self.mapping.draft(record, where)
                else:
                    row = export_csv.draft_of_row(record, self.source, where)
                row = replace(row, source=self.source, source_id=row.source_id or identifier)
                found[identifier] = merge(found[identifier], row) if identifier in found else row
        return found

    def _draft(self, group: _Group, row: ItemDraft | None) -> ItemDraft:
        made = ItemDraft(self.source, group.identifier, where=group.identifier)
        alt, caption, problems = Translated(), Translated(), list[Problem]()
        for path in group.sidecars:
            try:
                said, said_alt, said_caption = self._sidecar(path)
            except (HeirloomError, ParseError, DefusedXmlException, ValueError) as error:
                problems.append(problem("draft.unreadable", self._name(path), error))
                continue
            problems.extend(said.problems)
            made = merge(made, said)
            made = replace(made, source_id=said.source_id or made.source_id)
            alt, caption = alt.merged(said_alt), caption.merged(said_caption)
        if row is not None:
            made = replace(merge(made, row), source_id=row.source_id)
            problems.extend(row.problems)
        alone = len(group.media) == 1
        media = [
            MediaDraft(
                path.name,
                path=path,
                alt=alt if alone else Translated(),
                caption=caption if alone else Translated(),
                sha512=_digest(path),
            )
            for path in sorted(group.media, key=lambda path: _natural(path.name))
        ]
        media += [
            MediaDraft(path.name, path=path, role="transcript", language=language, sha512=_digest(path))
            for path, language in group.transcripts
        ]
        if not made.title:
            made = replace(
                made, title=Translated({self.language: Path(group.identifier).name.replace("_", " ")})
            )
        return replace(
            made,
            kind=made.kind or _kind(group.media),
            media=tuple(media),
            problems=tuple(problems),
            where=group.identifier,
        )

    def _sidecar(self, path: Path) -> tuple[ItemDraft, Translated, Translated]:
        if path.stat().st_size > MAX_SIDECAR:
            raise ValueError("it is larger than 4 MiB")
        data = path.read_bytes()
        if _ending(path) == "xmp":
            return xmp(fromstring(data, forbid_dtd=True), self.source), Translated(), Translated()
        record = load_json(data)
        if not isinstance(record, dict):
            raise UnsafeJson(detail="it is no object")
        mapping = self.mapping or from_plain(
            {**SIDECAR, "source": self.source, "language": self.language}, flat=False
        )
        texts = [_translated(record.get(name), self.language) for name in ("alt", "caption")]
        return mapping.draft(record, self._name(path)), texts[0], texts[1]


_NUMBERED: Final = re.compile(r"(?P<base>.*?[^\d_\s-])[_\s-]+0*\d{1,6}")
_PART: Final = re.compile(r"(?P<base>.+?)[_-](?P<part>[^_/]+)")


def _digest(path: Path) -> str:
    """The SHA-512 by which a second import knows a file that has changed under its old name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha512").hexdigest()


def _ending(path: Path) -> str:
    return path.suffix[1:].lower()


def _without_ending(name: str) -> str:
    base, _, ending = name.rpartition(".")
    return base if base and ending.lower() in MEDIA | TRANSCRIPTS else name


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts ``boat_2`` before ``boat_10``."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


def _kind(media: list[Path]) -> str:
    endings = {_ending(path) for path in media}
    if endings & {"mp3", "wav", "flac", "ogg", "oga", "opus", "m4a", "mp4", "m4v", "webm", "mov", "mkv"}:
        return "recording"
    if endings & {"glb", "gltf", "ply", "stl", "obj"}:
        return "model"
    if endings & {"jpg", "jpeg", "png", "tif", "tiff", "webp", "gif", "jp2", "avif"}:
        return "image"
    return "text" if "pdf" in endings else "data" if endings else ""


def _translated(value: Any, language: str) -> Translated:
    if isinstance(value, dict):
        return Translated({language_tag(str(tag)): clean(str(text)) for tag, text in value.items()})
    return Translated({language: clean(value)}) if isinstance(value, str) else Translated()


# -- XMP -----------------------------------------------------------------------------------------------------------

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_XMP_RIGHTS: Final = "{http://ns.adobe.com/xap/1.0/rights/}"
_CC: Final = "{http://creativecommons.org/ns#}"
_PHOTOSHOP: Final = "{http://ns.adobe.com/photoshop/1.0/}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def _alternatives(root: Element, name: str) -> Translated:
    """An ``rdf:Alt`` of languages; ``x-default`` counts only where no language is named (XMP, part 1, 8.2.2.4)."""
    found: dict[str, Text] = {}
    default = ""
    for entry in root.findall(f".//{_DC}{name}/{_RDF}Alt/{_RDF}li"):
        value, tag = clean(entry.text or ""), entry.get(_LANG, "x-default")
        if not value:
            continue
        if tag == "x-default":
            default = default or value
        else:
            found.setdefault(language_tag(tag), Text(value))
    if default and default not in {text.value for text in found.values()}:
        found.setdefault("und", Text(default))
    return Translated(found)


def _list(root: Element, name: str) -> list[str]:
    entries = [
        *root.findall(f".//{_DC}{name}/{_RDF}Seq/{_RDF}li"),
        *root.findall(f".//{_DC}{name}/{_RDF}Bag/{_RDF}li"),
    ]
    return [value for entry in entries if (value := clean(entry.text or ""))]


def _property(root: Element, name: str) -> str:
    """A simple property, as an element or as an attribute of ``rdf:Description``."""
    for element in root.iter(f"{_RDF}Description"):
        if value := element.get(name):
            return clean(value)
    found = root.find(f".//{name}")
    return clean(found.text or found.get(f"{_RDF}resource") or "") if found is not None else ""


def xmp(root: Element, source: str) -> ItemDraft:
    """Dublin Core of an XMP packet as a draft without an identifier."""
    rights = next(
        filter(
            None,
            map(
                rights_uri, (_property(root, f"{_XMP_RIGHTS}WebStatement"), _property(root, f"{_CC}license"))
            ),
        ),
        "",
    )
    dates = [*_list(root, "date"), _property(root, f"{_PHOTOSHOP}DateCreated")]
    return ItemDraft(
        source=source,
        source_id="",
        title=_alternatives(root, "title"),
        description=_alternatives(root, "description"),
        date=next(filter(None, (edtf(value[:10]) for value in dates)), ""),
        contributions=tuple(
            ContributionDraft(AgentDraft(Translated({"und": name})), "cre") for name in _list(root, "creator")
        ),
        terms=tuple(
            TermDraft("subject", code, Translated({"und": word}))
            for word in _list(root, "subject")
            if (code := term_code(word))
        ),
        rights=rights,
        rights_holder=_alternatives(root, "rights").text(["en"])[:300],
    )
