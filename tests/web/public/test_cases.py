"""Published cases as readers meet them: the seal and never the draft, versions, lineage, what a protocol closes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories.calls import accept, make_call, make_submission
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.catalogue import make_community, make_kept_item, make_place, make_protocol
from tests.factories.people import make_user

from heirloom.calls import actions as call_actions
from heirloom.calls.collection import publish_collection
from heirloom.calls.models import Call
from heirloom.cases import actions, queries
from heirloom.cases.models import Case, Replication, Seal
from heirloom.catalogue.models import Item
from heirloom.people.models import User
from heirloom.text import Translated
from heirloom.web.public import summaries

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    summaries.forget()


def words(text: str, **more: str) -> dict[str, dict[str, str]]:
    every = {"en": text, **more}
    return {language: {"text": said, "origin": "human"} for language, said in every.items()}


def seal(by: User, case: Case) -> Seal:
    return actions.seal(by, queries.with_content(Case.objects.filter(pk=case.pk)).get(), consent=CONSENT)


def publish(case: Case, made: Seal) -> Case:
    return actions.publish(make_user(grants=["organiser"]), Seal.objects.get(pk=made.pk))


def test_what_a_section_shows_is_not_the_cover_again(client: Client) -> None:
    lead, organiser = make_user(), make_user(grants=["organiser"])
    cover = make_kept_item(title=Translated({"en": "Loom seen from above"}))
    case = make_case(lead, "River songs", cover=cover.key)
    publish(case, seal(lead, case))
    url = reverse("case", args=[case.key])
    shown = f'href="{reverse("item", args=[cover.key])}"'
    assert client.get(url).content.decode().count(shown) == 1
    edit_case(lead, case, sections=[{"heading": {}, "body": words("See."), "item": cover.key, "run": None}])
    actions.publish(organiser, Seal.objects.get(pk=seal(lead, case).pk))
    assert client.get(url).content.decode().count(shown) == 1


def test_the_public_reads_the_seal_and_never_the_draft(client: Client) -> None:
    lead = make_user()
    case = make_case(lead, "River songs", cover=make_kept_item().key)
    made = seal(lead, case)
    url = reverse("case", args=[case.key])
    assert client.get(url).status_code == 404, "sealed is not yet published"
    assert case.key not in client.get(reverse("cases")).content.decode()
    publish(case, made)
    secret = make_kept_item(title=Translated({"en": "Unfinished thing"}))
    edit_case(lead, case, title=words("Changed afterwards"), cover=secret.key)
    for address in (url, reverse("cases"), reverse("collections")):
        said = client.get(address).content.decode()
        assert ("River songs" in said) == (address != reverse("collections"))
        assert "Changed afterwards" not in said
        assert secret.key not in said
    assert made.digest in client.get(url).content.decode()


def test_only_versions_that_were_published_can_be_read(client: Client) -> None:
    lead = make_user()
    case = make_case(lead, "First")
    publish(case, seal(lead, case))
    edit_case(lead, case, title=words("Second, for reviewers alone"))
    unpublished = seal(lead, case)
    edit_case(lead, case, title=words("Third"))
    third = seal(lead, case)
    publish(case, third)
    first = case.seals.order_by("number").first()
    assert first

    def get(number: int) -> int:
        return client.get(reverse("seal", args=[case.key, number])).status_code

    assert (get(first.number), get(unpublished.number), get(third.number), get(9999)) == (200, 404, 200, 404)
    old = client.get(reverse("seal", args=[case.key, first.number])).content.decode()
    assert "This is an older version" in old
    assert ">First</h1>" in old
    now = client.get(reverse("case", args=[case.key])).content.decode()
    assert unpublished.digest not in now
    assert first.digest in now
    assert "reviewers alone" not in now
    actions.withdraw(lead, Case.objects.get(pk=case.pk), "asked")
    assert get(first.number) == 404
    assert client.get(reverse("case", args=[case.key])).status_code == 404


def test_a_protocol_closes_a_case_everywhere(client: Client) -> None:
    member, lead = make_user(), make_user()
    community = make_community("weavers", members=[member])
    protocol = make_protocol("members", communities=[community])
    place = make_place("Hidden village", longitude=100.0, latitude=18.0)
    case = make_case(
        lead, "Kept close zzkept", protocol=protocol.key, places=[place.key], communities=[community.key]
    )
    publish(case, seal(lead, case))
    reader = Client()
    reader.force_login(member)
    theirs = Client()
    theirs.force_login(lead)
    for who, seen in ((client, False), (reader, True), (theirs, True)):
        assert (who.get(reverse("case", args=[case.key])).status_code == 200) == seen
        for address in (
            reverse("cases"),
            reverse("cases") + "?q=zzkept",
            reverse("home"),
            reverse("map"),
            reverse("community", args=["weavers"]),
        ):
            said = who.get(address).content.decode()
            assert (
                "zzkept" in said.replace("q=zzkept", "").replace('value="zzkept"', "").replace("“zzkept”", "")
                or "Hidden village" in said
            ) == seen, address
        facets = who.get(reverse("cases"), {"country": "LA"}).context["facets"]
        counted = [
            option["count"] for facet in facets for option in facet["options"] if facet["name"] == "country"
        ]
        assert counted == ([1] if seen else [])
        assert (who.get(reverse("place", args=[place.key])).status_code == 200) == seen


def test_an_item_that_a_community_closes_is_withheld_in_a_case_and_on_its_card(client: Client) -> None:
    member, lead = make_user(), make_user()
    community = make_community("weavers", members=[member])
    item = make_kept_item(
        lead_item := make_user(grants=["cataloguer"]), title=Translated({"en": "A closed pattern"})
    )
    case = make_case(
        lead,
        "With a pattern",
        cover=item.key,
        sections=[{"heading": words("The pattern"), "body": words("See."), "item": item.key, "run": None}],
    )
    publish(case, seal(lead, case))
    Item.objects.filter(pk=item.pk).update(protocol=make_protocol("members", communities=[community]))
    reader = Client()
    reader.force_login(member)
    assert lead_item.pk
    for who, seen in ((client, False), (reader, True)):
        page = who.get(reverse("case", args=[case.key])).content.decode()
        assert ("A closed pattern" in page) == seen
        assert ("Something shown here is open to fewer people" in page) != seen
        assert (item.key in page) == seen
        assert (f"/iiif/3/{item.key}" in who.get(reverse("cases")).content.decode()) == seen


def test_cases_are_found_narrowed_and_counted(client: Client) -> None:
    lead = make_user()
    for title, country, goal in (("Songs of boats", "LA", 5), ("Songs of rain", "VN", 8), ("Looms", "VN", 5)):
        case = make_case(
            lead,
            title,
            summary=words("A short account."),
            places=[make_place(f"in {country}", country=country).key],
            goals=[{"goal": goal, "target": "", "evidence": words("Lists"), "item": None, "run": None}],
        )
        publish(case, seal(lead, case))

    def titles(**query: str) -> set[str]:
        context = client.get(reverse("cases"), query).context
        return {card["title"].text(["en"]) for card in context["cards"]}

    assert titles(q="songs") == {"Songs of boats", "Songs of rain"}
    assert titles(country="VN") == {"Songs of rain", "Looms"}
    assert titles(country="VN", sdg="5") == {"Looms"}
    assert titles(q="songs", country="VN") == {"Songs of rain"}
    assert titles(q="nothing of the kind") == set()
    facets = {facet["name"]: facet for facet in client.get(reverse("cases"), {"sdg": "5"}).context["facets"]}
    assert {option["value"]: option["count"] for option in facets["sdg"]["options"]} == {"5": 2, "8": 1}
    assert {option["value"]: option["count"] for option in facets["country"]["options"]} == {"LA": 1, "VN": 1}
    for query in ({"sdg": "x"}, {"theme": "'"}, {"page": "x"}, {"q": "\x00"}, {"language": "zz"}):
        assert client.get(reverse("cases"), query).status_code == 200


def test_lineage_shows_only_replications_that_were_accepted(client: Client) -> None:
    lead = make_user()
    case = make_case(lead, "Repeated")
    made = seal(lead, case)
    publish(case, made)
    for state, who in (
        ("shown", "A school in Bagan"),
        ("received", "Not yet looked at"),
        ("refused", "Refused one"),
    ):
        Replication.objects.create(
            seal=made,
            state=state,
            who=who,
            comparison={"r": {"verdict": "identical"}, "s": {"verdict": "other-conditions"}},
        )
    said = client.get(reverse("case", args=[case.key])).content.decode()
    assert "A school in Bagan" in said
    assert "1 run gave the same bytes" in said
    assert "1 run on other material" in said
    assert "Not yet looked at" not in said
    assert "Refused one" not in said


def test_a_collection_counts_and_shows_what_is_open(client: Client) -> None:
    applicant, member = make_user(), make_user()
    community = make_community(members=[member])
    closed = make_protocol("members", communities=[community])
    call, organiser = make_call()
    for title, protocol in (("An open case", None), ("A closed case", closed.key)):
        case = make_case(applicant, title, protocol=protocol)
        accept(make_submission(call, applicant, case=case), organiser)
    call_actions.announce_decisions(organiser, Call.objects.get(pk=call.pk))
    found = publish_collection(
        organiser,
        Call.objects.get(pk=call.pk),
        Translated({"en": "All songs"}),
        Translated({"en": "Together."}),
    )
    reader = Client()
    reader.force_login(member)
    for who, number in ((client, 1), (reader, 2)):
        page = who.get(reverse("collection", args=[found.slug])).content.decode()
        assert "An open case" in page
        assert ("A closed case" in page) == (number == 2)
        assert f"{number} case" in page
        assert f"{number} case" in who.get(reverse("collections")).content.decode()
    assert (
        reverse("collection", args=[found.slug])
        in client.get(reverse("call", args=[call.slug])).content.decode()
    )
    themed = client.get(reverse("cases"), {"theme": f"{found.slug}.song"})
    assert len(themed.context["cards"]) == 1


def test_texts_are_shown_in_the_readers_language_and_marked(client: Client) -> None:
    lead = make_user()
    case = edit_case(lead, make_case(lead), title=words("In two languages", lo="ໃນສອງພາສາ"))
    publish(case, seal(lead, case))
    client.cookies["language"] = "lo"
    said = client.get(reverse("case", args=[case.key]), headers={"accept-language": "lo"}).content.decode()
    assert "ໃນສອງພາສາ" in said
    assert "<title>ໃນສອງພາສາ" in said
    client.cookies["language"] = "vi"
    assert 'lang="en"' in client.get(reverse("case", args=[case.key])).content.decode()


def test_a_search_goes_on_among_the_other_kind_of_thing(client: Client) -> None:
    words = "drum & gong"
    among_items = client.get(reverse("explore"), {"q": words}).content.decode()
    among_cases = client.get(reverse("cases"), {"q": words}).content.decode()
    assert f'href="{reverse("cases")}?q=drum%20%26%20gong"' in among_items
    assert f'href="{reverse("explore")}?q=drum%20%26%20gong"' in among_cases
    assert "?q=" not in client.get(reverse("explore")).content.decode()
