"""Builds the demonstration by the same actions that people use: nothing here writes a row by itself."""

from __future__ import annotations

import csv
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from heirloom.calls import actions as call_actions
from heirloom.calls import review_actions
from heirloom.calls.collection import publish_collection
from heirloom.calls.models import Call, CallMember, Decision, Submission
from heirloom.cases import actions as case_actions
from heirloom.cases import content, run_actions
from heirloom.cases.models import Case, Run
from heirloom.cases.queries import with_content
from heirloom.catalogue.actions import create_item
from heirloom.catalogue.actions_media import add_media
from heirloom.catalogue.actions_shared import ensure_place, ensure_term
from heirloom.catalogue.models import Item, Place, Term
from heirloom.operate.work import work
from heirloom.people import actions as people
from heirloom.people.models import Grant, User
from heirloom.text import Translated

from . import panel, pictures
from .words import CALL_TEXTS, Words, load

Tell = Callable[[str], None]
CONSENT = {"agreed": True, "note": "Illustrative: agreement is part of the demonstration."}
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
SOURCE = {
    "title": (
        "Report of the briefing of the 2025 Call for Cases, 21 January 2026, Beijing. CRI Online, 4 February 2026"
    ),
    "url": "",
}


class Demo:
    """The demonstration on its way: people, words and what was made."""

    def __init__(self, tell: Tell, folder: Path) -> None:
        self.tell = tell
        self.folder = folder
        self.words = Words()
        self.illustrations = load("illustrations.json")
        self.password = _password()
        self.organiser = self.person(
            "organiser@example.org", "Organiser (illustrative)", Grant.Role.ORGANISER
        )
        for role in (Grant.Role.CATALOGUER, Grant.Role.ARCHIVIST):
            people.grant(None, self.organiser, role)
        self.reviewers = [
            self.person(f"reviewer{number}@example.org", f"Reviewer {number} (illustrative)")
            for number in (1, 2, 3)
        ]
        self.applicant = self.person("applicant@example.org", "Applicant (illustrative)")
        self.places: dict[str, Place] = {}
        self.terms: dict[str, Term] = {}

    def person(self, email: str, name: str, role: Grant.Role | None = None) -> User:
        user = User.objects.filter(email=email).first() or User.objects.create_user(
            email, self.password, name=name, language="en"
        )
        if role is not None:
            people.grant(None, user, role)
        return user

    # -- the catalogue -------------------------------------------------------------------------------------------

    def vocabulary(self) -> None:
        for key, place in load("places.json").items():
            name = self.words.label(place.pop("name"))
            self.places[key] = ensure_place(self.organiser, name=name, **place)
        for name, labels in load("terms.json").items():
            scheme, code = name.split(":", 1)
            self.terms[name] = ensure_term(
                self.organiser, scheme=scheme, code=code, label=self.words.label(labels)
            )

    def illustration(self, name: str, places: Iterable[Place] = (), *, large: bool = False) -> Item:
        """Describe an illustrative picture and take it in."""
        texts = self.illustrations["pictures"][name]
        return self.take_picture(
            pictures.write(name, self.folder / f"{name}.jpg", large=large),
            **texts,
            description=self.illustrations["description"],
            caption=self.illustrations["caption"],
            terms=["technique:procedural-pattern"],
            places=places,
        )

    def take_picture(
        self,
        path: Path,
        *,
        title: str,
        description: str,
        alt: str,
        caption: str,
        terms: Iterable[str],
        places: Iterable[Place] = (),
    ) -> Item:
        """Describe a picture that was computed, in English words of the content, and take it in."""
        item = create_item(
            self.applicant,
            kind=Item.Kind.IMAGE,
            title=self.words(title),
            description=self.words(description),
            illustrative=True,
            rights=CC0,
            rights_holder="Heirloom (computed)",
            date=str(timezone.now().year),
            places=list(places),
            terms=[self.terms[name] for name in terms],
        )
        add_media(self.applicant, item, path, path.name, alt=self.words(alt), caption=self.words(caption))
        return Item.objects.get(pk=item.pk)

    # -- cases ---------------------------------------------------------------------------------------------------

    def told(self, data: Mapping[str, Any], shown: Mapping[int, dict[str, str]]) -> dict[str, Any]:
        """Return the parts of a case that its file tells, for ``save_content``.

        Args:
            shown: what stands in a section, by its number: ``{"item": key}`` or ``{"run": key}``.
        """
        return {
            "summary": self.words(data["summary"]).to_json(),
            "rights": CC_BY,
            "sections": [
                {
                    "heading": self.words(heading).to_json(),
                    "body": self.words(body).to_json(),
                    "item": None,
                    "run": None,
                }
                | shown.get(number, {})
                for number, (heading, body) in enumerate(data["sections"])
            ],
            "partners": [
                {
                    "name": self.words(name).to_json(),
                    "role": self.words(role).to_json(),
                    "uri": "",
                    "country": country,
                }
                for name, role, country in data.get("partners", ())
            ],
            "terms": [str(self.terms[name]) for name in data.get("terms", ())],
        }

    def case(self, data: Mapping[str, Any]) -> Case:
        """Tell one practice of the briefing."""
        places = [self.places[key] for key in data["places"]]
        cover = self.illustration(data["picture"], places)
        shown = {
            int(number): {"item": self.illustration(name, large=True).key}
            for number, name in data.get("details", {}).items()
        }
        case = case_actions.create_case(self.applicant, self.words(data["title"]))
        return self.tell_case(
            case,
            **self.told(data, shown),
            illustrative=True,
            sources=[SOURCE],
            cover=cover.key,
            places=[place.key for place in places],
        )

    def tell_case(self, case: Case, **parts: Any) -> Case:
        fresh = with_content(Case.objects.filter(pk=case.pk)).get()
        return case_actions.save_content(
            self.applicant, fresh, {**content.describe(fresh), **parts}, revision=fresh.revision
        )

    def diversity_case(self, cases: list[Case]) -> Case:
        """A case of our own: a real run over what this demonstration holds, with its real gaps."""
        data = load("study.json")
        table = self.folder / "records.csv"
        write_records(table, cases)
        case = case_actions.create_case(self.applicant, self.words(data["title"]))
        run = run_actions.request_run(
            self.applicant,
            "diversity.coverage",
            {"records": [table]},
            {
                "facets": ["language", "region", "form"],
                "reference_list": "lancang-mekong-languages",
                "minimum_records": 5,
            },
            case=case,
            title=self.words(data["run"]),
        )
        work(until_empty=True)
        run = Run.objects.get(pk=run.pk)
        if run.state != Run.State.DONE:
            raise RuntimeError(f"the diversity run ended as {run.state}: {run.error}")
        return self.tell_case(
            case,
            **self.told(data, {len(data["sections"]) - 1: {"run": run.key}}),
            cover=self.illustration(data["picture"]).key,
            skills=self.words(data["skills"]).to_json(),
        )

    # -- calls ---------------------------------------------------------------------------------------------------

    def call(self, data: Mapping[str, Any], **changes: Any) -> Call:
        texts = self.words.within({**data, **changes}, CALL_TEXTS)
        texts["sources"] = data["sources"]
        call = call_actions.create_call(self.organiser, texts["slug"], Translated.from_json(texts["title"]))
        call = call_actions.save_call(self.organiser, call, texts)
        for reviewer in self.reviewers:
            call_actions.set_call_member(
                self.organiser, call, reviewer, CallMember.Role.REVIEWER, languages=["en"], capacity=20
            )
        return call_actions.announce(self.organiser, call)

    def submit(self, call: Call, case: Case, theme: str) -> Submission:
        submission = call_actions.start_submission(self.applicant, call, case.title, case=case)
        answers = {
            "consent-of-community": "yes",
            "who-decides": "Illustrative answer: the partners named in the case.",
            "repeat": "Illustrative answer: see what the case says another place would need.",
            "scale": "country",
        }
        submission = call_actions.save_submission(
            self.applicant,
            submission,
            {"theme": theme, "language": "en", "answers": answers},
            revision=submission.revision,
        )
        return call_actions.submit(self.applicant, submission, consent=CONSENT)

    def review(self, call: Call, submissions: list[Submission]) -> None:
        """Assign and write illustrative reviews; the values follow from the case's key alone."""
        review_actions.assign_proposed(self.organiser, call)
        for submission in submissions:
            for review in submission.reviews.select_related("reviewer"):
                assert review.reviewer is not None
                scores = {
                    criterion.slug: 3 + (criterion.pk + submission.pk + review.reviewer.pk) % 3
                    for criterion in call.criteria.all()
                }
                review_actions.save_review(
                    review.reviewer,
                    review,
                    {
                        "scores": scores,
                        "for_applicant": "Illustrative: clear, and useful to others.",
                        "for_organisers": "Illustrative review.",
                        "confidence": 3,
                        "language": "en",
                    },
                    revision=review.revision,
                    final=True,
                )


def _password() -> str:
    """Return this demonstration's own password, made once and kept in its data folder."""
    path = Path(settings.DATA) / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text()


def write_records(path: Path, cases: Iterable[Case]) -> None:
    """Write the table that the diversity run counts: one case a row."""
    with path.open("w", newline="", encoding="utf-8") as target:
        table = csv.writer(target)
        table.writerow(["id", "language", "region", "form"])
        for case in cases:
            terms = list(case.terms.all())
            table.writerow(
                [
                    case.key,
                    ";".join(sorted(term.code for term in terms if term.scheme == Term.Scheme.LANGUAGE)),
                    ";".join(sorted({place.country for place in case.places.all() if place.country})),
                    ";".join(sorted(term.code for term in terms if term.scheme == Term.Scheme.FORM)),
                ]
            )


def build(tell: Tell) -> Demo | None:
    """Build the demonstration in this installation, once; return it, or ``None`` where it stands already."""
    if Call.objects.filter(slug="digital-environment-2025").exists():
        return None
    now = timezone.now()

    def around(opened: float, closed: float | None) -> dict[str, Any]:
        return {
            "opens_at": (now + timedelta(days=opened)).isoformat(),
            "closes_at": (now + timedelta(days=closed)).isoformat() if closed is not None else None,
        }

    open_now = [
        {"kind": kind, **around(-60, 60)} for kind in ("submission", "review", "decision", "publication")
    ]
    with tempfile.TemporaryDirectory(prefix="heirloom-demo-") as name:
        demo = Demo(tell, Path(name))
        tell("Places, languages and forms")
        demo.vocabulary()
        data = load("call-2025.json")
        tell("The 2025 call")
        call = demo.call(data, phases=open_now)
        told = load("cases.json")
        cases = []
        for case in told:
            tell(f"Case: {case['title']}")
            cases.append(demo.case(case))
        tell("A recorded run of diversity over these cases")
        own = [demo.diversity_case(cases)]
        if panel.possible():
            tell("A computed panel, from photos to measured change")
            own.append(panel.tell(demo))
        else:
            tell("No case about a computed panel: that needs the extra [condition]")
        tell("Applications, reviews, decisions (illustrative)")
        themes = [case["theme"] for case in told]
        submissions = [
            demo.submit(call, case, theme)
            for case, theme in zip(
                [*cases, *own], [*themes, *["heritage-protection"] * len(own)], strict=True
            )
        ]
        demo.review(call, submissions)
        reason = demo.words("Illustrative decision.")
        for submission in submissions:
            call_actions.decide(demo.organiser, submission, Decision.Outcome.ACCEPT, reason)
        call_actions.announce_decisions(demo.organiser, call)
        tell("The published collection")
        publish_collection(
            demo.organiser,
            call,
            demo.words("Global Digital Innovation Case Collection 2025"),
            demo.words(data["summary"]),
        )
        if len(own) > 1:
            tell("A second person repeats a run on another panel (illustrative)")
            panel.replicate(demo, own[1])
            tell("The same panel as a monitored place (illustrative)")
            panel.watch(demo, Case.objects.get(pk=own[1].pk))
        _close(demo, call, data, around)
        tell("A call that is open now (illustrative)")
        _open_call(demo, data, around)
    return demo


def _close(demo: Demo, call: Call, data: Mapping[str, Any], around: Callable[..., dict[str, Any]]) -> None:
    """Give the 2025 call its past dates."""
    past = [
        {"kind": "submission", **around(-200, -110)},
        {"kind": "review", **around(-109, -50)},
        {"kind": "decision", **around(-49, -30)},
        {"kind": "publication", **around(-29, None)},
    ]
    texts = demo.words.within({**data, "phases": past}, CALL_TEXTS)
    call_actions.save_call(demo.organiser, call, {**texts, "sources": data["sources"]})


def _open_call(demo: Demo, data: Mapping[str, Any], around: Callable[..., dict[str, Any]]) -> None:
    """Open a second call, with a draft and a case under review."""
    told = load("open-call.json")
    call = demo.call(
        {**data, "sources": []},
        **told["call"],
        phases=[
            {"kind": "submission", **around(-10, 80)},
            {"kind": "review", **around(-5, 120)},
            {"kind": "decision", **around(121, 140)},
            {"kind": "publication", **around(141, None)},
        ],
    )
    case = case_actions.create_case(demo.applicant, demo.words(told["case"]["title"]))
    demo.tell_case(case, **demo.told(told["case"], {}), illustrative=True)
    submission = demo.submit(call, Case.objects.get(pk=case.pk), "living-transmission")
    review_actions.assign(demo.organiser, submission, demo.reviewers[0])
    draft = case_actions.create_case(demo.applicant, demo.words(told["draft"]))
    call_actions.start_submission(demo.applicant, call, draft.title, case=draft)
