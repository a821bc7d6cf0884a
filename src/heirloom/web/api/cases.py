"""Cases: the published ones for everybody, those in preparation for the people who work on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import Field

from heirloom.cases import actions, content, queries
from heirloom.cases.models import Case, Seal
from heirloom.web.exchange import sealed

from .access import OWN, READ, WRITE, answers, person, signed_in
from .forms import Key, Page, PageNumber, PageSize, Texts, TitleIn, Value, paged, translated

router = Router(tags=["cases"])


class CaseCard(Schema):
    """A published case as lists show it."""

    key: str
    title: Texts
    summary: Texts
    version: int
    digest: str
    published_at: datetime | None
    languages: list[str]
    illustrative: bool
    url: str
    kit: str


class CasePage(Page):
    """One page of published cases."""

    results: list[CaseCard]


class ReplicationOut(Schema):
    """The record that someone ran the case's kit on their own material."""

    key: str
    who: str
    where: str
    note: Texts
    version: int
    run: str | None
    comparison: dict[str, Any]
    at: datetime


class CaseOut(CaseCard):
    """A published case.

    ``content`` is the sealed version (``heirloom/case/1``) without the items that are not open to you (``withheld`` says how many);
    ``facts`` are computed from it.
    """

    content: dict[str, Any]
    facts: dict[str, Any]
    withheld: int
    crate: str
    replications: list[ReplicationOut]


class DraftCard(Schema):
    """A case that you work on."""

    key: str
    state: str
    title: Texts
    revision: int
    updated_at: datetime


class DraftPage(Page):
    """One page of cases that you work on."""

    results: list[DraftCard]


class DraftOut(DraftCard):
    """A case that you work on, with its content (``heirloom/case/1``)."""

    content: dict[str, Any]


class NewCase(Schema):
    """A new case."""

    title: TitleIn


class CaseContent(Schema):
    """The whole content of a case (``heirloom/case/1``) and the revision that you saw."""

    revision: Annotated[int, Field(ge=0, le=2**31)]
    content: Value


def card(case: Case, seal: Seal) -> dict[str, Any]:
    """A published case as lists show it: what its seal says."""
    return {
        "key": case.key,
        "title": seal.content["title"],
        "summary": seal.content["summary"],
        "version": seal.number,
        "digest": seal.digest,
        "published_at": case.published_at,
        "languages": list(seal.facts.get("languages") or {}),
        "illustrative": bool(seal.content["illustrative"]),
        "url": f"{settings.SITE_URL}{reverse('case', args=[case.key])}",
        "kit": f"{settings.SITE_URL}{reverse('kit', args=[case.key])}",
    }


def _card(case: Case) -> dict[str, Any]:
    assert case.published_seal is not None
    return card(case, case.published_seal)


def _draft(case: Case) -> dict[str, Any]:
    return {
        "key": case.key,
        "state": case.state,
        "title": case.title.to_json(),
        "revision": case.revision,
        "updated_at": case.updated_at,
    }


@router.get("/cases", response=answers(CasePage, 422), operation_id="list_cases")
def list_cases(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the published cases that you may see, the newest first."""
    rows = queries.published_cases(request.user).prefetch_related(None).select_related("published_seal")
    return paged(rows, page, size, _card)


@router.get("/cases/{key}", response=answers(CaseOut, *READ), operation_id="get_case")
def get_case(request: HttpRequest, key: Key) -> dict[str, Any]:
    """A published case, as it was sealed."""
    case, seal = queries.published_case(request.user, key)
    without = sealed.hidden(request.user, seal)
    shown = sealed.content(seal, without)
    return card(case, seal) | {
        "content": {name: value for name, value in shown.items() if name not in ("consent", "note", "facts")},
        "facts": seal.facts,
        "withheld": len(without.intersection(seal.content["items"])),
        "crate": f"{settings.SITE_URL}{reverse('case-crate', args=[key])}",
        "replications": [
            {
                "key": made.key,
                "who": made.who,
                "where": made.where,
                "note": made.note.to_json(),
                "version": made.seal.number,
                "run": made.run.key if made.run else None,
                "comparison": made.comparison,
                "at": made.at,
            }
            for made in queries.replications(seal)
        ],
    }


@router.get("/me/cases", response=answers(DraftPage, *OWN), auth=signed_in, operation_id="list_my_cases")
def list_my_cases(request: HttpRequest, page: PageNumber = 1, size: PageSize = 24) -> dict[str, Any]:
    """List the cases that you work on, the last edited first."""
    rows = queries.my_cases(request.user).prefetch_related(None).select_related(None)
    return paged(rows, page, size, _draft)


@router.post(
    "/cases", response=answers(DraftOut, *WRITE, status=201), auth=signed_in, operation_id="create_case"
)
def create_case(request: HttpRequest, sent: NewCase) -> Status[dict[str, Any]]:
    """Begin a case; whoever begins it leads it."""
    case = actions.create_case(person(request), translated(sent.title))
    return Status(201, _whole(request, case.key))


@router.get(
    "/me/cases/{key}", response=answers(DraftOut, 404, *OWN), auth=signed_in, operation_id="get_my_case"
)
def get_my_case(request: HttpRequest, key: Key) -> dict[str, Any]:
    """A case that you work on, with its content."""
    return _whole(request, key)


def _whole(request: HttpRequest, key: str) -> dict[str, Any]:
    case = queries.case_for_editing(request.user, key)
    return _draft(case) | {"content": content.describe(case)}


@router.put(
    "/me/cases/{key}", response=answers(DraftOut, *WRITE), auth=signed_in, operation_id="save_my_case"
)
def save_my_case(request: HttpRequest, key: Key, sent: CaseContent) -> dict[str, Any]:
    """Save the whole content of a case; 409 when somebody else saved meanwhile."""
    case = queries.case_for_editing(request.user, key)
    actions.save_content(person(request), case, sent.content, revision=sent.revision)
    return _whole(request, key)
