"""The pages of scanning, labels and files, as a browser meets them."""

import html
import io
import re
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from openhtm.catalog.models import DeviceModel, GudidRecord
from openhtm.core.errors import Invalid, NotAllowed
from openhtm.documents.tests import samples
from openhtm.identity.models import RoleAssignment
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import DeviceAttachment, LabelTemplate, Sighting
from openhtm.inventory.services.attachments import attach_file, remove_attachment
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.inventory.tests.record import NOW, full_device
from openhtm.sites.tests.factories import FacilityFactory, LocationFactory
from openhtm.ui import barcodes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def device(north):
    return DeviceFactory(facility=north, control_number="BME 1#A")


@pytest.fixture
def maria(north):
    return UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria")


@pytest.fixture
def browser(client, maria):
    client.force_login(maria)
    return client


def test_one_device_is_opened_at_once(browser, device):
    answer = browser.get("/scan", {"code": "bme 1#a"})
    assert (answer.status_code, answer["Location"]) == (303, "/d/BME%201%23A")
    answer = browser.post("/scan", {"code": "bme 1#a"})
    assert (answer.status_code, answer["Location"]) == (303, "/d/BME%201%23A")


def test_a_place_is_opened_at_once(browser, north):
    place = LocationFactory(facility=north)
    assert browser.get("/scan", {"code": f"/l/{place.public_code}"})["Location"] == f"/l/{place.public_code}"


@pytest.mark.parametrize(
    ("code", "status"), [("NO-1", 404), ("", 422), ("<script>alert(1)</script>", 404), ("a\0b", 422), ("x" * 5000, 422)]
)
def test_other_codes_are_answered_with_a_page(code, status, browser):
    answer = browser.get("/scan", {"code": code})
    assert answer.status_code == status
    assert b"<script>alert" not in answer.content


def photo(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("frame.jpg", content, "image/jpeg")


def test_a_photo_is_read_for_the_script_and_for_people(browser, device):
    picture = barcodes.png(barcodes.qr("https://htm.example.org/d/BME%201%23A"))
    answer = browser.post("/scan/photo", {"photo": photo(picture)}, headers={"accept": "application/json"})
    assert answer.json()["codes"] == [
        {"text": "https://htm.example.org/d/BME%201%23A", "format": answer.json()["codes"][0]["format"], "is_gs1": False}
    ]
    assert browser.post("/scan/photo", {"photo": photo(picture)})["Location"] == "/d/BME%201%23A"


def test_a_photo_of_gs1_keeps_its_separators(browser):
    picture = barcodes.png(barcodes.gs1_datamatrix({"01": "00885403026226", "10": "L1", "21": "S1"}))
    answer = browser.post("/scan/photo", {"photo": photo(picture)}, headers={"accept": "application/json"})
    assert answer.json()["codes"][0]["text"] == "]d2010088540302622610L1\x1d21S1"


def test_a_photo_without_a_code_says_what_to_do(browser):
    blank = io.BytesIO()
    Image.new("L", (300, 200), 180).save(blank, "JPEG")
    for content in (blank.getvalue(), b"no picture"):
        answer = browser.post("/scan/photo", {"photo": photo(content)}, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["codes"]) == (422, [])
        page = browser.post("/scan/photo", {"photo": photo(content)})
        assert page.status_code == 422
        assert b"avoid glare" in page.content
    assert browser.post("/scan/photo").status_code == 422


def test_a_photo_that_is_too_large_is_refused(browser, monkeypatch):
    monkeypatch.setattr(barcodes, "MAX_IMAGE_BYTES", 10)
    answer = browser.post("/scan/photo", {"photo": photo(b"x" * 11)}, headers={"accept": "application/json"})
    assert answer.status_code == 413


def test_seen_is_recorded_and_leads_back(browser, device, north):
    place = LocationFactory(facility=north)
    answer = browser.post("/scan/seen", {"control_number": "BME 1#A", "location": place.public_code, "back": "place"})
    assert (answer.status_code, answer["Location"]) == (303, f"/l/{place.public_code}")
    assert Sighting.objects.get().location == place


def test_label_pages_show_what_is_printed(browser, device):
    page = browser.get("/d/BME%201%23A/label")
    assert page.status_code == 200
    assert b"data:image/svg+xml;base64," in page.content
    assert not re.search(rb"<style|\sstyle=", page.content)
    assert browser.get("/d/BME%201%23A/label.pdf").getvalue().startswith(b"%PDF-")
    sheet = browser.post("/labels.pdf", {"devices": "BME 1#A\r\n\r\nbme 1#a", "start": "1"})
    assert sheet.getvalue().startswith(b"%PDF-")
    assert browser.get("/labels", {"device": ["BME 1#A"]}).status_code == 200
    assert browser.get("/labels").status_code == 200


def test_label_pages_take_what_a_list_filters(browser, device):
    page = browser.get("/labels", {"query": "q=BME"})
    assert b"BME 1#A" in page.content


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"devices": ""}, 422),
        ({"devices": "BME 1#A", "start": "99"}, 422),
        ({"devices": "BME 1#A", "start": "x"}, 422),
        ({"devices": "BME 1#A", "template": "999999"}, 422),
        ({"devices": "BME 1#A", "template": "9" * 30}, 200),
        ({"devices": "NO-1"}, 404),
        ({"devices": "\0"}, 422),
    ],
)
def test_what_cannot_be_printed_is_said(sent, status, browser, device):
    assert browser.post("/labels", sent).status_code == status
    assert browser.post("/labels.pdf", sent).status_code == status


def test_place_labels(browser, north):
    place = LocationFactory(facility=north)
    assert browser.get(f"/l/{place.public_code}/label?all=1").status_code == 200
    assert browser.get(f"/l/{place.public_code}/label.pdf").getvalue().startswith(b"%PDF-")
    assert browser.get(f"/l/{LocationFactory().public_code}/label").status_code == 404


SIZE = {
    "name": "Tiny", "page": "a4", "width_mm": "20", "height_mm": "10", "columns": "5", "rows": "20", "gap_mm": "1", "row_gap_mm": "0",
    "margin_mm": "1", "show_qr": "on", "lines": ["control_number"],
}  # fmt: skip


def test_label_sizes_are_kept_by_those_who_manage_them(client):
    client.force_login(UserFactory.with_role(Role.MANAGER, None))
    assert client.post("/labels/sizes/add", SIZE).status_code == 302
    made = LabelTemplate.objects.get(name="Tiny")
    assert client.post(f"/labels/sizes/{made.pk}", SIZE | {"columns": "29"}).status_code == 422
    assert b"do not fit across" in client.post(f"/labels/sizes/{made.pk}", SIZE | {"columns": "29"}).content
    assert client.post("/labels/sizes/add", SIZE).status_code == 422
    assert client.get(f"/labels/sizes/{made.pk}").status_code == 200
    assert client.get("/labels/sizes").status_code == 200
    assert client.post(f"/labels/sizes/{made.pk}/delete").status_code == 302
    assert not LabelTemplate.objects.filter(name="Tiny").exists()


def test_a_technician_of_one_facility_does_not_change_everybodys_sizes(browser):
    assert browser.post("/labels/sizes/add", SIZE).status_code == 403


def upload(content: bytes, name: str) -> dict[str, object]:
    return {"file": SimpleUploadedFile(name, content, "text/html"), "title": "Acceptance <b>report</b>"}


def test_a_file_goes_in_and_comes_out_inert(browser, device):
    answer = browser.post("/d/BME%201%23A/attachments/add", upload(samples.PDF, "report.pdf"))
    assert (answer.status_code, answer["Location"]) == (303, "/d/BME%201%23A?tab=documents")
    kept = DeviceAttachment.objects.get()
    out = browser.get(f"/d/BME%201%23A/attachments/{kept.uid}")
    assert out.getvalue() == samples.PDF
    assert out["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert browser.get(f"/d/BME%201%23A/attachments/{kept.uid}?show=1")["Content-Disposition"].startswith("inline")
    page = browser.get("/d/BME%201%23A?tab=documents")
    assert b"Acceptance &lt;b&gt;report" in page.content


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"<html><script>alert(1)</script>", "report.txt"), (b"<svg/>", "x.svg"), (b"MZ", "x.exe"), (b"", "x.pdf"), (samples.PDF, "x.html")],
)
def test_active_and_broken_files_are_refused_with_a_sentence(content, name, browser, device):
    answer = browser.post("/d/BME%201%23A/attachments/add", upload(content, name))
    assert answer.status_code == 422
    assert b"form-errors" in answer.content
    assert not DeviceAttachment.objects.exists()


def test_a_file_that_is_too_large_answers_413(browser, device, settings):
    settings.ATTACHMENT_MAX_BYTES = 100
    assert browser.post("/d/BME%201%23A/attachments/add", upload(samples.PDF + b" " * 100, "x.pdf")).status_code == 413


def test_removing_needs_a_reason_and_keeps_the_file(browser, device, maria):
    kept = attach_file(device_id=device.pk, content=samples.PDF, file_name="../report", actor=actor_of(maria), now=NOW)
    assert kept.file_name == "report.pdf"
    address = f"/d/BME%201%23A/attachments/{kept.uid}"
    assert browser.get(f"{address}/remove").status_code == 200
    assert browser.post(f"{address}/remove", {"reason": " "}).status_code == 422
    assert browser.post(f"{address}/remove", {"reason": "Belongs to another device"}).status_code == 303
    kept.refresh_from_db()
    assert kept.removed_reason == "Belongs to another device"
    assert browser.get(address).status_code == 404


def test_the_same_file_twice_is_refused_and_may_return_after_removal(device, maria):
    actor = actor_of(maria)
    first = attach_file(device_id=device.pk, content=samples.PDF, file_name="a.pdf", actor=actor, now=NOW)
    with pytest.raises(Invalid, match="already attached"):
        attach_file(device_id=device.pk, content=samples.PDF, file_name="a.pdf", actor=actor, now=NOW)
    remove_attachment(uid=first.uid, reason="wrong", actor=actor, now=NOW)
    assert attach_file(device_id=device.pk, content=samples.PDF, file_name="a.pdf", actor=actor, now=NOW).pk != first.pk


def test_attaching_needs_the_right(device, north):
    with pytest.raises(NotAllowed):
        nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
        attach_file(device_id=device.pk, content=samples.PDF, file_name="a.pdf", actor=nurse, now=NOW)


def test_files_of_another_facility_are_not_there(client, device, maria):
    kept = attach_file(device_id=device.pk, content=samples.PDF, file_name="a.pdf", actor=actor_of(maria), now=NOW)
    client.force_login(UserFactory.with_role(Role.ADMINISTRATOR, FacilityFactory()))
    for address in (
        "label",
        "label.pdf",
        "passport.pdf",
        "code.svg",
        "attachments/add",
        f"attachments/{kept.uid}",
        f"attachments/{kept.uid}/remove",
    ):
        assert client.get(f"/d/BME%201%23A/{address}").status_code == 404
    other = DeviceFactory(facility=FacilityFactory(), control_number="X-1")
    assert client.get(f"/d/{other.control_number}/attachments/{kept.uid}").status_code == 404


def test_passport_and_code_pictures_are_served(browser, north):
    full_device(north)
    paper = browser.get("/d/BME-01873/passport.pdf")
    assert paper.getvalue().startswith(b"%PDF-")
    assert paper["Content-Disposition"] == 'inline; filename="Passport BME-01873.pdf"'
    picture = browser.get("/d/BME-01873/code.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"sandbox" in picture["Content-Security-Policy"].encode()


def test_who_may_scan_says_on_the_page_of_a_device_that_it_is_here(browser, client, north, device):
    assert b"Seen just now" in browser.get("/d/BME%201%23A").content
    client.force_login(UserFactory.with_role(Role.SURVEYOR, north))
    assert b"Seen just now" not in client.get("/d/BME%201%23A").content


def test_a_record_of_fda_leads_over_the_catalogue_to_the_filled_form(client, north):
    record = GudidRecord.objects.create(record_key="k1", primary_di="00885403026220", company_name="Masimo", brand_name="Rad-7")
    here = "/devices/add?serial_number=X9&gudid=k1"
    client.force_login(UserFactory.with_role(Role.TECHNICIAN, north))
    page = client.get(here).content
    assert b"FDA knows this as Masimo Rad-7" in page
    assert b"add-model" not in page
    client.force_login(UserFactory.with_role(Role.CLINICAL_ENGINEER, north))
    offered = client.get(here).content.decode()
    address = html.unescape(re.search(r'href="([^"]+add-model[^"]*)"', offered)[1])
    taken = client.post(address, {})
    model = DeviceModel.objects.get(gudid_record_key=record.record_key)
    assert (taken.status_code, taken["Location"]) == (302, f"{here}&model={model.pk}")
    filled = client.get(here).content
    assert b"FDA knows" not in filled
    assert b"Masimo Rad-7" in filled
    assert b'value="X9"' in filled


@pytest.mark.parametrize("elsewhere", ["https://evil.example/?a", "//evil.example/?a", "/\\evil.example/?a", "catalog?"])
def test_taking_a_record_leads_to_no_other_site(client, north, elsewhere):
    record = GudidRecord.objects.create(record_key="k1", primary_di="00885403026220", company_name="Masimo", brand_name="Rad-7")
    client.force_login(UserFactory.with_role(Role.CLINICAL_ENGINEER, north))
    answer = client.post(f"/catalog/gudid/{record.pk}/add-model?{urlencode({'next': elsewhere})}", {})
    assert answer["Location"].startswith("/catalog/models/")


def test_only_facilities_where_somebody_may_add_devices_are_offered(client, north):
    both = UserFactory.with_role(Role.TECHNICIAN, north)
    for name, role in (("South Clinic", Role.TECHNICIAN), ("West Clinic", Role.REQUESTER)):
        RoleAssignment.objects.create(user=both, role=role, facility=FacilityFactory(name=name))
    client.force_login(both)
    page = client.get("/devices/add").content
    assert b"South Clinic" in page
    assert b"West Clinic" not in page
