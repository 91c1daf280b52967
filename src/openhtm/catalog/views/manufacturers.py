"""Pages of manufacturers: list, one, names, mergers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.catalog.forms import AliasForm, ManufacturerForm, MergeForm
from openhtm.catalog.models import DeviceModel, Manufacturer
from openhtm.catalog.queries import manufacturers as queries
from openhtm.catalog.queries.models import UNNAMED
from openhtm.catalog.services import manufacturers as services
from openhtm.catalog.views.common import Action, Cell, Filter, Listing, chosen, editor, form_page, reader, sent, show_list, text_of
from openhtm.core.errors import DomainError
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import marks
from openhtm.ui.parts import Fact

HOME = ("Catalogue", "/catalog/")
MERGED = Filter("merged", "merged ones", [("true", "shown too")])


def _url(maker_id: int) -> str:
    return reverse("catalog:manufacturer", args=[maker_id])


@require_safe
def manufacturer_list(request: HttpRequest) -> HttpResponse:
    actor = reader(request)
    found = queries.manufacturer_list(q=text_of(request, "q"), with_merged=chosen(request, MERGED) == "true").select_related("merged_into")
    add = [Action("Add manufacturer", reverse("catalog:manufacturer-add"), "plus", "primary")]
    listing = Listing(
        title="Manufacturers",
        search="Name, or any other name",
        columns=[("Name", ""), ("Country", ""), ("Models", "num"), ("Other names", "num")],
        cells=_cells,
        order=("name_key", "pk"),
        filters=[MERGED],
        actions=add if actor.may(Permission.EDIT_CATALOG) else [],
        empty_title="No manufacturers yet",
        empty_detail="The starter catalogue brings a few hundred: openhtm load starter.",
    )
    return show_list(request, found, listing)


def _cells(makers: list[Manufacturer]) -> list[list[Cell]]:
    counts = queries.counted(makers)
    return [
        [
            Cell(marks.two_lines(maker.name, f"now {maker.merged_into}" if maker.merged_into else "", url=_url(maker.pk)), "lead"),
            Cell(maker.country or marks.unknown()),
            Cell(counts[maker.pk][0], "num"),
            Cell(counts[maker.pk][1], "num"),
        ]
        for maker in makers
    ]


@require_safe
def manufacturer_page(request: HttpRequest, manufacturer_id: int) -> HttpResponse:
    actor = reader(request)
    maker = get_object_or_404(Manufacturer.objects.select_related("merged_into"), pk=manufacturer_id)
    models = DeviceModel.objects.filter(manufacturer=maker, active=True).select_related("device_type").order_by(UNNAMED, "name", "pk")
    context = {
        "maker": maker,
        "facts": [
            Fact(label="Country", value=maker.country),
            Fact(label="Website", value=maker.website, url=maker.website),
            Fact(label="Support telephone", value=maker.support_phone),
            Fact(label="Support e-mail", value=maker.support_email),
        ],
        "aliases": list(maker.aliases.all()),
        "predecessors": list(maker.predecessors.order_by("name")),
        "models": list(models[:100]),
        "model_count": queries.counted([maker])[maker.pk][0],
        "may_edit": actor.may(Permission.EDIT_CATALOG),
        "alias_form": AliasForm(),
        "trail": [HOME, ("Manufacturers", reverse("catalog:manufacturer-list"))],
    }
    return render(request, "catalog/manufacturer.html", context)


@require_http_methods(["GET", "POST"])
def add_manufacturer(request: HttpRequest) -> HttpResponse:
    actor = editor(request)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        maker = services.add_manufacturer(actor=actor, **values)
        return f"{maker} was added.", _url(maker.pk)

    back = reverse("catalog:manufacturer-list")
    context = {"title": "Add a manufacturer", "button": "Add manufacturer", "back": back, "trail": [HOME, ("Manufacturers", back)]}
    return form_page(request, form=ManufacturerForm(sent(request)), act=act, context=context)


@require_http_methods(["GET", "POST"])
def edit_manufacturer(request: HttpRequest, manufacturer_id: int) -> HttpResponse:
    actor = editor(request)
    maker = get_object_or_404(Manufacturer, pk=manufacturer_id)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        services.edit_manufacturer(manufacturer_id=maker.pk, changes=values, actor=actor)
        return "The manufacturer was saved.", _url(maker.pk)

    context = _about(maker) | {"title": f"Edit {maker}", "button": "Save", "lead": "An old name goes on resolving after a change."}
    return form_page(request, form=ManufacturerForm(sent(request), initial=ManufacturerForm.initial_of(maker)), act=act, context=context)


def _about(maker: Manufacturer) -> dict[str, Any]:
    return {"back": _url(maker.pk), "trail": [HOME, ("Manufacturers", reverse("catalog:manufacturer-list")), (maker.name, _url(maker.pk))]}


@require_http_methods(["GET", "POST"])
def add_alias(request: HttpRequest, manufacturer_id: int) -> HttpResponse:
    actor = editor(request)
    maker = get_object_or_404(Manufacturer, pk=manufacturer_id)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        services.add_alias(manufacturer_id=maker.pk, alias=values["alias"], actor=actor)
        return f"{values['alias']} now resolves to {maker}.", _url(maker.pk)

    context = _about(maker) | {"title": f"Another name for {maker}", "button": "Add name"}
    return form_page(request, form=AliasForm(sent(request)), act=act, context=context)


@require_POST
def remove_alias(request: HttpRequest, manufacturer_id: int, alias_id: int) -> HttpResponse:
    actor = editor(request)
    alias = get_object_or_404(Manufacturer, pk=manufacturer_id).aliases.get(pk=alias_id)
    services.remove_alias(alias_id=alias.pk, actor=actor)
    messages.success(request, f"{alias} no longer resolves to this manufacturer.")
    return redirect(_url(manufacturer_id))


@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, manufacturer_id: int) -> HttpResponse:
    """Choose who stays, look at what would happen, then confirm: three steps on one address."""
    actor = editor(request)
    source = get_object_or_404(Manufacturer, pk=manufacturer_id)
    given = request.POST or (request.GET if request.GET.get("into") else None)
    form = MergeForm(given)
    context = _about(source) | {"source": source, "form": form, "title": f"Merge {source}"}
    if given is None or not form.is_valid():
        return render(request, "catalog/merge.html", context, status=200 if given is None else 422)
    target: Manufacturer = form.cleaned_data["into"]
    if request.method == "POST":
        try:
            services.merge_manufacturers(source_id=source.pk, target_id=target.pk, actor=actor)
        except DomainError as refusal:
            form.add_error("into", refusal.sentence)
            return render(request, "catalog/merge.html", context, status=422)
        messages.success(request, f"{source} was merged into {target}.")
        return redirect(_url(target.pk))
    context |= {"target": target, "preview": queries.merger_preview(source=source, target=target)}
    return render(request, "catalog/merge.html", context)
