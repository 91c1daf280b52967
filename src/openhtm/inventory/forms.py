"""Forms of the device pages. What a field may hold is decided by ``rules.device_fields`` in the services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q

from openhtm.catalog.models import DeviceModel
from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import CustomField, Device, MaintenanceStrategy, Ownership
from openhtm.inventory.models.device import STATUS_CHOICES, Connection, DatePrecision, NetworkInterface
from openhtm.inventory.models.settings import FieldKind
from openhtm.inventory.rules.risk import Factor, Profile
from openhtm.inventory.rules.status import STATUS_LABELS, TRANSITIONS, Status
from openhtm.sites.models import Department, Facility, Location, ServiceProvider


def day_field(label: str, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class DeviceForm(forms.Form):
    """Add or change one device. ``groups`` orders the fields as people think of them."""

    model = forms.CharField(
        label="Model",
        max_length=300,
        help_text="Type part of maker and model, such as Philips MX750.",
        widget=forms.TextInput(attrs={"data-picker": "/devices/models.json", "list": "models", "autocomplete": "off"}),
    )
    control_number = forms.CharField(
        label="Control number", max_length=40, required=False, help_text="Leave empty to have the next one assigned."
    )
    description = forms.CharField(
        label="Description", max_length=200, required=False, help_text="What tells it from its siblings: Crash cart 2."
    )
    serial_number = forms.CharField(
        label="Serial number", max_length=80, required=False, help_text="As on the type plate. Leave empty if unknown."
    )
    lot = forms.CharField(label="Lot", max_length=40, required=False)
    udi_carrier = forms.CharField(
        label="UDI as read", max_length=400, required=False, strip=False, help_text="Scan or paste the whole bar code."
    )
    department = forms.ModelChoiceField(Department.objects.none(), label="Department", required=False)
    location = forms.ModelChoiceField(Location.objects.none(), label="Location", required=False)
    ownership = forms.ChoiceField(label="Ownership", choices=Ownership.choices, initial=Ownership.OWNED)
    owner_name = forms.CharField(label="Owner", max_length=120, required=False, help_text="Lessor, physician or patient reference.")
    service_provider = forms.ModelChoiceField(ServiceProvider.objects.none(), label="Service provider", required=False)
    parent = forms.CharField(
        label="Part of system", max_length=40, required=False, help_text="Control number of the system this belongs to."
    )
    maintenance_strategy = forms.ChoiceField(
        label="Maintenance strategy", choices=MaintenanceStrategy.choices, initial=MaintenanceStrategy.UNKNOWN
    )
    high_risk_override = forms.NullBooleanField(
        label="High-risk",
        required=False,
        widget=forms.Select(choices=[("", "As the device type says"), ("true", "Yes, high-risk"), ("false", "No")]),
    )
    high_risk_reason = forms.CharField(label="Reason for the override", max_length=200, required=False)
    software_version = forms.CharField(
        label="Software version", max_length=80, required=False, help_text="As shown by the device. Leave empty if unknown."
    )
    software_read_on = day_field("Version read on")
    manufactured_on = day_field("Manufactured")
    acquired_on = day_field("Acquired")
    acquired_precision = forms.ChoiceField(label="Precision", choices=DatePrecision.choices, initial=DatePrecision.DAY, required=False)
    accepted_on = day_field("Accepted")
    in_service_on = day_field("In service since")
    warranty_ends_on = day_field("Warranty ends")
    acquisition_cost = forms.DecimalField(label="Acquisition cost", required=False, min_value=0, max_digits=12, decimal_places=2)
    purchase_order = forms.CharField(label="Purchase order", max_length=60, required=False)
    supplier = forms.CharField(label="Supplier", max_length=200, required=False)
    expected_life_years = forms.IntegerField(label="Expected life (years)", required=False, min_value=1, max_value=60)

    GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("Identity", ("model", "control_number", "serial_number", "lot", "udi_carrier", "description")),
        ("Place and owner", ("department", "location", "ownership", "owner_name", "service_provider", "parent")),
        ("Risk and maintenance", ("maintenance_strategy", "high_risk_override", "high_risk_reason")),
        ("Software", ("software_version", "software_read_on")),
        ("Life and cost", ("manufactured_on", "acquired_on", "acquired_precision", "accepted_on", "in_service_on", "warranty_ends_on",
                           "acquisition_cost", "purchase_order", "supplier", "expected_life_years")),
    )  # fmt: skip

    def __init__(self, *args: Any, facility: Facility, actor: Actor, device: Device | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.device, self.actor = device, actor
        self._choose("department", Department.objects.filter(facility=facility, active=True))
        self._choose("location", Location.objects.filter(facility=facility, active=True))
        self._choose("service_provider", ServiceProvider.objects.filter(active=True))
        if not actor.may(Permission.VIEW_COSTS, at=facility.pk):
            for name in ("acquisition_cost", "purchase_order", "supplier"):
                del self.fields[name]
        if device is not None:
            self.fields["control_number"].required = True
            self.fields["control_number"].help_text = "The old number stays searchable."
        self.custom_names = self._add_custom_fields(device)

    def _choose(self, name: str, queryset: Any) -> None:
        self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def _add_custom_fields(self, device: Device | None) -> list[str]:
        names = []
        for custom in CustomField.objects.filter(active=True):
            name = f"custom_{custom.key}"
            self.fields[name] = custom_form_field(custom)
            self.fields[name].initial = (device.custom if device else {}).get(custom.key)
            names.append(name)
        return names

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields in their groups, for the template."""
        groups = [(title, [self[name] for name in names if name in self.fields]) for title, names in self.GROUPS]
        if self.custom_names:
            groups.append(("Site fields", [self[name] for name in self.custom_names]))
        return groups

    def clean_model(self) -> DeviceModel:
        """Take a model by its full label, or by words that fit exactly one."""
        text = self.cleaned_data["model"]
        found = models_matching(text, limit=6)
        exact = [model for model in found if model_label(model).casefold() == " ".join(text.split()).casefold()]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not found:
            raise forms.ValidationError("The catalogue has no such model. Add it there first, or correct the spelling.")
        raise forms.ValidationError(
            "Several models fit: %(names)s. Type one in full.", params={"names": "; ".join(map(model_label, found))}
        )

    def clean_parent(self) -> int | None:
        number = self.cleaned_data["parent"]
        if not number:
            return None
        found = Device.objects.visible_to(self.actor).filter(control_number=number.strip().upper()).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError("There is no device %(number)s that you can see.", params={"number": number})
        return found

    def values(self) -> dict[str, Any]:
        """What the service takes: column names, references as keys, money in cents."""
        data = dict(self.cleaned_data)
        values: dict[str, Any] = {
            f"{name}_id": data[name].pk if data[name] else None for name in ("department", "location", "service_provider")
        }
        values["device_model_id"] = data["model"].pk
        values["parent_id"] = data["parent"]
        if "acquisition_cost" in data:
            values["acquisition_cost_cents"] = None if data["acquisition_cost"] is None else int(data["acquisition_cost"] * Decimal(100))
        plain = set(data) - {"department", "location", "service_provider", "model", "parent", "acquisition_cost", *self.custom_names}
        values |= {name: data[name] for name in plain}
        values["acquired_precision"] = data["acquired_precision"] or DatePrecision.DAY
        if self.custom_names:
            kept = dict(self.device.custom) if self.device else {}
            values["custom"] = kept | {name.removeprefix("custom_"): _plain(data[name]) for name in self.custom_names}
            values["custom"] = {key: value for key, value in values["custom"].items() if value not in (None, "")}
        return values

    def take(self, refusal: Invalid) -> None:
        """Show what the service refused at its fields."""
        for field, texts in refusal.errors.items():
            name = {"acquisition_cost_cents": "acquisition_cost"}.get(field, field.removesuffix("_id").replace("custom.", "custom_"))
            name = "model" if name == "device_model" else name
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def model_label(model: DeviceModel) -> str:
    """Return the label a model is picked by: maker, model, and what tells it from a namesake."""
    number = f" [{model.catalog_number}]" if model.catalog_number and model.name else ""
    return f"{model}{number}"


def models_matching(text: str, *, limit: int = 20) -> list[DeviceModel]:
    """Return active models in which every word of ``text`` occurs, by maker, model, number, brand or type. One statement."""
    found = DeviceModel.objects.filter(active=True).select_related("manufacturer", "device_type")
    for word in text.replace("[", " ").replace("]", " ").split()[:8]:
        if word == "(model" or word == "unknown)":
            continue
        found = found.filter(
            Q(name__icontains=word)
            | Q(catalog_number__icontains=word)
            | Q(brand_name__icontains=word)
            | Q(manufacturer__name__icontains=word)
            | Q(device_type__name__icontains=word)
        )
    return list(found.order_by("manufacturer__name", "name", "pk")[:limit])


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def custom_form_field(custom: CustomField) -> forms.Field:
    """Return the form field for a site-defined field."""
    common: dict[str, Any] = {"label": custom.label, "help_text": custom.help_text, "required": custom.required}
    if custom.kind == "number":
        return forms.DecimalField(**common, max_digits=18, decimal_places=6)
    if custom.kind == "date":
        return forms.DateField(**common, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    if custom.kind == "yes_no":
        return forms.NullBooleanField(label=custom.label, help_text=custom.help_text, required=False)
    if custom.kind == "choice":
        return forms.ChoiceField(**common, choices=[("", "—"), *((choice, choice) for choice in custom.choices)])
    return forms.CharField(**common, max_length=1000)


def initial_of(device: Device) -> dict[str, Any]:
    """Return the values an edit form starts with."""
    names = [name for _, group in DeviceForm.GROUPS for name in group if name not in ("parent", "acquisition_cost", "model")]
    initial = {name: getattr(device, name) for name in names}
    initial["model"] = model_label(device.device_model)
    initial["parent"] = device.parent.control_number if device.parent else ""
    initial["acquisition_cost"] = None if device.acquisition_cost_cents is None else Decimal(device.acquisition_cost_cents) / 100
    return initial


class StatusForm(forms.Form):
    """Change a device's status: only what the transition table allows is offered."""

    status = forms.ChoiceField(label="New status", choices=STATUS_CHOICES)
    on = day_field("Since", help_text="Empty: today.")
    reason = forms.CharField(label="Reason", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, device: Device, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = TRANSITIONS[Status(device.status)]
        offered = [(status.value, STATUS_LABELS[status]) for status in Status if status in allowed]
        self.fields["status"].choices = offered if not self.is_bound else STATUS_CHOICES  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Move devices to a place and department of a facility."""

    location = forms.ModelChoiceField(Location.objects.none(), label="Location", required=False, empty_label="unknown")
    department = forms.ModelChoiceField(Department.objects.none(), label="Department", required=False, empty_label="unknown")
    reason = forms.CharField(label="Reason", max_length=400, required=False)

    def __init__(self, *args: Any, facility: Facility, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = Location.objects.filter(facility=facility, active=True)  # type: ignore[attr-defined]
        self.fields["department"].queryset = Department.objects.filter(facility=facility, active=True)  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = forms.CharField(label="Note", max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))


class InterfaceForm(forms.ModelForm):
    """One network interface."""

    connection = forms.ChoiceField(label="Connection", choices=Connection.choices, initial=Connection.UNKNOWN)

    class Meta:
        model = NetworkInterface
        fields = ("name", "connection", "mac_address", "ip_address", "vlan", "hostname")
        labels = {"mac_address": "MAC address", "ip_address": "IP address", "vlan": "VLAN", "hostname": "Host name"}


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))


def factors_of(family: str, profiles: Iterable[Profile]) -> list[Factor]:
    """The questions of a family: those of all its profiles, each once."""
    found: dict[str, Factor] = {}
    for profile in profiles:
        if profile.family == family:
            for factor in profile.factors:
                found.setdefault(factor.code, factor)
    return list(found.values())


class RiskInputsForm(ReasonForm):
    """One question for each factor; an empty answer leaves what the device type says."""

    field_order = None

    def __init__(self, *args: Any, factors: Iterable[Factor], typed: Mapping[str, Any], own: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.factors = list(factors)
        for factor in self.factors:
            self.fields[f"factor_{factor.code}"] = _question(factor, typed.get(factor.code))
            self.fields[f"factor_{factor.code}"].initial = _number(own.get(factor.code))
        self.order_fields([*(f"factor_{factor.code}" for factor in self.factors), "reason"])

    def inputs(self) -> dict[str, float]:
        """The answers given, by factor."""
        answers = {factor.code: self.cleaned_data[f"factor_{factor.code}"] for factor in self.factors}
        return {code: float(value) for code, value in answers.items() if value not in (None, "")}


def _number(value: Any) -> str | None:
    return f"{value:g}" if isinstance(value, int | float) else None


def _question(factor: Factor, typed: Any) -> forms.Field:
    known = _number(typed)
    as_typed = f"as the device type says: {known}" if known is not None else "unknown, as for the device type"
    if factor.between is not None:
        low, high = factor.between
        return forms.FloatField(
            label=factor.label, required=False, min_value=low, max_value=high, help_text=f"{factor.words}. Empty: {as_typed}."
        )
    choices = [("", as_typed), *((f"{value:g}", f"{value:g}: {words}") for value, words in factor.values.items())]
    return forms.ChoiceField(label=factor.label, required=False, choices=choices)


class CustomFieldForm(forms.Form):
    """A site-defined field. Key and kind are asked once, when it is added."""

    key = forms.CharField(max_length=40, help_text="Permanent name for imports and the API, such as fleet_number.")
    label = forms.CharField(max_length=80)
    kind = forms.ChoiceField(choices=FieldKind.choices)
    choices = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), help_text="For a choice: one on each line."
    )
    help_text = forms.CharField(label="Help", max_length=200, required=False)
    required = forms.BooleanField(required=False, help_text="Asked for when a device is added or its site fields change.")
    active = forms.BooleanField(required=False, initial=True, help_text="Taken out of use it hides; what devices hold stays.")

    def __init__(self, *args: Any, stored: CustomField | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stored is not None:
            del self.fields["key"], self.fields["kind"]
            if stored.kind != FieldKind.CHOICE:
                del self.fields["choices"]
            for name in self.fields:
                self.fields[name].initial = "\n".join(stored.choices) if name == "choices" else getattr(stored, name)

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        values = {name: self.cleaned_data[name] for name in ("label", "help_text", "required", "active")}
        if "choices" in self.cleaned_data:
            values["choices"] = self.cleaned_data["choices"].splitlines()
        return values
