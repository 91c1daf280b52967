"""The files of a device: attach, hand out, take away; its passport and its codes as pictures."""

from __future__ import annotations

import uuid
from typing import BinaryIO, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.documents.responses import inert_response, pdf_response
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.asking import actor_of, base_url
from openhtm.inventory.models import DeviceAttachment
from openhtm.inventory.queries import detail
from openhtm.inventory.services.attachments import attach_file, remove_attachment, visible_attachments
from openhtm.inventory.services.passport import passport_pdf
from openhtm.ui import barcodes
from openhtm.ui.redirects import SeeOther


@require_safe
def attachment(request: HttpRequest, control_number: str, uid: uuid.UUID) -> HttpResponseBase:
    """Hand out one file; ``?show=1`` shows PDFs and pictures in the browser."""
    require(actor_of(request), Permission.VIEW_DEVICES)
    found = _attachment(request, control_number, uid)
    return inert_response(found.file, found.file_name, inline=request.GET.get("show") == "1")


@require_http_methods(["GET", "POST"])
def attachment_add(request: HttpRequest, control_number: str) -> HttpResponse:
    actor = actor_of(request)
    device = detail.device_by_number(actor=actor, number=control_number)
    require(actor, Permission.ADD_ATTACHMENTS, at=device.facility_id, place=device.facility.name)
    refused, status = "", 200
    if request.method == "POST":
        upload = request.FILES.get("file")
        title = request.POST.get("title", "").replace("\0", "")
        try:
            if upload is None:
                raise Invalid({"": ["Choose a file first."]})
            made = attach_file(
                device_id=device.pk,
                content=cast(BinaryIO, upload.file),
                file_name=upload.name or "",
                title=title,
                actor=actor,
                now=timezone.now(),
            )
        except DomainError as refusal:
            refused, status = refusal.sentence, 413 if refusal.status == 413 else 422
        else:
            messages.success(request, f"{made.file_name} was attached.")
            return SeeOther(f"{device_url(device.control_number)}?tab=documents")
    return render(request, "inventory/attachment_form.html", {"device": device, "refused": refused}, status=status)


@require_http_methods(["GET", "POST"])
def attachment_remove(request: HttpRequest, control_number: str, uid: uuid.UUID) -> HttpResponse:
    actor = actor_of(request)
    found = _attachment(request, control_number, uid)
    require(actor, Permission.EDIT_DEVICES, at=found.device.facility_id, place=found.device.facility.name)
    refused = ""
    if request.method == "POST":
        try:
            remove_attachment(uid=uid, reason=request.POST.get("reason", "").replace("\0", ""), actor=actor, now=timezone.now())
        except Invalid as refusal:
            refused = refusal.errors["reason"][0]
        else:
            messages.success(request, f"{found.file_name} was taken away. Its history stays.")
            return SeeOther(f"{device_url(found.device.control_number)}?tab=documents")
    context = {"attachment": found, "device": found.device, "refused": refused}
    return render(request, "inventory/attachment_remove.html", context, status=422 if refused else 200)


def _attachment(request: HttpRequest, control_number: str, uid: uuid.UUID) -> DeviceAttachment:
    found = visible_attachments(actor_of(request), control_number=control_number).filter(uid=uid).first()
    if found is None:
        raise Http404
    return found


@require_safe
def passport(request: HttpRequest, control_number: str) -> HttpResponseBase:
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    device = detail.device_by_number(actor=actor, number=control_number)
    made = passport_pdf(device=device, actor=actor, now=timezone.now(), base_url=base_url(request))
    return pdf_response(made, f"Passport {device.control_number}.pdf")


@require_safe
def device_code(request: HttpRequest, control_number: str) -> HttpResponse:
    """The QR code of the device's permanent address as an SVG."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    device = detail.device_by_number(actor=actor, number=control_number)
    drawn = barcodes.svg(barcodes.qr(base_url(request) + device_url(device.control_number)), label=f"QR code of {device.control_number}")
    response = HttpResponse(drawn, content_type="image/svg+xml")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


urlpatterns: list[URLPattern] = [
    path("d/<control_number:control_number>/attachments/add", attachment_add, name="attachment-add"),
    path("d/<control_number:control_number>/attachments/<uuid:uid>", attachment, name="attachment"),
    path("d/<control_number:control_number>/attachments/<uuid:uid>/remove", attachment_remove, name="attachment-remove"),
    path("d/<control_number:control_number>/passport.pdf", passport, name="device-passport"),
    path("d/<control_number:control_number>/code.svg", device_code, name="device-code"),
]
