"""Pages of the official lists: FDA product codes, EMDN, GMDN, GUDID. They are read, never edited."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.forms import FromGudidForm
from openhtm.catalog.models import DeviceModel, EmdnTerm, GmdnTerm, GudidRecord, ProductCode
from openhtm.catalog.queries import types as queries
from openhtm.catalog.rules.carriers import carrier_text
from openhtm.catalog.services.gudid import model_from_gudid
from openhtm.catalog.views.common import Cell, Filter, Listing, chosen, editor, form_page, reader, sent, show_list, text_of
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import marks
from openhtm.ui.parts import Fact

HOME = ("Catalogue", "/catalog/")
CLASSES = Filter(
    "device_class", "class", [("1", "1"), ("2", "2"), ("3", "3"), ("U", "unclassified"), ("N", "not classified"), ("F", "HDE")]
)
LIFE = Filter("life_sustaining", "life-sustaining", [("true", "yes")])
NOT_LOADED = "An administrator loads the official file: openhtm load {system} FILE."


def _retired(row: Any) -> Any:
    return marks.status("hold", "Retired") if row.retired else marks.status("ok", "Current")


@require_safe
def product_code_list(request: HttpRequest) -> HttpResponse:
    reader(request)
    life = True if chosen(request, LIFE) else None
    found = queries.product_code_list(q=text_of(request, "q"), device_class=chosen(request, CLASSES), life_sustaining=life)
    listing = Listing(
        title="FDA product codes",
        search="Code, name, or regulation number",
        columns=[("Code", ""), ("Name", ""), ("Class", "num"), ("Panel", ""), ("Regulation", ""), ("Life-sustaining", ""), ("Edition", "")],
        cells=_product_codes,
        order=("code",),
        filters=[CLASSES, LIFE],
        empty_title="The FDA product classification is not loaded",
        empty_detail=NOT_LOADED.format(system="fda-classification"),
    )
    return show_list(request, found, listing)


def _product_codes(rows: list[ProductCode]) -> list[list[Cell]]:
    types = reverse("catalog:type-list")
    return [
        [
            Cell(marks.two_lines(row.code, url=f"{types}?q={row.code}"), "tag"),
            Cell(row.name or marks.unknown("list not loaded"), "lead"),
            Cell(row.device_class or marks.unknown(), "num"),
            Cell(row.panel or marks.unknown()),
            Cell(marks.value(row.regulation_number, absent="none")),
            Cell("yes" if row.life_sustaining else "no"),
            Cell(_retired(row), "state"),
        ]
        for row in rows
    ]


@require_safe
def emdn(request: HttpRequest) -> HttpResponse:
    """Search the whole tree, or walk down it: ``in`` is the node one stands at."""
    reader(request)
    words, here = text_of(request, "q"), text_of(request, "in", 20).upper()
    found = queries.emdn_list(q=words) if words else queries.emdn_list(parent=here)
    address = reverse("catalog:emdn")
    above = queries.emdn_above(here)[:-1] if here else []
    node = EmdnTerm.objects.filter(pk=here).first() if here else None
    trail = [HOME, ("EMDN", address), *((f"{one.code} {one.term.capitalize()}", f"{address}?in={one.code}") for one in above)]
    listing = Listing(
        title=f"EMDN: {node.code} {node.term.capitalize()}" if node else "EMDN, the European nomenclature",
        search="Code or term, in the whole tree",
        columns=[("Code", ""), ("Term", ""), ("Level", "num"), ("Below it", ""), ("Edition", "")],
        cells=_emdn,
        order=("code",),
        trail=trail,
        empty_title="Nothing stands below this" if node else "The EMDN is not loaded",
        empty_detail="It is a last term: use its code." if node else NOT_LOADED.format(system="emdn"),
    )
    return show_list(request, found, listing)


def _emdn(rows: list[EmdnTerm]) -> list[list[Cell]]:
    address = reverse("catalog:emdn")
    return [
        [
            Cell(marks.two_lines(row.code, url="" if row.terminal else f"{address}?in={row.code}"), "tag"),
            Cell(row.term.capitalize(), "lead"),
            Cell(row.level, "num"),
            Cell("last term" if row.terminal else "further terms"),
            Cell(_retired(row), "state"),
        ]
        for row in rows
    ]


@require_safe
def gmdn_list(request: HttpRequest) -> HttpResponse:
    reader(request)
    listing = Listing(
        title="GMDN terms",
        search="Code or part of the name",
        columns=[("Code", ""), ("Name", ""), ("EMDN", ""), ("Edition", "")],
        cells=_gmdn,
        order=("code",),
        note="GMDN terms are the GMDN Agency's, as published in GUDID.",
        empty_title="The GMDN terms are not loaded",
        empty_detail=NOT_LOADED.format(system="gmdn"),
    )
    return show_list(request, queries.gmdn_list(q=text_of(request, "q")), listing)


def _gmdn(rows: list[GmdnTerm]) -> list[list[Cell]]:
    return [
        [
            Cell(row.code, "tag"),
            Cell(marks.two_lines(row.name, row.definition[:200]), "lead"),
            Cell(", ".join(row.related_emdn[:5]) or "none"),
            Cell(_retired(row), "state"),
        ]
        for row in rows
    ]


@require_safe
def gudid_list(request: HttpRequest) -> HttpResponse:
    reader(request)
    listing = Listing(
        title="GUDID",
        search="A whole UDI or UDI-DI, or words of brand, model and company",
        columns=[("Device", ""), ("Primary DI", ""), ("Catalogue no.", ""), ("Company", ""), ("Product codes", "")],
        cells=_gudid,
        order=("pk",),
        empty_title="GUDID is not loaded",
        empty_detail=NOT_LOADED.format(system="gudid"),
    )
    return show_list(request, queries.gudid_list(q=text_of(request, "q")), listing)


def _gudid(rows: list[GudidRecord]) -> list[list[Cell]]:
    return [
        [
            Cell(
                marks.two_lines(row.brand_name or row.primary_di, row.version_or_model, url=reverse("catalog:gudid", args=[row.pk])), "lead"
            ),
            Cell(marks.value(row.primary_di, mono=True), "tag"),
            Cell(marks.value(row.catalog_number, mono=True, absent="none")),
            Cell(row.company_name),
            Cell(", ".join(row.product_codes) or "none"),
        ]
        for row in rows
    ]


@require_safe
def gudid_page(request: HttpRequest, record_id: int) -> HttpResponse:
    actor = reader(request)
    record = get_object_or_404(GudidRecord, pk=record_id)
    context = {
        "record": record,
        "facts": _gudid_facts(record),
        "identifiers": [(one, carrier_text(one.issuer, one.di)) for one in record.identifiers.order_by("kind", "di")],
        "model": DeviceModel.objects.filter(gudid_record_key=record.record_key, active=True).select_related("manufacturer").first(),
        "may_edit": actor.may(Permission.EDIT_CATALOG),
        "trail": [HOME, ("GUDID", reverse("catalog:gudid-list"))],
    }
    return render(request, "catalog/gudid.html", context)


def _gudid_facts(record: GudidRecord) -> list[Fact]:
    said = ", ".join(name.replace("_", " ") for name, value in sorted(record.flags.items()) if value)
    terms = "; ".join(" ".join(filter(None, (term.get("code"), term.get("name")))) for term in record.gmdn_terms)
    return [
        Fact(label="Company", value=record.company_name),
        Fact(label="Brand", value=record.brand_name),
        Fact(label="Version or model", value=record.version_or_model),
        Fact(label="Catalogue number", value=record.catalog_number, mono=True, absent="none"),
        Fact(label="Description", value=record.description, absent="none"),
        Fact(label="Product codes", value=", ".join(record.product_codes), absent="none"),
        Fact(label="GMDN", value=terms, absent="none"),
        Fact(label="MRI safety", value=record.mri_safety),
        Fact(label="Published", value=marks.day(record.published_on)),
        Fact(label="Distribution", value=record.distribution_status),
        Fact(label="It says", value=said, absent="nothing"),
        Fact(label="Edition loaded", value=record.edition, absent="not named"),
    ]


@require_http_methods(["GET", "POST"])
def gudid_to_model(request: HttpRequest, record_id: int) -> HttpResponse:
    """Make a model of ours from a record."""
    actor = editor(request)
    record = get_object_or_404(GudidRecord, pk=record_id)
    back, asked_from = reverse("catalog:gudid", args=[record.pk]), request.GET.get("next", "")[:2000]

    def act(values: dict[str, Any]) -> tuple[str, str]:
        kind = values["device_type"]
        model = model_from_gudid(record_id=record.pk, actor=actor, device_type_id=kind.pk if kind else None)
        said = f"{model} is in the catalogue."
        if asked_from.startswith("/") and "?" in asked_from and url_has_allowed_host_and_scheme(asked_from, allowed_hosts=None):
            # a device was being added: go on with it
            return said, f"{asked_from}&{urlencode({'model': model.pk})}"
        return said, reverse("catalog:model", args=[model.pk])

    context = {
        "title": "Take this model into the catalogue",
        "lead": f"{record.company_name} {record.brand_name} {record.version_or_model}",
        "button": "Add model",
        "back": back,
        "trail": [HOME, ("GUDID", reverse("catalog:gudid-list")), (record.primary_di, back)],
    }
    return form_page(request, form=FromGudidForm(sent(request)), act=act, context=context)
