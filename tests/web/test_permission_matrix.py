"""Who may do what: every address and every operation of the API, asked in every role, for every state of what it is about.

What is expected stands in the tables of this module alone and is not computed by the code that is tested. An address or an
operation that is in no table fails the test.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import override_settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLResolver, get_resolver
from tests.web.permission_world import ROLES, WORDS, World, build

from heirloom.catalogue import store
from heirloom.web.api import docs
from heirloom.web.api.app import api

pytestmark = [pytest.mark.database, pytest.mark.django_db]

EVERYBODY = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()
SIGNED_IN = EVERYBODY - {"anonymous"}
STATES = tuple(WORDS)

# -- who sees an item in each state; the one truth of this module about items ---------------------------------------

VISIBLE: Mapping[str, frozenset[str]] = {
    "public": EVERYBODY,
    "signed-in": SIGNED_IN,
    "members": frozenset({"member", "woman", "steward"}),
    "stewards": frozenset({"steward"}),
    "season": frozenset({"steward"}),
    "attribute": frozenset({"woman", "steward"}),
    "draft": frozenset({"owner", "steward", "cataloguer", "superuser"}),
    "withdrawn": frozenset({"cataloguer", "superuser"}),
}
# Files and pictures also come to those who work on, review or organise a case that shows the item, unless a protocol forbids it.
FILES = VISIBLE | {"draft": VISIBLE["draft"] | {"lead", "applicant", "reviewer", "organiser"}}
LISTED = VISIBLE | {"draft": NOBODY, "withdrawn": NOBODY}
OPEN = dict.fromkeys(STATES, NOBODY) | {"public": EVERYBODY}


def among(*roles: str) -> dict[str, frozenset[str]]:
    """Those of *roles* who see the item."""
    return {state: seen & set(roles) for state, seen in VISIBLE.items()}


EDIT = among("owner", "steward", "cataloguer", "superuser")
PUBLISH = among("organiser", "steward", "cataloguer", "superuser")
# Whoever may publish or withdraw gets the page, and a steward of any community, who may put a label on what they see.
PAGE = among("owner", "organiser", "steward", "cataloguer", "superuser")

CASE = {
    "preparation": NOBODY,
    "published": EVERYBODY,
    "members": frozenset({"member", "woman", "steward", "lead"}),
    "withdrawn": NOBODY,
}
LEAD = dict.fromkeys(CASE, frozenset({"lead"}))
RUN = {"private": frozenset({"lead"}), "published": EVERYBODY}
ORGANISER = frozenset({"organiser"})
OWNERS = frozenset({"applicant", "lead"})

Path_ = Callable[[World, str], str]
Rule = Collection[str] | Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Row:
    """One thing that is asked: where, by which method with what, and who gets it. ``who`` None: only never an error of ours."""

    path: str | Path_
    who: Rule | None = EVERYBODY
    method: str = "GET"
    form: Mapping[str, Any] | None = None
    sent: Any = None
    upload: tuple[str, bytes] | None = None

    def cells(self) -> Iterator[tuple[str, str, bool | None]]:
        """State, role, and whether the role gets it."""
        by_state = self.who if isinstance(self.who, Mapping) else {"": self.who}
        for state, roles in by_state.items():
            for role in ROLES:
                yield state, role, None if roles is None else role in roles

    def ask(self, world: World, state: str, role: str) -> Any:
        path = self.path if isinstance(self.path, str) else self.path(world, state)
        if self.sent is not None:
            sent = self.sent(world, state) if callable(self.sent) else self.sent
            more: dict[str, Any] = {"data": json.dumps(sent), "content_type": "application/json"}
        elif self.upload is not None:
            name, content = self.upload
            more = {
                "data": encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, content)}),
                "content_type": MULTIPART_CONTENT,
            }
        elif self.method == "POST" and self.path != "/oai":
            more = {"data": urlencode(self.form or {}), "content_type": "application/x-www-form-urlencoded"}
        else:
            more = {}
        return world.ask(role, self.method, path, **more)


def item(text: str) -> Path_:
    return lambda world, state: text.format(world.items[state].key)


def case(text: str) -> Path_:
    return lambda world, state: text.format(key=world.cases[state].key, number=world.seals[state])


def run(text: str) -> Path_:
    return lambda world, state: text.format(world.runs[state].key)


def submission(text: str) -> Path_:
    return lambda world, state: text.format(world.submissions[state].key)


def call(text: str, which: str = "announced") -> Path_:
    return lambda world, state: text.format(
        slug=world.calls[state or which].slug, key=world.submissions["submitted"].key
    )


def review(text: str) -> Path_:
    return lambda world, _state: text.format(world.review.key)


BOTH_CALLS = {"announced": EVERYBODY, "draft": ORGANISER}
ORGANISED = {"announced": ORGANISER, "draft": ORGANISER}
SUBMISSIONS = {"draft": OWNERS, "submitted": OWNERS}
FULL_SUBMISSIONS = {"draft": OWNERS, "submitted": OWNERS | {"organiser", "reviewer"}}
CONSENT = {"agreed": "on", "by": "us"}
_IIIF = "/iiif/presentation/3"

# -- addresses, by name (or by route, where they have none); a mark after # tells several of one name apart -----------

PAGES: Mapping[str, Row] = {
    "home": Row("/"),
    "explore": Row("/explore/"),
    "map": Row("/map/"),
    "item": Row(item("/items/{}/"), VISIBLE),
    "place": Row(lambda world, state: f"/places/{world.places[state].key}/", VISIBLE),
    "monitored-places": Row("/sites/"),
    "monitored-place": Row(
        lambda world, state: f"/sites/{world.monitored[state].key}/",
        {
            "shown": EVERYBODY,
            "members": frozenset({"member", "woman", "steward"}),
            "private": frozenset({"owner", "steward", "organiser", "cataloguer", "superuser"}),
        },
    ),
    "community": Row("/communities/river/"),
    "cases": Row("/cases/"),
    "case": Row(case("/cases/{key}/"), CASE),
    "seal": Row(case("/cases/{key}/versions/{number}/"), CASE),
    "calls": Row("/calls/"),
    "call": Row(call("/calls/{slug}/"), BOTH_CALLS),
    "receipt": Row(lambda world, _state: f"/receipts/{world.submissions['submitted'].receipt}/"),
    "collections": Row("/collections/"),
    "collection": Row(lambda world, _state: f"/collections/{world.collection.slug}/"),
    "run": Row(run("/runs/{}/"), RUN),
    "about": Row("/about/"),
    "for-programs": Row("/for-programs/"),
    "capture-protocol": Row("/pathways/condition/protocol/"),
    "set-language": Row("/language/", method="POST", form={"language": "lo"}),
    "set-theme": Row("/theme/", method="POST", form={"theme": "dark"}),
    "favicon": Row("/favicon.ico"),
    "health": Row("/health/"),
    # files and descriptions
    "media": Row(lambda world, state: world.media_path(state), FILES),
    "iiif-image": Row(lambda world, state: world.image_path(state), FILES),
    "run-file": Row(run("/runs/{}/files/outputs/picture.svg"), RUN),
    "kit": Row(case("/cases/{key}/kit.zip"), CASE),
    "case-crate": Row(case("/cases/{key}/ro-crate-metadata.json"), CASE),
    "manifest": Row(item(_IIIF + "/item/{}/manifest"), VISIBLE),
    "iiif-collection": Row(f"{_IIIF}/collection/all"),
    "iiif-collection#call": Row(lambda world, _state: f"{_IIIF}/collection/{world.collection.slug}"),
    "iiif-collection-page": Row(f"{_IIIF}/collection/all/1"),
    "linked-art-item": Row(item("/linked-art/item/{}"), VISIBLE),
    "linked-art-visual": Row(item("/linked-art/visual/{}"), VISIBLE),
    "linked-art-agent": Row(lambda world, state: f"/linked-art/agent/{world.agents[state].key}", OPEN),
    "linked-art-place": Row(lambda world, state: f"/linked-art/place/{world.places[state].key}", OPEN),
    "item-linkedart": Row(item("/items/{}.jsonld"), dict.fromkeys(STATES, EVERYBODY)),
    "discovery": Row("/iiif/discovery/1/activity"),
    "discovery-page": Row("/iiif/discovery/1/activity/page/0"),
    "discovery-short": Row("/discovery/activity"),
    "oai": Row("/oai?verb=Identify"),
    "oai#post": Row("/oai", method="POST"),
    "items-csv": Row("/items.csv"),
    "items-csv-export": Row("/export/items.csv"),
    "sensorthings": Row("/api/sensorthings/v1.1"),
    "sensorthings#things": Row("/api/sensorthings/v1.1/Things"),
    "api-root": Row("/api/"),
    "openapi-json": Row("/api/openapi.json"),
    "openapi-view": Row("/api/docs"),
    # a person's own pages
    "my": Row("/my/", SIGNED_IN),
    "my-account": Row("/my/account/", SIGNED_IN),
    "my-data": Row("/my/account/download/", SIGNED_IN),
    "my-erase": Row("/my/account/erase/", SIGNED_IN),
    "case-new": Row("/my/cases/new/", SIGNED_IN),
    "case-edit": Row(case("/my/cases/{key}/"), LEAD),
    "case-edit#save": Row(case("/my/cases/{key}/"), LEAD, "POST", {"title.en": "Songs"}),
    "case-autosave": Row(case("/my/cases/{key}/autosave/"), LEAD, "POST", {"title.en": "Songs"}),
    "case-preview": Row(case("/my/cases/{key}/preview/"), LEAD),
    "case-people": Row(case("/my/cases/{key}/people/"), LEAD),
    "case-people#share": Row(case("/my/cases/{key}/people/"), LEAD, "POST", {"email": "stranger@example.org", "role": "editor"}),
    "replicate": Row(
        case("/my/cases/{key}/replicate/"), {state: who & SIGNED_IN for state, who in CASE.items()}
    ),
    "case-replications": Row(
        case("/my/cases/{key}/replications/"),
        dict.fromkeys(CASE, frozenset({"lead"})) | {"published": frozenset({"lead", "organiser", "superuser"})},
    ),
    "community-new": Row("/my/communities/", {"cataloguer", "superuser"}),
    "community-new#add": Row(
        "/my/communities/", {"cataloguer", "superuser"}, "POST", {"name.en": "Dyers", "slug": "dyers"}
    ),
    "community-steward": Row("/my/communities/river/", {"steward"}),
    "community-steward#member": Row(
        "/my/communities/river/",
        {"steward"},
        "POST",
        {"what": "member", "email": "stranger@example.org", "role": "steward"},
    ),
    "my-items": Row("/my/items/", SIGNED_IN),
    "item-new": Row("/my/items/new/", SIGNED_IN),
    "item-edit": Row(item("/my/items/{}/"), PAGE),
    "item-edit#withdraw": Row(
        item("/my/items/{}/"),
        among("owner", "organiser", "steward", "cataloguer", "superuser"),
        "POST",
        {"what": "withdraw"},
    ),
    "item-edit#publish": Row(item("/my/items/{}/"), PUBLISH, "POST", {"what": "publish"}),
    "item-edit#protocol": Row(
        item("/my/items/{}/"),
        {
            # A protocol that names a community is lifted by its stewards alone.
            "public": frozenset({"owner", "steward", "cataloguer", "superuser"}),
            "draft": frozenset({"owner", "steward", "cataloguer", "superuser"}),
            "withdrawn": frozenset({"cataloguer", "superuser"}),
            **{state: frozenset({"steward"}) for state in ("signed-in", "members", "stewards", "season", "attribute")},
        },
        "POST",
        {"what": "protocol", "protocol": ""},
    ),
    "apply": Row(call("/my/calls/{slug}/apply/"), {"announced": SIGNED_IN}),
    "submission": Row(submission("/my/submissions/{}/"), SUBMISSIONS),
    "submission-autosave": Row(submission("/my/submissions/{}/autosave/"), {"draft": OWNERS}, "POST", {"version": "0"}),
    "submission-submit": Row(submission("/my/submissions/{}/submit/"), {"draft": {"lead"}}, "POST", CONSENT),
    "submission-withdraw": Row(submission("/my/submissions/{}/withdraw/"), SUBMISSIONS, "POST", {"confirm": "on"}),
    "runs": Row("/my/runs/", SIGNED_IN),
    "run-methods": Row("/my/runs/new/", SIGNED_IN),
    "run-new": Row("/my/runs/new/diversity.coverage/", SIGNED_IN),
    "run-cancel": Row(run("/my/runs/{}/cancel/"), {"waiting": {"lead"}}, "POST"),
    "run-repeat": Row(
        run("/my/runs/{}/repeat/"), {"private": {"lead"}, "published": SIGNED_IN}, "POST"
    ),
    # organisers and reviewers
    "organise": Row("/organise/", {"organiser", "superuser"}),
    "call-new": Row("/organise/new/", {"organiser", "superuser"}),
    "organise-call": Row(call("/organise/{slug}/"), ORGANISED),
    "call-edit": Row(call("/organise/{slug}/edit/"), ORGANISED),
    "call-announce": Row(call("/organise/{slug}/announce/"), ORGANISED, "POST"),
    "call-people": Row(call("/organise/{slug}/people/"), ORGANISED),
    "call-people#share": Row(
        call("/organise/{slug}/people/"), ORGANISED, "POST", {"email": "stranger@example.org", "role": "organiser"}
    ),
    "call-assign": Row(call("/organise/{slug}/assign/"), ORGANISED),
    "organise-submission": Row(call("/organise/{slug}/submissions/{key}/"), ORGANISER),
    "organise-submission#decide": Row(
        call("/organise/{slug}/submissions/{key}/"), ORGANISER, "POST", {"what": "decide", "outcome": "accept"}
    ),
    "call-decisions": Row(call("/organise/{slug}/decisions/"), ORGANISED),
    "call-decisions#announce": Row(call("/organise/{slug}/decisions/"), ORGANISER, "POST"),
    "call-publish": Row(call("/organise/{slug}/publish/"), ORGANISED),
    "call-export": Row(call("/organise/{slug}/export.csv"), ORGANISED),
    "reviews": Row("/review/", SIGNED_IN),
    "review": Row(review("/review/{}/"), {"reviewer"}),
    "review-autosave": Row(review("/review/{}/autosave/"), {"reviewer"}, "POST", {"version": "0"}),
    "review-conflict": Row(review("/review/{}/conflict/"), {"reviewer"}),
    "review-conflict#declare": Row(review("/review/{}/conflict/"), {"reviewer"}, "POST", {"kind": "family"}),
    "review-decline": Row(review("/review/{}/decline/"), {"reviewer"}, "POST"),
    # accounts: the pages of a ready-made library
    "account_login": Row("/account/login/"),
    "account_logout": Row("/account/logout/"),
    "account_inactive": Row("/account/inactive/"),
    "account_signup": Row("/account/signup/"),
    "account_reauthenticate": Row("/account/reauthenticate/", None),
    "account_email": Row("/account/email/", SIGNED_IN),
    "account_email_verification_sent": Row("/account/confirm-email/"),
    "account_change_password": Row("/account/password/change/", SIGNED_IN),
    "account_set_password": Row("/account/password/set/", SIGNED_IN),
    "account_reset_password": Row("/account/password/reset/"),
    "account_confirm_login_code": Row("/account/login/code/confirm/", None),
    "account_confirm_email": Row("/account/confirm-email/no-such-key/"),
    "account_reset_password_from_key_done": Row("/account/password/reset/key/done/"),
    "account_reset_password_from_key": Row("/account/password/reset/key/1-no-such-key/"),
    "account_reset_password_done": Row("/account/password/reset/done/"),
    "mfa_index": Row("/account/2fa/", SIGNED_IN),
    "mfa_authenticate": Row("/account/2fa/authenticate/", None),
    "mfa_reauthenticate": Row("/account/2fa/reauthenticate/", None),
    "mfa_activate_totp": Row("/account/2fa/totp/activate/", SIGNED_IN),
    "mfa_deactivate_totp": Row("/account/2fa/totp/deactivate/", None),
    "mfa_view_recovery_codes": Row("/account/2fa/recovery-codes/", None),
    "mfa_generate_recovery_codes": Row("/account/2fa/recovery-codes/generate/", None),
    "mfa_download_recovery_codes": Row("/account/2fa/recovery-codes/download/", None),
    "mfa_list_webauthn": Row("/account/2fa/webauthn/", SIGNED_IN),
    "mfa_add_webauthn": Row("/account/2fa/webauthn/add/", SIGNED_IN),
    "mfa_reauthenticate_webauthn": Row("/account/2fa/webauthn/reauthenticate/", None),
    "mfa_remove_webauthn": Row("/account/2fa/webauthn/keys/1/remove/", NOBODY),
    "mfa_edit_webauthn": Row("/account/2fa/webauthn/keys/1/edit/", NOBODY),
    "mfa_login_webauthn": Row("/account/2fa/webauthn/login/", None),
    "socialaccount_login_cancelled": Row("/account/3rdparty/login/cancelled/"),
    "socialaccount_login_error": Row("/account/3rdparty/login/error/", None),
    "socialaccount_signup": Row("/account/3rdparty/signup/", None),
    "socialaccount_connections": Row("/account/3rdparty/", SIGNED_IN),
    "account/social/login/cancelled/": Row("/account/social/login/cancelled/"),
    "account/social/login/error/": Row("/account/social/login/error/"),
    "account/social/signup/": Row("/account/social/signup/", None),
    "account/social/connections/": Row("/account/social/connections/", None),
    "usersessions_list": Row("/account/sessions/", SIGNED_IN),
}  # fmt: skip

EN = {"en": {"text": "Songs", "origin": "human"}}
REVIEW = {"revision": 0, "scores": {"people": 5}, "for_applicant": "Fine."}


OPERATIONS: Mapping[str, Row] = {
    "list_items": Row("/api/items"),
    "list_facets": Row("/api/facets"),
    "get_item": Row(item("/api/items/{}"), VISIBLE),
    "search": Row("/api/search?q=lantern"),
    "list_places": Row("/api/places"),
    "get_place": Row(lambda world, state: f"/api/places/{world.places[state].key}", VISIBLE),
    "get_map": Row("/api/map"),
    "create_item": Row("/api/items", SIGNED_IN, "POST", sent={"kind": "image", "title": EN}),
    "edit_item": Row(
        item("/api/items/{}"), EDIT, "PATCH",
        sent=lambda world, state: {"revision": world.items[state].revision, "date": "1937"},
    ),
    "add_file": Row(item("/api/items/{}/files"), EDIT, "POST", upload=("note.txt", b"A note.")),
    "publish_item": Row(item("/api/items/{}/publish"), PUBLISH, "POST"),
    "withdraw_item": Row(
        item("/api/items/{}/withdraw"),
        among("owner", "organiser", "steward", "cataloguer", "superuser"),
        "POST", sent={"reason": "asked"},
    ),
    "list_cases": Row("/api/cases"),
    "get_case": Row(case("/api/cases/{key}"), CASE),
    "list_my_cases": Row("/api/me/cases", SIGNED_IN),
    "create_case": Row("/api/cases", SIGNED_IN, "POST", sent={"title": EN}),
    "get_my_case": Row(case("/api/me/cases/{key}"), LEAD),
    "save_my_case": Row(case("/api/me/cases/{key}"), LEAD, "PUT", sent={"revision": 1, "content": {"title": EN}}),
    "list_calls": Row("/api/calls"),
    "get_call": Row(call("/api/calls/{slug}"), BOTH_CALLS),
    "list_collections": Row("/api/collections"),
    "get_collection": Row(lambda world, _state: f"/api/collections/{world.collection.slug}"),
    "list_submissions": Row("/api/submissions", SIGNED_IN),
    "get_submission": Row(submission("/api/submissions/{}"), FULL_SUBMISSIONS),
    "start_submission": Row(call("/api/calls/{slug}/submissions"), {"announced": SIGNED_IN}, "POST", sent={"title": EN}),
    "save_submission": Row(submission("/api/submissions/{}"), {"draft": OWNERS}, "PUT", sent={"revision": 1}),
    "submit_submission": Row(
        submission("/api/submissions/{}/submit"), {"draft": {"lead"}}, "POST", sent={"agreed": True}
    ),
    "withdraw_submission": Row(submission("/api/submissions/{}/withdraw"), SUBMISSIONS, "POST"),
    "get_call_table": Row(call("/api/calls/{slug}/table"), ORGANISED),
    "decide_submission": Row(
        submission("/api/submissions/{}/decision"), {"submitted": ORGANISER}, "PUT", sent={"outcome": "accept"}
    ),
    "list_reviews": Row("/api/reviews", SIGNED_IN),
    "get_review": Row(review("/api/reviews/{}"), {"reviewer"}),
    "save_review": Row(review("/api/reviews/{}"), {"reviewer"}, "PUT", sent=REVIEW),
    "declare_conflict": Row(review("/api/reviews/{}/conflict"), {"reviewer"}, "POST", sent={"kind": "family"}),
    "decline_review": Row(review("/api/reviews/{}/decline"), {"reviewer"}, "POST"),
    "list_methods": Row("/api/methods"),
    "list_runs": Row("/api/runs", SIGNED_IN),
    "get_run": Row(run("/api/runs/{}"), RUN),
    "create_run": Row("/api/runs", SIGNED_IN, "POST", sent={"method": "diversity.coverage", "inputs": {}}),
    "cancel_run": Row(run("/api/runs/{}/cancel"), {"waiting": {"lead"}}, "POST"),
    "repeat_run": Row(run("/api/runs/{}/repeat"), {"private": {"lead"}, "published": SIGNED_IN}, "POST"),
    "get_me": Row("/api/me", SIGNED_IN),
}  # fmt: skip

# -- what lists may tell: whose words stand in an answer, by state of the item ----------------------------------------

Seen = Mapping[str, frozenset[str]]
_P = Mapping[str, tuple[str | Path_, Seen]]
#: The public may see no more through a kit than a visitor: it travels.
CARRIED = OPEN
REVIEWED: Seen = {
    # A sealed case in a call: as the protocol allows, drafts too; what was withdrawn is not shown.
    state: {"public": EVERYBODY, "draft": EVERYBODY, "withdrawn": NOBODY}.get(state, VISIBLE[state])
    for state in STATES
}


def by(roles: Collection[str], seen: Seen) -> Seen:
    """What *roles* see, and nobody else (they do not get the page)."""
    return {state: who & frozenset(roles) for state, who in seen.items()}


def place_of(state: str) -> Path_:
    return lambda world, _: f"/places/{world.places[state].key}/"


SURFACES: _P = {
    "home": ("/", LISTED),
    "explore": ("/explore/", LISTED),
    "explore, searched": ("/explore/?q=lantern", LISTED),
    "community": ("/communities/river/", LISTED),
    "CSV": ("/items.csv", LISTED),
    "CSV, searched": ("/items.csv?q=lantern", LISTED),
    "OAI-PMH records": ("/oai?verb=ListRecords&metadataPrefix=oai_dc", OPEN),
    "OAI-PMH records of the community": ("/oai?verb=ListRecords&metadataPrefix=oai_dc&set=community:river", OPEN),
    "IIIF collection": (f"{_IIIF}/collection/all/1", OPEN),
    "IIIF collection of a call": (lambda world, _: f"{_IIIF}/collection/{world.collection.slug}", OPEN),
    "change discovery": ("/iiif/discovery/1/activity/page/0", dict.fromkeys(STATES, NOBODY)),
    "API items": ("/api/items", VISIBLE),
    "API items, searched": ("/api/items?q=lantern", VISIBLE),
    "API search": ("/api/search?q=lantern", VISIBLE),
    "API search of cases": ("/api/search?q=songs&kind=case", dict.fromkeys(STATES, NOBODY)),
    "API cases": ("/api/cases", dict.fromkeys(STATES, NOBODY)),
    "case": (lambda world, _: f"/cases/{world.cases['published'].key}/", VISIBLE),
    "API case": (lambda world, _: f"/api/cases/{world.cases['published'].key}", VISIBLE),
    "crate": (lambda world, _: f"/cases/{world.cases['published'].key}/ro-crate-metadata.json", VISIBLE),
    "preview": (
        lambda world, _: f"/my/cases/{world.cases['published'].key}/preview/",
        by({"lead"}, REVIEWED),
    ),
    "review": (lambda world, _: f"/review/{world.review.key}/", by({"reviewer"}, REVIEWED)),
    "organiser's view": (
        lambda world, _: f"/organise/{world.calls['announced'].slug}/submissions/{world.submissions['submitted'].key}/",
        by({"organiser"}, REVIEWED),
    ),
    **{
        f"place of {state}": (
            place_of(state),
            dict.fromkeys(STATES, NOBODY) | {state: VISIBLE[state]},
        )
        for state in STATES
    },
}  # fmt: skip

# -- asking -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _django_db_helper() -> None:
    """No transaction for each test: :func:`world` holds one for all, and undoes what each question changed."""


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The world, made once; the database forgets it afterwards."""
    folder = tmp_path_factory.mktemp("world")
    roots = {name: folder / name for name in ("ARCHIVE_ROOT", "DERIVATIVES_ROOT", "INTAKE_ROOT", "RUNS_ROOT")}
    for root in roots.values():
        root.mkdir()
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    store.forget()
    with (
        django_db_blocker.unblock(),
        override_settings(**roots, FILE_UPLOAD_TEMP_DIR=roots["INTAKE_ROOT"]),
        transaction.atomic(),
    ):
        yield build()
        transaction.set_rollback(True)
    store.forget()


_counted: dict[str, int] = {}


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    """Tell how many cells were asked, where somebody counts them."""
    yield
    if target := os.environ.get("HEIRLOOM_MATRIX_REPORT"):
        Path(target).write_text(json.dumps(_counted))


def granted(response: Any) -> bool | None:
    """Whether the answer gives what was asked for; None where it is an error of ours."""
    if response.status_code >= 500:
        return None
    if response.status_code in (401, 403, 404):
        return False
    login = response.status_code == 302 and "/account/login/" in response["Location"]
    return not login


def check(world: World, name: str, row: Row) -> None:
    wrong = []
    for state, role, expected in row.cells():
        response = row.ask(world, state, role)
        _counted[name] = _counted.get(name, 0) + 1
        got = granted(response)
        if got is None or (expected is not None and got != expected):
            wrong.append(f"{role} × {state or 'any'}: {response.status_code}, expected {expected}")
        assert response.status_code != 405, f"{name} does not know {row.method}"
    assert not wrong, f"{name}: " + "; ".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_addresses_are_given_to_those_they_are_for(world: World, name: str) -> None:
    check(world, name, PAGES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_given_to_those_they_are_for(world: World, name: str) -> None:
    check(world, name, OPERATIONS[name])


def kit_text(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as kit:
        return "\n".join(kit.read(name).decode("utf-8", "replace") for name in kit.namelist())


SELECTIONS = {"home"}
"""Pages that show the newest only: what is missing there is no fault."""


def check_words(name: str, told: Mapping[str, str], seen: Seen) -> None:
    wrong = []
    for role, text in told.items():
        for state, word in WORDS.items():
            _counted[f"words: {name}"] = _counted.get(f"words: {name}", 0) + 1
            told_of, may = word.lower() in text.lower(), role in seen[state]
            if told_of != may and (told_of or name not in SELECTIONS):
                wrong.append(f"{role} {'misses' if role in seen[state] else 'is told of'} {state}")
    assert not wrong, f"{name}: " + "; ".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", SURFACES)
def test_lists_and_cases_tell_nobody_of_what_they_may_not_see(world: World, name: str) -> None:
    path, seen = SURFACES[name]
    address = path if isinstance(path, str) else path(world, "")
    told = {role: world.ask(role, "GET", address).body.decode("utf-8", "replace") for role in ROLES}
    check_words(name, told, seen)


@pytest.mark.slow
def test_a_kit_carries_only_what_is_open_to_all(world: World) -> None:
    path = f"/cases/{world.cases['published'].key}/kit.zip"
    told = {role: kit_text(world.ask(role, "GET", path).body) for role in ROLES}
    check_words("kit", told, CARRIED)


@pytest.mark.slow
def test_facets_places_and_clusters_count_only_what_is_seen(world: World) -> None:
    wrong = []
    for role in ROLES:
        forms = {value["value"] for value in json.loads(world.ask(role, "GET", "/api/facets").body)["form"]}
        places = {one["key"] for one in json.loads(world.ask(role, "GET", "/api/places").body)["results"]}
        clusters = {one["place"] for one in json.loads(world.ask(role, "GET", "/api/map").body)}
        page = world.ask(role, "GET", "/explore/").body.decode()
        points = world.ask(role, "GET", "/map/").body.decode()
        for number, state in enumerate(WORDS):
            key, expected = world.places[state].key, role in VISIBLE[state]
            listed = role in LISTED[state]
            got = {
                "facets": ((f"form{number}" in forms), expected),
                "places": ((key in places), expected),
                "clusters": ((key in clusters), expected),
                "facets of the page": ((f"form{number}" in page.lower()), listed),
                "points of the map": ((key in points), listed),
            }
            for what, (is_there, should) in got.items():
                _counted["words: facets and maps"] = _counted.get("words: facets and maps", 0) + 1
                if is_there != should:
                    wrong.append(f"{what}: {role} {'is told of' if is_there else 'misses'} {state}")
    assert not wrong, "; ".join(wrong)


@pytest.mark.slow
def test_change_discovery_tells_as_present_only_what_is_open_to_all(world: World) -> None:
    page = json.loads(world.ask("superuser", "GET", "/iiif/discovery/1/activity").body)["first"]
    activities = []
    while page is not None:
        body = json.loads(world.ask("superuser", "GET", urlsplit(page["id"]).path).body)
        activities += body["orderedItems"]
        page = body.get("next")
    present = {one["object"]["id"] for one in activities if one["type"] != "Delete"}
    for state, item_ in world.items.items():
        assert any(item_.key in identifier for identifier in present) == (state == "public"), state
        told = any(item_.key in one["object"]["id"] for one in activities)
        if state in ("signed-in", "members", "stewards", "attribute"):
            assert not told, state


# -- the tables are whole ---------------------------------------------------------------------------------------------


def patterns() -> Iterator[str]:
    """Every address by its name, or by its route where it has none; operations of the API stand in their own table."""

    def walk(resolver: URLResolver, route: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            here = route + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one, here)
            elif not here.startswith("api/") or one.name in (
                "api-root",
                "openapi-json",
                "openapi-view",
                "sensorthings",
            ):
                yield one.name or here

    yield from walk(get_resolver(), "")


def test_every_address_is_in_the_table() -> None:
    known = {name.partition("#")[0] for name in PAGES}
    there = set(patterns())
    assert there - known == set(), "addresses without a row in PAGES"
    assert known - there == set(), "rows in PAGES without an address"


def test_every_operation_is_in_the_table() -> None:
    there = {operation["id"] for operation in docs.operations(api.get_openapi_schema())}
    assert there == set(OPERATIONS)
