"""Harvesting other collections by OAI-PMH 2.0 (Dublin Core), politely and piece by piece.

Requests go through the guarded fetch, one after the other with a pause between; a server that is busy is asked again
later. What was deleted there is withdrawn here. The next harvest asks only for what changed since this one began.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from heirloom.archive.fetch import FetchFailed, FetchPolicy, FetchStatus, FetchTooSlow, fetch
from heirloom.errors import gettext_noop
from heirloom.text import InvalidTranslated, Text, Translated

from .checks import problem
from .draft import AgentDraft, ContributionDraft, ItemDraft, SourceError, Statement, TermDraft
from .values import UNDETERMINED, clean, edtf, language_code, language_tag, rights_uri, term_code

OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
MAX_PAGES: Final = 1_000_000

Get = Callable[[str], bytes]


class HarvestFailed(SourceError):
    """The repository answered with an error, or with something that is no OAI-PMH."""

    code = "import.oai"
    message = gettext_noop("The repository at {url} could not be harvested: {reason}")
    kept = gettext_noop("What came before is kept; a new harvest goes on from there.")


@dataclass(slots=True)
class Harvest:
    """One harvest; iterate over it once to get drafts.

    Attributes:
        url: the base address of the repository.
        source: name under which the records are kept.
        since, until: datestamps as the protocol writes them, both inclusive; empty for all.
        language: BCP 47 tag for texts without one of their own.
        pause: seconds between requests. tries: how often a busy server is asked.
        get: fetches an address; by default the guarded fetch with *policy*.
        next_since: after the first answer, the ``since`` for the next harvest: when this one began, by the repository's
            own clock.
    """

    url: str
    source: str
    set: str = ""
    since: str = ""
    until: str = ""
    language: str = UNDETERMINED
    pause: float = 1.0
    tries: int = 5
    policy: FetchPolicy = field(default_factory=lambda: FetchPolicy(max_bytes=64 * 1024**2, seconds=120.0))
    get: Get | None = None
    sleep: Callable[[float], None] = time.sleep
    next_since: str = ""
    requests: int = 0

    def __iter__(self) -> Iterator[ItemDraft]:
        """Drafts, fetched page by page as they are asked for.

        Raises:
            HarvestFailed: an error of the protocol, or an answer that is none.
            FetchRefused: an address that must not or could not be fetched.
        """
        arguments = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
        arguments |= {
            name: value
            for name, value in (("set", self.set), ("from", self.since), ("until", self.until))
            if value
        }
        passed: set[str] = set()
        while self.requests < MAX_PAGES:
            root = self._answer(arguments)
            for record in root.iter(f"{OAI}record"):
                yield self._draft(record)
            element = root.find(f"{OAI}ListRecords/{OAI}resumptionToken")
            token = (element.text or "").strip() if element is not None else ""
            if not token:
                return
            if token in passed:
                raise HarvestFailed(url=self.url, reason="it gives the same resumption token again")
            passed.add(token)
            arguments = {"verb": "ListRecords", "resumptionToken": token}

    def _answer(self, arguments: Mapping[str, str]) -> Element:
        if self.requests:
            self.sleep(self.pause)
        address = f"{self.url}?{urlencode(arguments)}"
        root = self._parsed(self._asked(address))
        if not self.next_since:
            self.next_since = self._granular(clean(root.findtext(f"{OAI}responseDate") or ""))
        error = root.find(f"{OAI}error")
        if error is not None and error.get("code") != "noRecordsMatch":
            reason = f"{error.get('code')}: {clean(error.text or '')}"
            raise HarvestFailed(url=self.url, reason=reason[:200])
        return root

    def _granular(self, stamp: str) -> str:
        """The moment in the granularity in which this harvest was asked for; days where it was by days."""
        return stamp[:10] if len(self.since) == len("2026-01-01") else stamp

    def _asked(self, address: str) -> bytes:
        wait = max(self.pause, 1.0)
        for left in range(self.tries - 1, -1, -1):
            self.requests += 1
            try:
                return self.get(address) if self.get else self._fetched(address)
            except FetchStatus as error:
                if error.params.get("http_status") not in _BUSY or not left:
                    raise
            except (FetchFailed, FetchTooSlow):
                if not left:
                    raise
            self.sleep(wait)
            wait = min(wait * 2, 300.0)
        raise AssertionError("unreachable")

    def _fetched(self, address: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="heirloom-harvest-") as folder:
            return fetch(
                address, Path(folder), self.policy, headers={"Accept": "text/xml, application/xml"}
            ).path.read_bytes()

    def _parsed(self, data: bytes) -> Element:
        root: Element | None = None
        try:
            for _event, element in iterparse(io.BytesIO(data), events=("start",), forbid_dtd=True):
                root = element if root is None else root
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise HarvestFailed(
                url=self.url, reason=f"its answer is not well-formed ({error})"[:200]
            ) from error
        if root is None or root.tag != f"{OAI}OAI-PMH":
            raise HarvestFailed(url=self.url, reason="its answer is no OAI-PMH")
        return root

    def _draft(self, record: Element) -> ItemDraft:
        header = record.find(f"{OAI}header")
        identifier = clean((header.findtext(f"{OAI}identifier") or "") if header is not None else "")
        if header is not None and header.get("status") == "deleted":
            return ItemDraft(self.source, identifier, deleted=True, where=identifier)
        metadata = record.find(f"{OAI}metadata")
        try:
            return dublin_core(metadata, self.source, identifier, self.language)
        except InvalidTranslated as error:
            unreadable = problem("draft.unreadable", value=error, fatal=True)
            return ItemDraft(self.source, identifier, problems=(unreadable,), where=identifier)


_KINDS: Final = {
    "stillimage": "image", "image": "image", "photograph": "image", "movingimage": "recording", "sound": "recording",
    "text": "text", "dataset": "data", "physicalobject": "object", "interactiveresource": "model", "event": "practice",
}  # fmt: skip


def dublin_core(metadata: Element | None, source: str, identifier: str, language: str) -> ItemDraft:
    """A record of simple Dublin Core as a draft; repeated and unknown elements become statements."""
    reading = _DublinCore(language)
    for element in metadata.iter() if metadata is not None else ():
        value = clean("".join(element.itertext()))
        if element.tag.startswith(DC) and value:
            tag = language_tag(element.get(_LANG, "")) if element.get(_LANG) else language
            reading.take(element.tag.removeprefix(DC), value, tag)
    return ItemDraft(
        source=source,
        source_id=identifier,
        source_uri=reading.address,
        kind=reading.kind,
        title=Translated(reading.title),
        description=Translated({tag: "\n\n".join(texts) for tag, texts in reading.description.items()}),
        date=reading.date,
        contributions=tuple(dict.fromkeys(reading.contributions)),
        terms=tuple(dict.fromkeys(reading.terms)),
        rights=reading.rights,
        statements=tuple(dict.fromkeys(reading.statements)),
        where=identifier,
    )


class _DublinCore:
    """Takes element after element."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.title: dict[str, Text] = {}
        self.description: dict[str, list[str]] = {}
        self.contributions: list[ContributionDraft] = []
        self.terms: list[TermDraft] = []
        self.statements: list[Statement] = []
        self.date = self.rights = self.address = self.kind = ""

    def take(self, name: str, value: str, tag: str) -> None:
        used: bool = getattr(self, f"_{name}", self._other)(value, tag)
        if not used:
            self.statements.append(Statement(name, value, "" if tag == UNDETERMINED else tag))

    @staticmethod
    def _other(_value: str, _tag: str) -> bool:
        return False

    def _title(self, value: str, tag: str) -> bool:
        if tag in self.title:
            return False
        self.title[tag] = Text(value)
        return True

    def _description(self, value: str, tag: str) -> bool:
        self.description.setdefault(tag, []).append(value)
        return True

    def _creator(self, value: str, tag: str) -> bool:
        self.contributions.append(ContributionDraft(AgentDraft(Translated({tag: value})), "cre"))
        return True

    def _contributor(self, value: str, tag: str) -> bool:
        self.contributions.append(ContributionDraft(AgentDraft(Translated({tag: value})), "ctb"))
        return True

    def _subject(self, value: str, tag: str) -> bool:
        code = term_code(value)
        if code and len(value) <= 80:
            self.terms.append(TermDraft("subject", code, Translated({tag: value})))
        return bool(code) and len(value) <= 80

    def _language(self, value: str, _tag: str) -> bool:
        code = language_code(value)
        if code:
            self.terms.append(TermDraft("language", code))
        return bool(code)

    def _date(self, value: str, _tag: str) -> bool:
        found = "" if self.date else edtf(value)
        self.date = self.date or found
        return bool(found)

    def _rights(self, value: str, _tag: str) -> bool:
        found = "" if self.rights else rights_uri(value)
        self.rights = self.rights or found
        return bool(found)

    def _identifier(self, value: str, _tag: str) -> bool:
        if self.address or not value.startswith(("http://", "https://")):
            return False
        self.address = value
        return True

    def _type(self, value: str, _tag: str) -> bool:
        found = "" if self.kind else _KINDS.get("".join(value.rpartition("/")[2].split()).casefold(), "")
        self.kind = self.kind or found
        return bool(found)
