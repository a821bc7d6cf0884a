"""The API against its own description: what it says it takes and answers is what it takes and answers."""

from __future__ import annotations

import json
import os
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import signals
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as run_settings
from tests.factories.calls import make_call, make_submission
from tests.factories.cases import CONSENT, make_case
from tests.factories.catalogue import make_kept_item, make_place
from tests.factories.people import make_user

from heirloom.calls import review_actions
from heirloom.cases import actions as case_actions
from heirloom.cases.models import Run
from heirloom.web.api.app import api, description

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("installation"),
]

EXAMPLES = int(os.environ.get("HEIRLOOM_SCHEMATHESIS_EXAMPLES", "5"))
SEED = 20260701
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
_asked: dict[str, int] = {}


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    """Tell how many requests were made, where somebody counts them."""
    yield
    if target := os.environ.get("HEIRLOOM_SCHEMATHESIS_REPORT"):
        Path(target).write_text(json.dumps(_asked))


def one_of_each() -> tuple[dict[str, Any], dict[str, str]]:
    """An account with something of each kind: what its requests carry, and keys of things by the part of the address they stand in."""
    user = make_user(grants=["organiser", "cataloguer"], superuser=True)
    call, _ = make_call(user)
    place = make_place(longitude=102.1, latitude=19.9)
    item = make_kept_item(user, places=[place])
    case = make_case(user, cover=item.key)
    case_actions.publish(user, case_actions.seal(user, case, consent=CONSENT))
    submission = make_submission(call, user, submitted=False)
    other, organiser = make_call()
    from heirloom.calls import actions

    actions.set_call_member(organiser, other, user, "reviewer")
    review = review_actions.assign(organiser, make_submission(other), user)
    run = Run.objects.create(method="diversity.coverage", method_version="1", requested_by=user)
    client = Client()
    client.force_login(user)
    token = client.get("/api/me").json()["csrf_token"]
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    headers = {"X-CSRFToken": token, "Accept-Encoding": "identity"}
    keys = {
        "items": item.key,
        "places": place.key,
        "cases": case.key,
        "submissions": submission.key,
        "reviews": review.key,
        "runs": run.key,
        "calls": call.slug,
    }
    return {"headers": headers, "cookies": cookies}, keys


def test_the_api_answers_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.handlers.wsgi import WSGIHandler

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    session, keys = one_of_each()
    # The session is given below; a description without it would only be a description of the test client.
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(json.loads(description()), config=config)
    # The connection is the test's, as with Django's own test client.
    monkeypatch.setattr(signals.request_started, "send", lambda **_: [])
    monkeypatch.setattr(signals.request_finished, "send", lambda **_: [])
    handler = WSGIHandler()

    def answered(environ: Any, start: Any) -> list[bytes]:
        response = handler(environ, start)
        try:
            return [*response]
        finally:
            response.close()  # as a server does, so that uploads are closed with it

    schema.app = answered
    schema.location = "/api/openapi.json"
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == sum(len(methods) for methods in api.get_openapi_schema()["paths"].values())
    problems = []
    for operation in operations:
        takes = bool(
            operation.definition.raw.get("parameters") or operation.definition.raw.get("requestBody")
        )
        for mode in (
            (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if takes else (GenerationMode.POSITIVE,)
        ):
            try:
                explore(operation, mode, session, keys)
            except BaseExceptionGroup as error:  # all of them are told together
                problems.append(f"{operation.method.upper()} {operation.path}, {mode.value}: {error}")
    assert not problems, "\n\n".join(problems)
    good = {
        label.rpartition(" positive ")[0] for label in _asked if label.rpartition(" ")[2] in ("200", "201")
    }
    assert len(good) > len(operations) // 2, f"only {sorted(good)} were ever asked well"


def explore(operation: Any, mode: Any, session: dict[str, Any], keys: dict[str, str]) -> None:
    """Ask an operation with what fits (half of it about things that are there), or with what does not."""
    choice = random.Random(SEED)
    checks = [*CHECKS, negative_data_rejection] if mode == GenerationMode.NEGATIVE else CHECKS

    @seed(SEED)
    @run_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if mode == GenerationMode.POSITIVE and case.path_parameters and choice.random() < 0.7:
            part = operation.path.split("/{")[0].rpartition("/")[2]
            name = next(iter(case.path_parameters))
            case.path_parameters = {**case.path_parameters, name: keys.get(part, case.path_parameters[name])}
        if mode == GenerationMode.POSITIVE and operation.label == "POST /api/runs" and choice.random() < 0.7:
            case.body = {**case.body, "method": "diversity.coverage", "case": None}
        with transaction.atomic():
            response = case.call(base_url="http://localhost", **session)
            transaction.set_rollback(True)
        answered = f"{operation.label} {mode.value} {response.status_code}"
        _asked[answered] = _asked.get(answered, 0) + 1
        case.validate_response(response, checks=checks)

    ask()
