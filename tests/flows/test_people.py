"""Certifications in a real browser: a technician keeps the journal, a manager looks at the proof."""

import re

import pytest
from playwright.sync_api import expect

from openhtm.documents.tests import samples

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def test_a_technician_enters_units_and_a_manager_approves_them(visit, hospital):
    page = visit("technician", **PHONE)
    page.goto("/me/qualifications")
    expect(page.get_by_text(re.compile("CBET: At this pace you miss")).first).to_be_visible()
    page.get_by_role("link", name="Certifications").click()
    page.get_by_role("link", name="Enter units").first.click()
    page.get_by_label("Units").fill("3.5")
    page.get_by_label("What was done").fill("Anaesthesia machine school")
    page.get_by_label("Evidence").set_input_files({"name": "school.pdf", "mimeType": "application/pdf", "buffer": samples.PDF})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Anaesthesia machine school")).to_be_visible()
    packet = page.get_by_role("link", name="Application packet").first.get_attribute("href")
    assert page.request.get(packet).body().startswith(b"%PDF-")

    staff = hospital.one(
        "select s.id from workforce_staffmember s join identity_user u on u.id = s.user_id where u.username = 'technician'"
    )
    page = visit("manager")
    page.goto(f"/staff/{staff}?tab=certifications")
    row = page.get_by_role("row", name=re.compile("Anaesthesia machine school"))
    row.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved: Anaesthesia machine school.")).to_be_visible()
    page.goto(f"/staff/{staff}/eligibility/CHTM")
    expect(page.get_by_text(re.compile("Missing: .* months of supervisory or management experience")).first).to_be_visible()


def test_a_colleague_reads_no_personal_record(visit, hospital):
    staff = hospital.one("select s.id from workforce_staffmember s join identity_user u on u.id = s.user_id where u.username = 'manager'")
    page = visit("technician")
    page.goto(f"/staff/{staff}")
    expect(page.get_by_role("link", name="Education and work")).to_have_count(0)
    assert page.request.get(f"/staff/{staff}/eligibility/CBET").status == 403
