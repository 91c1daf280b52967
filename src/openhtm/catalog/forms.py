"""Forms of the catalogue's pages. What they let through, services still check."""

from __future__ import annotations

from typing import Any

from django import forms

from openhtm.catalog.models import DeviceModel, DeviceType, DocumentKind, IdentifierKind, Manufacturer, ModelDocument
from openhtm.catalog.queries.manufacturers import resolve_manufacturer
from openhtm.core.errors import Invalid

AEM_CHOICES = [("", "Free to choose"), ("LAW", "Other law"), ("IMAGING", "Imaging or radiologic"), ("LASER", "Medical laser")]
CLASS_CHOICES = [("", "Unknown"), ("1", "1"), ("2", "2"), ("3", "3"), ("U", "Unclassified"), ("N", "Not classified"), ("F", "HDE")]


class CatalogForm(forms.Form):
    """A form whose service may still refuse."""

    def take(self, refusal: Invalid) -> None:
        """Show what the service refused at its fields."""
        for field, texts in refusal.errors.items():
            name = {"list_price_cents": "list_price", "di": "text", "name_key": "name"}.get(field, field.removesuffix("_id"))
            for text in texts:
                self.add_error(name if name in self.fields else None, text)

    def values(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return dict(self.cleaned_data)


def _day(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(label=label, required=False, help_text=help_text, widget=forms.DateInput(attrs={"type": "date"}))


class ManufacturerForm(CatalogForm):
    name = forms.CharField(label="Name", max_length=200)
    country = forms.RegexField(r"^[A-Z]{2}$", label="Country", required=False, help_text="Two letters, such as US or DE.")
    website = forms.URLField(label="Website", required=False, assume_scheme="https")
    support_phone = forms.CharField(label="Support telephone", max_length=40, required=False)
    support_email = forms.EmailField(label="Support e-mail", required=False)

    @staticmethod
    def initial_of(maker: Manufacturer) -> dict[str, Any]:
        return {name: getattr(maker, name) for name in ManufacturerForm.base_fields}


class AliasForm(CatalogForm):
    alias = forms.CharField(label="Other name", max_length=200, help_text="Another spelling, a brand or an old name of this manufacturer.")


class MergeForm(CatalogForm):
    """Names the manufacturer that stays."""

    into = forms.CharField(label="Merge into", max_length=200, help_text="Name of the manufacturer that stays.")

    def clean_into(self) -> Manufacturer:
        match = resolve_manufacturer(self.cleaned_data["into"])
        if match.manufacturer_id is None:
            near = ", ".join(one.manufacturer for one in match.candidates)
            raise forms.ValidationError("Nobody has this name." + (f" Similar: {near}." if near else ""))
        return Manufacturer.objects.get(pk=match.manufacturer_id)


class DeviceTypeForm(CatalogForm):
    name = forms.CharField(label="Name", max_length=200)
    synonyms = forms.CharField(
        label="Other names",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line. Imports find the type by them.",
    )
    category = forms.CharField(label="Category", max_length=60, required=False)
    product_code = forms.CharField(
        label="FDA product code", max_length=10, required=False, help_text="Fills class, panel and regulation number where they are empty."
    )
    device_class = forms.ChoiceField(label="FDA class", choices=CLASS_CHOICES, required=False)
    panel = forms.CharField(label="Review panel", max_length=2, required=False)
    regulation_number = forms.CharField(label="Regulation number", max_length=12, required=False)
    gmdn = forms.CharField(label="GMDN", max_length=10, required=False)
    emdn = forms.CharField(label="EMDN", max_length=20, required=False)
    umdns = forms.CharField(label="UMDNS", max_length=10, required=False)
    life_support = forms.BooleanField(label="Life support", required=False)
    high_risk = forms.BooleanField(label="High-risk (critical equipment)", required=False)
    high_risk_source = forms.CharField(label="Who says that it is high-risk", max_length=200, required=False)
    aem_ineligible = forms.ChoiceField(
        label="Alternate maintenance", choices=AEM_CHOICES, required=False, help_text="Why only the manufacturer's schedule is allowed."
    )
    networked = forms.BooleanField(label="Usually on the network", required=False)
    expected_life_years = forms.IntegerField(label="Expected life (years)", min_value=1, max_value=60, required=False)
    active = forms.BooleanField(label="In use", required=False, initial=True, help_text="Not offered for new devices if unchecked.")

    def values(self) -> dict[str, Any]:
        return self.cleaned_data | {"synonyms": self.cleaned_data["synonyms"].splitlines()}

    @staticmethod
    def initial_of(kind: DeviceType) -> dict[str, Any]:
        plain = {name: getattr(kind, name) for name in DeviceTypeForm.base_fields if name not in ("synonyms", "product_code")}
        return plain | {"synonyms": "\n".join(kind.synonyms), "product_code": kind.product_code_id or ""}


class ModelForm(CatalogForm):
    manufacturer = forms.CharField(label="Manufacturer", max_length=200, help_text="Any name it is known by.")
    name = forms.CharField(label="Model", max_length=200, required=False, help_text="As on the type plate.")
    catalog_number = forms.CharField(label="Catalogue number", max_length=100, required=False, help_text="Order or reference number.")
    brand_name = forms.CharField(label="Brand", max_length=200, required=False)
    device_type = forms.ModelChoiceField(DeviceType.objects.none(), label="Device type", required=False, empty_label="Unknown")
    description = forms.CharField(label="Description", max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    expected_life_years = forms.IntegerField(label="Expected life (years)", min_value=1, max_value=60, required=False)
    list_price = forms.DecimalField(label="List price", min_value=0, max_digits=12, decimal_places=2, required=False)
    support_ends_on = _day("End of support", "Last day on which the manufacturer gives parts and service.")
    end_of_life_on = _day("End of life", "Last day of sale or of service life, as announced.")
    end_of_support_source = forms.CharField(
        label="Who says so", max_length=200, required=False, help_text="Letter, web page, sales representative."
    )
    mri_safety = forms.CharField(label="MRI safety", max_length=60, required=False)
    active = forms.BooleanField(label="In use", required=False, initial=True, help_text="Not offered for new devices if unchecked.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device_type"].queryset = DeviceType.objects.filter(active=True).order_by("name")  # type: ignore[attr-defined]

    def clean_manufacturer(self) -> int:
        match = resolve_manufacturer(self.cleaned_data["manufacturer"])
        if match.manufacturer_id is None:
            near = ", ".join(one.manufacturer for one in match.candidates)
            raise forms.ValidationError("Nobody has this name. Add the manufacturer first." + (f" Similar: {near}." if near else ""))
        return match.manufacturer_id

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        kind, price = found.pop("device_type"), found.pop("list_price")
        found["manufacturer_id"] = found.pop("manufacturer")
        return found | {"device_type_id": kind.pk if kind else None, "list_price_cents": None if price is None else int(price * 100)}

    @staticmethod
    def initial_of(model: DeviceModel) -> dict[str, Any]:
        same = [name for name in ModelForm.base_fields if name not in ("manufacturer", "device_type", "list_price")]
        found = {name: getattr(model, name) for name in same}
        price = None if model.list_price_cents is None else f"{model.list_price_cents / 100:.2f}"
        return found | {"manufacturer": model.manufacturer.name, "device_type": model.device_type_id, "list_price": price}


class IdentifierForm(CatalogForm):
    text = forms.CharField(label="UDI-DI", max_length=400, strip=False, help_text="Scan the bar code, or type the number under it.")
    kind = forms.ChoiceField(label="Kind", choices=IdentifierKind.choices, initial=IdentifierKind.PRIMARY)
    quantity = forms.IntegerField(label="Devices in the package", min_value=1, max_value=2**31 - 1, required=False)


class DocumentForm(CatalogForm):
    kind = forms.ChoiceField(label="Kind", choices=DocumentKind.choices)
    title = forms.CharField(label="Title", max_length=200)
    revision = forms.CharField(label="Revision", max_length=60, required=False, help_text="As printed on the document.")
    issued_on = _day("Issued")
    language = forms.CharField(label="Language", max_length=10, required=False)
    url = forms.URLField(label="Address", max_length=500, required=False, assume_scheme="https")
    file = forms.FileField(label="File", required=False)
    supersedes = forms.ModelChoiceField(
        ModelDocument.objects.none(),
        label="Replaces",
        required=False,
        empty_label="Nothing",
        help_text="The older revision stays readable.",
    )

    def __init__(self, *args: Any, model: DeviceModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supersedes"].queryset = model.documents.filter(superseded_by__isnull=True)  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        found.pop("file")
        old = found.pop("supersedes")
        return found | {"supersedes_id": old.pk if old else None}


class DocumentEditForm(DocumentForm):
    """Corrects what is said about a document: its file and what it replaced stay."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["file"], self.fields["supersedes"]

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class FromGudidForm(CatalogForm):
    device_type = forms.ModelChoiceField(
        DeviceType.objects.none(),
        label="Device type",
        required=False,
        empty_label="As its product code says",
        help_text="You can change it later.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device_type"].queryset = DeviceType.objects.filter(active=True).order_by("name")  # type: ignore[attr-defined]
