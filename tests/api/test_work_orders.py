"""Work orders over the API: the whole life of one, thousands at once, lists, and what different people see."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.documents.tests import samples
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import DepartmentFactory, ServiceProviderFactory
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.tests.factories import LabourFactory, WorkOrderFactory, shipped_codes
from tests.permissions.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(north: Facility) -> Device:
    shipped_codes()
    return DeviceFactory(facility=north, control_number="BME-1", department=DepartmentFactory(facility=north))


@pytest.fixture
def omar(north: Facility) -> ApiClient:
    return ApiClient(UserFactory.with_role(Role.MANAGER, north, username="omar", full_name="Omar Haddad"))


def opened(caller: ApiClient, **more: Any) -> dict[str, Any]:
    answer = caller.post("/work-orders", {"title": "Does not start", "device": "BME-1", **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_the_life_of_an_order(maria: ApiClient, omar: ApiClient, device: Device) -> None:
    made = opened(maria, priority=2, problem_code="stops")
    path = f"/work-orders/{made['number']}"
    assert (made["status"], made["device"], made["problem"], made["parts_cents"]) == ("open", "BME-1", "stops", 0)
    assert maria.post(f"{path}/start", {}).json()["assigned_user"] == "Maria Reyes"
    assert maria.post(f"{path}/hold", {"reason_code": "parts"}).json()["hold_reason"] == "parts"
    assert maria.post(f"{path}/resume", {}).json()["status"] == "in_progress"
    assert maria.post(f"{path}/parts", {"description": "Fuse", "quantity": 2, "unit_cost_cents": 150}).status_code == 201
    assert maria.post(f"{path}/labour", {"minutes": 45}).status_code == 201
    refused = maria.post(f"{path}/complete", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "workorder-not-ready")
    assert maria.post(f"{path}/complete", {"failure_code": "upf", "work_done": "Fuse"}).json()["status"] == "completed"
    assert maria.post(f"{path}/close", {}).status_code == 403
    closed = omar.post(f"{path}/close", {}).json()
    assert (closed["status"], closed["labour_min"], closed["parts_cents"], closed["total_cents"]) == ("closed", 45, 300, 300)
    again = omar.post(f"{path}/close", {})
    assert (again.status_code, again.json()["code"]) == (409, "workorder-already-so")
    kinds = [event["after"] for event in maria.get(f"{path}/events").json() if event["kind"] in ("opened", "status")]
    assert kinds == ["closed", "completed", "in_progress", "on_hold", "in_progress", "open"]


def test_a_client_key_opens_one_order(maria: ApiClient, device: Device) -> None:
    first = opened(maria, client_key="k1")
    answer = maria.post("/work-orders", {"title": "Does not start", "device": "BME-1", "client_key": "k1"})
    assert (answer.status_code, answer.json()["number"]) == (200, first["number"])
    other = maria.post("/work-orders", {"title": "Other", "device": "BME-1", "client_key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "client-key-reused")
    assert WorkOrder.objects.count() == 1


def test_many_orders_are_opened_or_none(maria: ApiClient, device: Device) -> None:
    items = [{"title": f"PM {n}", "device": "BME-1", "kind": "scheduled", "due_on": "2026-04-01"} for n in range(120)]
    made = maria.post("/bulk/work-orders", {"items": items})
    assert made.status_code == 201, made.content
    assert made.json()["added"] == 120
    assert made.json()["numbers"] == sorted(made.json()["numbers"])
    wrong = maria.post(
        "/bulk/work-orders", {"items": [items[0], {"title": "X", "device": "NONE"}, {"title": "Y", "facility": "NORTH", "parent": 7}]}
    )
    assert {error["field"] for error in wrong.json()["errors"]} == {"items.1.device", "items.2.parent"}
    assert WorkOrder.objects.count() == 120


def test_the_list_is_filtered_paged_and_flat(maria: ApiClient, chen: ApiClient, device: Device) -> None:
    mine = opened(maria, priority=1)
    WorkOrderFactory.create_batch(2, device=device, kind="project", title="Move the pumps")
    WorkOrderFactory()
    path = "/work-orders?limit=2&count=true"
    first = maria.get(path).json()
    assert (len(first["items"]), first["count"]) == (2, 3)
    rest = maria.get(f"{path}&cursor={first['next_cursor']}").json()
    assert [row["number"] for row in rest["items"]] == [mine["number"]]
    for query, count in (
        ("kind=project", 2),
        ("priority=1", 1),
        ("q=pumps", 2),
        (f"q=WO-{mine['number']}", 1),
        ("device=BME-1", 3),
        ("late=true", 0),
    ):
        assert len(maria.get(f"/work-orders?{query}").json()["items"]) == count, query
    assert maria.get("/work-orders?kind=magic").status_code == 422
    assert chen.get("/work-orders").json()["items"] == []

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert maria.get("/work-orders?limit=100").status_code == 200
        return len(asked)

    few = statements()
    WorkOrderFactory.create_batch(30, device=device)
    assert statements() == few


def test_lists_of_an_order_are_flat(maria: ApiClient, device: Device) -> None:
    order = WorkOrderFactory(device=device)
    paths = [
        f"/work-orders/{order.number}{part}" for part in ("", "/labour", "/events", "/comments", "/files", "/parts", "/vendor-reports")
    ]

    def statements() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as asked:
                assert maria.get(path).status_code == 200
            counts.append(len(asked))
        return counts

    LabourFactory(work_order=order)
    maria.post(f"/work-orders/{order.number}/comments", {"text": "One"})
    few = statements()
    for _ in range(8):
        LabourFactory(work_order=order)
        maria.post(f"/work-orders/{order.number}/comments", {"text": "More"})
        maria.post(f"/work-orders/{order.number}/parts", {"description": "Seal"})
    assert statements() == few


def test_files_are_kept_and_handed_out_inert(maria: ApiClient, chen: ApiClient, device: Device) -> None:
    number = opened(maria)["number"]
    file = SimpleUploadedFile("photo.pdf", samples.PDF, "image/png")
    made = maria.client.post(f"/api/v1/work-orders/{number}/files", {"file": file}, **maria.headers)
    assert made.status_code == 201, made.content
    uid = made.json()["uid"]
    assert made.json()["media_type"] == "application/pdf"
    assert maria.get(f"/work-order-files/{uid}/content")["Content-Disposition"].startswith("attachment")
    assert chen.get(f"/work-order-files/{uid}/content").status_code == 404
    provider = ServiceProviderFactory()
    body = {"provider_id": provider.pk, "performed_on": "2026-03-02", "file_uid": uid, "cost_cents": 5000}
    assert maria.post(f"/work-orders/{number}/vendor-reports", body).json()["file_name"] == "photo.pdf"
    assert maria.delete(f"/work-order-files/{uid}?reason=Blurred").status_code == 204
    assert maria.get(f"/work-orders/{number}/files").json() == []


def test_costs_and_inner_remarks_are_not_for_everybody(maria: ApiClient, north: Facility, device: Device) -> None:
    rita = ApiClient(UserFactory.with_role(Role.REQUESTER, north, department=device.department, username="rita"))
    number = opened(maria)["number"]
    maria.post(f"/work-orders/{number}/comments", {"text": "Cheap part"})
    maria.post(f"/work-orders/{number}/comments", {"text": "Ready on Friday", "public": True})
    seen = rita.get(f"/work-orders/{number}").json()
    assert (seen["total_cents"], seen["labour_cents"]) == (None, None)
    assert [one["text"] for one in rita.get(f"/work-orders/{number}/comments").json()] == ["Ready on Friday"]
    assert rita.post(f"/work-orders/{number}/start", {}).status_code == 403


def test_the_timer_runs_on_one_order(maria: ApiClient, device: Device) -> None:
    first, second = opened(maria)["number"], opened(maria)["number"]
    assert maria.get("/timer").status_code == 404
    assert maria.post(f"/work-orders/{first}/timer", {}).json()["category"] == "repair"
    elsewhere = maria.post(f"/work-orders/{second}/timer", {})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "timer-elsewhere")
    assert maria.post(f"/work-orders/{second}/timer", {"switch": True}).json()["number"] == second
    assert maria.post("/timer/stop", {"minutes": 7}).json()["minutes"] == 7


def test_a_stale_change_is_refused(maria: ApiClient, device: Device) -> None:
    made = opened(maria)
    path = f"/work-orders/{made['number']}"
    assert maria.patch(path, {"title": "Stops", "seen_at": made["updated_at"]}).status_code == 200
    stale = maria.patch(path, {"title": "Starts", "seen_at": made["updated_at"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "workorder-changed")
