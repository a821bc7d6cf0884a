"""Items and communities: described, given files and protocols, published, by those who may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.factories.catalogue import make_community, make_item, make_place, make_protocol, make_term, png
from tests.factories.pages import browser, read
from tests.factories.people import make_user

from heirloom.calls.models import Submission
from heirloom.catalogue.models import Community, Item, Membership, Protocol
from heirloom.people.models import User
from heirloom.text import Translated

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db,
    pytest.mark.usefixtures("installation"),
]


def test_an_item_is_described_given_a_file_and_published() -> None:
    person = make_user(grants=["cataloguer"])
    place, term = make_place(), make_term()
    client = browser(person)
    assert client.post(reverse("item-new"), {"kind": "recording"}).status_code == 400
    client.post(reverse("item-new"), {"title.en": "A boat", "kind": "image"})
    item = Item.objects.get()
    address = reverse("item-edit", args=[item.key])
    page = read(client.get(address))
    sent = {
        "what": "describe",
        "version": page.values["version"][0],
        "title.en": "A boat",
        "title.lo": "ເຮືອ",
        "description.en": "Carved & <painted>",
        "date": "the past",
        "kind": "object",
        "rights": "https://creativecommons.org/licenses/by/4.0/",
        "rights_holder": "The carver",
        "places": [place.key],
        "places.shown": "1",
        "terms": [str(term)],
        "terms.shown": "1",
    }
    wrong = client.post(address, sent)
    assert wrong.status_code == 400
    shown = read(wrong)
    assert "date" in shown.fragments
    for name in ("title.lo", "description.en", "date", "kind", "rights", "rights_holder", "places", "terms"):
        assert shown.values[name] == (sent[name] if isinstance(sent[name], list) else [sent[name]]), name
    assert client.post(address, {**sent, "date": "193X"}).status_code == 302
    item.refresh_from_db()
    assert (item.title["lo"].value, item.year_from, item.kind) == ("ເຮືອ", 1930, "object")
    assert list(item.places.all()) == [place]
    stale = client.post(address, {**sent, "date": "1935"})
    assert stale.status_code == 409
    assert read(stale).values["date"] == ["1935"]
    assert read(stale).values["version"] == [str(item.revision)]

    bad = client.post(
        address,
        {"what": "upload", "file": SimpleUploadedFile("a.png", b"MZ not a picture"), "alt.en": "A red boat"},
    )
    assert bad.status_code == 415
    assert read(bad).values["alt.en"][-1] == "A red boat"
    assert not item.media.exists()
    good = {"what": "upload", "file": SimpleUploadedFile("ເຮືອ.png", png(40, 30)), "alt.en": "A red boat"}
    assert client.post(address, good).headers["Location"] == f"{address}#files"
    media = item.media.get()
    assert (media.alt["en"].value, media.original_name) == ("A red boat", "ເຮືອ.png")
    base = f"media.{media.pk}"
    described = {
        "what": "media",
        "media": media.pk,
        f"{base}.alt.en": "A red boat",
        f"{base}.alt.lo": "ເຮືອແດງ",
    }
    assert client.post(address, {**described, f"{base}.language": "??"}).status_code == 400
    assert client.post(address, {**described, f"{base}.caption.en": "On the bank"}).status_code == 302
    media.refresh_from_db()
    assert (media.alt["lo"].value, media.caption["en"].value) == ("ເຮືອແດງ", "On the bank")

    assert client.post(address, {"what": "publish"}).status_code == 302
    assert read(client.get(address)).values.get("reason") == [""], "what is published can be taken from view"
    assert client.post(address, {"what": "withdraw", "reason": "asked to"}).status_code == 302
    assert Item.objects.get().state == "withdrawn"


def test_only_publishers_publish_and_drafts_are_thrown_away_by_their_owner() -> None:
    person = make_user()
    client = browser(person)
    client.post(reverse("item-new"), {"title.en": "A boat", "kind": "image"})
    item = Item.objects.get()
    address = reverse("item-edit", args=[item.key])
    assert client.post(address, {"what": "publish"}).status_code == 403
    assert browser(make_user()).post(address, {"what": "discard"}).status_code == 404
    assert client.post(address, {"what": "discard"}).headers["Location"] == reverse("my-items")
    assert not Item.objects.exists()


def test_stewards_set_protocols_and_labels_and_owners_cannot_lift_them() -> None:
    steward, owner = make_user(), make_user()
    community = make_community(stewards=[steward])
    protocol = make_protocol("members", communities=[community])
    item = make_item(owner=owner, state="draft", communities=[community])
    address = reverse("item-edit", args=[item.key])
    assert browser(owner).post(address, {"what": "protocol", "protocol": protocol.key}).status_code == 302
    assert browser(owner).post(address, {"what": "protocol", "protocol": ""}).status_code == 403
    label = {"what": "label", "community": community.key, "code": "TK A", "label_text.en": "Name us"}
    assert browser(owner).post(address, label).status_code == 403
    client = browser(steward)
    wrong = client.post(address, {**label, "code": "TK Q"})
    assert wrong.status_code == 400
    assert read(wrong).values["label_text.en"] == ["Name us"]
    assert client.post(address, label).status_code == 302
    shown = read(client.get(address))
    assert "Name us" in shown.words
    assert client.post(address, {"what": "unlabel", "label": item.labels.get().pk}).status_code == 302
    assert client.post(address, {"what": "protocol", "protocol": ""}).status_code == 302
    item.refresh_from_db()
    assert item.protocol is None


def test_a_steward_confirms_members_and_their_attributes_are_seen_by_stewards_alone() -> None:
    steward, member = make_user(), make_user(name="Mali")
    community = make_community("weavers", stewards=[steward])
    address = reverse("community-steward", args=["weavers"])
    client = browser(steward)
    unknown = client.post(
        address,
        {"what": "member", "email": "no@example.org", "role": "member", "attributes": "gender: women"},
    )
    assert unknown.status_code == 400
    assert read(unknown).values["email"] == ["no@example.org"]
    assert read(unknown).values["attributes"] == ["gender: women"]
    wrong = client.post(
        address, {"what": "member", "email": member.email, "role": "member", "attributes": "women"}
    )
    assert wrong.status_code == 400
    sent = {
        "what": "member",
        "email": member.email,
        "role": "member",
        "attributes": "gender: women\nage: elder",
    }
    assert client.post(address, sent).status_code == 302
    held = Membership.objects.get(user=member)
    assert held.attributes == {"gender": "women", "age": "elder"}
    assert "gender: women" in " ".join(read(client.get(address)).words)
    for user in (None, member, make_user(), make_user(superuser=True)):
        assert browser(user).get(address).status_code in (302, 404)
    public = browser(member).get(reverse("community", args=["weavers"]))
    assert "elder" not in public.content.decode()
    assert client.post(address, {"what": "remove-member", "member": held.pk}).status_code == 302
    assert not Membership.objects.filter(user=member).exists()
    assert community.memberships.count() == 1


def test_a_cataloguer_adds_a_community_and_hands_it_to_its_first_steward() -> None:
    cataloguer, elder = make_user(grants=["cataloguer"]), make_user()
    address = reverse("community-new")
    assert browser(elder).get(address).status_code == 404
    assert browser(elder).post(address, {"name.en": "Dyers", "slug": "dyers"}).status_code == 404
    client = browser(cataloguer)
    assert address in client.get(reverse("my-account")).content.decode()
    assert "slug" in read(client.get(address)).values
    wrong = client.post(address, {"slug": "Not a slug!", "name.en": "Dyers"})
    assert wrong.status_code == 400
    assert read(wrong).values["name.en"] == ["Dyers"]
    nameless = client.post(address, {"slug": "dyers"})
    assert nameless.status_code == 400
    assert "Give it a name." in read(nameless).words
    told = {"slug": "dyers", "contact": "Ask Noy", "name.en": "Dyers", "description.en": "Indigo"}
    made = client.post(address, told)
    own = reverse("community-steward", args=["dyers"])
    assert made.headers["Location"] == own
    community = Community.objects.get()
    assert (community.name["en"].value, community.description["en"].value) == ("Dyers", "Indigo")
    assert community.contact == "Ask Noy"
    assert client.post(address, told).status_code == 409
    assert Community.objects.count() == 1
    assert own in client.get(reverse("my-account")).content.decode()
    done = client.post(own, {"what": "member", "email": elder.email, "role": "steward"})
    assert done.status_code == 302
    assert client.get(own).status_code == 404, "from now on its stewards alone"
    assert own not in client.get(reverse("my-account")).content.decode()
    theirs = browser(elder)
    assert own in theirs.get(reverse("my-account")).content.decode()
    assert theirs.post(own, {"what": "describe", "name.en": "Dyers of indigo"}).status_code == 302
    community.refresh_from_db()
    assert community.name["en"].value == "Dyers of indigo"


def test_a_steward_defines_changes_and_removes_a_protocol() -> None:
    steward = make_user()
    make_community("weavers", stewards=[steward])
    address = reverse("community-steward", args=["weavers"])
    client = browser(steward)
    base = "protocol.new"
    sent = {
        "what": "protocol",
        "protocol": "",
        f"{base}.name.en": "Women's cloth",
        f"{base}.note.en": "It is woven in silence.",
        f"{base}.audience": "members",
        f"{base}.seasons": "04-13 04-36",
        f"{base}.attributes": "gender: women, girls",
    }
    wrong = client.post(address, sent)
    assert wrong.status_code == 400
    shown = read(wrong)
    assert {name: shown.values[name] for name in sent if name.startswith(base)} == {
        name: [value] for name, value in sent.items() if name.startswith(base)
    }
    assert "protocol-new-seasons" in shown.fragments
    assert client.post(address, {**sent, f"{base}.seasons": "04-13 04-16\n12-30 01-02"}).status_code == 302
    protocol = Protocol.objects.get()
    assert protocol.seasons == [["04-13", "04-16"], ["12-30", "01-02"]]
    assert protocol.attributes == {"gender": ["women", "girls"]}
    mine = f"protocol.{protocol.pk}"
    page = read(client.get(address))
    assert page.values[f"{mine}.seasons"] == ["04-13 04-16\n12-30 01-02"]
    changed = {
        "what": "protocol",
        "protocol": protocol.pk,
        f"{mine}.name.en": "Cloth",
        f"{mine}.audience": "stewards",
    }
    assert client.post(address, changed).status_code == 302
    protocol.refresh_from_db()
    assert (protocol.name, protocol.audience) == (Translated({"en": "Cloth"}), "stewards")
    other = make_protocol("members", communities=[make_community()])
    assert client.post(address, {"what": "remove-protocol", "protocol": other.pk}).status_code == 404
    assert client.post(address, {"what": "remove-protocol", "protocol": protocol.pk}).status_code == 302
    assert list(Protocol.objects.all()) == [other]


# One's own data -------------------------------------------------------------------------------------------------------


def test_a_person_changes_their_name_and_takes_their_data_along() -> None:
    person = make_user(name="Old")
    client = browser(person)
    assert client.post(reverse("my-account"), {"name": " Nang Kham "}).status_code == 302
    data = client.get(reverse("my-data"))
    assert data.headers["Cache-Control"] == "no-store"
    assert json.loads(data.content)["account"]["name"] == "Nang Kham"


def test_erasing_asks_for_the_password_and_is_slow_to_guess() -> None:
    person = make_user(password="long river songs")
    client = browser(person)
    address = reverse("my-erase")
    wrong = client.post(address, {"password": "guess"})
    assert wrong.status_code == 400
    assert "This is not your password." in read(wrong).words
    for _ in range(12):
        blocked = client.post(address, {"password": "guess"})
    assert "Too many attempts. Wait a while." in read(blocked).words
    assert User.objects.filter(pk=person.pk).exists()
    from django.core.cache import cache

    cache.clear()
    done = client.post(address, {"password": "long river songs"})
    assert "Your account is erased" in read(done).words
    assert not User.objects.filter(pk=person.pk).exists()
    assert not Submission.objects.exists()


def test_the_upload_page_stores_nothing_that_it_refused(installation: Path) -> None:
    person = make_user()
    item = make_item(owner=person, state="draft")
    address = reverse("item-edit", args=[item.key])
    none = browser(person).post(address, {"what": "upload", "alt.en": "still here"})
    assert none.status_code == 400
    assert read(none).values["alt.en"][-1] == "still here"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    browser(person).post(
        address, {"what": "upload", "file": SimpleUploadedFile("x.html", b"<script>1</script>" + svg)}
    )
    assert not item.media.exists()
    assert not list((installation / "intake").iterdir())
