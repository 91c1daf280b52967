"""Documents of device models over the API and on their page, and the risk profiles."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from openhtm.catalog.models import DeviceModel, ModelDocument
from openhtm.catalog.tests.factories import DeviceModelFactory
from openhtm.documents.tests import samples
from openhtm.identity.models import User
from openhtm.inventory.models import RiskProfile
from tests.permissions.client import ApiClient, logged_in

pytestmark = pytest.mark.django_db
SENT = {"kind": "ifu", "title": "Instructions", "revision": "A", "url": "https://maker.example/ifu.pdf", "issued_on": "2024-02-01"}


@pytest.fixture
def model(db: None) -> DeviceModel:
    return DeviceModelFactory(name="MX750", manufacturer__name="Philips")


@pytest.fixture
def page(ada: ApiClient) -> Client:
    return logged_in(User.objects.get(username="ada"))


def test_a_document_is_added_listed_and_corrected(ada: ApiClient, model: DeviceModel) -> None:
    answer = ada.post(f"/models/{model.pk}/documents", SENT)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert {key: made[key] for key in SENT} == SENT
    assert ada.get(f"/models/{model.pk}/documents").json() == [made]
    assert ada.post(f"/models/{model.pk}/documents", SENT).status_code == 422
    assert ada.patch(f"/models/documents/{made['id']}", {"revision": "B"}).json() == made | {"revision": "B"}
    assert ada.get(f"/models/documents/{made['id']}/content").status_code == 404


@pytest.mark.parametrize("change", [{"url": "javascript:alert(1)"}, {"url": ""}, {"title": ""}, {"kind": "novel"}, {"issued_on": "soon"}])
def test_what_no_document_may_say_is_refused(change: dict[str, Any], ada: ApiClient, model: DeviceModel) -> None:
    made = ada.post(f"/models/{model.pk}/documents", SENT).json()
    assert ada.post(f"/models/{model.pk}/documents", SENT | {"revision": "Z"} | change).status_code == 422
    assert ada.patch(f"/models/documents/{made['id']}", change).status_code == 422
    assert ModelDocument.objects.get().revision == "A"


def test_a_file_supersedes_an_older_revision(ada: ApiClient, model: DeviceModel) -> None:
    old = ada.post(f"/models/{model.pk}/documents", SENT).json()
    fields = {"kind": "ifu", "title": "Instructions", "revision": "B", "supersedes_id": old["id"]}
    upload = SimpleUploadedFile("ifu.pdf", samples.PDF, "application/pdf")
    answer = ada.client.post(f"/api/v1/models/{model.pk}/documents/file", fields | {"file": upload}, **ada.headers)
    assert answer.status_code == 201, answer.content
    content = ada.get(f"/models/documents/{answer.json()['id']}/content")
    assert b"".join(content.streaming_content) == samples.PDF  # type: ignore[attr-defined]
    assert ModelDocument.objects.get(pk=old["id"]).superseded_by_id == answer.json()["id"]


def test_a_document_is_corrected_on_its_page(page: Client, ada: ApiClient, model: DeviceModel) -> None:
    made = ada.post(f"/models/{model.pk}/documents", SENT).json()
    address = f"/catalog/models/{model.pk}/documents/{made['id']}/edit"
    assert address in page.get(f"/catalog/models/{model.pk}").content.decode()
    assert b'value="Instructions"' in page.get(address).content
    assert page.post(address, SENT | {"title": ""}).status_code == 422
    assert page.post(address, SENT | {"title": "Operator manual"}).status_code == 302
    assert ModelDocument.objects.get().title == "Operator manual"
    assert page.get(f"/catalog/models/{DeviceModelFactory().pk}/documents/{made['id']}/edit").status_code == 404


def test_risk_profiles_say_who_says_so(maria: ApiClient) -> None:
    RiskProfile.objects.all().delete()
    one = {"name": "Wang", "definition": {"factors": []}, "source": "Wang 2006", "confidence": "high", "effective_from": "2006-01-01"}
    RiskProfile.objects.create(code="wang", edition="2", **one)
    RiskProfile.objects.create(code="wang", edition="1", effective_to="2005-12-31", **(one | {"effective_from": "2000-01-01"}))
    [current] = maria.get("/risk-profiles").json()
    assert (current["code"], current["edition"], current["source"]) == ("wang", "2", "Wang 2006")
    assert [row["edition"] for row in maria.get("/risk-profiles?past=true").json()] == ["2", "1"]
