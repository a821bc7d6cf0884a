"""Imports: what they make, change, leave alone and refuse; broken off and done again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories.catalogue import make_community, make_protocol, png
from tests.factories.people import make_user

from heirloom.archive import Archive
from heirloom.catalogue import actions, actions_ingest, exchange_feed, queries, store
from heirloom.catalogue.actions_errors import Stale
from heirloom.catalogue.actions_ingest import ingest_records
from heirloom.catalogue.importers.draft import (
    AgentDraft,
    ContributionDraft,
    ItemDraft,
    LabelDraft,
    MediaDraft,
    PlaceDraft,
    Statement,
    TermDraft,
)
from heirloom.catalogue.models import Agent, Change, Item, Term
from heirloom.catalogue.rebuild import snapshot
from heirloom.errors import NotAllowed
from heirloom.keys import object_id
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("installation")]


@pytest.fixture
def by() -> User:
    return make_user(grants=["cataloguer"])


def draft(number: int = 1, **over: object) -> ItemDraft:
    made = ItemDraft(
        source="tate",
        source_id=f"A{number:05d}",
        kind="image",
        title=Translated({"en": f"Boat {number}"}),
        date="1937",
        contributions=(ContributionDraft(AgentDraft(Translated({"en": "Kham"}), source_id="tate:1")),),
        places=(PlaceDraft(Translated({"en": "Vientiane"}), country="LA", longitude=102.6, latitude=17.97),),
        terms=(TermDraft("technique", "weaving", Translated({"en": "weaving"})),),
        statements=(Statement("medium", "silk", "en"),),
        rights="https://creativecommons.org/publicdomain/zero/1.0/",
    )
    return replace(made, **over)


def counts(report: object) -> dict[str, int]:
    return {name: number for name, number in report.counts.items() if number}


def test_new_things_are_published_and_kept(by: User) -> None:
    report = ingest_records(by, [draft(n) for n in range(5)], batch=2)
    assert counts(report) == {"create": 5}
    assert Item.objects.filter(state="published", object_version=1).count() == 5
    assert (Agent.objects.count(), Term.objects.count(), Change.objects.count()) == (1, 1, 5)
    item = Item.objects.get(source_id="A00003")
    assert store.archive().head(object_id("item", item.key)).digest == item.digest
    assert queries.list_items(None, queries.Filters(q="weaving boat")).total == 5


def test_the_same_import_again_changes_nothing(by: User) -> None:
    drafts = [draft(n) for n in range(3)]
    ingest_records(by, drafts)
    before = snapshot()
    assert counts(ingest_records(by, drafts)) == {"unchanged": 3}
    assert snapshot() == before


def test_another_language_is_added_and_none_is_lost(by: User) -> None:
    ingest_records(by, [draft()])
    report = ingest_records(by, [ItemDraft("tate", "A00001", title=Translated({"lo": "ເຮືອ"}))])
    assert counts(report) == {"update": 1}
    item = Item.objects.get()
    assert item.title.to_json().keys() == {"en", "lo"}
    assert (item.date, item.terms.count(), item.object_version) == ("1937", 1, 2)
    assert [change.kind for change in Change.objects.all()] == ["Create", "Update"]


def test_a_dry_run_tells_the_same_and_writes_nothing(by: User) -> None:
    drafts = [draft(1), draft(2, source_id="")]
    dry = ingest_records(by, drafts, dry_run=True)
    assert not Item.objects.exists()
    assert not Agent.objects.exists()
    assert list(store.archive().ids()) == []
    assert counts(dry) == counts(ingest_records(by, drafts)) == {"create": 1, "problem": 1}


def test_what_the_source_says_is_gone_is_withdrawn(by: User) -> None:
    ingest_records(by, [draft()])
    gone = ItemDraft("tate", "A00001", deleted=True)
    assert counts(ingest_records(by, [gone])) == {"withdraw": 1}
    assert Item.objects.get().state == "withdrawn"
    assert counts(ingest_records(by, [gone, ItemDraft("tate", "A9", deleted=True)])) == {"skipped": 2}


def test_files_are_judged_and_kept(by: User, tmp_path: Path) -> None:
    good, bad = tmp_path / "ເຮືອ.png", tmp_path / "bad.png"
    good.write_bytes(png())
    bad.write_bytes(b"MZ" + b"\0" * 500)
    media = (
        MediaDraft("ເຮືອ.png", good, alt=Translated({"lo": "ເຮືອ"})),
        MediaDraft("bad.png", bad),
        MediaDraft("far.jpg", uri="https://example.org/far.jpg"),
    )
    report = ingest_records(by, [draft(media=media)])
    assert report.problems == {"draft.file-refused": 1, "draft.file-elsewhere": 1}
    item = Item.objects.get()
    kept = item.media.get()
    assert (kept.path, kept.width, kept.alt) == ("media/ເຮືອ.png", 3, media[0].alt)
    assert store.archive().read(object_id("item", item.key), kept.path) == png()
    assert {"name": "media", "value": "https://example.org/far.jpg"} in item.statements
    again = ingest_records(by, [draft(media=(replace(media[0], caption=Translated({"en": "A boat"})),))])
    assert counts(again) == {"update": 1}
    assert item.media.get().caption.text(["en"]) == "A boat"


def test_an_import_opens_nothing_by_mistake(by: User) -> None:
    report = ingest_records(by, [draft(protocol="nothere")])
    assert counts(report) == {"problem": 1}
    assert not Item.objects.exists()
    protocol = make_protocol("stewards", communities=[make_community("weavers")])
    ingest_records(by, [draft(protocol=protocol.key, communities=("weavers", "nobody"))])
    assert queries.list_items(by).total == 0
    item = Item.objects.get()
    assert [community.slug for community in item.communities.all()] == ["weavers"]
    assert {"name": "community", "value": "nobody"} in item.statements
    # Not even the importer may now change it, because the importer may not see it.
    assert counts(ingest_records(by, [draft(title=Translated({"en": "Other"}))])) == {"problem": 1}


def test_an_import_does_not_lift_what_a_community_laid(by: User) -> None:
    theirs = make_protocol("signed-in", communities=[make_community("weavers")])
    ours = make_protocol("public")
    ingest_records(by, [draft(protocol=theirs.key)])
    assert counts(ingest_records(by, [draft(protocol=ours.key)])) == {"problem": 1}
    assert Item.objects.get().protocol == theirs
    assert counts(ingest_records(by, [draft(date="1938")])) == {"update": 1}
    theirs.communities.get().memberships.create(user=by, role="steward")
    assert counts(ingest_records(by, [draft(protocol=ours.key)])) == {"update": 1}
    assert Item.objects.get().protocol == ours


def test_harvesters_forget_what_an_import_closes(by: User) -> None:
    ingest_records(by, [draft()])
    item = Item.objects.get()
    ingest_records(by, [draft(protocol=make_protocol("signed-in").key)])
    assert [change.kind for change in Change.objects.filter(key=item.key).order_by("pk")] == [
        "Create",
        "Delete",
    ]
    assert [entry.kind for entry in exchange_feed.page(exchange_feed.Selection(), 0, 10)] == ["Delete"]


def test_an_import_does_not_undo_what_was_closed_while_it_ran(
    by: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_records(by, [draft()])
    protocol = make_protocol("members", communities=[make_community("weavers")])
    prepare_media = actions_ingest._prepare_media

    def while_it_runs(who: User, job: actions_ingest._Job) -> None:
        actions.set_protocol(by, Item.objects.get(), protocol)
        prepare_media(who, job)

    monkeypatch.setattr(actions_ingest, "_prepare_media", while_it_runs)
    with pytest.raises(Stale):
        ingest_records(by, [draft(date="1938")])
    assert (Item.objects.get().protocol, Item.objects.get().date) == (protocol, "1937")


def test_labels_are_the_stewards(by: User) -> None:
    community = make_community("weavers", stewards=[])
    label = (LabelDraft("weavers", "TK A", Translated({"lo": "ຂອງພວກເຮົາ"})),)
    ingest_records(by, [draft(labels=label)])
    item = Item.objects.get()
    assert item.labels.count() == 0
    assert any(statement["name"] == "label" for statement in item.statements)
    community.memberships.create(user=by, role="steward")
    ingest_records(by, [draft(labels=label)])
    assert item.labels.get().code == "TK A"


def test_people_without_a_grant_import_drafts_only() -> None:
    user = make_user()
    with pytest.raises(NotAllowed):
        ingest_records(user, [draft()])
    assert counts(ingest_records(user, [draft()], publish=False)) == {"create": 1}
    assert (Item.objects.get().state, Item.objects.get().owner) == ("draft", user)
    other = make_user()
    assert counts(ingest_records(other, [draft(date="1938")], publish=False)) == {"problem": 1}


def test_an_import_that_broke_off_is_completed(by: User, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Archive.write_many

    def dies(self: Archive, requests: object, **over: object) -> object:
        made = iter(requests)  # type: ignore[call-overload]
        yield next(real(self, [next(made)]))
        raise OSError("the power failed")

    drafts = [draft(n) for n in range(3)]
    monkeypatch.setattr(Archive, "write_many", dies)
    with pytest.raises(OSError, match="power"):
        ingest_records(by, drafts)
    assert not Item.objects.filter(state="published").exists()
    assert not Change.objects.exists()
    monkeypatch.undo()
    ingest_records(by, drafts)
    assert Item.objects.filter(state="published", object_version__gt=0).count() == 3
    assert Change.objects.count() == 3
    assert queries.list_items(None).total == 3


def test_a_person_s_draft_is_not_published_by_an_import(by: User) -> None:
    item = actions.create_item(
        by, kind="text", title=Translated({"en": "x"}), source="tate", source_id="A00001"
    )
    from tests.factories.catalogue import add_picture

    add_picture(by, item)
    ingest_records(by, [draft()])
    assert Item.objects.get().state == "draft"
