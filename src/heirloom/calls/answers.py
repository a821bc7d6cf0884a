"""Answers to a call's questions: read as they are typed, checked when they are submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heirloom.cases.reading import Reader
from heirloom.errors import gettext_noop

from .errors import NotEligible, NotReadyToSubmit
from .models import Question

LONGEST = 20_000


def read_answers(reader: Reader, questions: Sequence[Question]) -> dict[str, Any]:
    """Return the answers of a draft by question: text as written, numbers, choices, yes or no.

    A draft may be incomplete; what is there must have the right form.

    Raises:
        InvalidContent: naming the question.
    """
    given = reader.value.get("answers") or {}
    answers = Reader(given, "answers")
    return {
        question.slug: value
        for question in questions
        if question.slug in given and (value := _read(answers, question)) not in (None, "")
    }


def _read(answers: Reader, question: Question) -> str | int | bool | None:
    slug = question.slug
    if question.kind == Question.Kind.NUMBER:
        return answers.number_or_none(slug, 0, 10**12)
    if question.kind == Question.Kind.YES_NO:
        value = answers.value.get(slug)
        return {"yes": True, "no": False, True: True, False: False}.get(value)
    if question.kind == Question.Kind.CHOICE:
        value = answers.text(slug, 50)
        if value and value not in {choice["value"] for choice in question.choices}:
            raise answers.refuse(slug, gettext_noop("Choose one of the offered values."))
        return value
    return answers.text(slug, question.max_length or LONGEST)


def check_answers(answers: Mapping[str, Any], questions: Sequence[Question]) -> None:
    """Refuse an application that leaves a required question open or is not eligible.

    Raises:
        NotReadyToSubmit, NotEligible.
    """
    missing = [question for question in questions if question.required and question.slug not in answers]
    if missing:
        raise NotReadyToSubmit(
            problem=gettext_noop("a required question has no answer."), questions=[q.slug for q in missing]
        )
    for question in questions:
        if question.eligibility and answers.get(question.slug) is not question.required_answer:
            raise NotEligible(question=question.text.text(["en"]), slug=question.slug)
