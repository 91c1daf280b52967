"""One test of a file, decided by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.traceability.forms import SettleForm
from openhtm.traceability.models import FileTest
from openhtm.traceability.queries import files as queries
from openhtm.traceability.queries.targets import targets_of
from openhtm.traceability.rules.states import State
from openhtm.traceability.services import files as services
from openhtm.traceability.views.files import address, test_shown, who
from openhtm.ui.editing import edit_page
from openhtm.workorders.models import TesterFile


@require_http_methods(["GET", "HEAD", "POST"])
def test_page(request: HttpRequest, uid: UUID, test_uid: UUID) -> HttpResponse:
    """Choose the device or the order of a test, or set it aside."""
    actor = who(request)
    file = get_object_or_404(TesterFile.objects.visible_to(actor).select_related("facility", "file"), uid=uid)
    require(actor, Permission.DO_WORK, at=file.facility_id, place=file.facility.name)
    one = get_object_or_404(queries.tests_of(file), uid=test_uid)
    rows = queries.rows_of([one])[one.pk]

    def save(values: dict[str, Any]) -> str:
        services.settle_test(actor=actor, file_uid=uid, uid=test_uid, **values)
        return address(file)

    ask_day = not any((row.read or {}).get("measured_at") for row in rows)
    initial = _chosen(one)
    ask_own = one.own_test or one.state in (State.AGAIN, State.REPEATED)
    form = SettleForm(request.POST or None, orders=_orders(actor, one), ask_day=ask_day, ask_own=ask_own, initial=initial)
    context = {
        "shown": test_shown(actor, file, one, rows), "file": file, "back": address(file), "candidates": queries.candidates_of(actor, one),
        "trail": [("Testers", reverse("testers:tester-list")), ("Files", reverse("traceability:file-list")), (file.file_name, address(file)),
                  (one.place, "")],
    }  # fmt: skip
    with timezone.override(ZoneInfo(file.facility.time_zone)):
        return edit_page(request, form=form, save=save, template="traceability/test.html", context=context)


def _chosen(one: FileTest) -> dict[str, Any]:
    """What a person decided before: saved again it stays."""
    return {
        "device": one.device.control_number if one.device and one.match == "hand" else "",
        "order": one.checklist.work_order.number if one.checklist and one.checklist_by_hand else None,
        "own_test": one.own_test,
        "note": one.note,
    }


def _orders(actor: Actor, one: FileTest) -> list[tuple[int, str]]:
    """Open orders of the device with an electrical-safety step, once each."""
    if one.device_id is None:
        return []
    found = {two.checklist.work_order.number: two for two in targets_of(actor=actor, device_ids=[one.device_id]).get(one.device_id, ())}
    return [
        (number, f"{two.checklist.work_order} {two.checklist.version.procedure}{', answered' if two.answered else ''}")
        for number, two in found.items()
    ]


urlpatterns = [path("testers/files/<uuid:uid>/tests/<uuid:test_uid>", test_page, name="test")]
