"""Pages of device types."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.forms import DeviceTypeForm
from openhtm.catalog.models import DeviceModel, DeviceType, EmdnTerm, GmdnTerm
from openhtm.catalog.queries import types as queries
from openhtm.catalog.queries.models import UNNAMED
from openhtm.catalog.services import types as services
from openhtm.catalog.views.common import TRUTH, Action, Cell, Filter, Listing, chosen, editor, form_page, reader, sent, show_list, text_of
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import marks
from openhtm.ui.parts import Fact

HOME = ("Catalogue", "/catalog/")
AEM_WORDS = {
    "LAW": "Only as the manufacturer says (other law)",
    "IMAGING": "Only as the manufacturer says (imaging)",
    "LASER": "Only as the manufacturer says (laser)",
}


def url_of(kind: DeviceType) -> str:
    return reverse("catalog:type", args=[kind.code])


@require_safe
def type_list(request: HttpRequest) -> HttpResponse:
    actor = reader(request)
    risk = Filter("high_risk", "high-risk", [("true", "yes"), ("false", "no")])
    category = Filter("category", "category", [(name, name.replace("_", " ")) for name in queries.categories()])
    source = Filter("source", "source", [("starter", "starter catalogue"), ("local", "our own")])
    found = queries.type_list(
        q=text_of(request, "q"),
        high_risk=TRUTH.get(chosen(request, risk)),
        category=chosen(request, category),
        source=chosen(request, source),
    )
    listing = Listing(
        title="Device types",
        search="Name, other name, or code",
        columns=[("Type", ""), ("Category", ""), ("FDA code", ""), ("Class", "num"), ("Risk", ""), ("Models", "num")],
        cells=_cells,
        order=("name", "pk"),
        filters=[risk, category, source],
        actions=[Action("Add device type", reverse("catalog:type-add"), "plus", "primary")] if actor.may(Permission.EDIT_CATALOG) else [],
        empty_title="No device types yet",
        empty_detail="The starter catalogue brings several hundred: openhtm load starter.",
    )
    return show_list(request, found, listing)


def _cells(kinds: list[DeviceType]) -> list[list[Cell]]:
    models = queries.models_per_type([kind.pk for kind in kinds])
    return [
        [
            Cell(marks.two_lines(kind.name, ", ".join(kind.synonyms[:2]), url=url_of(kind)), "lead"),
            Cell(kind.category.replace("_", " ") or marks.unknown()),
            Cell(marks.value(kind.product_code_id, mono=True)),
            Cell(kind.device_class or marks.unknown(), "num"),
            Cell(risk_mark(kind), "state"),
            Cell(models.get(kind.pk, 0), "num"),
        ]
        for kind in kinds
    ]


def risk_mark(kind: DeviceType | None) -> Any:
    if kind is None:
        return marks.unknown()
    if kind.high_risk:
        return marks.status("late", "Life support") if kind.life_support else marks.status("due", "High-risk")
    return marks.status("hold", "Standard")


@require_safe
def type_page(request: HttpRequest, code: str) -> HttpResponse:
    actor = reader(request)
    kind = get_object_or_404(DeviceType.objects.select_related("product_code"), code=code)
    models = (
        DeviceModel.objects.filter(device_type=kind, active=True)
        .select_related("manufacturer")
        .order_by(UNNAMED, "manufacturer__name", "name", "pk")
    )
    context = {
        "kind": kind,
        "risk": risk_mark(kind),
        "codes": _codes(kind),
        "facts": _facts(kind),
        "models": list(models[:100]),
        "model_count": queries.models_per_type([kind.pk]).get(kind.pk, 0),
        "may_edit": actor.may(Permission.EDIT_CATALOG),
        "trail": [HOME, ("Device types", reverse("catalog:type-list"))],
    }
    return render(request, "catalog/type.html", context)


def _codes(kind: DeviceType) -> list[Fact]:
    """The codes with the words of their lists, where those are loaded. Two statements."""
    emdn = EmdnTerm.objects.filter(pk=kind.emdn).first() if kind.emdn else None
    gmdn = GmdnTerm.objects.filter(pk=kind.gmdn).first() if kind.gmdn else None
    product = kind.product_code
    retired = " (retired)" if product and product.retired else ""
    return [
        Fact(label="FDA product code", value=f"{product}{retired}" if product else "", absent="none known"),
        Fact(label="FDA class", value=kind.device_class),
        Fact(label="Review panel", value=kind.panel),
        Fact(label="Regulation number", value=f"21 CFR {kind.regulation_number}" if kind.regulation_number else ""),
        Fact(
            label="Life-sustaining (FDA)",
            value=("yes" if product.life_sustaining else "no") if product and product.name else "",
            absent="list not loaded",
        ),
        Fact(label="GMDN", value=str(gmdn or kind.gmdn)),
        Fact(label="EMDN", value=str(emdn or kind.emdn)),
        Fact(label="UMDNS", value=kind.umdns),
    ]


def _facts(kind: DeviceType) -> list[Fact]:
    return [
        Fact(label="Category", value=kind.category.replace("_", " ")),
        Fact(label="Expected life", value=f"{kind.expected_life_years} years" if kind.expected_life_years else ""),
        Fact(label="Alternate maintenance", value=AEM_WORDS.get(kind.aem_ineligible, "Allowed after an assessment")),
        Fact(label="On the network", value="usually" if kind.networked else "usually not"),
        Fact(
            label="Comes from",
            value="starter catalogue" + (f" {kind.edition}" if kind.edition else "") if kind.source == "starter" else "our own",
        ),
        Fact(label="Changed here", value="yes: a newer starter edition leaves it alone" if kind.locally_changed else "no"),
    ]


@require_http_methods(["GET", "POST"])
def add_type(request: HttpRequest) -> HttpResponse:
    actor = editor(request)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        kind = services.add_device_type(actor=actor, **values)
        return f"{kind} was added.", url_of(kind)

    back = reverse("catalog:type-list")
    context = {"title": "Add a device type", "button": "Add device type", "back": back, "trail": [HOME, ("Device types", back)]}
    return form_page(request, form=DeviceTypeForm(sent(request)), act=act, context=context)


@require_http_methods(["GET", "POST"])
def edit_type(request: HttpRequest, code: str) -> HttpResponse:
    actor = editor(request)
    kind = get_object_or_404(DeviceType, code=code)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        services.edit_device_type(type_id=kind.pk, changes=values, actor=actor)
        return "The device type was saved. Its devices follow.", url_of(kind)

    context = {
        "title": f"Edit {kind}",
        "button": "Save",
        "back": url_of(kind),
        "trail": [HOME, ("Device types", reverse("catalog:type-list")), (kind.name, url_of(kind))],
        "lead": "Devices of this type follow at once. A newer starter edition leaves a changed type alone.",
    }
    return form_page(request, form=DeviceTypeForm(sent(request), initial=DeviceTypeForm.initial_of(kind)), act=act, context=context)
