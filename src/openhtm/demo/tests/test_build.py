"""The demo hospital in the database."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.db import connection, transaction
from django.db.models import Count, Q

from openhtm.audit import invariants
from openhtm.demo.accounts import DEMO_ACCOUNTS
from openhtm.demo.services import Built, build_demo
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import AlternateNumber, Device, DuplicateCandidate, NetworkInterface, StatusChange
from openhtm.inventory.services.derived import TYPES_HOLD
from openhtm.sites.models import Facility, Location, Organisation

TODAY = dt.date(2026, 11, 22)
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def hospital(django_db_setup: None, django_db_blocker: Any) -> Iterator[Built]:
    """One hospital for all tests of this file; each test's own changes are taken back, at the end all of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_demo(as_of=TODAY, devices=1500)
        transaction.set_rollback(True)


def test_counts_are_what_was_asked_for(hospital: Built) -> None:
    assert hospital.counts["devices"] == Device.objects.count() == 1500
    assert Facility.objects.count() == 4
    assert Facility.objects.values("time_zone").distinct().count() == 4
    assert hospital.counts["statuses"] == StatusChange.objects.count() > 1500


def test_it_is_marked_synthetic(hospital: Built) -> None:
    organisation = Organisation.objects.get()
    assert organisation.synthetic
    assert "(synthetic)" in organisation.name
    assert not Facility.objects.exclude(name__contains="(synthetic)").exists()


def test_the_mess_is_there(hospital: Built) -> None:
    use = Device.objects.filter(status="in_service")
    for missing in (
        Q(serial_number=""),
        Q(location=None),
        Q(software_version=""),
        Q(acquisition_cost_cents=None),
        Q(device_model__name=""),
    ):
        share = use.filter(missing).count() / use.count()
        assert 0 < share < 0.75, missing
    assert DuplicateCandidate.objects.count() == hospital.counts["duplicate candidates"] >= 3
    assert AlternateNumber.objects.filter(kind="old_control_number").exists()
    assert Device.objects.filter(status__in=["retired", "disposed"]).exclude(retired_on=None).exists()
    assert Device.objects.exclude(parent=None).exists()


def test_addresses_are_private_and_local(hospital: Built) -> None:
    interfaces = NetworkInterface.objects.all()
    assert interfaces.exists()
    assert not interfaces.exclude(ip_address=None).exclude(ip_address__startswith="10.").exists()
    assert all(str(one).startswith("02:") for one in interfaces.values_list("mac_address", flat=True))


def test_what_is_derived_holds(hospital: Built) -> None:
    assert TYPES_HOLD.check() == (0, [])
    assert [finding for finding in invariants.run_all() if finding.count] == []


def test_status_and_last_sighting_follow_from_the_facts(hospital: Built) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM inventory_device d WHERE d.status <> (SELECT s.after FROM inventory_statuschange s"
            " WHERE s.device_id = d.id ORDER BY s.recorded_at DESC, s.id DESC LIMIT 1)"
        )
        assert cursor.fetchone()[0] == 0
        cursor.execute(
            "SELECT count(*) FROM inventory_device d WHERE d.last_seen_at IS DISTINCT FROM"
            " (SELECT max(s.seen_at) FROM inventory_sighting s WHERE s.device_id = d.id)"
        )
        assert cursor.fetchone()[0] == 0


def test_places_are_named_and_nested_as_the_tree_says(hospital: Built) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sites_location l LEFT JOIN sites_location p ON p.id = l.parent_id"
            " WHERE l.full_name <> CASE WHEN p.id IS NULL THEN l.name ELSE p.full_name || ' › ' || l.name END"
            " OR l.path::text <> CASE WHEN p.id IS NULL THEN l.id::text ELSE p.path::text || '.' || l.id END"
        )
        assert cursor.fetchone()[0] == 0
    assert Location.objects.filter(kind="room").count() == hospital.counts["rooms"]


def test_history_knows_who_wrote_it(hospital: Built) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE c.metadata->>'actor' = 'openhtm demo') FROM inventory_deviceevent e"
            " LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id"
        )
        written, by_demo = cursor.fetchone()
        assert written == by_demo >= 1500  # each device once, and again where its work changed it


def test_one_account_for_each_role_with_exactly_that_role(hospital: Built) -> None:
    assert sorted(account.role for account in DEMO_ACCOUNTS) == sorted(Role)
    for account in DEMO_ACCOUNTS:
        user = User.objects.get(username=account.username)
        validate_password(account.password, user)
        assert user.check_password(account.password)
        assert [a.role for a in RoleAssignment.objects.filter(user=user)] == [account.role]
    others = User.objects.exclude(username__in=[account.username for account in DEMO_ACCOUNTS])
    assert not any(user.has_usable_password() for user in others)


def test_next_number_follows_the_highest(hospital: Built) -> None:
    assert Device.objects.order_by("-control_number").values_list("control_number", flat=True)[0] == "BME-001500"
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('inventory_control_number')")
        assert cursor.fetchone()[0] == 1501


def test_a_second_run_changes_nothing(hospital: Built) -> None:
    again = build_demo(as_of=TODAY, devices=10)
    assert again.already
    assert Device.objects.count() == 1500


def test_mess_names_a_serial_once_for_each_maker(hospital: Built) -> None:
    repeated = (
        Device.objects.exclude(serial_number__in=["", "N/A"]).values("device_model", "serial_key").annotate(n=Count("id")).filter(n__gt=2)
    )
    assert not repeated.exists()
