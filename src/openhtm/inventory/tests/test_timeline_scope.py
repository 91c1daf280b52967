"""The timeline of a device that came from elsewhere names nothing of a facility the reader does not see."""

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.services.life import move_devices
from openhtm.inventory.services.sightings import record_sighting
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.inventory.tests.record import NOW
from openhtm.sites.tests.factories import LocationFactory


def test_places_of_a_facility_out_of_sight_are_not_named(north, south, maria):
    everywhere = actor_of(UserFactory.with_role(Role.MANAGER, None))
    vault = LocationFactory(facility=south, name="Vault 7")
    device = DeviceFactory(facility=south, location=vault, control_number="T-1")
    record_sighting(control_number="T-1", actor=everywhere, now=NOW, location_code=vault.public_code)
    ward = LocationFactory(facility=north, name="4 West")
    move_devices(actor=everywhere, control_numbers=["T-1"], facility_id=north.pk, location_id=ward.pk, department_id=None, reason="lent")
    device.refresh_from_db()
    told = " ".join(event.title for event in timeline(device, actor=maria))
    assert "Moved from another facility to 4 West, North Campus" in told
    assert "Seen at another facility" in told
    assert "Vault" not in told
    assert "South" not in told
    assert "Moved from Vault 7, South Clinic" in " ".join(event.title for event in timeline(device, actor=everywhere))
