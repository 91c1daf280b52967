"""The wizard and the API, from upload to device, and what they answer to bad input."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from openhtm.exchange.models import ImportProfile, ImportRun
from openhtm.exchange.services import imports, running
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory

TABLE = b"Tag,SN,Maker,Model,Ward\nA-1,S1,<b>Acme</b>,X1,ICU\n,,,X9,\n"


@pytest.fixture
def page(omar):
    client = Client()
    client.force_login(User.objects.get(pk=omar.user_id))
    return client


def upload(client, content=TABLE, name="ours.csv"):
    return client.post(reverse("inventory:import-new"), {"file": SimpleUploadedFile(name, content), "facility": "NORTH"})


def test_a_file_goes_through_the_wizard(page, omar, north):
    answer = upload(page)
    run = ImportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("inventory:import-map", args=[run.public_id]))
    columns = page.get(answer["Location"])
    assert columns.status_code == 200
    assert b"&lt;b&gt;Acme&lt;/b&gt;" in columns.content
    posted = {
        "column": ["Tag", "SN", "Maker", "Model", "Ward"],
        "field": ["control_number", "serial_number", "manufacturer", "model", "department"],
        "save_as": "Our list",
        "header_row": "1",
    }
    assert page.post(answer["Location"], posted).status_code == 302
    assert ImportProfile.objects.get(code="our-list").definition["mapping"][4]["field"] == "department"
    here = reverse("inventory:import", args=[run.public_id])
    assert b"Waiting" in page.get(here).content
    running.check_import(run_id=run.pk)
    shown = page.get(here + "?show=all")
    assert shown.status_code == 200
    assert b"Nothing identifies this device" in shown.content
    assert b"<b>Acme</b>" not in shown.content
    assert b"Nothing identifies" in b"".join(page.get(reverse("inventory:import-problems", args=[run.public_id])).streaming_content)
    assert page.post(reverse("inventory:import-apply", args=[run.public_id])).status_code == 302
    running.apply_import(run_id=run.pk)
    assert Device.objects.get().department.name == "ICU"
    assert b"A-1" in page.get(here + "?show=create").content
    assert page.post(reverse("inventory:import-apply", args=[run.public_id])).status_code == 409


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.csv", b""), ("x.csv", b"%PDF-1.4"), ("x.csv", b"MZ\x90\x00"), ("x.xlsx", b"PK\x03\x04broken"), ("x.csv", b"\x00\xff\xfe\x00" * 50), ("x.xlsx", None)],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(page, north, name, content):
    answer = upload(page, bomb() if content is None else content, name)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content
    assert not ImportRun.objects.exists()


def test_the_export_is_a_file_of_the_filtered_list(page, north):
    DeviceFactory(facility=north, control_number="A-1", status="stored")
    DeviceFactory(facility=north, control_number="A-2")
    answer = page.get(reverse("inventory:device-export") + "?status=stored")
    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"].startswith("text/csv")
    assert "A-1" in text
    assert "A-2" not in text
    workbook = page.get(reverse("inventory:device-export") + "?format=xlsx&status=stored")
    with zipfile.ZipFile(io.BytesIO(b"".join(workbook.streaming_content))) as archive:
        assert "xl/worksheets/sheet2.xml" in archive.namelist()
    assert page.get(reverse("inventory:device-export") + "?status=nonsense").status_code == 422
    assert page.get(reverse("inventory:device-export") + "?format=pdf").status_code == 422


def test_the_list_of_imports_costs_the_same_for_one_and_for_many(page, north):
    def statements():
        with CaptureQueriesContext(connection) as seen:
            assert page.get(reverse("inventory:import-list")).status_code == 200
        return len(seen)

    upload(page)
    statements()
    one = statements()
    for _ in range(4):
        upload(page)
    assert statements() == one


def test_the_api_takes_a_file_to_its_rows(omar, north):
    _, secret = insert_token(user=User.objects.get(pk=omar.user_id), wish=TokenWish(name="test"), now=timezone.now())
    page = Client(HTTP_AUTHORIZATION=f"Bearer {secret}")
    answer = page.post("/api/v1/imports", {"file": SimpleUploadedFile("ours.csv", TABLE), "facility": "NORTH"})
    assert answer.status_code == 201, answer.content
    here = f"/api/v1/imports/{answer.json()['id']}"
    mapping = [{"column": "Tag", "field": "control_number"}, {"column": "Maker", "field": "manufacturer"}]
    body = json.dumps({"name": "By API", "definition": {"mapping": mapping}})
    assert page.put(here + "/profile", body, content_type="application/json").status_code == 200
    assert page.post(here + "/check").status_code == 202
    running.check_import(run_id=ImportRun.objects.get().pk)
    assert page.get(here).json()["counts"]["created"] == 1
    rows = page.get(here + "/rows?with_problems=true").json()["items"]
    assert [(row["row"], row["action"]) for row in rows] == [(3, "refused")]
    assert page.post(here + "/apply").status_code == 202
    running.apply_import(run_id=ImportRun.objects.get().pk)
    assert page.get(here).json()["status"] == "applied"
    assert page.get("/api/v1/import-profiles/by-api").json()["shipped"] is False
    assert b"A-1" in b"".join(page.get("/api/v1/exports/devices.csv").streaming_content)
    bad = page.put(here + "/profile", json.dumps({"name": "x", "definition": {"mapping": 5}}), content_type="application/json")
    assert bad.status_code in (409, 422)


def test_an_import_of_another_facility_is_not_there(page, south, chen):
    run = imports.create_run(actor=Actor.system("test"), content=TABLE, file_name="x.csv", facility_id=south.pk)
    for name in ("import", "import-map", "import-problems"):
        assert page.get(reverse(f"inventory:{name}", args=[run.public_id])).status_code == 404
    assert page.post(reverse("inventory:import-cancel", args=[run.public_id])).status_code == 404
    assert page.get(f"/api/v1/imports/{run.public_id}").status_code == 404
