"""What is done at monitored places, and what is not allowed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone
from tests.factories.catalogue import make_community, make_item, make_place, make_protocol
from tests.factories.people import make_user
from tests.factories.sites import make_monitored, make_panel, make_sensor

from heirloom.catalogue.actions_errors import InvalidField
from heirloom.errors import NotAllowed, NotFound
from heirloom.people.models import LogEntry
from heirloom.sites import actions, queries, recording
from heirloom.sites.models import Epoch, MonitoredPlace, Observation, Panel
from heirloom.text import Translated

pytestmark = [pytest.mark.database, pytest.mark.django_db]
NAME = Translated({"en": "Cave of bells"})


def test_a_place_begins_private_and_is_then_shown() -> None:
    keeper = make_user(grants=["organiser"])
    monitored = actions.create_place(keeper, name=NAME, place=make_place())
    assert monitored.state == "private"
    assert monitored.withhold_position
    with pytest.raises(NotFound):
        queries.get_place(None, monitored.key)
    actions.edit_place(keeper, monitored, state="shown", description=Translated({"lo": "ຖ້ຳ"}))
    found = queries.get_place(None, monitored.key)
    assert found.description.text(["lo"]) == "ຖ້ຳ"
    assert found.place is not None
    assert found.revision == 1
    actions_logged = LogEntry.objects.filter(about="monitored-place", key=monitored.key)
    assert list(actions_logged.values_list("action", flat=True)) == ["create", "edit"]


def test_only_keepers_begin_and_only_those_who_look_after_it_change() -> None:
    with pytest.raises(NotAllowed):
        actions.create_place(make_user(), name=NAME)
    monitored = make_monitored()
    stranger = make_user()
    with pytest.raises(NotAllowed):
        actions.edit_place(stranger, monitored, state="private")
    with pytest.raises(NotAllowed):
        actions.add_panel(stranger, monitored, name=NAME)
    with pytest.raises(NotFound):
        actions.add_panel(stranger, make_monitored(state="private"), name=NAME)
    assert not Panel.objects.exists()


def test_a_protocol_is_lifted_by_its_stewards_alone() -> None:
    steward, keeper = make_user(), make_user(grants=["cataloguer"])
    community = make_community(stewards=[steward])
    monitored = make_monitored(protocol=make_protocol("signed-in", communities=[community]))
    with pytest.raises(NotAllowed):
        actions.edit_place(keeper, monitored, protocol=None)
    actions.edit_place(keeper, monitored, name=NAME)
    assert actions.edit_place(steward, monitored, protocol=None).protocol is None


def test_panels_visits_and_epochs() -> None:
    keeper = make_user(grants=["cataloguer"])
    monitored = make_monitored(owner=keeper)
    seen, secret = make_item(), make_item(state="withdrawn", owner=make_user())
    panel = actions.add_panel(keeper, monitored, name=NAME, items=[seen])
    visit = actions.add_visit(keeper, monitored, day=date(2026, 1, 2), people_there="Noy", note="Wet floor")
    first = actions.add_epoch(keeper, visit, panel, items=[seen])
    again = actions.add_epoch(keeper, visit, panel, items=[seen, secret])
    repeat = actions.add_epoch(keeper, visit, panel, repeat=True)
    assert first == again
    assert repeat != first
    assert Epoch.objects.count() == 2
    [told] = queries.visits(None, monitored)
    assert [list(epoch.items.all()) for epoch in told.epochs.all()] == [[seen], []]
    [shown] = queries.panels(None, monitored)
    assert list(shown.items.all()) == [seen]
    with pytest.raises(InvalidField):
        actions.add_visit(keeper, monitored, day=timezone.localdate() + timedelta(days=2))
    with pytest.raises(NotFound):
        actions.add_epoch(keeper, visit, make_panel(make_monitored()))
    with pytest.raises(NotFound):
        actions.add_panel(keeper, monitored, name=NAME, items=[make_item(protocol=make_protocol("stewards"))])


def test_editing_a_panel_keeps_items_that_the_editor_does_not_see() -> None:
    owner = make_user()
    monitored = make_monitored(owner=owner, state="private")
    hidden, seen = make_item(protocol=make_protocol("stewards")), make_item()
    panel = make_panel(monitored)
    panel.items.set([hidden])
    actions.edit_panel(owner, panel, items=[seen])
    assert set(panel.items.all()) == {hidden, seen}


def test_sensors_are_of_a_known_kind_on_the_globe_and_of_the_same_place() -> None:
    keeper = make_user(grants=["cataloguer"])
    monitored = make_monitored()
    made = actions.add_sensor(keeper, monitored, name=NAME, kind="humidity", longitude=102.1, latitude=19.9)
    assert made.unit == "%"
    for wrong in (
        {"kind": "mood"},
        {"kind": "rain", "longitude": 5.0},
        {"kind": "rain", "longitude": 0.0, "latitude": 91.0},
    ):
        with pytest.raises(InvalidField):
            actions.add_sensor(keeper, monitored, name=NAME, **wrong)
    with pytest.raises(NotFound):
        actions.add_sensor(keeper, monitored, name=NAME, kind="rain", panel=make_panel(make_monitored()))


def test_what_is_removed_takes_its_observations_along() -> None:
    keeper = make_user(grants=["cataloguer"])
    monitored = make_monitored(state="private")
    sensor = make_sensor(monitored)
    recording.record(keeper, sensor, [(1, 1000, 50.0)])
    with pytest.raises(NotAllowed):
        actions.remove(make_user(), make_sensor(make_monitored()))
    actions.remove(keeper, sensor)
    assert not Observation.objects.exists()
    other = make_sensor(monitored)
    recording.record(keeper, other, [(1, 1000, 50.0)])
    recording.add_rule(keeper, other, direction="above", threshold=40, release=30)
    actions.remove_place(keeper, monitored)
    assert not Observation.objects.exists()
    assert not MonitoredPlace.objects.filter(pk=monitored.pk).exists()
    with pytest.raises(InvalidField):
        actions.remove_place(keeper, make_monitored())
