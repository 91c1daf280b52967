"""One device with everything a record can hold, for tests that look at whole pages and papers."""

import datetime as dt

from openhtm.catalog.models import DocumentKind, ModelDocument, ProductCode
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.text import control_number_key
from openhtm.inventory.models import AlternateNumber, Device, DeviceMove, DeviceNote, NetworkInterface, StatusChange
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory, ServiceProviderFactory

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
DI = "00847946012342"


def full_device(facility, *, control_number: str = "BME-01873") -> Device:
    ProductCode.objects.get_or_create(code="MKJ", defaults={"name": "Automated external defibrillator"})
    kind = DeviceTypeFactory(
        name="Defibrillator", product_code_id="MKJ", device_class="3", regulation_number="870.5310", gmdn="47997", emdn="Z12030501",
        umdns="11132", life_support=True, high_risk=True, high_risk_source="FDA life-sustaining flag", expected_life_years=8,
    )  # fmt: skip
    model = DeviceModelFactory(manufacturer=ManufacturerFactory(name="Zoll Medical Corporation"), name="R Series ALS", device_type=kind)
    ward = LocationFactory(facility=facility, name="Emergency")
    cart = LocationFactory(facility=facility, name="Crash cart 2", parent=ward)
    device = DeviceFactory(
        facility=facility, device_model=model, control_number=control_number, serial_number="AR16K021477", udi_di=DI,
        udi_serial="AR16K021477", lot="L7", location=cart,
        department=DepartmentFactory(facility=facility, name="Emergency", cost_centre="4410"),
        service_provider=ServiceProviderFactory(name="Clinical Engineering"), software_version="19.02",
        software_read_on=dt.date(2025, 9, 14),
        manufactured_on=dt.date(2018, 11, 2), acquired_on=dt.date(2019, 2, 1), accepted_on=dt.date(2019, 3, 6),
        warranty_ends_on=dt.date(2021, 3, 6), acquisition_cost_cents=1_289_000, supplier="Northern Medical Supply",
        description="Crash cart 2",
        last_seen_at=NOW - dt.timedelta(hours=5), last_seen_location=ward, status="in_service",
    )  # fmt: skip
    number = "ED-0042"
    AlternateNumber.objects.create(device=device, kind="old_control_number", number=number, number_key=control_number_key(number))
    NetworkInterface.objects.create(
        device=device, name="LAN 1", connection="wireless", mac_address="00:1b:c5:00:12:34", ip_address="10.20.30.40", vlan=210
    )
    for day, before, after, reason in (
        (dt.date(2019, 3, 6), "", "in_service", "Acceptance passed"),
        (dt.date(2024, 9, 11), "in_service", "in_repair", "Paddle cable fails the self-test"),
        (dt.date(2024, 9, 12), "in_repair", "in_service", "Cable replaced, safety test passed"),
    ):
        StatusChange.objects.create(device=device, before=before, after=after, on=day, reason=reason, actor_name="M. Reyes")
    DeviceMove.objects.create(
        device=device, from_facility=facility, to_facility=facility, from_location=None, to_location=cart, reason="Found during rounds",
        actor_name="J. Lindqvist",
    )  # fmt: skip
    DeviceNote.objects.create(
        device=device, text="Battery door is held by tape.\nOrder part 9650-000350.", author_name="M. Reyes", recorded_at=NOW
    )
    ModelDocument.objects.create(
        device_model=model, kind=DocumentKind.IFU, title="R Series operator's guide", revision="G", url="https://example.org/ifu"
    )
    return device
