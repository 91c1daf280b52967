"""The location tree: whatever is moved, renamed or added, path and full name agree with the parents."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.sites import queries
from openhtm.sites.models import Location
from openhtm.sites.rules.tree import KINDS
from openhtm.sites.scope import Right
from openhtm.sites.services import guards
from openhtm.sites.services import locations as services
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.sites.tests.people import EVERYBODY, of

pytestmark = pytest.mark.django_db


def add(facility, kind, name, inside=None):
    parent = inside.public_code if inside else None
    return services.add_location(actor=EVERYBODY, facility_id=facility.pk, parent_code=parent, kind=kind, name=name)


def move(place, into):
    return services.move_location(actor=EVERYBODY, public_code=place.public_code, parent_code=into.public_code if into else None)


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def ward(north):
    """Main › 4 › 4 West › 4112."""
    main = add(north, "building", "Main")
    floor = add(north, "floor", "4", main)
    area = add(north, "area", "4 West", floor)
    return main, floor, area, add(north, "room", "4112", area)


def test_a_room_knows_its_whole_way(ward):
    *_, room = ward
    assert room.full_name == "Main › 4 › 4 West › 4112"
    assert room.path == ".".join(str(place.pk) for place in ward)


def test_moving_an_area_takes_its_rooms_along_in_one_update(north, ward):
    _, _, area, room = ward
    annex = add(north, "building", "Annex")
    with CaptureQueriesContext(
        connection,
    ) as done:
        move(area, annex)
    updates = [query["sql"] for query in done if "UPDATE sites_location" in query["sql"]]
    room.refresh_from_db()
    assert len(updates) == 1
    assert room.full_name == "Annex › 4 West › 4112"
    assert room.path == f"{annex.pk}.{area.pk}.{room.pk}"
    assert queries.broken_paths() == (0, [])


def test_the_preview_says_what_the_move_then_does(north, ward):
    _, _, area, room = ward
    annex = add(north, "building", "Annex")
    preview = services.preview_move(actor=EVERYBODY, public_code=area.public_code, parent_code=annex.public_code)
    move(area, annex)
    names = set(Location.objects.filter(pk__in=[area.pk, room.pk]).values_list("full_name", flat=True))
    assert preview.count == 2 and preview.refusals == []
    assert {after for _, after in preview.examples} == names


def test_renaming_reaches_everything_within(ward):
    main, *_, room = ward
    services.update_location(actor=EVERYBODY, public_code=main.public_code, name="  Tower ")
    room.refresh_from_db()
    assert room.full_name == "Tower › 4 › 4 West › 4112"


def test_places_nest_downward_only(north, ward):
    _, floor, area, room = ward
    with pytest.raises(Invalid) as refusal:
        add(north, "floor", "5", area)
    assert "kind" in refusal.value.errors
    with pytest.raises(services.CannotMove, match="wider kind"):
        move(floor, room)
    with pytest.raises(Invalid):
        services.update_location(actor=EVERYBODY, public_code=area.public_code, kind="room")


def test_a_place_stays_in_its_facility(ward):
    south = FacilityFactory()
    clinic = add(south, "building", "Clinic")
    with pytest.raises(services.CannotMove, match="another facility"):
        move(ward[2], clinic)


def test_a_name_is_taken_once_in_a_place(north, ward):
    _, floor, area, _ = ward
    with pytest.raises(Invalid, match="already has one of that name"):
        add(north, "area", "4 WEST", floor)
    other = add(north, "area", "4 West")
    with pytest.raises(Invalid, match="already has one of that name"):
        move(other, floor)
    area.refresh_from_db()
    assert queries.broken_paths() == (0, [])


def test_a_place_closes_when_nothing_open_is_left_in_it_and_no_room_above_objects(ward):
    _, _, area, room = ward
    close = lambda place: services.set_location_active(actor=EVERYBODY, public_code=place.public_code, active=False)  # noqa: E731
    with pytest.raises(Invalid, match="1 place within it is still active"):
        close(area)

    def devices_stand_here(record):
        return [f"3 devices stand in {record}."] if record == room else []

    guards.register(devices_stand_here)
    try:
        with pytest.raises(Invalid, match="3 devices stand in"):
            close(room)
    finally:
        guards.unregister(devices_stand_here)
    close(room)
    assert close(area).active is False
    with pytest.raises(Invalid, match="is not active"):
        services.set_location_active(actor=EVERYBODY, public_code=room.public_code, active=True)


def test_who_has_no_right_there_is_refused_and_who_is_elsewhere_finds_nothing(north, ward):
    reader, chen = of(north, rights=frozenset({Right.VIEW_SITES})), of(FacilityFactory())
    for public_code in (ward[0].public_code,):
        with pytest.raises(NotAllowed):
            services.update_location(actor=reader, public_code=public_code, name="X")
        with pytest.raises(Location.DoesNotExist):
            services.move_location(actor=chen, public_code=public_code, parent_code=None)


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\nb", "x" * 121])
def test_names_that_no_sign_could_carry_are_refused(north, name):
    with pytest.raises(Invalid) as refusal:
        add(north, "room", name)
    assert "name" in refusal.value.errors


deeds = st.sampled_from(["add", "move", "rename", "kind"])
steps = st.lists(st.tuples(deeds, st.integers(0, 40), st.integers(0, 40), st.sampled_from(KINDS)), max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_paths_always_agree_with_parents(north, steps):
    """Whatever sequence of additions, moves, renames and changes of kind is tried, refused or not."""
    places: list[Location] = []
    for number, (deed, first, second, kind) in enumerate(steps):
        one = places[first % len(places)] if places else None
        other = places[second % len(places)] if places and second % 3 else None
        try:
            if deed == "add" or one is None:
                places.append(add(north, kind, f"P{number}-{len(places)}", other))
            elif deed == "move":
                move(one, other)
            elif deed == "rename":
                services.update_location(actor=EVERYBODY, public_code=one.public_code, name=f"R{number}")
            else:
                services.update_location(actor=EVERYBODY, public_code=one.public_code, kind=kind)
        except (Invalid, services.CannotMove):
            continue
    assert queries.broken_paths() == (0, [])
    for place in Location.objects.filter(facility=north).exclude(parent=None).select_related("parent"):
        assert KINDS.index(place.parent.kind) < KINDS.index(place.kind)
    Location.objects.filter(facility=north).update(parent=None)
    Location.objects.filter(facility=north).delete()


def test_a_path_that_contradicts_its_parent_is_found(ward):
    *_, room = ward
    Location.objects.filter(pk=room.pk).update(path=str(room.pk))
    assert queries.broken_paths() == (1, ["Main › 4 › 4 West › 4112"])
