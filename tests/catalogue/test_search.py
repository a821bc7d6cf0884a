"""Search: in every script, under the same rights, and unharmed by anything that can be typed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.catalogue import make_community, make_item, make_place, make_protocol, make_term
from tests.factories.people import make_user

from heirloom.catalogue import rights, search
from heirloom.catalogue.filters import Filters
from heirloom.catalogue.models import Item, SearchEntry
from heirloom.catalogue.queries import list_items
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOBODY = AnonymousUser()


def hits(text: str, user: object = NOBODY, **over: object) -> list[str]:
    allowed = Item.objects.filter(rights.visible_items(user))  # type: ignore[arg-type]
    found = search.find(text, "item", allowed, **over)  # type: ignore[arg-type]
    titles = {item.pk: item.title.text(["en"]) for item in Item.objects.all()}
    return [titles[pk] for pk in found.pks]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("湄公河上的龙舟比赛", "龙舟"),
        ("湄公河上的龍舟比賽", "龙舟"),
        ("การแข่งเรือยาวในแม่น้ำโขง", "เรือ"),
        ("ການແຂ່ງເຮືອຍາວ ໃນແມ່ນ້ຳຂອງ", "ນ້ຳ"),
        ("ການແຂ່ງເຮືອຍາວ ໃນແມ່ນ້ຳຂອງ", "ນໍ້າ"),
        ("ការប្រណាំងទូកង", "ទូក"),
        ("လှေပြိုင်ပွဲ", "လှေ"),
        ("Lễ hội đua thuyền trên sông", "dua thuyen"),
        ("Lễ hội đua thuyền trên sông", "đua"),
        ("Long boat race", "BOATS"[:4]),
    ],
)
def test_a_word_is_found_in_its_script(text: str, query: str) -> None:
    make_item(title={"en": "found", "und": text})
    make_item(title={"en": "other"})
    assert hits(query) == ["found"]
    assert SearchEntry.objects.count() == 2


@pytest.mark.parametrize("query", ["龙舟", "เรือ", "ເຮ", "ទូក", "လှ", "th"])
def test_two_characters_find(query: str) -> None:
    make_item(title={"en": "found", "und": "龙舟 เรือ ເຮືອ ទូក လှေ thuyền"})
    assert hits(query) == ["found"]


def test_everything_said_of_a_thing_is_found() -> None:
    item = make_item(
        title={"en": "found"},
        description=Translated({"lo": "ຜ້າໄໝ"}),
        places=[make_place("Champasak")],
        terms=[make_term("technique", "ikat", label=Translated({"km": "ហូល"}))],
        communities=[make_community("weavers")],
        statements=[{"name": "medium", "value": "indigo"}],
    )
    for query in ("ຜ້າໄໝ", "champasak", "ហូល", "weavers", "indigo", "champasak indigo"):
        assert hits(query) == ["found"], query
    item.delete()


def test_titles_come_before_texts() -> None:
    make_item(title={"en": "first"}, description=Translated({"en": "a loom and a loom and a loom"}))
    make_item(title={"en": "loom"}, description=Translated({"en": "silk " * 50}))
    assert hits("loom") == ["loom", "first"]


def test_many_hits_come_by_title_then_newest_and_page_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "RANKED", 3)
    for number in range(6):
        make_item(title={"en": f"text {number}"}, description=Translated({"en": "boat"}))
    for number in range(4):
        make_item(title={"en": f"boat {number}"})
    make_item(title={"en": "boat hidden"}, state="draft")
    expected = [f"boat {n}" for n in (3, 2, 1, 0)] + [f"text {n}" for n in (5, 4, 3, 2, 1, 0)]
    assert hits("boat", limit=100) == expected
    assert [title for start in range(0, 12, 3) for title in hits("boat", limit=3, offset=start)] == expected


def test_when_nothing_matches_as_typed_words_are_looked_into() -> None:
    make_item(title={"en": "longboats"})
    allowed = Item.objects.filter(rights.visible_items(NOBODY))
    found = search.find("boat", "item", allowed)
    assert (len(found.pks), found.loose) == (1, True)
    assert not search.find("longboat", "item", allowed).loose


def test_rights_are_obeyed() -> None:
    steward = make_user()
    community = make_community(stewards=[steward])
    make_item(title={"en": "secret boat"}, protocol=make_protocol("stewards", communities=[community]))
    make_item(title={"en": "draft boat"}, state="draft")
    make_item(title={"en": "open boat"})
    assert hits("boat") == ["open boat"]
    assert sorted(hits("boat", steward)) == ["open boat", "secret boat"]


def test_nothing_to_search_for_finds_nothing_and_says_so() -> None:
    make_item()
    for text in ("", "   ", "!!!", '""', "\x00", "---"):
        found = search.find(text, "item", Item.objects.all())
        assert (found.pks, found.asked) == ((), False)


def test_nothing_allowed_is_nothing_found() -> None:
    make_item(title={"en": "boat"})
    assert search.find("boat", "item", Item.objects.none()).pks == ()


def test_kinds_do_not_mix() -> None:
    item = make_item(title={"en": "boat"})
    search.put([search.Entry("case", item.pk, ["boat"], [])])
    search.put([search.Entry("case", item.pk + 1, ["boat"], [])])
    assert hits("boat") == ["boat"]
    search.remove("item", [item.pk])
    assert hits("boat") == []
    assert SearchEntry.objects.count() == 2


def test_a_changed_thing_is_found_by_its_new_words_only() -> None:
    item = make_item(title={"en": "boat"})
    item.title = Translated({"en": "loom"})
    item.save()
    search.put([search.item_entry(item)])
    assert (hits("boat"), hits("loom")) == ([], ["loom"])


def test_reindexing_gives_the_same_index() -> None:
    for number in range(5):
        make_item(title={"en": f"boat {number}"}, places=[make_place()])
    before = list(SearchEntry.objects.order_by("pk").values_list())
    SearchEntry.objects.all().delete()
    seen: list[int] = []
    assert search.reindex(seen.append, batch=2) >= 5
    assert list(SearchEntry.objects.order_by("pk").values_list()) == before
    assert seen[-1] == 5
    assert len(hits("boat")) == 5


def test_zawgyi_is_pointed_out() -> None:
    found = list_items(NOBODY, Filters(q="ျမန္မာႏိုင္ငံ"))
    assert found.warning is not None
    assert found.warning.code == "text.zawgyi"


hostile = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="\"'()*:^-+{}[]|&!<>\\%;ANDORNEA 龙ก\u0e33\u200b\x00", max_size=60),
    st.sampled_from(
        [
            "title:",
            "NEAR(a b)",
            "a AND",
            '"',
            "' OR 1=1 --",
            "a*b*",
            "%s%s",
            "{title} : x",
            "x" * 5000,
            "\ud800",
            "ก" * 600,
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile, st.sampled_from([None, "vi", "lo", "xx"]))
def test_no_query_can_break_it(text: str, language: str | None) -> None:
    search.find(text, "item", Item.objects.all(), language=language)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80))
def test_any_text_can_be_indexed_changed_and_removed(text: str) -> None:
    for pk in (1, 2):
        search.put([search.Entry("item", pk, [text], [text, text[::-1]])])
        search.put([search.Entry("item", pk, [text[::-1]], [text])])
    search.remove("item", [1, 2])
    assert not SearchEntry.objects.exists()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO heirloom_search(heirloom_search) VALUES ('integrity-check')")


def test_a_very_long_text_is_indexed() -> None:
    make_item(
        title={"en": "long"}, description=Translated({"lo": "ເຮືອຍາວ" * 20_000, "en": "tail"}), indexed=True
    )
    assert hits("ເຮືອຍາວ") == ["long"]
