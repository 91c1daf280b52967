"""A day of each of those who work with maintenance, in the order in which it happens, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from openhtm.demo.accounts import NURSE_PIN
from openhtm.documents.tests import samples
from tests.flows.conftest import burst

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
TO_DO, TO_REVIEW, TO_EXCLUDE = range(3)  # in the order in which some_visits.py makes them
VISIT = """select {} from maintenance_visit v join maintenance_schedule s on s.id = v.schedule_id
    join procedures_procedure p on p.id = s.procedure_id and p.code = 'flow-check' join inventory_device d on d.id = v.device_id
    left join workorders_workorder w on w.id = v.work_order_id where v.due_on < current_date + 30
    order by d.control_number offset {} limit 1"""
UNWELL = """select control_number from inventory_device d join sites_facility f on f.id = d.facility_id and f.code = 'MAIN'
    where d.status = 'in_service' and merged_into_id is null order by control_number offset 30 limit 1"""
CHECK = """select c.code from rounds_readinesscheck c join sites_facility f on f.id = c.facility_id and f.code = 'MAIN'
    where c.device_id is not null and c.frequency = 'shift' order by c.id limit 1"""


def sign(page: Page, password: str, button: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=button).click()


def test_a_technician_s_day(visit, hospital):
    tag, number = hospital.one(VISIT.format("d.control_number", TO_DO)), hospital.one(VISIT.format("w.number", TO_DO))
    page = visit("technician", **PHONE)
    page.goto("/today")
    expect(page.get_by_role("link", name=re.compile("Flow check")).first).to_be_visible()
    burst(page, tag)
    expect(page).to_have_url(re.compile(f"/d/{tag}"))
    page.goto("/today")
    page.locator(f"a.visit[href='/work/{number}']").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Begin Flow check").click()

    expect(page.get_by_text("Step 1 of 3", exact=True)).to_be_visible()
    step = page.locator(".step[data-current]")
    step.get_by_text("Pass", exact=True).click()
    step.get_by_role("button", name="Next").click()

    expect(page.get_by_text("Step 2 of 3", exact=True)).to_be_visible()
    step.get_by_label("Flow at 100 mL/h").fill("112")
    expect(step.locator("[data-word]")).to_have_text("Outside limits")
    step.get_by_label("Flow at 100 mL/h").fill("100")
    expect(step.locator("[data-word]")).to_have_text("Within limits")
    step.get_by_label("Flow at 100 mL/h").fill("112")
    step.get_by_role("button", name="Next").click()
    expect(page.get_by_text(re.compile(r"The device is out of service. WO-\d+ was opened")).first).to_be_visible()

    expect(page.get_by_text("Step 3 of 3", exact=True)).to_be_visible()
    step.get_by_text("Skip or remark").click()
    step.get_by_role("button", name="Skip this step").click()
    expect(step.get_by_text("Say why this step was skipped.")).to_be_visible()
    step.get_by_label("Remark, or the reason for skipping").fill("Silenced on this ward")
    step.get_by_role("button", name="Skip this step").click()

    expect(page.locator("#finish")).to_have_attribute("data-current", "")
    expect(page.locator("[data-saved]")).to_have_text("saved")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("Flow check is finished").first).to_be_visible()
    complete_and_sign(page, number, hospital.password)
    page.goto(f"/d/{tag}")
    expect(page.get_by_text("Out of service").first).to_be_visible()
    page.goto(f"/work/{number}/sign")
    expect(page.get_by_text("Signed", exact=True)).to_be_visible()
    sticker = page.get_by_role("link", name="Sticker").first.get_attribute("href")
    assert page.request.get(sticker).body().startswith(b"%PDF-")


def complete_and_sign(page: Page, number: str, password: str) -> None:
    page.goto(f"/work/{number}/complete")
    page.get_by_label("Failure code").select_option(index=1)
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".head").get_by_text("To review")).to_be_visible()
    page.goto(f"/work/{number}/sign")
    sign(page, "not the password", "Sign")
    expect(page.locator(".wrong-because").first).to_be_visible()
    sign(page, password, "Sign")
    expect(page.get_by_text("was signed").first).to_be_visible()


def test_a_nurse_s_day(visit, hospital):
    page = visit(None, **PHONE)
    page.goto(f"/d/{hospital.one(UNWELL)}")
    page.get_by_role("button", name="Report a fault").click()
    page.get_by_label("In your words").fill("It gave a shock")
    page.get_by_role("group", name="Was a patient involved").get_by_label("Yes").check()
    page.get_by_label("Photo").set_input_files({"name": "case.png", "mimeType": "image/png", "buffer": samples.image("PNG")})
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_role("heading", name="What to do now")).to_be_visible()
    status = page.url
    assert "/report/s/" in status
    follower = visit(None)
    follower.goto(status)
    expect(follower.get_by_role("heading", name="What happened")).to_be_visible()

    page.goto(f"/ready/{hospital.one(CHECK)}")
    for question in page.locator("fieldset.yes-no").all():
        question.get_by_text("Yes", exact=True).click()
    for day in page.locator("input[type=date]").all():
        day.fill("2028-06-30")
    page.get_by_label("Your name").fill("nurse")
    page.get_by_label("PIN or unit code").fill(NURSE_PIN)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


def test_a_manager_s_day(visit, hospital):
    page, key = visit("manager"), hospital.one(VISIT.format("v.id", TO_EXCLUDE))
    page.goto("/visits")
    shares = page.get_by_role("region", name="On time")
    expect(shares.get_by_text(re.compile("by policy")).first).to_be_visible()
    expect(shares.get_by_text(re.compile("performed")).first).to_be_visible()
    page.goto(f"/visits/{key}")
    page.get_by_text("Why this date?").click()
    expect(page.locator(".plain-lines li").first).to_be_visible()
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_text("Ingrid Solheim: The maker tested it last week")).to_be_visible()
    page.get_by_label("Decision").select_option("yes")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Confirmed. The visit is in neither percentage.")).to_be_visible()
    expect(page.locator(".head").get_by_text("Excluded")).to_be_visible()
    page.goto("/work/board")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/planning")


def test_a_reviewer_s_day(visit, hospital):
    number = hospital.one(VISIT.format("w.number", TO_REVIEW))
    page = visit("manager")
    page.goto("/work/review")
    page.get_by_role("link", name=f"WO-{number}").click()
    exceptions = page.get_by_role("row", name=re.compile("flow"))
    expect(exceptions).to_contain_text("104.9")
    expect(exceptions).to_contain_text("More than 90 % of a limit")
    sign(page, hospital.password, "Sign and close")
    expect(page.get_by_text(f"WO-{number} was reviewed and closed.").first).to_be_visible()
    expect(page.get_by_role("link", name=f"WO-{number}")).to_have_count(0)

    later = visit("technician", java_script_enabled=False)
    later.goto(f"/work/{number}")
    later.get_by_role("link", name="Flow check").first.click()
    expect(later.locator("#finish").get_by_text("Signed", exact=True).first).to_be_visible()
    step = later.locator("#step-flow")
    step.get_by_label("Flow at 100 mL/h").fill("101.9")
    step.get_by_label("Why is it corrected?").fill("Misread")
    step.get_by_role("button", name="Next").click()
    expect(later.get_by_text("Reopen it to go on; the result was kept for review.").first).to_be_visible()
