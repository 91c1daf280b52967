"""A file on its way in: what is staged, what is written, what is refused, and that the same file changes nothing twice."""

import csv
import datetime as dt
import io
from pathlib import Path

import pghistory
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.services.starter import load_starter
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.errors import DomainError, NotAllowed
from openhtm.exchange.models import ImportRow, ImportRun, RunStatus
from openhtm.exchange.services import imports, reading, running
from openhtm.identity.actor import Actor, Grant
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import (
    AlternateNumber,
    CustomField,
    Device,
    DeviceMove,
    DeviceNote,
    NetworkInterface,
    StatusChange,
)
from openhtm.inventory.queries.filters import filtered, read_filters
from openhtm.inventory.services import devices, exporting
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Department, Facility, Location
from openhtm.sites.tests.factories import FacilityFactory

GOLDEN = Path(__file__).parent / "golden" / "clinic_es.csv"
SYSTEM = Actor.system("test")
BUSINESS = (Device, StatusChange, DeviceMove, DeviceNote, AlternateNumber, NetworkInterface, Department, Location, CustomField)


def table(*rows, header="control_number,serial_number,manufacturer,model,department,location,status,notes"):
    return "\n".join([header, *rows]).encode()


def staged(actor, content, facility, *, name="file.csv", profile=None):
    run = imports.create_run(actor=actor, content=content, file_name=name, facility_id=facility.pk if facility else None, profile=profile)
    run = running.check_import(run_id=run.pk, actor=actor)
    assert run.failure == ""
    return run


def applied(actor, content, facility, **more):
    run = staged(actor, content, facility, **more)
    run = running.apply_import(run_id=run.pk, actor=actor)
    assert (run.status, run.failure) == (RunStatus.APPLIED, "")
    return run


def counts(run, *names):
    found = imports.problem_counts(run)
    return tuple(found[name] for name in names or ("created", "updated", "unchanged", "conflicts", "refused"))


def codes(run):
    return [(row.row_number, one["code"]) for row in run.rows.all() for one in row.problems]


@pytest.fixture
def type_infusion(db):
    return DeviceTypeFactory(code="pump", name="Infusion pump", synonyms=["Bomba de infusión"], high_risk=True, high_risk_source="test")


def test_staging_writes_rows_and_nothing_else(omar, north, type_infusion):
    before = {model: model.objects.count() for model in BUSINESS}
    run = staged(omar, GOLDEN.read_bytes(), north, name="clinic_es.csv")
    assert run.status == RunStatus.CHECKED
    assert counts(run, "read", "created", "refused") == (5, 3, 2)  # NI means missing
    assert {model: model.objects.count() for model in BUSINESS} == before
    problems = {(row.row_number, one["field"], one["value"]) for row in run.rows.filter(action="refused") for one in row.problems}
    assert (11, "ownership", "trueque") in problems
    assert (12, "acquired_on", "31/02/2020") in problems
    assert all(one["column"] for row in run.rows.filter(action="refused") for one in row.problems if one["value"])


def test_the_golden_file_becomes_devices_with_their_history(omar, north, type_infusion):
    run = applied(omar, GOLDEN.read_bytes(), north, name="clinic_es.csv")
    pump = Device.objects.select_related("device_model__manufacturer", "device_type").get(control_number="EJ 001")
    assert (pump.device_model.manufacturer.name, pump.device_model.name, pump.device_type) == ("Philips", "MX 10", type_infusion)
    assert pump.high_risk is True
    assert (pump.acquired_on, pump.acquisition_cost_cents, pump.ownership) == (dt.date(2019, 2, 13), 125000050, "owned")
    assert DeviceNote.objects.get(device=pump).text == 'Dos líneas\ncon ; y "comillas"'
    change = StatusChange.objects.get(device=pump)
    assert (change.before, change.after, change.reason) == ("", "in_service", "Import of clinic_es.csv")
    assert (change.uid.version, change.actor_id) == (7, omar.user_id)
    event = pghistory.models.Events.objects.tracks(pump).get()
    assert event.pgh_context["reason"] == "import clinic_es.csv"
    assert event.pgh_context["actor"] == omar.name
    assert set(AlternateNumber.objects.values_list("number", flat=True)) == {"99812", "B-7"}
    assert run.rows.get(row_number=6).target_id == pump.pk


def test_the_same_file_again_changes_nothing(omar, north, type_infusion):
    applied(omar, GOLDEN.read_bytes(), north, name="clinic_es.csv")
    before = list(Device.objects.order_by("pk").values())
    notes = DeviceNote.objects.count()
    again = applied(omar, GOLDEN.read_bytes(), north, name="clinic_es.csv")
    assert counts(again) == (0, 0, 3, 0, 2)
    assert list(Device.objects.order_by("pk").values()) == before
    assert DeviceNote.objects.count() == notes == 2


def test_blank_cells_never_erase_and_only_what_differs_is_written(omar, north):
    applied(omar, table("A-1,S1,Acme,X1,ICU,Main / 4 / Room 1,in_service,"), north)
    first = Device.objects.get()
    run = applied(omar, table("A-1,,,,,Main / 4 / Room 2,,seen"), north)
    assert counts(run) == (0, 1, 0, 0, 0)
    assert run.rows.get().difference == {
        "location": ["Main › 4 › Room 1", "Main / 4 / Room 2"],
        "notes": [None, "seen"],
    }
    device = Device.objects.get()
    assert (device.serial_number, device.department_id, device.location.name) == ("S1", first.department_id, "Room 2")
    move = DeviceMove.objects.order_by("pk").last()
    assert (move.from_location_id, move.to_location_id, move.to_department_id) == (
        first.location_id,
        device.location_id,
        first.department_id,
    )
    assert device.updated_at > first.updated_at


def test_status_follows_the_transition_table(omar, north):
    applied(omar, table("A-1,S1,Acme,X1,,,in_service,"), north)
    refused = staged(omar, table("A-1,,,,,,planned,"), north)
    assert (counts(refused, "refused"), codes(refused)) == ((1,), [(2, "status-not-reachable")])
    applied(omar, table("A-1,,,,,,retired,"), north)
    device = Device.objects.get()
    assert (device.status, device.retired_on, device.status_since) == ("retired", device.status_since, device.retired_on)
    assert list(StatusChange.objects.order_by("pk").values_list("before", "after")) == [("", "in_service"), ("in_service", "retired")]


def test_keys_are_tried_in_order_and_may_not_contradict(omar, north):
    applied(omar, table("A-1,S-11,Acme,X1,,,,", "A-2,S-22,Acme,X1,,,,"), north)
    run = staged(omar, table(",s11,ACME Inc.,X1,ICU,,,", "A-2,S-11,Acme,,,,,", "A-9,S-22,Acme,,,,,", ",,,X1,,,,"), north)
    assert [(row.action, row.matched_by) for row in run.rows.all()] == [
        ("update", "manufacturer+serial_number"),
        ("conflict", "control_number"),
        ("conflict", "manufacturer+serial_number"),
        ("refused", ""),
    ]


def test_a_former_number_still_finds_the_device(omar, north):
    applied(omar, table("A-1,S-11,Acme,X1,,,,"), north)
    devices.edit_device(actor=omar, control_number="A-1", values={"control_number": "B-1"})
    run = applied(omar, table("A-1,S-11,Acme,X1,ICU,,,"), north)
    assert counts(run) == (0, 1, 0, 0, 0)
    assert codes(run) == [(2, "renumbered")]
    assert Device.objects.get().control_number == "B-1"


def test_a_device_named_twice_is_a_conflict_and_a_shared_serial_a_warning(omar, north):
    run = staged(omar, table("A-1,S1,Acme,X1,,,,", "a-1,S2,Acme,X1,,,,", "A-3,S1,Acme,X1,,,,"), north)
    assert [row.action for row in run.rows.all()] == ["create", "conflict", "create"]
    assert codes(run) == [(3, "repeated"), (4, "serial-repeated")]


def test_a_missing_number_is_given_when_something_else_identifies_the_device(omar, north):
    run = applied(omar, table(",S1,Acme,X1,,,,"), north)
    assert Device.objects.get().control_number.startswith("BME-")
    assert codes(run) == [(2, "number-assigned")]
    assert counts(applied(omar, table(",S1,Acme,X1,,,,"), north)) == (0, 0, 1, 0, 0)


def test_what_changed_since_the_check_is_not_overwritten(omar, north):
    applied(omar, table("A-1,S1,Acme,X1,,,,", "A-2,S2,Acme,X1,,,,"), north)
    run = staged(omar, table("A-1,S1-new,Acme,X1,,,,", "A-2,S2-new,Acme,X1,,,,", "A-3,S3,Acme,X1,,,,"), north)
    devices.edit_device(actor=omar, control_number="A-1", values={"serial_number": "typed by hand"})
    DeviceFactory(facility=north, control_number="A-3")
    run = running.apply_import(run_id=run.pk, actor=omar)
    assert counts(run) == (0, 1, 0, 2, 0)
    assert dict(Device.objects.values_list("control_number", "serial_number"))["A-1"] == "typed by hand"
    first = run.rows.first()
    assert (first.action, [one["code"] for one in first.problems]) == ("conflict", ["changed-meanwhile"])


def test_a_cancelled_run_writes_nothing(omar, north):
    run = staged(omar, table("A-1,S1,Acme,X1,,,,"), north)

    def stop(done, total, text):
        if text.startswith("Writing"):
            raise running.Cancelled

    run = running.apply_import(run_id=run.pk, actor=omar, watch=stop)
    assert run.status == RunStatus.CANCELLED
    assert not Device.objects.exists()
    with pytest.raises(imports.RunNotReady):
        imports.request_apply(actor=omar, public_id=run.public_id)
    assert imports.request_check(actor=omar, public_id=run.public_id).pk == run.pk


def test_scope_and_rights_hold(maria, omar, chen, north, south):
    with pytest.raises(NotAllowed):
        imports.create_run(actor=maria, content=table("A-1,S1,Acme,X1,,,,"), file_name="x.csv", facility_id=north.pk)
    with pytest.raises(Facility.DoesNotExist):
        imports.create_run(actor=omar, content=table("A-1,S1,Acme,X1,,,,"), file_name="x.csv", facility_id=south.pk)
    foreign = DeviceFactory(facility=south, control_number="A-1", serial_number="S1")
    run = applied(omar, table("A-1,S9,Acme,X1,,,,"), north)
    assert (counts(run, "refused"), codes(run)) == ((1,), [(2, "taken")])
    foreign.refresh_from_db()
    assert foreign.serial_number == "S1"
    assert not ImportRun.objects.visible_to(chen).exists()


def test_places_are_added_only_by_those_who_may_and_as_the_profile_says(omar, north):
    profile = reading.profile_named("devices", "openhtm")
    run = imports.create_run(actor=omar, content=table("A-1,S1,Acme,X1,ICU,Main / 4 / Room 1,,"), file_name="x.csv", facility_id=north.pk)
    for policy, action, code in (("warn", "create", "left-empty"), ("refuse", "refused", "not-known")):
        changed = type(profile)(**{**{k: getattr(profile, k) for k in profile.__dataclass_fields__}, "on_missing": policy})
        imports.configure_run(actor=omar, public_id=run.public_id, profile=changed)
        run = running.check_import(run_id=run.pk, actor=omar)
        assert (run.rows.get().action, {one[1] for one in codes(run)}) == (action, {code})


def test_an_alias_resolves_and_says_so(omar, north):
    maker = ManufacturerFactory(name="Philips")
    maker.aliases.create(alias="Phillips", alias_key="phillips", source="starter")
    DeviceModelFactory(manufacturer=maker, name="MX 10")
    run = applied(omar, table("A-1,S1,Phillips,MX 10,,,,"), north)
    assert run.rows.get().values["evidence"]["manufacturer"].startswith("Phillips is Philips, by Phillips")
    assert Device.objects.get().device_model.manufacturer == maker


def test_checking_costs_the_same_for_one_row_and_for_thirty(omar, north):
    def statements(content):
        run = imports.create_run(actor=omar, content=content, file_name="x.csv", facility_id=north.pk)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            running.check_import(run_id=run.pk, actor=omar)
            running.apply_import(run_id=run.pk, actor=omar)
        return len(seen)

    statements(table("Z-1,Z1,Acme,X1,ICU,Room 1,,note"))
    one = statements(table("A-1,S1,Acme,X1,ICU,Room 1,,note"))
    rows = [f"B-{n},T{n},Acme,X1,ICU,Room 1,,note" for n in range(30)]
    assert statements(table(*rows)) == one


ROUND_TRIP = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).map(lambda text: "w " + text)


@ROUND_TRIP
@given(
    serial=st.sampled_from(["", "=1+1", "-5", "007", "@x", "'quoted"]), description=words, supplier=words, cents=st.integers(0, 10**9),
    precision=st.sampled_from(["day", "month", "year", "before"]), note=st.text(st.sampled_from("ab =\n+,;\""), max_size=20), risk=st.booleans(),
)  # fmt: skip
def test_an_export_read_back_changes_nothing(omar, north, serial, description, supplier, cents, precision, note, risk):
    day = {"day": dt.date(2019, 5, 7), "month": dt.date(2019, 5, 1), "year": dt.date(2019, 1, 1), "before": dt.date(2019, 5, 7)}[precision]
    device = DeviceFactory(
        facility=north, serial_number=serial, description=" ".join(description.split()), supplier=" ".join(supplier.split()),
        acquisition_cost_cents=cents, acquired_on=day, acquired_precision=precision, high_risk=risk, high_risk_override=risk,
        high_risk_reason="x", ownership="leased", owner_name="Lessor", custom={},
    )  # fmt: skip
    if note.strip():
        DeviceNote.objects.create(device=device, text=note.strip())
    NetworkInterface.objects.create(device=device, mac_address="00:1b:44:11:3a:b7", ip_address="10.0.0.7", vlan=12)
    queryset = filtered(actor=omar, filters=read_filters({"q": device.control_number}, actor=omar))
    columns, found = exporting.exported(actor=omar, queryset=queryset)
    content = "".join(exporting.csv_pieces(columns, found)).encode()
    run = staged(omar, content, north, name="export.csv")
    assert run.definition["name"] == "openhtm"
    assert [(row.action, row.difference, row.problems) for row in run.rows.all() if row.action != "unchanged"] == []


def test_an_export_is_safe_to_open_and_keeps_costs_from_those_who_may_not_see_them(omar, north):
    DeviceFactory(facility=north, control_number="A-1", serial_number='=HYPERLINK("x")', acquisition_cost_cents=100)
    columns, found = exporting.exported(actor=omar, queryset=Device.objects.all())
    rows = list(csv.reader(io.StringIO("".join(exporting.csv_pieces(columns, found)).removeprefix("\ufeff"))))
    assert rows[1][rows[0].index("serial_number")] == '\'=HYPERLINK("x")'
    assert "acquisition_cost" in columns
    surveyor = Actor(None, "S", (Grant(Role.SURVEYOR, north.pk),))
    assert not {"acquisition_cost", "supplier", "ip_address"} & set(exporting.exported(actor=surveyor, queryset=Device.objects.all())[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_a_run_or_a_refusal_in_words(omar, north, content):
    try:
        run = imports.create_run(actor=omar, content=content, file_name="any.csv", facility_id=north.pk)
        run = running.check_import(run_id=run.pk, actor=omar)
    except DomainError as refusal:
        assert refusal.sentence
        assert 400 <= refusal.status < 500
        return
    assert run.status in (RunStatus.CHECKED, RunStatus.FAILED)
    assert run.status == RunStatus.CHECKED or run.failure


@pytest.mark.realdata
def test_the_laboratory_inventory_imports_once_and_then_changes_nothing(shared_data, db):
    load_starter(actor=SYSTEM)
    lab = FacilityFactory(code="LAB", name="Laboratory")
    for suffix, expected in (("xlsx", (27, 0, 0, 0, 0)), ("xlsx", (0, 0, 27, 0, 0)), ("csv", (0, 0, 27, 0, 0))):
        content = (shared_data / "inventory" / f"university_clinical_lab_F147_es.{suffix}").read_bytes()
        run = applied(SYSTEM, content, lab, name=f"lab.{suffix}")
        assert (run.definition["name"], counts(run)) == ("f147-es", expected)
    analyser = Device.objects.select_related("device_model__manufacturer", "location", "department").get(control_number="LIME 378")
    assert (analyser.device_model.manufacturer.name.upper(), analyser.device_model.name) == ("SYSMEX", "CS2500")
    assert (analyser.acquired_on, analyser.accepted_on, analyser.supplier) == (dt.date(2021, 6, 28), dt.date(2021, 7, 16), "SIEMENS")
    assert (analyser.department.name, analyser.location.name) == ("LIME - Hematología", "Procesamiento Seccion A")
    assert set(analyser.alternate_numbers.values_list("number", flat=True)) == {"BIO-16281"}
    assert analyser.custom["clasificacion_ips"] == "BIO"
    assert analyser.custom["risk_class"] == "Clase IIa"
    pipette = Device.objects.select_related("device_type").get(control_number="160517")
    assert (pipette.device_type.umdns, pipette.serial_number, pipette.ownership) == ("15-166", "MH12168", "owned")
    assert Device.objects.get(control_number="C481").acquired_precision == "year"


@pytest.mark.realdata
def test_the_clinic_inventory_imports_once_and_then_changes_nothing(shared_data, db):
    load_starter(actor=SYSTEM)
    clinic = FacilityFactory(code="CLINIC", name="Clinic")
    content = (shared_data / "inventory" / "clinic_inventory_fictional.csv").read_bytes()
    assert counts(applied(SYSTEM, content, clinic)) == (20, 0, 0, 0, 0)
    assert counts(applied(SYSTEM, content, clinic)) == (0, 0, 20, 0, 0)
    trilogy = Device.objects.select_related("device_model__manufacturer", "department").get(control_number="RT-0002")
    assert (trilogy.device_model.name, trilogy.serial_number, trilogy.department.name) == ("1054260", "TV110051146", "Respiratory")
    assert trilogy.device_model.manufacturer.name == "Philips"
    assert ImportRow.objects.filter(action="refused").count() == 0


def test_a_new_row_tells_all_its_values_in_the_order_of_the_fields(omar, north, client):
    run = staged(omar, table("A-1,S1,Acme,X1,ICU,Main / 4 / Room 1,in_service,seen"), north)
    assert run.rows.get().difference == {
        "control_number": [None, "A-1"],
        "serial_number": [None, "S1"],
        "manufacturer": [None, "Acme"],
        "model": [None, "X1"],
        "department": [None, "ICU"],
        "location": [None, "Main / 4 / Room 1"],
        "status": [None, "in_service"],
        "notes": [None, "seen"],
    }
    client.force_login(User.objects.get(pk=omar.user_id))
    page = client.get(f"/imports/{run.public_id}").content.decode()
    labels = ["Control number", "Serial number", "Manufacturer", "Model", "Location", "Department", "Status", "Notes"]
    places = [page.index(f"<li>{label}:") for label in labels]
    assert places == sorted(places)
    assert "8 values" in page


def test_ni_means_missing_in_a_mapping_nobody_made_yet(omar, north):
    run = staged(omar, table("A-1,NI,Acme,NI,NI,NI,in_service,"), north)
    assert run.definition["missing_words"] == ["NI"]
    assert set(run.rows.get().difference) == {"control_number", "manufacturer", "status"}
