"""The home page: what each role meets, counted right, and at the same cost for any number of devices."""

import datetime as dt

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.audit.invariants import run_and_record
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device
from openhtm.inventory.queries import filters
from openhtm.inventory.services import devices, figures
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.reporting.queries.home import home
from openhtm.reporting.queries.system import last_backup
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, ServiceProviderFactory

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def north(db):
    return FacilityFactory(code="NORTH", name="North <b>Campus</b>")


def person(role, north, **more):
    if role == Role.VENDOR_TECHNICIAN:
        more["provider"] = ServiceProviderFactory(name="Acme")
    if role == Role.REQUESTER:
        more["department"] = DepartmentFactory(facility=north, name="ICU")
    return UserFactory.with_role(role, north, **more)


def numbers(shown):
    return {number.label: number for section in shown.sections for number in section.numbers}


@pytest.mark.parametrize("role", Role)
def test_every_role_finds_something_and_every_number_opens_to_its_rows(client, north, role):
    user = person(role, north)
    network = DeviceTypeFactory(networked=True, high_risk=True, high_risk_source="test")
    held = user.role_assignments.get()
    for status in ("in_service", "missing", "in_repair"):
        DeviceFactory(
            facility=north,
            status=status,
            device_model=DeviceModelFactory(device_type=network),
            description="<script>alert(1)</script>",
            department=held.department,
            service_provider=held.provider,
        )
    client.force_login(user)
    shown = home(actor=actor_of(user), now=NOW)
    assert shown.sections
    answer = client.get("/")
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert b"<b>Campus" not in answer.content
    for number in numbers(shown).values():
        if number.url.startswith("/devices"):
            read = filters.read_filters(QueryDict(number.url.partition("?")[2]).dict(), actor=actor_of(user))
            assert not read.problems, number.url
            assert filters.filtered(actor=actor_of(user), filters=read).count() == number.amount, number.url


def test_a_person_without_a_role_is_told_what_to_do(client, north):
    user = UserFactory()
    client.force_login(user)
    assert b"You have no role yet" in client.get("/").content


@pytest.mark.parametrize("role", Role)
def test_home_costs_the_same_for_one_device_and_for_thirty(north, role):
    actor = actor_of(person(role, north))
    DeviceFactory(facility=north, status="missing")
    with CaptureQueriesContext(connection) as alone:
        home(actor=actor, now=NOW)
    DeviceFactory.create_batch(29, facility=north, status="missing")
    with CaptureQueriesContext(connection) as many:
        home(actor=actor, now=NOW)
    assert len(many) == len(alone) <= 24


def test_technicians_find_what_they_changed_last(north):
    maria = actor_of(UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria"))
    other = actor_of(UserFactory.with_role(Role.TECHNICIAN, north))
    for number, who in (("A-1", maria), ("A-2", other)):
        DeviceFactory(facility=north, control_number=number)
        with acting(who):
            devices.edit_device(actor=who, control_number=number, values={"supplier": "Acme"})
    (mine,) = [section for section in home(actor=maria, now=NOW).sections if section.key == "mine"]
    assert [row.label for row in mine.rows] == ["A-1"]


def test_nothing_of_another_facility_is_counted(north):
    DeviceFactory.create_batch(3, facility=FacilityFactory(), status="missing")
    maria = actor_of(UserFactory.with_role(Role.TECHNICIAN, north))
    assert {number.amount for number in numbers(home(actor=maria, now=NOW)).values()} == {0}


def test_a_large_instance_shows_what_the_job_counted_and_when(north, monkeypatch):
    monkeypatch.setattr("openhtm.inventory.queries.figures._is_small", lambda: False)
    omar = actor_of(UserFactory.with_role(Role.MANAGER, north))
    DeviceFactory(facility=north)
    assert home(actor=omar, now=NOW).counted_at is None  # nothing stored yet: counted now
    figures.refresh_figures(now=NOW)
    DeviceFactory(facility=north)
    shown = home(actor=omar, now=NOW)
    assert shown.counted_at == NOW
    assert numbers(shown)["in the inventory"].amount == 1
    assert shown.facilities[0].total == 1
    figures.refresh_figures(now=NOW + dt.timedelta(minutes=10))
    assert numbers(home(actor=omar, now=NOW))["in the inventory"].amount == 2


def test_administrators_see_people_without_a_role(client, north):
    ada = UserFactory.with_role(Role.ADMINISTRATOR, None)
    UserFactory(full_name="Nobody Yet")
    number = numbers(home(actor=actor_of(ada), now=timezone.now()))["people without a role"]
    assert number.amount.value == 1
    client.force_login(ada)
    listed = client.get(number.url)
    assert b"Nobody Yet" in listed.content
    assert Device.objects.count() == 0


def test_the_system_page_shows_laws_jobs_and_versions(client, north):
    client.force_login(UserFactory.with_role(Role.ADMINISTRATOR, None))
    answer = client.get(reverse("system"))
    assert answer.status_code == 200
    assert b"PostgreSQL" in answer.content
    run_and_record()
    assert b"holds" in client.get(reverse("system")).content


@pytest.mark.parametrize("content", [None, b"\xff", b"[]", b'{"made_at": "soon", "file": "b.tar", "bytes": 1}'])
def test_without_a_readable_record_there_was_no_backup(settings, tmp_path, content):
    settings.LAST_BACKUP_RECORD = tmp_path / "last-backup.json"
    if content is not None:
        settings.LAST_BACKUP_RECORD.write_bytes(content)
    assert last_backup() is None


def test_the_last_backup_is_shown_to_who_looks_after_the_system(client, db, settings, tmp_path):
    settings.LAST_BACKUP_RECORD = tmp_path / "last-backup.json"
    client.force_login(UserFactory.with_role(Role.ADMINISTRATOR, None))
    assert b"None by openhtm backup yet" in client.get(reverse("system")).content
    settings.LAST_BACKUP_RECORD.write_text('{"made_at": "2026-11-21T03:00:00+00:00", "file": "/b/monday.tar", "bytes": 2048}')
    assert b"/b/monday.tar" in client.get(reverse("system")).content
    assert b"Last backup" in client.get(reverse("home")).content


def test_the_api_page_is_for_people_logged_in_and_names_every_problem(client, north):
    answer = client.get(reverse("api-docs"))
    assert answer.status_code == 302
    client.force_login(UserFactory.with_role(Role.REQUESTER, north))
    text = client.get(reverse("api-docs")).content.decode()
    for code in ("not-found", "invalid", "duplicate-already-decided", "not-logged-in"):
        assert f'id="problem-{code}"' in text
    assert "/api/v1/docs/devices#list_devices" in text


def test_a_group_of_the_api_shows_its_operations_and_every_schema_they_name(client, north):
    client.force_login(UserFactory.with_role(Role.REQUESTER, north))
    text = client.get(reverse("api-group", args=["devices"])).content.decode()
    assert 'id="list_devices"' in text
    assert 'id="schema-DeviceRow"' in text
    assert client.get(reverse("api-group", args=["nothing-is-called-so"])).status_code == 404


def test_a_manager_sees_what_is_due_and_reported_and_each_number_has_an_address(north):
    from openhtm.reporting.queries.work import order_numbers, visit_numbers

    omar = actor_of(UserFactory.with_role(Role.MANAGER, north))
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    assert [(count, words) for count, words, _, _ in visit_numbers(omar)][:2] == [(0, "visits due now"), (0, "late")]
    assert [words for _, words, _, _ in order_numbers(omar)] == ["reported, not looked at", "to review"]
    assert all(url.startswith("/") for _, _, url, _ in (*visit_numbers(omar), *order_numbers(omar)))
    assert (visit_numbers(nurse), [words for _, words, _, _ in order_numbers(nurse)]) == ([], ["reported, not looked at"])
