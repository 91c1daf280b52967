"""The device list as a file."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.core.errors import Invalid
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.queries import filters
from openhtm.inventory.services import exporting

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_NUMBERS = 5000


@require_safe
def device_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly the devices of the filtered list, or those of ``numbers``, as CSV or XLSX; streamed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.EXPORT_DEVICES)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "xlsx"):
        raise Invalid({"format": ["Choose csv or xlsx."]})
    found = filters.read_filters(request.GET.dict(), actor=actor)
    if found.problems:
        raise Invalid({name: [text] for name, text in found.problems.items()})
    queryset = filters.filtered(actor=actor, filters=found)
    sentence = ", ".join(f"{chip.label} {chip.value}" for chip in found.chips) or "all devices"
    if wanted := [control_number_key(one) for one in request.GET.get("numbers", "").replace("\0", "").split(",") if one.strip()]:
        queryset = queryset.filter(control_number__in=wanted[:MAX_NUMBERS])
        sentence = f"{len(wanted)} chosen devices"
    columns, queryset = exporting.exported(actor=actor, queryset=queryset, columns=request.GET.getlist("fields"))
    name = f"devices-{timezone.now():%Y-%m-%d}.{kind}"
    if request.method == "HEAD":
        return HttpResponse(content_type=XLSX if kind == "xlsx" else "text/csv; charset=utf-8")
    if kind == "xlsx":
        about = exporting.about_export(sentence=sentence, actor=actor, now=timezone.now())
        return FileResponse(exporting.xlsx_file(columns, queryset, about=about), as_attachment=True, filename=name, content_type=XLSX)
    response = StreamingHttpResponse(exporting.csv_pieces(columns, queryset), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns: list[URLPattern] = [path("devices/export", device_export, name="device-export")]
