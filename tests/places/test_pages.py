"""Pages of places, as people of two facilities meet them."""

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites import queries
from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory, ServiceProviderFactory
from openhtm.ui import panels
from tests.permissions.client import logged_in

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def ada():
    return logged_in(UserFactory.with_role(Role.ADMINISTRATOR, None))


@pytest.fixture
def manager(north):
    return logged_in(UserFactory.with_role(Role.MANAGER, north))


def test_from_an_empty_instance_to_a_room(ada):
    ada.post("/places/organisation", {"name": "Valley Health", "currency": "USD", "risk_profile": "fennigkoh-smith"})
    data = {"code": "NORTH", "name": "North Campus", "time_zone": "America/New_York"}
    assert ada.post("/places/facilities/add", data)["Location"] == "/places/facilities/NORTH/"
    made = ada.post("/places/facilities/NORTH/places/add", {"kind": "building", "name": "Main"})
    building = Location.objects.get()
    assert made["Location"] == f"/l/{building.public_code}"
    ada.post(f"/places/facilities/NORTH/places/add?in={building.public_code}", {"kind": "room", "name": "4112", "code": "4112"})
    page = ada.get("/places/facilities/NORTH/").content.decode()
    assert "Main" in page and "4112" in page
    assert Organisation.objects.get().name == "Valley Health"


def test_only_kinds_that_fit_are_offered(manager, north):
    area = LocationFactory(facility=north, kind="area")
    page = manager.get(f"/places/facilities/NORTH/places/add?in={area.public_code}").content.decode()
    assert 'value="room"' in page and 'value="floor"' not in page


def test_a_move_is_shown_before_it_is_made(manager, north):
    annex = LocationFactory(facility=north, kind="building", name="Annex")
    area = LocationFactory(facility=north, name="4 West")
    room = LocationFactory(facility=north, parent=area, kind="room", name="4112")
    move = reverse("sites:location-move", args=[area.public_code])
    preview = manager.get(move, {"preview": "1", "parent": annex.public_code}).content.decode()
    assert "2 places would change" in preview and "Annex › 4 West › 4112" in preview
    room.refresh_from_db()
    assert room.full_name == "4 West › 4112"
    manager.post(move, {"parent": annex.public_code})
    room.refresh_from_db()
    assert room.full_name == "Annex › 4 West › 4112"
    assert queries.broken_paths() == (0, [])


def test_a_place_of_another_facility_is_not_offered_as_a_target(manager, north):
    area, elsewhere = LocationFactory(facility=north), LocationFactory(kind="building")
    answer = manager.post(reverse("sites:location-move", args=[area.public_code]), {"parent": elsewhere.public_code})
    assert answer.status_code == 422


def test_the_address_on_a_label_opens_in_any_case_and_only_within_scope(manager, north):
    here, elsewhere = LocationFactory(facility=north), LocationFactory()
    assert manager.get(f"/l/{here.public_code.lower()}").status_code == 200
    assert manager.get(f"/l/{elsewhere.public_code}").status_code == 404
    assert manager.get("/l/%00").status_code == 404


def test_departments_are_added_found_and_closed(manager, north):
    data = {"facility": north.pk, "name": "ICU", "cost_centre": "4410", "contact_name": "J. Lindqvist"}
    address = manager.post("/places/departments/add", data)["Location"]
    assert "4410" in manager.get("/places/departments/", {"q": "lindq", "facility": "NORTH", "active": "yes"}).content.decode()
    manager.post(f"{address}/active", {"active": "no"})
    assert Department.objects.get().active is False
    assert "No department matches" in manager.get("/places/departments/", {"active": "yes"}).content.decode()


def test_closing_a_place_that_holds_open_ones_says_why_not(manager, north):
    area = LocationFactory(facility=north)
    LocationFactory(facility=north, parent=area, kind="room")
    answer = manager.post(reverse("sites:location-active", args=[area.public_code]), {"active": "no"}, follow=True)
    assert "still active" in answer.content.decode()


def test_higher_rooms_show_their_panels_on_places(manager, north):
    def devices_here(request: HttpRequest, subject: object) -> panels.Panel:
        return panels.Panel(template="ui/empty.html", context={"title": f"12 devices in {subject}", "icon": "inbox"})

    slots = ("location", "department", "facility")
    subjects = [LocationFactory(facility=north, name="4 West"), DepartmentFactory(facility=north, name="ICU"), north]
    urls = [reverse("sites:location", args=[subjects[0].public_code]), reverse("sites:department", args=[subjects[1].pk])]
    urls.append(reverse("sites:facility", args=[north.code]))
    try:
        for slot in slots:
            panels.register(slot, devices_here)
        for url, subject in zip(urls, subjects, strict=True):
            assert f"12 devices in {subject}" in manager.get(url).content.decode()
    finally:
        for slot in slots:
            panels._providers[slot].pop(f"{devices_here.__module__}.{devices_here.__qualname__}")


def form_values(form: str) -> dict[str, str]:
    return {
        "facility": {"code": "EAST", "name": "East", "time_zone": "UTC", "address": "", "certification_number": ""},
        "location": {"kind": "room", "name": "1", "code": ""},
        "department": {"name": "D", "code": "", "cost_centre": "", "contact_name": "", "contact_phone": "", "contact_email": ""},
        "provider": {"name": "P", "kind": "independent", "phone": "", "email": ""},
        "organisation": {"name": "O", "currency": "USD", "risk_profile": "x"},
    }[form]


TEXTS = [(form, name) for form in ("facility", "location", "department", "provider", "organisation") for name in form_values(form)]


@pytest.mark.parametrize(("form", "name"), TEXTS)
def test_html_in_any_field_is_refused_or_shown_as_text(ada, north, form, name):
    place, ward, provider = LocationFactory(facility=north), DepartmentFactory(facility=north), ServiceProviderFactory()
    url = {
        "facility": "/places/facilities/NORTH/edit",
        "location": f"/l/{place.public_code}/edit",
        "department": f"/places/departments/{ward.pk}/edit",
        "provider": f"/places/providers/{provider.pk}/edit",
        "organisation": "/places/organisation",
    }[form]
    answer = ada.post(url, form_values(form) | {name: EVIL})
    assert answer.status_code in (302, 422)
    code = Facility.objects.get(pk=north.pk).code
    lists = ["/places/", f"/places/facilities/{code}/", "/places/departments/", "/places/providers/"]
    pages = [answer, *(ada.get(page) for page in [*lists, f"/l/{place.public_code}", f"/places/departments/{ward.pk}"])]
    assert all(EVIL not in page.content.decode() for page in pages)


QUERIES = [
    "cursor=x",
    "cursor=WzAsICJ4IiwgInkiXQ",
    "limit=-1",
    "limit=%D9%A3",
    "q=%00",
    "facility=%F0%9F",
    "active=perhaps",
    f"q={'x' * 5000}",
]


@pytest.mark.parametrize("query", QUERIES)
def test_any_query_string_gets_a_plain_answer(ada, query):
    for url in ("/places/departments/", "/places/providers/"):
        assert ada.get(f"{url}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("url", ["/places/", "/places/facilities/NORTH/", "/places/departments/", "/places/providers/"])
def test_lists_cost_the_same_for_one_row_and_for_thirty(ada, north, url):
    fill(north, 1)
    statements(ada, url)
    alone = statements(ada, url)
    fill(north, 29)
    assert statements(ada, url) == alone


def test_a_place_with_thirty_rooms_costs_what_one_room_costs(ada, north):
    area = LocationFactory(facility=north)
    LocationFactory(facility=north, parent=area, kind="room")
    url = f"/l/{area.public_code}"
    alone = statements(ada, url)
    LocationFactory.create_batch(29, facility=north, parent=area, kind="room")
    assert statements(ada, url) == alone


def fill(facility, count):
    FacilityFactory.create_batch(count)
    LocationFactory.create_batch(count, facility=facility)
    DepartmentFactory.create_batch(count, facility=facility)
    ServiceProviderFactory.create_batch(count)


def statements(client, url) -> int:
    with CaptureQueriesContext(connection) as done:
        assert client.get(url).status_code == 200
    return len(done)


def test_a_provider_is_added_by_a_manager_and_changed_by_who_holds_it_everywhere(manager, ada):
    manager.post("/places/providers/add", {"name": "Acme", "kind": "manufacturer"})
    provider = ServiceProvider.objects.get()
    edit = f"/places/providers/{provider.pk}/edit"
    assert manager.post(edit, {"name": "X", "kind": "manufacturer"}).status_code == 403
    ada.post(edit, {"name": "Acme Biomedical", "kind": "manufacturer"})
    provider.refresh_from_db()
    assert provider.name == "Acme Biomedical"
