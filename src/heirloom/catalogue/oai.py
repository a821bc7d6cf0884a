"""OAI-PMH 2.0 provider (http://www.openarchives.org/OAI/openarchivesprotocol.html): one function from a request to XML.

Wiring: ``GET`` and ``POST /oai`` -> :func:`respond` with the arguments as pairs, in the order given; the answer is
``text/xml; charset=utf-8``, always with status 200. Records are Dublin Core (``oai_dc``), every text with its
``xml:lang``. Items that are no longer open are deleted records for ever. Resumption tokens hold the whole state of
the list, signed, so that they survive a restart and nothing has to be kept; a record that changes while a list is read
comes again at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from django.core import signing
from django.utils import timezone

from heirloom.text import Translated

from . import exchange_feed as feed
from . import vocabularies
from .exchange import Addresses, masters, others
from .exchange_feed import Entry, Selection
from .models import Item, Term

PAGE: Final = 100
PREFIX: Final = "oai_dc"
MEDIA_TYPE: Final = "text/xml; charset=utf-8"
_SALT: Final = "heirloom.catalogue.oai"
_TOKEN_DAYS: Final = 7
_NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
_DC: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"

_ARGUMENTS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "Identify": (frozenset(), frozenset()),
    "ListMetadataFormats": (frozenset(), frozenset({"identifier"})),
    "ListSets": (frozenset(), frozenset({"resumptionToken"})),
    "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset()),
    "ListIdentifiers": (
        frozenset({"metadataPrefix"}),
        frozenset({"from", "until", "set", "resumptionToken"}),
    ),
    "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set", "resumptionToken"})),
}


class OaiError(Exception):
    """An error that the protocol names (section 3.6)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Repository:
    """What ``Identify`` says, and where things stand."""

    addresses: Addresses
    name: str
    admin_email: str
    page: int = PAGE

    @property
    def host(self) -> str:
        return urlsplit(self.addresses.base_url).hostname or "localhost"

    def identifier(self, key: str) -> str:
        """``oai:HOST:KEY`` (OAI identifier format 2.0)."""
        return f"oai:{self.host}:{key}"

    def key(self, identifier: str) -> str:
        """The item's key; raises OaiError for identifiers that are not ours."""
        start = f"oai:{self.host}:"
        if not identifier.startswith(start) or not re.fullmatch(r"[0-9a-z]{26}", identifier[len(start) :]):
            raise OaiError("idDoesNotExist", "There is no such identifier.")
        return identifier[len(start) :]


def respond(
    arguments: Iterable[tuple[str, str]], repository: Repository, now: datetime | None = None
) -> bytes:
    """Answer one request.

    Args:
        arguments: names and values as they came; a repeated one is an error that the protocol wants to be told.
        now: the moment of the answer, for tests.
    """
    given = list(arguments)
    moment = (now or timezone.now()).astimezone(UTC)
    shown: dict[str, str] = {}
    try:
        request = _checked(given)
        shown = request
        body = "".join(_VERBS[request["verb"]](request, repository))
    except OaiError as error:
        if error.code in ("badVerb", "badArgument"):
            shown = {}
        body = f"<error code={quoteattr(error.code)}>{escape(str(error))}</error>"
    attributes = "".join(f" {name}={quoteattr(_xml(value))}" for name, value in shown.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<OAI-PMH xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{_NAMESPACE} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">'
        f"<responseDate>{_stamp(moment)}</responseDate>"
        f"<request{attributes}>{escape(repository.addresses.oai())}</request>{body}</OAI-PMH>\n"
    ).encode()


def _checked(given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The arguments, where verb and names are right (section 3.1.1)."""
    verbs = [value for name, value in given if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise OaiError("badVerb", "The verb is missing, repeated or unknown.")
    request = dict(given)
    if len(request) != len(given):
        raise OaiError("badArgument", "An argument is repeated.")
    required, optional = _ARGUMENTS[verbs[0]]
    names = set(request) - {"verb"}
    if "resumptionToken" in names and "resumptionToken" in optional:
        if len(names) > 1:
            raise OaiError("badArgument", "A resumptionToken stands alone.")
        return request
    if wrong := names - required - optional:
        raise OaiError("badArgument", f"There is no argument {min(wrong)[:40]} here.")
    if missing := required - names:
        raise OaiError("badArgument", f"The argument {min(missing)} is missing.")
    return request


# -- verbs ---------------------------------------------------------------------------------------------------


def _identify(_request: Mapping[str, str], repository: Repository) -> Iterator[str]:
    yield "<Identify>"
    yield f"<repositoryName>{_text(repository.name)}</repositoryName>"
    yield f"<baseURL>{escape(repository.addresses.oai())}</baseURL>"
    yield "<protocolVersion>2.0</protocolVersion>"
    yield f"<adminEmail>{_text(repository.admin_email)}</adminEmail>"
    yield f"<earliestDatestamp>{_stamp(feed.earliest())}</earliestDatestamp>"
    yield "<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DDThh:mm:ssZ</granularity>"
    identifier = "http://www.openarchives.org/OAI/2.0/oai-identifier"
    yield (
        f'<description><oai-identifier xmlns="{identifier}" xsi:schemaLocation="{identifier} {identifier}.xsd">'
        f"<scheme>oai</scheme><repositoryIdentifier>{escape(repository.host)}</repositoryIdentifier>"
        f"<delimiter>:</delimiter><sampleIdentifier>{escape(repository.identifier('0' * 26))}</sampleIdentifier>"
        "</oai-identifier></description></Identify>"
    )


def _formats(request: Mapping[str, str], repository: Repository) -> Iterator[str]:
    if identifier := request.get("identifier"):
        _known(identifier, repository)
    yield (
        f"<ListMetadataFormats><metadataFormat><metadataPrefix>{PREFIX}</metadataPrefix>"
        "<schema>http://www.openarchives.org/OAI/2.0/oai_dc.xsd</schema>"
        f"<metadataNamespace>{_DC}</metadataNamespace></metadataFormat></ListMetadataFormats>"
    )


def _sets(request: Mapping[str, str], _repository: Repository) -> Iterator[str]:
    if "resumptionToken" in request:
        raise OaiError("badResumptionToken", "The list of sets is given whole.")
    yield "<ListSets>"
    yield "<set><setSpec>community</setSpec><setName>Communities</setName></set>"
    for community in feed.sets():
        name = _text(community.name.text(["en"], default=community.slug))
        yield f"<set><setSpec>community:{escape(community.slug)}</setSpec><setName>{name}</setName></set>"
    yield "<set><setSpec>kind</setSpec><setName>Kinds of item</setName></set>"
    for kind in feed.kinds():
        yield f"<set><setSpec>kind:{kind}</setSpec><setName>{escape(str(Item.Kind(kind).label))}</setName></set>"
    yield "</ListSets>"


def _record(request: Mapping[str, str], repository: Repository) -> Iterator[str]:
    entry = _known(request["identifier"], repository)
    _check_prefix(request["metadataPrefix"])
    yield from ("<GetRecord>", *_written(entry, repository), "</GetRecord>")


def _known(identifier: str, repository: Repository) -> Entry:
    entry = feed.one(repository.key(identifier))
    if entry is None:
        raise OaiError("idDoesNotExist", "There is no such identifier.")
    return entry


def _check_prefix(prefix: str) -> None:
    if prefix != PREFIX:
        raise OaiError("cannotDisseminateFormat", f"Records are given as {PREFIX} alone.")


@dataclass(frozen=True, slots=True)
class _List:
    """Where a list stands: what it selects, behind which change it goes on, how many were given, how many there are."""

    selection: Selection
    given: Mapping[str, str]
    after: int = 0
    cursor: int = 0
    size: int = -1


def _list(request: Mapping[str, str], repository: Repository) -> Iterator[str]:
    verb = request["verb"]
    state = _resumed(request) if "resumptionToken" in request else _started(request)
    found = feed.page(state.selection, state.after, repository.page + 1)
    if not found:
        if state.cursor == 0:
            raise OaiError("noRecordsMatch", "No record matches.")
        raise OaiError("badResumptionToken", "The list has ended.")
    shown, more = found[: repository.page], len(found) > repository.page
    size = state.size
    if size < 0 and more:
        size = feed.changes(state.selection).count()
    yield f"<{verb}>"
    for entry in shown:
        if verb == "ListIdentifiers":
            yield from _header(entry, repository)
        else:
            yield from _written(entry, repository)
    if more or state.cursor:
        yield _token(state, shown, size) if more else _last(state, size)
    yield f"</{verb}>"


def _token(state: _List, shown: Sequence[Entry], size: int) -> str:
    passed = state.cursor + len(shown)
    content = signing.dumps([dict(state.given), shown[-1].cursor, passed, size], salt=_SALT, compress=True)
    expires = timezone.now().astimezone(UTC) + timedelta(days=_TOKEN_DAYS)
    return (
        f'<resumptionToken completeListSize="{size}" cursor="{state.cursor}" '
        f'expirationDate="{_stamp(expires)}">{escape(content)}</resumptionToken>'
    )


def _last(state: _List, size: int) -> str:
    return f'<resumptionToken completeListSize="{size}" cursor="{state.cursor}"/>'


def _resumed(request: Mapping[str, str]) -> _List:
    try:
        given, after, cursor, size = signing.loads(
            request["resumptionToken"], salt=_SALT, max_age=timedelta(days=_TOKEN_DAYS)
        )
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise OaiError("badResumptionToken", "The resumptionToken is not valid, or no longer.") from error
    return _List(_selection(given), given, after, cursor, size)


def _started(request: Mapping[str, str]) -> _List:
    _check_prefix(request["metadataPrefix"])
    given = {name: request[name] for name in ("from", "until", "set") if name in request}
    return _List(_selection(given), given)


def _selection(given: Mapping[str, str]) -> Selection:
    since, until = given.get("from", ""), given.get("until", "")
    if since and until and len(since) != len(until):
        raise OaiError("badArgument", "from and until differ in granularity.")
    start, end = _moment(since, end=False), _moment(until, end=True)
    if start and end and start > end:
        raise OaiError("badArgument", "from is later than until.")
    what, _, which = given.get("set", "").partition(":")
    if what == "community" and which:
        return Selection(start, end, community=which)
    if what == "kind" and which:
        return Selection(start, end, kind=which)
    if what:
        raise OaiError("noRecordsMatch", "There is no such set, or nothing in it itself.")
    return Selection(start, end)


_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?")


def _moment(value: str, *, end: bool) -> datetime | None:
    if not value:
        return None
    try:
        match = _MOMENT.fullmatch(value)
        if match is None:
            raise ValueError(value)
        found = datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise OaiError("badArgument", f"{value[:40]} is not a date of this protocol.") from error
    return found + timedelta(days=1, seconds=-1) if end and not match[1] else found


_VERBS: Final = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "GetRecord": _record,
    "ListIdentifiers": _list,
    "ListRecords": _list,
}


# -- records -------------------------------------------------------------------------------------------------

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(value: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("", value)


def _text(value: str) -> str:
    return escape(_xml(value))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _header(entry: Entry, repository: Repository) -> Iterator[str]:
    yield "<header>" if entry.item else '<header status="deleted">'
    yield f"<identifier>{escape(repository.identifier(entry.key))}</identifier><datestamp>{_stamp(entry.at)}</datestamp>"
    if entry.item:
        for community in entry.item.communities.all():
            yield f"<setSpec>community:{escape(community.slug)}</setSpec>"
        yield f"<setSpec>kind:{entry.item.kind}</setSpec>"
    yield "</header>"


def _written(entry: Entry, repository: Repository) -> Iterator[str]:
    yield "<record>"
    yield from _header(entry, repository)
    if entry.item:
        yield "<metadata>"
        yield (
            f'<oai_dc:dc xmlns:oai_dc="{_DC}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            f'xsi:schemaLocation="{_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd">'
        )
        for name, value, language in dublin_core(entry.item, repository.addresses):
            tagged = f" xml:lang={quoteattr(language)}" if language not in ("", "und") else ""
            yield f"<dc:{name}{tagged}>{_text(value)}</dc:{name}>"
        yield "</oai_dc:dc></metadata>"
    yield "</record>"


_CREATORS: Final = frozenset({"cre", "art", "aut", "cmp", "pht", "scl", "arc", "chr", "lyr", "vdg"})
_TYPES: Final = {
    "image": "StillImage", "surface": "StillImage", "model": "InteractiveResource", "recording": "Sound", "text": "Text",
    "data": "Dataset", "place": "PhysicalObject", "practice": "Event", "object": "PhysicalObject",
}  # fmt: skip
_TERM_ELEMENTS: Final = {
    Term.Scheme.SUBJECT: "subject",
    Term.Scheme.FORM: "type",
    Term.Scheme.MATERIAL: "format",
    Term.Scheme.TECHNIQUE: "subject",
    Term.Scheme.PERIOD: "coverage",
}


def dublin_core(item: Item, addresses: Addresses) -> Iterator[tuple[str, str, str]]:
    """The elements of simple Dublin Core: ``(name, value, language)``, the language empty where there is none."""
    yield from _spoken("title", item.title)
    for part in sorted(item.contributions.all(), key=lambda part: (part.position, part.pk)):
        yield from _spoken("creator" if part.role in _CREATORS else "contributor", part.agent.name)
    for term in sorted(item.terms.all(), key=lambda term: (term.scheme, term.code)):
        if term.scheme == Term.Scheme.LANGUAGE:
            yield "language", term.code, ""
        elif term.label:
            yield from _spoken(_TERM_ELEMENTS[Term.Scheme(term.scheme)], term.label)
        else:
            yield _TERM_ELEMENTS[Term.Scheme(term.scheme)], term.code, ""
    yield from _spoken("description", item.description)
    if item.date:
        yield "date", item.date, ""
    yield from _spoken("date", item.date_note)
    media = [*masters(item), *others(item)]
    moving = any(file.media_type.startswith("video/") for file in media)
    yield "type", "MovingImage" if moving else _TYPES[item.kind], ""
    for media_type in dict.fromkeys(file.media_type for file in media):
        yield "format", media_type, ""
    yield "identifier", addresses.page(item.key), ""
    if item.source_id:
        yield "identifier", item.source_id, ""
    if item.source_uri:
        yield "source", item.source_uri, ""
    yield "relation", addresses.manifest(item.key), ""
    for place in item.places.all():
        yield from _spoken("coverage", place.name)
    for community in item.communities.all():
        yield from _spoken("contributor", community.name)
    yield from _rights(item)


def _rights(item: Item) -> Iterator[tuple[str, str, str]]:
    if item.rights:
        yield "rights", item.rights, ""
    if item.rights_holder:
        yield "rights", item.rights_holder, ""
    for mark in sorted(item.labels.all(), key=lambda mark: (mark.position, mark.pk)):
        kind = vocabularies.LABEL_KINDS.get(mark.code)
        yield "rights", f"{mark.code} {kind.name if kind else ''}".strip(), "en"
        for language, text in mark.text.items():
            yield "rights", f"{mark.code}: {text.value}", language


def _spoken(name: str, text: Translated) -> Iterator[tuple[str, str, str]]:
    for language, part in text.items():
        yield name, part.value, language


def repository(base_url: str, name: str, admin_email: str, **more: Any) -> Repository:
    """A repository at *base_url*."""
    return Repository(Addresses(base_url.rstrip("/")), name, admin_email, **more)
