"""What one run after another gives, and where the demo refuses to run."""

import datetime as dt
import hashlib

import pytest
from django.db import connection, transaction

from openhtm.demo.services import RealDataPresent, build_demo
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.sites.models import Organisation
from openhtm.sites.tests.factories import FacilityFactory

TODAY = dt.date(2026, 11, 22)
pytestmark = pytest.mark.django_db

_CONTENT = """
SELECT d.control_number, f.code, m.name, mk.name, t.code, d.description, d.serial_number, d.udi_carrier, d.ownership, dep.name,
       l.full_name, l.public_code, p.name, parent.control_number, d.status, d.status_since, d.software_version, d.acquired_on,
       d.acquisition_cost_cents, d.purchase_order, d.custom, d.created_at, d.updated_at, d.last_seen_at,
       (SELECT array_agg((s.uid, s.before, s.after, s.on, s.reason, s.actor_name, s.recorded_at)::text ORDER BY s.uid)
          FROM inventory_statuschange s WHERE s.device_id = d.id),
       (SELECT array_agg((n.mac_address, n.ip_address, n.vlan, n.hostname)::text ORDER BY n.hostname)
          FROM inventory_networkinterface n WHERE n.device_id = d.id)
FROM inventory_device d
JOIN sites_facility f ON f.id = d.facility_id
JOIN catalog_devicemodel m ON m.id = d.device_model_id
JOIN catalog_manufacturer mk ON mk.id = m.manufacturer_id
JOIN catalog_devicetype t ON t.id = d.device_type_id
LEFT JOIN sites_department dep ON dep.id = d.department_id
LEFT JOIN sites_location l ON l.id = d.location_id
LEFT JOIN sites_serviceprovider p ON p.id = d.service_provider_id
LEFT JOIN inventory_device parent ON parent.id = d.parent_id
ORDER BY d.control_number
"""

_WORK = """
SELECT d.control_number, o.kind, o.status, o.title, o.opened_at, o.completed_at, o.closed_at, o.labour_min, o.labour_cents, o.parts_cents,
       o.vendor_cents, f.code, p.username, o.work_done,
       (SELECT array_agg((r.uid, r.step_key, r.number, r.choice, r.verdict, r.measured_at)::text ORDER BY r.uid)
          FROM workorders_result r WHERE r.work_order_id = o.id)
FROM workorders_workorder o
LEFT JOIN inventory_device d ON d.id = o.device_id
LEFT JOIN workorders_workcode f ON f.id = o.failure_id
LEFT JOIN identity_user p ON p.id = o.completed_by_id
ORDER BY d.control_number, o.opened_at, o.title, o.kind, o.status
"""
_VISITS = """
SELECT d.control_number, p.code, v.due_on, v.state, v.performed_on, v.timing, v.outcome, v.policy_compliant,
       (SELECT array_agg((a.uid, a.outcome, a.attempted_at)::text ORDER BY a.uid) FROM maintenance_attempt a WHERE a.visit_id = v.id)
FROM maintenance_visit v
JOIN maintenance_schedule s ON s.id = v.schedule_id
JOIN procedures_procedure p ON p.id = s.procedure_id
JOIN inventory_device d ON d.id = v.device_id
ORDER BY d.control_number, p.code, v.due_on
"""


def content() -> str:
    """A hash of the devices and their work by natural keys."""
    found = hashlib.sha256()
    with connection.cursor() as cursor:
        for sql in (_CONTENT, _WORK, _VISITS):
            cursor.execute(sql)
            found.update(repr(cursor.fetchall()).encode())
    return found.hexdigest()


class Undone(Exception):
    """Takes a build back."""


def built_content(**options: int) -> str:
    found = ""
    with pytest.raises(Undone), transaction.atomic():
        build_demo(as_of=TODAY, devices=150, **options)
        found = content()
        raise Undone
    return found


def test_the_same_seed_gives_the_same_hospital_and_another_seed_another() -> None:
    first = built_content()
    assert built_content() == first
    assert built_content(seed=7) != first


def test_it_refuses_where_real_data_is() -> None:
    FacilityFactory()
    with pytest.raises(RealDataPresent, match="already holds"):
        build_demo(as_of=TODAY, devices=10)
    assert not Device.objects.exists()


def test_it_refuses_where_people_are() -> None:
    User.objects.create(username="ada", full_name="Ada")
    with pytest.raises(RealDataPresent, match="people"):
        build_demo(as_of=TODAY, devices=10)
    assert not Organisation.objects.exists()
