"""Records made into the values that the components of the pages take."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType, GudidRecord, ModelDocument
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.forms import model_label
from openhtm.inventory.models import CustomField, Device, MaintenanceStrategy, Ownership
from openhtm.inventory.queries import detail
from openhtm.inventory.queries.filters import GROUPS, MISSING
from openhtm.inventory.queries.timeline import timeline
from openhtm.inventory.rules.printed import place_url
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, TRANSITIONS, Status
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.ui import marks
from openhtm.ui.panels import Panel
from openhtm.ui.parts import Fact, Notice, Tab
from openhtm.ui.rules import formats


def device_context(
    device: Device, *, actor: Actor, may: dict[str, bool], tab: str, answers: dict[str, Any], more: Sequence[Panel] = ()
) -> dict[str, Any]:
    """Return what the device page shows on every tab, and what its open tab needs. None to six statements.

    ``answers`` are those to the questions about a device, ours among them.
    """
    status = Status(device.status)
    opened = tab if tab in TABS or tab in {panel.key for panel in more} else "timeline"
    chosen = device.facility.organisation.risk_profile
    around = detail.surroundings(answers["surroundings"])
    profiles = None if tab == "risk" else detail.default_profile(answers["risk profile"])
    scores = detail.risk_scores(device, profiles=profiles, own_inputs=around.risk_inputs > 0)
    main = next((one for one in scores if one.profile.code == chosen), None)
    return {
        "device": device,
        "title": title_of(device),
        "status": {"tone": STATUS_TONES[status], "label": STATUS_LABELS[status]},
        "can_change_status": may["status"] and bool(TRANSITIONS[status]),
        "may": may,
        "tab": opened,
        "panels": [panel for panel in more if panel.key == opened],
        "tabs": _tabs(device, opened, around, may=may, more=more),
        "notices": attention(device, actor=actor, today=timezone.localdate(), may=may, candidates=around.candidates),
        "identity": identity_facts(device),
        "place": place_facts(device),
        "life": life_facts(device, may_see_costs=may["costs"]),
        "codes": code_facts(device),
        "scores": scores,
        "main_score": main,
        **({"events": timeline(device, actor=actor, merged=around.merged)} if tab == "timeline" and may["history"] else {}),
        **(_OPENED[tab](device) if tab in _OPENED and (tab != "network" or may["network"]) else {}),
    }


def _identity_tab(device: Device) -> dict[str, Any]:
    """Return what only the identity tab shows. Four statements."""
    parts = device.children.current().select_related("device_type", "device_model__manufacturer")
    return {
        "custom": custom_facts(device),
        "alternate_numbers": list(device.alternate_numbers.all()),
        "children": list(parts.order_by("control_number")[:50]),
        "merged_records": list(device.merged_records.select_related("device_model__manufacturer")),
        "barcode_text": device.udi_carrier or device.control_number,
    }


def _network_tab(device: Device) -> dict[str, Any]:
    return {"interfaces": list(device.interfaces.all())}


def _documents_tab(device: Device) -> dict[str, Any]:
    documents = ModelDocument.objects.filter(device_model_id=device.device_model_id, superseded_by__isnull=True)
    files = device.attachments.filter(removed_at__isnull=True).select_related("file")
    return {"attachments": list(files), "model_documents": list(documents)}


_OPENED = {"identity": _identity_tab, "network": _network_tab, "documents": _documents_tab}
TABS = {"timeline": "Timeline", "identity": "Identity", "network": "Software and network", "documents": "Documents", "risk": "Risk"}


def _tabs(device: Device, now: str, around: detail.Surroundings, *, may: dict[str, bool], more: Sequence[Panel]) -> list[Tab]:
    """The parts of the record, those of higher rooms after the timeline."""
    counts = {"network": around.interfaces or None, "documents": (around.attachments + around.model_documents) or None}
    here = device_url(device.control_number)
    shown = [key for key in TABS if (key != "network" or may["network"]) and (key != "timeline" or may["history"])]
    own = [Tab(label=TABS[key], url=f"{here}?tab={key}", current=key == now, count=counts.get(key)) for key in shown]
    others = [Tab(label=one.title, url=f"{here}?tab={one.key}", current=one.key == now, count=one.count or None) for one in more]
    return [*own[:1], *others, *own[1:]]


def title_of(device: Device) -> str:
    """Return "Defibrillator, Zoll R Series": the kind, then maker and model."""
    kind = device.device_type.name if device.device_type else "Device of unknown type"
    return f"{kind}, {device.device_model}"


def attention(device: Device, *, actor: Actor, today: date, may: dict[str, bool], candidates: Collection[int]) -> list[Notice]:
    """Return what somebody should do about this record, most pressing first. ``candidates`` are devices that may be it again."""
    here = device_url(device.control_number)
    found: list[Notice] = []
    if device.status == Status.MISSING:
        found.append(
            Notice(title="Not located", detail="Scan it wherever it turns up; every scan is recorded.", tone="late", icon="search-x")
        )
    if device.status == Status.SEQUESTERED:
        detail_text = "Kept as evidence. Do not repair, clean, return or dispose of it."
        found.append(Notice(title="Sequestered", detail=detail_text, tone="late", icon="lock"))
    for other in detail.duplicates_of(candidates, actor=actor):
        link = f"/quality/duplicates?device={quote(device.control_number, safe='')}"
        words = f"{other.control_number} has the same identity. Compare the two records."
        found.append(
            Notice(
                title="May be recorded twice", detail=words, tone="due", action_label="Compare", action_url=link if may["quality"] else ""
            )
        )
    found += _support(device, today)
    if gaps := missing_facts(device):
        words = f"Not recorded: {', '.join(gaps)}. Unknown is shown as unknown until somebody reads it."
        found.append(
            Notice(
                title="The record has gaps",
                detail=words,
                tone="info",
                icon="circle-question-mark",
                action_label="Complete" if may["edit"] else "",
                action_url=f"{here}/edit" if may["edit"] else "",
            )
        )
    return found


def _support(device: Device, today: date) -> list[Notice]:
    found = []
    ends = device.device_model.support_ends_on
    if ends and ends < today:
        found.append(
            Notice(
                title=f"Support ended {formats.day(ends)}",
                detail=device.device_model.end_of_support_source or "As recorded with the model.",
                tone="due",
            )
        )
    if device.warranty_ends_on and 0 <= (device.warranty_ends_on - today).days <= 60:
        found.append(
            Notice(title=f"Warranty ends {formats.day(device.warranty_ends_on)}", detail="Report open faults before then.", tone="info")
        )
    return found


def missing_facts(device: Device) -> list[str]:
    """Return the facts CMS expects on every inventory line (S&C 14-07) that this record lacks, in words."""
    gaps = {
        "serial number": not device.serial_number,
        "model": not device.device_model.name,
        "device type": device.device_type_id is None,
        "location": device.location_id is None,
        "department": device.department_id is None,
        "service provider": device.service_provider_id is None,
        "acceptance date": device.accepted_on is None,
    }
    return [name for name, missing in gaps.items() if missing]


def identity_facts(device: Device) -> list[Fact]:
    model = device.device_model
    return [
        Fact(label="Serial number", value=device.serial_number, mono=True, copy=True),
        Fact(label="UDI-DI", value=device.udi_di, mono=True, copy=True),
        Fact(label="Manufacturer", value=model.manufacturer.name, url=f"/catalog/manufacturers/{model.manufacturer_id}"),
        Fact(label="Model", value=model.name or model.catalog_number, url=f"/catalog/models/{model.pk}"),
        Fact(label="Software", value=device.software_version, mono=True),
        Fact(label="Accepted", value=marks.day(device.accepted_on)),
    ]


def place_facts(device: Device) -> list[Fact]:
    owner = f"{Ownership(device.ownership).label}{', ' + device.owner_name if device.owner_name else ''}"
    location_url = place_url(device.location.public_code) if device.location else ""
    return [
        Fact(label="Location", value=device.location.full_name if device.location else None, absent="not located", url=location_url),
        Fact(label="Department", value=device.department.name if device.department else None),
        Fact(label="Facility", value=device.facility.name),
        Fact(label="Last seen", value=marks.age(device.last_seen_at)),
        Fact(label="Ownership", value=owner),
        Fact(label="Service provider", value=device.service_provider.name if device.service_provider else None),
    ]


def acquired(device: Device) -> str:
    """Return the day of acquisition as exactly as it is known: ``6 May 2024``, ``May 2024``, ``2024``, ``6 May 2024 or before``."""
    if device.acquired_on is None or device.acquired_precision not in ("month", "year", "before"):
        return marks.day(device.acquired_on)
    words = formats.day(device.acquired_on)
    if device.acquired_precision == "before":
        return f"{words} or before"
    return words.split(maxsplit=1)[1] if device.acquired_precision == "month" else str(device.acquired_on.year)


def life_facts(device: Device, *, may_see_costs: bool) -> list[Fact]:
    life = device.expected_life_years or device.device_model.expected_life_years
    life = life or (device.device_type.expected_life_years if device.device_type else None)
    facts = [
        Fact(label="Manufactured", value=marks.day(device.manufactured_on)),
        Fact(label="Acquired", value=acquired(device)),
        Fact(label="In service since", value=marks.day(device.in_service_on)),
        Fact(label="Warranty ends", value=marks.day(device.warranty_ends_on)),
        Fact(label="Expected life", value=f"{life} years" if life else None),
        Fact(label="Strategy", value=MaintenanceStrategy(device.maintenance_strategy).label),
    ]
    if may_see_costs:
        currency = device.facility.organisation.currency
        cost = None if device.acquisition_cost_cents is None else formats.money(device.acquisition_cost_cents, currency=currency)
        facts += [
            Fact(label="Acquisition cost", value=cost),
            Fact(label="Purchase order", value=device.purchase_order),
            Fact(label="Supplier", value=device.supplier),
        ]
    return facts


def code_facts(device: Device) -> list[Fact]:
    kind = device.device_type
    if kind is None:
        return [Fact(label="Device type")]
    facts = [
        Fact(label="Device type", value=kind.name, url=f"/catalog/types/{kind.code}"),
        Fact(label="FDA product code", value=kind.product_code_id, mono=True, absent="none"),
        Fact(label="FDA class", value=kind.device_class, absent="none"),
        Fact(label="Regulation", value=kind.regulation_number and f"21 CFR {kind.regulation_number}", absent="none"),
        Fact(label="GMDN", value=kind.gmdn, mono=True),
        Fact(label="EMDN", value=kind.emdn, mono=True),
        Fact(label="UMDNS", value=kind.umdns, mono=True),
        Fact(label="Life support", value="yes" if kind.life_support else "no"),
    ]
    why = device.high_risk_reason if device.high_risk_override is not None else kind.high_risk_source
    return [*facts, Fact(label="High-risk", value=f"{'yes' if device.high_risk else 'no'}{': ' + why if why else ''}")]


def custom_facts(device: Device) -> list[Fact]:
    return [Fact(label=field.label, value=device.custom.get(field.key)) for field in CustomField.objects.filter(active=True)]


def filter_fields(actor: Actor, query: QueryDict) -> list[dict[str, Any]]:
    """Return the choices of the "add filter" form: only small tables, one statement each."""
    facilities = list(Facility.objects.visible_to(actor).filter(active=True).values_list("code", "name"))
    departments = Department.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:200]
    places = Location.objects.visible_to(actor).filter(Q(kind="building") | Q(kind="floor") | Q(kind="area"), active=True)
    statuses = [(code, words) for code, (words, _) in GROUPS.items()] + [(s.value, STATUS_LABELS[s]) for s in Status]
    offered: list[tuple[str, str, list[tuple[Any, str]]]] = [
        ("facility", "Facility", facilities),
        ("status", "Status", statuses),
        ("device_type", "Device type", list(DeviceType.objects.filter(active=True).values_list("code", "name"))),
        ("department", "Department", list(departments)),
        ("location", "Location", list(places.values_list("pk", "full_name")[:300])),
        ("high_risk", "Risk", [("true", "high-risk"), ("false", "not high-risk")]),
        ("ownership", "Ownership", list(Ownership.choices)),
        ("provider", "Service provider", list(ServiceProvider.objects.filter(active=True).values_list("pk", "name")[:200])),
        ("missing", "Not recorded", [(code, words) for code, (words, _) in MISSING.items()]),
    ]
    return [
        {"name": name, "label": label, "choices": [(str(code), words, str(code) == query.get(name)) for code, words in choices]}
        for name, label, choices in offered
        if len(choices) > 1 or query.get(name)
    ]


def initial_from_scan(query: QueryDict) -> dict[str, Any]:
    """Return the values an add form starts with after a scan, from a model's page or from a record of FDA's database."""
    initial: dict[str, Any] = {name: query[name][:400] for name in _FROM_SCAN if query.get(name)}
    if query.get("udi"):
        initial["udi_carrier"] = query["udi"][:400]
    if (model := _model_asked_for(query)) is not None:
        initial["model"] = model_label(model)
    return initial


_FROM_SCAN = ("udi_carrier", "serial_number", "control_number", "lot", "software_version", "manufactured_on")


def _model_asked_for(query: QueryDict) -> DeviceModel | None:
    """Return the model named by its key, or the one that stands for the FDA record ``gudid``. One statement each."""
    models = DeviceModel.objects.select_related("manufacturer")
    if (model_id := query.get("model", "")).isdecimal():
        return models.filter(pk=int(model_id[:18])).first()
    key = query.get("gudid", "").replace("\0", "")[:60]
    return models.filter(gudid_record_key=key, active=True).order_by("pk").first() if key else None


def model_to_take(query: QueryDict, *, actor: Actor, here: str) -> Notice | None:
    """Offer to take the model of the FDA record ``gudid`` into the catalogue, if none of ours stands for it. Two statements.

    ``here`` is the address of the form, to come back to.
    """
    key = query.get("gudid", "").replace("\0", "")[:60]
    if not key or _model_asked_for(query) is not None:
        return None
    record = GudidRecord.objects.filter(record_key=key).first()
    if record is None:
        return None
    may = actor.may(Permission.EDIT_CATALOG)
    return Notice(
        title=f"FDA knows this as {' '.join(filter(None, (record.company_name, record.brand_name, record.version_or_model)))}",
        detail="Its model is not in your catalogue yet. "
        + ("Take it over first; you come back here." if may else "Choose a model, or ask an engineer or manager to take it over."),
        tone="info",
        action_label="Take it into the catalogue" if may else "",
        action_url=f"{reverse('catalog:gudid-to-model', args=[record.pk])}?{urlencode({'next': here})}" if may else "",
    )


def instant_from(text: str) -> datetime | None:
    """Return the instant a form carried, or None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
