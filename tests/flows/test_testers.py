"""A technician brings the file of an analyser; a manager turns a tester's doubt into work."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
WAITING = "select uid from workorders_testerfile where file_name = 'lt200-today.csv'"
ANALYSER = """select d.control_number from workorders_testerfile f join testers_tester t on t.id = f.tester_id
    join inventory_device d on d.id = t.device_id where f.file_name = 'lt200-today.csv'"""
DOUBTED = "select tester_id from testers_calibration where verdict = 'adjusted' order by id limit 1"


def test_a_technician_imports_the_file_of_an_analyser(visit, hospital):
    page, waiting = visit("technician"), hospital.one(WAITING)
    exported = page.request.get(f"/testers/files/{waiting}/original").body()
    page.goto("/testers/files")
    page.get_by_role("link", name="Import a file").click()
    page.locator("input[type=file]").set_input_files({"name": "my-tests.csv", "mimeType": "text/csv", "buffer": exported + b"\n"})
    page.get_by_label("Read it by the mapping").select_option("pelora-lt200")
    page.get_by_label("Measured with").select_option(hospital.one(ANALYSER))
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", name="my-tests.csv")).to_be_visible()
    expect(page.get_by_text(re.compile(r"at most .* \(NFPA 99")).first).to_be_visible()
    page.get_by_role("link", name="Rows not used").click()
    expect(page.get_by_text("The mapping does not know the unit 'parsecs'")).to_be_visible()
    page.get_by_role("link", name="To settle").click()
    page.get_by_role("link", name="Decide").first.click()
    page.get_by_label("Set aside: this becomes no result").check()
    page.get_by_label("Why").fill("A practice run")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name=re.compile(r"^Store \d")).click()
    expect(page.get_by_text(re.compile(r"[1-9]\d* stored, 0 known before, 0 still to settle"))).to_be_visible()
    page.goto(f"/testers/files/{waiting}")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Known already").first).to_be_visible()


def test_a_manager_turns_doubt_into_work(visit, hospital):
    page = visit("manager")
    page.goto(f"/testers/{hospital.one(DOUBTED)}")
    page.get_by_role("link", name=re.compile("what it measured")).click()
    expect(page.get_by_role("heading", name=re.compile("^What .* measured$"))).to_be_visible()
    page.get_by_role("link", name="Without work", exact=False).last.click()
    boxes = page.get_by_role("form", name="Devices in doubt").get_by_role("checkbox", name=re.compile("[A-Z]+-"))
    boxes.first.check()
    page.get_by_role("button", name="Open an order for each").click()
    expect(page.get_by_text("1 order opened.")).to_be_visible()
    page.get_by_role("link", name="Work under way", exact=False).click()
    page.get_by_role("link", name=re.compile(r"^WO-\d+$")).last.click()
    expect(page.get_by_text("was out of tolerance").first).to_be_visible()
