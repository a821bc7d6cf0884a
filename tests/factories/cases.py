"""Cases for tests."""

from __future__ import annotations

from typing import Any

from heirloom.cases import actions, content
from heirloom.cases.models import Case
from heirloom.cases.queries import with_content
from heirloom.people.models import User
from heirloom.text import Translated

CONSENT = {"agreed": True, "by": "the people of the case"}


def make_case(by: User, title: str = "River songs", *, ready: bool = True, **parts: Any) -> Case:
    """Create a case; a ready one has what a seal needs. ``parts`` replace parts of its content."""
    case = actions.create_case(by, Translated({"en": title}))
    if ready or parts:
        edit_case(
            by,
            case,
            **{
                "summary": {"en": {"text": "Songs of boat people, recorded with them.", "origin": "human"}},
                "sections": [
                    {
                        "heading": {"en": {"text": "What we did", "origin": "human"}},
                        "body": {"en": {"text": "We listened first.", "origin": "human"}},
                    }
                ],
                **parts,
            },
        )
    return with_content(Case.objects.filter(pk=case.pk)).get()


def edit_case(by: User, case: Case, **parts: Any) -> Case:
    """Change parts of a case's content."""
    fresh = with_content(Case.objects.filter(pk=case.pk)).get()
    return actions.save_content(by, fresh, {**content.describe(fresh), **parts}, revision=fresh.revision)
