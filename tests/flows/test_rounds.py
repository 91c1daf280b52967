"""A round and a readiness check, as a technician and a nurse do them: on a phone, scanning, without reloading the page."""

import re

import pytest
from playwright.sync_api import expect

from openhtm.demo.accounts import NURSE_PIN, UNIT_CODE, UNIT_WITH_CODE
from tests.flows.conftest import burst

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
HERE = """select l.public_code from sites_location l join sites_facility f on f.id = l.facility_id and f.code = 'MAIN'
    where exists (select 1 from inventory_device d where d.location_id = l.id and d.status = 'in_service' and d.merged_into_id is null)
    order by l.id limit 1"""
EXPECTED = """select control_number from inventory_device d join sites_location l on l.id = d.location_id where l.public_code = %s
    and d.status = 'in_service' and d.merged_into_id is null order by control_number limit 1"""
STRANGER = """select control_number from inventory_device d join sites_location l on l.id = d.location_id
    join sites_facility f on f.id = d.facility_id and f.code = 'MAIN'
    where l.public_code <> %s and d.status = 'in_service' and d.merged_into_id is null order by control_number desc limit 1"""
CHECK = """select c.code from rounds_readinesscheck c join sites_facility f on f.id = c.facility_id and f.code = 'MAIN'
    where c.device_id is not null and c.frequency = %s order by c.id limit 1"""


def say(page, code):
    """Scan a code, and wait until it was answered."""
    page.evaluate("document.activeElement.blur()")
    before = page.locator("[data-state]").element_handle()
    burst(page, code)
    page.wait_for_function("old => !old.isConnected", arg=before)


@pytest.fixture
def round_page(visit, hospital):
    page, place = visit("technician", **PHONE), hospital.one(HERE)
    page.goto(f"/rounds/start?place={place}")
    page.get_by_role("button", name="Start round here").click()
    expect(page).to_have_url(re.compile(r"/rounds/[0-9a-f-]{36}$"))
    return page, place


def test_a_technician_makes_a_round(round_page, hospital):
    page, place = round_page
    verdict = page.get_by_role("region", name="Last scan")
    known, stranger = hospital.one(EXPECTED, place), hospital.one(STRANGER, place)
    say(page, known)
    expect(verdict.get_by_role("heading")).to_have_text("Found")
    say(page, known)
    expect(verdict.get_by_role("heading")).to_have_text("Already scanned")
    say(page, "RNT-4711-X")
    expect(verdict.get_by_role("heading")).to_have_text("Unknown tag")
    say(page, stranger)
    expect(verdict.get_by_role("heading")).to_have_text("Not expected here")
    verdict.get_by_role("button", name="Undo the move").click()
    expect(page.get_by_text(f"{stranger} was put back")).to_be_visible()
    page.get_by_role("link", name="End round").click()
    page.get_by_role("button", name="End round").click()
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.goto("/rounds/tags")
    expect(page.get_by_text("RNT-4711-X")).to_be_visible()


def test_typing_works_like_scanning(round_page, hospital):
    page, place = round_page
    page.get_by_label("Scan or type").fill(hospital.one(EXPECTED, place))
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("region", name="Last scan").get_by_role("heading")).to_have_text("Found")


def test_a_round_works_without_scripts(visit, hospital):
    page, place = visit("technician"), hospital.one(HERE)
    page.goto(f"/rounds/start?place={place}")
    page.get_by_role("button", name="Start round here").click()
    plain = visit("technician", java_script_enabled=False)
    plain.goto(page.url)
    plain.get_by_label("Scan or type").fill(hospital.one(EXPECTED, place))
    plain.get_by_role("button", name="Find").click()
    expect(plain.get_by_role("region", name="Last scan").get_by_role("heading")).to_have_text("Found")


def test_scans_without_a_connection_are_sent_when_it_is_back(round_page, hospital):
    """The server is away, as it is for a phone in a basement; then the phone finds the network again."""
    page, place = round_page
    number = hospital.one(EXPECTED, place)
    page.route("**/scan", lambda route: route.fulfill(status=429, body="later"))
    page.get_by_label("Scan or type").fill(number)
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 scan kept on this phone")).to_be_visible()
    page.unroute("**/scan")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("region", name="Last scan").get_by_role("heading")).to_have_text("Found")
    expect(page.get_by_text("1 scan kept on this phone")).to_be_hidden()


def answer(page, wrong=False):
    for number, question in enumerate(page.locator("fieldset.yes-no").all()):
        question.get_by_text("No" if wrong and number == 0 else "Yes", exact=True).click()
    for day in page.locator("input[type=date]").all():
        day.fill("2028-06-30")


def test_a_nurse_does_a_check_with_her_pin(visit, hospital):
    page = visit(None, **PHONE)
    page.goto(f"/ready/{hospital.one(CHECK, 'shift')}")
    answer(page)
    page.get_by_label("Your name").fill("nurse")
    page.get_by_label("PIN or unit code").fill("0000")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("do not belong together").first).to_be_visible()
    page.get_by_label("PIN or unit code").fill(NURSE_PIN)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    expect(page.get_by_text("Rosa Lindqvist")).to_be_visible()
    page.get_by_role("link", name="Check it once more").click()
    expect(page.get_by_label("Your name")).to_have_value("nurse")


def test_a_problem_by_unit_code_opens_an_order(visit, hospital):
    unit = f"""select c.code from rounds_readinesscheck c join sites_department d on d.id = c.department_id and d.name = '{UNIT_WITH_CODE}'
        join sites_facility f on f.id = c.facility_id and f.code = 'MAIN' order by c.id limit 1"""
    page = visit(None, **PHONE)
    page.goto(f"/ready/{hospital.one(unit)}")
    answer(page, wrong=True)
    page.get_by_label("Your name").fill("JK")
    page.get_by_label("PIN or unit code").fill(UNIT_CODE)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Recorded, with a problem")).to_be_visible()
    expect(page.get_by_text(re.compile(r"WO-\d+"))).to_be_visible()
