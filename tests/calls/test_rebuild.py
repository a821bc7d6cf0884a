"""The database deleted, and made again from the archive."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from tests.cases.test_runs import ask
from tests.factories.calls import accept, call_content, make_call, make_submission, words
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_community, make_protocol
from tests.factories.people import make_user

from heirloom.calls import actions
from heirloom.calls import rebuild as calls_rebuild
from heirloom.calls.collection import publish_collection
from heirloom.cases import actions as case_actions
from heirloom.cases import rebuild as cases_rebuild
from heirloom.cases import rules, run_actions
from heirloom.cases.models import Case, Run
from heirloom.catalogue import rebuild
from heirloom.operate.work import work
from heirloom.text import Translated

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]
TABLES = (*rebuild.CATALOGUE, *cases_rebuild.TABLES, *calls_rebuild.TABLES)


def test_every_row_of_a_published_collection_comes_back() -> None:
    call, organiser = make_call()
    applicant = make_user()
    case = make_case(applicant)
    run = ask(applicant, case=case)
    work(until_empty=True)
    again = run_actions.repeat_run(applicant, Run.objects.get(pk=run.pk))
    work(until_empty=True)
    edit_case(
        applicant,
        case,
        sections=[{"heading": words("Evidence"), "body": words("See."), "item": None, "run": run.key}],
        costs=[
            {
                "kind": "equipment",
                "what": words("A recorder"),
                "amount": "120.50",
                "currency": "LAK",
                "recurring": True,
            }
        ],
        reach=[{"who": words("Singers"), "number": 12, "women": 7, "evidence": words("A list.")}],
        goals=[{"goal": 5, "target": "5.5", "evidence": words("Women lead."), "item": None, "run": run.key}],
        partners=[{"name": words("A village"), "role": words("Leads"), "uri": "", "country": "LA"}],
        sources=[{"title": "A book", "url": ""}],
    )
    submission = make_submission(call, applicant, case=Case.objects.get(pk=case.pk))
    accept(submission, organiser)
    actions.announce_decisions(organiser, call)
    publish_collection(organiser, call, Translated({"en": "The songs"}), Translated({"en": "All."}))
    actions.save_call(organiser, call, call_content(title=words("Songs of rivers, closed")))
    before = rebuild.snapshot(TABLES)
    assert "closed" in before["Call"][0]
    assert all(before[name] for name in ("Case", "Seal", "Run", "Collection", "Entry", "Criterion", "Change"))
    assert again.repeats == run

    call_command("flush", interactive=False, verbosity=0)
    report = rebuild.rebuild()

    assert report.unread == {}
    assert rebuild.snapshot(TABLES) == before


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_protocol_laid_on_a_published_case_still_holds_after_a_rebuild(withdrawn: bool) -> None:
    lead, organiser = make_user(), make_user(grants=["organiser"])
    case = make_case(lead)
    case = case_actions.publish(
        organiser, case_actions.seal(lead, case, consent=CONSENT), because={"call": "x"}
    )
    assert rules.visible_case(None, case)
    if withdrawn:
        case = case_actions.withdraw(lead, case, "asked for")
    protocol = make_protocol("members", communities=[make_community()])
    edit_case(lead, case, protocol=protocol.key)
    edit_case(lead, case, title=words("A title that nobody sealed"))
    before = rebuild.snapshot([*TABLES])

    call_command("flush", interactive=False, verbosity=0)
    rebuild.rebuild()

    case = Case.objects.get(key=case.key)
    assert case.state == (Case.State.WITHDRAWN if withdrawn else Case.State.PUBLISHED)
    assert case.protocol is not None
    assert case.protocol.audience == "members"
    assert not rules.visible_case(None, case)
    assert rebuild.snapshot([*TABLES])["Change"] == before["Change"]


def test_a_protocol_lifted_from_a_published_case_stays_lifted_after_a_rebuild() -> None:
    lead, organiser = make_user(), make_user(grants=["organiser"])
    case = make_case(lead, protocol=make_protocol("signed-in").key)
    case = case_actions.publish(organiser, case_actions.seal(lead, case, consent=CONSENT))
    edit_case(lead, case, protocol=None)

    call_command("flush", interactive=False, verbosity=0)
    rebuild.rebuild()

    assert rules.visible_case(None, Case.objects.get(key=case.key))
