"""What a second import may and may not change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.catalogue.importers.checks import SENTENCES, checked, joined
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
from heirloom.catalogue.importers.merge import differences, merge, merged_text
from heirloom.catalogue.importers.report import SAMPLES, Outcome, Report
from heirloom.text import Text, Translated

languages = st.sampled_from(["en", "lo", "th", "und"])
words = st.text("abc ກຂ", min_size=1, max_size=4).filter(str.strip)
origins = st.sampled_from(["human", "machine", "reviewed"])
translated = st.dictionaries(languages, st.builds(Text, words, origins), max_size=3).map(Translated)
agents = st.builds(AgentDraft, name=translated, source_id=st.sampled_from(["", "a", "b"]))
drafts = st.builds(
    ItemDraft,
    source=st.just("s"),
    source_id=st.just("1"),
    kind=st.sampled_from(["", "image", "object"]),
    title=translated,
    description=translated,
    date=st.sampled_from(["", "1937", "193X"]),
    contributions=st.lists(st.builds(ContributionDraft, agents, st.sampled_from(["cre", "art"])), max_size=2, unique_by=lambda part: part.identity).map(tuple),
    terms=st.lists(st.builds(TermDraft, st.just("form"), st.sampled_from(["x", "y"]), translated), max_size=2, unique_by=lambda part: part.identity).map(tuple),
    places=st.lists(st.builds(PlaceDraft, translated, st.sampled_from(["https://g/1", "https://g/2"])), max_size=2, unique_by=lambda part: part.identity).map(tuple),
    communities=st.sampled_from([(), ("a",), ("a", "b")]),
    statements=st.sampled_from([(), (Statement("n", "v"),), (Statement("n", "w", "lo"),)]),
    illustrative=st.sampled_from([None, True, False]),
)  # fmt: skip


@given(drafts, drafts)
def test_a_second_import_is_the_same_as_none(before: ItemDraft, after: ItemDraft) -> None:
    once = merge(before, after)
    assert merge(once, after) is once
    assert differences(once, once) == []
    assert (differences(before, once) == []) == (once == before)


@given(drafts, drafts)
def test_nothing_is_ever_erased(before: ItemDraft, after: ItemDraft) -> None:
    made = merge(before, after)
    for name in ("title", "description"):
        assert set(getattr(before, name)) | set(getattr(after, name)) == set(getattr(made, name))
        for language, text in getattr(before, name).items():
            if text.origin != "machine":
                assert getattr(made, name)[language].origin != "machine"
    for name in ("terms", "places", "contributions", "communities", "statements"):
        ids = [part if isinstance(part, str) else part.identity for part in getattr(made, name)]
        assert len(ids) == len(set(ids))
    assert {term.identity for term in before.terms + after.terms} == {term.identity for term in made.terms}
    assert set(before.statements) <= set(made.statements)


@given(drafts)
def test_an_empty_draft_changes_nothing(before: ItemDraft) -> None:
    assert merge(before, ItemDraft("s", "1")) is before


def test_who_speaks_over_whom() -> None:
    human, machine = Translated({"lo": "ຄົນ"}), Translated({"lo": Text("ເຄື່ອງ", "machine")})
    assert merged_text(human, machine) is human
    assert merged_text(machine, human) == human
    assert (
        merged_text(Translated({"lo": Text("x", "reviewed")}), Translated({"lo": "x"}))["lo"].origin
        == "reviewed"
    )
    assert merged_text(human, Translated({"lo": "ໃໝ່"}))["lo"].value == "ໃໝ່"


def test_a_source_may_have_the_last_word_in_a_list() -> None:
    before = ItemDraft(
        "s", "1", terms=(TermDraft("form", "old"), TermDraft("form", "kept", Translated({"lo": "ກ"})))
    )
    after = ItemDraft("s", "1", terms=(TermDraft("form", "kept", Translated({"en": "k"})),))
    assert len(merge(before, after).terms) == 2
    only = merge(before, replace(after, replaces=frozenset({"terms"})))
    assert only.terms == (TermDraft("form", "kept", Translated({"en": "k", "lo": "ກ"})),)
    assert merge(before, ItemDraft("s", "1", replaces=frozenset({"terms"}))) is before


def test_files_are_the_same_by_digest_then_by_name() -> None:
    before = ItemDraft("s", "1", media=(MediaDraft("a.jpg", sha512="1"), MediaDraft("b.jpg", sha512="2")))
    renamed = MediaDraft("other.jpg", sha512="1", alt=Translated({"en": "A"}))
    made = merge(before, ItemDraft("s", "1", media=(renamed, MediaDraft("b.jpg"), MediaDraft("c.jpg"))))
    assert [(file.name, file.sha512) for file in made.media] == [
        ("a.jpg", "1"),
        ("b.jpg", "2"),
        ("c.jpg", ""),
    ]
    assert made.media[0].alt == Translated({"en": "A"})


def test_differences_name_the_language() -> None:
    before = ItemDraft("s", "1", title=Translated({"en": "Boat"}), date="1937")
    after = merge(
        before,
        ItemDraft("s", "1", title=Translated({"lo": "ເຮືອ"}), date="1938", terms=(TermDraft("form", "x"),)),
    )
    found = {one.field: (one.before, one.after) for one in differences(before, after)}
    assert found == {
        "title.lo": (None, "ເຮືອ"),
        "date": ("1937", "1938"),
        "terms": ([], [{"scheme": "form", "code": "x"}]),
    }


def test_rows_of_the_same_thing_are_joined() -> None:
    rows = [
        ItemDraft("s", "1", title=Translated({"en": "Boat"})),
        ItemDraft("s", "1", title=Translated({"lo": "ເຮືອ"})),
        ItemDraft("s", "2"),
        ItemDraft("s", "1", date="1937"),
    ]
    first, second, third = joined(rows)
    assert set(first.title) == {"en", "lo"}
    assert second.source_id == "2"
    assert [problem.code for problem in third.problems] == ["draft.seen-before"]


def test_checks_keep_what_they_cannot_use() -> None:
    zawgyi = "သီဟိုဠ္မွ ဉာဏ္ႀကီးရွင္သည္ အာယုဝၯနေဆးၫႊန္းစာကို ဇလြန္ေဈးေဘး ဗာဒံပင္ထက္ အဓိ႒ာန္လ်က္ ဂဃနဏဖတ္ခဲ့သည္။"
    draft = checked(
        ItemDraft(
            "s",
            "1",
            kind="spoon",
            title=Translated({"my": zawgyi, "en": "lost \ufffd"}),
            date="yesterday",
            rights="all mine",
            source_uri="javascript:alert(1)",
            contributions=(ContributionDraft(AgentDraft(Translated({"en": "A"})), "inventor of dreams"), ContributionDraft(AgentDraft())),
            places=(PlaceDraft(Translated({"en": "Nowhere"}), country="Laos", longitude=10, latitude=100),),
            terms=(TermDraft("mood", "sad"), TermDraft("language", "xx", Translated({"en": "X"})), TermDraft("form", "boat")),
            labels=(LabelDraft("c", "tk-a"), LabelDraft("c", "TK ZZ", Translated({"lo": "ກ"}))),
            media=(MediaDraft("a", role="picture"),),
        )
    )  # fmt: skip
    codes = {problem.code for problem in draft.problems}
    assert codes == {
        "draft.kind-unknown", "draft.zawgyi", "draft.wrong-characters", "draft.date-not-edtf", "draft.rights-unknown",
        "draft.address-unusable", "draft.role-unknown", "draft.no-name", "draft.place-out-of-range", "draft.country-unknown",
        "draft.term-unusable", "draft.label-unknown",
    }  # fmt: skip
    assert codes <= set(SENTENCES)
    assert not draft.fatal
    kept = {statement.value for statement in draft.statements}
    assert {
        "spoon",
        "yesterday",
        "all mine",
        "javascript:alert(1)",
        "inventor of dreams",
        "sad",
        "X",
        "Laos",
        "ກ",
        "100, 10",
    } <= kept
    assert [(term.scheme, term.code) for term in draft.terms] == [("form", "boat")]
    assert [label.code for label in draft.labels] == ["TK A"]
    assert [part.role for part in draft.contributions] == ["ctb"]
    assert (draft.kind, draft.date, draft.rights, draft.source_uri) == ("", "", "", "")
    assert (draft.places[0].latitude, draft.places[0].country) == (None, "")
    assert draft.media[0].role == "supplement"


def test_without_an_identifier_nothing_is_stored() -> None:
    assert checked(ItemDraft("s", "")).fatal
    assert checked(ItemDraft("s", "x" * 301)).fatal
    assert not checked(ItemDraft("", "", key="0" * 26)).fatal


def test_a_sound_draft_is_left_alone() -> None:
    draft = ItemDraft(
        "s", "1", kind="image", title=Translated({"en": "Boat"}), terms=(TermDraft("form", "boat"),)
    )
    assert checked(draft) is draft


def test_a_report_stays_small() -> None:
    report = Report(dry_run=True)
    before = ItemDraft("s", "1")
    for number in range(1000):
        after = checked(ItemDraft("s", str(number), date="never", title=Translated({"en": "x"})))
        report.add(Outcome.UPDATE, after, differences(before, after))
    plain = report.to_json()
    assert plain["counts"]["update"] == 1000 == report.changes == plain["problems"]["draft.date-not-edtf"]
    assert len(plain["samples"]["update"]) == SAMPLES == len(plain["problem_samples"]["draft.date-not-edtf"])
    assert plain["changed_fields"]["title"] == 1000
    assert plain["samples"]["update"][0]["differences"][0] == {
        "field": "title.en",
        "before": None,
        "after": "x",
    }


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_can_be_filled(code: str) -> None:
    assert SENTENCES[code].format(field="title", value="x")
