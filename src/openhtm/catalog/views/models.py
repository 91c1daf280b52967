"""Pages of device models, their identifiers and documents."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.catalog.forms import DocumentEditForm, DocumentForm, IdentifierForm, ModelForm
from openhtm.catalog.models import DeviceModel, Manufacturer, ModelDocument, ModelIdentifier
from openhtm.catalog.queries import models as queries
from openhtm.catalog.rules.carriers import carrier_text
from openhtm.catalog.services import documents
from openhtm.catalog.services import models as services
from openhtm.catalog.views.common import TRUTH, Action, Cell, Filter, Listing, chosen, editor, form_page, reader, sent, show_list, text_of
from openhtm.catalog.views.types import risk_mark
from openhtm.catalog.views.types import url_of as type_url
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import marks
from openhtm.ui.parts import Fact, Notice
from openhtm.ui.rules import formats

HOME = ("Catalogue", "/catalog/")


def _url(model_id: int) -> str:
    return reverse("catalog:model", args=[model_id])


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    actor = reader(request)
    risk = Filter("high_risk", "high-risk", [("true", "yes"), ("false", "no")])
    found = queries.model_list(q=text_of(request, "q"), high_risk=TRUTH.get(chosen(request, risk)))
    listing = Listing(
        title="Device models",
        search="Manufacturer, model, number, or a whole UDI-DI",
        columns=[("Model", ""), ("Catalogue no.", ""), ("Type", ""), ("Risk", ""), ("End of support", "")],
        cells=_cells,
        order=("unnamed", "name", "pk"),
        filters=[risk],
        actions=[Action("Add model", reverse("catalog:model-add"), "plus", "primary")] if actor.may(Permission.EDIT_CATALOG) else [],
        empty_title="No models yet",
        empty_detail="Importing your devices adds their models. You can also take one from GUDID, or add it by hand.",
    )
    return show_list(request, found, listing)


def _cells(models: list[DeviceModel]) -> list[list[Cell]]:
    return [
        [
            Cell(
                marks.two_lines(model.name or model.catalog_number or "(model unknown)", model.manufacturer.name, url=_url(model.pk)),
                "lead",
            ),
            Cell(marks.value(model.catalog_number, mono=True, absent="none")),
            Cell(model.device_type.name if model.device_type else marks.unknown()),
            Cell(risk_mark(model.device_type), "state"),
            Cell(marks.day(model.support_ends_on)),
        ]
        for model in models
    ]


@require_safe
def model_page(request: HttpRequest, model_id: int) -> HttpResponse:
    """One model: identifiers, documents, end of support, and what higher rooms know of it."""
    actor = reader(request)
    model = get_object_or_404(DeviceModel.objects.select_related("manufacturer", "device_type"), pk=model_id)
    context = {
        "model": model,
        "risk": risk_mark(model.device_type),
        "notices": _notices(model),
        "facts": _facts(model, actor),
        "identifiers": [(one, carrier_text(one.issuer, one.di)) for one in model.identifiers.all()],
        "documents": list(model.documents.select_related("file", "superseded_by")),
        "may_edit": actor.may(Permission.EDIT_CATALOG),
        "trail": [HOME, ("Device models", reverse("catalog:model-list"))],
    }
    return render(request, "catalog/model.html", context)


def _notices(model: DeviceModel) -> list[Notice]:
    found = []
    if not model.active:
        found.append(Notice(title="This model is no longer in use", detail="It is not offered for new devices.", tone="hold"))
    if model.support_ends_on and model.support_ends_on < timezone.localdate():
        detail = f"Since {formats.day(model.support_ends_on)} the manufacturer gives no parts and no service."
        found.append(Notice(title="Support has ended", detail=detail, tone="late"))
    return found


def _facts(model: DeviceModel, actor: Actor) -> list[Fact]:
    kind, maker = model.device_type, model.manufacturer
    price = "" if model.list_price_cents is None else formats.money(model.list_price_cents)
    found = [
        Fact(label="Manufacturer", value=maker.name, url=reverse("catalog:manufacturer", args=[maker.pk])),
        Fact(label="Model", value=model.name),
        Fact(label="Catalogue number", value=model.catalog_number, mono=True),
        Fact(label="Brand", value=model.brand_name),
        Fact(label="Device type", value=kind.name if kind else "", url=type_url(kind) if kind else ""),
        Fact(label="Expected life", value=_years(model)),
        Fact(label="List price", value=price),
        Fact(label="End of support", value=marks.day(model.support_ends_on, absent="not announced")),
        Fact(label="End of life", value=marks.day(model.end_of_life_on, absent="not announced")),
        Fact(label="Who says so", value=model.end_of_support_source),
        Fact(label="MRI safety", value=model.mri_safety),
        Fact(label="Description", value=model.description),
    ]
    return [fact for fact in found if fact.label != "List price" or actor.may(Permission.VIEW_COSTS)]


def _years(model: DeviceModel) -> str:
    if model.expected_life_years:
        return f"{model.expected_life_years} years"
    kind = model.device_type
    return f"{kind.expected_life_years} years, as its type" if kind and kind.expected_life_years else ""


@require_http_methods(["GET", "POST"])
def add_model(request: HttpRequest) -> HttpResponse:
    actor = editor(request)
    maker_id = request.GET.get("manufacturer", "")
    maker = Manufacturer.objects.filter(pk=maker_id).first() if maker_id.isascii() and maker_id.isdigit() and len(maker_id) < 19 else None

    def act(values: dict[str, Any]) -> tuple[str, str]:
        model = services.add_model(actor=actor, **values)
        return f"{model} was added.", _url(model.pk)

    back = reverse("catalog:model-list")
    context = {"title": "Add a device model", "button": "Add model", "back": back, "trail": [HOME, ("Device models", back)]}
    form = ModelForm(sent(request), initial={"manufacturer": maker.name if maker else "", "active": True})
    return form_page(request, form=form, act=act, context=context)


def _about(model: DeviceModel) -> dict[str, Any]:
    trail = [HOME, ("Device models", reverse("catalog:model-list")), (str(model), _url(model.pk))]
    return {"back": _url(model.pk), "trail": trail}


def _model(model_id: int) -> DeviceModel:
    return get_object_or_404(DeviceModel.objects.select_related("manufacturer"), pk=model_id)


@require_http_methods(["GET", "POST"])
def edit_model(request: HttpRequest, model_id: int) -> HttpResponse:
    actor, model = editor(request), _model(model_id)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        services.edit_model(model_id=model.pk, changes=values, actor=actor)
        return "The model was saved.", _url(model.pk)

    context = _about(model) | {"title": f"Edit {model}", "button": "Save", "lead": "If the type changes, devices follow at once."}
    return form_page(request, form=ModelForm(sent(request), initial=ModelForm.initial_of(model)), act=act, context=context)


@require_http_methods(["GET", "POST"])
def add_identifier(request: HttpRequest, model_id: int) -> HttpResponse:
    actor, model = editor(request), _model(model_id)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        added = services.add_identifier(model_id=model.pk, actor=actor, **values)
        for text in added.warnings:
            messages.warning(request, text)
        return f"{added.identifier} was added.", _url(model.pk)

    context = _about(model) | {"title": "Add a UDI-DI", "lead": str(model), "button": "Add UDI-DI"}
    return form_page(request, form=IdentifierForm(sent(request)), act=act, context=context)


@require_POST
def remove_identifier(request: HttpRequest, model_id: int, identifier_id: int) -> HttpResponse:
    actor = editor(request)
    identifier = get_object_or_404(ModelIdentifier, pk=identifier_id, device_model_id=model_id)
    services.remove_identifier(identifier_id=identifier.pk, actor=actor)
    messages.success(request, f"{identifier} was taken away from this model.")
    return redirect(_url(model_id))


@require_http_methods(["GET", "POST"])
def add_document(request: HttpRequest, model_id: int) -> HttpResponse:
    actor, model = editor(request), _model(model_id)
    form = DocumentForm(sent(request), request.FILES or None, model=model)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        sent = form.cleaned_data["file"]
        upload = documents.Upload(sent, sent.name) if sent else None
        document = documents.add_document(model_id=model.pk, actor=actor, upload=upload, **values)
        return f"{document} was added.", _url(model.pk)

    context = _about(model) | {"title": "Add a document", "lead": str(model), "button": "Add document"}
    return form_page(request, form=form, act=act, context=context)


@require_http_methods(["GET", "POST"])
def edit_document(request: HttpRequest, model_id: int, document_id: int) -> HttpResponse:
    """Correct what is said about a document; a new revision is added instead."""
    actor, model = editor(request), _model(model_id)
    stored = get_object_or_404(model.documents.all(), pk=document_id)

    def act(values: dict[str, Any]) -> tuple[str, str]:
        document = documents.edit_document(document_id=stored.pk, changes=values, actor=actor)
        return f"{document} was saved.", _url(model.pk)

    form = DocumentEditForm(sent(request), model=model, initial={name: getattr(stored, name) for name in documents.FIELDS})
    lead = "Corrects a mistake. If the manufacturer issued a new revision, add it as a document that replaces this one."
    return form_page(request, form=form, act=act, context=_about(model) | {"title": f"Edit {stored}", "lead": lead, "button": "Save"})


@require_safe
def document_file(request: HttpRequest, model_id: int, document_id: int) -> HttpResponse:
    """The document's file, as a download; PDF and pictures open in the browser."""
    reader(request)
    document = get_object_or_404(ModelDocument.objects.select_related("file"), pk=document_id, device_model_id=model_id, file__isnull=False)
    assert document.file is not None
    return inert_response(document.file, document.file_name or document.title, inline=True)  # type: ignore[return-value]
