"""Scanning: by camera, wedge scanner, typing or photograph; everything ends in one look-up."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from openhtm.core.errors import Invalid
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.asking import actor_of
from openhtm.inventory.rules.printed import place_url
from openhtm.inventory.rules.status import STATUS_LABELS, STATUS_TONES, Status
from openhtm.inventory.services.scanning import ScanResult, resolve
from openhtm.inventory.services.sightings import Seen, record_sighting
from openhtm.ui import barcodes
from openhtm.ui.redirects import SeeOther

NO_CODE_ON_PHOTO = "No code could be read on this photo. Go closer, avoid glare, or type the number."
_STATUS = {"unknown": 404, "unreadable": 422}
_HEADINGS = {
    "devices": "Several devices have this number",
    "model": "A model of yours",
    "gudid": "Known to FDA, new here",
    "unknown": "Nothing by this number",
    "unreadable": "This code could not be read",
}


@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """The scan page; with a code, the device it stands for, or what can be done about it."""
    require(actor_of(request), Permission.VIEW_DEVICES)
    sent = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and "code" not in sent:
        return render(request, "inventory/scan.html", {})
    return _lead_on(request, sent.get("code", ""))


def _lead_on(request: HttpRequest, code: str) -> HttpResponse:
    result = resolve(code, actor_of(request))
    if result.kind == "device":
        return SeeOther(device_url(result.devices[0].control_number))
    if result.location is not None:
        return SeeOther(place_url(result.location.public_code))
    return render(request, "inventory/scan.html", _shown(request, result), status=_STATUS.get(result.kind, 200))


def _shown(request: HttpRequest, result: ScanResult) -> dict[str, Any]:
    may_add = actor_of(request).may(Permission.ADD_DEVICES) and bool(result.prefill)
    rows = [
        {
            "device": device,
            "url": device_url(device.control_number),
            "kind": device.device_type.name if device.device_type else "",
            "tone": STATUS_TONES[Status(device.status)],
            "word": STATUS_LABELS[Status(device.status)],
        }
        for device in result.devices
    ]
    return {
        "result": result,
        "heading": _HEADINGS[result.kind],
        "code": result.code,
        "rows": rows,
        "warnings": result.parsed.warnings if result.parsed else (),
        "read": _read(result),
        "add_url": f"{reverse('inventory:device-add')}?{urlencode(result.prefill)}" if may_add else "",
        "find_url": f"{reverse('inventory:device-list')}?{urlencode({'q': result.code[:200]})}" if result.kind == "unknown" else "",
    }


def _read(result: ScanResult) -> list[tuple[str, str]]:
    """What the code says, part by part."""
    parsed = result.parsed
    if parsed is None or parsed.error is not None:
        return []
    parts = (
        ("Issuer", parsed.issuer),
        ("UDI-DI", parsed.di),
        ("Serial number", parsed.serial),
        ("Lot", parsed.lot),
        ("Manufactured", parsed.manufactured_on and parsed.manufactured_on.isoformat()),
        ("Expires", parsed.expires_on and parsed.expires_on.isoformat()),
        ("Software", parsed.software_version),
    )
    return [(label, value) for label, value in parts if value]


@require_POST
def scan_photo(request: HttpRequest) -> HttpResponse:
    """Read the codes on a photograph: JSON for the page's own script, else where the first code leads."""
    require(actor_of(request), Permission.VIEW_DEVICES)
    as_json = "application/json" in request.headers.get("Accept", "")
    photo = request.FILES.get("photo")
    if photo is None or isinstance(photo, list):
        return _not_read(request, "Choose a photo first.", as_json=as_json)
    if (photo.size or 0) > barcodes.MAX_IMAGE_BYTES:
        limit = barcodes.MAX_IMAGE_BYTES // 2**20
        return _not_read(request, f"This photo is larger than {limit} MB. Take it with a lower resolution.", as_json=as_json, status=413)
    found = barcodes.decode_image(photo.read())
    if not found:
        return _not_read(request, NO_CODE_ON_PHOTO, as_json=as_json)
    if as_json:
        return JsonResponse({"codes": [{"text": read.carrier, "format": read.symbology, "is_gs1": read.is_gs1} for read in found]})
    return _lead_on(request, found[0].carrier)


def _not_read(request: HttpRequest, sentence: str, *, as_json: bool, status: int = 422) -> HttpResponse:
    if as_json:
        return JsonResponse({"codes": [], "code": "photo-not-read", "detail": sentence}, status=status)
    return render(request, "inventory/scan.html", {"said": sentence}, status=status)


@require_POST
def scan_seen(request: HttpRequest) -> HttpResponse:
    """Record that a device stands here, and go back to it (or, with ``back=place``, to the place)."""
    location = request.POST.get("location", "")[:20]
    number = request.POST.get("control_number", "")[:80]
    if "\0" in number + location:
        raise Invalid({"control_number": ["Remove control characters."]})
    seen = record_sighting(control_number=number, actor=actor_of(request), now=timezone.now(), location_code=location)
    _say(request, seen)
    if request.POST.get("back") == "place" and location:
        return SeeOther(place_url(location.strip().upper()))
    return SeeOther(device_url(seen.device.control_number))


def _say(request: HttpRequest, seen: Seen) -> None:
    device, place = seen.device, seen.sighting.location
    messages.success(request, f"{device} was seen{f' in {place}' if place else ''}, recorded just now.")
    if seen.was_missing:
        messages.warning(request, f"{device} was recorded as missing. It is found: change its status.")
    if seen.elsewhere:
        messages.warning(request, f"{device} belongs in {device.location}. Move it in the record if it stays here.")


urlpatterns: list[URLPattern] = [
    path("scan", scan, name="scan"),
    path("scan/photo", scan_photo, name="scan-photo"),
    path("scan/seen", scan_seen, name="scan-seen"),
]
