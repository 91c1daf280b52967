"""Everything one device page shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS as _DEFAULT
from django.db.models import Exists, JSONField, OuterRef
from django.db.models.expressions import RawSQL

from openhtm.catalog.models import Manufacturer
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import AlternateNumber, Device, DeviceRiskInput, RiskProfile
from openhtm.inventory.rules import risk
from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider


def device_by_number(*, actor: Actor, number: str) -> Device:
    """Return the device with this control number, or the one it was merged into, or the one that once had it.

    Raises Device.DoesNotExist outside the actor's scope. At most three statements.
    """
    key = control_number_key(number)
    visible = Device.objects.visible_to(actor).order_by().select_related("device_model", "device_type").annotate(read_beside=_RELATED)
    device = next(iter(visible.filter(control_number=key)), None)
    if device is None:
        seen = Device.objects.visible_to(actor).filter(pk=OuterRef("device_id"))  # two facilities may once have used the same number
        former = AlternateNumber.objects.filter(Exists(seen), number_key=key).order_by("-added_at", "-pk")
        device = visible.get(pk=former.values_list("device_id", flat=True).first() or 0)
    return _with_related(visible.get(pk=device.merged_into_id) if device.merged_into_id else device)


# Joining all of it makes the planner think ten times longer than the reading takes, so only the two that are needed in full are joined.
_FACILITY = ("id", "organisation_id", "code", "name", "time_zone")
_ORGANISATION = ("id", "name", "currency", "risk_profile", "synthetic")
_DEPARTMENT = ("id", "facility_id", "name")
_LOCATION = ("id", "facility_id", "name", "full_name", "public_code")
_PROVIDER = ("id", "name")
_MANUFACTURER = ("id", "name", "is_unknown")


def _row(columns: Sequence[str], source: str) -> str:
    return f"(SELECT jsonb_build_array({', '.join(f'r.{name}' for name in columns)}) FROM {source})"  # noqa: S608 - names written above


_RELATED = RawSQL(  # noqa: S611 - no value is in it
    "SELECT jsonb_build_array("
    + ", ".join(
        (
            _row(_FACILITY, "sites_facility r WHERE r.id = inventory_device.facility_id"),
            _row(
                _ORGANISATION,
                "sites_organisation r JOIN sites_facility f ON f.organisation_id = r.id WHERE f.id = inventory_device.facility_id",
            ),
            _row(_DEPARTMENT, "sites_department r WHERE r.id = inventory_device.department_id"),
            _row(_LOCATION, "sites_location r WHERE r.id = inventory_device.location_id"),
            _row(_PROVIDER, "sites_serviceprovider r WHERE r.id = inventory_device.service_provider_id"),
            _row(
                _MANUFACTURER,
                "catalog_manufacturer r JOIN catalog_devicemodel m ON m.manufacturer_id = r.id WHERE m.id = inventory_device.device_model_id",
            ),
        )
    )
    + ")",
    (),
    output_field=JSONField(),
)


def _with_related(device: Device) -> Device:
    """Give the device the records that were read beside it; what was not read of them is asked for when somebody needs it."""
    facility, organisation, department, location, provider, maker = device.__dict__.pop("read_beside")
    device.facility = Facility.from_db(_DEFAULT, _FACILITY, facility)
    device.facility.organisation = Organisation.from_db(_DEFAULT, _ORGANISATION, organisation)
    device.device_model.manufacturer = Manufacturer.from_db(_DEFAULT, _MANUFACTURER, maker)
    if department:
        device.department = Department.from_db(_DEFAULT, _DEPARTMENT, department)
    if location:
        device.location = Location.from_db(_DEFAULT, _LOCATION, location)
    if provider:
        device.service_provider = ServiceProvider.from_db(_DEFAULT, _PROVIDER, provider)
    return device


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A risk score with where its inputs come from.

    ``why_unknown`` is empty where there is a score, ``interval_source`` where the model gives no interval.
    """

    profile: RiskProfile
    family: str
    score: risk.Score
    overridden: DeviceRiskInput | None
    why_unknown: str = ""
    interval_source: str = ""


def current_profiles() -> list[tuple[RiskProfile, risk.Profile]]:
    """Every current risk profile as stored and as the rules read it, by code. One statement."""
    return [(stored, risk.profile_from_entry(stored.definition)) for stored in RiskProfile.objects.filter(effective_to__isnull=True)]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else there is of a device: how many, the ids of devices that may be it again, and the records merged into it."""

    interfaces: int
    attachments: int
    model_documents: int
    risk_inputs: int
    candidates: list[int]
    merged: dict[int, str]
    """Control number of each merged record, by its id."""


SURROUNDINGS = """
SELECT jsonb_build_array(
  (SELECT count(*) FROM inventory_networkinterface WHERE device_id = %(pk)s),
  (SELECT count(*) FROM inventory_deviceattachment WHERE device_id = %(pk)s AND removed_at IS NULL),
  (SELECT count(*) FROM catalog_modeldocument
   WHERE device_model_id = (SELECT device_model_id FROM inventory_device WHERE id = %(pk)s) AND superseded_by_id IS NULL),
  (SELECT count(*) FROM inventory_deviceriskinput WHERE device_id = %(pk)s),
  ARRAY(SELECT second_id FROM inventory_duplicatecandidate WHERE first_id = %(pk)s
        UNION SELECT first_id FROM inventory_duplicatecandidate WHERE second_id = %(pk)s),
  ARRAY(SELECT id FROM inventory_device WHERE merged_into_id = %(pk)s ORDER BY id),
  ARRAY(SELECT control_number FROM inventory_device WHERE merged_into_id = %(pk)s ORDER BY id))
"""
"""A question about a device, for ``ui.panels``: what ``surroundings`` reads."""


def surroundings(answer: list[Any]) -> Surroundings:
    """Read the answer to ``SURROUNDINGS``: what the tabs and notices of a device's page tell of its other records."""
    interfaces, attachments, documents, inputs, candidates, ids, numbers = answer
    return Surroundings(interfaces, attachments, documents, inputs, candidates, dict(zip(ids, numbers, strict=True)))


_PROFILE = ("id", "code", "edition", "name", "definition")
DEFAULT_PROFILE = """
SELECT jsonb_build_array(r.id, r.code, r.edition, r.name, r.definition) FROM inventory_riskprofile r
WHERE r.effective_to IS NULL AND r.code = (SELECT o.risk_profile FROM inventory_device d
  JOIN sites_facility f ON f.id = d.facility_id JOIN sites_organisation o ON o.id = f.organisation_id WHERE d.id = %(pk)s)
LIMIT 1
"""
"""A question about a device, for ``ui.panels``: what ``default_profile`` reads."""


def default_profile(answer: list[Any] | None) -> list[tuple[RiskProfile, risk.Profile]]:
    """Read the answer to ``DEFAULT_PROFILE``: the risk profile of the device's organisation, if there is one."""
    if not answer:
        return []
    stored = RiskProfile.from_db(_DEFAULT, _PROFILE, answer)
    return [(stored, risk.profile_from_entry(stored.definition))]


def risk_scores(
    device: Device,
    *,
    family: str | None = None,
    profiles: Sequence[tuple[RiskProfile, risk.Profile]] | None = None,
    own_inputs: bool = True,
) -> list[ShownScore]:
    """Score a device by every current profile, or by those given. Two statements. An unknown input makes the score unknown, never a guess.

    ``own_inputs=False`` says that the device is known to have none of its own, and saves a statement, as given profiles do.
    """
    stored_inputs = DeviceRiskInput.objects.filter(device=device).select_related("set_by") if own_inputs else []
    overrides = {override.family: override for override in stored_inputs}
    typed: dict[str, Any] = device.device_type.risk_inputs if device.device_type else {}
    shown = []
    for stored, profile in current_profiles() if profiles is None else profiles:
        override = overrides.get(profile.family)
        inputs = {**typed.get(profile.family, {}), **(override.inputs if override else {})}
        score = risk.score(profile=profile, inputs=inputs)
        rule = next((one for one in profile.interval_rules if one.code == score.interval_rule), None)
        shown.append(ShownScore(stored, profile.family, score, override, why_unknown(device, score), rule.source if rule else ""))
    return [one for one in shown if family is None or one.family == family]


def why_unknown(device: Device, score: risk.Score) -> str:
    """Return in a sentence why there is no score and who can change that; empty if there is one."""
    if score.value is not None:
        return ""
    if device.device_type is None:
        return "The device has no type, and scores come from the type. Give its model a type."
    asked = ", ".join(part.label.lower() for part in score.parts if part.factor in score.missing)
    return f"Not known of {device.device_type.name}: {asked}. Set it on the device type, or for this device."


def duplicates_of(candidates: Collection[int], *, actor: Actor) -> list[Device]:
    """Return those of the candidates that the actor sees. One statement, none if there are no candidates."""
    if not candidates:
        return []
    return list(Device.objects.visible_to(actor).current().filter(pk__in=candidates).order_by("control_number")[:10])
