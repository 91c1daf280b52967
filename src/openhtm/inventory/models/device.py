"""The device: one asset, its identity, place, network addresses and old numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat, Upper
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.fields import MacAddressField
from openhtm.core.history import tracked
from openhtm.core.text import control_number_key
from openhtm.inventory.rules.status import IN_INVENTORY, STATUS_LABELS, Status
from openhtm.sites.models import Department, Facility, Location, ServiceProvider

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

STATUS_CHOICES = [(status.value, STATUS_LABELS[status]) for status in Status]


class Ownership(models.TextChoices):
    OWNED = "owned", "Owned"
    LEASED = "leased", "Leased"
    RENTAL = "rental", "Rental"
    LOANER = "loaner", "Loaner"
    DEMO = "demo", "Demonstration"
    PHYSICIAN_OWNED = "physician_owned", "Physician-owned"
    PATIENT_OWNED = "patient_owned", "Patient-owned"


class MaintenanceStrategy(models.TextChoices):
    UNKNOWN = "unknown", "Not decided"
    OEM = "oem", "Manufacturer's (OEM)"
    AEM = "aem", "Alternate (AEM)"


class DatePrecision(models.TextChoices):
    DAY = "day", "Day"
    MONTH = "month", "Month"
    YEAR = "year", "Year"
    BEFORE = "before", "Before"


def refuse_control_characters(text: str) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValidationError("Remove tabs, line breaks and other control characters.")


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, actor: Actor) -> DeviceQuerySet:
        """Devices the actor may see: whole facilities, own departments, or what their company maintains."""
        reach = actor.reach()
        if reach.everywhere:
            return self
        allowed = Q(facility_id__in=reach.facility_ids)
        if reach.department_ids:
            allowed |= Q(department_id__in=reach.department_ids)
        for provider_id, facility_id in reach.provider_facilities:
            allowed |= Q(service_provider_id=provider_id, **({} if facility_id is None else {"facility_id": facility_id}))
        return self.filter(allowed)

    def in_inventory(self) -> DeviceQuerySet:
        return self.filter(status__in=sorted(IN_INVENTORY))

    def current(self) -> DeviceQuerySet:
        """Without records that were merged into another."""
        return self.filter(merged_into__isnull=True)


@tracked(exclude=["search_text", "serial_key"])
class Device(models.Model):
    """One asset. ``device_type`` and ``high_risk`` are caches owned by ``services.derived``; see ``doctor``."""

    control_number = models.CharField(
        max_length=40, unique=True, validators=[refuse_control_characters], help_text="The asset tag: unique for ever."
    )
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="devices", db_index=False)
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, related_name="devices", db_index=False)
    device_type = models.ForeignKey(
        DeviceType, models.PROTECT, null=True, blank=True, related_name="devices", db_index=False, editable=False
    )
    description = models.CharField(max_length=200, blank=True, help_text="What tells this one from its siblings, such as Crash cart 2.")
    serial_number = models.CharField(
        max_length=80,
        blank=True,
        validators=[refuse_control_characters],
        help_text="As on the type plate; empty if unknown.",
    )
    lot = models.CharField(max_length=40, blank=True)

    udi_carrier = models.CharField(max_length=400, blank=True, help_text="The bar code exactly as read.")
    udi_di = models.CharField(max_length=30, blank=True)
    udi_serial = models.CharField(max_length=40, blank=True)
    udi_expires_on = models.DateField(null=True, blank=True)

    ownership = models.CharField(max_length=20, choices=Ownership.choices, default=Ownership.OWNED)
    owner_name = models.CharField(max_length=120, blank=True, help_text="Lessor, physician or patient reference.")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="devices", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="devices", db_index=False)
    service_provider = models.ForeignKey(ServiceProvider, models.PROTECT, null=True, blank=True, related_name="devices", db_index=False)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        db_index=False,
        help_text="The system this device is part of.",
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_records", db_index=False, editable=False
    )

    status = models.CharField(max_length=20, choices=STATUS_CHOICES, default=Status.IN_SERVICE.value)
    status_since = models.DateField(null=True, blank=True)
    maintenance_strategy = models.CharField(max_length=10, choices=MaintenanceStrategy.choices, default=MaintenanceStrategy.UNKNOWN)
    high_risk = models.BooleanField(default=False, editable=False)
    high_risk_override = models.BooleanField(null=True, blank=True, help_text="Empty: as the device type says.")
    high_risk_reason = models.CharField(max_length=200, blank=True)

    software_version = models.CharField(max_length=80, blank=True, help_text="As shown by the device; empty if unknown.")
    software_read_on = models.DateField(null=True, blank=True)

    manufactured_on = models.DateField(null=True, blank=True)
    acquired_on = models.DateField(null=True, blank=True)
    acquired_precision = models.CharField(max_length=6, choices=DatePrecision.choices, default=DatePrecision.DAY)
    accepted_on = models.DateField(null=True, blank=True)
    in_service_on = models.DateField(null=True, blank=True)
    warranty_ends_on = models.DateField(null=True, blank=True)
    retired_on = models.DateField(null=True, blank=True, editable=False)
    acquisition_cost_cents = models.BigIntegerField(null=True, blank=True)
    purchase_order = models.CharField(max_length=60, blank=True)
    supplier = models.CharField(max_length=200, blank=True)
    expected_life_years = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: as the model or type says.")

    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_seen_location = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, editable=False
    )
    custom = models.JSONField(default=dict, blank=True, help_text="Site-defined fields by key.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    serial_key = models.GeneratedField(
        expression=Upper(
            Func(
                F("serial_number"),
                Value("[^0-9A-Za-z]"),
                Value(""),
                Value("g"),
                function="regexp_replace",
                output_field=models.CharField(max_length=80),
            )
        ),
        output_field=models.CharField(max_length=80),
        db_persist=True,
    )
    search_text = models.GeneratedField(
        expression=Upper(
            Concat(
                F("control_number"),
                Value(" "),
                F("serial_number"),
                Value(" "),
                F("description"),
                Value(" "),
                F("udi_di"),
                output_field=models.TextField(),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = DeviceQuerySet.as_manager()

    class Meta:
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]
        ordering = ["control_number"]
        constraints = [
            models.CheckConstraint(
                name="device_control_number_canonical",
                condition=Q(control_number=Upper(F("control_number"))) & ~Q(control_number=""),
                violation_error_message="Give a control number in capital letters.",
            ),
            models.CheckConstraint(name="device_status_known", condition=Q(status__in=[s.value for s in Status])),
            models.CheckConstraint(name="device_ownership_known", condition=Q(ownership__in=Ownership.values)),
            models.CheckConstraint(
                name="device_cost_not_negative",
                condition=Q(acquisition_cost_cents__isnull=True) | Q(acquisition_cost_cents__gte=0),
                violation_error_message="The cost cannot be negative.",
            ),
            models.CheckConstraint(
                name="device_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                violation_error_message="A device cannot be part of itself.",
            ),
            models.CheckConstraint(
                name="device_high_risk_override_has_reason",
                condition=Q(high_risk_override__isnull=True) | ~Q(high_risk_reason=""),
                violation_error_message="Give the reason for overriding the high-risk flag.",
            ),
            models.CheckConstraint(name="device_not_merged_into_itself", condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk"))),
        ]
        indexes = [
            # lists are paged by control number; each filter below keeps that order inside its index
            models.Index(fields=["facility", "control_number"], name="device_facility"),
            models.Index(fields=["device_type", "control_number"], name="device_type"),
            models.Index(fields=["device_model", "control_number"], name="device_model"),
            models.Index(fields=["status", "control_number"], name="device_status"),
            models.Index(fields=["department", "control_number"], name="device_department"),
            models.Index(fields=["location", "control_number"], name="device_location"),
            models.Index(fields=["control_number"], name="device_high_risk", condition=Q(high_risk=True)),
            # "high-risk, in service, at North": the page in its order, and the count without a look at the rows
            models.Index(
                fields=["facility", "status", "control_number"],
                name="device_high_risk_place",
                condition=Q(high_risk=True, merged_into__isnull=True),
            ),
            models.Index(
                fields=["service_provider", "control_number"],
                name="device_provider",
                condition=Q(service_provider__isnull=False),
            ),
            models.Index(fields=["parent"], name="device_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["merged_into"], name="device_merged", condition=Q(merged_into__isnull=False)),
            models.Index(fields=["serial_key"], name="device_serial", condition=~Q(serial_key="")),
            models.Index(fields=["udi_di"], name="device_udi_di", condition=~Q(udi_di="")),
            models.Index(fields=["-updated_at", "-id"], name="device_updated"),
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="device_search"),  # part of a tag, serial, name
        ]

    def __str__(self) -> str:
        return self.control_number

    def clean(self) -> None:
        self.control_number = control_number_key(self.control_number)


class NumberKind(models.TextChoices):
    OLD_CONTROL_NUMBER = "old_control_number", "Former control number"
    FINANCE = "finance", "Finance asset number"
    OTHER_SYSTEM = "other_system", "Number in another system"
    OTHER = "other", "Other number"


@tracked()
class AlternateNumber(models.Model):
    """Another number of a device: a former tag, the finance number. Searchable for ever, never removed by a merge."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="alternate_numbers")
    kind = models.CharField(max_length=20, choices=NumberKind.choices)
    number = models.CharField(max_length=80)
    number_key = models.CharField(max_length=80, editable=False, help_text="core.text.control_number_key of the number.")
    source = models.CharField(max_length=60, blank=True)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "number_key"],
                name="alternate_number_once",
                violation_error_message="This device already has that number.",
            ),
        ]
        indexes = [
            models.Index(fields=["number_key"], name="alternate_number_key"),
            GinIndex(OpClass(F("number_key"), name="gin_trgm_ops"), name="alternate_number_trgm"),
        ]

    def __str__(self) -> str:
        return self.number


class Connection(models.TextChoices):
    WIRED = "wired", "Wired"
    WIRELESS = "wireless", "Wireless"
    BLUETOOTH = "bluetooth", "Bluetooth"
    CELLULAR = "cellular", "Cellular"
    SERIAL = "serial", "Serial or gateway"
    UNKNOWN = "unknown", "Unknown"


@tracked()
class NetworkInterface(models.Model):
    """One way a device is reached over a network."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="interfaces")
    name = models.CharField(max_length=40, blank=True, help_text="Such as LAN 1.")
    connection = models.CharField(max_length=10, choices=Connection.choices, default=Connection.UNKNOWN)
    mac_address = MacAddressField(max_length=17, null=True, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    vlan = models.PositiveSmallIntegerField(null=True, blank=True)
    hostname = models.CharField(max_length=255, blank=True)
    last_observed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["device", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "mac_address"],
                name="interface_mac_once_per_device",
                violation_error_message="This device already has that MAC address.",
            ),
            models.CheckConstraint(
                name="interface_vlan_range",
                condition=Q(vlan__isnull=True) | Q(vlan__range=(1, 4094)),
                violation_error_message="A VLAN is a number from 1 to 4094.",
            ),
            models.CheckConstraint(
                name="interface_says_something",
                condition=Q(mac_address__isnull=False) | Q(ip_address__isnull=False) | ~Q(hostname=""),
                violation_error_message="Give a MAC address, an IP address or a host name.",
            ),
        ]
        indexes = [
            models.Index(fields=["mac_address"], name="interface_mac", condition=Q(mac_address__isnull=False)),
            models.Index(fields=["ip_address"], name="interface_ip", condition=Q(ip_address__isnull=False)),
            models.Index(Upper("hostname"), name="interface_hostname", condition=~Q(hostname="")),
        ]
