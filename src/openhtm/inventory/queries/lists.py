"""The device list: which columns there are, and one page of finished rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.expressions import RawSQL
from django.utils.safestring import SafeString, mark_safe

from openhtm.core.pagination import Page, keyset_page
from openhtm.inventory.addresses import device_url
from openhtm.inventory.models import Device, DeviceRiskInput, MaintenanceStrategy, Ownership, RiskProfile
from openhtm.inventory.models.device import DeviceQuerySet
from openhtm.inventory.rules import risk
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, Status
from openhtm.sites.models import Organisation
from openhtm.ui import marks
from openhtm.ui.rules import formats

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column: the values it needs, its cell as markup, its plain value for exports, and whether it is a figure."""

    key: str
    label: str
    needs: tuple[str, ...]
    cell: Callable[[Row], str]
    plain: Callable[[Row], Any]
    numeric: bool = False
    prepare: Callable[[DeviceQuerySet], DeviceQuerySet] | None = None
    """Adds what ``needs`` names and no column holds; ``prepared`` applies it."""


def _safe(markup: str) -> SafeString:
    return mark_safe(markup)  # noqa: S308 - every value below is escaped; the tests send HTML through each column


def _two(first: str, second: str = "") -> str:
    small = f"<small>{escape(second)}</small>" if second else ""
    return f'<span class="two"><span>{first}</span>{small}</span>'


def model_name(row: Row) -> str:
    """Manufacturer and model as people say them; a model that is not known says so."""
    model = row["device_model__name"] or row["device_model__catalog_number"] or "model unknown"
    return f"{row['device_model__manufacturer__name']} {model}"


def _tag(row: Row) -> str:
    return f'<a class="mono" href="{escape(device_url(row["control_number"]))}">{escape(row["control_number"])}</a>'


def _device(row: Row) -> str:
    kind = row["device_type__name"]
    first = escape(kind) if kind else str(marks.unknown("type unknown"))
    extra = f" · {row['description']}" if row["description"] else ""
    return _two(first, model_name(row) + extra)


def _place(row: Row) -> str:
    full = row["location__full_name"]
    if not full:
        return _two(str(marks.unknown("not located")), row["department__name"] or "")
    *above, last = full.split(" › ")
    return _two(escape(last), " › ".join(above[-2:]))


def _status(row: Row) -> str:
    status = Status(row["status"])
    return str(marks.status(STATUS_TONES[status], STATUS_LABELS[status]))


def _text(key: str, *, mono: bool = False, absent: str = "unknown") -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        value = row[key]
        if value is None or value == "":
            return str(marks.unknown(absent))
        return f'<span class="mono">{escape(str(value))}</span>' if mono else escape(str(value))

    return cell


def _day(key: str) -> Callable[[Row], str]:
    return lambda row: str(marks.day(row[key]))


def _choice(key: str, labels: Mapping[str, str]) -> Callable[[Row], str]:
    return lambda row: escape(labels.get(row[key], row[key]))


def _value(key: str) -> Callable[[Row], Any]:
    return lambda row: row[key]


def _risk(row: Row) -> str:
    return str(marks.status("due", "High-risk")) if row["high_risk"] else '<span class="muted">standard</span>'


def _cost(row: Row) -> str:
    cents = row["acquisition_cost_cents"]
    return str(marks.unknown()) if cents is None else escape(formats.number(cents // 100))


_OWNERSHIP = dict(Ownership.choices)
_STRATEGY = dict(MaintenanceStrategy.choices)
SCORE = "score"
_MODEL = ("device_model__name", "device_model__catalog_number", "device_model__manufacturer__name")

COLUMNS: dict[str, ListColumn] = {
    column.key: column
    for column in (
        ListColumn("control_number", "Control no.", ("control_number",), _tag, _value("control_number")),
        ListColumn("device", "Device", ("device_type__name", "description", *_MODEL), _device, _value("device_type__name")),
        ListColumn("place", "Place", ("location__full_name", "department__name"), _place, _value("location__full_name")),
        ListColumn("status", "Status", ("status",), _status, _value("status")),
        ListColumn("risk", "Risk", ("high_risk",), _risk, _value("high_risk")),
        ListColumn(SCORE, "Score", (), lambda _row: str(marks.unknown("no profile")), lambda _row: None, numeric=True),
        ListColumn("serial", "Serial no.", ("serial_number",), _text("serial_number", mono=True), _value("serial_number")),
        ListColumn("version", "Version", ("software_version",), _text("software_version", mono=True), _value("software_version")),
        ListColumn("facility", "Facility", ("facility__name",), _text("facility__name"), _value("facility__code")),
        ListColumn("department", "Department", ("department__name",), _text("department__name"), _value("department__name")),
        ListColumn("ownership", "Ownership", ("ownership",), _choice("ownership", _OWNERSHIP), _value("ownership")),
        ListColumn(
            "strategy", "Strategy", ("maintenance_strategy",), _choice("maintenance_strategy", _STRATEGY), _value("maintenance_strategy")
        ),
        ListColumn(
            "provider", "Service provider", ("service_provider__name",), _text("service_provider__name"), _value("service_provider__name")
        ),
        ListColumn("udi", "UDI-DI", ("udi_di",), _text("udi_di", mono=True), _value("udi_di")),
        ListColumn("acquired", "Acquired", ("acquired_on",), _day("acquired_on"), _value("acquired_on"), numeric=True),
        ListColumn("warranty", "Warranty ends", ("warranty_ends_on",), _day("warranty_ends_on"), _value("warranty_ends_on"), numeric=True),
        ListColumn("cost", "Cost", ("acquisition_cost_cents",), _cost, _value("acquisition_cost_cents"), numeric=True),
        ListColumn("seen", "Last seen", ("last_seen_at",), _day("last_seen_at"), _value("last_seen_at"), numeric=True),
    )
}
DEFAULT_COLUMNS = ("control_number", "device", "place", "status", "risk", "serial", "version")
FIXED = "control_number"
COST_COLUMNS = frozenset({"cost"})
SORTS: dict[str, tuple[str, ...]] = {
    "control_number": ("control_number",),
    "-control_number": ("-control_number",),
    "-updated_at": ("-updated_at", "-id"),
}
DEFAULT_SORT = "control_number"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One finished line of the list: its cells, the box that selects it first, as one text, because a page has hundreds."""

    control_number: str
    markup: SafeString


def chosen_columns(wanted: Sequence[str], *, may_see_costs: bool) -> list[ListColumn]:
    """Return the columns to show, in their own order; unknown names are left out, the control number always stands."""
    keys = {key for key in wanted if key in COLUMNS} or set(DEFAULT_COLUMNS)
    if not may_see_costs:
        keys -= COST_COLUMNS
    chosen = [column for key, column in COLUMNS.items() if key in keys or key == FIXED]
    return [score_column() if column.key == SCORE else column for column in chosen]


def prepared(queryset: DeviceQuerySet, columns: Sequence[ListColumn]) -> DeviceQuerySet:
    """Return the queryset with everything the columns need: call it before ``values``, for pages and exports alike."""
    for column in columns:
        queryset = column.prepare(queryset) if column.prepare else queryset
    return queryset


def score_column() -> ListColumn:
    """The organisation's default risk score of each device, by its own inputs and its type's. One statement."""
    code = Organisation.objects.order_by("pk").values("risk_profile")[:1]
    stored = RiskProfile.objects.filter(code=Subquery(code), effective_to__isnull=True).first()
    if stored is None:
        return COLUMNS[SCORE]
    profile = risk.profile_from_entry(stored.definition)
    own = DeviceRiskInput.objects.filter(device=OuterRef("pk"), family=profile.family).values("inputs")[:1]

    def value(row: Row) -> float | None:
        typed = (row["device_type__risk_inputs"] or {}).get(profile.family, {})
        return risk.score(profile=profile, inputs={**typed, **(row["own_risk_inputs"] or {})}).value

    def cell(row: Row) -> str:
        found = value(row)
        return str(marks.unknown()) if found is None else f"{found:g}"

    needs = ("device_type__risk_inputs", "own_risk_inputs")
    return ListColumn(SCORE, "Score", needs, cell, value, numeric=True, prepare=lambda found: found.annotate(own_risk_inputs=Subquery(own)))


_NAMES = {
    "facility__code": "SELECT code FROM sites_facility WHERE id = inventory_device.facility_id",
    "facility__name": "SELECT name FROM sites_facility WHERE id = inventory_device.facility_id",
    "department__name": "SELECT name FROM sites_department WHERE id = inventory_device.department_id",
    "location__full_name": "SELECT full_name FROM sites_location WHERE id = inventory_device.location_id",
    "service_provider__name": "SELECT name FROM sites_serviceprovider WHERE id = inventory_device.service_provider_id",
    "device_type__code": "SELECT code FROM catalog_devicetype WHERE id = inventory_device.device_type_id",
    "device_type__name": "SELECT name FROM catalog_devicetype WHERE id = inventory_device.device_type_id",
    "device_model__name": "SELECT name FROM catalog_devicemodel WHERE id = inventory_device.device_model_id",
    "device_model__catalog_number": "SELECT catalog_number FROM catalog_devicemodel WHERE id = inventory_device.device_model_id",
    "device_model__manufacturer__name": (
        "SELECT k.name FROM catalog_devicemodel m JOIN catalog_manufacturer k ON k.id = m.manufacturer_id"
        " WHERE m.id = inventory_device.device_model_id"
    ),
}
"""What a page's rows take from other tables. Planning a join of six tables takes longer than fifty rows take to read."""


def named(queryset: DeviceQuerySet, values: Collection[str]) -> DeviceQuerySet:
    """Return the queryset with the names among ``values`` looked up row by row: for pages, where joining costs more."""
    return queryset.annotate(**{name: RawSQL(_NAMES[name], ()) for name in sorted(_NAMES.keys() & set(values))})  # noqa: S611 - no value is in them


_PLACES_ON_A_CARD = {"control_number": "tag", "device": "lead", "status": "state"}


def _cell_start(column: ListColumn) -> str:
    """Return the opening tag of a cell, with what the phone's cards need to place and name it."""
    if place := _PLACES_ON_A_CARD.get(column.key):
        return f'<td class="{place}">'
    kind = ' class="num"' if column.numeric else ""
    return f'<td{kind} data-label="{column.label}">'


def _line(row: Row, cells: Sequence[tuple[Callable[[Row], str], str]]) -> SafeString:
    number = escape(row["control_number"])
    pick = f'<td class="pick"><label><input type="checkbox" name="selected" value="{number}" data-row aria-label="Select {number}"></label></td>'
    return _safe(pick + "".join(f"{start}{cell(row)}</td>" for cell, start in cells))


def list_page(
    queryset: DeviceQuerySet, *, columns: Sequence[ListColumn], sort: str, cursor: str | None, limit: int, searched: bool = False
) -> Page[ShownRow]:
    """Return one page of finished rows. One statement, two for a search. Raises BadCursor."""
    needs = {name for column in columns for name in column.needs} | {"control_number"}
    page = page_of_values(
        queryset, needs, order=SORTS[sort], cursor=cursor, limit=limit, searched=searched, prepare=lambda found: prepared(found, columns)
    )
    cells = [(column.cell, _cell_start(column)) for column in columns]
    rows = [ShownRow(row["control_number"], _line(row, cells)) for row in page.rows]
    return Page(rows, page.next_cursor, page.previous_cursor)


def page_of_values(
    queryset: DeviceQuerySet,
    values: Collection[str],
    *,
    order: tuple[str, ...],
    cursor: str | None,
    limit: int,
    searched: bool,
    prepare: Callable[[DeviceQuerySet], DeviceQuerySet] = lambda found: found,
) -> Page[dict[str, Any]]:
    """Return one page of ``values`` of the devices. One statement, two if ``searched``. Raises BadCursor.

    A search is answered in two steps, because it names one table only: first which devices, then their rows. In one
    statement the planner takes sorting the joined rows for dearer than reading the whole list until the page is full.
    """
    keys = {name.lstrip("-") for name in order}
    if not searched:
        return keyset_page(named(prepare(queryset), values).values(*sorted(keys.union(values))), order=order, cursor=cursor, limit=limit)
    page = keyset_page(queryset.values(*sorted(keys | {"id"})), order=order, cursor=cursor, limit=limit)
    found = named(prepare(Device.objects.filter(pk__in=[row["id"] for row in page.rows])), values).order_by()
    rows = {row["id"]: row for row in found.values(*sorted({"id"}.union(values)))}
    return Page([rows[row["id"]] for row in page.rows if row["id"] in rows], page.next_cursor, page.previous_cursor)
