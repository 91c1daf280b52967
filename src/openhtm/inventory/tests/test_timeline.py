"""The timeline tells every kind of fact, newest first, in a number of statements that does not grow."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.audit.context import acting
from openhtm.documents.models import StoredFile
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import AlternateNumber, Device, DeviceAttachment, DeviceMove, DeviceNote, Sighting, StatusChange
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.services import devices
from openhtm.inventory.services.merging import merge_devices, unmerge_devices
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.inventory.tests.record import NOW
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory


def everything_about(device, *, at, actor, name="x"):
    """Record one fact of each kind."""
    place = LocationFactory(facility=device.facility, name=f"Ward {name}")
    stored = StoredFile.objects.create(sha256=name.rjust(64, "0"), size_bytes=1, media_type="text/plain")
    StatusChange.objects.create(
        device=device, before="in_service", after="in_repair", on=at.date(), reason="Beeps", actor_name="M. Reyes", recorded_at=at
    )
    DeviceMove.objects.create(
        device=device, from_facility=device.facility, to_facility=device.facility, to_location=place,
        to_department=DepartmentFactory(facility=device.facility, name=f"Dept {name}"), recorded_at=at,
    )  # fmt: skip
    Sighting.objects.create(device=device, seen_at=at, location=place, source="scan", detail="rounds", actor_name="O. Haddad")
    DeviceNote.objects.create(device=device, text=f"Note {name}", author_name="M. Reyes", recorded_at=at)
    DeviceAttachment.objects.create(
        device=device, file=stored, file_name=f"{name}.txt", added_by=User.objects.get(pk=actor.user_id), added_at=at,
        removed_at=at + dt.timedelta(hours=1), removed_reason="Wrong device",
    )  # fmt: skip
    AlternateNumber.objects.create(device=device, kind="finance", number=f"F-{name}", number_key=f"F-{name}", source="ERP", added_at=at)


def test_every_kind_of_fact_is_told_in_words(north, omar):
    device = DeviceFactory(facility=north, control_number="T-1")
    everything_about(device, at=NOW, actor=omar)
    told = {(event.title, event.detail, event.reason) for event in timeline(device, actor=omar) if not event.title.endswith("recorded")}
    assert told == {
        ("In repair", "was in service · from 22 Nov 2026 · M. Reyes", "Beeps"),
        ("Placed at Ward x, Dept x", "", ""),
        ("Seen at Ward x", "scan · rounds · O. Haddad", ""),
        ("Note by M. Reyes", "Note x", ""),
        ("File added: x.txt", "Omar Haddad", ""),
        ("File taken away: x.txt", "", "Wrong device"),
        ("Finance asset number: F-x", "ERP", ""),
    }


def test_it_is_told_newest_first_and_no_more_than_asked_for(north, omar):
    device = DeviceFactory(facility=north)
    for day in range(5):
        everything_about(device, at=NOW - dt.timedelta(days=day), actor=omar, name=f"{day}")
    whole = timeline(device, actor=omar)
    assert [event.when for event in whole] == sorted((event.when for event in whole), reverse=True)
    assert len(whole) == 1 + 5 * 7
    assert timeline(device, actor=omar, limit=6) == whole[:6]


def test_it_costs_the_same_for_one_fact_of_each_kind_and_for_thirty(north, omar):
    device = DeviceFactory(facility=north, control_number="T-1")

    def statements():
        with CaptureQueriesContext(connection) as captured:
            timeline(Device.objects.get(pk=device.pk), actor=omar)
        return len(captured) - 1  # getting the device

    everything_about(device, at=NOW, actor=omar)
    alone = statements()
    for number in range(29):
        everything_about(device, at=NOW, actor=omar, name=f"{number}")
    assert statements() == alone == 3


def test_a_change_names_the_person_the_reason_and_both_values(north, omar):
    device = DeviceFactory(facility=north, control_number="T-1", software_version="1.0", purchase_order="PO 1")
    with acting(omar, reason="Update of the fleet"):
        devices.edit_device(actor=omar, control_number="T-1", values={"software_version": "2.0"}, now=NOW)
    changed = next(event for event in timeline(device, actor=omar) if event.changes)
    assert (changed.title, changed.reason, list(changed.changes)) == (
        "Omar Haddad changed",
        "Update of the fleet",
        [("Software version", "1.0", "2.0")],
    )


def test_a_merge_is_told_with_person_and_reason_and_facts_name_their_record(north, omar):
    kept, given_up = (DeviceFactory(facility=north, control_number=number) for number in ("A-1", "A-2"))
    for device in (kept, given_up):
        StatusChange.objects.create(device=device, after="in_service", on=NOW.date(), actor_name="M. Reyes", recorded_at=NOW)
    merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={}, reason="One device, two tags.", now=NOW)
    told = {(event.title, event.detail, event.reason) for event in timeline(kept, actor=omar)}
    assert ("A-2 merged into A-1", "by Omar Haddad", "One device, two tags.") in told
    assert ("In service", "from 22 Nov 2026 · M. Reyes", "") in told
    assert ("In service (record A-2)", "from 22 Nov 2026 · M. Reyes", "") in told
    unmerge_devices(actor=omar, loser="A-2", reason="Two after all.", now=NOW)
    told = {(event.title, event.detail, event.reason) for event in timeline(given_up, actor=omar)}
    assert ("Merge of A-2 into A-1 taken back", "by Omar Haddad", "Two after all.") in told
    assert ("In service", "from 22 Nov 2026 · M. Reyes", "") in told


def test_a_merge_does_not_name_a_record_elsewhere(south, omar):
    ada = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None))
    north_device = DeviceFactory(control_number="N-7")
    loser = DeviceFactory(facility=south, control_number="S-7")
    merge_devices(actor=ada, survivor="N-7", loser="S-7", choices={}, reason="same", now=NOW)
    unmerge_devices(actor=ada, loser="S-7", reason="different", now=NOW)
    assert north_device.facility_id != south.pk
    titles = " ".join(event.title for event in timeline(loser, actor=omar))
    assert "S-7 merged into another record" in titles
    assert "N-7" not in titles


def test_a_record_begins_on_its_own_day_below_the_facts_of_that_moment(north, omar):
    device = DeviceFactory(facility=north, control_number="T-1", created_at=NOW - dt.timedelta(days=900))
    StatusChange.objects.create(device=device, after="in_service", on=NOW.date(), recorded_at=device.created_at)
    assert [event.title for event in timeline(device, actor=omar)] == ["In service", "T-1 recorded"]
    assert timeline(device, actor=omar)[-1].when == device.created_at
