"""A call with everybody in it, signed-in browsers, and what every page must hold, for tests of pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.test import Client

from heirloom.calls import review_actions
from heirloom.calls.models import Call, Review, Submission
from heirloom.people.models import User

from .calls import make_call, make_reviewer, make_submission
from .cases import make_case
from .people import make_user

BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser(user: User | None = None) -> Client:
    """Return a client, signed in as *user*; errors of views become answers, as for people."""
    client = Client(raise_request_exception=True)
    if user is not None:
        client.force_login(user, BACKEND)
    return client


@dataclass
class Scene:
    """An announced call with one submitted case under review."""

    call: Call
    organiser: User
    applicant: User
    reviewer: User
    conflicted: User
    other: User
    other_organiser: User
    submission: Submission
    review: Review
    lost_review: Review

    def who(self, role: str) -> User | None:
        return None if role == "anonymous" else getattr(self, role)


ROLES = ("anonymous", "applicant", "other", "reviewer", "conflicted", "organiser", "other_organiser")


def make_scene(**case_parts: Any) -> Scene:
    """Make a blind call whose phases are all open; needs the ``installation`` fixture."""
    call, organiser = make_call(reviews_per_submission=2)
    applicant = make_user(name="Applicant Noy", email="noy@boats.example")
    case = make_case(applicant, "River songs", **case_parts)
    submission = make_submission(call, applicant, case=case)
    reviewer, conflicted = (
        make_reviewer(call, organiser, name=name) for name in ("Reviewer Li", "Reviewer Su")
    )
    review = review_actions.assign(organiser, submission, reviewer)
    lost = review_actions.assign(organiser, submission, conflicted)
    review_actions.declare_conflict(conflicted, submission, conflicted, "family", "my cousin")
    _other_call, other_organiser = make_call()
    return Scene(
        call,
        organiser,
        applicant,
        reviewer,
        conflicted,
        make_user(name="Passer-by"),
        other_organiser,
        Submission.objects.get(pk=submission.pk),
        Review.objects.get(pk=review.pk),
        Review.objects.get(pk=lost.pk),
    )


class Page(HTMLParser):
    """The parts of a page that rules are about."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: Counter[str] = Counter()
        self.fields: list[dict[str, str]] = []
        self.labels: set[str] = set()
        self.described: set[str] = set()
        self.fragments: set[str] = set()
        self.headings: list[int] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.values: dict[str, list[str]] = {}
        self._in_label = 0
        self._textarea = ""
        self._select, self._first = "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("id"):
            self.ids[given["id"]] += 1
        self.described |= set(given.get("aria-describedby", "").split())
        self.described |= set(given.get("aria-labelledby", "").split())
        if given.get("href", "").startswith("#"):
            self.fragments.add(given["href"][1:])
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"inline style or script on <{tag}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.faults.append("inline script")
        if tag == "img" and "alt" not in given:
            self.faults.append("picture without alt")
        if tag == "label":
            self._in_label += 1
            self.labels.add(given.get("for", ""))
        if tag in {"input", "select", "textarea"} and given.get("type") not in {"hidden", "submit"}:
            named = self._in_label or "aria-label" in given or "aria-labelledby" in given
            self.fields.append({**given, "tag": tag, "inside": "yes" if named else ""})
        if tag == "input":
            if given.get("type") in {"checkbox", "radio"}:
                if "checked" in given:
                    self.values.setdefault(given.get("name", ""), []).append(given.get("value", "on"))
            elif given.get("name"):
                self.values.setdefault(given["name"], []).append(given.get("value", ""))
        if tag == "select":
            self._select, self._first = given.get("name", ""), True
        if tag == "option":
            # Without a chosen one, browsers send the first.
            if self._first or "selected" in given:
                self.values[self._select] = [given.get("value", "")]
            self._first = False
        if tag == "textarea":
            self._textarea = given.get("name", "")
            self.values.setdefault(self._textarea, []).append("")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._in_label -= 1
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            kept = self.values[self._textarea]
            kept[-1] = (kept[-1] + data).removeprefix("\n")
        elif data.strip():
            self.words.append(data.strip())

    def problems(self) -> list[str]:
        """Return what is wrong with the page's structure."""
        found = list(self.faults)
        found += [f"id {name} stands {count} times" for name, count in self.ids.items() if count > 1]
        found += [f"nothing has the id {name}" for name in sorted(self.described - set(self.ids))]
        found += [f"nothing has the id {name}" for name in sorted(self.fragments - set(self.ids) - {""})]
        found += [
            f"{field['tag']} {field.get('name')} has no label"
            for field in self.fields
            if not field["inside"] and field.get("id") not in self.labels
        ]
        if self.headings.count(1) != 1:
            found.append(f"{self.headings.count(1)} first headings")
        found += [
            f"h{before} is followed by h{after}"
            for before, after in zip(self.headings, self.headings[1:], strict=False)
            if after > before + 1
        ]
        return found


def read(response: Any) -> Page:
    """Return the page of a response, after checking its structure and that it is not for every cache."""
    page = Page(response.content.decode())
    assert page.problems() == []
    assert "form-action" in response.headers["Content-Security-Policy"]
    return page


__all__ = ["ROLES", "Page", "Scene", "browser", "make_scene", "read", "settings"]
