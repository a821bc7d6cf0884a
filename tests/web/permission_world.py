"""One small world with every role, every state of an item, and cases, runs, calls and reviews in theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone
from tests.factories.calls import accept, make_call, make_review, make_reviewer, make_submission
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import (
    make_agent,
    make_community,
    make_item,
    make_kept_item,
    make_place,
    make_protocol,
    make_term,
)
from tests.factories.people import make_user
from tests.factories.sites import make_monitored

from heirloom.calls import actions as call_actions
from heirloom.calls import collection, review_actions
from heirloom.calls.models import Submission
from heirloom.cases import actions as case_actions
from heirloom.cases.models import Case, CaseMember, Run
from heirloom.catalogue import store
from heirloom.catalogue.models import Contribution, Item, Media, Membership
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.addresses import image_service, media_url

ROLES = (
    "anonymous",
    "stranger",
    "member",
    "woman",
    "steward",
    "owner",
    "lead",
    "applicant",
    "reviewer",
    "conflicted",
    "organiser",
    "cataloguer",
    "superuser",
)
"""``woman`` is a member whose membership has the attribute that one protocol asks for; ``conflicted`` a reviewer of the call with
a conflict of interest; ``lead`` leads the cases, ``applicant`` applied with one and no longer works on it."""

WORDS = {
    "public": "Amberquill",
    "signed-in": "Basaltfern",
    "members": "Cinderlotus",
    "stewards": "Driftmoss",
    "season": "Emberreed",
    "attribute": "Flintorchid",
    "draft": "Gravelmint",
    "withdrawn": "Hazelstone",
}
"""States of an item, each with a word of its title that stands nowhere else."""

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@dataclass
class World:
    """Everything by its role or state."""

    people: dict[str, User] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    seals: dict[str, int] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    calls: dict[str, Any] = field(default_factory=dict)
    review: Any = None
    community: Any = None
    agents: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Any] = field(default_factory=dict)
    monitored: dict[str, Any] = field(default_factory=dict)
    collection: Any = None
    sessions: dict[str, str] = field(default_factory=dict)

    def ask(self, role: str, method: str, path: str, **more: Any) -> Any:
        """Ask as *role*; whatever it changes in the database is undone."""
        client = Client(raise_request_exception=False)
        if role != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        with transaction.atomic():
            response = client.generic(method, path, **more)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        response.body = body
        return response

    def media_path(self, state: str) -> str:
        return media_url(self.items[state].key, self.media[state].sha512)

    def image_path(self, state: str) -> str:
        return f"{image_service(self.items[state].key, self.media[state].sha512)}/info.json"


def _no_season() -> list[list[str]]:
    """A season that does not hold today, in whatever time zone."""
    day = timezone.localdate() + timedelta(days=90)
    return [[f"{day:%m-%d}", f"{day + timedelta(days=3):%m-%d}"]]


def _people(world: World) -> None:
    grants: Mapping[str, list[str]] = {"organiser": ["organiser"], "cataloguer": ["cataloguer"]}
    for role in ROLES[1:]:
        world.people[role] = make_user(
            f"{role}@example.org",
            name=f"Person {role}",
            grants=grants.get(role, []),
            superuser=role == "superuser",
        )
        client = Client()
        client.force_login(world.people[role])
        world.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
    who = world.people
    world.community = make_community(
        "river", stewards=[who["steward"]], members=[who["member"], who["woman"]]
    )
    Membership.objects.filter(user=who["woman"]).update(attributes={"gender": "women"})


def _items(world: World) -> None:
    for number, (state, word) in enumerate(WORDS.items()):
        place = make_place(f"Hill {number}", longitude=-170.0 + 40 * number, latitude=5.0)
        item = make_kept_item(
            world.people["cataloguer"],
            title=Translated({"en": f"{word} lantern"}),
            places=[place],
            terms=[make_term("form", f"form{number}")],
            communities=[world.community],
        )
        agent = make_agent(f"Maker {number}")
        Contribution.objects.create(item=item, agent=agent, role="cre")
        world.items[state], world.places[state], world.agents[state] = item, place, agent
        world.media[state] = item.media.get()
    Item.objects.update(owner=world.people["owner"])
    # Facets with one value are not offered: this one gives everybody a second.
    make_item(title="Plain bench", terms=[make_term("form", "bench")], owner=world.people["owner"])


def _close(world: World) -> None:
    """Bring every item into its state, after the cases were sealed with them."""
    one = [world.community]
    protocols = {
        "signed-in": make_protocol("signed-in", communities=one),
        "members": make_protocol("members", communities=one),
        "stewards": make_protocol("stewards", communities=one),
        "season": make_protocol("public", communities=one, seasons=_no_season()),
        "attribute": make_protocol("members", communities=one, attributes={"gender": ["women"]}),
    }
    for state, item in world.items.items():
        rows = Item.objects.filter(pk=item.pk)
        if state in protocols:
            rows.update(protocol=protocols[state])
        elif state != "public":
            rows.update(state=state)
        world.items[state] = rows.get()


def _shown_case(world: World, title: str) -> Case:
    """A case that shows every item."""
    return make_case(world.people["lead"], title, sections=_sections(world))


def _run(world: World, case: Case, state: str = "done") -> Run:
    run = Run.objects.create(
        case=case,
        method="diversity.coverage",
        method_version="1.0.0",
        state=state,
        title=Translated({"en": "A count"}),
        requested_by=world.people["lead"],
        progress=1.0 if state == "done" else 0.0,
    )
    if state == "done":
        version = store.archive().write(
            object_id("run", run.key),
            {"outputs/picture.svg": SVG, "run.json": b"{}"},
            message="done",
            agent=store.SYSTEM,
        )
        info = store.archive().files(object_id("run", run.key))["outputs/picture.svg"]
        run.outputs = [
            {
                "path": "outputs/picture.svg",
                "output": "picture",
                "media_type": "image/svg+xml",
                "size": info.size,
                "sha512": info.sha512,
            }
        ]
        run.object_version, run.digest = version.number, version.digest
        run.save()
    return run


def _cases(world: World) -> None:
    lead, organiser = world.people["lead"], world.people["organiser"]
    published = _shown_case(world, "Open river songs")
    run = _run(world, published)
    first = {
        "heading": {"en": {"text": "A run", "origin": "human"}},
        "body": {"en": {"text": "We counted.", "origin": "human"}},
        "run": run.key,
    }
    edit_case(lead, published, sections=[first, *_sections(world)])
    world.runs["published"] = run
    world.cases["published"] = published
    for state, title in (("members", "Members' river songs"), ("withdrawn", "Withdrawn river songs")):
        world.cases[state] = make_case(lead, title)
    for state in ("published", "members", "withdrawn"):
        seal = case_actions.seal(lead, world.cases[state], consent=CONSENT)
        case_actions.publish(organiser, seal)
        world.seals[state] = seal.number
    Case.objects.filter(pk=world.cases["members"].pk).update(
        protocol=make_protocol("members", communities=[world.community])
    )
    withdrawn = Case.objects.get(pk=world.cases["withdrawn"].pk)
    case_actions.withdraw(organiser, withdrawn, "asked")
    world.cases["preparation"] = make_case(lead, "River songs in preparation")
    world.seals["preparation"] = 1
    world.runs["private"] = _run(world, world.cases["preparation"])
    world.runs["waiting"] = _run(world, world.cases["preparation"], "queued")


def _sections(world: World) -> list[dict[str, Any]]:
    return [
        {
            "heading": {"en": {"text": "A thing", "origin": "human"}},
            "body": {"en": {"text": "We listened first.", "origin": "human"}},
            "item": item.key,
        }
        for item in world.items.values()
    ]


def _apply(world: World, call: Any, title: str, *, submitted: bool) -> Submission:
    """A submission by the applicant with a case that the lead leads; the applicant no longer works on it."""
    case = _shown_case(world, title)
    applicant = world.people["applicant"]
    member = CaseMember.objects.create(case=case, user=applicant, role=CaseMember.Role.LEAD)
    submission = make_submission(call, applicant, case=case, submitted=submitted)
    member.delete()
    return submission


def _calls(world: World) -> None:
    organiser, reviewer = world.people["organiser"], world.people["reviewer"]
    call, _ = make_call(organiser)
    world.calls["announced"] = call
    world.calls["draft"], _ = make_call(organiser, announced=False)
    for role in ("reviewer", "conflicted"):
        call_actions.set_call_member(organiser, call, world.people[role], "reviewer")
    world.submissions["submitted"] = _apply(world, call, "Submitted river songs", submitted=True)
    world.submissions["draft"] = _apply(world, call, "Drafted river songs", submitted=False)
    world.review = review_actions.assign(organiser, world.submissions["submitted"], reviewer)
    conflicted = world.people["conflicted"]
    review_actions.assign(organiser, world.submissions["submitted"], conflicted)
    review_actions.declare_conflict(conflicted, world.submissions["submitted"], conflicted, "family")
    done, _ = make_call(organiser)
    accepted = make_submission(done, world.people["lead"], case=_shown_case(world, "Accepted river songs"))
    make_review(accepted, organiser, make_reviewer(done, organiser))
    accept(accepted, organiser)
    call_actions.announce_decisions(organiser, done)
    world.collection = collection.publish_collection(organiser, done, done.title, done.summary)
    world.calls["done"] = done


def _monitored(world: World) -> None:
    owner, one = world.people["owner"], [world.community]
    bound = make_protocol("members", communities=one)
    world.monitored["shown"] = make_monitored(owner)
    world.monitored["members"] = make_monitored(owner, protocol=bound, communities=one)
    world.monitored["private"] = make_monitored(owner, state="private", communities=one)


def build() -> World:
    """Make the world; inside a transaction that is rolled back afterwards."""
    world = World()
    _people(world)
    _items(world)
    _cases(world)
    _calls(world)
    _close(world)
    _monitored(world)
    return world
