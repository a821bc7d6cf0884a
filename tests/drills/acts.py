"""What the drills interrupt, and how a person or a worker takes it up again.

Each act works on a real installation (``HEIRLOOM_DATA``) and may be called any number of times: called again after it was
cut off at any instant, it must complete. :func:`prepare` makes the installation that all acts start from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from heirloom.calls import actions as call_actions
from heirloom.calls.collection import publish_collection
from heirloom.calls.models import Call, Collection
from heirloom.cases import actions as case_actions
from heirloom.cases import run_actions
from heirloom.cases.models import Case, Run, Seal
from heirloom.catalogue import actions, actions_media
from heirloom.catalogue.actions_ingest import ingest_records
from heirloom.catalogue.importers.draft import ItemDraft, MediaDraft, TermDraft
from heirloom.catalogue.models import Item
from heirloom.operate.serve import prepare as migrate
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.people.models import User
from heirloom.text import Translated
from tests.factories import calls as call_factory
from tests.factories.cases import CONSENT, make_case
from tests.factories.catalogue import make_kept_item
from tests.factories.people import make_user

RECORDS = 45
CASES = 8
ACCEPTED = 3
RUNS = 2
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


def _pictures() -> list[Path]:
    return sorted((Path(settings.DATA) / "source").iterdir())


def prepare() -> None:
    """Make an installation with everything that the acts need, and nothing of what they make."""
    import pyvips

    migrate()
    source = Path(settings.DATA) / "source"
    source.mkdir()
    for number in range(3):
        picture = pyvips.Image.xyz(320, 240)[0].linear(0.5 + number / 4, 20 * number).cast("uchar")
        picture.write_to_file(str(source / f"ຮູບ {number}.png"))
    organiser = make_user("organiser@example.org", grants=["organiser", "cataloguer"])
    applicant = make_user("applicant@example.org")
    for number in range(3):
        actions.create_item(organiser, kind="image", title=Translated({"en": f"Desk {number}"}), rights=CC0)
    for number in range(CASES):
        shown = make_kept_item(organiser) if number < 2 else None
        make_case(applicant, f"Sealed {number}", **_sections(shown))
    call, _ = call_factory.make_call(organiser)
    for number in range(ACCEPTED):
        shown = make_kept_item(applicant, publish=False)
        case = make_case(applicant, f"Accepted {number}", **_sections(shown))
        call_factory.accept(call_factory.make_submission(call, applicant, case=case), organiser)
    call_actions.announce_decisions(organiser, call)


def _sections(shown: Item | None) -> dict[str, Any]:
    words = {"en": {"text": "ນີ້ແມ່ນ what we did.", "origin": "human"}}
    return {"sections": [{"heading": words, "body": words, "item": shown.key if shown else None}]}


# -- the acts --------------------------------------------------------------------------------------------------------


def ingest() -> None:
    """An import of records with pictures, and pictures added and items published one by one."""
    organiser = _person("organiser")
    pictures = _pictures()
    drafts = (
        ItemDraft(
            "museum",
            str(number),
            kind="object",
            title=Translated({"en": f"Record {number}", "lo": f"ບັນທຶກ {number}"}),
            rights=CC0,
            terms=(TermDraft("material", f"m{number % 4}", Translated({"en": "silk"})),),
            media=(MediaDraft(pictures[number % 3].name, pictures[number % 3]),) if number % 3 == 0 else (),
        )
        for number in range(RECORDS)
    )
    ingest_records(organiser, drafts, batch=9)
    for item in Item.objects.filter(title__icontains="Desk", kind="image").order_by("pk"):
        if not item.media.exists():
            with pictures_open(item.pk % 3) as stream:
                actions_media.add_media(organiser, item, stream, "desk.png")
        if item.state == Item.State.DRAFT:
            actions.publish_item(organiser, Item.objects.get(pk=item.pk))


def pictures_open(number: int) -> Any:
    return _pictures()[number].open("rb")


def seal() -> None:
    """Every case that has no seal yet is sealed."""
    applicant = _person("applicant")
    for case in Case.objects.filter(seals=None, title__icontains="Sealed").order_by("pk"):
        case_actions.seal(applicant, case, consent=CONSENT)


def run() -> None:
    """A person asks for runs; a worker does them, and what an earlier worker left."""
    import tempfile

    applicant = _person("applicant")
    with tempfile.TemporaryDirectory(dir=settings.DATA) as folder:
        inputs, params = registry.pathway("diversity").fixture("coverage", Path(folder))
        while Run.objects.count() < RUNS:
            run_actions.request_run(applicant, "diversity.coverage", inputs, params)
        for failed in Run.objects.filter(state=Run.State.FAILED, repeated_by=None):
            run_actions.repeat_run(applicant, failed)
    work(until_empty=True)


def publish() -> None:
    """The collection of the call, with its cases and their items, becomes public."""
    call = Call.objects.get()
    publish_collection(
        _person("organiser"), call, Translated({"en": "The songs"}), Translated({"en": "All of them."})
    )


ACTS = {"ingest": ingest, "seal": seal, "run": run, "publish": publish}


# -- what must stand when an act is through --------------------------------------------------------------------------


def lacking(act: str) -> list[str]:
    """What is missing or there twice after *act* was completed."""
    counts = {
        "ingest": lambda: {
            "records": Item.objects.filter(source="museum", state="published").count() == RECORDS,
            "no others": Item.objects.filter(source="museum").count() == RECORDS,
            "pictures": sum(item.media.count() for item in Item.objects.filter(source="museum"))
            == len(range(0, RECORDS, 3)),
            "desk": [
                (item.state, item.media.count())
                for item in Item.objects.filter(title__icontains="Desk", kind="image")
            ]
            == [("published", 1)] * 3,
        },
        "seal": lambda: {
            "one seal each": list(
                Seal.objects.filter(case__title__icontains="Sealed").values_list("number", flat=True)
            )
            == [1] * CASES,
        },
        "run": lambda: {
            "done": Run.objects.filter(state="done").count() == RUNS,
            "no others but for want of room": all(
                run.state == "done" or run.error.get("code", "").endswith("disk-full")
                for run in Run.objects.all()
            ),
            "nothing left behind": not list(Path(settings.RUNS_ROOT).iterdir()),
        },
        "publish": lambda: {
            "cases": Case.objects.filter(state="published").count() == ACCEPTED,
            "entries": [
                collection.entries.count() for collection in Collection.objects.exclude(published_at=None)
            ]
            == [ACCEPTED],
            "call": Call.objects.get().state == Call.State.CLOSED,
        },
    }
    return [f"{act}: {name}" for name, good in counts[act]().items() if not good]
