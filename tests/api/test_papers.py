"""Passports, labels and label sizes over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from openhtm.inventory.models import Device, LabelTemplate
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility
from tests.permissions.client import ApiClient

pytestmark = pytest.mark.django_db
SIZE = {"name": "Cable flag", "width_mm": 60, "height_mm": 30.04, "lines": ["control_number", "model"]}


@pytest.fixture
def device(north: Facility) -> Device:
    return DeviceFactory(facility=north, control_number="BME-1")


def is_pdf(answer: HttpResponse) -> bool:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    return b"".join(answer.streaming_content).startswith(b"%PDF-")  # type: ignore[attr-defined]


def test_a_passport_and_a_label_are_printed(maria: ApiClient, chen: ApiClient, device: Device) -> None:
    sheet = LabelTemplate.objects.filter(page="a4").first() or LabelTemplate.objects.get(page="letter")
    for path in ("passport.pdf", "label.pdf", f"label.pdf?template={sheet.pk}&start=2"):
        assert is_pdf(maria.get(f"/devices/bme-1/{path}"))
        assert chen.get(f"/devices/BME-1/{path}").status_code == 404


@pytest.mark.parametrize("query", ["template=999999", "start=9999", "start=0", "template=x"])
def test_a_label_that_cannot_be_printed_is_refused(query: str, maria: ApiClient, device: Device) -> None:
    answer = maria.get(f"/devices/BME-1/label.pdf?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


def test_a_label_size_is_added_changed_and_removed(ada: ApiClient, maria: ApiClient) -> None:
    answer = ada.post("/label-templates", SIZE)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["height_mm"], made["page"], made["lines"]) == (30.0, "label", SIZE["lines"])
    assert made in maria.get("/label-templates").json()
    changed = ada.patch(f"/label-templates/{made['id']}", {"width_mm": 70})
    assert changed.json() == made | {"width_mm": 70.0}
    assert maria.delete(f"/label-templates/{made['id']}").status_code == 403
    assert ada.delete(f"/label-templates/{made['id']}").status_code == 204
    assert ada.patch(f"/label-templates/{made['id']}", {"width_mm": 70}).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"width_mm": 1}, {"width_mm": 301}, {"page": "a0"}, {"lines": ["secret"]}, {"page": "a4", "columns": 30}, {"name": "\t"}, {"size": 1}],
)
def test_an_impossible_label_size_is_refused(change: dict[str, Any], ada: ApiClient) -> None:
    before = LabelTemplate.objects.count()
    assert ada.post("/label-templates", SIZE | change).status_code == 422
    assert LabelTemplate.objects.count() == before
